//! What several tests share.
#![allow(dead_code, unused_imports, reason = "each test file uses a part of it")]

use std::path::{Path, PathBuf};

mod repository;
pub use repository::{Ran, Repository, files, testdata};

/// The folder of shared data, or none with a plain word about it.
pub fn shared(what: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("CI_MIGRATE_SHARED") else {
        eprintln!("skipped: {what} (CI_MIGRATE_SHARED is not set)");
        return None;
    };
    Some(PathBuf::from(folder))
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
