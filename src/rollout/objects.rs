//! The files of a commit, read from objects of which some may be missing.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{ChildStdin, ChildStdout, Stdio};

use super::git::{Running, own_group};
use super::outcome::Fault;
use super::scratch::{Scratch, failed};
use crate::pipeline::{Files, ReadError};
use crate::yaml::MAX_BYTES;

/// Symbolic links that are followed, one after the other. Source: `MAXSYMLINKS` of Linux.
const MAX_LINKS: usize = 40;

/// Files of a folder that are fetched along with one of them that is a pipeline's.
const ALONG: usize = 100;

/// A commit's files. What is not there yet is noted ([`ObjectFiles::missing`]) and taken as not being there, so that the reader comes as
/// far as it can; what it made of that is to be thrown away.
pub struct ObjectFiles {
    git: RefCell<CatFile>,
    root: String,
    trees: RefCell<BTreeMap<String, Option<Tree>>>,
    texts: RefCell<BTreeMap<String, String>>,
    missing: RefCell<BTreeSet<String>>,
    is_listed: Cell<bool>,
}

/// Entries by name: mode and id.
type Tree = BTreeMap<String, (String, String)>;

struct CatFile {
    _child: Running,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

enum Found {
    File(String),
    Folder,
    Submodule,
    Nothing,
}

impl ObjectFiles {
    /// Opens a commit.
    ///
    /// # Errors
    /// Git cannot be run, or does not have the commit.
    pub fn open(scratch: &Scratch, commit: &str) -> Result<ObjectFiles, Fault> {
        let mut command = scratch.command(&[]);
        command.args(["cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        own_group(&mut command);
        let mut child = Running::new(command.spawn().map_err(|error| failed(&error))?);
        let broken = || failed(&io::ErrorKind::BrokenPipe.into());
        let stdin = child.0.stdin.take().ok_or_else(broken)?;
        let stdout = BufReader::new(child.0.stdout.take().ok_or_else(broken)?);
        let mut git = CatFile { _child: child, stdin, stdout };
        let text = git.get(commit).map_err(|error| failed(&error))?.ok_or_else(broken)?;
        let root = tree_of(&text).ok_or_else(broken)?;
        Ok(ObjectFiles {
            git: RefCell::new(git),
            root,
            trees: RefCell::default(),
            texts: RefCell::default(),
            missing: RefCell::default(),
            is_listed: Cell::new(false),
        })
    }

    /// The tree of another commit, if it is here.
    pub fn tree_of(&self, commit: &str) -> Option<String> {
        tree_of(&self.git.borrow_mut().get(commit).ok()??)
    }

    /// The ids of what was asked for and is not here, and whether all trees are wanted; they are forgotten.
    pub fn missing(&self) -> (Vec<String>, bool) {
        self.trees.borrow_mut().retain(|_, tree| tree.is_some());
        (self.missing.take().into_iter().collect(), self.is_listed.replace(false))
    }

    /// The mode and the path of the file that a path leads to, symbolic links followed.
    pub fn real(&self, path: &str) -> Option<(String, String)> {
        let path = self.followed(path).ok()?;
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let (mode, _) = self.tree(&self.folder(folder)?)?.get(name)?.clone();
        Some((mode, path))
    }

    fn get(&self, id: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let found = self.git.borrow_mut().get(id).map_err(|error| ReadError::Other(error.kind().to_string()))?;
        if found.is_none() {
            self.missing.borrow_mut().insert(id.to_owned());
        }
        Ok(found)
    }

    fn tree(&self, id: &str) -> Option<Tree> {
        if let Some(known) = self.trees.borrow().get(id) {
            return known.clone();
        }
        let length = id.len() / 2;
        let tree = self.get(id).ok().flatten().map(|bytes| entries(&bytes, length));
        self.trees.borrow_mut().insert(id.to_owned(), tree.clone());
        tree
    }

    /// The id of a folder's tree.
    fn folder(&self, path: &str) -> Option<String> {
        let parts = path.split('/').filter(|part| !part.is_empty());
        parts.into_iter().try_fold(self.root.clone(), |at, part| {
            let (mode, id) = self.tree(&at)?.get(part)?.clone();
            (mode == FOLDER).then_some(id)
        })
    }

    fn text(&self, id: &str) -> Result<Option<String>, ReadError> {
        if let Some(text) = self.texts.borrow().get(id) {
            return Ok(Some(text.clone()));
        }
        let Some(bytes) = self.get(id)? else { return Ok(None) };
        if bytes.len() > MAX_BYTES {
            return Err(ReadError::Other(format!("its {} bytes are more than {MAX_BYTES}", bytes.len())));
        }
        let text = String::from_utf8(bytes);
        let text = text.map_err(|error| ReadError::NotUtf8 { offset: error.utf8_error().valid_up_to() })?;
        self.texts.borrow_mut().insert(id.to_owned(), text.clone());
        Ok(Some(text))
    }

    /// The path when the symbolic links in it are followed.
    fn followed(&self, path: &str) -> Result<String, ReadError> {
        let mut path = normal(path)?;
        'next: for _ in 0..=MAX_LINKS {
            let mut at = self.root.clone();
            let mut folder = String::new();
            let parts: Vec<&str> = path.split('/').collect();
            for (number, part) in parts.iter().enumerate() {
                let Some((mode, id)) = self.tree(&at).and_then(|tree| tree.get(*part).cloned()) else { break };
                if mode == LINK {
                    let Some(target) = self.text(&id)? else { break };
                    let rest: String = parts.iter().skip(number + 1).map(|part| format!("/{part}")).collect();
                    path = normal(&format!("{folder}/{target}{rest}"))?;
                    continue 'next;
                }
                at = id;
                folder = format!("{folder}/{part}");
            }
            return Ok(path);
        }
        Err(ReadError::Other("its symbolic links go in a circle".to_owned()))
    }

    fn find(&self, path: &str) -> Result<Found, ReadError> {
        let path = self.followed(path)?;
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let Some(tree) = self.folder(folder).and_then(|id| self.tree(&id)) else { return Ok(Found::Nothing) };
        Ok(match tree.get(name) {
            None => Found::Nothing,
            Some((mode, _)) if mode == FOLDER => Found::Folder,
            Some((mode, _)) if mode == SUBMODULE => Found::Submodule,
            Some((_, id)) => {
                let id = id.clone();
                if is_yaml(name) && !self.texts.borrow().contains_key(&id) && self.text(&id)?.is_none() {
                    let others = tree.iter().filter(|(other, (mode, _))| is_yaml(other) && mode.starts_with("100"));
                    self.missing.borrow_mut().extend(others.take(ALONG).map(|(_, (_, id))| id.clone()));
                }
                Found::File(id)
            }
        })
    }

    fn walk(&self, id: &str, prefix: &str, out: &mut Vec<String>) {
        for (name, (mode, id)) in self.tree(id).unwrap_or_default() {
            match mode.as_str() {
                FOLDER => self.walk(&id, &format!("{prefix}{name}/"), out),
                SUBMODULE => {}
                _ => out.push(format!("{prefix}{name}")),
            }
        }
    }
}

impl Files for ObjectFiles {
    fn read(&self, path: &str) -> Result<Option<String>, ReadError> {
        match self.find(path)? {
            Found::Nothing => Ok(None),
            Found::Folder => Err(ReadError::Directory),
            Found::Submodule => Err(ReadError::Other("it is a submodule".to_owned())),
            Found::File(id) => match self.text(&id)? {
                Some(text) if text.starts_with("version https://git-lfs.github.com/spec/") => {
                    Err(ReadError::Other("it is a Git LFS pointer: its text is not in the repository".to_owned()))
                }
                text => Ok(text),
            },
        }
    }

