//! From nodes to values: what Ruby makes of one file.

use std::borrow::Cow;
use std::sync::Arc;

use rayon::prelude::*;

use super::error::{Error, ErrorKind};
use super::facts::REFERENCE;
use super::inputs::Inputs;
use super::merge::Entries;
use super::place::{At, FileId};
use super::trees::Trees;
use super::value::{Filled, Held, Key, Origin, Passed, Slot, Value, Way};
use crate::yaml::{Kind, NodeId, Tree};

/// So many entries are read before another core would have begun.
const LONG: usize = 128;

/// Reads one file, with the inputs that it was included with.
#[derive(Clone, Copy)]
pub(super) struct Reader<'p, 'i> {
    trees: Trees<'p>,
    file: FileId,
    /// None in a file that declares no inputs: `$[[` means nothing there.
    inputs: Option<&'i Inputs>,
}

impl<'p, 'i> Reader<'p, 'i> {
    pub fn new(trees: Trees<'p>, file: FileId, inputs: Option<&'i Inputs>) -> Self {
        Reader { trees, file, inputs }
    }

    /// The value of a node.
    ///
    /// # Errors
    /// A `<<` that Ruby does not merge.
    pub fn slot(&self, node: NodeId) -> Result<Slot, Error> {
        let origin = Origin { at: self.at(node), way: Way::Own };
        let tree = self.tree();
        let target = tree.resolve(node);
        if self.is_plain(target) {
            return Ok(Slot { value: Value::Node(self.at(target)), origin, passed: Passed::default(), filled: None });
        }
        let value = match tree.kind(target) {
            _ if tree.tag(target) == Some(REFERENCE) => Value::Node(self.at(target)),
            Kind::Mapping => Value::map(self.trees, self.entries(target)?),
            Kind::Sequence => Value::seq(self.trees, self.items(target)?),
            Kind::Scalar(_) | Kind::Alias => return Ok(self.scalar(origin, target)),
        };
        Ok(Slot { value, origin, passed: Passed::default(), filled: None })
    }

    /// The entries of a mapping, with `<<` applied.
    ///
    /// Source: Psych's `revive_hash`. Entries are applied in the order of the file; `<<` overrides what stands before
    /// it and is overridden by what comes after; of a list, the first element wins; several `<<` are applied in turn.
    pub fn entries(&self, mapping: NodeId) -> Result<Vec<Held>, Error> {
        let tree = self.tree();
        let mut entries = Entries::new(self.trees);
        for (key, value) in tree.entries(mapping) {
            if is_merge(tree, key) {
                for source in self.merged(value)? {
                    let way = Way::Merge { alias: self.at(source), from: self.at(tree.resolve(source)) };
                    for held in self.entries(tree.resolve(source))? {
                        entries.set(held.by(&|_| way.clone()));
                    }
                }
            } else {
                entries.set(self.entry(key, value)?);
            }
        }
        Ok(entries.finish())
    }

    /// The same of a whole file, which may be long: all cores read it.
    pub fn tops(&self, mapping: NodeId) -> Result<Vec<Held>, Error> {
        let tree = self.tree();
        let pairs: Vec<(NodeId, NodeId)> = tree.entries(mapping).collect();
        if pairs.len() <= LONG || pairs.iter().any(|(key, _)| is_merge(tree, *key)) {
            return self.entries(mapping);
        }
        let read = pairs.into_par_iter().with_min_len(LONG).map(|(key, value)| self.entry(key, value));
        let mut entries = Entries::new(self.trees);
        // All of them, so that it is always the first in order that is refused.
        for held in read.collect::<Vec<_>>() {
            entries.set(held?);
        }
        Ok(entries.finish())
    }

    /// The entry of a mapping for one key, without reading the others where that is possible.
    pub fn find(&self, mapping: NodeId, key: &str) -> Result<Option<Held>, Error> {
        let tree = self.tree();
        // Nothing but a merge or an input brings in a key that is not written there.
        let is_written = self.inputs.is_none() && !tree.entries(mapping).any(|(key, _)| is_merge(tree, key));
        if !is_written && !self.is_plain(mapping) {
            return Ok(self.entries(mapping)?.into_iter().find(|held| self.trees.key(&held.key) == key));
        }
        tree.entry(mapping, key).map(|(key, value)| self.entry(key, value)).transpose()
    }

