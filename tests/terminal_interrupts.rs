//! Ctrl-C in each place: whole files, and a usable terminal.
#![cfg(unix)]

mod common;
mod person;

use std::thread::sleep;
use std::time::{Duration, Instant};

use person::{CTRL_C, MAIN, PATIENCE, Person, after, program, sample};
use pretty_assertions::assert_eq;

#[test]
fn ctrl_c_in_each_place() {
    let repository = sample();
    let before = repository.read(MAIN);
    let stops: &[(&[(&str, &str)], &str)] = &[
        (&[], "Apply phase 1"),
        (&[("[y,n,j", "j")], "Space picks"),
        (&[("[y,n,j", "v")], "Which job"),
        (&[("[y,n,j", "?")], "y  apply it"),
    ];
    let commands =
        [&["run"][..], &["phase", "1"]].into_iter().flat_map(|command| stops.iter().map(move |stop| (command, stop)));
    let skipped: (&[(&str, &str)], &str) = (&[("[y,n,j", "n")], "Go on all the same?");
    for (command, (way, stop)) in commands.chain([(&["run"][..], &skipped)]) {
        let mut person = Person::runs(&repository, command);
        for (question, key) in *way {
            person.sees(question).presses(key);
        }
        person.sees(stop);
        sleep(Duration::from_millis(100));
        person.presses(CTRL_C);
        assert!(person.ends(130).ends_with('\n'), "the shell's prompt has a line of its own: {stop}");
        assert_eq!(repository.read(MAIN), before, "{stop}");
    }
    repository.wants(0, &["phase", "1", "--yes"]);
    let mut person = Person::runs(&repository, &["undo"]);
    person.sees("Take phase 1").presses(CTRL_C);
    person.ends(130);
    assert_eq!(repository.read(MAIN), after(&["1"]));
}

#[test]
fn ctrl_c_while_it_works_leaves_whole_files() {
    let states: Vec<String> = (0..=6)
        .map(|last| {
            let repository = sample();
            if last > 0 {
                repository.wants(0, &["run", "--yes", "--through", &last.to_string()]);
            }
            repository.read(MAIN)
        })
        .collect();
    let mut interrupted = 0;
    for round in 0..12u64 {
        let repository = sample();
        let mut person = Person::runs(&repository, &["run", "--yes"]);
        sleep(Duration::from_millis(20 + round * 40));
        if person.child.try_wait().unwrap().is_none() {
            person.presses(CTRL_C);
        }
        let start = Instant::now();
        let code = loop {
            if let Some(status) = person.child.try_wait().unwrap() {
                // Before the program listens, the signal itself ends it: 130 to a shell.
                break if status.signal() == Some("Interrupt") { 130 } else { status.exit_code() };
            }
            assert!(start.elapsed() < PATIENCE);
            sleep(Duration::from_millis(5));
        };
        assert!([0, 130].contains(&code), "{code}");
        interrupted += u32::from(code == 130);
        assert!(states.contains(&repository.read(MAIN)), "round {round}");
        let names: Vec<String> = common::files(repository.folder.path()).into_iter().map(|(name, _)| name).collect();
        assert!(!names.iter().any(|name| name.ends_with(".tmp")), "{names:?}");
    }
    assert!(interrupted > 0, "it was always too late");
}

#[test]
fn ctrl_c_in_the_editor_is_the_editors() {
    let repository = sample();
    let before = repository.read(MAIN);
    let editor = program(&repository, "echo in the editor; sleep 60");
    let mut person = Person::with(&repository, &["run"], &[("EDITOR", &editor)]);
    person.sees("[y,n,j").presses("e").sees("in the editor").presses(CTRL_C).sees("Nothing was edited").sees("[y,n,j");
    person.presses("q");
    person.ends(0);
    assert_eq!(repository.read(MAIN), before);
}

#[test]
fn ctrl_c_in_the_pager_is_the_pagers() {
    let repository = sample();
    let before = repository.read(MAIN);
    // It waits without a child, which might miss the signal while it is being started.
    let pager = program(&repository, "trap 'echo caught; exit' INT; echo in the pager; read key < /dev/tty");
    let mut person = Person::in_window(&repository, &["run"], (20, 100), &[("PAGER", &pager)]);
    person.sees("in the pager").presses(CTRL_C).sees("caught").sees("[y,n,j").presses(CTRL_C);
    person.ends(130);
    assert_eq!(repository.read(MAIN), before);
}
