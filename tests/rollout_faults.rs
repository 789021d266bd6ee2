//! What once went wrong in a rollout: warnings that were lost, journals that could not be read, branches that were not found.
#![cfg(unix)]

mod common;
mod rollout_common;

use std::path::Path;
use std::process::Command;

use ci_migrate::rollout::{History, Journal, Outcome, Row, Step};
use rollout_common::{BRANCH, Place, git_in, head, hook, rows};

/// `e2e` calls a script that the repository does not have, and inherits a daemon.
const WARNED: &str = "services: [docker:29-dind]\nvariables: {DOCKER_HOST: tcp://docker:2375, DOCKER_TLS_CERTDIR: \"\"}\n\
                      e2e: {script: [./unknown/tool.sh]}\n";

fn commit(work: &Path, file: &str, text: &str) {
    std::fs::write(work.join(file), text).unwrap();
    git_in(work, &["add", file]);
    git_in(work, &["commit", "-q", "-m", file]);
}

/// The journal of the only rollout, without its lines of these steps.
fn forget(place: &Place, steps: &[&str]) {
    let files = common::files(&place.folder.path().join("state"));
    let (_, path) = files.into_iter().find(|(name, _)| name.ends_with("journal.jsonl")).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let is_kept = |line: &&str| !steps.iter().any(|step| line.contains(&format!("\"step\":\"{step}\"")));
    std::fs::write(path, text.lines().filter(is_kept).map(|line| format!("{line}\n")).collect::<String>()).unwrap();
}

