//! Which lines two texts do not share.

use std::ops::Range;

use similar::{DiffOp, TextDiff};

use crate::yaml::Edit;

/// Texts up to this size are compared as a whole. Larger ones are compared where they were edited, or else through a
/// window: the cost of a comparison grows with the square of the differences in it, and a large file is for the most part
/// the same.
const WHOLE: usize = 256 << 10;

/// Lines of each text that are compared at once where a difference begins.
const WINDOW: usize = 512;

/// Lines of the one text in place of which the other has others; either may be none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub old: Lines,
    pub new: Lines,
}

/// Consecutive lines, each with its line break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lines {
    pub bytes: Range<usize>,
    /// The number of the first one, from 0.
    pub first: usize,
    pub count: usize,
}

/// The runs, in order; between two there is at least one line that the texts share. The edits that made the one text of
/// the other may be none, or of other texts.
///
/// A line ends in a line feed, as for git, and in nothing else: a carriage return belongs to its line.
pub(super) fn runs(before: &str, after: &str, edits: &[Edit]) -> Vec<Run> {
    if before.len().max(after.len()) <= WHOLE {
        return runs_through(before, after, usize::MAX);
    }
    match stretches(before, after, edits) {
        Some(stretches) => runs_within(before, after, &stretches),
        None => runs_through(before, after, WINDOW),
    }
}

/// Whole lines of both texts, between which they are the same; none if the edits do not lead from the one to the other.
fn stretches(before: &str, after: &str, edits: &[Edit]) -> Option<Vec<(Range<usize>, Range<usize>)>> {
    let mut stretches: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    let (mut old, mut new) = (0, 0);
    for Edit { range, text } in edits {
        let same = before.get(old..range.start)?;
        let start = new + same.len();
        if after.get(new..start)? != same || after.get(start..start + text.len())? != text {
            return None;
        }
        (old, new) = (range.end, start + text.len());
        // What goes around the edit in its lines is the same in both.
        let lead = before.get(..range.start)?.rfind('\n').map_or(range.start, |at| range.start - at - 1);
        let ends_alike = |text: &str, at: usize| at == 0 || text.as_bytes().get(at - 1) == Some(&b'\n');
        let tail = match ends_alike(before, old) && ends_alike(after, new) {
            true => 0,
            false => before.get(old..)?.find('\n').map_or(before.len() - old, |at| at + 1),
        };
        let stretch = (range.start - lead..old + tail, start - lead..new + tail);
        match stretches.last_mut().filter(|(last, _)| stretch.0.start <= last.end) {
            Some(last) => (last.0.end, last.1.end) = (stretch.0.end, stretch.1.end),
            None => stretches.push(stretch),
        }
    }
    (before.get(old..) == after.get(new..)).then_some(stretches)
}

fn runs_within(before: &str, after: &str, stretches: &[(Range<usize>, Range<usize>)]) -> Vec<Run> {
    let (mut old, mut new) = (Cursor::new(before), Cursor::new(after));
    let mut runs: Vec<Run> = Vec::new();
    for (was, is) in stretches {
        old.pass(was.start - old.at);
        new.pass(is.start - new.at);
        let old_lines: Vec<&str> = before[was.clone()].split_inclusive('\n').collect();
        let new_lines: Vec<&str> = after[is.clone()].split_inclusive('\n').collect();
        let diff = TextDiff::from_slices(&old_lines, &new_lines);
        take(&mut runs, diff.ops(), (&mut old, &old_lines), (&mut new, &new_lines));
    }
    runs
}

fn runs_through(before: &str, after: &str, start: usize) -> Vec<Run> {
    let mut window = start;
    let (mut old, mut new) = (Cursor::new(before), Cursor::new(after));
    let mut runs: Vec<Run> = Vec::new();
    loop {
        let same = common_lines(old.rest(), new.rest());
        old.pass(same);
        new.pass(same);
        if old.rest().is_empty() && new.rest().is_empty() {
            return runs;
        }
        let (old_lines, new_lines) = (old.peek(window), new.peek(window));
        let diff = TextDiff::from_slices(&old_lines, &new_lines);
        let is_last = old_lines.len() < window && new_lines.len() < window;
        let known = if is_last { diff.ops() } else { trusted(diff.ops(), window / 2) };
        if known.is_empty() {
            window = window.saturating_mul(2);
            continue;
        }
        window = start;
        take(&mut runs, known, (&mut old, &old_lines), (&mut new, &new_lines));
    }
}

/// Goes over what is known of some lines.
fn take(runs: &mut Vec<Run>, ops: &[DiffOp], old: (&mut Cursor<'_>, &[&str]), new: (&mut Cursor<'_>, &[&str])) {
    for op in ops {
        let run = Run { old: old.0.take(&old.1[op.old_range()]), new: new.0.take(&new.1[op.new_range()]) };
        if !matches!(op, DiffOp::Equal { .. }) {
            runs.push(run);
        }
    }
}

/// What the end of the window cannot have changed: the operations before the last lines in its first half that both have.
fn trusted(ops: &[DiffOp], half: usize) -> &[DiffOp] {
    let is_anchor =
        |op: &DiffOp| matches!(*op, DiffOp::Equal { old_index, new_index, .. } if old_index < half && new_index < half);
    ops.get(..ops.iter().rposition(is_anchor).unwrap_or(0)).unwrap_or_default()
}

