//! Taking back what was applied: several times, not over other changes, and after a run that was cut off.
#![cfg(unix)]

mod common;

use std::collections::BTreeSet;
use std::process::Command;

use ci_migrate::apply::{Change, Deed, Folder, Journal, KEPT, WriteError};
use common::{Repository, testdata};
use pretty_assertions::assert_eq;

const MAIN: &str = ".gitlab-ci.yml";

fn sample() -> Repository {
    let repository = Repository::copy(&testdata("pipelines/monorepo"));
    git(&repository, &["init", "-q", "-b", "main"]);
    git(&repository, &["config", "user.name", "Someone"]);
    git(&repository, &["config", "user.email", "someone@example.com"]);
    git(&repository, &["add", "-A"]);
    git(&repository, &["commit", "-q", "-m", "before"]);
    repository
}

fn git(repository: &Repository, arguments: &[&str]) -> String {
    let output = Command::new("git").current_dir(repository.folder.path()).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn entries(repository: &Repository) -> Vec<serde_json::Value> {
    repository.json(&["undo", "--list", "--format", "json"])["entries"].as_array().unwrap().clone()
}

#[test]
fn several_undos_lead_back_to_the_first_byte() {
    let repository = sample();
    let mut texts = vec![repository.read(MAIN)];
    for phase in ["1", "2", "3"] {
        repository.wants(0, &["phase", phase, "--yes"]);
        texts.push(repository.read(MAIN));
    }
    assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), 4, "each phase changes something");
    let list = repository.wants(0, &["undo", "--list"]);
    let phases: Vec<char> = list.out.lines().skip(1).filter_map(|line| line.chars().next()).collect();
    assert_eq!(phases, ['3', '2', '1']);
    assert!(list.err.contains(".git/ci-migrate/journal"), "{}", list.err);
    for text in texts.iter().rev().skip(1) {
        let shown = repository.wants(0, &["undo", "--dry-run"]);
        let before = repository.read(MAIN);
        assert_ne!(&before, text);
        repository.wants(0, &["undo", "--yes"]);
        assert_eq!(&repository.read(MAIN), text);
        std::fs::write(repository.folder.path().join(MAIN), &before).unwrap();
        std::fs::write(repository.folder.path().join("patch"), &shown.out).unwrap();
        git(&repository, &["apply", "patch"]);
        assert_eq!(&repository.read(MAIN), text, "the diff that is shown is what is done");
    }
    let ran = repository.wants(0, &["undo", "--yes"]);
    assert!(ran.err.contains("Nothing to undo"), "{}", ran.err);
    assert_eq!(git(&repository, &["status", "--porcelain"]), "?? patch\n");
}

#[test]
fn what_was_changed_since_is_shown_and_stays() {
    let repository = sample();
    repository.wants(0, &["phase", "1", "--yes"]);
    let written = repository.read(MAIN);
    let changed = written.replacen("stages:", "# by hand\nstages:", 1);
    assert_ne!(changed, written);
    std::fs::write(repository.folder.path().join(MAIN), &changed).unwrap();
    let ran = repository.wants(3, &["undo", "--yes"]);
    assert!(ran.err.contains("\n+# by hand\n") && ran.err.contains("changed since"), "{}", ran.err);
    assert_eq!((ran.out.as_str(), repository.read(MAIN)), ("", changed.clone()));
    repository.wants(3, &["undo", "--dry-run"]);
    // Taken back by hand, it can be undone; or it is forgotten, and the file stays.
    std::fs::write(repository.folder.path().join(MAIN), &written).unwrap();
    repository.wants(0, &["undo", "--dry-run"]);
    std::fs::write(repository.folder.path().join(MAIN), &changed).unwrap();
    repository.wants(0, &["undo", "--forget"]);
    assert_eq!(repository.read(MAIN), changed);
    assert_eq!(entries(&repository), [] as [serde_json::Value; 0]);
}

