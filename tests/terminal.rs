//! A person at a terminal: each answer to each question, narrow windows, pagers and editors.
#![cfg(unix)]

mod common;
mod person;

use person::{CTRL_D, MAIN, Person, after, program, sample};
use pretty_assertions::assert_eq;

#[test]
fn where_it_stands_then_yes_no_and_quit() {
    let repository = sample();
    let mut person = Person::runs(&repository, &["run"]);
    person.sees("PHASE").sees("Protocol proof of concept").sees("pending").sees("Extract the template");
    person.sees("Phase 1: Protocol proof of concept").sees("Changes build / schemas, build / schemas / release (");
    person
        .sees("The simplest image")
        .sees("@@ build / schemas")
        .sees("Proved: 18 jobs: 16 the same, 2 differ as declared.");
    person.sees("Apply phase 1 to 2 jobs? [y,n,j,e,v,q,?] ").presses("y").sees("Phase 1 is applied");
    person.sees("Phase 2: Node services").sees("[y,n").presses("n").sees("Phase 2 is skipped");
    person.sees("Phase 2 is pending and comes before phase 3. Go on all the same? [y,n] ").presses("\r").sees("[y,n] ");
    person.presses("y").sees("Phase 3: System tests").sees("[y,n,e,v,q,?] ").presses("y").sees("Phase 3 is applied");
    person.sees("[y,n").presses("q").sees("what was applied stays");
    person.ends(0);
    assert_eq!(repository.read(MAIN), after(&["1", "3"]));
    repository.wants(0, &["undo", "--yes"]);
    assert_eq!(repository.read(MAIN), after(&["1"]));
}

#[test]
fn no_to_going_on_ends_it() {
    let repository = sample();
    let before = repository.read(MAIN);
    let mut person = Person::runs(&repository, &["run"]);
    person.sees("[y,n,j").presses("n").sees("Go on all the same?").presses("n");
    assert!(person.ends(0).contains("Nothing was written."));
    assert_eq!(repository.read(MAIN), before);
}

#[test]
fn a_key_that_is_no_answer_changes_nothing() {
    let repository = sample();
    let before = repository.read(MAIN);
    let mut person = Person::runs(&repository, &["run"]);
    for key in ["\r", "\n", "x", "?", " ", "\u{1b}[A", "Ü"] {
        person.sees("Apply phase 1 to 2 jobs? ").presses(key).sees("y  apply it").sees("q  quit");
        assert_eq!(repository.read(MAIN), before, "{key:?}");
    }
    person.sees("? [").presses(CTRL_D);
    person.ends(0);
    assert_eq!(repository.read(MAIN), before);
}

#[test]
fn all_phases_one_after_the_other() {
    let repository = sample();
    let mut person = Person::runs(&repository, &["run"]);
    for phase in 1..=6 {
        person.sees(&format!("Apply phase {phase}")).sees("] ").presses("y");
    }
    assert!(person.ends(0).contains("Every phase is done."));
    let other = sample();
    other.wants(0, &["run", "--yes"]);
    assert_eq!(repository.read(MAIN), other.read(MAIN));
    assert!(Person::runs(&repository, &["run"]).ends(0).contains("Nothing to do."));
}

#[test]
fn jobs_are_picked() {
    let repository = sample();
    let before = repository.effective();
    let mut person = Person::runs(&repository, &["run", "--through", "1"]);
    // Nothing picked is nothing changed.
    person.sees("[y,n,j").presses("j").sees("Space picks").sees("build / schemas / release").presses("\r");
    person.sees("No job was picked").sees("[y,n,j").presses("j").sees("build / schemas / release").presses(" \r");
    person
        .sees("Changes build / schemas (")
        .sees("Proved: 18 jobs: 17 the same, 1 differ")
        .sees("to 1 job? ")
        .presses("y");
    // The other one is still to be decided.
    person.sees("Phase 1 is applied").sees("Changes build / schemas / release (").sees("to 1 job? [y,n,e,v,q,?] ");
    let now = repository.effective();
    let differ: Vec<_> = before.keys().filter(|job| before[*job] != now[*job]).collect();
    assert_eq!(differ, ["build / schemas"]);
    person.presses("y").sees("Phase 1 is applied");
    person.ends(0);
    assert_eq!(repository.read(MAIN), after(&["1"]));
    repository.wants(0, &["undo", "--yes"]);
    assert_eq!(repository.effective(), now);
}

#[test]
fn a_phase_of_the_whole_pipeline_has_no_jobs_to_pick() {
    let repository = sample();
    repository.wants(0, &["run", "--yes", "--through", "4"]);
    let mut person = Person::runs(&repository, &["run"]);
    person.sees("Apply phase 5 to ").sees(" [y,n,e,v,q,?] ").presses("q");
    person.ends(0);
}

