//! A rollout over real git servers on the loopback: what is planned, what is pushed, what is refused.
#![cfg(unix)]

mod common;
mod rollout_common;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use common::testdata;
use rollout_common::{BRANCH, Place, git_in, head, hook, journal, outcomes, rows};
use serde_json::Value;

#[test]
fn thirty_repositories_are_planned_pushed_and_left_alone_by_a_second_run() {
    let place = Place::new();
    let samples = ["monorepo", "included-builds", "job-level-dind", "crlf", "own-before-script", "no-final-newline"];
    let names: Vec<String> = (0..30).map(|number| format!("r{number:02}")).collect();
    for (number, name) in names.iter().enumerate() {
        let bare = place.srv(&format!("{name}.git"));
        match number {
            0..6 => drop(place.repository(name, samples[number], &[])),
            // The others are copies: what counts is that they are many.
            _ => {
                let from = place.srv(&format!("r{:02}.git", number % 6));
                git_in(place.folder.path(), &["clone", "-q", "--bare", from.to_str().unwrap(), bare.to_str().unwrap()]);
                git_in(&bare, &["config", "uploadpack.allowFilter", "true"]);
            }
        }
    }
    let place = place.serve();
    let list = place.list(&names.iter().map(|name| place.url(name)).collect::<Vec<_>>());

    // The plan writes to its folder and to no other.
    place.wants(0, &["--from", &list, "--dry-run", "plan"]);
    let written = common::files(&place.folder.path().join("plan"));
    assert_eq!(written.iter().filter(|(name, _)| name.ends_with(".patch")).count(), 30);
    for form in ["report.html", "report.md", "report.csv", "report.json"] {
        assert!(written.iter().any(|(name, _)| name == form), "{form}");
    }
    assert!(!place.folder.path().join("state").exists());
    assert!(names.iter().all(|name| head(&place.srv(&format!("{name}.git")), BRANCH).is_none()));
    let texts = || written.iter().map(|(_, path)| std::fs::read_to_string(path).unwrap()).collect::<Vec<_>>();
    let first = texts();
    place.wants(0, &["--from", &list, "--dry-run", "plan", "--jobs", "2"]);
    assert!(first == texts(), "the same plan, whatever the order in which the servers answer");

    // Without a terminal and without a word nothing happens.
    let ran = place.wants(2, &["--from", &list]);
    assert!(ran.err.contains("--dry-run DIR") && ran.err.contains("--yes"), "{}", ran.err);
    assert!(!place.folder.path().join("state").exists());

    let answer = place.json(0, &["--from", &list, "--yes", "--author", "A B <a@example.com>"]);
    assert_eq!(answer["totals"]["repositories"], 30);
    assert!(outcomes(&answer).values().all(|outcome| outcome == "migrated" || outcome == "partly"));
    for (name, row) in rows(&answer) {
        let bare = place.srv(&format!("{name}.git"));
        assert_eq!(head(&bare, BRANCH).as_deref(), row["commit"].as_str(), "{name}");
        let base = row["base"].as_str().unwrap();
        let commits = git_in(&bare, &["rev-list", "--count", &format!("{base}..{BRANCH}")]);
        assert_eq!(commits, row["phases"].as_array().unwrap().len().to_string(), "a commit a phase");
        git_in(&bare, &["fsck", "--strict"]);
        let log = git_in(&bare, &["log", "-1", "--format=%an <%ae>%n%B", BRANCH]);
        assert!(log.starts_with("A B <a@example.com>\nci: ") && log.contains("Proved: "), "{log}");
    }

    // What is pushed is what `run` makes of it, to the byte.
    for (number, sample) in samples.iter().enumerate() {
        let local = common::Repository::copy(&testdata("pipelines").join(sample));
        local.wants(0, &["run", "--yes"]);
        let bare = place.srv(&format!("r{number:02}.git"));
        for (path, file) in common::files(local.folder.path()).into_iter().filter(|(path, _)| path.ends_with(".yml")) {
            let pushed =
                Command::new("git").current_dir(&bare).args(["show", &format!("{BRANCH}:{path}")]).output().unwrap();
            assert_eq!(pushed.stdout, std::fs::read(file).unwrap(), "{sample}: {path}");
        }
    }

    // Nothing happens twice, and nothing is asked: the server may be gone.
    let before = journal(&place.folder.path().join("state"));
    let mut place = place;
    if let Some(mut daemon) = place.daemon.take() {
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }
    let second = place.json(0, &["--from", &list, "--yes", "--author", "A B <a@example.com>"]);
    assert_eq!(second, answer);
    assert_eq!(journal(&place.folder.path().join("state")), before);
    assert_eq!(place.json(0, &["status"]), answer);
    place.wants(0, &["status", "--report", "a.html", "--report", "a.csv", "--report", "a.md"]);
    let page = std::fs::read_to_string(place.folder.path().join("a.html")).unwrap();
    assert!(page.contains("127.0.0.1") && page.contains("migrated") && !page.contains(env!("CARGO_MANIFEST_DIR")));
    assert!(!page.contains("src=") && !page.contains("<link"), "it loads nothing");

    // The scratch repositories are gone.
    assert_eq!(std::fs::read_dir(place.scratch()).unwrap().count(), 0);
}

