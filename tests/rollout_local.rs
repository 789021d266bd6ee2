//! A rollout over folders of this machine, its way back, and its shards.
#![cfg(unix)]

mod common;
mod rollout_common;

use rollout_common::{BRANCH, Place, git_in, head, rows};

#[test]
fn a_folder_keeps_its_work_tree_and_its_index() {
    let place = Place::new();
    let work = place.work("local", "monorepo", &[]);
    std::fs::write(work.join("unsaved"), "mine").unwrap();
    git_in(&work, &["add", "unsaved"]);
    std::fs::write(work.join(".gitlab-ci.yml"), "nonsense: [").unwrap();
    let before = git_in(&work, &["status", "--porcelain=v2", "--branch"]);
    let index = std::fs::read(work.join(".git/index")).unwrap();
    let answer = place.json(0, &["work/local", "--yes", "--branch", "feat/x", "--through", "2"]);
    let row = &answer["repositories"][0];
    assert_eq!((row["repository"].as_str(), row["outcome"].as_str()), (Some("work/local"), Some("migrated")));
    assert_eq!(row["phases"], serde_json::json!([1, 2]));
    assert_eq!(head(&work, "feat/x").as_deref(), row["commit"].as_str());
    assert_eq!(std::fs::read(work.join(".git/index")).unwrap(), index);
    assert_eq!(git_in(&work, &["status", "--porcelain=v2", "--branch"]), before);
    assert_eq!(git_in(&work, &["rev-list", "--count", "main..feat/x"]), "2");
    // A phase alone wants those before it to be done.
    let answer = place.json(4, &["work/local", "--yes", "--branch", "feat/y", "--phase", "3"]);
    assert_eq!(answer["repositories"][0]["outcome"], "refused");
    // The branch that is checked out is not pushed to.
    let answer = place.json(4, &["work/local", "--yes", "--branch", "main"]);
    assert_eq!(answer["repositories"][0]["outcome"], "conflict");
    assert!(place.wants(2, &["work/local", "--yes", "--branch", "a..b"]).err.contains("no name for a branch"));
}

#[test]
fn undo_deletes_what_is_as_it_was_made() {
    let place = Place::new();
    let bares = ["kept", "gone", "changed"].map(|name| place.repository(name, "job-level-dind", &[]));
    let place = place.serve();
    let list = place.list(&["kept", "gone", "changed"].map(|name| place.url(name)));
    place.json(0, &["--from", &list, "--yes"]);
    git_in(&bares[1], &["update-ref", "-d", &format!("refs/heads/{BRANCH}")]);
    let main = head(&bares[2], "main").unwrap();
    git_in(&bares[2], &["update-ref", &format!("refs/heads/{BRANCH}"), &main]);
    place.wants(2, &["undo"]);
    place.wants(0, &["undo", "--dry-run"]);
    assert!(head(&bares[0], BRANCH).is_some());
    let ran = place.wants(4, &["undo", "--yes"]);
    for (name, result) in [("kept", "deleted"), ("gone", "gone"), ("changed", "conflict")] {
        let line = ran.out.lines().find(|line| line.contains(name)).unwrap();
        assert!(line.contains(result), "{line}");
    }
    assert_eq!(head(&bares[0], BRANCH), None);
    assert_eq!(head(&bares[2], BRANCH), Some(main));
    // What was taken back can be made again.
    let answer = place.json(4, &["--from", &list, "--yes", "--only", "failed"]);
    assert_eq!(answer["waiting"].as_array().unwrap().len(), 2);
    place.json(0, &["--from", &list, "--yes", "--on-conflict", "replace"]);
    assert!(head(&bares[0], BRANCH).is_some() && head(&bares[1], BRANCH).is_some());
}

