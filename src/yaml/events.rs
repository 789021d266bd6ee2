//! The second reader: a [`Tree`] from `yaml-rust2`'s events alone.

use std::ops::Range;

use yaml_rust2::Event;
use yaml_rust2::parser::{Parser, Tag};
use yaml_rust2::scanner::{Marker, ScanError, TScalarStyle};

use super::error::{Error, ErrorKind};
use super::tree::{Builder, Kind, NodeId, Style, Tree};

/// GitLab reads no deeper (`max_yaml_depth` of its application settings).
pub const MAX_DEPTH: usize = 100;

/// Reads a text by `yaml-rust2`'s event parser, which knows nothing of our index.
///
/// A byte order mark is passed over. Nesting deeper than [`MAX_DEPTH`] is refused.
pub fn read(text: &str) -> Result<Tree, Error> {
    let place = |mark: &Marker| at(text, mark);
    let mut parser = Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut builder = Builder::of(text.len());
    let mut anchors: Vec<Option<NodeId>> = Vec::new();
    loop {
        let (event, mark) = parser.next_token().map_err(|error| syntax(place(error.marker()), &error))?;
        let (id, anchor) = match event {
            Event::StreamEnd => break,
            Event::Alias(anchor) => match anchors.get(anchor).copied().flatten() {
                Some(target) if !builder.is_open(target) => (builder.alias(target), 0),
                _ => return Err(inside_itself(place(&mark))),
            },
            Event::Scalar(value, style, anchor, tag) => (builder.scalar(styled(style), named(tag), &value), anchor),
            Event::SequenceStart(anchor, tag) => (builder.open(Kind::Sequence, named(tag)), anchor),
            Event::MappingStart(anchor, tag) => (builder.open(Kind::Mapping, named(tag)), anchor),
            Event::SequenceEnd | Event::MappingEnd => {
                builder.close();
                continue;
            }
            Event::Nothing | Event::StreamStart | Event::DocumentStart | Event::DocumentEnd => continue,
        };
        if builder.depth() > MAX_DEPTH {
            return Err(too_deep(place(&mark)));
        }
        if anchor > 0 {
            if anchors.len() <= anchor {
                anchors.resize(anchor + 1, None);
            }
            if let Some(slot) = anchors.get_mut(anchor) {
                *slot = Some(id);
            }
        }
    }
    Ok(builder.finish())
}

pub(super) fn inside_itself(span: Range<usize>) -> Error {
    Error::new(
        ErrorKind::UnknownAnchor,
        span,
        "this alias stands inside the node that it names",
        "write the value out; GitLab refuses a value that contains itself",
    )
}

pub(super) fn unknown_anchor(span: Range<usize>, name: &str) -> Error {
    Error::new(
        ErrorKind::UnknownAnchor,
        span,
        format!("no anchor `&{name}` stands before this alias"),
        "an anchor must come first and in the same file; across files use `extends` or `!reference`",
    )
}

pub(super) fn too_deep(span: Range<usize>) -> Error {
    Error::new(
        ErrorKind::TooDeep,
        span,
        format!("nested deeper than {MAX_DEPTH} levels"),
        "GitLab refuses such a file as well (max_yaml_depth); flatten it",
    )
}

fn syntax(span: Range<usize>, error: &ScanError) -> Error {
    if error.info().contains("recursion limit") {
        return too_deep(span);
    }
    if error.info().contains("unknown anchor") {
        return Error::new(
            ErrorKind::UnknownAnchor,
            span,
            "this alias names an anchor that does not stand before it",
            "an anchor must come first and in the same file; across files use `extends` or `!reference`",
        );
    }
    Error::new(
        ErrorKind::Syntax,
        span,
        format!("this is not YAML: {}", error.info()),
        "correct the file first; nothing is changed in a file that cannot be read",
    )
}

/// The bytes of the character that a marker points at; its own index counts characters.
fn at(text: &str, mark: &Marker) -> Range<usize> {
    let start: usize = text.split_inclusive('\n').take(mark.line().saturating_sub(1)).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default();
    let column = line.char_indices().nth(mark.col()).map_or(line.len(), |(i, _)| i);
    let width = line[column..].chars().next().map_or(0, char::len_utf8);
    start + column..start + column + width
}

fn styled(style: TScalarStyle) -> Style {
    match style {
        TScalarStyle::Plain => Style::Plain,
        TScalarStyle::SingleQuoted => Style::SingleQuoted,
        TScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        TScalarStyle::Literal => Style::Literal,
        TScalarStyle::Folded => Style::Folded,
    }
}

fn named(tag: Option<Tag>) -> Option<String> {
    tag.map(|tag| tag.handle + &tag.suffix)
}
