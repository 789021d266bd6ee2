//! What a scalar's source says (YAML 1.2, chapters 5.7, 7.3 and 8.1), with or without a map back to the source.

use std::ops::Range;

use super::tree::Style;

/// Takes decoded text, piece by piece, in order.
pub(super) trait Sink {
    /// Source bytes that stand for themselves.
    fn copy(&mut self, source: &str, range: Range<usize>);
    /// Text that source bytes stand for: an escape, a fold, a line break.
    fn put(&mut self, text: &str, range: Range<usize>);
}

impl Sink for String {
    fn copy(&mut self, source: &str, range: Range<usize>) {
        self.push_str(source.get(range).unwrap_or_default());
    }

    fn put(&mut self, text: &str, _: Range<usize>) {
        self.push_str(text);
    }
}

/// Decodes a plain or quoted scalar whose source, quotes included, is `text[span]`.
pub(super) fn flow(text: &str, span: Range<usize>, style: Style, sink: &mut impl Sink) {
    let (inner, quoted) = match style {
        Style::SingleQuoted | Style::DoubleQuoted => {
            // What is not closed is found by the second reader.
            let is_closed = span.len() > 1 && matches!(text.as_bytes().get(span.end - 1), Some(b'\'' | b'"'));
            (span.start + 1..span.end - usize::from(is_closed), true)
        }
        _ => (span, false),
    };
    let mut line = inner.start;
    let mut first = true;
    while line <= inner.end {
        let source = &text[line..inner.end];
        let (length, step) = line_break(source);
        let end = line + length;
        let last = step == 0;
        let mut from = line;
        let mut to = end;
        if !first {
            from += indentation(&text[line..end]);
        }
        if !last {
            to = trimmed_end(text, from, to, style == Style::DoubleQuoted);
        }
        let joined = match style {
            Style::DoubleQuoted => double_quoted(text, from..to, sink),
            Style::SingleQuoted => {
                single_quoted(text, from..to, sink);
                false
            }
            _ => {
                sink.copy(text, from..to);
                false
            }
        };
        if last {
            break;
        }
        line = fold(text, to, end + step, inner.end, quoted, joined, sink);
        first = false;
    }
}

/// Where a block scalar's parts lie, relative to nothing: all are bytes of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Bytes of indentation before every content line.
    pub indent: usize,
    /// From the first line after the header to the end of the last content line, without its line break.
    pub body: Range<usize>,
    /// Behind the trailing blank lines, which belong to the value with `+`.
    pub end: usize,
    pub chomp: Chomp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chomp {
    Clip,
    Strip,
    Keep,
}

/// Finds the parts of the block scalar whose header starts at `start`, in a node indented by `parent` (-1 for a root).
pub(super) fn block(text: &str, start: usize, parent: isize) -> Block {
    let (length, step) = line_break(&text[start..]);
    let header = &text[start..start + length];
    let mut chomp = Chomp::Clip;
    let mut explicit = None;
    for c in header.chars().skip(1) {
        match c {
            '-' => chomp = Chomp::Strip,
            '+' => chomp = Chomp::Keep,
            '1'..='9' => explicit = c.to_digit(10),
            _ => break,
        }
    }
    let first = start + length + step;
    let mut indent = explicit.map(|n| parent.max(0) as usize + n as usize);
    let mut body = first..first;
    let mut line = first;
    let mut end = first;
    while line < text.len() {
        let (length, step) = line_break(&text[line..]);
        let content = &text[line..line + length];
        let spaces = content.bytes().take_while(|&b| b == b' ').count();
        let blank = spaces == length;
        let at_least = indent.unwrap_or((parent + 1).max(0) as usize);
        if !blank {
            if spaces < at_least || (at_least == 0 && is_document_marker(content)) {
                break;
            }
            indent.get_or_insert(spaces);
            body.end = line + length;
        } else if indent.is_some_and(|indent| spaces > indent) {
            body.end = line + length;
        }
        line += length + step;
        end = line;
        if step == 0 {
            break;
        }
    }
    let indent = indent.unwrap_or((parent + 1).max(0) as usize);
    Block { indent, body, end, chomp }
}