#[test]
fn shards_are_parts_of_one_plan() {
    let place = Place::new();
    let names: Vec<String> = (0..8).map(|number| format!("s{number}")).collect();
    names.iter().for_each(|name| drop(place.repository(name, "job-level-dind", &[])));
    // Paths, since a port that differs from run to run would make other shards.
    let list = place.list(&names.iter().map(|name| format!("srv/{name}.git")).collect::<Vec<_>>());
    let shard = |index: &str, state: &str| -> Vec<String> {
        let output = place
            .command(&["--from", &list, "--yes", "--shard", "auto", "--state", state, "--format", "json"])
            .envs([("CI_NODE_INDEX", index), ("CI_NODE_TOTAL", "2")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        rows(&serde_json::from_slice(&output.stdout).unwrap()).into_keys().collect()
    };
    let first = shard("1", "one");
    assert!(place.wants(3, &["merge", "one"]).err.contains("shard 2/2 is missing"));
    let second = shard("2", "two");
    let mut all = [first.clone(), second.clone()].concat();
    all.sort();
    assert_eq!(all, names);
    assert!(!first.is_empty() && !second.is_empty());
    let merged = place.json(0, &["merge", "one", "two"]);
    assert_eq!(merged["totals"]["repositories"], 8);
    assert!(place.wants(3, &["merge", "one", "one"]).err.contains("twice"));
    let other = place.wants(0, &["--from", &list, "--yes", "--branch", "b", "--shard", "2/2", "--state", "other"]);
    drop(other);
    assert!(place.wants(3, &["merge", "one", "other"]).err.contains("another plan"));
    assert!(place.wants(3, &["--from", &list, "--yes", "--state", "one"]).err.contains("another shard"));
    place.wants(2, &["--from", &list, "--yes", "--shard", "3/2"]);
}

#[test]
fn files_are_edited_in_place_and_undo_takes_them_back() {
    let place = Place::new();
    let works = ["one", "two"].map(|name| place.work(name, "included-builds", &[]));
    std::fs::write(works[1].join(".gitlab-ci.yml"), "nonsense: [").unwrap();
    let before: Vec<String> = works.iter().map(|work| git_in(work, &["show-ref"])).collect();
    place.wants(2, &["work/one", "--in-place"]);
    place.wants(0, &["work/one", "--in-place", "--dry-run", "plan"]);
    assert_eq!(git_in(&works[0], &["status", "--porcelain"]), "", "a dry run writes to its folder alone");
    let answer = place.json(4, &["work/one", "work/two", "--in-place", "--yes", "--report", "r.html"]);
    let found = rows(&answer);
    assert_eq!((&found["one"]["outcome"], &found["two"]["outcome"]), (&"migrated".into(), &"invalid".into()));
    assert_eq!((&found["one"]["commit"], &answer["branch"]), (&serde_json::Value::Null, &"".into()));
    let other = common::Repository::copy(&common::testdata("pipelines/included-builds"));
    other.wants(0, &["run", "--yes"]);
    for (path, file) in common::files(other.folder.path()) {
        assert_eq!(
            std::fs::read(works[0].join(&path)).unwrap(),
            std::fs::read(file).unwrap(),
            "{path}: as `run` has it"
        );
    }
    assert_eq!(
        works.iter().map(|work| git_in(work, &["show-ref"])).collect::<Vec<_>>(),
        before,
        "no branch, no commit"
    );
    assert!(!place.folder.path().join("state").exists(), "a state folder is for branches");
    let answer = place.json(0, &["work/one", "--in-place", "--yes"]);
    assert_eq!(answer["repositories"][0]["outcome"], "nothing-to-do");
    let phases = found["one"]["phases"].as_array().unwrap().len();
    for _ in 0..phases {
        let mut undo = std::process::Command::new(env!("CARGO_BIN_EXE_ci-migrate"));
        assert!(undo.args(["-C", works[0].to_str().unwrap(), "undo", "--yes"]).status().unwrap().success());
    }
    assert_eq!(git_in(&works[0], &["status", "--porcelain"]), "");
    for wrong in [
        &["https://gitlab.example/a.git", "--in-place", "--yes"][..],
        &["work/one", "--in-place", "--yes", "--merge-request"],
    ] {
        place.wants(2, wrong);
    }
}

#[test]
fn hooks_of_a_folder_are_not_run() {
    let place = Place::new();
    let work = place.work("local", "job-level-dind", &[]);
    for name in ["pre-receive", "update", "post-receive", "post-update", "reference-transaction", "pre-push"] {
        rollout_common::hook(&work.join(".git"), name, "touch \"$(git rev-parse --git-common-dir)/ran\"; exit 1");
    }
    place.json(0, &["work/local", "--yes"]);
    assert!(head(&work, BRANCH).is_some() && !work.join(".git/ran").exists());
    place.wants(0, &["undo", "--yes"]);
    assert!(head(&work, BRANCH).is_none() && !work.join(".git/ran").exists());
}

#[test]
fn undo_brings_back_what_was_replaced() {
    let place = Place::new();
    let bare = place.repository("theirs", "job-level-dind", &[]);
    let work = place.folder.path().join("clone");
    git_in(place.folder.path(), &["clone", "-q", bare.to_str().unwrap(), work.to_str().unwrap()]);
    git_in(&work, &["switch", "-q", "-c", BRANCH]);
    for text in ["one", "two"] {
        std::fs::write(work.join("theirs"), text).unwrap();
        git_in(&work, &["add", "theirs"]);
        git_in(&work, &["commit", "-q", "-m", text]);
    }
    git_in(&work, &["push", "-q", "origin", BRANCH]);
    let theirs = head(&bare, BRANCH).unwrap();
    let local = place.work("local", "job-level-dind", &[]);
    git_in(&local, &["branch", BRANCH]);
    let local_theirs = head(&local, BRANCH).unwrap();
    let place = place.serve();
    let list = place.list(&[place.url("theirs"), "work/local".to_owned()]);
    assert_eq!(place.json(4, &["--from", &list, "--yes"])["totals"]["moved"], 0);
    place.json(0, &["--from", &list, "--yes", "--on-conflict", "replace"]);
    assert_ne!(head(&bare, BRANCH).unwrap(), theirs);
    let ran = place.wants(0, &["undo", "--yes"]);
    assert_eq!(ran.out.matches("restored").count(), 2, "{}{}", ran.out, ran.err);
    assert_eq!((head(&bare, BRANCH).unwrap(), head(&local, BRANCH).unwrap()), (theirs.clone(), local_theirs));
    git_in(&bare, &["fsck", "--strict"]);
    assert_eq!(git_in(&bare, &["rev-list", "--count", BRANCH]), "3");

    // Where the server has lost it, ours stays.
    place.json(0, &["--from", &list, "--yes", "--on-conflict", "replace"]);
    let ours = head(&bare, BRANCH);
    git_in(&bare, &["gc", "-q", "--prune=now"]);
    let ran = place.wants(4, &["undo", "--yes"]);
    assert!(ran.out.contains("conflict") && ran.out.contains(&theirs), "{}", ran.out);
    assert_eq!(head(&bare, BRANCH), ours);
}

#[test]
fn a_branch_that_is_checked_out_is_not_replaced() {
    let place = Place::new();
    let work = place.work("out", "job-level-dind", &[]);
    git_in(&work, &["switch", "-q", "-c", BRANCH]);
    std::fs::write(work.join("theirs"), "theirs").unwrap();
    git_in(&work, &["add", "theirs"]);
    git_in(&work, &["commit", "-q", "-m", "theirs"]);
    let theirs = head(&work, BRANCH);
    let list = place.list(&["- {path: work/out, ref: main}".to_owned()]);
    let answer = place.json(4, &["--from", &list, "--yes", "--on-conflict", "replace"]);
    let row = &answer["repositories"][0];
    assert_eq!(row["outcome"], "rejected", "{row:#}");
    assert!(row["message"].as_str().unwrap().contains("checked out"), "{row:#}");
    assert_eq!(head(&work, BRANCH), theirs);
    assert_eq!(git_in(&work, &["status", "--porcelain"]), "");
}

#[test]
fn a_job_of_kubernetes_knows_its_shard() {
    let place = Place::new();
    let names: Vec<String> = (0..8).map(|number| format!("k{number}")).collect();
    names.iter().for_each(|name| drop(place.repository(name, "job-level-dind", &[])));
    let list = place.list(&names.iter().map(|name| format!("srv/{name}.git")).collect::<Vec<_>>());
    let run = |word: &str, more: &[(&str, &str)]| {
        let arguments = ["--from", &list, "--yes", "--shard", word, "--format", "json", "--state"];
        let state = format!("state{}", more.iter().map(|(_, value)| *value).collect::<String>());
        let mut command = place.command(&[&arguments[..], &[state.as_str()]].concat());
        for name in ["CI_NODE_INDEX", "CI_NODE_TOTAL", "JOB_COMPLETION_INDEX"] {
            command.env_remove(name);
        }
        command.envs(more.iter().copied()).output().unwrap()
    };
    let mut all = Vec::new();
    for index in ["0", "1"] {
        let output = run("auto/2", &[("JOB_COMPLETION_INDEX", index)]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        all.extend(rows(&serde_json::from_slice(&output.stdout).unwrap()).into_keys());
    }
    all.sort();
    assert_eq!(all, names);
    assert_eq!(place.json(0, &["merge", "state0", "state1"])["totals"]["repositories"], 8);
    for (word, more) in
        [("auto/2", &[("JOB_COMPLETION_INDEX", "2")][..]), ("auto", &[]), ("auto", &[("CI_NODE_INDEX", "1")])]
    {
        assert_eq!(run(word, more).status.code(), Some(2), "{word} {more:?}");
    }
}