    fn list(&self) -> Result<Vec<String>, ReadError> {
        let mut files = Vec::new();
        self.is_listed.set(true);
        self.walk(&self.root, "", &mut files);
        files.sort_unstable();
        Ok(files)
    }
}

impl CatFile {
    /// The bytes of an object; none when it is not here. Source: `git help cat-file`, "Batch output".
    fn get(&mut self, id: &str) -> io::Result<Option<Vec<u8>>> {
        writeln!(self.stdin, "{id}")?;
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        let mut words = line.split_ascii_whitespace();
        let (Some(_), Some(kind), Some(size)) = (words.next(), words.next(), words.next()) else {
            return if line.ends_with("missing\n") { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        };
        let size: usize = size.parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        let mut bytes = vec![0; size + 1];
        self.stdout.read_exact(&mut bytes)?;
        bytes.pop();
        Ok(Some(bytes).filter(|_| kind != "missing"))
    }
}

const FOLDER: &str = "40000";
const LINK: &str = "120000";
const SUBMODULE: &str = "160000";

/// The entries of a tree: `MODE NAME<nul>ID`. A name that is not UTF-8 cannot stand in a YAML file.
fn entries(bytes: &[u8], length: usize) -> Tree {
    let mut tree = Tree::new();
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|byte| *byte == 0) {
        let Some((id, next)) = rest.get(end + 1..).and_then(|rest| rest.split_at_checked(length)) else { break };
        if let Some((mode, name)) = std::str::from_utf8(&rest[..end]).ok().and_then(|entry| entry.split_once(' ')) {
            let id = id.iter().map(|byte| format!("{byte:02x}")).collect();
            tree.insert(name.to_owned(), (mode.to_owned(), id));
        }
        rest = next;
    }
    tree
}

/// The tree of a commit, from its text.
fn tree_of(commit: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(commit);
    Some(text.lines().next()?.strip_prefix("tree ")?.to_owned())
}

fn is_yaml(name: &str) -> bool {
    name.ends_with(".yml") || name.ends_with(".yaml")
}

/// A path from the root, without `.` and `..`.
fn normal(path: &str) -> Result<String, ReadError> {
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