/// Decodes a block scalar.
pub(super) fn block_text(text: &str, block: &Block, style: Style, sink: &mut impl Sink) {
    let mut line = block.body.start;
    let mut breaks: Vec<Range<usize>> = Vec::new();
    let mut started = false;
    let mut was_more = false;
    while line < block.body.end {
        let (length, step) = line_break(&text[line..]);
        let (from, to) = (line + block.indent.min(length), line + length);
        let content = &text[from..to];
        let blank = content.is_empty();
        if !blank {
            let more = content.starts_with([' ', '\t']);
            let folds = style == Style::Folded && started && !was_more && !more;
            match breaks.split_first() {
                Some((only, [])) if folds => sink.put(" ", only.clone()),
                Some((_, rest)) if folds => rest.iter().for_each(|range| sink.put("\n", range.clone())),
                _ => breaks.iter().for_each(|range| sink.put("\n", range.clone())),
            }
            breaks.clear();
            sink.copy(text, from..to);
            started = true;
            was_more = more;
        }
        // The break swallows the next line's indentation, so that an edit at its end starts after it.
        breaks.push(to..next_content(text, to + step, block));
        line += length + step;
        if step == 0 {
            break;
        }
    }
    let trailing = line_breaks(&text[line.min(block.end)..block.end]);
    let last = block.body.end..block.body.end + line_break_len(&text[block.body.end..]);
    match block.chomp {
        Chomp::Strip => {}
        // The end of the text counts as a line break (YAML 1.2, 8.1.1.2); libyaml adds none there.
        Chomp::Clip => {
            if started {
                sink.put("\n", last);
            }
        }
        Chomp::Keep => {
            if started {
                sink.put("\n", last);
            }
            for _ in 0..trailing {
                sink.put("\n", block.end..block.end);
            }
        }
    }
}

/// The length of the first line, and of the break that ends it (0 at the end of the text).
pub(super) fn line_break(text: &str) -> (usize, usize) {
    match memchr(text) {
        Some(i) if i > 0 && text.as_bytes()[i - 1] == b'\r' => (i - 1, 2),
        Some(i) => (i, 1),
        None => (text.len(), 0),
    }
}

fn memchr(text: &str) -> Option<usize> {
    text.as_bytes().iter().position(|&b| b == b'\n')
}

fn line_break_len(text: &str) -> usize {
    match text.as_bytes() {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        _ => 0,
    }
}

fn line_breaks(text: &str) -> usize {
    text.bytes().filter(|&b| b == b'\n').count()
}

fn next_content(text: &str, line: usize, block: &Block) -> usize {
    let spaces = text[line.min(text.len())..].bytes().take_while(|&b| b == b' ').count();
    (line + spaces.min(block.indent)).min(text.len())
}

fn is_document_marker(line: &str) -> bool {
    (line.starts_with("---") || line.starts_with("...")) && line[3..].chars().next().is_none_or(char::is_whitespace)
}

fn indentation(line: &str) -> usize {
    line.bytes().take_while(|b| matches!(b, b' ' | b'\t')).count()
}

/// Where a line's text ends before the blanks that a fold drops; an escaped blank stays.
fn trimmed_end(text: &str, from: usize, to: usize, escapes: bool) -> usize {
    let trimmed = text[from..to].trim_end_matches([' ', '\t']);
    let backslashes = trimmed.bytes().rev().take_while(|&b| b == b'\\').count();
    let end = from + trimmed.len();
    if escapes && backslashes % 2 == 1 && end < to { end + 1 } else { end }
}

/// Writes what the line breaks between two lines of a flow scalar stand for; returns where the next line starts.
fn fold(text: &str, from: usize, next: usize, end: usize, quoted: bool, joined: bool, sink: &mut impl Sink) -> usize {
    let mut line = next;
    let mut empty = 0;
    loop {
        let rest = &text[line..end];
        let (length, step) = line_break(rest);
        if step == 0 || !rest[..length].bytes().all(|b| matches!(b, b' ' | b'\t')) {
            break;
        }
        empty += 1;
        line += length + step;
    }
    debug_assert!(quoted || line <= end);
    let content = line + indentation(&text[line..end]);
    match (empty, joined) {
        (0, true) => {}
        (0, false) => sink.put(" ", from..content),
        (n, _) => (0..n).for_each(|_| sink.put("\n", from..content)),
    }
    line
}

fn single_quoted(text: &str, range: Range<usize>, sink: &mut impl Sink) {
    let mut from = range.start;
    while let Some(i) = text[from..range.end].find("''") {
        sink.copy(text, from..from + i);
        sink.put("'", from + i..from + i + 2);
        from += i + 2;
    }
    sink.copy(text, from..range.end);
}

/// Decodes one line of a double-quoted scalar; true when its end is escaped, so that the next line joins it.
fn double_quoted(text: &str, range: Range<usize>, sink: &mut impl Sink) -> bool {
    let mut from = range.start;
    while let Some(i) = text[from..range.end].find('\\') {
        sink.copy(text, from..from + i);
        let at = from + i;
        let mut rest = text[at + 1..range.end].chars();
        let Some(escape) = rest.next() else {
            return true;
        };
        let digits = match escape {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let mut end = at + 1 + escape.len_utf8();
        if digits > 0 {
            let hex = text.get(end..(end + digits).min(range.end)).filter(|hex| hex.is_ascii());
            let code = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok());
            let c = code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
            end += hex.map_or(0, str::len);
            sink.put(c.encode_utf8(&mut [0; 4]), at..end);
        } else {
            sink.put(unescaped(escape).encode_utf8(&mut [0; 4]), at..end);
        }
        from = end;
    }
    sink.copy(text, from..range.end);
    false
}

fn unescaped(escape: char) -> char {
    match escape {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        other => other,
    }
}
