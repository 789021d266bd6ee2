//! The walk over the syntax tree, which gives each node its place.

use std::collections::HashMap;
use std::ops::Range;

use rowan::ast::AstNode;
use rowan::{GreenNodeData, Language, NodeOrToken};
use yaml_edit::{SyntaxKind, YamlFile};

use super::super::decode;
use super::super::error::Error;
use super::super::events::{inside_itself, unknown_anchor};
use super::super::tree::{Builder, Kind, NodeId, Style};
use super::{Index, Place, disagreement};

#[derive(Default)]
pub(super) struct Walk<'t> {
    text: &'t str,
    pub at: usize,
    builder: Builder,
    pub out: Index,
    anchor: Option<Range<usize>>,
    tag: Option<Range<usize>>,
    /// The start of the properties that wait for their node.
    outer: Option<usize>,
    mark: Option<usize>,
    /// Behind the last indicator: where an empty node is.
    indicated: usize,
    /// Behind the last node that has ended: where a block collection ends.
    ended: usize,
    names: HashMap<&'t str, NodeId>,
    /// Columns of the open block collections.
    columns: Vec<isize>,
    handles: HashMap<String, String>,
    explicit: bool,
    filled: bool,
    /// The next root is to be left open, since its text goes on in another piece.
    pub goes_on: bool,
    /// That root, and where it starts.
    pub open: Option<(NodeId, usize)>,
}

pub(super) type Child<'g> = NodeOrToken<&'g GreenNodeData, &'g rowan::GreenTokenData>;

impl<'t> Walk<'t> {
    pub fn new(text: &'t str) -> Self {
        Walk { text, ..Walk::default() }
    }

    pub fn finish(mut self) -> Index {
        self.out.tree = self.builder.finish();
        self.out.places.shrink_to_fit();
        self.out
    }

    pub fn child(&mut self, child: Child<'_>) -> Result<(), Error> {
        match child {
            NodeOrToken::Token(token) => {
                self.token(kind(token.kind()), token.text().len());
                Ok(())
            }
            NodeOrToken::Node(node) => self.node(node),
        }
    }

    pub fn children(&mut self, node: &GreenNodeData) -> Result<(), Error> {
        node.children().try_for_each(|child| self.child(child))
    }

    fn token(&mut self, kind: SyntaxKind, len: usize) {
        let range = self.at..self.at + len;
        self.at = range.end;
        match kind {
            SyntaxKind::ANCHOR => {
                self.outer.get_or_insert(range.start);
                self.indicated = range.end;
                self.anchor = Some(range);
            }
            SyntaxKind::TAG => {
                self.outer.get_or_insert(range.start);
                self.indicated = range.end;
                self.tag = Some(range);
            }
            SyntaxKind::DASH | SyntaxKind::COLON | SyntaxKind::QUESTION => {
                self.mark = Some(range.start);
                self.indicated = range.end;
            }
            SyntaxKind::DOC_START => {
                self.explicit = true;
                self.indicated = range.end;
            }
            SyntaxKind::COMMENT => self.out.comments.push(range),
            _ => {}
        }
    }

    fn node(&mut self, node: &GreenNodeData) -> Result<(), Error> {
        match kind(node.kind()) {
            SyntaxKind::DOCUMENT => self.document(node),
            SyntaxKind::MAPPING => self.collection(node, Kind::Mapping),
            SyntaxKind::SEQUENCE => self.collection(node, Kind::Sequence),
            SyntaxKind::MAPPING_ENTRY => self.entry(node),
            SyntaxKind::SEQUENCE_ENTRY => {
                self.mark = None;
                self.filled(node)
            }
            SyntaxKind::KEY | SyntaxKind::VALUE => self.filled(node),
            SyntaxKind::TAGGED_NODE => self.children(node),
            SyntaxKind::DIRECTIVE => {
                self.directive(self.at..self.at + len(node));
                self.children(node)
            }
            SyntaxKind::SCALAR => self.scalar(node),
            SyntaxKind::ALIAS => self.alias(node),
            other => {
                let span = self.at..self.at + len(node);
                Err(disagreement(span, format!("yaml-edit found {other:?} here")))
            }
        }
    }

