//! Edits of a scalar's decoded text, brought back to the bytes it is written in.

use std::ops::Range;

use super::decode::{self, Sink};
use super::edit::Edit;
use super::error::{Error, ErrorKind};
use super::plain::is_plain_string;
use super::stream::Stream;
use super::tree::{Kind, NodeId, Style};
use super::write::{Value, Writer, double_escaped, flow, single_escaped};

/// Which source bytes each piece of a decoded text comes from.
#[derive(Default)]
struct Map {
    text: String,
    pieces: Vec<Piece>,
}

struct Piece {
    decoded: Range<usize>,
    source: Range<usize>,
    /// The source bytes are the decoded ones.
    verbatim: bool,
}

impl Sink for Map {
    fn copy(&mut self, source: &str, range: Range<usize>) {
        if !range.is_empty() {
            let text = source.get(range.clone()).unwrap_or_default();
            self.add(text, range, true);
        }
    }

    fn put(&mut self, text: &str, range: Range<usize>) {
        self.add(text, range, false);
    }
}

impl Map {
    fn add(&mut self, text: &str, source: Range<usize>, verbatim: bool) {
        let from = self.text.len();
        self.text.push_str(text);
        self.pieces.push(Piece { decoded: from..self.text.len(), source, verbatim });
    }

    /// The source byte of a decoded one; none inside an escape or a fold.
    fn source(&self, at: usize) -> Option<usize> {
        for piece in &self.pieces {
            if at == piece.decoded.start {
                return Some(piece.source.start);
            }
            if at < piece.decoded.end {
                return piece.verbatim.then(|| piece.source.start + at - piece.decoded.start);
            }
        }
        let last = self.pieces.last()?;
        (at == last.decoded.end).then_some(last.source.end)
    }
}

impl Stream {
    /// The source bytes of a part of a scalar's decoded text, where the two can be matched.
    pub fn source_span(&self, scalar: NodeId, decoded: Range<usize>) -> Option<Range<usize>> {
        let map = map(self, scalar);
        Some(map.source(decoded.start)?..map.source(decoded.end)?)
    }
}

/// Turns edits of a decoded text into edits of the source; also gives the text that they make.
///
/// Where the style cannot hold the new text in place, the scalar is written anew.
pub(super) fn realise(
    stream: &Stream,
    scalar: NodeId,
    mut edits: Vec<(Range<usize>, String)>,
) -> Result<(Vec<Edit>, String), Error> {
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let edits = joined(edits);
    let map = map(stream, scalar);
    let style = match stream.tree().kind(scalar) {
        Kind::Scalar(style) => style,
        _ => return Err(refuse(stream, scalar, "this is not a scalar")),
    };
    let text = applied(&map.text, &edits).ok_or_else(|| refuse(stream, scalar, "two edits of a script overlap"))?;
    let in_place = edits.iter().map(|edit| in_place(stream, scalar, &map, style, edit)).collect::<Option<Vec<_>>>();
    let flow_parent = stream.tree().parent(scalar).is_some_and(|parent| stream.is_flow(parent));
    let fits = match style {
        Style::Plain => is_plain_string(&text, flow_parent),
        _ => true,
    };
    match in_place {
        Some(found) if fits => Ok((found, text)),
        _ => Ok((vec![anew(stream, scalar, &text)], text)),
    }
}

/// Edits that touch become one: two lines that go are a stretch that goes.
fn joined(edits: Vec<(Range<usize>, String)>) -> Vec<(Range<usize>, String)> {
    let mut all: Vec<(Range<usize>, String)> = Vec::with_capacity(edits.len());
    for (range, text) in edits {
        match all.last_mut() {
            Some((last, before)) if last.end == range.start => {
                last.end = range.end;
                before.push_str(&text);
            }
            _ => all.push((range, text)),
        }
    }
    all
}

