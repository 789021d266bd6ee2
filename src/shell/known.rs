//! Scripts that were parsed already: the jobs of a pipeline share many, and an edit changes few.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Script;

/// Bytes of scripts that are kept; what comes after that is parsed each time.
const MOST: usize = 128 << 10;

/// Parsed scripts, by the texts of their items.
#[derive(Default)]
pub struct Scripts(Mutex<Known>);

#[derive(Default)]
struct Known {
    scripts: HashMap<Box<[Box<str>]>, Arc<Script>>,
    bytes: usize,
}

impl Scripts {
    /// The script of some items, as [`Script::parse`] reads it.
    pub fn parse<'i>(&self, items: impl IntoIterator<Item = &'i str>) -> Arc<Script> {
        let items: Box<[Box<str>]> = items.into_iter().map(Box::from).collect();
        // What a thread that panicked has left is whole: entries are put in at once.
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(script) = known().scripts.get(&items) {
            return Arc::clone(script);
        }
        let script = Arc::new(Script::parse(&items));
        let mut known = known();
        let bytes = known.bytes + items.iter().map(|item| item.len()).sum::<usize>();
        if bytes <= MOST {
            known.bytes = bytes;
            known.scripts.insert(items, Arc::clone(&script));
        }
        script
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_parsed_once_and_told_from_others() {
        let scripts = Scripts::default();
        let first = scripts.parse(["docker info", "make"]);
        assert!(Arc::ptr_eq(&first, &scripts.parse(["docker info", "make"])));
        assert!(!Arc::ptr_eq(&first, &scripts.parse(["docker info\nmake"])));
        let long = "x".repeat(MOST);
        assert!(!Arc::ptr_eq(&scripts.parse([&*long]), &scripts.parse([&*long])));
    }
}