#[test]
fn every_outcome_has_its_case() {
    let place = Place::new();
    place.repository("plain", "monorepo", &[]);
    place.repository("sha256", "included-builds", &["--object-format=sha256"]);
    let bare = place.repository("without-filters", "included-builds", &[]);
    git_in(&bare, &["config", "uploadpack.allowFilter", "false"]);
    let bare = place.repository("without-tree-filters", "included-builds", &[]);
    git_in(&bare, &["config", "uploadpackfilter.allow", "false"]);
    git_in(&bare, &["config", "uploadpackfilter.blob:none.allow", "true"]);
    git_in(place.folder.path(), &["init", "-q", "--bare", place.srv("empty.git").to_str().unwrap()]);

    let bare = place.repository("protected", "monorepo", &[]);
    hook(&bare, "pre-receive", "echo 'You are not allowed to push here' >&2; exit 1");

    let work = place.work("taken", "monorepo", &[]);
    git_in(&work, &["switch", "-q", "-c", BRANCH]);
    git_in(&work, &["commit", "-q", "--allow-empty", "-m", "someone else's"]);
    std::fs::write(work.join("more"), "more").unwrap();
    git_in(&work, &["add", "more"]);
    git_in(&work, &["commit", "-q", "-m", "more"]);
    git_in(&work, &["switch", "-q", "main"]);
    let taken = place.publish("taken", &work);
    let theirs = head(&taken, BRANCH).unwrap();

    // A submodule and an LFS pointer beside the pipeline, and an include that is a symbolic link.
    let work = place.work("with-modules", "included-builds", &[]);
    git_in(&work, &["update-index", "--add", "--cacheinfo", &format!("160000,{theirs},vendored")]);
    std::fs::write(work.join("big.bin"), POINTER).unwrap();
    std::fs::rename(work.join(".gitlab-ci.yml"), work.join("pipeline.yml")).unwrap();
    std::os::unix::fs::symlink("pipeline.yml", work.join(".gitlab-ci.yml")).unwrap();
    git_in(&work, &["add", "big.bin", ".gitlab-ci.yml", "pipeline.yml"]);
    git_in(&work, &["commit", "-q", "-m", "module"]);
    let modules = place.publish("with-modules", &work);

    let work = place.work("pointer", "monorepo", &[]);
    std::fs::write(work.join(".gitlab-ci.yml"), POINTER).unwrap();
    git_in(&work, &["commit", "-q", "-a", "-m", "pointer"]);
    place.publish("pointer", &work);

    let work = place.work("none", "monorepo", &[]);
    git_in(&work, &["rm", "-q", ".gitlab-ci.yml"]);
    git_in(&work, &["commit", "-q", "-m", "no pipeline"]);
    place.publish("none", &work);

    let place = place.serve();
    let names = [
        "plain",
        "sha256",
        "without-filters",
        "without-tree-filters",
        "empty",
        "protected",
        "taken",
        "with-modules",
        "pointer",
        "none",
        "not-there",
    ];
    let mut urls: Vec<String> = names.iter().map(|name| place.url(name)).collect();
    // Nobody listens at port 1.
    urls.extend(["git://127.0.0.1:1/unreachable-1.git".to_owned(), "git://127.0.0.1:1/unreachable-2.git".to_owned()]);
    let list = place.list(&urls);
    let answer = place.json(4, &["--from", &list, "--yes", "--retries", "1"]);
    let expected = BTreeMap::from([
        ("plain", "migrated"),
        ("sha256", "migrated"),
        ("without-filters", "migrated"),
        ("without-tree-filters", "migrated"),
        ("empty", "nothing-to-do"),
        ("protected", "rejected"),
        ("taken", "conflict"),
        ("with-modules", "migrated"),
        ("pointer", "invalid"),
        ("none", "nothing-to-do"),
        ("not-there", "unreachable"),
        ("unreachable-1", "unreachable"),
        ("unreachable-2", "unreachable"),
    ]);
    let found = outcomes(&answer);
    let found: BTreeMap<&str, &str> = found.iter().map(|(name, outcome)| (name.as_str(), outcome.as_str())).collect();
    pretty_assertions::assert_eq!(found, expected);
    let message = |name: &str| rows(&answer)[name]["message"].as_str().unwrap().to_owned();
    assert!(message("protected").contains("You are not allowed to push here"), "{}", message("protected"));
    assert!(message("pointer").contains("LFS pointer"), "{}", message("pointer"));
    let asked = ["unreachable-1", "unreachable-2"].map(message);
    assert_eq!(asked.iter().filter(|words| words.contains("was stopped")).count(), 1, "one probe a host: {asked:?}");
    assert_eq!(head(&taken, BRANCH).unwrap(), theirs);
    let kinds = git_in(&modules, &["ls-tree", BRANCH]);
    assert!(kinds.contains("160000 commit") && kinds.contains("120000 blob"), "{kinds}");
    assert!(git_in(&modules, &["diff", "--name-only", "main", BRANCH]).contains("ci/"));
    let schema: Value = serde_json::from_str(
        &std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/rollout.json")).unwrap(),
    )
    .unwrap();
    assert!(jsonschema::is_valid(&schema, &answer), "{answer:#}");

    // What was put right is taken up again, and what is someone else's only with a word.
    std::fs::remove_file(place.srv("protected.git/hooks/pre-receive")).unwrap();
    let answer = place.json(4, &["--from", &list, "--yes", "--retries", "0"]);
    assert_eq!((&*outcomes(&answer)["protected"], &*outcomes(&answer)["taken"]), ("migrated", "conflict"));
    let answer = place.json(4, &["--from", &list, "--yes", "--only", "conflict", "--on-conflict", "replace"]);
    assert_eq!(outcomes(&answer)["taken"], "migrated");
    assert_ne!(head(&taken, BRANCH).unwrap(), theirs);
}

