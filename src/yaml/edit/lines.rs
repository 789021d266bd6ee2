//! Where the lines of a new entry go, and which lines go with an old one.

use std::ops::Range;

use super::{Edit, Edits, Position};
use crate::yaml::error::Error;
use crate::yaml::tree::NodeId;

impl Edits<'_> {
    pub(super) fn insert_lines(
        &mut self,
        collection: NodeId,
        position: Position,
        text: String,
        column: usize,
    ) -> Result<(), Error> {
        let stream = self.stream;
        let newline = stream.line_ending();
        let depth = std::iter::successors(Some(collection), |&node| stream.tree().parent(node)).count();
        let lines = |edits: &mut Self, range, text| edits.edits.push((depth, Edit { range, text }));
        let indent = " ".repeat(column);
        let siblings = self.siblings(collection);
        let at = self.index(collection, position)?;
        let apart = self.are_apart(collection, &siblings);
        let blank = if apart { newline } else { "" };
        let first_is_inline = siblings
            .first()
            .is_some_and(|&s| stream.leading_comment(s).end != stream.line_start(self.mark(s)))
            || siblings.first().is_some_and(|&s| {
                stream.text()[stream.line_start(self.mark(s))..self.mark(s)].trim_start_matches('\u{feff}').trim() != ""
            });
        if at == 0 {
            let Some(&first) = siblings.first() else {
                return Err(self.error(collection, "nothing stands here to go before".to_owned()));
            };
            if first_is_inline {
                lines(self, self.mark(first)..self.mark(first), format!("{text}{newline}{blank}{indent}"));
            } else {
                let start = stream.leading_comment(first).start;
                let start =
                    start + if stream.text()[start..].starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
                lines(self, start..start, format!("{indent}{text}{newline}{blank}"));
            }
            return Ok(());
        }
        let previous = siblings[at - 1];
        if let (Position::Before(next), true) = (position, apart) {
            let start = stream.leading_comment(next).start;
            lines(self, start..start, format!("{indent}{text}{newline}{blank}"));
            return Ok(());
        }
        let mut end = stream.content_line_end(stream.last_of(previous));
        // Comments that stand deeper belong to what is before. Others stay below what is new: whoever deletes that again takes the
        // comment above it along.
        while end < stream.text().len() && stream.is_comment(end) && self.comment_column(end) > column {
            end = stream.line_end(end);
        }
        let unended = end > 0 && !stream.text()[..end].ends_with('\n');
        let text =
            if unended { format!("{newline}{blank}{indent}{text}") } else { format!("{blank}{indent}{text}{newline}") };
        lines(self, end..end, text);
        Ok(())
    }

    pub(super) fn insert_inside(&mut self, collection: NodeId, position: Position, text: String) -> Result<(), Error> {
        let siblings = self.siblings(collection);
        let at = self.index(collection, position)?;
        match at.checked_sub(1).and_then(|i| siblings.get(i)) {
            Some(&previous) => {
                let end = self.stream.outer_span(self.stream.last_of(previous)).end;
                self.push(end..end, format!(", {text}"));
            }
            None => {
                let start = self.stream.span(collection).start + 1;
                self.push(start..start, format!("{text}, "));
            }
        }
        Ok(())
    }

    pub(super) fn lines_to_delete(&self, parent: NodeId, child: NodeId, next: Option<NodeId>) -> Range<usize> {
        let stream = self.stream;
        let mark = self.mark(child);
        let lines = stream.lines_of(child);
        let starts_line = stream.text()[stream.line_start(mark)..mark].trim_start_matches('\u{feff}').trim().is_empty();
        if !starts_line && let Some(next) = next {
            // `- a: 1` loses `a`: the next key takes its place behind the dash.
            return mark..self.mark(next);
        }
        let bom = if stream.text()[lines.start..].starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let mut range = lines.start + bom..lines.end;
        // Comments behind it that stand deeper than it does are its own.
        while range.end < stream.text().len()
            && stream.is_comment(range.end)
            && self.comment_column(range.end) > stream.column(mark)
        {
            range.end = stream.line_end(range.end);
        }
        let first = range.start == bom;
        let behind_blank = first || stream.is_blank(stream.line_start(range.start - 1));
        let apart = self.are_apart(parent, &self.siblings(parent));
        if next.is_some() && apart && behind_blank {
            while range.end < stream.text().len() && stream.is_blank(range.end) {
                range.end = stream.line_end(range.end);
            }
        } else if next.is_none() && (apart || range.end == stream.text().len()) {
            while range.start > 0 && stream.is_blank(stream.line_start(range.start - 1)) {
                range.start = stream.line_start(range.start - 1);
            }
        }
        if range.end == stream.text().len() && !stream.text().ends_with('\n') {
            // The file ends without a line break, and so it does without its last lines.
            let before = &stream.text()[..range.start];
            let kept = before.strip_suffix('\n').unwrap_or(before);
            range.start = kept.strip_suffix('\r').unwrap_or(kept).len();
        }
        range
    }

    /// Whether most entries of the top level have a blank line between them.
    fn are_apart(&self, collection: NodeId, siblings: &[NodeId]) -> bool {
        if self.stream.tree().parent(collection).is_some() || siblings.len() < 2 {
            return false;
        }
        let blank = |&&s: &&NodeId| {
            let start = self.stream.leading_comment(s).start;
            start > 0 && self.stream.is_blank(self.stream.line_start(start - 1))
        };
        siblings[1..].iter().filter(blank).count() * 2 >= siblings.len() - 1
    }

    /// The bytes of an entry of a flow collection, with its comma, and with what is deleted beside it: a comma belongs to one of two.
    ///
    /// # Errors
    /// A comment within the collection: whose it is, a line there does not tell.
    pub(super) fn flow_to_delete(
        &mut self,
        parent: NodeId,
        child: NodeId,
        siblings: &[NodeId],
        at: usize,
    ) -> Result<Range<usize>, Error> {
        let stream = self.stream;
        let goes = |place: &usize| siblings.get(*place).is_some_and(|&it| self.intent.is_deleted(it));
        let before = (0..at).rev().take_while(goes).last().unwrap_or(at);
        let behind = (at + 1..).take_while(goes).last().unwrap_or(at);
        let start = |place: usize| siblings.get(place).map(|&it| stream.place(it).mark as usize);
        let end = |place: usize| siblings.get(place).map(|&it| stream.place(stream.last_of(it)).end as usize);
        let range = match (start(behind + 1), before.checked_sub(1).and_then(end)) {
            (Some(next), _) => start(before).unwrap_or(next)..next,
            (None, Some(previous)) => previous..end(behind).unwrap_or(previous),
            (None, None) => stream.outer_span(child),
        };
        let whole = stream.outer_span(parent);
        if stream.comments().iter().any(|comment| whole.contains(&comment.start)) {
            return Err(self.error(child, "a comment stands within the brackets from which this would go".to_owned()));
        }
        let within = |edit: &Edit| range.start <= edit.range.start && edit.range.end <= range.end;
        self.edits.retain(|(_, edit)| !edit.text.is_empty() || !within(edit));
        Ok(range)
    }
}

