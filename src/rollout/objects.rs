//! The files of a commit, read from objects of which some may be missing.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::tree::EntryKind;
use gix_object::{CommitRefIter, Find, TreeRefIter};

use super::outcome::Fault;
use super::scratch::{Scratch, lacking};
use crate::pipeline::{Files, ReadError, within};
use crate::yaml::MAX_BYTES;

/// Symbolic links that are followed, one after the other. Source: `MAXSYMLINKS` of Linux.
const MAX_LINKS: usize = 40;

/// Files of a folder that are fetched along with one of them that is a pipeline's.
const ALONG: usize = 100;

/// A commit's files. What is not there yet is noted ([`ObjectFiles::missing`]) and taken as not being there, so that the reader comes as
/// far as it can; what it made of that is to be thrown away.
pub struct ObjectFiles {
    pub(super) store: gix_odb::Handle,
    pub(super) root: ObjectId,
    trees: RefCell<BTreeMap<ObjectId, Option<Rc<Tree>>>>,
    texts: RefCell<BTreeMap<ObjectId, Rc<str>>>,
    missing: RefCell<BTreeSet<ObjectId>>,
    is_listed: Cell<bool>,
}

/// Entries by name: mode and id.
type Tree = BTreeMap<String, (Mode, ObjectId)>;

/// What stands in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    File { is_executable: bool },
    Folder,
    Link,
    Submodule,
}

enum Found {
    File(ObjectId),
    Folder,
    Submodule,
    Nothing,
}

impl ObjectFiles {
    /// Opens a commit.
    ///
    /// # Errors
    /// The objects cannot be read, or do not hold the commit.
    pub fn open(scratch: &Scratch, commit: &str) -> Result<ObjectFiles, Fault> {
        let store = scratch.objects()?;
        let root = tree_of(&store, commit).ok_or_else(|| lacking("commit"))?;
        let (trees, texts, missing) = (RefCell::default(), RefCell::default(), RefCell::default());
        Ok(ObjectFiles { store, root, trees, texts, missing, is_listed: Cell::new(false) })
    }

    /// The tree of another commit, if it is here.
    pub fn tree_of(&self, commit: &str) -> Option<ObjectId> {
        tree_of(&self.store, commit)
    }

    /// The ids of what was asked for and is not here, and whether all trees are wanted; they are forgotten.
    pub fn missing(&self) -> (Vec<String>, bool) {
        self.trees.borrow_mut().retain(|_, tree| tree.is_some());
        (self.missing.take().iter().map(ObjectId::to_string).collect(), self.is_listed.replace(false))
    }

    /// The mode and the path of the file that a path leads to, symbolic links followed.
    pub(super) fn real(&self, path: &str) -> Option<(Mode, String)> {
        let path = self.followed(path).ok()?;
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let (mode, _) = *self.tree(self.folder(folder)?)?.get(name)?;
        Some((mode, path))
    }

    fn get(&self, id: ObjectId) -> Result<Option<Vec<u8>>, ReadError> {
        let mut bytes = Vec::new();
        let found = self.store.try_find(&id, &mut bytes).map_err(|error| ReadError::Other(error.to_string()))?;
        if found.is_none() {
            self.missing.borrow_mut().insert(id);
            return Ok(None);
        }
        Ok(Some(bytes))
    }

    fn tree(&self, id: ObjectId) -> Option<Rc<Tree>> {
        if let Some(known) = self.trees.borrow().get(&id) {
            return known.clone();
        }
        let tree = self.get(id).ok().flatten().map(|bytes| Rc::new(entries(&bytes, id.kind())));
        self.trees.borrow_mut().insert(id, tree.clone());
        tree
    }

    /// The id of a folder's tree.
    fn folder(&self, path: &str) -> Option<ObjectId> {
        path.split('/').filter(|part| !part.is_empty()).try_fold(self.root, |at, part| {
            let (mode, id) = *self.tree(at)?.get(part)?;
            (mode == Mode::Folder).then_some(id)
        })
    }

