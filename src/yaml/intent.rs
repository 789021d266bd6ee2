//! What a set of edits means: the tree that the edited text must be read as.

use std::collections::{BTreeMap, BTreeSet};

use super::plain::is_typed;
use super::tree::{Kind, NodeId, Style, Tree};
use super::write::{Entry, Item, Value};

/// The edits as changes of the tree.
#[derive(Clone, Default)]
pub(super) struct Intent {
    replaced: BTreeMap<NodeId, Value>,
    rewritten: BTreeMap<NodeId, String>,
    deleted: BTreeSet<NodeId>,
    /// By collection and the number of the sibling that they go before.
    entries: BTreeMap<(NodeId, usize), Vec<Entry>>,
    items: BTreeMap<(NodeId, usize), Vec<Item>>,
}

impl Intent {
    pub fn replace(&mut self, node: NodeId, value: Value) {
        self.replaced.insert(node, value);
    }

    pub fn rewrite(&mut self, scalar: NodeId, text: String) {
        self.rewritten.insert(scalar, text);
    }

    pub fn delete(&mut self, child: NodeId) {
        self.deleted.insert(child);
    }

    pub fn is_deleted(&self, child: NodeId) -> bool {
        self.deleted.contains(&child)
    }

    pub fn insert_entry(&mut self, mapping: NodeId, before: usize, entry: Entry) {
        self.entries.entry((mapping, before)).or_default().push(entry);
    }

    pub fn insert_item(&mut self, sequence: NodeId, before: usize, item: Item) {
        self.items.entry((sequence, before)).or_default().push(item);
    }

    pub fn absorb(&mut self, other: Intent) {
        self.replaced.extend(other.replaced);
        self.rewritten.extend(other.rewritten);
        self.deleted.extend(other.deleted);
        for (place, entries) in other.entries {
            self.entries.entry(place).or_default().extend(entries);
        }
        for (place, items) in other.items {
            self.items.entry(place).or_default().extend(items);
        }
    }

    /// The node of the old tree at which the new one is not as meant.
    pub fn first_difference(&self, old: &Tree, new: &Tree) -> Option<NodeId> {
        let mut check = Check { intent: self, old, new, seen: vec![None; old.len()] };
        if old.roots().len() != new.roots().len() {
            return old.roots().first().copied();
        }
        let pairs = old.roots().iter().zip(new.roots());
        for (&was, &is) in pairs {
            if let Err(place) = check.old(was, is) {
                return Some(place);
            }
        }
        None
    }
}

struct Check<'a> {
    intent: &'a Intent,
    old: &'a Tree,
    new: &'a Tree,
    /// Where each old node went, for the aliases.
    seen: Vec<Option<NodeId>>,
}

impl<'a> Check<'a> {
    fn old(&mut self, was: NodeId, is: NodeId) -> Result<(), NodeId> {
        let (old, new) = (self.old, self.new);
        if let Some(slot) = self.seen.get_mut(was.0 as usize) {
            *slot = Some(is);
        }
        if let Some(value) = self.intent.replaced.get(&was) {
            return self.value(value, is).then_some(()).ok_or(was);
        }
        if let Some(text) = self.intent.rewritten.get(&was) {
            return (new.scalar(is) == Some(text) && reads_as_text(new, is)).then_some(()).ok_or(was);
        }
        let same = match (old.kind(was), new.kind(is)) {
            (Kind::Scalar(a), Kind::Scalar(b)) => a == b && old.scalar(was) == new.scalar(is),
            (Kind::Alias, Kind::Alias) => {
                let target = self.seen.get(old.resolve(was).0 as usize).copied().flatten();
                target == Some(new.resolve(is))
            }
            (a, b) => a == b,
        };
        if !same || old.tag(was) != new.tag(is) {
            return Err(was);
        }
        match old.kind(was) {
            Kind::Mapping => self.entries(was, is),
            Kind::Sequence => self.items(was, is),
            _ => Ok(()),
        }
    }

    fn entries(&mut self, was: NodeId, is: NodeId) -> Result<(), NodeId> {
        let (old, new) = (self.old, self.new);
        let mut found = new.entries(is);
        for (n, (key, value)) in old.entries(was).enumerate() {
            self.inserted_entries(was, n, &mut found)?;
            if self.intent.is_deleted(key) {
                continue;
            }
            let (new_key, new_value) = found.next().ok_or(key)?;
            self.old(key, new_key)?;
            self.old(value, new_value)?;
        }
        self.inserted_entries(was, old.entries(was).count(), &mut found)?;
        found.next().is_none().then_some(()).ok_or(was)
    }

    fn inserted_entries(
        &mut self,
        was: NodeId,
        n: usize,
        found: &mut impl Iterator<Item = (NodeId, NodeId)>,
    ) -> Result<(), NodeId> {
        let intent = self.intent;
        for entry in intent.entries.get(&(was, n)).into_iter().flatten() {
            let (key, value) = found.next().ok_or(was)?;
            if self.new.scalar(key) != Some(&entry.key) || !self.value(&entry.value, value) {
                return Err(was);
            }
        }
        Ok(())
    }

    fn items(&mut self, was: NodeId, is: NodeId) -> Result<(), NodeId> {
        let (old, new) = (self.old, self.new);
        let mut found = new.items(is).iter().copied();
        for (n, &item) in old.items(was).iter().enumerate() {
            self.inserted_items(was, n, &mut found)?;
            if self.intent.is_deleted(item) {
                continue;
            }
            let new_item = found.next().ok_or(item)?;
            self.old(item, new_item)?;
        }
        self.inserted_items(was, old.items(was).len(), &mut found)?;
        found.next().is_none().then_some(()).ok_or(was)
    }

    fn inserted_items(
        &mut self,
        was: NodeId,
        n: usize,
        found: &mut impl Iterator<Item = NodeId>,
    ) -> Result<(), NodeId> {
        let intent = self.intent;
        for item in intent.items.get(&(was, n)).into_iter().flatten() {
            let is = found.next().ok_or(was)?;
            if !self.value(&item.value, is) {
                return Err(was);
            }
        }
        Ok(())
    }

    fn value(&self, value: &Value, is: NodeId) -> bool {
        let new = self.new;
        match value {
            Value::Text(text) => new.scalar(is) == Some(text) && reads_as_text(new, is),
            Value::Styled(text, _) => new.scalar(is) == Some(text),
            Value::Plain(text) => new.scalar(is) == Some(text) && new.kind(is) == Kind::Scalar(Style::Plain),
            Value::Sequence(items) => {
                let found = new.items(is);
                new.kind(is) == Kind::Sequence
                    && found.len() == items.len()
                    && items.iter().zip(found).all(|(item, &is)| self.value(&item.value, is))
            }
            Value::Mapping(entries) => {
                let found: Vec<_> = new.entries(is).collect();
                new.kind(is) == Kind::Mapping
                    && found.len() == entries.len()
                    && entries
                        .iter()
                        .zip(found)
                        .all(|(entry, (key, is))| new.scalar(key) == Some(&entry.key) && self.value(&entry.value, is))
            }
        }
    }
}

/// Whether a scalar is a string to every reader.
fn reads_as_text(tree: &Tree, id: NodeId) -> bool {
    match tree.kind(id) {
        Kind::Scalar(Style::Plain) => !tree.scalar(id).is_some_and(is_typed),
        Kind::Scalar(_) => true,
        _ => false,
    }
}
