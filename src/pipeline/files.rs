//! The repository as this floor sees it: something that can be read and listed.

use std::collections::BTreeMap;
use std::fmt;

/// The files of a repository. Paths are relative to its root, with `/` between their parts.
///
/// Implemented above for a folder and for git objects, which alone do I/O.
pub trait Files {
    /// The text of a file; none when there is no such file.
    ///
    /// # Errors
    /// The file is there, and yet its text cannot be had.
    fn read(&self, path: &str) -> Result<Option<String>, ReadError>;

    /// Every file of the repository; asked for only when an include has a wildcard.
    ///
    /// # Errors
    /// The repository cannot be listed.
    fn list(&self) -> Result<Vec<String>, ReadError>;
}

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// The first byte that is not UTF-8.
    NotUtf8 { offset: usize },
    /// A directory stands where a file should.
    Directory,
    /// The file may not be read.
    NoPermission,
    /// A symbolic link or `..` leads out of the repository.
    Outside,
    /// Anything else, in the words of the system.
    Other(String),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::NotUtf8 { offset } => write!(f, "it is not UTF-8 (at byte {offset})"),
            ReadError::Directory => f.write_str("it is a directory"),
            ReadError::NoPermission => f.write_str("permission denied"),
            ReadError::Outside => f.write_str("it leads out of the repository"),
            ReadError::Other(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for ReadError {}

/// A path from the root of a repository, without `.` and `..`.
///
/// # Errors
/// It leads out of the repository.
pub fn within(path: &str) -> Result<String, ReadError> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop().ok_or(ReadError::Outside)?),
            _ => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// A repository held in memory: for the demonstration, and for tests.
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles(BTreeMap<String, String>);

impl MemoryFiles {
    /// Adds a file, or replaces it.
    pub fn insert(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.0.insert(path.into(), text.into());
    }
}

impl<P: Into<String>, T: Into<String>> FromIterator<(P, T)> for MemoryFiles {
    fn from_iter<I: IntoIterator<Item = (P, T)>>(files: I) -> Self {
        MemoryFiles(files.into_iter().map(|(path, text)| (path.into(), text.into())).collect())
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &str) -> Result<Option<String>, ReadError> {
        Ok(self.0.get(path).cloned())
    }

    fn list(&self) -> Result<Vec<String>, ReadError> {
        Ok(self.0.keys().cloned().collect())
    }
}
