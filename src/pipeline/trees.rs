//! All trees of a project, for whoever follows a value from one file to another.

use super::error::{Error, ErrorKind};
use super::place::{At, FileId};
use super::project::File;
use super::setting::Setting;
use super::value::{Held, Key, Origin, Slot, Value};
use crate::yaml::{NodeId, Tree};

/// The files of a project, to be looked things up in.
#[derive(Clone, Copy)]
pub(super) struct Trees<'p>(pub &'p [File]);

impl<'p> Trees<'p> {
    /// The file of a place. A [`FileId`] is only ever made for a file that is there.
    pub fn file(self, file: FileId) -> &'p File {
        &self.0[file.0 as usize]
    }

    /// The tree in which a place stands.
    pub fn tree(self, at: At) -> &'p Tree {
        self.file(at.file).tree()
    }

    /// The node an alias stands for, the place itself otherwise.
    pub fn resolve(self, at: At) -> At {
        at.beside(self.tree(at).resolve(at.node))
    }

    /// The text of a key; empty for one that is no scalar, which GitLab has no use for anywhere.
    pub fn key<'k>(self, key: &'k Key) -> &'k str
    where
        'p: 'k,
    {
        match &key.made {
            Some(text) => text,
            None => self.tree(key.at).scalar(key.at.node).unwrap_or_default(),
        }
    }

    /// A value ready to be read.
    pub fn setting(self, slot: Slot) -> Setting<'p> {
        Setting { value: slot.value, origin: slot.origin, passed: slot.passed, filled: slot.filled, trees: self }
    }

    /// Whether a value is a mapping.
    pub fn is_mapping(self, value: &Value) -> bool {
        match value {
            Value::Node(at) => self.tree(*at).is_mapping(at.node),
            Value::Map(_) => true,
            Value::Seq(_) | Value::Text(_) => false,
        }
    }

    /// Whether a value is a sequence. A `!reference` is not: it stands for something else.
    pub fn is_sequence(self, value: &Value) -> bool {
        match value {
            Value::Node(at) => self.tree(*at).is_sequence(at.node) && value.reference(self).is_none(),
            Value::Seq(_) => true,
            Value::Map(_) | Value::Text(_) => false,
        }
    }

    /// Whether a value is null.
    pub fn is_null(self, value: &Value) -> bool {
        matches!(value, Value::Node(at) if self.tree(*at).is_null(at.node))
    }

    /// The entries of a mapping; none for anything else. What stands in a node came by the way of the node.
    pub fn entries(self, slot: &Slot) -> Vec<Held> {
        match &slot.value {
            &Value::Node(at) => {
                let entries = self.tree(at).entries(at.node);
                let held = |(key, value)| Held {
                    key: Key { at: at.beside(key), made: None },
                    slot: self.child(slot, at.beside(value)),
                };
                entries.map(held).collect()
            }
            Value::Map(map) => map.entries.clone(),
            Value::Seq(_) | Value::Text(_) => Vec::new(),
        }
    }

    /// The value that a mapping has for a key, with the key.
    pub fn find(self, slot: &Slot, key: &str) -> Option<Held> {
        match &slot.value {
            &Value::Node(at) => {
                let (key, value) = self.tree(at).entry(at.node, key)?;
                let key = Key { at: at.beside(key), made: None };
                Some(Held { key, slot: self.child(slot, at.beside(value)) })
            }
            Value::Map(map) => map.entries.iter().find(|held| self.key(&held.key) == key).cloned(),
            Value::Seq(_) | Value::Text(_) => None,
        }
    }

    /// The items of a sequence; none for anything else.
    pub fn items(self, slot: &Slot) -> Vec<Slot> {
        match &slot.value {
            value @ &Value::Node(at) if value.reference(self).is_none() => {
                self.tree(at).items(at.node).iter().map(|&item| self.child(slot, at.beside(item))).collect()
            }
            Value::Seq(seq) => seq.items.clone(),
            Value::Node(_) | Value::Map(_) | Value::Text(_) => Vec::new(),
        }
    }

    /// A node inside a node that is used as it stands.
    pub fn child(self, parent: &Slot, at: At) -> Slot {
        let origin = Origin { at, way: parent.origin.way.clone() };
        let (passed, filled) = (parent.passed.clone(), parent.filled.clone());
        Slot { value: Value::Node(self.resolve(at)), origin, passed, filled }
    }

    /// A refusal that points at a node.
    pub fn refuse(self, kind: ErrorKind, at: At, message: impl Into<String>, hint: impl Into<String>) -> Error {
        let file = self.file(at.file);
        let stream = file.stream();
        Error {
            kind,
            path: file.path.as_str().into(),
            text: stream.map(|stream| stream.text().into()),
            span: stream.map(|stream| stream.span(at.node)),
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// Path and line of a place, for a message about another one.
    pub fn name(self, at: At) -> String {
        let file = self.file(at.file);
        match file.stream() {
            Some(stream) => format!("{}:{}", file.path, stream.line_column(stream.span(at.node).start).0),
            None => file.path.clone(),
        }
    }

    /// The last node inside a node: its descendants are exactly those numbered from it to this one.
    pub fn last_inside(self, at: At) -> NodeId {
        let tree = self.tree(at);
        let mut node = at.node;
        // Not through an alias: what it stands for is numbered elsewhere.
        while tree.resolve(node) == node {
            let last =
                tree.items(node).last().copied().or_else(|| tree.entries(node).next_back().map(|(_, value)| value));
            match last {
                Some(last) => node = last,
                None => break,
            }
        }
        node
    }
}
