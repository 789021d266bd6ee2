//! The second reader: a [`Tree`] from `yaml-rust2`'s events alone.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use yaml_rust2::Event;
use yaml_rust2::parser::{Parser, Tag};
use yaml_rust2::scanner::{Marker, ScanError, Scanner, TScalarStyle, Token, TokenType};

use super::error::{Error, ErrorKind};
use super::index::disagreement;
use super::tree::{Builder, Kind, NodeId, Style, Tree};

/// GitLab reads no deeper (`max_yaml_depth` of its application settings).
pub const MAX_DEPTH: usize = 100;

/// Reads a text by `yaml-rust2`'s event parser, which knows nothing of our index.
///
/// A byte order mark is passed over. Nesting deeper than [`MAX_DEPTH`] is refused.
pub fn read(text: &str) -> Result<Tree, Error> {
    let mut read = Cow::Borrowed(bare(text));
    // Each of them costs one more reading.
    let rounds = (MOST_AGAIN / text.len().max(1)).clamp(16, 256);
    for _ in 0..rounds {
        match read_as_it_is(&read, text) {
            Err(Failure::Scan(error)) => match further_in(&read, &error) {
                Some(better) => read = Cow::Owned(better),
                None => return Err(syntax(at(text, error.marker()), &error)),
            },
            Err(Failure::Known(error)) => return Err(error),
            Ok(tree) => return Ok(tree),
        }
    }
    Err(disagreement(0..0, "too many closing brackets stand at the indentation of their key".to_owned()))
}

/// Bytes that are read again at most.
const MOST_AGAIN: usize = 32 << 20;

enum Failure {
    Scan(ScanError),
    Known(Error),
}

fn read_as_it_is(read: &str, text: &str) -> Result<Tree, Failure> {
    let mut parser = Parser::new_from_str(read);
    let mut builder = Builder::of(read.len());
    let mut anchors = Vec::new();
    loop {
        let (event, mark) = parser.next_token().map_err(Failure::Scan)?;
        if event == Event::StreamEnd {
            return Ok(builder.finish());
        }
        take(event, &mut builder, &mut anchors).map_err(|error| Failure::Known(error(at(text, &mark))))?;
    }
}

/// The text with blanks before the bracket at which it could not be read on.
///
/// `yaml-rust2` demands that it stands further in than the key, where a quoted item comes before it; libyaml, by which GitLab reads, does
/// not. The blanks before a closing bracket that begins its line mean nothing.
fn further_in(text: &str, error: &ScanError) -> Option<String> {
    const BLANKS: usize = 256;
    let place = at(text, error.marker());
    let line = text.get(..place.start)?.rsplit('\n').next()?;
    let closes = matches!(text.get(place.clone())?, "]" | "}");
    let stands_out = error.info() == "invalid indentation" && line.len() < BLANKS && line.trim().is_empty();
    (closes && stands_out).then(|| {
        let (before, behind) = text.split_at(place.start);
        [before, &" ".repeat(BLANKS), behind].concat()
    })
}

/// Some entries of a block mapping, of which others may stand above and below.
pub(super) struct Fragment<'t> {
    pub text: &'t str,
    pub is_first: bool,
    pub is_last: bool,
}

impl Fragment<'_> {
    /// Reads them into the mapping that is open. `names` are the anchors above them, and then their own as well. None where
    /// they are anything else, with what stands around them, than entries of one mapping.
    pub fn read(&self, builder: &mut Builder, names: &mut HashMap<String, NodeId>) -> Option<()> {
        let text = bare(self.text);
        let (own, mut wanted) = anchors_and_aliases(text)?;
        wanted.retain(|name| names.contains_key(name));
        // One entry stands for those above, with their anchors, and one for those below.
        let named: String = wanted.iter().map(|name| format!("  - &{name} x\n")).collect();
        let (above, passed_over) = match self.is_first {
            true => (String::new(), 0),
            false => (format!("x:\n  - x\n{named}"), wanted.len() + 4),
        };
        let below = if self.is_last { "" } else { "x: x\n" };
        let parsed = format!("{above}{text}{below}");
        let mut parser = Parser::new_from_str(&parsed);
        let mut next = || parser.next_token().ok().map(|(event, _)| event);
        let start = (next()?, next()?, next()?);
        if start != (Event::StreamStart, Event::DocumentStart, Event::MappingStart(0, None)) {
            return None;
        }
        (0..passed_over).try_for_each(|_| next().map(drop))?;
        // By the numbers that `yaml-rust2` gives them, from 1.
        let mut anchors: Vec<Option<NodeId>> = vec![None];
        anchors.extend(wanted.iter().map(|name| names.get(name).copied()));
        let outside = builder.depth();
        loop {
            match next()? {
                Event::MappingEnd if builder.depth() == outside => break,
                event => take(event, builder, &mut anchors).ok()?,
            }
        }
        let ends = (next()?, next()?) == (Event::DocumentEnd, Event::StreamEnd);
        if !self.is_last {
            builder.take_back()?;
        }
        let first = wanted.len() + 1;
        (ends && anchors.len() == first + own.len()).then_some(())?;
        for (name, node) in own.into_iter().zip(anchors.drain(first..)) {
            names.insert(name, node?);
        }
        Some(())
    }
}