const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";

#[test]
fn a_merge_request_is_asked_for_with_the_push() {
    let place = Place::new();
    let with = place.repository("with", "monorepo", &[]);
    git_in(&with, &["config", "receive.advertisePushOptions", "true"]);
    // Stands in for GitLab's hook: it keeps the options, and says what GitLab says.
    hook(
        &with,
        "post-receive",
        "i=0; while [ $i -lt ${GIT_PUSH_OPTION_COUNT:-0} ]; do eval \"printf '%s\\\\0' \\\"\\$GIT_PUSH_OPTION_$i\\\"\"; \
         i=$((i+1)); done > options\n[ -e silent ] && exit\nprintf '\\nView merge request for x:  \\n  https://gitlab.example/with/-/merge_requests/7  \\n' >&2",
    );
    let silent = place.repository("silent", "monorepo", &[]);
    git_in(&silent, &["config", "receive.advertisePushOptions", "true"]);
    let without = place.repository("without", "monorepo", &[]);
    git_in(&without, &["config", "receive.advertisePushOptions", "false"]);
    let place = place.serve();
    let list = place.list(&["with", "silent", "without"].map(|name| place.url(name)));
    let arguments = [
        "--from",
        &list,
        "--yes",
        "--jobs",
        "1",
        "--merge-request",
        "--label",
        "buildkit",
        "--label",
        "ci",
        "--draft",
        "--target",
        "main",
        "--title",
        "ci: no daemon",
    ];
    let answer = place.json(0, &arguments);
    let rows = rows(&answer);
    assert_eq!(rows["with"]["merge_request"], "https://gitlab.example/with/-/merge_requests/7");
    assert_eq!(answer["totals"]["merge_requests"], 1);
    assert!(rows["silent"]["message"].as_str().unwrap().contains("no merge request"));
    assert!(rows["without"]["message"].as_str().unwrap().contains("takes no push options"));
    let options = std::fs::read_to_string(with.join("options")).unwrap();
    let options: Vec<&str> = options.trim_end_matches('\0').split('\0').collect();
    let (description, others) = options.split_last().unwrap();
    assert_eq!(
        others,
        [
            "merge_request.create",
            "merge_request.title=ci: no daemon",
            "merge_request.target=main",
            "merge_request.label=buildkit",
            "merge_request.label=ci",
            "merge_request.draft"
        ]
    );
    let description = description.strip_prefix("merge_request.description=").unwrap();
    assert!(description.starts_with("# Migration of `.gitlab-ci.yml`") && description.contains("\\n## Phases\\n"));
    assert!(description.len() <= 65_000 && !description.contains('\n'));

    // Another push for those without: one branch each, and what was done is not pushed again.
    hook(
        &silent,
        "post-receive",
        "printf 'View merge request for x:\\n  http://gitlab.example/silent/-/merge_requests/1\\n' >&2",
    );
    let (before, done) = (head(&silent, BRANCH), head(&with, BRANCH));
    let again: Vec<&str> = arguments.iter().copied().chain(["--only", "missing-mr"]).collect();
    let answer = place.json(0, &again);
    assert_eq!(self::rows(&answer)["silent"]["merge_request"], "http://gitlab.example/silent/-/merge_requests/1");
    assert_ne!(head(&silent, BRANCH), before);
    assert_eq!(git_in(&silent, &["diff", &before.unwrap(), BRANCH]), "", "the same files");
    assert_eq!(head(&with, BRANCH), done);
}

