//! A rollout that is stopped, killed, or stops by itself: nothing is lost, nothing is done twice.
#![cfg(unix)]

mod common;
mod rollout_common;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rollout_common::{BRANCH, Place, head, hook, outcomes, rows};
use serde_json::Value;

#[test]
fn it_stops_after_failures_and_says_who_waits() {
    let place = Place::new();
    let bares = ["a", "b", "c", "d"].map(|name| place.repository(name, "job-level-dind", &[]));
    bares.iter().take(2).for_each(|bare| hook(bare, "pre-receive", "exit 1"));
    let place = place.serve();
    let list = place.list(&["a", "b", "c", "d"].map(|name| place.url(name)));
    let arguments = ["--from", &list, "--yes", "--jobs", "1", "--stop-after-failures", "2"];
    let answer = place.json(4, &arguments);
    assert_eq!(answer["waiting"].as_array().unwrap().len(), 2);
    let start = Instant::now();
    bares.iter().take(2).for_each(|bare| std::fs::remove_file(bare.join("hooks/pre-receive")).unwrap());
    let answer = place.json(0, &["--from", &list, "--yes", "--wave", "2", "--pause", "300ms"]);
    assert!(start.elapsed() >= Duration::from_millis(300), "there are two waves");
    assert_eq!(answer["waiting"].as_array().unwrap().len(), 0);
}

#[test]
fn a_kill_at_any_moment_loses_nothing() {
    let place = Place::new();
    let names: Vec<String> = (0..6).map(|number| format!("k{number}")).collect();
    let bares: Vec<PathBuf> = names.iter().map(|name| place.repository(name, "included-builds", &[])).collect();
    // Who made the branch, and how often.
    bares.iter().for_each(|bare| hook(bare, "post-receive", "cat >> pushes"));
    let place = place.serve();
    let list = place.list(&names.iter().map(|name| place.url(name)).collect::<Vec<_>>());
    let start = Instant::now();
    place.json(0, &["--from", &list, "--yes", "--state", "whole"]);
    let whole = start.elapsed();
    place.wants(0, &["undo", "--state", "whole", "--yes"]);
    bares.iter().for_each(|bare| std::fs::remove_file(bare.join("pushes")).unwrap());

    let (mut cut, mut torn) = (0, 0);
    let mut seed = 42u64;
    for round in 0..50u32 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let part = (seed >> 40) as f64 / (1u64 << 24) as f64;
        let mut child = place
            .command(&["--from", &list, "--yes", "--state", "state-k"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The state goes on from kill to kill; after some of them it is begun anew.
        std::thread::sleep(whole.mul_f64(part));
        child.kill().unwrap();
        child.wait().unwrap();
        let state = place.folder.path().join("state-k");
        if round % 5 == 4 || !state.join("journal.jsonl").exists() {
            // Some of the kills leave half a line.
            if let Ok(mut file) = std::fs::OpenOptions::new().append(true).open(state.join("journal.jsonl")) {
                file.write_all(b"{\"step\":\"inte").unwrap();
                torn += 1;
            }
            // A push that was under way comes to its end without us.
            std::thread::sleep(Duration::from_millis(150));
            let answer = place.json(0, &["--from", &list, "--yes", "--state", "state-k"]);
            assert_eq!(answer["repositories"].as_array().unwrap().len(), 6);
            let text = std::fs::read_to_string(state.join("journal.jsonl")).unwrap();
            assert!(text.ends_with('\n'));
            let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            cut += usize::from(lines.iter().filter(|line| line["step"] == "begin").count() == 1);
            for (bare, row) in bares.iter().zip(rows(&answer).values()) {
                assert_eq!(head(bare, BRANCH).as_deref(), row["commit"].as_str());
                let pushes = std::fs::read_to_string(bare.join("pushes")).unwrap();
                assert_eq!(pushes.lines().count(), 1, "the branch is made once: {pushes}");
            }
            let ran = place.wants(0, &["undo", "--state", "state-k", "--yes"]);
            assert_eq!(ran.out.matches("deleted").count(), 6, "{}", ran.out);
            assert!(bares.iter().all(|bare| head(bare, BRANCH).is_none()));
            bares.iter().for_each(|bare| std::fs::remove_file(bare.join("pushes")).unwrap());
            std::fs::remove_dir_all(&state).unwrap();
        }
    }
    assert!(cut >= 10 && torn >= 10, "{cut} {torn}");
}

#[test]
fn an_interrupt_lets_what_is_under_way_come_to_its_end() {
    let place = Place::new();
    let bares = ["a", "b", "c", "d"].map(|name| place.repository(name, "job-level-dind", &[]));
    bares.iter().for_each(|bare| hook(bare, "pre-receive", "touch begun; sleep 1"));
    let place = place.serve();
    let list = place.list(&["a", "b", "c", "d"].map(|name| place.url(name)));
    let mut child = place
        .command(&["--from", &list, "--yes", "--jobs", "1", "--format", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !bares[0].join("begun").exists() && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(10));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let mut out = String::new();
    std::io::Read::read_to_string(child.stdout.as_mut().unwrap(), &mut out).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(outcomes(&answer).get("a").map(String::as_str), Some("migrated"), "{answer:#}");
    assert_eq!(answer["waiting"].as_array().unwrap().len(), 3);
    assert!(head(&bares[0], BRANCH).is_some() && head(&bares[1], BRANCH).is_none());
    bares.iter().for_each(|bare| hook(bare, "pre-receive", "exit 0"));
    assert_eq!(place.json(0, &["--from", &list, "--yes"])["waiting"].as_array().unwrap().len(), 0);
}
