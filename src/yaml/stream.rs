//! A YAML file: its text, what it says, and where each part of it stands.

use std::ops::Range;
use std::sync::OnceLock;

use rayon::prelude::*;

use super::error::{Error, ErrorKind};
use super::events::{self, MAX_DEPTH};
use super::index::{self, Index, Pieces, Place, disagreement};
use super::tree::{Kind, NodeId, Style, Tree};

/// Larger files are refused: offsets are kept in 32 bits, and GitLab stops at 2 MB by default (`max_yaml_size_bytes`).
pub const MAX_BYTES: usize = 256 << 20;

/// One YAML file, read twice and understood alike by both readers.
pub struct Stream {
    text: String,
    index: Index,
    /// What was parsed of it, for the next text that is nearly the same.
    pieces: Pieces,
    /// Where each line starts.
    lines: Vec<u32>,
    line_ending: &'static str,
    /// How most collections are indented, once it has been asked for.
    pub(super) common_manner: OnceLock<(Option<usize>, Option<usize>)>,
}

impl Stream {
    /// Reads a file. `yaml-edit` gives the index; `yaml-rust2` must read the same, or the file is refused.
    ///
    /// # Errors
    /// Not YAML, a repeated key, an unknown anchor, too deep or too large, or two readings that differ.
    pub fn parse(text: String) -> Result<Stream, Error> {
        Stream::read(text, None, None)
    }

    /// The same for a text of which much may stand in one that was read before: that much is not parsed again by
    /// `yaml-edit`. `yaml-rust2` reads all of it, and has the last word; what it found is not asked for again where it is
    /// given, as by [`Edits::finish`](super::Edits::finish).
    ///
    /// # Errors
    /// As [`Stream::parse`].
    pub fn reparse(text: String, earlier: &Stream, second: Option<&Tree>) -> Result<Stream, Error> {
        Stream::read(text, Some(&earlier.pieces), second)
    }

    fn read(text: String, known: Option<&Pieces>, second: Option<&Tree>) -> Result<Stream, Error> {
        if text.len() > MAX_BYTES {
            return Err(Error::new(
                ErrorKind::TooLarge,
                0..0,
                format!("{} bytes are more than {MAX_BYTES}", text.len()),
                "split the file; GitLab itself refuses a file this large",
            ));
        }
        if let Some(at) = forbidden(&text) {
            let character = text[at..].chars().next().unwrap_or_default();
            return Err(Error::new(
                ErrorKind::Syntax,
                at..at + character.len_utf8(),
                format!("this is not YAML: the control character U+{:04X} is not allowed", u32::from(character)),
                "remove it; in a double-quoted scalar it can be written as \\x and two digits",
            ));
        }
        let (index, pieces) = match second.and_then(|second| read_again(&text, known?, second)) {
            Some(read) => read,
            None => read_twice(&text, known)?,
        };
        let lines = line_starts(&text);
        let crlf = memchr::memmem::find_iter(text.as_bytes(), "\r\n").count();
        let line_ending = if crlf * 2 > lines.len().saturating_sub(1) { "\r\n" } else { "\n" };
        let stream = Stream { lines, text, index, pieces, line_ending, common_manner: OnceLock::new() };
        stream.unique_keys()?;
        Ok(stream)
    }

    /// The text, to the byte.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the text says.
    pub fn tree(&self) -> &Tree {
        &self.index.tree
    }

    /// The bytes of a node itself: without anchor, tag, trailing comment and line break. Empty for a value not written.
    pub fn span(&self, id: NodeId) -> Range<usize> {
        let place = self.place(id);
        place.start as usize..place.end as usize
    }

    /// The bytes of a node with its anchor and tag.
    pub fn outer_span(&self, id: NodeId) -> Range<usize> {
        let place = self.place(id);
        place.outer as usize..(place.end as usize).max(place.outer as usize)
    }

    /// The bytes of every comment, in order, each from its `#` to the end of its line.
    pub fn comments(&self) -> &[Range<usize>] {
        &self.index.comments
    }

    /// The bytes of every document, its `---` included.
    pub fn documents(&self) -> &[Range<usize>] {
        &self.index.documents
    }

