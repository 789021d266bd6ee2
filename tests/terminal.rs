//! A person at a terminal: each answer, each place to press Ctrl-C, narrow windows, pagers and editors.
#![cfg(unix)]

mod common;

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use common::{Repository, testdata};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use pretty_assertions::assert_eq;

const MAIN: &str = ".gitlab-ci.yml";
const PATIENCE: Duration = Duration::from_secs(60);
const CTRL_C: &str = "\u{3}";
const CTRL_D: &str = "\u{4}";

fn sample() -> Repository {
    Repository::copy(&testdata("pipelines/monorepo"))
}

/// Somebody who reads a terminal and presses keys.
struct Person {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    shown: Arc<Mutex<Vec<u8>>>,
    /// How much of it was read.
    read: usize,
}

impl Person {
    fn runs(repository: &Repository, arguments: &[&str]) -> Person {
        Person::in_window(repository, arguments, (40, 120), &[])
    }

    fn with(repository: &Repository, arguments: &[&str], environment: &[(&str, &str)]) -> Person {
        Person::in_window(repository, arguments, (40, 120), environment)
    }

    fn in_window(
        repository: &Repository,
        arguments: &[&str],
        size: (u16, u16),
        environment: &[(&str, &str)],
    ) -> Person {
        let (rows, cols) = size;
        let pty = native_pty_system().openpty(PtySize { rows, cols, ..PtySize::default() }).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_ci-migrate"));
        command.args(arguments);
        command.cwd(repository.folder.path());
        for name in ["NO_COLOR", "VISUAL", "EDITOR", "LESS", "CLICOLOR"] {
            command.env_remove(name);
        }
        let state = repository.state.path().to_str().unwrap();
        let own = [("TERM", "xterm-256color"), ("PAGER", "cat"), ("XDG_STATE_HOME", state)];
        own.iter().chain(environment).for_each(|(name, value)| command.env(name, value));
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let mut reader = pty.master.try_clone_reader().unwrap();
        let shown = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&shown);
        spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                all.lock().unwrap().extend_from_slice(&bytes[..count]);
            }
        });
        Person { child, keys: pty.master.take_writer().unwrap(), master: pty.master, shown, read: 0 }
    }

    fn everything(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    /// All that was shown, as text.
    fn text(&self) -> String {
        anstream::adapter::strip_str(&self.everything()).to_string().replace("\r\n", "\n")
    }

    /// Waits for a text that comes after what was read so far.
    fn sees(&mut self, wanted: &str) -> &mut Person {
        let start = Instant::now();
        loop {
            let text = self.text();
            if let Some(at) = text.get(self.read..).and_then(|rest| rest.find(wanted)) {
                self.read += at + wanted.len();
                return self;
            }
            assert!(start.elapsed() < PATIENCE, "never saw {wanted:?} in:\n{}", &text[self.read.min(text.len())..]);
            sleep(Duration::from_millis(10));
        }
    }

    fn presses(&mut self, keys: &str) -> &mut Person {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
        self
    }

    /// Waits for the end, and wants the terminal to be left as it was.
    fn ends(&mut self, code: u32) -> String {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < PATIENCE, "it does not end:\n{}", self.text());
            sleep(Duration::from_millis(10));
        };
        sleep(Duration::from_millis(50));
        assert_eq!(status.exit_code(), code, "{}", self.text());
        let mut screen = vt100::Parser::new(40, 120, 0);
        screen.process(self.everything().as_bytes());
        assert!(!screen.screen().hide_cursor(), "the cursor is hidden");
        let modes = self.master.get_termios().unwrap();
        const ICANON_AND_ECHO: u32 = 0o2 | 0o10;
        assert_eq!(modes.local_flags.bits() & ICANON_AND_ECHO, ICANON_AND_ECHO, "keys are not shown");
        self.text()
    }
}

/// A program that stands for an editor or a pager.
fn program(repository: &Repository, script: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path: PathBuf = repository.state.path().join("program");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The file after phases that are applied without questions.
fn after(phases: &[&str]) -> String {
    let repository = sample();
    for phase in phases {
        repository.wants(0, &["phase", phase, "--yes", "--out-of-order"]);
    }
    repository.read(MAIN)
}

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
        ("exit 1", "Nothing was edited."),
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
    let view = text.split("before and after:\n").nth(1).unwrap();
    assert!(view.starts_with("@@ ") && view.contains("@@ after_script\n"), "{view}");
    assert!(view.contains("+  - docker buildx inspect --bootstrap"), "{view}");
}

#[test]
fn ctrl_c_in_each_place() {
    let repository = sample();
    let before = repository.read(MAIN);
    let stops: &[(&[(&str, &str)], &str)] = &[
        (&[], "Apply phase 1"),
        (&[("[y,n,j", "j")], "Space picks"),
        (&[("[y,n,j", "v")], "Which job"),
        (&[("[y,n,j", "n")], "Go on all the same?"),
        (&[("[y,n,j", "?")], "y  apply it"),
    ];
    for (way, stop) in stops {
        let mut person = Person::runs(&repository, &["run"]);
        for (question, key) in *way {
            person.sees(question).presses(key);
        }
        person.sees(stop);
        sleep(Duration::from_millis(100));
        person.presses(CTRL_C);
        person.ends(130);
        assert_eq!(repository.read(MAIN), before, "{stop}");
    }
    for arguments in [&["phase", "1"][..], &["run"]] {
        let mut person = Person::runs(&repository, arguments);
        person.sees("Apply phase 1").presses(CTRL_C);
        person.ends(130);
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
                break status.exit_code();
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
