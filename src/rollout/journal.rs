//! The journal of a rollout: one line a step, each written at once and flushed to the disk, never changed.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::data::Row;

/// A step of a repository, in the order in which they come.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// The first line: which plan, and which part of it.
    Begin { plan: String, shard: Option<String> },
    /// What will be pushed. From here on, a branch that holds this commit is ours.
    Intent {
        repository: String,
        base: String,
        commit: String,
        /// What someone else had there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaced: Option<String>,
    },
    /// It was pushed.
    Pushed { repository: String, commit: String, merge_request: Option<String> },
    /// The repository is done with, for good or bad.
    Done { row: Box<Row> },
    /// The branch was deleted again.
    Undone { repository: String, commit: String },
}

/// What the journal says of one repository.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Every commit that was meant for it, the last one last.
    pub intents: Vec<String>,
    /// What is known to be there as we made it.
    pub pushed: Option<String>,
    pub merge_request: Option<String>,
    /// What was there before ours, for `undo`.
    pub replaced: Option<String>,
    pub row: Option<Row>,
}

/// The journal of a state folder, kept from other processes.
pub struct Journal {
    file: Mutex<File>,
}

/// All that a journal says.
#[derive(Default)]
pub struct History {
    pub plan: Option<String>,
    pub shard: Option<String>,
    pub repositories: BTreeMap<String, Past>,
}

impl Journal {
    /// Opens the journal to add to it. A last line that was cut off is dropped.
    ///
    /// # Errors
    /// It cannot be written, or another process has it ([`io::ErrorKind::WouldBlock`]).
    pub fn open(state: &Path) -> io::Result<(Journal, History)> {
        fs::create_dir_all(state)?;
        let mut options = OpenOptions::new();
        let mut file = options.read(true).append(true).create(true).open(state.join(NAME))?;
        match file.try_lock() {
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
        }
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(0))?;
        file.read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole < bytes.len() {
            file.set_len(whole as u64)?;
            bytes.truncate(whole);
        }
        Ok((Journal { file: Mutex::new(file) }, History::of(&bytes)?))
    }

    /// Adds a step, and has it on the disk before it returns.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn add(&self, step: &Step) -> io::Result<()> {
        let line = serde_json::to_string(step)? + "\n";
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes())?;
        file.sync_data()
    }
}

impl History {
    /// Reads the journal of a state folder without taking it.
    ///
    /// # Errors
    /// There is none, or a line of it is none of ours.
    pub fn read(state: &Path) -> io::Result<History> {
        History::of(&fs::read(state.join(NAME))?)
    }

    fn of(bytes: &[u8]) -> io::Result<History> {
        let mut history = History::default();
        for line in bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
            history.take(serde_json::from_slice(line)?);
        }
        Ok(history)
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Begin { plan, shard } => {
                self.plan = Some(plan);
                self.shard = shard;
            }
            Step::Intent { repository, commit, replaced, .. } => {
                let past = self.past(repository);
                past.replaced = replaced.or_else(|| past.replaced.take());
                past.intents.push(commit);
            }
            Step::Pushed { repository, commit, merge_request } => {
                let past = self.past(repository);
                past.merge_request = merge_request;
                past.pushed = Some(commit);
            }
            Step::Done { row } => {
                let past = self.past(row.repository.clone());
                past.merge_request = row.merge_request.clone().or_else(|| past.merge_request.take());
                past.row = Some(*row);
            }
            Step::Undone { repository, .. } => *self.past(repository) = Past::default(),
        }
    }

    fn past(&mut self, repository: String) -> &mut Past {
        self.repositories.entry(repository).or_default()
    }
}

const NAME: &str = "journal.jsonl";
