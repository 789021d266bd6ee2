//! The files of a repository at a git revision.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::pipeline::{Files, ReadError, within};
use crate::yaml::MAX_BYTES;

/// A folder as a commit has it, read from git's objects; nothing is checked out.
///
/// Source for the output that is read: `git help ls-tree`, "Output format", and `git help cat-file`.
#[derive(Debug)]
pub struct Revision {
    folder: PathBuf,
    objects: BTreeMap<String, Object>,
    /// Roles look at the same files for every phase.
    read: RefCell<BTreeMap<String, String>>,
}

#[derive(Clone, Debug)]
struct Object {
    mode: String,
    id: String,
    size: usize,
}

/// Symbolic links that are followed, one after the other. Source: `MAXSYMLINKS` of Linux.
const MAX_LINKS: usize = 40;

impl Revision {
    /// Lists the folder at a revision: a branch, a tag, a commit, or what else `git rev-parse` takes.
    ///
    /// # Errors
    /// The folder is in no git repository, the revision is not known there, or there is no git.
    pub fn open(folder: &Path, revision: &str) -> Result<Revision, ReadError> {
        let commit = format!("{revision}^{{commit}}");
        let commit =
            git(folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]).map_err(|why| {
                let none = matches!(&why, ReadError::Other(words) if words.is_empty());
                if none { ReadError::Other("git does not know this revision".to_owned()) } else { why }
            })?;
        let listing = git(folder, &["ls-tree", "-r", "-l", "-z", text(&commit)?.trim()])?;
        let objects = text(&listing)?.split('\0').filter_map(object).collect();
        Ok(Revision { folder: folder.to_path_buf(), objects, read: RefCell::default() })
    }

    fn blob(&self, object: &Object) -> Result<String, ReadError> {
        if let Some(text) = self.read.borrow().get(&object.id) {
            return Ok(text.clone());
        }
        if object.size > MAX_BYTES {
            return Err(ReadError::Other(format!("its {} bytes are more than {MAX_BYTES}", object.size)));
        }
        let bytes = git(&self.folder, &["cat-file", "blob", &object.id])?;
        let text = String::from_utf8(bytes)
            .map_err(|error| ReadError::NotUtf8 { offset: error.utf8_error().valid_up_to() })?;
        self.read.borrow_mut().insert(object.id.clone(), text.clone());
        Ok(text)
    }

    /// The object that a path leads to, when symbolic links are followed.
    fn find(&self, path: &str) -> Result<Option<&Object>, ReadError> {
        let mut at = within(path)?;
        for _ in 0..MAX_LINKS {
            let Some((link, rest)) = self.first_link(&at) else { break };
            let target = self.blob(link.1)?;
            let folder = link.0.rsplit_once('/').map_or("", |(folder, _)| folder);
            at = within(&format!("{folder}/{target}{rest}"))?;
        }
        match self.objects.get(&at) {
            Some(object) if object.mode == LINK => {
                Err(ReadError::Other("its symbolic links go in a circle".to_owned()))
            }
            Some(object) if object.mode == SUBMODULE => Err(ReadError::Other("it is a submodule".to_owned())),
            Some(object) => Ok(Some(object)),
            None if self.objects.keys().any(|other| other.strip_prefix(&at).is_some_and(|o| o.starts_with('/'))) => {
                Err(ReadError::Directory)
            }
            None => Ok(None),
        }
    }

    /// The first part of a path that is a symbolic link, and what follows it.
    fn first_link<'a>(&self, path: &'a str) -> Option<((&'a str, &Object), &'a str)> {
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        ends.map(|end| path.split_at(end)).find_map(|(head, rest)| {
            let object = self.objects.get(head).filter(|object| object.mode == LINK)?;
            Some(((head, object), rest))
        })
    }
}

impl Files for Revision {
    fn read(&self, path: &str) -> Result<Option<String>, ReadError> {
        self.find(path)?.map(|object| self.blob(object)).transpose()
    }

    fn list(&self) -> Result<Vec<String>, ReadError> {
        let files = self.objects.iter().filter(|(_, object)| object.mode != SUBMODULE);
        Ok(files.map(|(path, _)| path.clone()).collect())
    }
}

const LINK: &str = "120000";
const SUBMODULE: &str = "160000";

/// `MODE blob ID SIZE<tab>PATH`; the size of a submodule is `-`.
fn object(line: &str) -> Option<(String, Object)> {
    let (what, path) = line.split_once('\t')?;
    let mut words = what.split_ascii_whitespace();
    let (mode, _, id, size) = (words.next()?, words.next()?, words.next()?, words.next()?);
    Some((path.to_owned(), Object { mode: mode.to_owned(), id: id.to_owned(), size: size.parse().unwrap_or(0) }))
}

fn text(bytes: &[u8]) -> Result<&str, ReadError> {
    std::str::from_utf8(bytes).map_err(|_| ReadError::Other("git names a file that is not UTF-8".to_owned()))
}

fn git(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, ReadError> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments);
    let output = command.stdin(std::process::Stdio::null()).output().map_err(|error| {
        ReadError::Other(match error.kind() {
            io::ErrorKind::NotFound => "there is no `git` on PATH".to_owned(),
            _ => super::error::words(&error),
        })
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    // Git's first line says what is wrong; it may name the folder by its absolute path.
    let words = String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default().to_owned();
    let words = words.trim_start_matches("fatal: ").replace(&*folder.to_string_lossy(), ".");
    Err(ReadError::Other(words))
}