#[test]
fn without_a_terminal_the_flags_are_named() {
    let repository = sample();
    repository.wants(0, &["phase", "1", "--yes"]);
    let written = repository.read(MAIN);
    let ran = repository.wants(2, &["undo"]);
    assert!(ran.err.contains("--dry-run") && ran.err.contains("--yes"), "{}", ran.err);
    assert_eq!(repository.read(MAIN), written);
}

#[test]
fn without_git_the_journal_is_in_the_users_state() {
    let repository = Repository::copy(&testdata("pipelines/monorepo"));
    let before = repository.read(MAIN);
    repository.wants(0, &["phase", "1", "--yes"]);
    let list = repository.wants(0, &["undo", "--list"]);
    assert!(list.err.contains(repository.state.path().to_str().unwrap()), "{}", list.err);
    assert_eq!(common::files(repository.state.path()).len(), 1);
    repository.wants(0, &["undo", "--yes"]);
    assert_eq!(repository.read(MAIN), before);
    assert_eq!(common::files(repository.state.path()).len(), 0);
}

#[test]
fn each_worktree_and_each_folder_has_its_own_journal() {
    let repository = sample();
    let other = tempfile::tempdir().unwrap();
    let linked = other.path().join("linked");
    git(&repository, &["worktree", "add", "-q", linked.to_str().unwrap(), "-b", "other"]);
    let inner = repository.folder.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    std::fs::copy(repository.folder.path().join(MAIN), inner.join(MAIN)).unwrap();
    let (linked, inner) = (linked.to_str().unwrap(), inner.to_str().unwrap());
    for folder in [linked, inner] {
        repository.wants(0, &["-C", folder, "run", "--yes"]);
        assert_eq!(entries(&repository).len(), 0, "the main folder knows nothing of {folder}");
        let list = repository.wants(0, &["-C", folder, "undo", "--list"]);
        assert!(list.out.lines().count() > 1 && list.err.contains("/.git/"), "{}{}", list.out, list.err);
    }
    assert_eq!(common::files(repository.state.path()).len(), 0);
}