#[test]
fn a_harmless_edit_by_hand_is_taken() {
    let repository = sample();
    let editor = program(&repository, "sed -i 's|^stages:|# reviewed by hand\\n&|' \"$1\"");
    let mut person = Person::with(&repository, &["run"], &[("EDITOR", &editor)]);
    person.sees("[y,n,j").presses("e").sees("+# reviewed by hand").sees("Proved: 18 jobs: 16 the same").sees("[y,n");
    person.presses("y").sees("Phase 1 is applied").sees("[y,n").presses("q");
    person.ends(0);
    assert_eq!(repository.read(MAIN), after(&["1"]).replacen("stages:", "# reviewed by hand\nstages:", 1));
}

#[test]
fn an_edit_that_does_something_else_is_refused_and_not_lost() {
    let repository = sample();
    let before = repository.read(MAIN);
    let seen = repository.state.path().join("seen");
    let script = format!("cp \"$1\" {}; sed -i 's|buildx inspect --bootstrap|buildx inspect|' \"$1\"", seen.display());
    let editor = program(&repository, &script);
    let mut person = Person::with(&repository, &["run"], &[("EDITOR", "false"), ("VISUAL", &editor)]);
    person.sees("[y,n,j").presses("e").sees("Refused: the proof failed at `build / schemas").sees("[y,n,j");
    assert!(std::fs::read_to_string(&seen).unwrap().contains("inspect --bootstrap"));
    // What was written is there again.
    person.presses("e").sees("[y,n,j");
    assert!(!std::fs::read_to_string(&seen).unwrap().contains("inspect --bootstrap"));
    // And the proposal itself is as it was.
    assert_eq!(repository.read(MAIN), before);
    person.presses("y").sees("Phase 1 is applied").sees("[y,n").presses("q");
    person.ends(0);
    assert_eq!(repository.read(MAIN), after(&["1"]));
}

#[test]
fn what_an_editor_may_do_wrong() {
    let repository = sample();
    let before = repository.read(MAIN);
    let cases = [
        ("echo '  : [' >> \"$1\"", "Refused: .gitlab-ci.yml: "),
        ("exit 1", "Nothing was edited. The editor `"),
        (":", "Nothing was edited."),
        ("printf '\\377' > \"$1\"", "not UTF-8"),
        ("rm \"$1\"", "o such file"),
        (": > \"$1\"", "Refused: "),
    ];
    for (script, said) in cases {
        let editor = program(&repository, script);
        let mut person = Person::with(&repository, &["run"], &[("EDITOR", &editor)]);
        person.sees("[y,n,j").presses("e").sees(said).sees("[y,n,j").presses("q");
        person.ends(0);
        assert_eq!(repository.read(MAIN), before, "{script}");
    }
    let mut person = Person::with(&repository, &["run"], &[("EDITOR", "/no/such/editor")]);
    person.sees("[y,n,j").presses("e").sees("the editor `/no/such/editor` cannot be run").sees("[y,n,j").presses("q");
    person.ends(0);
}

#[test]
fn the_effective_difference_of_a_job() {
    let repository = sample();
    let mut person = Person::runs(&repository, &["run"]);
    person.sees("[y,n,j").presses("v").sees("Which job").sees("build / schemas / release").presses("\u{1b}[B\r");
    person.sees("What GitLab makes of build / schemas / release, before and after").sees("@@");
    person.sees("-  - docker:29-dind").sees("[y,n,j").presses("q");
    let text = person.ends(0);
    // In the pager, it says what it is of.
    let pager = program(&repository, "grep -a 'What GitLab makes' && sleep 0.2");
    let mut person = Person::in_window(&repository, &["run"], (14, 100), &[("PAGER", &pager)]);
    person.sees("[y,n,j").presses("v").sees("Which job").presses("\r").sees("What GitLab makes of build / schemas,");
    person.sees("[y,n,j").presses("q");
    person.ends(0);
    let view = text.split("before and after:\n").nth(1).unwrap();
    assert!(view.starts_with("@@ ") && view.contains("@@ after_script\n"), "{view}");
    assert!(view.contains("+  - docker buildx inspect --bootstrap"), "{view}");
}

#[test]
fn a_long_diff_goes_through_the_pager() {
    let repository = sample();
    let paged = repository.state.path().join("paged");
    let pager = program(&repository, &format!("cat > {}", paged.display()));
    let small = (20, 100);
    let mut person = Person::in_window(&repository, &["run"], small, &[("PAGER", &pager)]);
    person.sees("[y,n,j").presses("q");
    let text = person.ends(0);
    let diff = std::fs::read_to_string(&paged).unwrap();
    assert!(diff.contains("\u{1b}[") && diff.contains("@@"), "coloured: {diff:?}");
    assert!(!text.contains("@@"), "{text}");
    // One that is not there, or fails, is done without.
    for pager in ["/no/such/pager", "false", "'"] {
        let mut person = Person::in_window(&repository, &["run"], small, &[("PAGER", pager)]);
        person.sees("@@").sees("[y,n,j").presses("q");
        person.ends(0);
    }
    // A short diff needs none.
    let mut person = Person::in_window(&repository, &["run"], (400, 100), &[("PAGER", "false-pager")]);
    person.sees("@@").sees("[y,n,j").presses("q");
    person.ends(0);
}

