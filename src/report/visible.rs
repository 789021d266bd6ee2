//! Text of a stranger's repository on somebody's terminal.

use std::borrow::Cow;

/// The text with a picture in place of each character that could move the cursor, change colours or turn the direction
/// of writing. Line breaks are such characters too, tabs are not.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|letter| if is_hidden(letter) { picture(letter) } else { letter }).collect())
}

/// On one line, and no longer than a line is.
pub(super) fn one_line(text: &str) -> String {
    const LONGEST: usize = 80;
    let text: String = text.chars().filter(|letter| !is_hidden(*letter)).collect();
    let text = text.replace('\t', " ");
    if text.chars().count() <= LONGEST {
        return text;
    }
    let cut: String = text.chars().take(LONGEST - 1).collect();
    format!("{cut}…")
}

fn is_hidden(letter: char) -> bool {
    letter.is_control() && letter != '\t'
        || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

fn picture(letter: char) -> char {
    match letter {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + letter as u32).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        _ => '\u{fffd}',
    }
}
