//! For scripts: quiet, closed pipes, JSON of every phase, the preparation, completions and manual pages.
#![cfg(unix)]

mod common;

use std::process::{Command, Stdio};

use common::{Repository, testdata};
use pretty_assertions::assert_eq;
use serde_json::Value;

const MAIN: &str = ".gitlab-ci.yml";

fn sample() -> Repository {
    Repository::copy(&testdata("pipelines/monorepo"))
}

#[test]
fn quiet_says_what_was_asked_for_and_errors() {
    let repository = sample();
    let loud = repository.wants(0, &["phase", "1", "--dry-run"]);
    let quiet = repository.wants(0, &["phase", "1", "--dry-run", "--quiet"]);
    assert!(!loud.err.is_empty());
    assert_eq!((quiet.err.as_str(), quiet.out), ("", loud.out));
    assert_eq!(repository.wants(0, &["-q", "run", "--yes"]).err, "");
    assert_eq!(repository.wants(0, &["-q", "undo", "--yes"]).err, "");
    assert!(repository.wants(2, &["-q", "phase", "77"]).err.contains("`77`"));
}

#[test]
fn a_closed_pipe_is_no_failure_and_stops_no_work() {
    let commands: &[&[&str]] = &[
        &["status"],
        &["status", "--format", "json"],
        &["phase", "0"],
        &["phase", "1", "--dry-run"],
        &["run", "--dry-run"],
        &["run", "--dry-run", "--format", "json"],
        &["run", "--yes"],
        &["undo", "--list"],
        &["undo", "--yes"],
        &["check"],
        &["effective"],
        &["explain"],
        &["explain", "branch-cache"],
        &["demo"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
    ];
    let (open, closed) = (sample(), sample());
    for arguments in commands {
        let expected = open.run(arguments);
        let mut child = Command::new(env!("CARGO_BIN_EXE_ci-migrate"))
            .current_dir(closed.folder.path())
            .env("XDG_STATE_HOME", closed.state.path())
            .args(*arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(expected.code), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("error") && !said.contains("panicked"), "{arguments:?}: {said}");
        assert_eq!(closed.read(MAIN), open.read(MAIN), "{arguments:?}");
    }
}

#[test]
fn run_answers_programs_with_every_phase() {
    let repository = sample();
    let before = repository.read(MAIN);
    assert!(repository.wants(2, &["run", "--format", "json"]).err.contains("--dry-run"));
    let shown = repository.json(&["run", "--dry-run", "--format", "json"]);
    let numbers: Vec<_> = shown.as_array().unwrap().iter().map(|answer| answer["phase"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    assert_eq!(repository.read(MAIN), before);
    assert_eq!(shown[0], repository.json(&["phase", "1", "--dry-run", "--format", "json"]));
    let applied = repository.json(&["run", "--yes", "--format", "json"]);
    for (shown, applied) in shown.as_array().unwrap().iter().zip(applied.as_array().unwrap()) {
        assert_eq!((&shown["diff"], &shown["applied"]), (&applied["diff"], &Value::Bool(false)));
        assert_eq!(applied["applied"], Value::Bool(true));
    }
    let again = repository.json(&["run", "--yes", "--format", "json"]);
    assert!(again.as_array().unwrap().iter().all(|answer| answer["diff"] == "" && answer["applied"] == false));
}

#[test]
fn undo_answers_programs() {
    let repository = sample();
    let before = repository.read(MAIN);
    let applied = repository.json(&["phase", "1", "--yes", "--format", "json"]);
    let list = repository.json(&["undo", "--list", "--format", "json"]);
    assert_eq!(list["entries"][0]["jobs"][0], applied["changed"][0]["job"]);
    assert_eq!(list["entries"][0]["proof"], applied["proof"]["summary"]);
    let undone = repository.json(&["undo", "--yes", "--format", "json"]);
    assert_eq!((&undone["applied"], &undone["undo"]["id"]), (&Value::Bool(true), &Value::from("protocol")));
    assert_eq!(repository.read(MAIN), before);
    assert_eq!(repository.json(&["undo", "--yes", "--format", "json"])["undo"], Value::Null);
}

/// The answer of `phase 0`, with a `kubectl` that does as the script says; none without one.
fn prepared(repository: &Repository, kubectl: Option<&str>) -> Value {
    use std::os::unix::fs::PermissionsExt;
    let programs = tempfile::tempdir().unwrap();
    for program in ["git", "sh", "sleep"] {
        let path = std::env::var_os("PATH").unwrap();
        let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.exists()).unwrap();
        std::os::unix::fs::symlink(found, programs.path().join(program)).unwrap();
    }
    if let Some(script) = kubectl {
        let path = programs.path().join("kubectl");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_ci-migrate"))
        .current_dir(repository.folder.path())
        .args(["phase", "0", "--format", "json"])
        .env("PATH", programs.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn wanted(answer: &Value, name: &str) -> (String, String) {
    let all = answer["prerequisites"].as_array().unwrap();
    let found = all.iter().find(|wanted| wanted["name"] == name).unwrap();
    (found["state"].as_str().unwrap().to_owned(), found["message"].as_str().unwrap().to_owned())
}

#[test]
fn the_preparation_says_what_was_understood_and_what_it_wants() {
    let repository = sample();
    let before = repository.read(MAIN);
    let answer = prepared(&repository, None);
    assert_eq!((&answer["jobs"]["total"], &answer["jobs"]["roles"]["pilot"]), (&18.into(), &2.into()));
    assert_eq!(answer["daemon"]["services"][0], "docker:29-dind");
    assert_eq!(answer["daemon"]["variables"].as_array().unwrap().len(), 4);
    assert_eq!(answer["phases"].as_array().unwrap().len(), 6);
    assert_eq!(wanted(&answer, "git").0, "missing");
    assert_eq!(wanted(&answer, "cluster"), ("unknown".into(), "there is no kubectl to ask with".into()));

    let git = |arguments: &[&str]| {
        assert!(Command::new("git").current_dir(repository.folder.path()).args(arguments).status().unwrap().success());
    };
    git(&["init", "-q", "-b", "main"]);
    let asked = "case \"$*\" in *'can-i create deployments.apps'*'--namespace gitlab-runner'*) echo yes;; esac";
    let answer = prepared(&repository, Some(asked));
    assert_eq!((wanted(&answer, "git").0, wanted(&answer, "work-tree").0), ("ok".into(), "missing".into()));
    assert!(wanted(&answer, "branch").1.starts_with("on main;"));
    assert_eq!(wanted(&answer, "cluster").0, "ok");
    assert_eq!(wanted(&prepared(&repository, Some("echo no; exit 1")), "cluster").0, "missing");
    let (state, said) = wanted(&prepared(&repository, Some("echo no route >&2; exit 1")), "cluster");
    assert!(state == "unknown" && said.ends_with("no route"), "{said}");
    let slow = wanted(&prepared(&repository, Some("exec sleep 60")), "cluster").1;
    assert!(slow.ends_with("no answer within 5 seconds"), "{slow}");
    let text = repository.wants(0, &["phase", "0"]);
    assert!(text.out.contains("Docker-in-Docker for every job: docker:29-dind"), "{}", text.out);
    assert!(text.out.contains("1 Protocol proof of concept (pending, 2 jobs)"), "{}", text.out);
    assert_eq!(repository.read(MAIN), before);
}

#[test]
fn shells_and_man_can_read_what_is_made_for_them() {
    let repository = Repository::with(&[]);
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = repository.wants(0, &["completions", shell]).out;
        assert!(script.contains("ci-migrate") && script.contains("undo"), "{shell}");
    }
    repository.wants(2, &["completions", "tcsh"]);
    assert!(repository.wants(0, &["man"]).out.contains(".TH ci-migrate 1"));
    repository.wants(0, &["man", "--out", "pages"]);
    let pages: Vec<String> = common::files(repository.folder.path()).into_iter().map(|(name, _)| name).collect();
    for page in ["ci-migrate.1", "ci-migrate-undo.1", "ci-migrate-run.1"] {
        assert!(pages.contains(&format!("pages/{page}")), "{pages:?}");
    }
    std::fs::write(repository.folder.path().join("file"), "").unwrap();
    repository.wants(2, &["man", "--out", "file"]);
}