    fn text(&self, id: ObjectId) -> Result<Option<Rc<str>>, ReadError> {
        if let Some(text) = self.texts.borrow().get(&id) {
            return Ok(Some(Rc::clone(text)));
        }
        let Some(bytes) = self.get(id)? else { return Ok(None) };
        if bytes.len() > MAX_BYTES {
            return Err(ReadError::Other(format!("its {} bytes are more than {MAX_BYTES}", bytes.len())));
        }
        let text = String::from_utf8(bytes);
        let text = text.map_err(|error| ReadError::NotUtf8 { offset: error.utf8_error().valid_up_to() })?;
        let text: Rc<str> = text.into();
        self.texts.borrow_mut().insert(id, Rc::clone(&text));
        Ok(Some(text))
    }

    /// The path when the symbolic links in it are followed.
    fn followed(&self, path: &str) -> Result<String, ReadError> {
        let mut path = within(path)?;
        'next: for _ in 0..=MAX_LINKS {
            let mut at = self.root;
            let mut folder = String::new();
            let parts: Vec<&str> = path.split('/').collect();
            for (number, part) in parts.iter().enumerate() {
                let Some((mode, id)) = self.tree(at).and_then(|tree| tree.get(*part).copied()) else { break };
                if mode == Mode::Link {
                    let Some(target) = self.text(id)? else { break };
                    let rest: String = parts.iter().skip(number + 1).map(|part| format!("/{part}")).collect();
                    path = within(&format!("{folder}/{target}{rest}"))?;
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
        let Some(tree) = self.folder(folder).and_then(|id| self.tree(id)) else { return Ok(Found::Nothing) };
        Ok(match tree.get(name) {
            None => Found::Nothing,
            Some((Mode::Folder, _)) => Found::Folder,
            Some((Mode::Submodule, _)) => Found::Submodule,
            Some((_, id)) => {
                if is_yaml(name) && !self.texts.borrow().contains_key(id) && self.text(*id)?.is_none() {
                    let is_file = |mode| matches!(mode, Mode::File { .. });
                    let others = tree.iter().filter(|(other, (mode, _))| is_yaml(other) && is_file(*mode));
                    self.missing.borrow_mut().extend(others.take(ALONG).map(|(_, (_, id))| *id));
                }
                Found::File(*id)
            }
        })
    }

    fn walk(&self, id: ObjectId, prefix: &str, out: &mut Vec<String>) {
        let Some(tree) = self.tree(id) else { return };
        for (name, (mode, id)) in tree.iter() {
            match mode {
                Mode::Folder => self.walk(*id, &format!("{prefix}{name}/"), out),
                Mode::Submodule => {}
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
            Found::File(id) => match self.text(id)? {
                Some(text) if text.starts_with("version https://git-lfs.github.com/spec/") => {
                    Err(ReadError::Other("it is a Git LFS pointer: its text is not in the repository".to_owned()))
                }
                text => Ok(text.map(|text| text.to_string())),
            },
        }
    }

    fn list(&self) -> Result<Vec<String>, ReadError> {
        let mut files = Vec::new();
        self.is_listed.set(true);
        self.walk(self.root, "", &mut files);
        files.sort_unstable();
        Ok(files)
    }
}

/// The entries of a tree. A name that is not UTF-8 cannot stand in a YAML file.
fn entries(bytes: &[u8], hash: gix_hash::Kind) -> Tree {
    let entries = TreeRefIter::from_bytes(bytes, hash).map_while(Result::ok);
    let named = entries.filter_map(|entry| {
        let name = std::str::from_utf8(entry.filename).ok()?.to_owned();
        let mode = match entry.mode.kind() {
            EntryKind::Tree => Mode::Folder,
            EntryKind::Link => Mode::Link,
            EntryKind::Commit => Mode::Submodule,
            kind => Mode::File { is_executable: kind == EntryKind::BlobExecutable },
        };
        Some((name, (mode, entry.oid.to_owned())))
    });
    named.collect()
}

/// The tree of a commit.
fn tree_of(store: &gix_odb::Handle, commit: &str) -> Option<ObjectId> {
    let mut bytes = Vec::new();
    let id = ObjectId::from_hex(commit.as_bytes()).ok()?;
    store.try_find(&id, &mut bytes).ok()??;
    CommitRefIter::from_bytes(&bytes, id.kind()).tree_id().ok()
}

fn is_yaml(name: &str) -> bool {
    name.ends_with(".yml") || name.ends_with(".yaml")
}
