//! How a value is read.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::place::At;
use super::scalar::{self, Scalar};
use super::trees::Trees;
use super::value::{Filled, Held, Origin, Passed, Slot, Value};

/// A value with its origin, ready to be read.
#[derive(Clone)]
pub struct Setting<'p> {
    pub value: Value,
    pub origin: Origin,
    pub(super) passed: Passed,
    pub(super) filled: Option<Arc<Filled>>,
    pub(super) trees: Trees<'p>,
}

/// An entry of a mapping.
#[derive(Clone, Debug)]
pub struct Entry<'p> {
    pub key: Cow<'p, str>,
    /// The key as it is written; of several definitions, that of the one that wins.
    pub key_at: At,
    pub setting: Setting<'p>,
}

impl<'p> Setting<'p> {
    /// The decoded text of a scalar.
    pub fn text(&self) -> Option<Cow<'p, str>> {
        match &self.value {
            Value::Node(at) => self.trees.tree(*at).scalar(at.node).map(Cow::Borrowed),
            Value::Text(text) => Some(Cow::Owned(text.to_string())),
            Value::Map(_) | Value::Seq(_) => None,
        }
    }

    /// The scalar node whose decoded text is the value, none when it was made.
    pub fn scalar_at(&self) -> Option<At> {
        match self.value {
            Value::Node(at) if self.trees.tree(at).scalar(at.node).is_some() => Some(at),
            _ => None,
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        self.trees.is_null(&self.value)
    }

    /// Whether it is a mapping.
    pub fn is_mapping(&self) -> bool {
        self.trees.is_mapping(&self.value)
    }

    /// Whether it is a sequence. A `!reference` that cannot be resolved offline is not.
    pub fn is_sequence(&self) -> bool {
        self.trees.is_sequence(&self.value)
    }

    /// Whether it is a `!reference` that cannot be resolved offline.
    pub fn is_unresolved(&self) -> bool {
        self.value.reference(self.trees).is_some()
    }

    /// The items of a sequence; none for anything else.
    pub fn items(&self) -> impl Iterator<Item = Setting<'p>> + use<'p> {
        let trees = self.trees;
        trees.items(&self.slot()).into_iter().map(move |slot| trees.setting(slot))
    }

    /// The entries of a mapping; none for anything else.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'p>> + use<'p> {
        let trees = self.trees;
        trees.entries(&self.slot()).into_iter().map(move |held| Entry::new(trees, held))
    }

    /// The value that a mapping has for a key.
    pub fn get(&self, key: &str) -> Option<Setting<'p>> {
        self.entry(key).map(|entry| entry.setting)
    }

    /// The entry that a mapping has for a key.
    pub fn entry(&self, key: &str) -> Option<Entry<'p>> {
        self.trees.find(&self.slot(), key).map(|held| Entry::new(self.trees, held))
    }

    /// Every text that stands in it, keys included.
    pub fn all_texts(&self) -> Vec<Cow<'p, str>> {
        let within = self.entries().flat_map(|entry| [vec![entry.key], entry.setting.all_texts()].concat());
        self.text().into_iter().chain(within).chain(self.items().flat_map(|item| item.all_texts())).collect()
    }

    /// What GitLab makes of it as the value of a variable: always a string, and of the long form its `value`.
    ///
    /// Source: `Entry::Variable` (`config.to_s`); null is the long form without a value (`ComposableHash`), so empty.
    pub fn variable_text(&self) -> Cow<'p, str> {
        match self.scalar() {
            Some(scalar) => scalar.into_ruby_string(),
            None => {
                self.get("value").and_then(|value| value.scalar()).map_or(Cow::Borrowed(""), Scalar::into_ruby_string)
            }
        }
    }

    /// What a scalar is to Ruby's YAML reader.
    pub(super) fn scalar(&self) -> Option<Scalar<'p>> {
        match &self.value {
            Value::Node(at) => scalar::of(self.trees.tree(*at), at.node),
            Value::Text(text) => Some(Scalar::String(Cow::Owned(text.to_string()))),
            Value::Map(_) | Value::Seq(_) => None,
        }
    }

    pub(super) fn slot(&self) -> Slot {
        let (value, origin) = (self.value.clone(), self.origin.clone());
        Slot { value, origin, passed: self.passed.clone(), filled: self.filled.clone() }
    }
}

impl fmt::Debug for Setting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting").field("value", &self.value).field("origin", &self.origin).finish()
    }
}

impl<'p> Entry<'p> {
    pub(super) fn new(trees: Trees<'p>, held: Held) -> Entry<'p> {
        let key = match &held.key.made {
            Some(text) => Cow::Owned(text.to_string()),
            None => Cow::Borrowed(trees.tree(held.key.at).scalar(held.key.at.node).unwrap_or_default()),
        };
        Entry { key, key_at: held.key.at, setting: trees.setting(held.slot) }
    }
}