    /// The mappings that a `<<` merges, in the order in which they are applied.
    fn merged(&self, value: NodeId) -> Result<Vec<NodeId>, Error> {
        let tree = self.tree();
        let mapping = |node| tree.is_mapping(node) && tree.tag(tree.resolve(node)) != Some(REFERENCE);
        if mapping(value) {
            return Ok(vec![value]);
        }
        // An alias to a list is not a list here: Ruby tries to merge it as a mapping, fails, and keeps the key `<<`.
        let list = tree.kind(value) == Kind::Sequence && tree.tag(value) != Some(REFERENCE);
        let items = tree.items(value);
        if list && items.iter().all(|&item| mapping(item)) {
            return Ok(items.iter().rev().copied().collect());
        }
        Err(self.trees.refuse(
            ErrorKind::WrongShape,
            self.at(value),
            "`<<` merges a mapping, or a list of mappings that is written in this place",
            "GitLab would keep `<<` as a keyword here and refuse it; write an alias of a mapping",
        ))
    }

    fn items(&self, sequence: NodeId) -> Result<Vec<Slot>, Error> {
        let mut items = Vec::new();
        for &item in self.tree().items(sequence) {
            let slot = self.slot(item)?;
            // An input that is a list is put into the list, not below it (`insert_array_input_into_existing_array?`).
            match slot.origin.way {
                Way::Input(_) if self.trees.is_sequence(&slot.value) => items.extend(self.trees.items(&slot)),
                _ => items.push(slot),
            }
        }
        Ok(items)
    }

    fn scalar(&self, origin: Origin, target: NodeId) -> Slot {
        let text = self.tree().scalar(target).unwrap_or_default();
        let at = self.at(target);
        if let Some(input) = self.inputs.and_then(|inputs| inputs.whole(text)) {
            let filled = Arc::new(Filled { at, given: vec![(text.into(), input.clone())] });
            return input.slot.by(&|_| Way::Input(at)).filled(&filled);
        }
        let (made, passed) = self.put_in(text);
        let given = |inputs: &Inputs| Arc::new(Filled { at, given: inputs.given_in(text) });
        let filled = self.inputs.filter(|_| made.is_some()).map(given);
        let value = made.map_or_else(|| Value::Node(at), Value::Text);
        Slot { value, origin, passed, filled }
    }

    /// An entry. The inputs in its key decide about its value, too.
    fn entry(&self, key: NodeId, value: NodeId) -> Result<Held, Error> {
        let (made, passed) = self.put_in(self.tree().scalar(key).unwrap_or_default());
        let mut slot = self.slot(value)?;
        for place in passed.places() {
            slot.passed = slot.passed.and(place);
        }
        Ok(Held { key: Key { at: self.at(key), made }, slot })
    }

    /// A text with inputs put in, and where they come from; none if there are none in it.
    fn put_in(&self, text: &str) -> (Option<Arc<str>>, Passed) {
        match self.inputs.map(|inputs| inputs.put_into(self.trees, text)) {
            Some((Cow::Owned(text), passed)) => (Some(text.into()), passed),
            _ => (None, Passed::default()),
        }
    }

    fn is_plain(&self, node: NodeId) -> bool {
        self.trees.file(self.file).facts().is_plain(node, self.inputs.is_some())
    }

    fn tree(&self) -> &'p Tree {
        self.trees.file(self.file).tree()
    }

    fn at(&self, node: NodeId) -> At {
        At::new(self.file, node)
    }
}

/// Whether Psych takes a key for the merge key: it does so for a quoted one too, unless it is tagged as a string.
fn is_merge(tree: &Tree, key: NodeId) -> bool {
    tree.scalar(key) == Some("<<") && tree.tag(key) != Some("tag:yaml.org,2002:str")
}
