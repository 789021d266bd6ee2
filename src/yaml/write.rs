//! Writes new values, in the manner of the file that takes them.

use super::plain::{is_plain, is_plain_string, is_unprintable};
use super::tree::Style;

/// A value to be written. What is asked for is what a reader must find: see [`super::Edits::finish`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A string, in the style that suits it.
    Text(String),
    /// A string in the style wanted, where that style can hold it.
    Styled(String, Style),
    /// A plain scalar exactly as given: a number, a boolean, null.
    Plain(String),
    /// Items; an empty list is `[]`.
    Sequence(Vec<Item>),
    /// Entries; an empty mapping is `{}`.
    Mapping(Vec<Entry>),
}

/// An item of a new sequence with the comment lines above it, each with its `#`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub comment: Vec<String>,
    pub value: Value,
}

/// An entry of a new mapping with the comment lines above it, each with its `#`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub comment: Vec<String>,
    pub key: String,
    pub value: Value,
}

impl Value {
    /// A string in the style that suits it.
    pub fn text(text: impl Into<String>) -> Value {
        Value::Text(text.into())
    }
}

impl Item {
    /// An item without comment.
    pub fn new(value: Value) -> Item {
        Item { comment: Vec::new(), value }
    }
}

impl Entry {
    /// An entry without comment.
    pub fn new(key: impl Into<String>, value: Value) -> Entry {
        Entry { comment: Vec::new(), key: key.into(), value }
    }
}

/// How the surroundings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manner {
    /// Columns from a key to the keys below it.
    pub step: usize,
    /// Columns from a key to the dashes below it: 0 or more.
    pub list: usize,
    pub newline: &'static str,
}

/// Writes in block style; lines after the first are indented absolutely, and no line break ends the text.
pub(super) struct Writer {
    pub out: String,
    manner: Manner,
}

impl Writer {
    pub fn new(manner: Manner) -> Writer {
        Writer { out: String::new(), manner }
    }

    /// An entry whose key stands at `column`; the first line is not indented.
    pub fn entry(&mut self, entry: &Entry, column: usize) {
        self.comment(&entry.comment, column);
        self.out.push_str(&scalar(&entry.key, None, false, true));
        self.out.push(':');
        self.after_key(&entry.value, column);
    }

    /// An item whose dash stands at `column`; the first line is not indented.
    pub fn item(&mut self, item: &Item, column: usize) {
        self.comment(&item.comment, column);
        self.out.push('-');
        match &item.value {
            Value::Mapping(entries) if !entries.is_empty() && entries[0].comment.is_empty() => {
                self.out.push(' ');
                self.entries(entries, column + 2);
            }
            Value::Sequence(items) if !items.is_empty() && items[0].comment.is_empty() => {
                self.out.push(' ');
                self.items(items, column + 2);
            }
            value => {
                // Below a key a list may stand at the key's column; below a dash it may not.
                let list = self.manner.list;
                self.manner.list = list.max(self.manner.step.max(1));
                self.after_key(value, column);
                self.manner.list = list;
            }
        }
    }

    /// A value behind the `:` or `-` that stands at `column`.
    pub fn after_key(&mut self, value: &Value, column: usize) {
        match value {
            Value::Mapping(entries) if !entries.is_empty() => {
                let column = column + self.manner.step;
                self.line(column);
                self.entries(entries, column);
            }
            Value::Sequence(items) if !items.is_empty() => {
                let column = column + self.manner.list;
                self.line(column);
                self.items(items, column);
            }
            Value::Text(text) if wants_block(text) => self.block(text, column),
            Value::Styled(text, Style::Literal | Style::Folded) if can_be_block(text) => self.block(text, column),
            value => {
                self.out.push(' ');
                self.out.push_str(&flow(value, false));
            }
        }
    }

    fn entries(&mut self, entries: &[Entry], column: usize) {
        for (n, entry) in entries.iter().enumerate() {
            if n > 0 {
                self.line(column);
            }
            self.entry(entry, column);
        }
    }

    fn items(&mut self, items: &[Item], column: usize) {
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                self.line(column);
            }
            self.item(item, column);
        }
    }

    fn comment(&mut self, lines: &[String], column: usize) {
        for line in lines {
            self.out.push_str(line);
            self.line(column);
        }
    }

    fn block(&mut self, text: &str, column: usize) {
        self.out.push_str(" |");
        if text.starts_with([' ', '\n']) {
            self.out.push_str(&self.manner.step.max(1).to_string());
        }
        let body = text.trim_end_matches('\n');
        match text.len() - body.len() {
            0 => self.out.push('-'),
            1 => {}
            _ => self.out.push('+'),
        }
        let column = column + self.manner.step.max(1);
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            self.out.push_str(self.manner.newline);
            if !line.is_empty() {
                self.out.extend(std::iter::repeat_n(' ', column));
                self.out.push_str(line);
            }
        }
    }

    fn line(&mut self, column: usize) {
        self.out.push_str(self.manner.newline);
        self.out.extend(std::iter::repeat_n(' ', column));
    }
}

/// A value on one line; with `inside`, within a flow collection.
pub(super) fn flow(value: &Value, inside: bool) -> String {
    match value {
        Value::Text(text) => scalar(text, None, inside, false),
        Value::Styled(text, style) => scalar(text, Some(*style), inside, false),
        Value::Plain(text) => text.clone(),
        Value::Sequence(items) => {
            let items: Vec<String> = items.iter().map(|item| flow(&item.value, true)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Mapping(entries) => {
            let entries: Vec<String> = entries.iter().map(flow_entry).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// An entry of a flow mapping.
pub(super) fn flow_entry(entry: &Entry) -> String {
    format!("{}: {}", scalar(&entry.key, None, true, true), flow(&entry.value, true))
}

/// A scalar on one line: plain if it may be, in the wanted style if it can be, quoted otherwise.
pub(super) fn scalar(text: &str, style: Option<Style>, inside_flow: bool, key: bool) -> String {
    let plain = is_plain_string(text, inside_flow) && !(key && text.len() > 1000);
    let simple = !text.chars().any(is_unprintable);
    match style {
        Some(Style::DoubleQuoted) => double_quoted(text),
        Some(Style::SingleQuoted) if simple => single_quoted(text),
        Some(Style::Plain) if is_plain(text, inside_flow) => text.to_owned(),
        _ if plain => text.to_owned(),
        _ if simple && text.contains(['"', '\\']) => single_quoted(text),
        _ => double_quoted(text),
    }
}

/// The inside of a single-quoted scalar.
pub(super) fn single_escaped(text: &str) -> String {
    text.replace('\'', "''")
}

/// The inside of a double-quoted scalar.
pub(super) fn double_escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_unprintable(c) => match c as u32 {
                code @ 0..=0xff => out.push_str(&format!("\\x{code:02X}")),
                code @ 0x100..=0xffff => out.push_str(&format!("\\u{code:04X}")),
                code => out.push_str(&format!("\\U{code:08X}")),
            },
            c => out.push(c),
        }
    }
    out
}

fn single_quoted(text: &str) -> String {
    format!("'{}'", single_escaped(text))
}

fn double_quoted(text: &str) -> String {
    format!("\"{}\"", double_escaped(text))
}

fn wants_block(text: &str) -> bool {
    text.trim_end_matches('\n').contains('\n') && can_be_block(text)
}

/// Whether a literal block keeps the text: no control characters, and something other than blanks in it.
fn can_be_block(text: &str) -> bool {
    !text.trim().is_empty() && !text.chars().any(|c| c != '\n' && c != '\t' && is_unprintable(c))
}