#[test]
fn a_list_in_yaml_has_a_ref_a_file_and_settings_of_each() {
    let place = Place::new();
    let work = place.work("listed", "job-level-dind", &[]);
    git_in(&work, &["switch", "-q", "-c", "develop"]);
    git_in(&work, &["mv", ".gitlab-ci.yml", "pipeline.yml"]);
    git_in(&work, &["commit", "-q", "-m", "moved"]);
    git_in(&work, &["switch", "-q", "main"]);
    let bare = place.publish("listed", &work);
    let place = place.serve();
    let list = place.list(&[format!(
        "- url: {}\n  ref: develop\n  file: pipeline.yml\n  settings: {{builder: {{namespace: elsewhere}}}}",
        place.url("listed")
    )]);
    let answer = place.json(0, &["--from", &list, "--yes"]);
    assert_eq!(answer["repositories"][0]["base"].as_str(), head(&bare, "develop").as_deref());
    assert!(git_in(&bare, &["show", &format!("{BRANCH}:pipeline.yml")]).contains("namespace=elsewhere"));
    for (list, words) in [
        ("- url: a\n  branch: b\n", "`branch` is no key"),
        ("- --upload-pack=x\n", "neither a path nor a URL"),
        ("- url: a\n  ref: a:b\n", "`ref` is a branch"),
        ("- url: a\n  settings: {nonsense: 1}\n", "nonsense"),
        ("# nothing\n", "no repository is named"),
    ] {
        let list = place.list(&[list.to_owned()]);
        let ran = place.wants(2, &["--from", &list, "--yes"]);
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
}

#[test]
fn every_outcome_is_documented() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rollout.md")).unwrap();
    for outcome in ci_migrate::rollout::Outcome::ALL {
        let line = format!("| `{}` | {} | {} |", outcome.word(), outcome.meaning(), outcome.remedy());
        assert!(page.contains(&line), "docs/rollout.md: {line}");
    }
}