    /// The name of the anchor at a node.
    pub fn anchor(&self, id: NodeId) -> Option<&str> {
        let found = self.index.anchors.binary_search_by_key(&id, |(node, _)| *node).ok()?;
        let (_, range) = self.index.anchors.get(found)?;
        Some(self.text[range.clone()].trim_start_matches('&'))
    }

    /// Every anchor with the node that it names, in document order.
    pub fn anchors(&self) -> &[(NodeId, Range<usize>)] {
        &self.index.anchors
    }

    /// The aliases that stand for a node, in order.
    pub fn aliases_of(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let tree = self.tree();
        tree.ids().filter(move |&alias| tree.kind(alias) == Kind::Alias && tree.resolve(alias) == id)
    }

    /// Whether a collection is written in flow style, `[]` or `{}`.
    pub fn is_flow(&self, id: NodeId) -> bool {
        matches!(self.tree().kind(id), Kind::Sequence | Kind::Mapping)
            && matches!(self.text.as_bytes().get(self.place(id).start as usize), Some(b'[' | b'{'))
            && !self.starts_with_child(id)
    }

    /// Line and column (in characters) of a byte, both from 1.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|&start| start as usize <= offset).max(1);
        let start = self.lines.get(line - 1).map_or(0, |&start| start as usize);
        let before = self.text.get(start..offset).unwrap_or_default();
        (line, before.trim_start_matches('\u{feff}').chars().count() + 1)
    }

    /// The line break that most lines of the file end in.
    pub fn line_ending(&self) -> &'static str {
        self.line_ending
    }

    pub(super) fn place(&self, id: NodeId) -> Place {
        self.index.places.get(id.0 as usize).copied().unwrap_or_default()
    }

    /// Where the line of a byte starts.
    pub(super) fn line_start(&self, offset: usize) -> usize {
        let line = self.lines.partition_point(|&start| start as usize <= offset).max(1);
        self.lines.get(line - 1).map_or(0, |&start| start as usize)
    }

    /// Behind the line break of a byte's line.
    pub(super) fn line_end(&self, offset: usize) -> usize {
        let line = self.lines.partition_point(|&start| start as usize <= offset).max(1);
        self.lines.get(line).map_or(self.text.len(), |&start| start as usize)
    }

    /// The column, in bytes, of a byte; a byte order mark does not count.
    pub(super) fn column(&self, offset: usize) -> usize {
        let start = self.line_start(offset);
        let line = &self.text[start..offset.max(start)];
        line.strip_prefix('\u{feff}').unwrap_or(line).len()
    }

    fn starts_with_child(&self, id: NodeId) -> bool {
        let first = self.tree().children(id).first();
        first.is_some_and(|&child| self.place(child).mark == self.place(id).start)
    }

    fn unique_keys(&self) -> Result<(), Error> {
        let tree = self.tree();
        let mappings = (0..tree.len() as u32).into_par_iter().with_min_len(1 << 12).map(NodeId);
        let mappings = mappings.filter(|&id| tree.kind(id) == Kind::Mapping);
        let first =
            mappings.map_init(Vec::new, |keys, mapping| twice(tree, mapping, keys)).find_map_first(|found| found);
        let Some((before, again)) = first else { return Ok(()) };
        let (line, _) = self.line_column(self.span(before).start);
        let key = tree.scalar(again).unwrap_or_default();
        Err(Error::new(
            ErrorKind::DuplicateKey,
            self.span(again),
            format!("the key `{key}` stands twice in one mapping, first in line {line}"),
            "remove one of them; GitLab silently takes the last",
        ))
    }
}

/// A key that a mapping has twice: the first, and the next one. `keys` is room to work in.
fn twice<'t>(tree: &'t Tree, mapping: NodeId, keys: &mut Vec<(&'t str, NodeId)>) -> Option<(NodeId, NodeId)> {
    keys.clear();
    keys.extend(tree.entries(mapping).filter_map(|(key, _)| Some((tree.scalar(key)?, key))));
    keys.sort_unstable();
    keys.windows(2).find_map(|pair| match pair {
        [(first, before), (second, again)] if first == second && !is_merge(tree, *again) => Some((*before, *again)),
        _ => None,
    })
}

