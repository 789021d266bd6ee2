//! Bad input: one message with file, line and remedy, exit 2, nothing written, no panic, no hang.

mod common;

use common::{Ran, Repository, testdata};

/// Runs `status` and `phase 1 --yes` on a repository; both must refuse alike.
fn refused(repository: &Repository) -> Ran {
    let before = common::files(repository.folder.path());
    repository.wants(2, &["phase", "1", "--yes"]);
    let ran = repository.wants(2, &["status"]);
    assert_eq!(common::files(repository.folder.path()), before, "nothing is written");
    assert_eq!(ran.out, "");
    assert_eq!(ran.err.matches("error: ").count(), 1, "one message:\n{}", ran.err);
    assert!(ran.err.contains("help: "), "a remedy:\n{}", ran.err);
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    ran
}

#[track_caller]
fn says(repository: &Repository, place: &str, words: &str) {
    let ran = refused(repository);
    assert!(ran.err.contains(place), "{place} in:\n{}", ran.err);
    assert!(ran.err.contains(words), "{words} in:\n{}", ran.err);
}

#[track_caller]
fn main_file(text: &str, place: &str, words: &str) {
    says(&Repository::with(&[(".gitlab-ci.yml", text)]), place, words);
}

#[track_caller]
fn stored(case: &str, place: &str, words: &str) {
    says(&Repository::copy(&testdata("bad").join(case)), place, words);
}

#[test]
fn not_yaml() {
    stored("not-yaml", ".gitlab-ci.yml:", "not YAML");
    main_file("a: [1\nb: 2\n", ".gitlab-ci.yml:", "not YAML");
}

#[test]
fn not_utf8() {
    stored("not-utf8", ".gitlab-ci.yml", "UTF-8");
}

#[test]
fn a_duplicate_key() {
    main_file(
        "job:\n  script: a\n  stage: b\n  script: c\n",
        ".gitlab-ci.yml:4:3",
        "`script` stands twice in one mapping, first in line 2",
    );
    stored("duplicate-key", ".gitlab-ci.yml:", "stands twice");
}

#[test]
fn an_unknown_anchor() {
    main_file("job:\n  <<: *none\n  script: a\n", ".gitlab-ci.yml:2:7", "none");
    stored("unknown-anchor", ".gitlab-ci.yml:", "anchor");
}

#[test]
fn extends_in_a_circle_or_to_nothing() {
    stored("extends-cycle", ".gitlab-ci.yml:", "extends");
    stored("unknown-base", ".gitlab-ci.yml:", "extends");
    main_file("a:\n  extends: .none\n  script: x\n", ".gitlab-ci.yml:2:", ".none");
}

#[test]
fn a_reference_to_nothing() {
    stored("reference-to-nothing", ".gitlab-ci.yml:", "!reference");
}

#[test]
fn includes_that_cannot_be() {
    stored("missing-include", ".gitlab-ci.yml:", "include");
    stored("include-outside", ".gitlab-ci.yml:", "repository");
    let repository = Repository::with(&[(".gitlab-ci.yml", "include: /ci/a.yml\n")]);
    std::fs::create_dir(repository.folder.path().join("ci")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", repository.folder.path().join("ci/a.yml")).unwrap();
    says(&repository, ".gitlab-ci.yml:1:", "repository");
}

#[test]
fn deep_nesting() {
    let deep = format!("a: {}{}\n", "[".repeat(10_000), "]".repeat(10_000));
    main_file(&deep, ".gitlab-ci.yml:1:", "100 levels");
    let open = format!("a: {}\n", "[".repeat(10_000));
    main_file(&open, ".gitlab-ci.yml:1:", "100 levels");
    let dashes = format!("{}x\n", "- ".repeat(10_000));
    main_file(&dashes, ".gitlab-ci.yml:1:", "100 levels");
    let mut indented = String::new();
    for level in 0..2_000 {
        indented.push_str(&format!("{}a:\n", " ".repeat(level)));
    }
    main_file(&indented, ".gitlab-ci.yml:", "100 levels");
}

#[test]
fn an_alias_bomb() {
    stored("alias-bomb", ".gitlab-ci.yml:", "alias");
}

#[test]
fn nothing_to_read() {
    stored("empty", ".gitlab-ci.yml", "");
    main_file("# only a comment\n", ".gitlab-ci.yml", "");
    main_file("- a\n- b\n", ".gitlab-ci.yml:1:", "mapping");
    says(&Repository::with(&[("README.md", "")]), ".gitlab-ci.yml", "no such file");
    stored("directory-in-place", ".gitlab-ci.yml", "directory");
}

#[test]
fn a_folder_that_is_none() {
    let repository = Repository::with(&[]);
    let ran = repository.wants(2, &["-C", "nowhere", "status"]);
    assert!(ran.err.contains("nowhere"), "{}", ran.err);
}

/// Root may read everything, so that a refusal of the system can only be seen by another user.
#[test]
fn no_permission() {
    use std::os::unix::fs::PermissionsExt;
    let repository = Repository::with(&[(".gitlab-ci.yml", "a:\n  script: x\n")]);
    let path = repository.folder.path().join(".gitlab-ci.yml");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).unwrap();
    if std::fs::read(&path).is_ok() {
        eprintln!("skipped: no permission (this user may read everything)");
        return;
    }
    says(&repository, ".gitlab-ci.yml", "permission denied");
}
