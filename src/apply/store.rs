//! The journal's files: what was applied, with the exact bytes before and after.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::stage::{flush, stage, sweep};

/// What one run of a phase wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub version: u32,
    #[serde(flatten)]
    pub deed: Deed,
    /// The git commit that holds it, if one was asked for.
    pub commit: Option<String>,
    pub files: Vec<Saved>,
}

/// What is noted of a phase that is applied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    pub track: String,
    pub phase: u32,
    pub id: String,
    pub title: String,
    pub jobs: Vec<String>,
    /// What was proved, in words.
    pub proof: String,
}

/// One file, before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    pub path: String,
    /// None when there was no such file.
    pub before: Option<String>,
    /// None when it went.
    pub after: Option<String>,
    /// The file's mode before, where there are modes.
    pub mode: Option<u32>,
}

/// How far an entry has come. It stands in the name of its file, which changes in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Its files are being written.
    Writing,
    Done,
    /// Its files are being taken back.
    Undoing,
}

const STEPS: [(Progress, &str); 3] =
    [(Progress::Writing, "writing"), (Progress::Done, "done"), (Progress::Undoing, "undoing")];

/// An entry and where it is kept.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub number: u32,
    pub progress: Progress,
    pub entry: Entry,
}

/// The folder with the entries, `0001-done.json` and so on.
#[derive(Clone, Debug)]
pub(super) struct Store(pub PathBuf);

impl Store {
    /// Every entry, the oldest first.
    pub fn entries(&self) -> io::Result<Vec<Kept>> {
        let names = self.names()?;
        names.into_iter().map(|(number, progress)| self.read(number, progress)).collect()
    }

    /// The newest entry.
    pub fn last(&self) -> io::Result<Option<Kept>> {
        let last = self.names()?.into_iter().next_back();
        last.map(|(number, progress)| self.read(number, progress)).transpose()
    }

    /// Adds an entry whose files are about to be written. When this returns, it is on the disk.
    pub fn add(&self, entry: Entry) -> io::Result<Kept> {
        fs::create_dir_all(&self.0)?;
        sweep(&self.0);
        let number = self.names()?.last().map_or(0, |(number, _)| *number) + 1;
        let kept = Kept { number, progress: Progress::Writing, entry };
        let at = self.path(number, Progress::Writing);
        stage(&at, &text(&kept.entry)?, None)?.create(&at)?;
        for folder in self.0.ancestors().take(2) {
            flush(folder)?;
        }
        Ok(kept)
    }

    /// Writes an entry anew.
    pub fn replace(&self, kept: &Kept) -> io::Result<()> {
        let at = self.path(kept.number, kept.progress);
        stage(&at, &text(&kept.entry)?, None)?.replace(&at)?;
        flush(&self.0)
    }

    /// Says how far an entry has come.
    pub fn mark(&self, kept: &mut Kept, progress: Progress) -> io::Result<()> {
        fs::rename(self.path(kept.number, kept.progress), self.path(kept.number, progress))?;
        kept.progress = progress;
        flush(&self.0)
    }

    pub fn remove(&self, kept: &Kept) -> io::Result<()> {
        fs::remove_file(self.path(kept.number, kept.progress))?;
        flush(&self.0)
    }

    /// Drops the oldest entries but for so many, and tells which. What cannot be read or removed stays.
    pub fn keep_last(&self, count: usize) -> Vec<Entry> {
        let mut names = self.names().unwrap_or_default();
        names.truncate(names.len().saturating_sub(count));
        let old = names.into_iter().filter_map(|(number, progress)| self.read(number, progress).ok());
        old.filter(|kept| self.remove(kept).is_ok()).map(|kept| kept.entry).collect()
    }

    fn names(&self) -> io::Result<Vec<(u32, Progress)>> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            names.extend(entry?.file_name().to_str().and_then(parse));
        }
        names.sort_by_key(|(number, _)| *number);
        Ok(names)
    }

    fn read(&self, number: u32, progress: Progress) -> io::Result<Kept> {
        let path = self.path(number, progress);
        let entry: Entry =
            serde_json::from_slice(&fs::read(&path)?).map_err(|error| damaged(&path, &error.to_string()))?;
        match entry.version {
            1 => Ok(Kept { number, progress, entry }),
            version => Err(damaged(&path, &format!("version {version} is of a later ci-migrate"))),
        }
    }

    fn path(&self, number: u32, progress: Progress) -> PathBuf {
        let word = STEPS.iter().find(|(step, _)| *step == progress).map_or("", |(_, word)| word);
        self.0.join(format!("{number:04}-{word}.json"))
    }
}

fn parse(name: &str) -> Option<(u32, Progress)> {
    let (number, word) = name.strip_suffix(".json")?.split_once('-')?;
    let (progress, _) = STEPS.iter().find(|(_, step)| *step == word)?;
    Some((number.parse().ok()?, *progress))
}

fn text(entry: &Entry) -> io::Result<String> {
    Ok(serde_json::to_string_pretty(entry)? + "\n")
}

fn damaged(path: &Path, why: &str) -> io::Error {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    io::Error::other(format!("{name} cannot be read ({why})"))
}
