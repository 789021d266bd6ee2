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
    // One that is alone is not looked through: each job asks.
    let (first, _) = (documents.next()?, documents.next()?);
    tree.get(first, "spec").map(|_| first)
}

/// The mapping that is the configuration: with a header the last document, without one the first.
pub(super) fn content(tree: &Tree) -> Option<NodeId> {
    let content = match header(tree) {
        Some(_) => documents(tree).last(),
        None => documents(tree).next(),
    };
    content.filter(|&content| tree.is_mapping(content))
}
