//! From a word's source to what the shell makes of it: quote removal.

use std::ops::Range;

use shuck_ast::{WordPart, WordPartNode};

use super::super::What;

/// The source that words are cut from.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    /// The joined items.
    pub(super) text: &'a str,
    /// The same with `$[[ … ]]` hidden: what the parser saw. Offsets are the same.
    pub(super) parsed: &'a str,
    /// Where `$[[ … ]]` was hidden, in order.
    pub(super) masks: &'a [Range<usize>],
}

/// A word without its quotes.
#[derive(Default)]
pub(super) struct Cooked {
    /// See [`Word::display`](super::Word::display).
    pub(super) display: String,
    /// The text, as far as it is literal.
    pub(super) value: String,
    /// Something is expanded, so that `value` is incomplete.
    pub(super) expands: bool,
    /// The shell may make several words of it, or none.
    pub(super) splits: bool,
    /// What is wrong with the parser's reading of it.
    pub(super) fault: Option<What>,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Quotes {
    None,
    Single,
    Double,
}

impl<'a> Source<'a> {
    /// The text of a range, empty if there is none.
    pub(super) fn slice(&self, range: &Range<usize>) -> &'a str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    fn is_masked(&self, range: &Range<usize>) -> bool {
        let first = self.masks.partition_point(|mask| mask.end <= range.start);
        self.masks.get(first).is_some_and(|mask| mask.start < range.end)
    }

    /// Removes the quotes of the parts that make up `range`.
    ///
    /// `None`: the word is plain, text and value are the source itself (the common case, spared the copies).
    pub(super) fn cook(&self, parts: &[WordPartNode], range: &Range<usize>) -> Option<Cooked> {
        if let [WordPartNode { kind: WordPart::Literal(_), .. }] = parts
            && self.slice(range).bytes().all(is_plain)
            && !self.is_masked(range)
        {
            return None;
        }
        let capacity = range.len();
        let (display, value) = (String::with_capacity(capacity), String::with_capacity(capacity));
        let mut cooked = Cooked { display, value, ..Cooked::default() };
        cooked.parts(self, parts, range, Quotes::None);
        Some(cooked)
    }
}

/// Bytes that mean only themselves in an unquoted word.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'_' | b'.' | b'/' | b':' | b'=' | b',' | b'+' | b'@' | b'%' | b'^' | 0x80..)
}

impl Cooked {
    fn parts(&mut self, source: &Source<'_>, parts: &[WordPartNode], range: &Range<usize>, quotes: Quotes) {
        let mut at = range.start;
        for part in parts {
            let span = part.span.start.offset()..part.span.end.offset();
            let span = span.start.max(range.start)..span.end.min(range.end);
            // The parts must tile the word, or text would be lost or doubled without a sign.
            // A `\`-newline is in no part.
            let between = source.parsed.get(at..span.start);
            if between.is_none_or(|text| !text.is_empty() && !text.replace("\\\n", "").is_empty()) {
                self.misread(source, range);
            }
            at = span.end;
            self.part(source, &part.kind, &span, quotes);
        }
        if at != range.end {
            self.misread(source, range);
        }
    }

    /// The parts do not fit the text. If that hides where a substitution stands, the commands in it are not certain either.
    fn misread(&mut self, source: &Source<'_>, range: &Range<usize>) {
        let text = source.slice(range);
        let commands = ["$(", "`", "<(", ">("].iter().any(|open| text.contains(open));
        self.fault.get_or_insert(if commands { What::Ranges } else { What::WordParts });
    }

    fn part(&mut self, source: &Source<'_>, part: &WordPart, span: &Range<usize>, quotes: Quotes) {
        match part {
            WordPart::Literal(_) => self.literal(source, span, quotes),
            WordPart::SingleQuoted { value, dollar } => {
                if *dollar && source.is_masked(span) {
                    self.expansion(source.slice(span), true);
                } else if *dollar {
                    self.plain(value.slice(source.parsed));
                } else {
                    let inner = span.start + 1..span.end.saturating_sub(1);
                    self.literal(source, &inner, Quotes::Single);
                }
            }
            WordPart::DoubleQuoted { parts, dollar } => {
                let inner = span.start + 1 + usize::from(*dollar)..span.end.saturating_sub(1);
                self.parts(source, parts, &inner, Quotes::Double);
            }
            _ => {
                let raw = source.slice(span);
                self.expansion(raw, quotes == Quotes::Double);
                // "$@" and "${list[@]}" become several words even in quotes.
                if raw == "$@" || raw == "${@}" || raw.contains("[@]") {
                    self.splits = true;
                }
            }
        }
    }

    fn expansion(&mut self, raw: &str, quoted: bool) {
        self.display.push_str(raw);
        self.expands = true;
        self.splits |= !quoted;
    }

    /// Text that quotes made literal.
    pub(super) fn plain(&mut self, text: &str) {
        self.value.push_str(text);
        for character in text.chars() {
            self.character(character);
        }
    }

    pub(super) fn character(&mut self, character: char) {
        if matches!(character, '$' | '`' | '\\') {
            self.display.push('\\');
        }
        self.display.push(character);
    }

    fn literal(&mut self, source: &Source<'_>, span: &Range<usize>, quotes: Quotes) {
        let mut from = span.start;
        let first = source.masks.partition_point(|mask| mask.end <= span.start);
        for mask in source.masks.iter().skip(first).take_while(|mask| mask.start < span.end) {
            self.unescape(source.slice(&(from..mask.start.max(from))), quotes);
            let visible = mask.start.max(span.start)..mask.end.min(span.end);
            self.expansion(source.slice(&visible), quotes != Quotes::None);
            from = visible.end;
        }
        self.unescape(source.slice(&(from..span.end)), quotes);
    }
}
