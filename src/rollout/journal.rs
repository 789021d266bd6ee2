//! The journal of a rollout: one line a step, each written at once and flushed to the disk, never changed.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::data::Row;
use super::outcome::Outcome;

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
    pub outcome: Option<Outcome>,
    /// The bytes of the last row in the journal, where it stays until it is asked for.
    row: Option<Range<u64>>,
}

/// The journal of a state folder, kept from other processes.
pub struct Journal {
    lines: Arc<Lines>,
}

/// All that a journal says.
pub struct History {
    pub plan: Option<String>,
    pub shard: Option<String>,
    pub repositories: BTreeMap<String, Past>,
    lines: Arc<Lines>,
}

struct Lines(Mutex<Kept>);

struct Kept {
    file: File,
    /// Half a line is at its end and could not be taken back: what came after it could not be read.
    is_torn: bool,
}

impl Past {
    /// Whether a commit is one that was meant for the branch.
    pub fn is_ours(&self, commit: &str) -> bool {
        self.intents.iter().any(|intent| intent == commit) || self.pushed.as_deref() == Some(commit)
    }
}

impl Journal {
    /// Opens the journal to add to it. A last line that was cut off is dropped.
    ///
    /// # Errors
    /// It cannot be written, or another process has it ([`io::ErrorKind::WouldBlock`]).
    pub fn open(state: &Path) -> io::Result<(Journal, History)> {
        fs::create_dir_all(state)?;
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create(true).open(state.join(NAME))?;
        match file.try_lock() {
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
        }
        let (history, whole) = History::of(file)?;
        let lines = Arc::clone(&history.lines);
        let kept = lines.lock();
        if whole < kept.file.metadata()?.len() {
            kept.file.set_len(whole)?;
        }
        drop(kept);
        Ok((Journal { lines }, history))
    }

    /// Adds a step, and has it on the disk before it returns. What was written of a step that cannot be added is taken back.
    ///
    /// # Errors
    /// It cannot be written, or an earlier one could not be taken back.
    pub fn add(&self, step: &Step) -> io::Result<()> {
        let line = serde_json::to_string(step)? + "\n";
        let mut kept = self.lines.lock();
        if kept.is_torn {
            return Err(io::Error::other("half a line is at the end of the journal"));
        }
        let whole = kept.file.metadata()?.len();
        let added = kept.file.write_all(line.as_bytes()).and_then(|()| kept.file.sync_data());
        if added.is_err() {
            kept.is_torn = kept.file.set_len(whole).is_err();
        }
        added
    }
}

impl History {
    /// Reads the journal of a state folder without taking it.
    ///
    /// # Errors
    /// There is none, or a line of it is none of ours.
    pub fn read(state: &Path) -> io::Result<History> {
        Ok(History::of(File::open(state.join(NAME))?)?.0)
    }

    /// What became of a repository, as it was noted last.
    ///
    /// # Errors
    /// The journal cannot be read any more.
    pub fn row(&self, past: &Past) -> io::Result<Option<Row>> {
        let Some(at) = &past.row else { return Ok(None) };
        let mut line = vec![0; usize::try_from(at.end - at.start).map_err(io::Error::other)?];
        let mut kept = self.lines.lock();
        kept.file.seek(SeekFrom::Start(at.start))?;
        kept.file.read_exact(&mut line)?;
        match serde_json::from_slice(&line)? {
            Step::Done { row } => Ok(Some(*row)),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Reads all whole lines, one at a time; and how many bytes they are.
    fn of(mut file: File) -> io::Result<(History, u64)> {
        file.seek(SeekFrom::Start(0))?;
        let lines = Arc::new(Lines(Mutex::new(Kept { file, is_torn: false })));
        let mut history = History { plan: None, shard: None, repositories: BTreeMap::new(), lines: Arc::clone(&lines) };
        let kept = lines.lock();
        let mut reader = BufReader::new(&kept.file);
        let (mut line, mut at) = (Vec::new(), 0);
        while reader.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
            let end = at + line.len() as u64;
            history.take(serde_json::from_slice(&line)?, at..end);
            at = end;
            line.clear();
        }
        Ok((history, at))
    }

    fn take(&mut self, step: Step, line: Range<u64>) {
        match step {
            Step::Begin { plan, shard } => {
                self.plan = Some(plan);
                self.shard = shard;
            }
            Step::Intent { repository, commit, replaced, .. } => {
                let past = self.past(repository);
                // What an intent that came to nothing would have replaced is its owner's again.
                past.replaced = replaced.or_else(|| past.replaced.take().filter(|_| past.pushed.is_some()));
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
                past.outcome = Some(row.outcome());
                past.row = Some(line);
            }
            Step::Undone { repository, .. } => *self.past(repository) = Past::default(),
        }
    }

    fn past(&mut self, repository: String) -> &mut Past {
        self.repositories.entry(repository).or_default()
    }
}

impl Lines {
    /// The file, whose place is wherever the last one left it; it is added to at its end all the same.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const NAME: &str = "journal.jsonl";
