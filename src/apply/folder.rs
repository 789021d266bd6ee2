//! A repository on disk.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use ignore::WalkBuilder;

use super::error::words;
use crate::pipeline::{Files, ReadError};
use crate::yaml::MAX_BYTES;

/// A repository on disk. Paths are relative to its root, with `/` between their parts.
///
/// Nothing outside the root is read, nor git's own folder, which is no part of what is committed.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Without symbolic links.
    root: PathBuf,
}

impl Folder {
    /// Takes a folder as the root of a repository.
    ///
    /// # Errors
    /// It is not there, or is no folder.
    pub fn open(root: impl AsRef<Path>) -> Result<Folder, ReadError> {
        let root = root.as_ref().canonicalize().map_err(|error| why(&error))?;
        if !fs::metadata(&root).map_err(|error| why(&error))?.is_dir() {
            return Err(ReadError::Other("it is not a folder".to_owned()));
        }
        Ok(Folder { root })
    }

    /// The root, absolute and without symbolic links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The path of the file that a path leads to, when its symbolic links are followed; none when there is no such file.
    ///
    /// A diff names this path, since `git apply` does not write through a link.
    ///
    /// # Errors
    /// It leads out of the repository, or cannot be followed.
    pub fn real_path(&self, path: &str) -> Result<Option<String>, ReadError> {
        let Some(real) = self.locate(path)? else {
            return Ok(None);
        };
        let inside = real.strip_prefix(&self.root).map_err(|_| ReadError::Outside)?;
        relative(inside).map(Some).ok_or_else(|| ReadError::Other("its real name is not UTF-8".to_owned()))
    }

    /// Where a file really is; none when there is no such file.
    pub(super) fn locate(&self, path: &str) -> Result<Option<PathBuf>, ReadError> {
        let named = self.named(path)?;
        match named.canonicalize() {
            Ok(real) => self.within(&real).map(Some),
            Err(error) if is_absent(&error) => {
                let dangling = fs::symlink_metadata(&named).is_ok_and(|found| found.is_symlink());
                let nowhere = || ReadError::Other("it is a symbolic link that leads nowhere".to_owned());
                if dangling { Err(nowhere()) } else { Ok(None) }
            }
            Err(error) => Err(why(&error)),
        }
    }

    /// Where a file that is not there yet would really be.
    pub(super) fn locate_new(&self, path: &str) -> Result<PathBuf, ReadError> {
        let named = self.named(path)?;
        for ancestor in named.ancestors().skip(1) {
            match ancestor.canonicalize() {
                Ok(real) => {
                    let rest = named.strip_prefix(ancestor).map_err(|_| ReadError::Outside)?;
                    return Ok(self.within(&real)?.join(rest));
                }
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(why(&error)),
            }
        }
        Err(ReadError::Outside)
    }

    /// The path as it is written, from the root.
    fn named(&self, path: &str) -> Result<PathBuf, ReadError> {
        let path = Path::new(path);
        if path.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(ReadError::Outside);
        }
        self.within(&self.root.join(path))
    }

    fn within(&self, path: &Path) -> Result<PathBuf, ReadError> {
        let inside = path.strip_prefix(&self.root).map_err(|_| ReadError::Outside)?;
        let is_git = |part: Component<'_>| part.as_os_str().eq_ignore_ascii_case(".git");
        if inside.components().any(is_git) { Err(ReadError::Outside) } else { Ok(path.to_path_buf()) }
    }

    /// Names the folder that stopped the listing, relative to the root.
    fn unlisted(&self, error: &ignore::Error) -> ReadError {
        let mut at = None;
        let mut inner = error;
        loop {
            inner = match inner {
                ignore::Error::WithPath { path, err } => {
                    at = path.strip_prefix(&self.root).ok().and_then(relative);
                    err
                }
                ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => err,
                _ => break,
            };
        }
        let what = error.io_error().map_or_else(|| inner.to_string(), words);
        ReadError::Other(format!("`{}` cannot be listed: {what}", at.unwrap_or_default()))
    }
}

impl Files for Folder {
    fn read(&self, path: &str) -> Result<Option<String>, ReadError> {
        let Some(real) = self.locate(path)? else {
            return Ok(None);
        };
        let found = fs::metadata(&real).map_err(|error| why(&error))?;
        if found.is_dir() {
            return Err(ReadError::Directory);
        }
        if !found.is_file() {
            return Err(ReadError::Other("it is no regular file".to_owned()));
        }
        if found.len() > MAX_BYTES as u64 {
            return Err(ReadError::Other(format!("its {} bytes are more than {MAX_BYTES}", found.len())));
        }
        let bytes = fs::read(&real).map_err(|error| why(&error))?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(error) => Err(ReadError::NotUtf8 { offset: error.utf8_error().valid_up_to() }),
        }
    }

    /// Every file below the root, sorted by bytes, but for git's own folder and what a `.gitignore` (or
    /// `.git/info/exclude`) leaves out: GitLab has what is committed, not `node_modules`. Symbolic links to folders are not followed.
    fn list(&self) -> Result<Vec<String>, ReadError> {
        let mut walk = WalkBuilder::new(&self.root);
        walk.hidden(false).ignore(false).git_global(false).parents(false).require_git(false).follow_links(false);
        walk.filter_entry(|entry| entry.file_name() != ".git");
        let mut files = Vec::new();
        for entry in walk.build() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) if error.io_error().is_some_and(is_absent) => continue,
                Err(error) => return Err(self.unlisted(&error)),
            };
            let path = entry.path();
            let is_file =
                entry.file_type().is_some_and(|found| found.is_file() || found.is_symlink() && !path.is_dir());
            if is_file && let Ok(inside) = path.strip_prefix(&self.root) {
                // A name that is not UTF-8 cannot stand in a YAML file.
                files.extend(relative(inside));
            }
        }
        files.sort_unstable();
        Ok(files)
    }
}

fn relative(inside: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = inside.components().map(|part| part.as_os_str().to_str()).collect();
    parts.map(|parts| parts.join("/"))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn why(error: &io::Error) -> ReadError {
    match error.kind() {
        io::ErrorKind::PermissionDenied => ReadError::NoPermission,
        io::ErrorKind::IsADirectory => ReadError::Directory,
        _ => ReadError::Other(words(error)),
    }
}