/// A place at the start of a line.
struct Cursor<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl<'t> Cursor<'t> {
    fn new(text: &'t str) -> Self {
        Cursor { text, at: 0, line: 0 }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self, lines: usize) -> Vec<&'t str> {
        self.rest().split_inclusive('\n').take(lines).collect()
    }

    /// Goes over bytes that end where a line ends.
    fn pass(&mut self, bytes: usize) {
        let passed = &self.text.as_bytes()[self.at..self.at + bytes];
        self.line += passed.iter().filter(|&&byte| byte == b'\n').count();
        self.at += bytes;
    }

    fn take(&mut self, lines: &[&str]) -> Lines {
        let (start, first) = (self.at, self.line);
        self.at += lines.iter().map(|line| line.len()).sum::<usize>();
        self.line += lines.len();
        Lines { bytes: start..self.at, first, count: lines.len() }
    }
}

/// The length of the lines that both texts begin with.
fn common_lines(left: &str, right: &str) -> usize {
    const BLOCK: usize = 4096;
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let blocks = left.chunks_exact(BLOCK).zip(right.chunks_exact(BLOCK)).take_while(|(left, right)| left == right);
    let mut same = blocks.count() * BLOCK;
    same += left[same..].iter().zip(&right[same..]).take_while(|(left, right)| left == right).count();
    if same == left.len() && same == right.len() {
        return same;
    }
    left[..same].iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts of few different lines, so that much of them is alike by chance.
    fn text(seed: &mut u64) -> String {
        let mut next = |below: u64| {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (*seed >> 33) % below
        };
        let mut text: String =
            (0..next(60)).map(|_| ["a\n", "b\n", "\n", "c\r\n", "\rd\n"][next(5) as usize]).collect();
        if next(3) == 0 {
            text.push_str(["e", "\r", " "][next(3) as usize]);
        }
        text
    }

    #[test]
    fn the_runs_lead_from_one_text_to_the_other_through_any_window() {
        let mut seed = 7;
        for window in [2, 3, 8, usize::MAX] {
            for _ in 0..500 {
                let (before, after) = (text(&mut seed), text(&mut seed));
                let (mut rebuilt, mut at, mut line) = (String::new(), 0, 0);
                for run in runs_through(&before, &after, window) {
                    let shared = &before[at..run.old.bytes.start];
                    assert!(at == 0 || !shared.is_empty(), "two runs touch in {before:?} {after:?}");
                    line += shared.matches('\n').count();
                    assert_eq!(line, run.old.first);
                    rebuilt.push_str(shared);
                    assert_eq!(rebuilt.len(), run.new.bytes.start);
                    assert_eq!(rebuilt.matches('\n').count(), run.new.first);
                    assert_eq!(before[run.old.bytes.clone()].split_inclusive('\n').count(), run.old.count);
                    assert_eq!(after[run.new.bytes.clone()].split_inclusive('\n').count(), run.new.count);
                    rebuilt.push_str(&after[run.new.bytes]);
                    (at, line) = (run.old.bytes.end, line + run.old.count);
                }
                rebuilt.push_str(&before[at..]);
                assert_eq!(rebuilt, after);
            }
        }
    }

    #[test]
    fn the_runs_of_known_edits_lead_from_one_text_to_the_other() {
        let mut seed = 11;
        for _ in 0..2000 {
            let before = text(&mut seed);
            let mut edits: Vec<Edit> = Vec::new();
            let mut at = 0;
            while at < before.len() {
                let piece = text(&mut seed);
                let (skip, gone) = (piece.len() % 9, piece.len() % 4);
                let (start, end) = ((at + skip).min(before.len()), (at + skip + gone).min(before.len()));
                edits.push(Edit { range: start..end, text: piece.chars().take(skip % 5).collect() });
                at = end + 3;
            }
            let mut after = before.clone();
            for edit in edits.iter().rev() {
                after.replace_range(edit.range.clone(), &edit.text);
            }
            let stretches = stretches(&before, &after, &edits).expect("the edits lead there");
            let (mut rebuilt, mut at) = (String::new(), 0);
            for run in runs_within(&before, &after, &stretches) {
                assert!(at == 0 || at < run.old.bytes.start, "two runs touch in {before:?} {after:?}");
                rebuilt.push_str(&before[at..run.old.bytes.start]);
                assert_eq!(rebuilt.len(), run.new.bytes.start);
                assert_eq!(before[..run.old.bytes.start].matches('\n').count(), run.old.first);
                assert_eq!(rebuilt.matches('\n').count(), run.new.first);
                rebuilt.push_str(&after[run.new.bytes]);
                at = run.old.bytes.end;
            }
            rebuilt.push_str(&before[at..]);
            assert_eq!(rebuilt, after);
            if let Some(edit) = edits.iter_mut().find(|edit| !edit.range.is_empty()) {
                edit.range.end -= 1;
                edit.text.push('~');
                assert_eq!(super::stretches(&before, &after, &edits), None);
            }
        }
    }

    #[test]
    fn a_window_finds_little_more_than_a_look_at_the_whole() {
        let mut seed = 3;
        let mut next = |below: u64| {
            seed = u64::wrapping_mul(seed, 6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        let job = |name: u64| format!("job-{name}:\n  stage: build\n  script:\n    - make\n    - make {name}\n\n");
        let before: String = (0..400).map(job).collect();
        let mut after = String::new();
        for name in 0..400 {
            match next(12) {
                0 => {}
                1 => after.push_str(&job(1000 + name).replace("stage: build", "stage: test").repeat(3)),
                2 => after.push_str(&job(name).replace("    - make\n", "")),
                _ => after.push_str(&job(name)),
            }
        }
        let size = |window| -> usize {
            runs_through(&before, &after, window).iter().map(|run| run.old.count + run.new.count).sum()
        };
        let (whole, windowed) = (size(usize::MAX), size(WINDOW));
        assert!(windowed * 100 <= whole * 102, "{windowed} lines, where {whole} are enough");
    }
}
