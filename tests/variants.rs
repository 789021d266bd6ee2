//! Pipelines of our own in every style people write: each phase by itself, then all of them against a golden diff.
//!
//! `CI_MIGRATE_BLESS=1 cargo test --test variants` writes the diffs in `testdata/expected` anew, to be read by a person.

mod common;

use ci_migrate::report::unified;
use common::{Repository, comment_lines, stand_in, testdata};
use pretty_assertions::assert_eq;

const PHASES: [&str; 4] = ["1", "2", "3", "4"];

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
        for phase in PHASES {
            let before = repository.effective();
            let answer = repository.json(&["phase", phase, "--yes", "--format", "json"]);
            let after = repository.effective();
            let changed: Vec<&String> = before.keys().filter(|job| before[*job] != after[*job]).collect();
            let declared: Vec<&str> =
                answer["changed"].as_array().unwrap().iter().map(|job| job["job"].as_str().unwrap()).collect();
            assert_eq!(changed.len(), declared.len(), "{name}, phase {phase}");
            assert!(declared.iter().all(|job| changed.iter().any(|c| c == job)), "{name}: {changed:?} {declared:?}");
            let again = repository.json(&["phase", phase, "--yes", "--format", "json"]);
            assert_eq!(again["diff"], "", "{name}, phase {phase}: a second run changes something");
        }
        assert_eq!(start.len(), repository.effective().len(), "{name}: jobs");
        let mut diff = String::new();
        for ((path, before), (_, after)) in original.iter().zip(&texts()) {
            diff += &unified(path, Some(before), Some(after), &|_| None);
            stand_in(&comment_lines(before), &comment_lines(after)).unwrap_or_else(|gone| panic!("{name}: {gone}"));
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