#[test]
fn a_job_that_loses_a_daemon_is_named_everywhere() {
    let place = Place::new();
    let work = place.work("warned", "job-level-dind", &[]);
    commit(&work, ".gitlab-ci.yml", WARNED);
    let bare = place.publish("warned", &work);
    git_in(&bare, &["config", "receive.advertisePushOptions", "true"]);
    hook(&bare, "post-receive", "printf '%s' \"$GIT_PUSH_OPTION_2\" > description");
    let place = place.serve();
    let reports = ["--report", "r.html", "--report", "r.md", "--report", "r.csv"];
    let url = place.url("warned");
    let arguments = [&[&*url, "--yes", "--merge-request"][..], &reports].concat();
    let ran = place.wants(0, &arguments);
    assert!(ran.err.contains("e2e: ") && ran.err.contains("[loses-daemon]"), "{}", ran.err);
    let answer = place.json(0, &["status"]);
    let warnings = &answer["repositories"][0]["warnings"];
    assert_eq!((&warnings[0]["job"], &answer["totals"]["warnings"]), (&"e2e".into(), &1.into()), "{answer:#}");
    assert!(
        warnings[0]["reasons"][0].as_str().unwrap().ends_with("it loses the daemon that it inherits [loses-daemon]")
    );
    for report in ["r.html", "r.md"] {
        let text = std::fs::read_to_string(place.folder.path().join(report)).unwrap();
        assert!(text.contains("e2e") && text.contains("[loses-daemon]"), "{report}: {text}");
    }
    let csv = std::fs::read_to_string(place.folder.path().join("r.csv")).unwrap();
    assert!(csv.lines().next().unwrap().ends_with(",warnings") && csv.trim_end().ends_with(",1"), "{csv}");
    let description = std::fs::read_to_string(bare.join("description")).unwrap();
    assert!(
        description.contains("## Warnings\\n\\n- `e2e`\\n") && description.contains("(`loses-daemon`)"),
        "{description}"
    );
    assert!(!description.contains("needs no daemon") && description.contains("may need a daemon"), "{description}");

    // The report says so before it is done, and afterwards.
    let said = |arguments: &[&str]| {
        let mut report = Command::new(env!("CARGO_BIN_EXE_ci-migrate"));
        let output = report.args(["-C", work.to_str().unwrap()]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let words = "1 job loses a daemon that it may need";
    for form in ["markdown", "html"] {
        let text = said(&["report", "--format", form]);
        assert!(text.contains(words) && text.contains("loses-daemon"), "{text}");
    }
    assert!(said(&["report", "--format", "mermaid"]).contains(":::doubtful"));
    said(&["run", "--yes"]);
    assert!(!said(&["report"]).contains(words), "nothing is left of it to be seen");
    let text = said(&["report", "--since", "HEAD"]);
    assert!(text.contains(words) && text.contains("loses-daemon"), "{text}");
}

/// The limit of a file's size stands in for a disk that is full for a moment.
#[test]
fn a_journal_that_could_not_be_written_for_a_moment_stays_whole() {
    const STATE: &str = "CI_MIGRATE_TEST_STATE";
    let name = "a_journal_that_could_not_be_written_for_a_moment_stays_whole";
    let Some(state) = std::env::var_os(STATE) else {
        if Command::new("prlimit").arg("--version").output().is_err() {
            eprintln!("skipped: a journal on a full disk (no prlimit on PATH)");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        // In a process of its own, which the signal of that limit does not end.
        let output = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" --exact \"$1\" --nocapture"])
            .arg(std::env::current_exe().unwrap())
            .arg(name)
            .env(STATE, folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(folder.path().join("journal.jsonl").exists());
        return;
    };
    let state = Path::new(&state);
    let limit = |bytes: &str| {
        let status = Command::new("prlimit")
            .arg(format!("--pid={}", std::process::id()))
            .arg(format!("--fsize={bytes}:"))
            .status()
            .unwrap();
        assert!(status.success());
    };
    let row = |repository: &str, diff: usize| {
        let (repository, diff) = (repository.to_owned(), "x".repeat(diff));
        Step::Done { row: Box::new(Row { repository, diff, outcome: Some(Outcome::Migrated), ..Row::default() }) }
    };
    let (journal, _) = Journal::open(state).unwrap();
    journal.add(&row("a", 10)).unwrap();
    limit("2000");
    assert!(journal.add(&row("b", 5000)).is_err());
    limit("unlimited");
    journal.add(&row("c", 10)).unwrap();
    let history = History::read(state).unwrap();
    assert_eq!(history.repositories.keys().collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(history.row(&history.repositories["c"]).unwrap().unwrap().repository, "c");
}

#[test]
fn undo_finds_a_branch_whose_push_was_not_noted() {
    let place = Place::new();
    let bares = ["there", "gone", "changed"].map(|name| place.repository(name, "job-level-dind", &[]));
    let place = place.serve();
    let list = place.list(&["there", "gone", "changed"].map(|name| place.url(name)));
    place.json(0, &["--from", &list, "--yes"]);
    git_in(&bares[1], &["update-ref", "-d", &format!("refs/heads/{BRANCH}")]);
    git_in(&bares[2], &["update-ref", &format!("refs/heads/{BRANCH}"), &head(&bares[2], "main").unwrap()]);
    forget(&place, &["pushed", "done"]);
    let answer = place.json(0, &["undo", "--dry-run"]);
    assert!(rows(&answer).values().all(|row| row["result"] == "meant"), "{answer:#}");
    assert_eq!(rows(&answer).len(), 3);
    let ran = place.wants(4, &["undo", "--yes"]);
    for (name, result) in [("there", "deleted"), ("gone", "gone"), ("changed", "conflict")] {
        let line = ran.out.lines().find(|line| line.contains(name)).unwrap();
        assert!(line.contains(result), "{line}");
    }
    assert!(head(&bares[0], BRANCH).is_none() && head(&bares[2], BRANCH).is_some());
}

#[test]
fn what_was_not_replaced_is_not_brought_back() {
    let place = Place::new();
    let work = place.work("theirs", "job-level-dind", &[]);
    git_in(&work, &["switch", "-q", "-c", BRANCH]);
    commit(&work, "theirs", "theirs");
    git_in(&work, &["switch", "-q", "main"]);
    let bare = place.publish("theirs", &work);
    hook(&bare, "pre-receive", "exit 1");
    let place = place.serve();
    let url = place.url("theirs");
    let arguments = [&*url, "--yes", "--on-conflict", "replace"];
    let theirs = head(&bare, BRANCH);
    let answer = place.json(4, &arguments);
    assert_eq!(answer["repositories"][0]["outcome"], "rejected", "{answer:#}");
    // What was not done is not counted.
    assert!(answer["repositories"][0]["moved"].as_array().is_some_and(|moved| !moved.is_empty()));
    assert_eq!((&answer["totals"]["repositories"], &answer["totals"]["moved"]), (&1.into(), &0.into()));
    // Nothing of ours is there.
    hook(&bare, "pre-receive", "exit 0");
    assert!(place.wants(0, &["undo", "--yes"]).out.contains("gone"));
    assert_eq!(head(&bare, BRANCH), theirs);
    // Its owner deletes it; then ours is pushed, and taken back.
    hook(&bare, "pre-receive", "exit 1");
    place.json(4, &arguments);
    git_in(&bare, &["update-ref", "-d", &format!("refs/heads/{BRANCH}")]);
    hook(&bare, "pre-receive", "exit 0");
    place.json(0, &arguments);
    assert!(head(&bare, BRANCH).is_some());
    assert!(place.wants(0, &["undo", "--yes"]).out.contains("deleted"));
    assert_eq!(head(&bare, BRANCH), None);
}

#[test]
fn a_dry_run_leaves_no_patches_of_an_earlier_one() {
    let place = Place::new();
    ["a", "b"].iter().for_each(|name| drop(place.repository(name, "job-level-dind", &[])));
    place.wants(0, &["srv/a.git", "srv/b.git", "--dry-run", "plan"]);
    let patches = place.folder.path().join("plan/patches");
    for own in ["mine.patch", "0001-notes.txt", "12-x.patch"] {
        std::fs::write(patches.join(own), "mine").unwrap();
    }
    place.wants(0, &["srv/b.git", "--dry-run", "plan"]);
    let names: Vec<String> = common::files(&patches).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["0001-notes.txt", "0001-srv_b.git.patch", "12-x.patch", "mine.patch"]);
}

#[test]
fn a_repository_is_one_however_it_is_spelled() {
    let place = Place::new();
    let bare = place.repository("hh", "job-level-dind", &[]);
    git_in(place.folder.path(), &["clone", "-q", "srv/hh.git", "srv/hh"]);
    let (path, url) = (bare.to_str().unwrap(), format!("file://{}", bare.display()));
    let arguments =
        ["srv/hh", "srv/hh.git", "./srv//hh.git/", "work/../srv/hh.git", path, &url, "srv/hh/.git", "--yes"];
    let answer = place.json(0, &arguments);
    let names: Vec<_> =
        answer["repositories"].as_array().unwrap().iter().map(|row| row["repository"].clone()).collect();
    assert_eq!(names, ["srv/hh", "srv/hh.git"]);
    assert!(head(&bare, BRANCH).is_some() && head(&place.srv("hh"), BRANCH).is_some());

    let list = place.list(&["- srv/hh", "---", "- srv/hh.git"].map(str::to_owned));
    let ran = place.wants(2, &["--from", &list, "--yes"]);
    assert!(ran.err.contains("line 3: a second document begins here"), "{}", ran.err);
}

#[test]
fn a_report_that_cannot_be_written_is_refused_at_once() {
    let place = Place::new();
    let bare = place.repository("a", "job-level-dind", &[]);
    std::fs::create_dir(place.folder.path().join("folder.html")).unwrap();
    for (report, why) in [("none/r.html", "there is no folder none"), ("folder.html", "is a folder")] {
        let ran = place.wants(2, &["srv/a.git", "--yes", "--report", report]);
        assert!(ran.err.contains(why), "{}", ran.err);
    }
    assert!(head(&bare, BRANCH).is_none() && !place.folder.path().join("state").exists());
    place.wants(0, &["srv/a.git", "--yes", "--report", "folder.html/r.html"]);
    // Folders that it makes itself.
    place.wants(0, &["srv/a.git", "--dry-run", "plan/of", "--report", "./plan/r.html"]);
    place.wants(0, &["srv/a.git", "--yes", "--state", "kept", "--report", "kept/r.html"]);
}

#[test]
fn undo_does_not_ask_for_what_it_began_with() {
    let place = Place::new();
    let bares = ["served", "local"].map(|name| {
        let work = place.work(name, "job-level-dind", &[]);
        git_in(&work, &["branch", "develop"]);
        place.publish(name, &work)
    });
    let place = place.serve();
    let addresses = [place.url("served"), "srv/local.git".to_owned()];
    let list = place.list(&addresses.map(|address| format!("- {{url: \"{address}\", ref: develop}}")));
    place.json(0, &["--from", &list, "--yes"]);
    bares.iter().for_each(|bare| drop(git_in(bare, &["branch", "-D", "develop"])));
    let ran = place.wants(0, &["undo", "--yes"]);
    assert_eq!(ran.out.matches("deleted").count(), 2, "{}{}", ran.out, ran.err);
    assert!(bares.iter().all(|bare| head(bare, BRANCH).is_none()));
    // Made again, and gone when it is to be taken back: nothing is amiss.
    bares.iter().for_each(|bare| drop(git_in(bare, &["branch", "develop", "main"])));
    place.json(0, &["--from", &list, "--yes"]);
    bares.iter().for_each(|bare| drop(git_in(bare, &["branch", "-D", "develop", BRANCH])));
    assert_eq!(place.wants(0, &["undo", "--yes"]).out.matches("gone").count(), 2);
}