/// The anchors of a text, in order, and the names that its aliases have, each once.
fn anchors_and_aliases(text: &str) -> Option<(Vec<String>, Vec<String>)> {
    let (mut anchors, mut aliases) = (Vec::new(), Vec::new());
    let mut scanner = Scanner::new(text.chars());
    for Token(_, token) in scanner.by_ref() {
        match token {
            TokenType::Anchor(name) => anchors.push(name),
            TokenType::Alias(name) if !aliases.contains(&name) => aliases.push(name),
            _ => {}
        }
    }
    scanner.get_error().is_none().then_some((anchors, aliases))
}

/// Takes what the parser found into a tree; `anchors` by their numbers. What is wrong with it is yet to be told where it is.
fn take(
    event: Event,
    builder: &mut Builder,
    anchors: &mut Vec<Option<NodeId>>,
) -> Result<(), fn(Range<usize>) -> Error> {
    let (id, anchor) = match event {
        Event::Alias(anchor) => match anchors.get(anchor).copied().flatten() {
            Some(target) if !builder.is_open(target) => (builder.alias(target), 0),
            _ => return Err(inside_itself),
        },
        Event::Scalar(value, style, anchor, tag) => (builder.scalar(styled(style), named(tag), &value), anchor),
        Event::SequenceStart(anchor, tag) => (builder.open(Kind::Sequence, named(tag)), anchor),
        Event::MappingStart(anchor, tag) => (builder.open(Kind::Mapping, named(tag)), anchor),
        Event::SequenceEnd | Event::MappingEnd => {
            builder.close();
            return Ok(());
        }
        Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart | Event::DocumentEnd => {
            return Ok(());
        }
    };
    if builder.depth() > MAX_DEPTH {
        return Err(too_deep);
    }
    if anchor > 0 {
        if anchors.len() <= anchor {
            anchors.resize(anchor + 1, None);
        }
        if let Some(slot) = anchors.get_mut(anchor) {
            *slot = Some(id);
        }
    }
    Ok(())
}

/// Without its byte order mark.
fn bare(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closing_bracket_may_stand_beneath_its_key() {
        let same = |text: &str, usual: &str| assert!(read(text).unwrap() == read(usual).unwrap(), "{text}");
        same(
            "a: [\n  \"b\",\n  'c'\n]\nd: {\n  \"e\": \"f\"\n}\n",
            "a: [\n  \"b\",\n  'c'\n  ]\nd: {\n  \"e\": \"f\"\n  }\n",
        );
        same("\u{feff}a:\n  b: [\r\n    \"c\"\r\n  ]\r\n", "a:\n  b: [\"c\"]\n");
        let nested = "a: [\n  \"b\"\n]\nc: |\n  [\n    \"d\"\n  ]\n";
        let tree = read(nested).unwrap();
        assert_eq!(tree.scalar(tree.look_up(tree.roots()[0], ["c"]).unwrap()), Some("[\n  \"d\"\n]\n"));
        for wrong in ["a:\n  - b\n ]\n", "a: [\n  \"b\"\nc: d\n", "a: \"b\n]\n"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let many = format!("{}b: \"\n", "a: [\n  \"b\"\n]\n".repeat(3));
        assert!(read(&many).is_err());
    }
}
