//! The way back: every write is noted before it is made, with what it takes to undo it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::{WriteError, words};
use super::folder::Folder;
use super::git::Git;
use super::lock::Lock;
use super::store::{Deed, Entry, Kept, Progress, Saved, Store};
use super::write::{Change, Written, write_locked};
use crate::pipeline::Files;

/// What was applied to a repository, and how to take it back.
///
/// It is a write-ahead log: an entry is on the disk before the first file is replaced, and is marked when the last one is. A
/// process that is killed in between leaves an entry that the next one settles ([`Journal::settle`]).
pub struct Journal {
    store: Store,
    folder: Folder,
}

/// How many entries are kept; with the next one, the oldest goes.
pub const KEPT: usize = 50;

/// What was written, and the entries that the journal has no more room for.
#[derive(Clone, Debug, Default)]
pub struct Noted {
    pub written: Written,
    pub dropped: Vec<Entry>,
}

/// A run that was cut off between its files, and the files that were therefore taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    pub entry: Entry,
    pub files: Vec<String>,
}

/// What a file holds, compared with what was noted of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Before,
    After,
    Other,
}

impl Journal {
    /// The journal of a repository: in git's own folder (of the worktree, if it is a linked one), or without git in the
    /// user's state directory, each below the folder's path.
    ///
    /// # Errors
    /// There is neither git nor a home directory.
    pub fn of(folder: &Folder) -> Result<Journal, WriteError> {
        let place = match Git::of(folder).and_then(|git| git.private("ci-migrate")) {
            Some(place) => place,
            None => state(folder.root())?,
        };
        Ok(Journal { store: Store(place.join("journal")), folder: folder.clone() })
    }

    /// The folder in which it is kept.
    pub fn place(&self) -> &Path {
        &self.store.0
    }