#[test]
fn the_undo_of_a_commit_leaves_history_alone() {
    let repository = sample();
    let before = repository.read(MAIN);
    std::fs::write(repository.folder.path().join("staged.txt"), "x").unwrap();
    git(&repository, &["add", "staged.txt"]);
    let ran = repository.wants(0, &["phase", "1", "--yes", "--commit", "--branch", "feat/buildkit-rootless"]);
    assert!(ran.err.contains("on feat/buildkit-rootless"), "{}", ran.err);
    assert_eq!(git(&repository, &["show", "--name-only", "--format="]), ".gitlab-ci.yml\n");
    let message = git(&repository, &["log", "-1", "--format=%B"]);
    for part in ["Protocol proof of concept", "phase 1", "- build / schemas\n", "Proved: 18 jobs"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(git(&repository, &["status", "--porcelain"]), "A  staged.txt\n", "what was staged is staged");
    let head = git(&repository, &["rev-parse", "HEAD"]);
    assert_eq!(entries(&repository)[0]["commit"], head[..7].to_owned().as_str());
    let ran = repository.wants(0, &["undo", "--yes"]);
    assert!(ran.err.contains("stays in git's history"), "{}", ran.err);
    assert_eq!(repository.read(MAIN), before);
    assert_eq!(git(&repository, &["rev-parse", "HEAD"]), head);
}

#[test]
fn a_commit_takes_no_changes_of_others_along() {
    let repository = sample();
    let changed = repository.read(MAIN) + "# mine\n";
    std::fs::write(repository.folder.path().join(MAIN), &changed).unwrap();
    let ran = repository.wants(3, &["phase", "1", "--yes", "--commit"]);
    assert!(ran.err.contains("M .gitlab-ci.yml") && ran.err.contains("--allow-dirty"), "{}", ran.err);
    assert_eq!(repository.read(MAIN), changed);
    repository.wants(3, &["run", "--yes", "--commit"]);
    assert_eq!(repository.read(MAIN), changed);
    repository.wants(0, &["phase", "1", "--yes", "--commit", "--allow-dirty"]);
    assert_eq!(git(&repository, &["status", "--porcelain"]), "");
    repository.wants(0, &["run", "--yes", "--commit"]);
    let log = git(&repository, &["log", "--format=%s"]);
    assert_eq!(
        log.lines().filter(|subject| subject.contains("(ci-migrate phase ")).count(),
        entries(&repository).len()
    );
    assert!(log.lines().count() > 5, "{log}");
    repository.wants(2, &["phase", "1", "--branch", "x"]);
    repository.wants(2, &["phase", "1", "--dry-run", "--commit"]);
    repository.wants(2, &["phase", "1", "--yes", "--commit", "--branch", "no..name"]);
    let bare = Repository::copy(&testdata("pipelines/monorepo"));
    assert!(bare.wants(2, &["phase", "1", "--yes", "--commit"]).err.contains("git repository"));
}

#[test]
fn a_branch_that_is_there_is_used() {
    let repository = sample();
    git(&repository, &["switch", "-q", "-c", "feat/x"]);
    git(&repository, &["commit", "-q", "--allow-empty", "-m", "on the branch"]);
    git(&repository, &["switch", "-q", "main"]);
    for phase in ["1", "2"] {
        repository.wants(0, &["phase", phase, "--yes", "--commit", "--branch", "feat/x"]);
    }
    assert_eq!(git(&repository, &["branch", "--show-current"]), "feat/x\n");
    assert_eq!(git(&repository, &["rev-list", "--count", "main..feat/x"]), "3\n");
    // What git would have to overwrite on the way stops it before anything else.
    git(&repository, &["switch", "-q", "main"]);
    let changed = repository.read(MAIN) + "# mine\n";
    std::fs::write(repository.folder.path().join(MAIN), &changed).unwrap();
    let ran = repository.wants(3, &["phase", "3", "--yes", "--commit", "--branch", "feat/x"]);
    assert!(ran.err.contains("git refused"), "{}", ran.err);
    assert_eq!(repository.read(MAIN), changed);
    // A merge that is under way has no room for it.
    git(&repository, &["checkout", "-q", "."]);
    std::fs::write(repository.folder.path().join(".git/MERGE_HEAD"), git(&repository, &["rev-parse", "HEAD"])).unwrap();
    assert!(repository.wants(3, &["phase", "1", "--yes", "--commit"]).err.contains("a merge is under way"));
}

#[test]
fn a_commit_on_no_branch_is_not_lost_silently() {
    let repository = sample();
    git(&repository, &["checkout", "-q", "--detach"]);
    let ran = repository.wants(0, &["phase", "1", "--yes", "--commit"]);
    assert!(ran.err.contains("on no branch: `git switch -c NAME` keeps it"), "{}", ran.err);
}

#[test]
fn the_target_of_a_symbolic_link_is_committed() {
    let repository = sample();
    let root = repository.folder.path();
    std::fs::create_dir(root.join("ci")).unwrap();
    std::fs::rename(root.join(MAIN), root.join("ci/main.yml")).unwrap();
    std::os::unix::fs::symlink("ci/main.yml", root.join(MAIN)).unwrap();
    git(&repository, &["add", "-A"]);
    git(&repository, &["commit", "-q", "-m", "link"]);
    repository.wants(0, &["phase", "1", "--yes", "--commit"]);
    assert_eq!(git(&repository, &["show", "--name-only", "--format="]), "ci/main.yml\n");
    assert_eq!(git(&repository, &["status", "--porcelain"]), "");
}

#[test]
fn the_way_back_wants_no_settings_and_no_pipeline() {
    let repository = sample();
    let before = repository.read(MAIN);
    repository.wants(0, &["phase", "1", "--yes"]);
    std::fs::write(repository.folder.path().join(".ci-migrate.yml"), "nonsense: [").unwrap();
    repository.wants(0, &["undo", "--yes"]);
    assert_eq!(repository.read(MAIN), before);
}

#[test]
fn a_hook_that_refuses_leaves_the_phase_applied_and_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let repository = sample();
    let before = repository.read(MAIN);
    let hook = repository.folder.path().join(".git/hooks/pre-commit");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\necho not on a Friday >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let ran = repository.wants(2, &["run", "--yes", "--commit"]);
    assert!(ran.err.contains("not on a Friday") && ran.err.contains("phase 1 is applied"), "{}", ran.err);
    assert_eq!(entries(&repository).len(), 1, "it stops there");
    repository.wants(0, &["undo", "--yes"]);
    assert_eq!(repository.read(MAIN), before);
}

