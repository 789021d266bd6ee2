//! Literal text and its quotes.

use super::super::What;
use super::cook::{Cooked, Quotes};

impl Cooked {
    /// Adds text that stands in those quotes, and notices what cannot stand there: the parser folded it in.
    pub(super) fn unescape(&mut self, text: &str, quotes: Quotes) {
        if quotes == Quotes::Single {
            return self.plain(text);
        }
        // Quotes are parts of their own, unless they were folded in, and then an odd one may reach anywhere.
        let (mut single, mut double) = (false, false);
        let mut rest = text;
        loop {
            let plain = rest.bytes().position(|byte| MEANS_MORE[usize::from(byte)]).unwrap_or(rest.len());
            let (literal, more) = rest.split_at(plain);
            self.value.push_str(literal);
            self.display.push_str(literal);
            let mut characters = more.chars();
            let Some(character) = characters.next() else { break };
            if character == '\\' {
                self.escape(characters.next(), quotes);
                rest = characters.as_str();
                continue;
            }
            // An expansion is a part of its own.
            rest = characters.as_str();
            if character == '$' && rest.starts_with(['{', '(']) {
                self.fold(What::Unread);
            }
            if quotes == Quotes::Double && matches!(character, '"' | '`') {
                self.fold(What::FoldedOperator);
            }
            if quotes == Quotes::None {
                match character {
                    // A blank ends a word, so here the parser folded several into one.
                    ' ' | '\t' => self.fold(What::FoldedWord),
                    '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' | '`' => {
                        self.fold(What::FoldedOperator);
                    }
                    '*' | '?' | '[' => self.splits = true,
                    '\'' => single = !single,
                    '"' => double = !double,
                    _ => {}
                }
            }
            self.value.push(character);
            self.character(character);
        }
        if single || double {
            self.fold(What::FoldedOperator);
        }
    }

    fn escape(&mut self, next: Option<char>, quotes: Quotes) {
        match next {
            Some('\n') => {}
            Some(next) if quotes == Quotes::None || "$`\"\\".contains(next) => {
                self.value.push(next);
                self.character(next);
            }
            _ => {
                // Unquoted it escapes what comes next, so that the word cannot end here.
                if quotes == Quotes::None {
                    self.fold(What::FoldedOperator);
                }
                for literal in std::iter::once('\\').chain(next) {
                    self.value.push(literal);
                    self.character(literal);
                }
            }
        }
    }

    /// Notes a fault; one that concerns the whole script outweighs one that does not.
    pub(super) fn fold(&mut self, what: What) {
        if self.fault.as_ref().is_none_or(|known| known.is_local() && !what.is_local()) {
            self.fault = Some(what);
        }
    }
}

/// Bytes that may mean something other than themselves, in quotes or without.
const MEANS_MORE: [bool; 256] = {
    let (bytes, mut table) = (*b"\\$`\"' \t\n;&|()<>*?[", [false; 256]);
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
};

/// Whether the `}` that closes `${…` is the last byte. The parser also accepts none at all.
pub(super) fn is_closed(expansion: &str) -> bool {
    let bytes = expansion.as_bytes();
    let mut depth = 0usize;
    let mut quote = None;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, quote) {
            (b'\'', Some(b'\'')) | (b'"', Some(b'"')) => quote = None,
            (_, Some(b'\'')) => {}
            (b'\\', _) => at += 1,
            (b'\'' | b'"', None) => quote = Some(byte),
            (b'$', _) if bytes.get(at + 1) == Some(&b'{') => {
                depth += 1;
                at += 1;
            }
            (b'}', None) => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1 == bytes.len();
                }
            }
            _ => {}
        }
        at += 1;
    }
    false
}