/// Whether a key is the merge key of YAML 1.1 (`<<`, not quoted).
pub fn is_merge(tree: &Tree, key: NodeId) -> bool {
    tree.kind(key) == Kind::Scalar(Style::Plain) && tree.scalar(key) == Some("<<")
}

/// Both readers at once, each on a core, where the depth is known to be harmless; one after the other otherwise.
fn read_twice(text: &str, known: Option<&Pieces>) -> Result<(Index, Pieces), Error> {
    if depth_bound(text) > 4 * MAX_DEPTH {
        let second = events::read(text)?;
        return Ok((compared(index::index(text)?, &second)?, Pieces::default()));
    }
    let first = || match index::in_pieces(text, known) {
        Some((index, pieces)) => (Ok(index), Some(pieces)),
        None => (index::index(text), None),
    };
    let ((index, pieces), second) = rayon::join(first, || {
        let given_up = |_| Err(disagreement(0..0, "yaml-rust2 gave up".to_owned()));
        std::panic::catch_unwind(|| events::read(text)).unwrap_or_else(given_up)
    });
    let second = second?;
    let index = index?;
    match pieces {
        Some(pieces) if index.tree == second => {
            debug_assert!(index::index(text).is_ok_and(|whole| whole == index), "in pieces it is another:\n{text}");
            Ok((index, pieces))
        }
        Some(_) => Ok((compared(index::index(text)?, &second)?, Pieces::default())),
        None => Ok((compared(index, &second)?, Pieces::default())),
    }
}

/// By pieces alone, if that gives what the second reader has found.
fn read_again(text: &str, known: &Pieces, second: &Tree) -> Option<(Index, Pieces)> {
    let (index, pieces) = index::in_pieces(text, Some(known)).filter(|(index, _)| index.tree == *second)?;
    debug_assert!(index::index(text).is_ok_and(|whole| whole == index), "in pieces it is another:\n{text}");
    Some((index, pieces))
}

/// No node of the text is nested deeper than this, which costs one look at each byte.
fn depth_bound(text: &str) -> usize {
    let (mut flow, mut deepest_flow, mut deepest_block) = (0usize, 0, 0);
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        // Quicker than `lines`.
        let (line, behind) = rest.split_at(memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1));
        rest = behind;
        let prefix = line.iter().take_while(|b| matches!(b, b' ' | b'-' | b'?' | b':' | b'\t')).count();
        deepest_block = deepest_block.max(prefix);
        if !any(line, |byte| matches!(byte, b'[' | b'{' | b']' | b'}')) {
            continue;
        }
        for byte in line {
            match byte {
                b'[' | b'{' => flow += 1,
                b']' | b'}' => flow = flow.saturating_sub(1),
                _ => {}
            }
            deepest_flow = deepest_flow.max(flow);
        }
    }
    deepest_flow + deepest_block
}

/// The index, if it has what the second reader has found.
fn compared(index: Index, second: &Tree) -> Result<Index, Error> {
    if index.tree == *second {
        return Ok(index);
    }
    let at = index.tree.first_difference(second);
    let place = index.places.get(at.0 as usize).copied().unwrap_or_default();
    let what = format!("yaml-edit {}, yaml-rust2 {}", index.tree.describe(at), second.describe(at));
    Err(disagreement(place.start as usize..place.end as usize, what))
}

/// The first character that no YAML file may hold: control characters but tab, line feed, carriage return and next line
/// (YAML 1.2, 5.1; libyaml's `yaml_parser_update_buffer`, by which GitLab reads).
fn forbidden(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_control = |byte: u8| (byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')) || byte == 0x7f;
    let first = any(bytes, is_control).then(|| bytes.iter().position(|&byte| is_control(byte))).flatten();
    // U+0080 to U+009F take two bytes.
    let second =
        memchr::memchr_iter(0xc2, bytes).find(|at| matches!(bytes.get(at + 1), Some(0x80..=0x84 | 0x86..=0x9f)));
    first.into_iter().chain(second).min()
}

/// Whether any byte is such a one. Looks at all of them, many at a time, which is quicker than to stop early.
fn any(bytes: &[u8], is_one: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(false, |found, &byte| found | is_one(byte))
}

fn line_starts(text: &str) -> Vec<u32> {
    let mut starts = vec![0];
    starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at as u32 + 1));
    starts
}