/// A journal as a process leaves it that is killed between two files, or around them.
fn cut_off(texts: [&str; 2], word: &str) -> (Repository, Folder, Journal) {
    let repository = Repository::with(&[("a.yml", "a: 1\n"), ("ci/b.yml", "b: 1\n"), (MAIN, "stages: [x]\n")]);
    git(&repository, &["init", "-q"]);
    let folder = Folder::open(repository.folder.path()).unwrap();
    let journal = Journal::of(&folder).unwrap();
    let changes = [
        Change { path: "a.yml", before: Some("a: 1\n"), after: Some("a: 2\n") },
        Change { path: "ci/b.yml", before: Some("b: 1\n"), after: Some("b: 2\n") },
    ];
    journal.write(Deed { phase: 4, title: "Four".to_owned(), ..Deed::default() }, &changes).unwrap();
    std::fs::rename(journal.place().join("0001-done.json"), journal.place().join(format!("0001-{word}.json"))).unwrap();
    for (path, text) in ["a.yml", "ci/b.yml"].into_iter().zip(texts) {
        std::fs::write(repository.folder.path().join(path), text).unwrap();
    }
    (repository, folder, journal)
}

#[test]
fn what_was_cut_off_is_settled_by_the_next_who_writes() {
    for word in ["writing", "undoing"] {
        for (texts, stays) in [(["a: 1\n", "b: 1\n"], 0), (["a: 2\n", "b: 1\n"], 0), (["a: 2\n", "b: 2\n"], 1)] {
            let (repository, folder, journal) = cut_off(texts, word);
            let settled = journal.settle().unwrap();
            assert_eq!(journal.entries().unwrap().len(), stays, "{word} {texts:?}");
            let expected = (texts == ["a: 2\n", "b: 1\n"]).then(|| vec!["a.yml".to_owned()]);
            assert_eq!(settled.map(|settled| settled.files), expected);
            let wanted = if stays == 1 { "a: 2\n" } else { "a: 1\n" };
            assert_eq!(repository.read("a.yml"), wanted);
            // Whatever it was, the next write is noted after it, and can be taken back.
            let next = [Change { path: "a.yml", before: Some(wanted), after: None }];
            Journal::of(&folder).unwrap().write(Deed::default(), &next).unwrap();
            assert!(!repository.folder.path().join("a.yml").exists());
            journal.undo(&journal.last().unwrap().unwrap()).unwrap();
            assert_eq!(repository.read("a.yml"), wanted);
            assert_eq!(journal.entries().unwrap().len(), stays);
        }
    }
}

#[test]
fn the_command_line_settles_it_too_and_says_so() {
    for arguments in [&["undo", "--yes"][..], &["run", "--yes"], &["phase", "1", "--yes"]] {
        let (repository, ..) = cut_off(["a: 2\n", "b: 1\n"], "writing");
        let ran = repository.run(arguments);
        assert!(ran.err.contains("Phase 4 had been cut off") && ran.err.contains("a.yml"), "{}", ran.err);
        assert_eq!((ran.code, repository.read("a.yml")), (0, "a: 1\n".to_owned()));
        assert_eq!(entries(&repository).len(), 0);
    }
    let (repository, ..) = cut_off(["a: 2\n", "b: 1\n"], "writing");
    let ran = repository.wants(0, &["undo", "--dry-run"]);
    assert!(ran.out.contains("-a: 2\n+a: 1\n") && !ran.out.contains("b.yml"), "{}", ran.out);
    assert_eq!(repository.read("a.yml"), "a: 2\n");
}

