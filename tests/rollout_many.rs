//! Two hundred repositories of three sizes, over `git daemon`: planned, pushed with recorded options, and left alone by a second run.
//!
//! It takes minutes and some hundred megabytes: `cargo test --test rollout_many -- --ignored --nocapture`.
#![cfg(unix)]

mod common;
mod rollout_common;

use std::path::Path;
use std::time::Instant;

use rollout_common::{BRANCH, Place, git_in, head, hook, journal, outcomes, rows};

const COUNT: usize = 200;

/// Fills a work tree with files that do not compress, a commit for each version.
fn grow(work: &Path, folders: usize, files: usize, bytes: usize, versions: usize) {
    let mut seed = 7u64;
    for version in 0..versions {
        for folder in 0..folders {
            let folder = work.join(format!("source/{folder}"));
            std::fs::create_dir_all(&folder).unwrap();
            for file in 0..files {
                let mut next = || {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (seed >> 56) as u8
                };
                let text: Vec<u8> = (0..bytes).map(|_| next()).collect();
                std::fs::write(folder.join(format!("f{file}")), text).unwrap();
            }
        }
        git_in(work, &["add", "-A"]);
        git_in(work, &["commit", "-q", "-m", &format!("version {version}")]);
    }
}

#[test]
#[ignore = "takes minutes"]
fn two_hundred_repositories_of_three_sizes() {
    let place = Place::new();
    let samples = ["job-level-dind", "included-builds", "monorepo"];
    for (number, sample) in samples.iter().enumerate() {
        let work = place.work(sample, sample, &[]);
        match number {
            1 => grow(&work, 1, 10, 200_000, 1),
            2 => grow(&work, 50, 100, 2_000, 3),
            _ => {}
        }
    }
    let names: Vec<String> = (0..COUNT).map(|number| format!("r{number:03}")).collect();
    for (number, name) in names.iter().enumerate() {
        // Of ten, eight are small, one is of 2 MB, and one has 5,000 files and 30 MB of history.
        let sample = samples[number % 10 / 8 + usize::from(number % 10 == 9)];
        let bare = place.publish(name, &place.folder.path().join("work").join(sample));
        git_in(&bare, &["config", "receive.advertisePushOptions", "true"]);
        let say = format!("View merge request for x:\\n  https://gitlab.example/{name}/-/merge_requests/1");
        hook(
            &bare,
            "post-receive",
            &format!("echo \"$GIT_PUSH_OPTION_COUNT $GIT_PUSH_OPTION_0\" >> pushes; printf '{say}\\n' >&2"),
        );
    }
    let place = place.serve();
    let list = place.list(&names.iter().map(|name| place.url(name)).collect::<Vec<_>>());
    let push = ["--from", &list, "--yes", "--merge-request", "--label", "x", "--jobs", "8"];

    let begin = Instant::now();
    let planned = place.json(0, &["--from", &list, "--dry-run", "plan", "--jobs", "8"]);
    eprintln!("{COUNT} planned in {:.1} s", begin.elapsed().as_secs_f64());
    assert_eq!(planned["totals"]["repositories"], COUNT);
    let begin = Instant::now();
    let answer = place.json(0, &push);
    eprintln!("{COUNT} pushed in {:.1} s", begin.elapsed().as_secs_f64());
    assert!(outcomes(&answer).values().all(|outcome| outcome == "migrated" || outcome == "partly"));
    assert_eq!(answer["totals"]["merge_requests"], COUNT);
    let found = rows(&answer);
    let state = || -> Vec<(Option<String>, String)> {
        let bares = names.iter().map(|name| place.srv(&format!("{name}.git")));
        bares.map(|bare| (head(&bare, BRANCH), std::fs::read_to_string(bare.join("pushes")).unwrap())).collect()
    };
    let before = state();
    for (name, (head, pushes)) in names.iter().zip(&before) {
        assert_eq!(head.as_deref(), found[name]["commit"].as_str(), "{name}");
        assert_eq!(pushes, "4 merge_request.create\n", "create, title, label, description: {name}");
        assert_eq!(found[name]["diff"], rows(&planned)[name]["diff"], "{name}");
    }
    let steps = journal(&place.folder.path().join("state")).len();
    let begin = Instant::now();
    assert_eq!(place.json(0, &push), answer);
    eprintln!("{COUNT} again in {:.1} s", begin.elapsed().as_secs_f64());
    assert_eq!(state(), before);
    assert_eq!(journal(&place.folder.path().join("state")).len(), steps);
    // Another machine, without the journal: it finds them done, and pushes nothing.
    let begin = Instant::now();
    place.json(0, &[&push[..], &["--state", "elsewhere"]].concat());
    eprintln!("{COUNT} found done without a journal in {:.1} s", begin.elapsed().as_secs_f64());
    assert_eq!(state(), before);
}