/// The first carriage return without a line feed behind it.
pub(super) fn lone_return(text: &str) -> Option<usize> {
    memchr::memchr_iter(b'\r', text.as_bytes()).find(|at| text.as_bytes().get(at + 1) != Some(&b'\n'))
}

/// Puts the comment of a header line back behind the first line of a new value.
pub(super) fn with_header(value: &str, comment: &str) -> String {
    let comment = comment.trim_end();
    match value.find('\n') {
        Some(i) => {
            let first = value[..i].trim_end_matches('\r');
            format!("{first} {comment}{}", &value[first.len()..])
        }
        None => format!("{value} {comment}"),
    }
}

/// The lines of a part of a text that are comments as they stand: within a block scalar they are the shell's.
pub(super) fn comments_of_scripts<'s>(
    source: &'s str,
    range: &Range<usize>,
) -> impl Iterator<Item = Range<usize>> + use<'s> {
    let start = range.start;
    let lines = source.get(range.clone()).unwrap_or_default().split_inclusive('\n');
    let lines = lines.scan(start, |at, line| {
        let here = *at;
        *at += line.len();
        Some((here, line))
    });
    lines.filter_map(|(at, line)| {
        let text = line.trim_start();
        let from = at + line.len() - text.len();
        text.starts_with('#').then(|| from..from + text.trim_end().len())
    })
}
