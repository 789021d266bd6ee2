//! Diffs on a terminal.

use anstyle::{AnsiColor, Effects, Style};
use similar::{ChangeTag, DiffOp, TextDiff};

use super::visible::visible;

const HEADER: Style = Style::new().effects(Effects::BOLD);
const HUNK: Style = AnsiColor::Cyan.on_default();
const OLD: Style = AnsiColor::Red.on_default();
const NEW: Style = AnsiColor::Green.on_default();

/// Longer changes are shown without emphasis, which would take long to find and be hard to read.
const EMPHASIS_BYTES: usize = 16 << 10;

/// A unified diff for a terminal: coloured, the changed words of a changed line emphasised, and characters that
/// would do something to the terminal replaced by pictures of them. No longer fit for `git apply`.
pub fn coloured(diff: &str) -> String {
    let mut out = String::with_capacity(diff.len() + diff.len() / 4);
    let mut block = Block::default();
    // Lines of the hunk that are still to come, old and new: a line may itself look like a header.
    let mut left = (0usize, 0usize);
    for line in diff.split_inclusive('\n') {
        let (mark, rest) = line.split_at_checked(1).unwrap_or((line, ""));
        let in_hunk = left != (0, 0);
        match mark {
            "-" if in_hunk => {
                if !block.new.is_empty() {
                    block.flush(&mut out);
                }
                block.old.push(rest);
                left.0 = left.0.saturating_sub(1);
            }
            "+" if in_hunk => {
                block.new.push(rest);
                left.1 = left.1.saturating_sub(1);
            }
            "\\" => block.note(&mut out, line),
            _ => {
                block.flush(&mut out);
                if in_hunk {
                    paint(&mut out, Style::new(), line);
                    left = (left.0.saturating_sub(1), left.1.saturating_sub(1));
                } else if let Some(counts) = counts(line) {
                    left = counts;
                    hunk(&mut out, line);
                } else {
                    paint(&mut out, HEADER, line);
                }
            }
        }
    }
    block.flush(&mut out);
    out
}

/// Removed lines and the lines in their place.
#[derive(Default)]
struct Block<'d> {
    old: Vec<&'d str>,
    new: Vec<&'d str>,
    /// What is said behind the last line of each: that it has no line break.
    old_note: &'d str,
    new_note: &'d str,
}

impl<'d> Block<'d> {
    fn note(&mut self, out: &mut String, line: &'d str) {
        if !self.new.is_empty() {
            self.new_note = line;
        } else if !self.old.is_empty() {
            self.old_note = line;
        } else {
            paint(out, Style::new(), line);
        }
    }

    fn flush(&mut self, out: &mut String) {
        let Block { old, new, old_note, new_note } = std::mem::take(self);
        let bytes: usize = old.iter().chain(&new).map(|line| line.len()).sum();
        if old.is_empty() || new.is_empty() || bytes > EMPHASIS_BYTES {
            old.iter().for_each(|line| paint_line(out, ChangeTag::Delete, &[(false, *line)]));
            paint(out, Style::new(), old_note);
            new.iter().for_each(|line| paint_line(out, ChangeTag::Insert, &[(false, *line)]));
            paint(out, Style::new(), new_note);
            return;
        }
        let whole = DiffOp::Replace { old_index: 0, old_len: old.len(), new_index: 0, new_len: new.len() };
        let diff = TextDiff::from_slices(&old, &new);
        let mut removed = 0;
        for line in diff.iter_inline_changes(&whole) {
            paint_line(out, line.tag(), line.values());
            removed += usize::from(line.tag() == ChangeTag::Delete);
            if removed == old.len() && line.tag() == ChangeTag::Delete {
                paint(out, Style::new(), old_note);
            }
        }
        paint(out, Style::new(), new_note);
    }
}

/// A changed line, in parts, some of which are emphasised; where all of it is new, nothing stands out.
fn paint_line(out: &mut String, tag: ChangeTag, parts: &[(bool, &str)]) {
    let (style, mark) = if tag == ChangeTag::Delete { (OLD, "-") } else { (NEW, "+") };
    let is_old_line = parts.iter().any(|(new, part)| !new && !part.trim().is_empty());
    let mut runs = vec![(false, mark.to_owned())];
    for &(new, part) in parts {
        let stands_out = new && is_old_line && !part.trim().is_empty();
        match runs.last_mut() {
            Some((same, text)) if *same == stands_out => text.push_str(part),
            _ => runs.push((stands_out, part.to_owned())),
        }
    }
    for (stands_out, text) in runs {
        paint(out, if stands_out { style.effects(Effects::INVERT) } else { style }, &text);
    }
}

/// `@@ -1,2 +3,4 @@ job`: the ranges in the hunk's colour, the job in bold.
fn hunk(out: &mut String, line: &str) {
    let end = line.get(2..).and_then(|rest| rest.find("@@")).map_or(line.len(), |found| found + 4);
    let (ranges, job) = line.split_at_checked(end).unwrap_or((line, ""));
    paint(out, HUNK, ranges);
    paint(out, HEADER, job);
}

/// How many lines a hunk has, old and new, if this is the header of one.
fn counts(line: &str) -> Option<(usize, usize)> {
    let mut ranges = line.strip_prefix("@@ -")?.split(' ');
    let (old, new) = (ranges.next()?, ranges.next()?.strip_prefix('+')?);
    let count = |range: &str| range.split_once(',').map_or(Some(1), |(_, count)| count.parse().ok());
    Some((count(old)?, count(new)?))
}

/// Text in a style, which ends before the line break.
fn paint(out: &mut String, style: Style, text: &str) {
    let body = text.strip_suffix('\n').map_or(text, |body| body.strip_suffix('\r').unwrap_or(body));
    if style.is_plain() || body.is_empty() {
        out.push_str(&visible(body));
    } else {
        out.push_str(&format!("{style}{}{style:#}", visible(body)));
    }
    out.push_str(&text[body.len()..]);
}