#[test]
fn a_window_of_sixty_columns() {
    let repository = sample();
    let mut person = Person::in_window(&repository, &["run"], (50, 60), &[]);
    person.sees("[y,n,j").presses("q");
    let text = person.ends(0);
    let table: Vec<&str> = text.lines().take_while(|line| !line.starts_with("Phase 1")).collect();
    assert!(table.len() >= 7 && table.iter().all(|line| line.chars().count() <= 60), "{table:#?}");
}

#[test]
fn colours_follow_no_color() {
    let repository = sample();
    for (environment, coloured) in [(&[][..], true), (&[("NO_COLOR", "1")][..], false)] {
        let mut person = Person::with(&repository, &["run"], environment);
        person.sees("[y,n,j").presses("q");
        person.ends(0);
        let all = person.everything();
        assert_eq!(all.contains("\u{1b}[32m") || all.contains("\u{1b}[31m"), coloured, "{environment:?}");
    }
}

#[test]
fn one_phase_asks_what_run_asks() {
    let repository = sample();
    let before = repository.read(MAIN);
    for (key, said) in [("n", "Phase 1 is skipped."), ("q", ""), (CTRL_D, "")] {
        let mut person = Person::runs(&repository, &["phase", "1"]);
        person.sees("Changes build / schemas, build / schemas / release (").sees("@@ build / schemas");
        person.sees("Proved: 18 jobs: 16 the same").sees("Apply phase 1 to 2 jobs? [y,n,j,e,v,q,?] ").presses("\r");
        person.sees("y  apply it").sees("Apply phase 1 to 2 jobs? ").presses(key).sees(said);
        assert!(person.ends(0).contains("Nothing was written."), "{key:?}");
        assert_eq!(repository.read(MAIN), before);
    }
    let mut person = Person::runs(&repository, &["phase", "1", "--exit-code"]);
    person.sees("[y,n,j").presses("v").sees("Which job").presses("\r").sees("What GitLab makes of build / schemas,");
    person.sees("[y,n,j").presses("j").sees("build / schemas / release").presses(" \r");
    // The job that was not picked comes again.
    person.sees("to 1 job? ").presses("y").sees("Phase 1 is applied").sees("to 1 job? [y,n,e,v,q,?] ").presses("y");
    person.sees("Phase 1 is applied to .gitlab-ci.yml.");
    person.ends(1);
    assert_eq!(repository.read(MAIN), after(&["1"]));
    let pager = program(&repository, "echo in the pager; cat > /dev/null");
    let mut person = Person::in_window(&repository, &["undo"], (20, 100), &[("PAGER", &pager)]);
    person.sees("in the pager").sees("Take phase 1 (Protocol proof of concept) back?").presses("\r");
    person.sees("Nothing was written.");
    person.ends(0);
    let repository = sample();
    let editor = program(&repository, "sed -i 's|^stages:|# reviewed by hand\\n&|' \"$1\"");
    let pager = [("EDITOR", &*editor), ("PAGER", "cat")];
    let mut person = Person::with(&repository, &["phase", "1"], &pager);
    person.sees("[y,n,j").presses("e").sees("+# reviewed by hand").sees("[y,n").presses("y").sees("Phase 1 is applied");
    person.ends(0);
    assert!(repository.read(MAIN).contains("# reviewed by hand\nstages:"));
}

#[test]
fn what_was_applied_is_taken_back_after_a_yes() {
    let repository = sample();
    let before = repository.read(MAIN);
    repository.wants(0, &["phase", "1", "--yes"]);
    for key in ["\r", "n"] {
        let mut person = Person::runs(&repository, &["undo"]);
        person.sees("Take phase 1 (Protocol proof of concept) back?").presses(key).sees("Nothing was written.");
        person.ends(0);
        assert_eq!(repository.read(MAIN), after(&["1"]));
    }
    let mut person = Person::runs(&repository, &["undo"]);
    person.sees("back?").presses("y").sees("Taken back: .gitlab-ci.yml.");
    person.ends(0);
    assert_eq!(repository.read(MAIN), before);
}

#[test]
fn a_program_at_a_terminal_is_not_asked() {
    let repository = sample();
    for arguments in [&["phase", "1"][..], &["run"]] {
        let mut person = Person::runs(&repository, &[arguments, &["--format", "json"]].concat());
        person.sees("--format json asks no questions").sees("--dry-run");
        person.ends(2);
    }
}
