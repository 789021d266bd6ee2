//! What a job's own mapping says about a keyword, as it is written: itself, or through `<<`.

use crate::pipeline::{At, Definition, Project};
use crate::yaml::{Entry, Item, Kind, NodeId, Stream, Style, Tree, Value, is_merge};

/// How a mapping comes by a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is written in the mapping itself, and nothing overrides it.
    Own { key: NodeId, value: NodeId },
    /// `<<` brings it.
    Merged { key: NodeId, value: NodeId },
    /// Neither.
    Not,
}

/// Looks a key up in a mapping as Ruby's YAML reader does: entries in document order, `<<` over what stands before it.
pub fn written(tree: &Tree, mapping: NodeId, wanted: &str) -> Written {
    let mut found = Written::Not;
    for (key, value) in tree.entries(mapping) {
        if is_merge(tree, key) {
            let merged: Vec<NodeId> = if tree.is_sequence(value) { tree.items(value).to_vec() } else { vec![value] };
            let first = merged.into_iter().map(|m| written(tree, tree.resolve(m), wanted)).find(|w| *w != Written::Not);
            if let Some(Written::Own { key, value } | Written::Merged { key, value }) = first {
                found = Written::Merged { key, value };
            }
        } else if tree.scalar(key) == Some(wanted) {
            found = Written::Own { key, value };
        }
    }
    found
}

/// Whether `<<` brings a key to a mapping, should the mapping not have it itself.
pub fn is_merged(tree: &Tree, mapping: NodeId, wanted: &str) -> bool {
    let merges = tree.entries(mapping).filter(|&(key, _)| is_merge(tree, key));
    merges
        .flat_map(|(_, value)| if tree.is_sequence(value) { tree.items(value).to_vec() } else { vec![value] })
        .any(|merged| written(tree, tree.resolve(merged), wanted) != Written::Not)
}

/// The mapping of a job in the file that wins, with its stream.
pub struct Home<'p> {
    pub definition: Definition,
    pub stream: &'p Stream,
    pub mapping: NodeId,
}

impl<'p> Home<'p> {
    /// Where a job's own values are written; none when its text is not at hand, or it is an alias.
    pub fn of(project: &'p Project, definition: Definition) -> Option<Home<'p>> {
        let stream = project.file(definition.value.file).stream()?;
        let mapping = definition.value.node;
        (stream.tree().kind(mapping) == Kind::Mapping).then_some(Home { definition, stream, mapping })
    }

    pub fn written(&self, key: &str) -> Written {
        written(self.stream.tree(), self.mapping, key)
    }

    /// Whether `<<` would bring a key that the job did not write.
    pub fn is_merged(&self, key: &str) -> bool {
        is_merged(self.stream.tree(), self.mapping, key)
    }

    /// A node of the same file.
    pub fn at(&self, node: NodeId) -> At {
        At { node, ..self.definition.value }
    }
}

/// A node as a value to be written again, comments and styles kept; none where a tag or a merge cannot be carried.
pub fn copy(stream: &Stream, node: NodeId) -> Option<Value> {
    let tree = stream.tree();
    let node = tree.resolve(node);
    if tree.tag(node).is_some() {
        return None;
    }
    match tree.kind(node) {
        // An input has its value in this file only.
        Kind::Scalar(_) if tree.scalar(node)?.contains("$[[") => None,
        Kind::Scalar(Style::Plain) => Some(Value::Plain(tree.scalar(node)?.to_owned())),
        Kind::Scalar(style) => Some(Value::Styled(tree.scalar(node)?.to_owned(), style)),
        Kind::Sequence => {
            let item = |&item: &NodeId| Some(Item { comment: comment_of(stream, item), value: copy(stream, item)? });
            Some(Value::Sequence(tree.items(node).iter().map(item).collect::<Option<_>>()?))
        }
        Kind::Mapping => {
            let entry = |(key, value): (NodeId, NodeId)| {
                if is_merge(tree, key) {
                    return None;
                }
                Some(Entry {
                    comment: comment_of(stream, key),
                    key: tree.scalar(key)?.to_owned(),
                    value: copy(stream, value)?,
                })
            };
            Some(Value::Mapping(tree.entries(node).map(entry).collect::<Option<_>>()?))
        }
        Kind::Alias => None,
    }
}

/// The comments of an entry or item, without their indentation.
pub fn comment_of(stream: &Stream, child: NodeId) -> Vec<String> {
    stream.comments_of(child).into_iter().map(str::to_owned).collect()
}