    fn document(&mut self, node: &GreenNodeData) -> Result<(), Error> {
        let start = self.at;
        self.names.clear();
        self.explicit = false;
        self.filled = false;
        self.mark = None;
        self.children(node)?;
        if !self.filled && (self.explicit || self.outer.is_some()) {
            self.empty();
        }
        self.handles.clear();
        self.out.documents.push(start..self.at);
        Ok(())
    }

    /// A node that must hold one: an entry's key or value, an item. What is not written is an empty scalar.
    fn filled(&mut self, node: &GreenNodeData) -> Result<(), Error> {
        self.filled = false;
        self.children(node)?;
        if !self.filled {
            self.empty();
        }
        Ok(())
    }

    fn entry(&mut self, node: &GreenNodeData) -> Result<(), Error> {
        self.mark = None;
        let mut wants_key = true;
        let mut wants_value = true;
        for child in node.children() {
            if let NodeOrToken::Token(token) = child
                && kind(token.kind()) == SyntaxKind::COLON
                && wants_key
            {
                self.empty();
                wants_key = false;
            }
            if let NodeOrToken::Node(part) = child {
                match kind(part.kind()) {
                    SyntaxKind::KEY => wants_key = false,
                    SyntaxKind::VALUE => wants_value = false,
                    _ => {}
                }
            }
            self.child(child)?;
        }
        if wants_key {
            self.empty();
        }
        if wants_value {
            self.empty();
        }
        Ok(())
    }

    fn collection(&mut self, node: &GreenNodeData, kind_of: Kind) -> Result<(), Error> {
        let start = self.at;
        let flow = matches!(self.text.as_bytes().get(start), Some(b'[' | b'{')) && starts_flow(node);
        let tag = self.resolved_tag();
        let id = self.builder.open(kind_of, tag);
        self.begin(id, start);
        self.columns.push(if flow { -1 } else { self.column(start) as isize });
        self.children(node)?;
        self.filled = true;
        if self.goes_on && self.columns.len() == 1 && kind_of == Kind::Mapping && !flow {
            self.open = Some((id, start));
        } else {
            self.close(id, start, flow);
        }
        Ok(())
    }

    pub fn close(&mut self, id: NodeId, start: usize, flow: bool) {
        self.columns.pop();
        self.builder.close();
        let end = if flow { self.content_end(start, self.at) } else { self.ended.max(start) };
        self.end(id, end);
    }

    fn scalar(&mut self, node: &GreenNodeData) -> Result<(), Error> {
        let start = self.at;
        let mut end = start;
        let mut at = start;
        let mut comments = Vec::new();
        for child in node.children() {
            if let NodeOrToken::Token(token) = child {
                let next = at + token.text().len();
                match kind(token.kind()) {
                    SyntaxKind::NEWLINE | SyntaxKind::INDENT | SyntaxKind::WHITESPACE => {}
                    SyntaxKind::COMMENT => comments.push(at..next),
                    _ => end = next,
                }
                at = next;
            }
        }
        self.at += len(node);
        if end == start {
            self.out.comments.extend(comments);
            self.empty();
            return Ok(());
        }
        let tag = self.resolved_tag();
        let style = style(&self.text[start..]);
        let mut value = String::new();
        if matches!(style, Style::Literal | Style::Folded) {
            let parent = self.columns.last().copied().unwrap_or(-1);
            let block = decode::block(self.text, start, parent);
            decode::block_text(self.text, &block, style, &mut value);
            let header = start + decode::line_break(&self.text[start..]).0;
            self.out.comments.extend(comments.into_iter().filter(|c| c.start < header));
            end = if block.body.is_empty() { header_end(self.text, start, header) } else { block.body.end };
        } else {
            decode::flow(self.text, start..end, style, &mut value);
            self.out.comments.extend(comments);
        }
        let id = self.builder.scalar(style, tag, &value);
        self.begin(id, start);
        self.end(id, end);
        self.filled = true;
        Ok(())
    }

