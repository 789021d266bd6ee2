//! What is done to a text before the parser sees it.

use std::borrow::Cow;
use std::ops::Range;

/// Hides each `$[[ … ]]` behind text of the same length that any shell reads as (part of) a plain word.
///
/// GitLab replaces `$[[ inputs.x ]]` before a job exists (<https://docs.gitlab.com/ci/inputs/>), and its pattern does not cross lines.
/// To bash the same bytes are old-style arithmetic with blanks in it. Letters are the one filler that is harmless everywhere: digits
/// before a `>` would become a file descriptor.
pub(super) fn mask(text: &str) -> (Cow<'_, str>, Vec<Range<usize>>) {
    let mut masks = Vec::new();
    let Some(mut from) = memchr::memmem::find(text.as_bytes(), b"$[[") else {
        return (Cow::Borrowed(text), masks);
    };
    while let Some(found) = text.get(from..).and_then(|rest| rest.find("$[[")) {
        let start = from + found;
        let rest = text.get(start..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        // Without an end there is no other beginning on the line either.
        from = start + line.find("]]").map_or(line.len(), |close| close + 2);
        if line.contains("]]") {
            masks.push(start..from);
        }
    }
    if masks.is_empty() {
        return (Cow::Borrowed(text), masks);
    }
    let mut masked = String::with_capacity(text.len());
    let mut from = 0;
    for mask in &masks {
        masked.push_str(text.get(from..mask.start).unwrap_or_default());
        masked.extend(std::iter::repeat_n('a', mask.len()));
        from = mask.end;
    }
    masked.push_str(text.get(from..).unwrap_or_default());
    (Cow::Owned(masked), masks)
}

/// Why the parser would take too long: its time grows with the square of the braces in one word, and out of all bounds
/// with expansions that are not closed within one another, and with the cube of the parentheses, each of which may begin an arithmetic one.
pub(super) fn hostile(text: &str) -> Option<&'static str> {
    const BRACES: usize = 1000;
    const OPEN: usize = 10;
    const PARENTHESES: usize = 100;
    // Nearly every script has fewer of all.
    let few = |byte, most| memchr::memchr_iter(byte, text.as_bytes()).take(most + 1).count() <= most;
    if few(b'$', OPEN) && few(b'{', BRACES) && few(b'(', PARENTHESES) {
        return None;
    }
    let (mut braces, mut open, mut unclosed, mut parentheses, mut before) = (0, 0usize, 0usize, 0usize, b' ');
    for byte in text.bytes() {
        match byte {
            b'(' => parentheses += 1,
            b')' => parentheses = parentheses.saturating_sub(1),
            _ => {}
        }
        if parentheses > PARENTHESES {
            return Some("too many parentheses within one another");
        }
        match (before, byte) {
            (b'$', b'{' | b'(') => open += 1,
            (_, b'}' | b')') => open = open.saturating_sub(1),
            _ => {}
        }
        // A `)` closes no `${`.
        match (before, byte) {
            (b'$', b'{') => unclosed += 1,
            (_, b'}') => unclosed = unclosed.saturating_sub(1),
            _ => {}
        }
        match byte {
            b'{' => braces += 1,
            b' ' | b'\t' | b'\n' => braces = 0,
            _ => {}
        }
        if braces > BRACES {
            return Some("too many braces in one word");
        }
        if open > OPEN || unclosed > OPEN {
            return Some("too many expansions within one another");
        }
        before = byte;
    }
    None
}
