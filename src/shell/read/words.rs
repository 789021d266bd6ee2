//! Words: range, place, quotes.

use std::ops::Range;
use std::sync::Arc;

use shuck_ast as ast;

use super::super::{Context, What, Word};
use super::walk::Walk;

impl Walk<'_> {
    /// A word, unless nothing but a `\`-newline is left of it.
    pub(super) fn word(&mut self, word: &ast::Word, around: &Context) -> Option<Word> {
        let range = self.trimmed(word.span);
        if range.is_empty() {
            return None;
        }
        let mut built = self.plain_word(range.clone());
        if let Some(cooked) = self.source.cook(&word.parts, &range) {
            built.literal = !cooked.expands;
            built.splits = cooked.splits;
            if built.literal && cooked.value != built.raw() {
                built.value = Some(cooked.value.into());
            }
            if cooked.display != built.raw() {
                built.display = Some(cooked.display.into());
            }
            if let Some(what) = cooked.fault {
                built.doubtful = true;
                self.doubt(&range, what);
            }
            if word.has_active_brace_expansion() {
                built.literal = false;
                built.splits = true;
            }
            self.word_inside(word, around);
        }
        Some(built)
    }

    /// A word of plain text.
    pub(super) fn plain_word(&mut self, range: Range<usize>) -> Word {
        let place = self.place(&range);
        let doubtful = place.is_none();
        if doubtful {
            self.doubt(&range, What::WordSpansItems);
        }
        Word {
            text: Arc::clone(&self.text),
            range,
            place,
            display: None,
            value: None,
            literal: true,
            splits: false,
            doubtful,
        }
    }

    /// The range of a span without the `\`-newlines that touch it, which the parser counts in.
    pub(super) fn trimmed(&self, span: ast::Span) -> Range<usize> {
        let (start, end) = (span.start.offset(), span.end.offset());
        let Some(mut text) = self.source.parsed.get(start..end) else {
            return start..start;
        };
        let whole = text.len();
        while let Some(rest) = text.strip_prefix("\\\n") {
            text = rest;
        }
        let start = start + whole - text.len();
        while let Some(rest) = text.strip_suffix("\\\n") {
            let escaped = rest.len() - rest.trim_end_matches('\\').len();
            if !escaped.is_multiple_of(2) {
                break;
            }
            text = rest;
        }
        start..start + text.len()
    }
}