#[test]
fn what_was_cut_off_and_changed_since_is_for_a_person() {
    let (repository, _, journal) = cut_off(["a: 2\n", "b: 3\n"], "writing");
    assert_eq!(journal.settle(), Err(WriteError::CutOff { path: "ci/b.yml".to_owned() }));
    let ran = repository.wants(3, &["run", "--yes"]);
    assert!(ran.err.contains("ci/b.yml") && ran.err.contains("--forget"), "{}", ran.err);
    let ran = repository.wants(3, &["undo", "--yes"]);
    assert!(ran.err.contains("-b: 2\n+b: 3\n"), "{}", ran.err);
    assert_eq!((repository.read("a.yml").as_str(), repository.read("ci/b.yml").as_str()), ("a: 2\n", "b: 3\n"));
    repository.wants(0, &["undo", "--forget"]);
    repository.wants(0, &["run", "--yes"]);
}

#[test]
fn a_file_that_went_comes_back_with_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let repository = Repository::with(&[("a.yml", "a: 1\n")]);
    git(&repository, &["init", "-q"]);
    let path = repository.folder.path().join("a.yml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let journal = Journal::of(&Folder::open(repository.folder.path()).unwrap()).unwrap();
    journal.write(Deed::default(), &[Change { path: "a.yml", before: Some("a: 1\n"), after: None }]).unwrap();
    journal.undo(&journal.last().unwrap().unwrap()).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn nothing_is_written_where_nothing_can_be_noted() {
    let repository = sample();
    let before = repository.read(MAIN);
    std::fs::write(repository.folder.path().join(".git/ci-migrate"), "in the way").unwrap();
    let ran = repository.wants(2, &["phase", "1", "--yes"]);
    assert!(ran.err.contains("journal"), "{}", ran.err);
    assert_eq!(repository.read(MAIN), before);
}

#[test]
fn the_journal_keeps_the_last_fifty_and_says_what_it_drops() {
    let repository = sample();
    repository.wants(0, &["phase", "1", "--yes"]);
    let folder = Folder::open(repository.folder.path()).unwrap();
    let journal = Journal::of(&folder).unwrap();
    let text = |number: usize| format!("n: {number}\n");
    let write = |number: usize| {
        let (before, after) = (text(number - 1), text(number));
        let before = (number > 1).then_some(before.as_str());
        let change = Change { path: "other.yml", before, after: Some(&after) };
        journal.write(Deed { phase: 90, title: number.to_string(), ..Deed::default() }, &[change]).unwrap()
    };
    for number in 1..KEPT {
        assert_eq!(write(number).dropped, [], "{number}");
    }
    assert_eq!(entries(&repository).len(), KEPT);
    let dropped = write(KEPT).dropped;
    assert_eq!(dropped.iter().map(|entry| entry.deed.phase).collect::<Vec<_>>(), [1]);
    assert_eq!(entries(&repository).len(), KEPT);
    assert!(repository.wants(0, &["undo", "--list"]).err.contains("keeps the last 50 phases"));
    // The command line says it too.
    let ran = repository.wants(0, &["phase", "2", "--yes"]);
    assert!(ran.err.contains("keeps the last 50 phases: phase 90 (1), applied before them"), "{}", ran.err);
    // All that is kept can be taken back.
    for _ in 0..KEPT {
        repository.wants(0, &["undo", "--yes"]);
    }
    assert_eq!((entries(&repository).len(), repository.read("other.yml")), (0, text(1)));
}