    /// Every entry, the oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn entries(&self) -> Result<Vec<Entry>, WriteError> {
        Ok(self.store.entries().map_err(|error| self.failed(&error))?.into_iter().map(|kept| kept.entry).collect())
    }

    /// The entry that `undo` would take back.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn last(&self) -> Result<Option<Entry>, WriteError> {
        Ok(self.kept()?.map(|kept| kept.entry))
    }

    /// Brings a run to its end that was killed: one that had written some of its files, and not all, is taken back.
    ///
    /// # Errors
    /// Another process writes, or a file of that run holds what nobody noted.
    pub fn settle(&self) -> Result<Option<Settled>, WriteError> {
        self.settle_locked(&Lock::of(self.folder.root())?)
    }

    /// Writes files, together or not at all, and notes it; of the entries, the last [`KEPT`] stay.
    ///
    /// # Errors
    /// See [`WriteError`]; what was not written is not noted.
    pub fn write(&self, deed: Deed, changes: &[Change<'_>]) -> Result<Noted, WriteError> {
        let lock = Lock::of(self.folder.root())?;
        self.settle_locked(&lock)?;
        let files: Vec<Saved> = changes.iter().filter(|c| c.before != c.after).map(|c| self.saved(c)).collect();
        if files.is_empty() {
            return Ok(Noted { written: write_locked(&self.folder, changes, &lock)?, dropped: Vec::new() });
        }
        let entry = Entry { version: 1, deed, commit: None, files };
        let mut kept = self.store.add(entry).map_err(|error| self.failed(&error))?;
        match write_locked(&self.folder, changes, &lock) {
            Ok(written) => {
                // The files are written: an entry that cannot be marked is recognised by them.
                let _ = self.store.mark(&mut kept, Progress::Done);
                Ok(Noted { written, dropped: self.store.keep_last(KEPT) })
            }
            Err(error) => {
                if !matches!(error, WriteError::PartlyWritten { .. }) {
                    let _ = self.store.remove(&kept);
                }
                Err(error)
            }
        }
    }

    /// Notes the commit that holds what was written last.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub fn committed(&self, commit: &str) -> Result<(), WriteError> {
        let Some(mut kept) = self.kept()? else { return Ok(()) };
        kept.entry.commit = Some(commit.to_owned());
        self.store.replace(&kept).map_err(|error| self.failed(&error))
    }

    /// Takes an entry back, which must be the last one. Files that are as before already stay.
    ///
    /// # Errors
    /// See [`WriteError`]; [`WriteError::Changed`] if a file is not as it was written.
    pub fn undo(&self, entry: &Entry) -> Result<Written, WriteError> {
        let lock = Lock::of(self.folder.root())?;
        let Some(mut kept) = self.kept()?.filter(|kept| kept.entry == *entry) else { return Err(WriteError::Busy) };
        let seen = self.seen(entry)?;
        if let Some((saved, _)) = entry.files.iter().zip(&seen).find(|(_, seen)| **seen == Seen::Other) {
            return Err(WriteError::Changed { path: saved.path.clone() });
        }
        self.take_back(&mut kept, &seen, &lock)
    }

    /// Drops the last entry; the files stay as they are.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub fn forget(&self) -> Result<Option<Entry>, WriteError> {
        let _lock = Lock::of(self.folder.root())?;
        let Some(kept) = self.kept()? else { return Ok(None) };
        self.store.remove(&kept).map_err(|error| self.failed(&error))?;
        Ok(Some(kept.entry))
    }

    /// What a file holds now; none when it is not there.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn now(&self, saved: &Saved) -> Result<Option<String>, WriteError> {
        self.folder.read(&saved.path).map_err(|why| WriteError::Unreadable { path: saved.path.clone(), why })
    }

    fn settle_locked(&self, lock: &Lock) -> Result<Option<Settled>, WriteError> {
        let Some(mut kept) = self.kept()?.filter(|kept| kept.progress != Progress::Done) else { return Ok(None) };
        let failed = |error: io::Error| self.failed(&error);
        let seen = self.seen(&kept.entry)?;
        let all = |wanted: Seen| seen.iter().all(|seen| *seen == wanted);
        if all(Seen::Before) {
            self.store.remove(&kept).map_err(failed)?;
        } else if all(Seen::After) || seen.len() == 1 {
            // Of one file it is not known whether it was written before someone changed it: what it held is kept.
            self.store.mark(&mut kept, Progress::Done).map_err(failed)?;
        } else if let Some(other) = seen.iter().position(|seen| *seen == Seen::Other) {
            let path = kept.entry.files.get(other).map(|saved| saved.path.clone()).unwrap_or_default();
            return Err(WriteError::CutOff { path });
        } else {
            let written = self.take_back(&mut kept, &seen, lock)?;
            return Ok(Some(Settled { entry: kept.entry, files: written.files }));
        }
        Ok(None)
    }

    fn take_back(&self, kept: &mut Kept, seen: &[Seen], lock: &Lock) -> Result<Written, WriteError> {
        self.store.mark(kept, Progress::Undoing).map_err(|error| self.failed(&error))?;
        let written: Vec<&Saved> = kept
            .entry
            .files
            .iter()
            .zip(seen)
            .filter(|(_, seen)| **seen == Seen::After)
            .map(|(saved, _)| saved)
            .collect();
        let changes: Vec<Change<'_>> = written
            .iter()
            .map(|saved| Change { path: &saved.path, before: saved.after.as_deref(), after: saved.before.as_deref() })
            .collect();
        match write_locked(&self.folder, &changes, lock) {
            Ok(done) => {
                for saved in written.iter().filter(|saved| saved.after.is_none()) {
                    self.mode_again(saved);
                }
                // As above: the files themselves show that it is undone.
                let _ = self.store.remove(kept);
                Ok(done)
            }
            Err(error) => {
                if !matches!(error, WriteError::PartlyWritten { .. }) {
                    let _ = self.store.mark(kept, Progress::Done);
                }
                Err(error)
            }
        }
    }

    fn seen(&self, entry: &Entry) -> Result<Vec<Seen>, WriteError> {
        let one = |saved: &Saved| {
            let now = self.now(saved)?;
            Ok(match () {
                () if now == saved.before => Seen::Before,
                () if now == saved.after => Seen::After,
                () => Seen::Other,
            })
        };
        entry.files.iter().map(one).collect()
    }

    fn saved(&self, change: &Change<'_>) -> Saved {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let real = self.folder.locate(change.path).ok().flatten();
        let mode = real.and_then(|real| mode(&real));
        Saved { path: change.path.to_owned(), before: text(change.before), after: text(change.after), mode }
    }

    /// A file that had gone is a new one now.
    #[cfg(unix)]
    fn mode_again(&self, saved: &Saved) {
        use std::os::unix::fs::PermissionsExt;
        if let (Some(mode), Ok(Some(real))) = (saved.mode, self.folder.locate(&saved.path)) {
            // The bytes are what counts; a mode that cannot be set is no reason to fail.
            let _ = fs::set_permissions(real, fs::Permissions::from_mode(mode));
        }
    }

    #[cfg(not(unix))]
    fn mode_again(&self, _saved: &Saved) {}

    fn kept(&self) -> Result<Option<Kept>, WriteError> {
        self.store.last().map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> WriteError {
        let why = if error.raw_os_error().is_some() { words(error) } else { error.to_string() };
        WriteError::Journal { place: self.place().display().to_string(), why }
    }
}

/// The user's state directory, with the folder's path below it.
fn state(root: &Path) -> Result<PathBuf, WriteError> {
    use etcetera::BaseStrategy;
    let unknown = |why: String| WriteError::Journal { place: "XDG_STATE_HOME".to_owned(), why };
    let home = etcetera::choose_base_strategy().map_err(|error| unknown(error.to_string()))?;
    let below: PathBuf = root.components().filter(|part| matches!(part, std::path::Component::Normal(_))).collect();
    Ok(home.state_dir().unwrap_or_else(|| home.data_dir()).join("ci-migrate").join(below))
}

#[cfg(unix)]
fn mode(file: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    Some(fs::metadata(file).ok()?.permissions().mode())
}

#[cfg(not(unix))]
fn mode(_file: &Path) -> Option<u32> {
    None
}
