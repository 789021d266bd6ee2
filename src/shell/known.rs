//! Scripts that were parsed already: the jobs of a pipeline share many, and an edit changes few.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use super::Script;

/// Bytes of scripts that are kept; what comes after that is parsed each time.
const MOST: usize = 128 << 10;

/// Parsed scripts, by the texts of their items.
#[derive(Default)]
pub struct Scripts(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// By the hash of the texts, so that none is copied to look for it.
    scripts: HashMap<u64, Vec<Parsed>>,
    hashes: RandomState,
    bytes: usize,
}

struct Parsed {
    items: Box<[Box<str>]>,
    script: Arc<Script>,
}

impl Scripts {
    /// The script of some items, as [`Script::parse`] reads it.
    pub fn parse<'i>(&self, items: impl Iterator<Item = &'i str> + Clone) -> Arc<Script> {
        // What a thread that panicked has left is whole: entries are put in at once.
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(script) = known().find(items.clone()) {
            return script;
        }
        let script = Arc::new(Script::parse(items.clone()));
        known().keep(items, &script);
        script
    }
}

impl Known {
    fn hash<'i>(&self, items: impl Iterator<Item = &'i str>) -> u64 {
        let mut hasher = self.hashes.build_hasher();
        items.for_each(|item| item.hash(&mut hasher));
        hasher.finish()
    }

    fn find<'i>(&self, items: impl Iterator<Item = &'i str> + Clone) -> Option<Arc<Script>> {
        let alike = self.scripts.get(&self.hash(items.clone()))?;
        let found = alike.iter().find(|known| known.items.iter().map(|item| &**item).eq(items.clone()));
        found.map(|known| Arc::clone(&known.script))
    }

    fn keep<'i>(&mut self, items: impl Iterator<Item = &'i str> + Clone, script: &Arc<Script>) {
        let bytes = self.bytes + script.text().len();
        if bytes <= MOST {
            self.bytes = bytes;
            let hash = self.hash(items.clone());
            self.scripts
                .entry(hash)
                .or_default()
                .push(Parsed { items: items.map(Box::from).collect(), script: Arc::clone(script) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_parsed_once_and_told_from_others() {
        let scripts = Scripts::default();
        let first = scripts.parse(["docker info", "make"].into_iter());
        assert!(Arc::ptr_eq(&first, &scripts.parse(["docker info", "make"].into_iter())));
        assert!(!Arc::ptr_eq(&first, &scripts.parse(["docker info\nmake"].into_iter())));
        let long = "x".repeat(MOST);
        assert!(!Arc::ptr_eq(&scripts.parse([&*long].into_iter()), &scripts.parse([&*long].into_iter())));
    }
}
