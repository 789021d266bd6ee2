//! Nothing that stands between two statements may have been skipped.

use std::ops::Range;

use super::super::What;
use super::walk::Walk;

impl Walk<'_> {
    /// Checks the text between two statements (or around one): blanks, comments and separators, and at least one of these where
    /// `separated`.
    ///
    /// The parser also reads shells that want no separator, and after an error it goes on behind the text that it did not understand.
    pub(super) fn check_gap(&mut self, gap: Range<usize>, separated: bool) {
        // A heredoc's body reaches over the statement after it: they are told apart elsewhere.
        let Some(text) = self.source.parsed.get(gap.clone()) else {
            return;
        };
        match separators(text) {
            Some(found) if found || !separated => {}
            _ => self.doubt(&gap, What::Skipped),
        }
    }
}

/// Whether there is a separator; `None` if there is more than blanks, comments and separators.
fn separators(text: &str) -> Option<bool> {
    let mut found = false;
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r']);
        let next = rest.chars().next();
        rest = match next {
            None => return Some(found),
            Some('\n' | ';' | '&') => {
                found = true;
                rest.get(1..)?
            }
            Some('#') => rest.get(rest.find('\n').unwrap_or(rest.len())..)?,
            Some(_) => rest.strip_prefix("\\\n")?,
        };
    }
}
