//! What several tests share.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::path::{Path, PathBuf};

/// The folder of shared data, or none with a plain word about it.
pub fn shared(what: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("CI_MIGRATE_SHARED") else {
        eprintln!("skipped: {what} (CI_MIGRATE_SHARED is not set)");
        return None;
    };
    Some(PathBuf::from(folder))
}

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

/// The YAML files of the corpus and of the pipelines.
pub fn pipelines(shared: &Path) -> Vec<(String, PathBuf)> {
    files(shared)
        .into_iter()
        .filter(|(name, _)| name.starts_with("corpus/") || name.starts_with("pipelines/"))
        .filter(|(name, _)| name.ends_with(".yml") || name.ends_with(".yaml"))
        .collect()
}

/// A pipeline of the corpus: the repository, its main file, and the texts of all files.
pub type CorpusPipeline = (String, String, std::collections::BTreeMap<String, String>);

/// The pipelines of the corpus. Every file that no other one includes is one of its own: templates are meant to be
/// included elsewhere.
pub fn corpus(shared: &Path) -> Vec<CorpusPipeline> {
    use ci_migrate::pipeline::{MemoryFiles, Project};
    let corpus = shared.join("corpus");
    let mut folders: Vec<_> = std::fs::read_dir(&corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let mut found = Vec::new();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let texts: std::collections::BTreeMap<String, String> = files(folder)
            .into_iter()
            .filter_map(|(name, path)| Some((name, std::fs::read_to_string(path).ok()?)))
            .collect();
        let files: MemoryFiles = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let mut mains: Vec<&String> =
            texts.keys().filter(|name| name.ends_with(".yml") || name.ends_with(".yaml")).collect();
        mains.sort_by_key(|name| (*name != ".gitlab-ci.yml", name.matches('/').count(), (*name).clone()));
        let mut included = std::collections::BTreeSet::new();
        let mut roots: Vec<&String> = Vec::new();
        for main in mains {
            if included.contains(main) {
                continue;
            }
            if let Ok(project) = Project::load(&files, main) {
                included.extend(project.files().map(|(_, file)| file.path.clone()).filter(|path| path != main));
            }
            roots.push(main);
        }
        let roots: Vec<String> = roots.into_iter().filter(|main| !included.contains(*main)).cloned().collect();
        found.extend(roots.into_iter().map(|main| (name.clone(), main, texts.clone())));
    }
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

/// The comments of a text that are whole lines, in order.
pub fn comment_lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| line.starts_with('#')).map(str::to_owned).collect()
}

/// Whether all of `wanted` stand in `found`, in this order.
pub fn stand_in(wanted: &[String], found: &[String]) -> Result<(), String> {
    let mut found = found.iter();
    for line in wanted {
        if !found.any(|other| other == line) {
            return Err(format!("gone: {line}"));
        }
    }
    Ok(())
}
