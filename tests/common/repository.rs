//! Folders of test data, and repositories that the program is run on.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::path::{Path, PathBuf};

/// All files below a folder, in order, with their path from it.
pub fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push((path.strip_prefix(folder).unwrap().to_string_lossy().into_owned(), path));
            }
        }
    }
    found.sort();
    found
}

/// A folder of this project's own test data.
pub fn testdata(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(path)
}

/// A copy of a repository in a temporary folder, on which the program is run.
pub struct Repository {
    pub folder: tempfile::TempDir,
    /// The user's state, which no test shares with the person who runs it.
    pub state: tempfile::TempDir,
}

/// What a run of the program gave.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Repository {
    pub fn copy(from: &Path) -> Repository {
        let folder = tempfile::tempdir().unwrap();
        for (name, path) in files(from) {
            let to = folder.path().join(name);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(path, &to).unwrap();
            // Shared data is read-only, and so would be the copy.
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
            std::fs::set_permissions(&to, mode).unwrap();
        }
        Repository { folder, state: tempfile::tempdir().unwrap() }
    }

    pub fn with(files: &[(&str, &str)]) -> Repository {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let to = folder.path().join(name);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::write(to, text).unwrap();
        }
        Repository { folder, state: tempfile::tempdir().unwrap() }
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(path)).unwrap()
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_ci-migrate"))
            .current_dir(self.folder.path())
            .args(arguments)
            .env("XDG_STATE_HOME", self.state.path())
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs and wants an exit code.
    pub fn wants(&self, code: i32, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, code, "{arguments:?}\n{}{}", ran.out, ran.err);
        ran
    }

    pub fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let ran = self.wants(0, arguments);
        serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}", ran.out))
    }

    /// The configuration of every job, as the program sees it.
    pub fn effective(&self) -> std::collections::BTreeMap<String, serde_json::Value> {
        let answer = self.json(&["effective", "--format", "json"]);
        let jobs = answer["jobs"].as_array().unwrap().iter();
        jobs.map(|job| (job["name"].as_str().unwrap().to_owned(), job["configuration"].clone())).collect()
    }
}