    fn alias(&mut self, node: &GreenNodeData) -> Result<(), Error> {
        let range = self.at..self.content_end(self.at, self.at + len(node));
        let name = self.text[range.clone()].trim_start_matches('*');
        let Some(&target) = self.names.get(name) else {
            return Err(unknown_anchor(range, name));
        };
        if self.builder.is_open(target) {
            return Err(inside_itself(range));
        }
        let id = self.builder.alias(target);
        self.at += len(node);
        self.begin(id, range.start);
        self.end(id, range.end);
        self.filled = true;
        Ok(())
    }

    fn empty(&mut self) {
        let tag = self.resolved_tag();
        let id = self.builder.scalar(Style::Plain, tag, "");
        let at = self.indicated;
        self.begin(id, at);
        self.end(id, at);
        self.filled = true;
    }

    fn begin(&mut self, id: NodeId, start: usize) {
        let outer = self.outer.take().unwrap_or(start);
        let mark = self.mark.take().unwrap_or(outer);
        let place = Place { outer: outer as u32, start: start as u32, end: start as u32, mark: mark as u32 };
        self.out.places.push(place);
        if let Some(anchor) = self.anchor.take() {
            self.names.insert(self.text[anchor.clone()].trim_start_matches('&'), id);
            self.out.anchors.push((id, anchor));
        }
        self.tag = None;
    }

    fn end(&mut self, id: NodeId, end: usize) {
        self.ended = self.ended.max(end);
        if let Some(place) = self.out.places.get_mut(id.0 as usize) {
            place.end = end as u32;
        }
    }

    /// The end of the last byte of `[start, end)` that is neither blank nor comment nor line break.
    fn content_end(&self, start: usize, end: usize) -> usize {
        start + self.text[start..end].trim_end().len()
    }

    fn column(&self, offset: usize) -> usize {
        offset - self.text[..offset].rfind('\n').map_or(0, |i| i + 1)
    }

    /// The tag that waits for its node, resolved by the directives (YAML 1.2, 6.8.2).
    fn resolved_tag(&mut self) -> Option<String> {
        let tag = &self.text[self.tag.take()?];
        if let Some(uri) = tag.strip_prefix("!<").and_then(|t| t.strip_suffix('>')) {
            return Some(uri.to_owned());
        }
        let (handle, suffix) = match tag[1..].find('!') {
            Some(i) => tag.split_at(i + 2),
            None if tag == "!" => return Some(tag.to_owned()),
            None => tag.split_at(1),
        };
        let prefix = match self.handles.get(handle) {
            Some(prefix) => prefix.as_str(),
            None if handle == "!!" => "tag:yaml.org,2002:",
            None => handle,
        };
        Some(format!("{prefix}{suffix}"))
    }

    fn directive(&mut self, range: Range<usize>) {
        let mut words = self.text[range].split_whitespace();
        if let (Some("%TAG"), Some(handle), Some(prefix)) = (words.next(), words.next(), words.next()) {
            self.handles.insert(handle.to_owned(), prefix.to_owned());
        }
    }
}

pub(super) fn kind(raw: rowan::SyntaxKind) -> SyntaxKind {
    <YamlFile as AstNode>::Language::kind_from_raw(raw)
}

fn len(node: &GreenNodeData) -> usize {
    node.text_len().into()
}

fn starts_flow(node: &GreenNodeData) -> bool {
    matches!(node.children().next(), Some(NodeOrToken::Token(token))
        if matches!(kind(token.kind()), SyntaxKind::LEFT_BRACKET | SyntaxKind::LEFT_BRACE))
}

fn style(source: &str) -> Style {
    match source.as_bytes().first() {
        Some(b'\'') => Style::SingleQuoted,
        Some(b'"') => Style::DoubleQuoted,
        Some(b'|') => Style::Literal,
        Some(b'>') => Style::Folded,
        _ => Style::Plain,
    }
}

fn header_end(text: &str, start: usize, end: usize) -> usize {
    let header = &text[start..end];
    start + header.find([' ', '\t', '#']).unwrap_or(header.len())
}
