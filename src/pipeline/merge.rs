//! Putting mappings together.

use std::collections::HashMap;

use super::trees::Trees;
use super::value::{Held, Slot, Value};

/// From here on, keys are looked up by hash. Most mappings of a pipeline are smaller.
const SMALL: usize = 12;

/// A mapping in the making, with the order of a Ruby hash: a key keeps the place of its first setting.
pub(super) struct Entries<'p> {
    trees: Trees<'p>,
    held: Vec<Held>,
    index: HashMap<Box<str>, usize>,
}

impl<'p> Entries<'p> {
    pub fn new(trees: Trees<'p>) -> Self {
        Entries { trees, held: Vec::new(), index: HashMap::new() }
    }

    /// Sets a key, in the place that it had.
    pub fn set(&mut self, entry: Held) {
        match self.position(&entry) {
            Some(slot) => *slot = entry,
            None => self.push(entry),
        }
    }

    /// Sets a key as `deep_merge` does: two mappings become one, anything else is replaced.
    pub fn merge(&mut self, entry: Held) {
        let trees = self.trees;
        match self.position(&entry) {
            Some(held) => {
                let slot = deep(trees, &held.slot, &entry.slot);
                *held = Held { key: entry.key, slot };
            }
            None => self.push(entry),
        }
    }

    pub fn finish(self) -> Vec<Held> {
        self.held
    }

    fn push(&mut self, entry: Held) {
        if self.held.len() == SMALL {
            for (i, held) in self.held.iter().enumerate() {
                self.index.insert(self.trees.key(&held.key).into(), i);
            }
        }
        if self.held.len() >= SMALL {
            self.index.insert(self.trees.key(&entry.key).into(), self.held.len());
        }
        self.held.push(entry);
    }

    fn position(&mut self, entry: &Held) -> Option<&mut Held> {
        let key = self.trees.key(&entry.key);
        let found = if self.held.len() > SMALL {
            self.index.get(key).copied()
        } else {
            self.held.iter().position(|held| self.trees.key(&held.key) == key)
        };
        self.held.get_mut(found?)
    }
}

/// Two values of one key: mappings merge deeply, anything else is replaced by the later one, null too.
///
/// Source: ActiveSupport's `Hash#deep_merge!`, with which GitLab puts together included files
/// (`External::Processor`) and bases (`Extendable::Entry`).
pub(super) fn deep(trees: Trees<'_>, base: &Slot, over: &Slot) -> Slot {
    if !(trees.is_mapping(&base.value) && trees.is_mapping(&over.value)) {
        return over.clone();
    }
    let mut entries = Entries::new(trees);
    for held in trees.entries(base).into_iter().chain(trees.entries(over)) {
        entries.merge(held);
    }
    let value = Value::map(trees, entries.finish());
    Slot { value, ..over.clone() }
}
