//! Pipelines of our own in every style people write: each phase by itself, then all of them against a golden diff.
//!
//! `CI_MIGRATE_BLESS=1 cargo test --test variants` writes the diffs in `testdata/expected` anew, to be read by a person.

mod common;

use ci_migrate::report::unified;
use common::{Repository, comment_lines, testdata};
use pretty_assertions::assert_eq;

const PHASES: [&str; 6] = ["1", "2", "3", "4", "5", "6"];

/// The repositories in `testdata/pipelines`.
fn all() -> Vec<String> {
    let entries = std::fs::read_dir(testdata("pipelines")).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_variant_goes_through_every_phase() {
    for name in all() {
        let repository = Repository::copy(&testdata("pipelines").join(&name));
        let texts = || -> Vec<(String, String)> {
            let files = common::files(repository.folder.path()).into_iter().filter(|(path, _)| path.ends_with(".yml"));
            files.map(|(path, at)| (path, std::fs::read_to_string(at).unwrap())).collect()
        };
        let (original, start) = (texts(), repository.effective());
        let status = repository.json(&["status", "--format", "json"]);
        let never =
            |job: &str| status["jobs"].as_array().unwrap().iter().any(|j| j["name"] == job && j["never"] == true);
        let mut lost: Vec<String> = Vec::new();
        for phase in PHASES {
            let before = repository.effective();
            let answer = repository.json(&["phase", phase, "--yes", "--format", "json"]);
            let after = repository.effective();
            let declared: Vec<&str> =
                answer["changed"].as_array().unwrap().iter().map(|job| job["job"].as_str().unwrap()).collect();
            for job in before.keys().filter(|job| after.get(*job) != before.get(*job)) {
                let gone = !after.contains_key(job);
                assert!(
                    if gone { never(job) } else { declared.contains(&job.as_str()) },
                    "{name}, phase {phase}: {job}"
                );
                assert!(phase != "6", "{name}: the template changes {job}");
            }
            let comments = answer["proof"]["lost_comments"].as_array().cloned().unwrap_or_default();
            lost.extend(comments.iter().map(|comment| comment.as_str().unwrap().to_owned()));
            let again = repository.json(&["phase", phase, "--yes", "--format", "json"]);
            assert_eq!(again["diff"], "", "{name}, phase {phase}: a second run changes something");
        }
        assert!(start.keys().all(|job| never(job) || repository.effective().contains_key(job)), "{name}: jobs");
        let mut diff = String::new();
        for ((path, before), (_, after)) in original.iter().zip(&texts()) {
            diff += &unified(path, Some(before), Some(after), &|_| None);
            let kept: Vec<String> =
                comment_lines(before).into_iter().filter(|comment| !lost.contains(comment)).collect();
            let found = comment_lines(after);
            assert!(
                kept.iter().all(|comment| found.contains(comment)),
                "{name}: a comment is lost: {kept:#?} {found:#?}"
            );
            let crlf = |text: &str| text.matches("\r\n").count() == text.matches('\n').count();
            assert_eq!(crlf(before), crlf(after), "{name}: line endings");
            assert_eq!(before.ends_with('\n'), after.ends_with('\n'), "{name}: the final line break");
        }
        let golden = testdata("expected").join(format!("{name}.diff"));
        if std::env::var_os("CI_MIGRATE_BLESS").is_some() {
            std::fs::create_dir_all(golden.parent().unwrap()).unwrap();
            std::fs::write(&golden, &diff).unwrap();
        }
        assert_eq!(diff, std::fs::read_to_string(&golden).unwrap_or_default(), "{name}");
    }
}

/// What the variants of one pipeline become is the same, whatever they are written like.
#[test]
fn style_does_not_change_the_meaning() {
    let end = |name: &str| {
        let repository = Repository::copy(&testdata("pipelines").join(name));
        for phase in PHASES {
            repository.wants(0, &["phase", phase, "--yes"]);
        }
        repository.effective()
    };
    let plain = end("zero-indent-lists");
    for name in ["crlf", "no-final-newline", "default-section", "extends-template", "non-ascii-comments"] {
        assert_eq!(end(name), plain, "{name}");
    }
}
