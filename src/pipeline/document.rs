//! The documents of a file: a header, perhaps, and the configuration.
//!
//! Source: `Loader::MultiDocYaml` and `Yaml::Result`.

use crate::yaml::{NodeId, Tree};

/// The documents that hold anything, as GitLab takes them (`MultiDocYaml`, `reject_empty`).
pub(super) fn documents(tree: &Tree) -> impl Iterator<Item = NodeId> {
    let blank = |node| {
        tree.is_null(node)
            || tree.scalar(node).is_some_and(|text| text.trim().is_empty())
            || tree.scalar(node).is_none() && tree.items(node).is_empty() && tree.entries(node).next().is_none()
    };
    tree.roots().iter().copied().filter(move |&root| !blank(root))
}

/// The header: the first of several documents, if it has `spec` (`Yaml::Result#has_header?`).
pub(super) fn header(tree: &Tree) -> Option<NodeId> {
    let mut documents = documents(tree);
    let first = documents.next().filter(|&first| tree.get(first, "spec").is_some());
    first.filter(|_| documents.next().is_some())
}

/// The mapping that is the configuration: with a header the last document, without one the first.
pub(super) fn content(tree: &Tree) -> Option<NodeId> {
    let content = match header(tree) {
        Some(_) => documents(tree).last(),
        None => documents(tree).next(),
    };
    content.filter(|&content| tree.is_mapping(content))
}
