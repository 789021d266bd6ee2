//! The top-level entries of a pipeline's files, with their texts.

use std::collections::{BTreeMap, BTreeSet};

use super::diff::part;
use crate::pipeline::Project;

/// Every top-level entry: by its key, then by its file, the number of its first line (from 1) and its lines.
pub(super) struct Entries<'p>(BTreeMap<&'p str, BTreeMap<&'p str, (usize, &'p str)>>);

impl<'p> Entries<'p> {
    pub fn of(project: &'p Project) -> Entries<'p> {
        let mut entries: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for (_, file) in project.files() {
            let Some(stream) = file.stream() else { continue };
            let tree = stream.tree();
            for (key, _) in tree.roots().iter().flat_map(|&root| tree.entries(root)) {
                let lines = stream.lines_of(key);
                let (line, _) = stream.line_column(lines.start);
                let text = stream.text().get(lines).unwrap_or_default();
                let files = entries.entry(tree.scalar(key).unwrap_or_default()).or_default();
                files.insert(file.path.as_str(), (line, text));
            }
        }
        Entries(entries)
    }

    /// The difference of one entry in all files that have it; empty when there is none.
    pub fn diff(&self, key: &str, after: &Entries<'_>) -> String {
        let none = BTreeMap::new();
        let (old, new) = (self.0.get(key).unwrap_or(&none), after.0.get(key).unwrap_or(&none));
        let files: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
        files.into_iter().map(|file| part(file, old.get(file).copied(), new.get(file).copied())).collect()
    }

    /// The first line of an entry, with its file.
    pub fn place(&self, key: &str) -> Option<(&'p str, usize)> {
        self.0.get(key)?.first_key_value().map(|(file, (line, _))| (*file, *line))
    }

    /// The keys, each once, in the order of the alphabet.
    pub fn keys(&self) -> impl Iterator<Item = &'p str> {
        self.0.keys().copied()
    }
}
