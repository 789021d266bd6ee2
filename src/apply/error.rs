//! Why nothing was written, or not everything.

use std::{fmt, io};

use crate::pipeline::ReadError;

/// A refusal to write. But for [`PartlyWritten`](WriteError::PartlyWritten), every file is as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// The file does not hold the text that the change was made from, to the byte.
    Changed { path: String },
    /// The file cannot be read, leads out of the repository, or is none.
    Unreadable { path: String, why: ReadError },
    /// The file, or the folder that it is in, may not be written.
    ReadOnly { path: String, folder: bool },
    /// Two changes are for one file, perhaps by way of a symbolic link.
    Twice { path: String },
    /// Another process is writing to this repository.
    Busy,
    /// The system refused; the words are the system's.
    Failed { path: String, why: String },
    /// The system refused at `path`, and then refused to take `left` back, or to flush it to the disk.
    PartlyWritten { path: String, why: String, left: Vec<String> },
    /// The journal, without which nothing is written, cannot be kept at this place.
    Journal { place: String, why: String },
    /// A run was cut off between files, and this one of them was changed by someone else since.
    CutOff { path: String },
}

impl WriteError {
    /// The file that the message is about.
    pub fn path(&self) -> Option<&str> {
        match self {
            WriteError::Changed { path }
            | WriteError::Unreadable { path, .. }
            | WriteError::ReadOnly { path, .. }
            | WriteError::Twice { path }
            | WriteError::Failed { path, .. }
            | WriteError::PartlyWritten { path, .. }
            | WriteError::CutOff { path } => Some(path),
            WriteError::Journal { place, .. } => Some(place),
            WriteError::Busy => None,
        }
    }

    /// What is wrong, without the path.
    pub fn message(&self) -> String {
        match self {
            WriteError::Changed { .. } => "the file is not as it was when the change was made".to_owned(),
            WriteError::Unreadable { why, .. } => why.to_string(),
            WriteError::ReadOnly { folder: false, .. } => "the file is read-only".to_owned(),
            WriteError::ReadOnly { folder: true, .. } => "the folder of the file is read-only".to_owned(),
            WriteError::Twice { .. } => "two changes are for this one file".to_owned(),
            WriteError::Busy => "another process is writing to this repository".to_owned(),
            WriteError::Failed { why, .. } => format!("it cannot be written: {why}"),
            WriteError::PartlyWritten { why, left, .. } => {
                format!("it cannot be written: {why}; already changed: {}", left.join(", "))
            }
            WriteError::Journal { why, .. } => format!("the journal for `undo` cannot be kept here: {why}"),
            WriteError::CutOff { .. } => {
                "the last run was cut off between its files, and this one was changed since".to_owned()
            }
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            WriteError::Changed { .. } => "nothing was written; run it again, to see what it makes of the file now",
            WriteError::Unreadable { .. } => "nothing was written; see to it that the path is a file of the repository",
            WriteError::ReadOnly { folder: false, .. } => "nothing was written; make the file writable (`chmod u+w`)",
            WriteError::ReadOnly { folder: true, .. } => {
                "nothing was written; a file is replaced as a whole, so its folder must be writable too"
            }
            WriteError::Twice { .. } => "nothing was written; look for symbolic links that lead to one file",
            WriteError::Busy => "nothing was written; wait for the other run to end",
            WriteError::Failed { .. } => "nothing was written; see to the cause, and run it again",
            WriteError::PartlyWritten { .. } => "compare with `git diff`, and take back what should not stay",
            WriteError::Journal { .. } => {
                "nothing was written; make the place writable, or name another with XDG_STATE_HOME"
            }
            WriteError::CutOff { .. } => {
                "nothing was written; see `ci-migrate undo --dry-run`, put the files right, then `ci-migrate undo --forget`"
            }
        }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path() {
            Some(path) => write!(f, "{path}: {}", self.message()),
            None => f.write_str(&self.message()),
        }
    }
}

impl std::error::Error for WriteError {}

/// The system's words, without the number and without the absolute paths that `tempfile` adds.
pub fn words(error: &io::Error) -> String {
    if error.raw_os_error().is_none() {
        return error.kind().to_string();
    }
    let words = error.to_string();
    let words = words.split_once(" (os error").map_or(words.as_str(), |(words, _)| words);
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// Whether the system says that a place may not be written.
pub(super) fn is_read_only(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}
