//! Somebody at a terminal, who reads what is shown and presses keys.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use pretty_assertions::assert_eq;

use crate::common::{Repository, testdata};

pub const MAIN: &str = ".gitlab-ci.yml";
pub const PATIENCE: Duration = Duration::from_secs(60);
pub const CTRL_C: &str = "\u{3}";
pub const CTRL_D: &str = "\u{4}";

pub fn sample() -> Repository {
    Repository::copy(&testdata("pipelines/monorepo"))
}

/// Somebody who reads a terminal and presses keys.
pub struct Person {
    pub child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    shown: Arc<Mutex<Vec<u8>>>,
    /// How much of it was read.
    read: usize,
}

impl Person {
    pub fn runs(repository: &Repository, arguments: &[&str]) -> Person {
        Person::in_window(repository, arguments, (40, 120), &[])
    }

    pub fn with(repository: &Repository, arguments: &[&str], environment: &[(&str, &str)]) -> Person {
        Person::in_window(repository, arguments, (40, 120), environment)
    }

    pub fn in_window(
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

    pub fn everything(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    /// All that was shown, as text.
    pub fn text(&self) -> String {
        anstream::adapter::strip_str(&self.everything()).to_string().replace("\r\n", "\n")
    }

    /// Waits for a text that comes after what was read so far.
    pub fn sees(&mut self, wanted: &str) -> &mut Person {
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

    pub fn presses(&mut self, keys: &str) -> &mut Person {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
        self
    }

    /// Waits for the end, and wants the terminal to be left as it was.
    pub fn ends(&mut self, code: u32) -> String {
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
pub fn program(repository: &Repository, script: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path: PathBuf = repository.state.path().join("program");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The file after phases that are applied without questions.
pub fn after(phases: &[&str]) -> String {
    let repository = sample();
    for phase in phases {
        repository.wants(0, &["phase", phase, "--yes", "--out-of-order"]);
    }
    repository.read(MAIN)
}
