//! The first reader: one walk over `yaml-edit`'s tree builds the [`Tree`] and the place of every node.

mod pieces;
mod walk;

use std::ops::Range;

use rowan::GreenNode;
use rowan::ast::AstNode;
use yaml_edit::YamlFile;

use self::walk::Walk;
use super::error::{Error, ErrorKind};
use super::tree::{NodeId, Tree};

pub(super) use pieces::{Pieces, has_end_marker, in_pieces};

/// Where a node stands; bytes of the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The node with its anchor and tag.
    pub outer: u32,
    /// The node itself: no anchor, no tag, no comment behind it, no line break after it.
    pub start: u32,
    pub end: u32,
    /// What introduces it: the `-` of an item, the `:` of a value, the `?` or the first byte of a key.
    pub mark: u32,
}

/// What the walk finds.
#[derive(Default, PartialEq)]
pub(super) struct Index {
    pub tree: Tree,
    pub places: Vec<Place>,
    /// Anchor names with the node they name, in document order.
    pub anchors: Vec<(NodeId, Range<usize>)>,
    pub comments: Vec<Range<usize>>,
    /// From the start of each document (its `---` included) to its end.
    pub documents: Vec<Range<usize>>,
}

/// Parses by `yaml-edit` and indexes what it found.
pub(super) fn index(text: &str) -> Result<Index, Error> {
    let mut walk = Walk::new(text);
    for document in green(text)?.children() {
        walk.child(document)?;
    }
    Ok(walk.finish())
}

/// What `yaml-edit` makes of a text.
fn green(text: &str) -> Result<GreenNode, Error> {
    let parse = YamlFile::parse(text);
    if let Some(error) = parse.positioned_errors().first() {
        let span = error.range.start as usize..error.range.end as usize;
        return Err(Error::new(
            ErrorKind::Syntax,
            span,
            format!("this is not YAML: {}", error.message),
            "correct the file first; nothing is changed in a file that cannot be read",
        ));
    }
    Ok(parse.tree().syntax().green().into_owned())
}

/// What is said when the two readers differ, or when one cannot say.
pub(super) fn disagreement(span: Range<usize>, what: String) -> Error {
    Error::new(
        ErrorKind::Disagreement,
        span,
        format!("two YAML readers understand this differently: {what}"),
        "write it in a more usual way; a file that is not understood beyond doubt is not edited",
    )
}
