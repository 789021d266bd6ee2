//! Real git servers on the loopback, and a rollout over them.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod http;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{self, Ran, testdata};
use serde_json::Value;

pub const BRANCH: &str = "feat/buildkit-rootless";

/// A folder with bare repositories, `git daemon` over it, and a user's state. The server ends with it.
pub struct Place {
    pub folder: tempfile::TempDir,
    pub daemon: Option<Child>,
    pub port: u16,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

pub fn git_in(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=Someone", "-c", "user.email=someone@example.com"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

impl Place {
    pub fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("srv")).unwrap();
        Place { folder, daemon: None, port: 0 }
    }

    /// Starts `git daemon` on a port of the loopback that was free a moment ago.
    pub fn serve(mut self) -> Place {
        for _ in 0..5 {
            self.port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let exec = Command::new("git").arg("--exec-path").output().unwrap();
            let exec = String::from_utf8(exec.stdout).unwrap();
            // The program itself, so that what is ended is the server and not its parent.
            let mut daemon = Command::new(Path::new(exec.trim()).join("git-daemon"))
                .args(["--reuseaddr", "--listen=127.0.0.1", "--export-all", "--enable=receive-pack", "--timeout=30"])
                .arg(format!("--port={}", self.port))
                .arg(format!("--base-path={}", self.srv("").display()))
                .arg(self.srv(""))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let start = Instant::now();
            while start.elapsed() < Duration::from_secs(10) && daemon.try_wait().unwrap().is_none() {
                if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                    self.daemon = Some(daemon);
                    return self;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
        panic!("git daemon does not start");
    }

    pub fn srv(&self, name: &str) -> PathBuf {
        self.folder.path().join("srv").join(name)
    }

    /// A bare repository with a sample in it, made like a server's.
    pub fn repository(&self, name: &str, sample: &str, init: &[&str]) -> PathBuf {
        let work = self.work(name, sample, init);
        self.publish(name, &work)
    }

    pub fn work(&self, name: &str, sample: &str, init: &[&str]) -> PathBuf {
        let work = self.folder.path().join("work").join(name);
        std::fs::create_dir_all(&work).unwrap();
        git_in(&work, &[&["init", "-q", "-b", "main"], init].concat());
        for (path, from) in common::files(&testdata("pipelines").join(sample)) {
            let to = work.join(path);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::write(to, std::fs::read(from).unwrap()).unwrap();
        }
        git_in(&work, &["add", "-A"]);
        git_in(&work, &["commit", "-q", "-m", "before"]);
        work
    }

    pub fn publish(&self, name: &str, work: &Path) -> PathBuf {
        let bare = self.srv(&format!("{name}.git"));
        git_in(self.folder.path(), &["clone", "-q", "--bare", work.to_str().unwrap(), bare.to_str().unwrap()]);
        git_in(&bare, &["config", "uploadpack.allowFilter", "true"]);
        bare
    }

    pub fn url(&self, name: &str) -> String {
        format!("git://127.0.0.1:{}/{name}.git", self.port)
    }

    /// Writes a list of repositories, and gives its path.
    pub fn list(&self, urls: &[String]) -> String {
        let path = self.folder.path().join("list");
        std::fs::write(&path, urls.join("\n")).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ci-migrate"));
        command
            .current_dir(self.folder.path())
            .arg("rollout")
            .args(arguments)
            .env("XDG_STATE_HOME", self.folder.path().join("state"))
            .env("TMPDIR", self.scratch())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_AUTHOR_NAME", "Someone")
            .envs([("GIT_COMMITTER_NAME", "Someone"), ("GIT_COMMITTER_EMAIL", "someone@example.com")])
            .stdin(Stdio::null());
        command
    }

    pub fn scratch(&self) -> PathBuf {
        let scratch = self.folder.path().join("tmp");
        std::fs::create_dir_all(&scratch).unwrap();
        scratch
    }

    #[track_caller]
    pub fn wants(&self, code: i32, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let ran = Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) };
        assert_eq!(ran.code, code, "{arguments:?}\n{}{}", ran.out, ran.err);
        ran
    }

    #[track_caller]
    pub fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let ran = self.wants(code, &[arguments, &["--format", "json"]].concat());
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}{}", ran.out, ran.err))
    }
}

/// The rows of an answer by the last part of their name, without `.git`.
pub fn rows(answer: &Value) -> BTreeMap<String, Value> {
    let rows = answer["repositories"].as_array().unwrap().iter();
    let name = |row: &Value| {
        row["repository"].as_str().unwrap().rsplit('/').next().unwrap().trim_end_matches(".git").to_owned()
    };
    rows.map(|row| (name(row), row.clone())).collect()
}

pub fn outcomes(answer: &Value) -> BTreeMap<String, String> {
    rows(answer).into_iter().map(|(name, row)| (name, row["outcome"].as_str().unwrap().to_owned())).collect()
}

pub fn hook(bare: &Path, name: &str, script: &str) {
    std::fs::create_dir_all(bare.join("hooks")).unwrap();
    let path = bare.join("hooks").join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

pub fn head(bare: &Path, branch: &str) -> Option<String> {
    let output = Command::new("git")
        .current_dir(bare)
        .args(["rev-parse", "--quiet", "--verify", &format!("refs/heads/{branch}")])
        .output()
        .unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

/// Every line of every journal below a folder.
pub fn journal(state: &Path) -> Vec<Value> {
    let files = common::files(state).into_iter().filter(|(name, _)| name.ends_with("journal.jsonl"));
    let texts = files.map(|(_, path)| std::fs::read_to_string(path).unwrap());
    texts.flat_map(|text| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>()).collect()
}
