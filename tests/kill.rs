//! A kill at any moment, between two files too: each file is whole, and the next command puts the pipeline right.
#![cfg(unix)]

mod common;

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::{Repository, testdata};
use pretty_assertions::assert_eq;

fn start(repository: &Repository, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ci-migrate"));
    command.current_dir(repository.folder.path()).args(arguments).env("XDG_STATE_HOME", repository.state.path());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn entries(repository: &Repository) -> usize {
    repository.json(&["undo", "--list", "--format", "json"])["entries"].as_array().unwrap().len()
}

#[test]
fn a_kill_at_any_moment_leaves_a_known_state_that_can_be_undone() {
    // Includes: a phase writes more than one file.
    let from = testdata("pipelines/included-builds");
    let known = Repository::copy(&from);
    let paths: Vec<String> =
        common::files(&from).into_iter().map(|(name, _)| name).filter(|name| name.ends_with(".yml")).collect();
    let texts = |repository: &Repository| -> Vec<String> { paths.iter().map(|path| repository.read(path)).collect() };
    let mut states = vec![texts(&known)];
    for phase in 1..=6 {
        known.wants(0, &["phase", &phase.to_string(), "--yes", "--out-of-order"]);
        if states.last() != Some(&texts(&known)) {
            states.push(texts(&known));
        }
    }
    assert!(states.len() > 2);
    let begin = Instant::now();
    Repository::copy(&from).wants(0, &["run", "--yes"]);
    let whole = begin.elapsed();

    let (mut seen, mut between) = (BTreeSet::new(), 0);
    for round in 0..60u32 {
        let repository = Repository::copy(&from);
        let mut child = start(&repository, &["run", "--yes"]);
        sleep(whole.mul_f64(f64::from(round * 37 % 60) / 60.0) + Duration::from_micros(u64::from(round) * 97));
        child.kill().unwrap();
        child.wait().unwrap();
        for (number, path) in paths.iter().enumerate() {
            let text = repository.read(path);
            assert!(states.iter().any(|state| state[number] == text), "{path} is in no known state, round {round}");
        }
        between += usize::from(!states.contains(&texts(&repository)));
        seen.insert(states.iter().position(|state| *state == texts(&repository)));
        // One undo after the other, to the first byte.
        for _ in 0..states.len() + 1 {
            repository.wants(0, &["undo", "--yes"]);
        }
        assert_eq!(texts(&repository), states[0], "round {round}");
        assert_eq!(entries(&repository), 0);
    }
    eprintln!("60 kills met {} of {} states, {between} times between two files", seen.len(), states.len());
    assert!(seen.len() > 1, "no kill came in the middle");
}

/// Files that one phase writes.
const FILES: usize = 80;

/// A pipeline with a build in each of many includes.
fn wide() -> Repository {
    let name = |number: usize| format!("ci/{number:03}.yml");
    let include = |number| format!("  - local: {}\n", name(number));
    let main = format!("stages: [build]\ninclude:\n{}", (0..FILES).map(include).collect::<String>());
    let job = |number: usize| {
        let image = format!("$CI_REGISTRY_IMAGE/s{number}:$CI_COMMIT_SHA");
        format!(
            "build {number}:\n  stage: build\n  image: docker:29\n  services: [docker:29-dind]\n  script:\n    \
             - docker build -t {image} s{number}\n    - docker push {image}\n"
        )
    };
    let jobs: Vec<(String, String)> = (0..FILES).map(|number| (name(number), job(number))).collect();
    let mut files: Vec<(&str, &str)> = jobs.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    files.push((".gitlab-ci.yml", &main));
    // All of one part, or the first would be the pilot.
    files.push((".ci-migrate.yml", "roles:\n  build 0: single\n"));
    Repository::with(&files)
}

fn all_texts(repository: &Repository) -> Vec<String> {
    (0..FILES).map(|number| repository.read(&format!("ci/{number:03}.yml"))).collect()
}

/// Kills a run as soon as the first of its files has been replaced; whether others had not been.
fn kill_in_between(repository: &Repository, phase: &str, whole: &[String]) -> bool {
    let first = repository.folder.path().join("ci/000.yml");
    let inode = |path: &Path| std::fs::metadata(path).unwrap().ino();
    let before = inode(&first);
    let mut child = start(repository, &["phase", phase, "--yes"]);
    while inode(&first) == before && child.try_wait().unwrap().is_none() {}
    child.kill().unwrap();
    child.wait().unwrap();
    let texts = all_texts(repository);
    let written = texts.iter().zip(whole).filter(|(text, whole)| text == whole).count();
    (1..FILES).contains(&written)
}

#[test]
fn a_kill_between_two_files_is_put_right_by_the_next_command() {
    let known = wide();
    let old = all_texts(&known);
    let phases = known.json(&["status", "--format", "json"])["phases"].clone();
    let phase = phases.as_array().unwrap().iter().find(|phase| phase["jobs"].as_array().unwrap().len() == FILES);
    let phase = phase.unwrap()["number"].to_string();
    known.wants(0, &["phase", &phase, "--yes"]);
    let new = all_texts(&known);
    assert!(old.iter().zip(&new).all(|(old, new)| old != new), "the phase writes every file");

    let next: [&[&str]; 3] = [&["undo", "--yes"], &["phase", &phase, "--yes"], &["run", "--yes", "--through", &phase]];
    let mut met = 0;
    for _ in 0..150 {
        let repository = wide();
        if !kill_in_between(&repository, &phase, &new) {
            continue;
        }
        let cut = all_texts(&repository);
        assert!(cut.iter().zip(old.iter().zip(&new)).all(|(cut, (old, new))| cut == old || cut == new), "whole files");
        // What only looks changes nothing; what writes puts it right first.
        repository.wants(0, &["undo", "--list"]);
        repository.wants(0, &["undo", "--dry-run"]);
        repository.wants(0, &["status"]);
        assert_eq!(all_texts(&repository), cut);
        let arguments = next[met % next.len()];
        let ran = repository.wants(0, arguments);
        assert!(ran.err.contains("had been cut off between its files"), "{arguments:?}: {}", ran.err);
        if arguments[0] == "undo" {
            assert_eq!((all_texts(&repository) == old, entries(&repository)), (true, 0));
        } else {
            assert_eq!((all_texts(&repository) == new, entries(&repository)), (true, 1), "{arguments:?}");
            repository.wants(0, &["undo", "--yes"]);
            assert!(all_texts(&repository) == old);
        }
        let left = common::files(repository.folder.path()).into_iter().filter(|(name, _)| name.ends_with(".tmp"));
        assert_eq!(left.count(), 0, "nothing stays beside the files");
        met += 1;
        if met == 2 * next.len() {
            eprintln!("{met} kills came between two of {FILES} files");
            return;
        }
    }
    assert!(met >= next.len(), "only {met} kills came between two files");
}
