//! The names of the top-level entries.

use std::collections::HashMap;
use std::sync::Arc;

use super::trees::Trees;
use super::value::Held;

/// The top-level entries by number and by name.
#[derive(Debug)]
pub(super) struct Names {
    names: Vec<Arc<str>>,
    /// Only ever asked for one name, so its order does not matter.
    numbers: HashMap<Arc<str>, usize>,
}

impl Names {
    pub fn new(trees: Trees<'_>, held: &[Held]) -> Names {
        let names: Vec<Arc<str>> = held.iter().map(|held| Arc::from(trees.key(&held.key))).collect();
        let numbers = names.iter().cloned().zip(0..).collect();
        Names { names, numbers }
    }

    /// The name of an entry, by a number that this has given out.
    pub fn name(&self, entry: usize) -> &Arc<str> {
        &self.names[entry]
    }

    pub fn find(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    /// The name most like a mistyped one, if any is like it.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        let likeness = |known: &str| strsim::normalized_damerau_levenshtein(known, name);
        let nearest = self.names.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
        (likeness(nearest) > 0.6).then_some(&**nearest)
    }
}
