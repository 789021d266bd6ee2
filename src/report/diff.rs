//! Unified diffs that `git apply` accepts.

use std::fmt::Write;
use std::ops::Range;

use super::git_path::{labelled, quoted};
use super::runs::{Lines, Run, runs};
use super::visible::one_line;
use crate::yaml::Edit;

/// Lines shown before and after a change.
const CONTEXT: usize = 3;

/// The job (or other top-level key) that a line of the text before stands in; lines count from 1.
pub type Enclosing<'f> = &'f dyn Fn(usize) -> Option<String>;

/// The difference between two texts of a file; a text that is none stands for no file. Nothing when they are the same.
///
/// Every byte of a line is there, carriage returns and byte order mark included. Behind each hunk's ranges stands what encloses
/// its first change. Several of these, one behind the other, are one patch.
pub fn unified(path: &str, before: Option<&str>, after: Option<&str>, enclosing: Enclosing<'_>) -> String {
    unified_at(path, before, after, &[], enclosing)
}

/// The same where the edits that lead from the one text to the other are known, which saves the search in a large one.
pub fn unified_at(
    path: &str,
    before: Option<&str>,
    after: Option<&str>,
    edits: &[Edit],
    enclosing: Enclosing<'_>,
) -> String {
    let mut out = String::new();
    if before == after {
        return out;
    }
    let (old, new) = (before.unwrap_or_default(), after.unwrap_or_default());
    header(&mut out, path, before, after);
    hunks(&mut out, (old, new), (0, 0), &runs(old, new, edits), enclosing);
    out
}

/// The difference between two texts of a part of a file, each with the number of its first line, from 1. A part that
/// is none is not in the file.
pub fn part(path: &str, before: Option<(usize, &str)>, after: Option<(usize, &str)>) -> String {
    let in_front = |side: Option<(usize, &str)>, other: Option<(usize, &str)>| {
        side.or(other).map_or(0, |(line, _)| line.saturating_sub(1))
    };
    let (old, new) = (before.map_or("", |(_, text)| text), after.map_or("", |(_, text)| text));
    if old == new {
        return String::new();
    }
    let mut out = format!("--- {}\n+++ {}\n", labelled("a", path), labelled("b", path));
    let in_front = (in_front(before, after), in_front(after, before));
    hunks(&mut out, (old, new), in_front, &runs(old, new, &[]), &|_| None);
    out
}

/// Lines in front of the texts count, and are not seen.
fn hunks(out: &mut String, (old, new): (&str, &str), in_front: (usize, usize), runs: &[Run], enclosing: Enclosing<'_>) {
    let mut rest = runs;
    while !rest.is_empty() {
        let near = rest.windows(2).take_while(|pair| gap(pair) <= 2 * CONTEXT).count();
        let (hunk, others) = rest.split_at(near + 1);
        rest = others;
        write_hunk(out, (old, new), in_front, hunk, enclosing);
    }
}

fn header(out: &mut String, path: &str, before: Option<&str>, after: Option<&str>) {
    let mut line = |line: String| {
        out.push_str(&line);
        out.push('\n');
    };
    line(format!("diff --git {} {}", quoted("a", path), quoted("b", path)));
    if before.is_none() {
        line("new file mode 100644".to_owned());
    } else if after.is_none() {
        line("deleted file mode 100644".to_owned());
    }
    if before.unwrap_or_default() == after.unwrap_or_default() {
        return; // An empty file comes or goes: there are no lines.
    }
    let name = |text: Option<&str>, side| {
        if text.is_some() { labelled(side, path) } else { "/dev/null".to_owned() }
    };
    line(format!("--- {}", name(before, "a")));
    line(format!("+++ {}", name(after, "b")));
}

/// Lines between two runs.
fn gap(pair: &[Run]) -> usize {
    let [run, next] = pair else { return 0 };
    next.old.first - (run.old.first + run.old.count)
}

fn write_hunk(
    out: &mut String,
    (old, new): (&str, &str),
    in_front: (usize, usize),
    hunk: &[Run],
    enclosing: Enclosing<'_>,
) {
    let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else {
        return;
    };
    let lead = last_lines(old, first.old.bytes.start);
    let tail = first_lines(old, last.old.bytes.end);
    let context = lead.count + tail.count;
    let between: usize = hunk.windows(2).map(gap).sum();
    let total = |side: fn(&Run) -> &Lines| context + between + hunk.iter().map(|run| side(run).count).sum::<usize>();
    let old_lines = range(in_front.0 + first.old.first - lead.count, total(|run| &run.old));
    let new_lines = range(in_front.1 + first.new.first - lead.count, total(|run| &run.new));
    // An insertion stands in what the line before it stands in.
    let line = first.old.first + usize::from(first.old.count > 0);
    let name = Some(line).filter(|&line| line > 0).and_then(enclosing).map(|name| one_line(&name));
    let name = name.filter(|name| !name.is_empty()).map_or_else(String::new, |name| format!(" {name}"));
    // Writing to a string cannot fail.
    let _ = writeln!(out, "@@ -{old_lines} +{new_lines} @@{name}");

    write_lines(out, ' ', &old[lead.bytes]);
    let mut shared = first.old.bytes.start;
    for run in hunk {
        write_lines(out, ' ', &old[shared..run.old.bytes.start]);
        write_lines(out, '-', &old[run.old.bytes.clone()]);
        write_lines(out, '+', &new[run.new.bytes.clone()]);
        shared = run.old.bytes.end;
    }
    write_lines(out, ' ', &old[tail.bytes]);
}

/// A range of lines as a hunk's header has it: no lines are those behind the line that it names.
fn range(first: usize, count: usize) -> String {
    match count {
        0 => format!("{first},0"),
        1 => format!("{}", first + 1),
        _ => format!("{},{count}", first + 1),
    }
}

fn write_lines(out: &mut String, mark: char, lines: &str) {
    for line in lines.split_inclusive('\n') {
        out.push(mark);
        out.push_str(line);
        if !line.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}

struct Context {
    bytes: Range<usize>,
    count: usize,
}

/// The lines that end where a line starts.
fn last_lines(text: &str, end: usize) -> Context {
    let lines = text[..end].split_inclusive('\n').rev().take(CONTEXT);
    let (count, bytes) = lines.fold((0, 0), |(count, bytes), line| (count + 1, bytes + line.len()));
    Context { bytes: end - bytes..end, count }
}

/// The lines from where a line starts.
fn first_lines(text: &str, start: usize) -> Context {
    let lines = text[start..].split_inclusive('\n').take(CONTEXT);
    let (count, bytes) = lines.fold((0, 0), |(count, bytes), line| (count + 1, bytes + line.len()));
    Context { bytes: start..start + bytes, count }
}