fn applied(text: &str, edits: &[(Range<usize>, String)]) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (range, new) in edits {
        out.push_str(text.get(at..range.start)?);
        out.push_str(new);
        at = range.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

fn in_place(
    stream: &Stream,
    scalar: NodeId,
    map: &Map,
    style: Style,
    (range, new): &(Range<usize>, String),
) -> Option<Edit> {
    let (mut range, mut new) = (range.clone(), new.clone());
    if style == Style::Literal {
        (range, new) = before_final_break(&map.text, range, new)?;
        let indent = stream.block(scalar)?.indent;
        let newline = format!("{}{}", stream.line_ending(), " ".repeat(indent));
        let before_break = stream.text()[map.source(range.end)?..].starts_with(['\n', '\r']);
        // A blank line has no indentation.
        let lines: Vec<&str> = new.split('\n').collect();
        let mut text = String::new();
        for (n, line) in lines.iter().enumerate() {
            let blank = n > 0 && line.is_empty() && (n + 1 < lines.len() || before_break);
            if n > 0 {
                text.push_str(if blank { stream.line_ending() } else { &newline });
            }
            text.push_str(line);
        }
        new = text;
    } else if new.contains('\n') {
        return None;
    } else {
        new = match style {
            Style::SingleQuoted => single_escaped(&new),
            Style::DoubleQuoted => double_escaped(&new),
            _ => new,
        };
    }
    let (mut start, end) = (map.source(range.start)?, map.source(range.end)?);
    let line_starts = range.start == 0 || map.text.as_bytes().get(range.start - 1) == Some(&b'\n');
    if style == Style::Literal && new.is_empty() && line_starts && map.text[range.end..].starts_with('\n') {
        // The blank line that follows takes no indentation over.
        start = stream.line_start(start);
    }
    if style == Style::Literal && !new.is_empty() && !new.starts_with(['\n', '\r']) {
        // A blank line may have less indentation than what is put there needs.
        let missing = stream.block(scalar)?.indent.saturating_sub(stream.column(start));
        new.insert_str(0, &" ".repeat(missing));
    }
    (start <= end).then_some(Edit { range: start..end, text: new })
}

/// An edit that reaches behind the last line break of a literal block, moved before it: what follows is another line.
fn before_final_break(text: &str, range: Range<usize>, new: String) -> Option<(Range<usize>, String)> {
    if range.end < text.len() || !text.ends_with('\n') {
        return Some((range, new));
    }
    if let Some(line) = new.strip_suffix('\n') {
        return match range.is_empty() {
            true => Some((range.start - 1..range.end - 1, format!("\n{line}"))),
            false => Some((range.start..range.end - 1, line.to_owned())),
        };
    }
    let before = text.get(..range.start)?;
    (new.is_empty() && before.ends_with('\n')).then(|| (range.start - 1..range.end - 1, new))
}

fn anew(stream: &Stream, scalar: NodeId, text: &str) -> Edit {
    let tree = stream.tree();
    let span = stream.span(scalar);
    let value = Value::text(text);
    match tree.parent(scalar) {
        Some(parent) if !stream.is_flow(parent) => {
            let column = stream.column(stream.place(parent).start as usize);
            let mut writer = Writer::new(stream.manner(parent));
            writer.after_key(&value, column);
            // A value that is not written has no blank before it.
            let text = if span.is_empty() { &writer.out } else { writer.out.trim_start_matches(' ') };
            Edit { range: span, text: text.to_owned() }
        }
        parent => Edit { range: span, text: flow(&value, parent.is_some()) },
    }
}

fn map(stream: &Stream, scalar: NodeId) -> Map {
    let mut map = Map::default();
    match (stream.tree().kind(scalar), stream.block(scalar)) {
        (Kind::Scalar(style), Some(block)) => decode::block_text(stream.text(), &block, style, &mut map),
        (Kind::Scalar(style), None) => decode::flow(stream.text(), stream.span(scalar), style, &mut map),
        _ => {}
    }
    map
}

fn refuse(stream: &Stream, scalar: NodeId, message: &str) -> Error {
    let hint = "the file is left as it is; make this change by hand";
    Error::new(ErrorKind::Edit, stream.span(scalar), message, hint)
}
