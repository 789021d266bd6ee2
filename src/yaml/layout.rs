//! Where an entry with all that belongs to it begins and ends, and in what manner its surroundings are written.

use std::ops::Range;

use super::decode::{self, Chomp};
use super::stream::Stream;
use super::tree::{Kind, NodeId, Style};
use super::write::Manner;

impl Stream {
    /// The comment lines directly above an entry (its key) or item, at its column and with no blank line between.
    pub fn leading_comment(&self, child: NodeId) -> Range<usize> {
        let mark = self.place(child).mark as usize;
        let column = self.column(mark);
        let mut start = self.line_start(mark);
        let end = start;
        if !self.text()[start..mark].trim_start_matches('\u{feff}').bytes().all(|b| b == b' ') {
            return end..end;
        }
        while start > 0 {
            let above = self.line_start(start - 1);
            let line = &self.text()[above..start];
            let text = line.trim_start_matches('\u{feff}').trim_start_matches(' ');
            if !text.starts_with('#')
                || self.column(above + line.len() - text.len()) != column
                || !self.is_comment(above)
            {
                break;
            }
            start = above;
        }
        start..end
    }

    /// The comments of an entry (its key) or item: the lines above it, and what stands behind it in its line.
    pub fn comments_of(&self, child: NodeId) -> Vec<&str> {
        let Some(parent) = self.tree().parent(child).filter(|&parent| self.is_flow(parent)) else {
            let lines = self.text().get(self.leading_comment(child)).unwrap_or_default();
            let above = lines.lines().map(|line| line.trim_start_matches('\u{feff}').trim());
            return above.chain(self.comment_behind(child)).collect();
        };
        let own = self.comments().iter().filter(|comment| self.is_comment_of(comment.start, child, parent));
        own.filter_map(|range| self.text().get(range.clone())).map(str::trim).collect()
    }

    /// Whether a node is a block collection with something in it.
    pub(super) fn is_open_block(&self, node: NodeId) -> bool {
        let kind = self.tree().kind(node);
        matches!(kind, Kind::Sequence | Kind::Mapping) && !self.tree().children(node).is_empty() && !self.is_flow(node)
    }

    /// The comment in the last line of an entry or item of a block collection; in the line of its key or its `|` where the value
    /// stands below.
    fn comment_behind(&self, child: NodeId) -> Option<&str> {
        let value = self.last_of(child);
        let place = self.place(value);
        let is_block = matches!(self.tree().kind(value), Kind::Sequence | Kind::Mapping) && !self.is_flow(value);
        let from = match self.tree().kind(value) {
            Kind::Scalar(Style::Literal | Style::Folded) => place.start as usize,
            // The first line of `- name: x` is that of an entry.
            _ if is_block && child == value => return None,
            _ if is_block => self.outer_span(child).end,
            _ => place.end.max(place.outer) as usize,
        };
        let at = self.comments().partition_point(|comment| comment.start < from);
        let comment = self.comments().get(at).filter(|comment| comment.start < self.line_end(from))?;
        self.text().get(comment.clone()).map(str::trim)
    }

    /// A comment within a flow collection, or between its key and it, that is none of one item's: behind the last one, behind several
    /// in one line, within one.
    pub fn stray_comment(&self, collection: NodeId) -> Option<&str> {
        let key = self.key_end(collection);
        let span = self.outer_span(collection);
        let within = key.unwrap_or(span.start)..span.end;
        let mut comments = self.comments().iter().filter(|comment| within.contains(&comment.start));
        let stray = comments.find(|comment| {
            !key.is_some_and(|key| self.one_line(key, comment.start)) && !self.has_owner(comment.start, collection)
        });
        self.text().get(stray?.clone())
    }

    fn has_owner(&self, at: usize, collection: NodeId) -> bool {
        self.tree().items(collection).iter().any(|&item| {
            let is_list = self.tree().kind(item) == Kind::Sequence;
            self.is_comment_of(at, item, collection) || is_list && self.has_owner(at, item)
        })
    }

    /// Whether a comment is of one child of a flow collection: above it, or behind it where no other one stands in its line.
    fn is_comment_of(&self, at: usize, child: NodeId, parent: NodeId) -> bool {
        let siblings = self.tree().children(parent);
        let last = self.last_of(child);
        let place = |node| siblings.iter().position(|&sibling| sibling == node);
        let before = place(child).and_then(|at| siblings.get(at.checked_sub(1)?));
        let before = before.map(|&node| self.outer_span(node).end);
        let behind = place(last).and_then(|at| siblings.get(at + 1)).map(|&node| self.outer_span(node).start);
        let (start, end) = (self.outer_span(child).start, self.outer_span(last).end);
        let key = self.key_end(parent);
        let from = before.or(key).unwrap_or(self.outer_span(parent).start);
        let alone = before.is_none_or(|before| !self.one_line(before, start));
        let here = match at < start {
            true => at >= from && (before.is_none() || !self.one_line(from, at)),
            false => at >= end && at < behind.unwrap_or(self.outer_span(parent).end) && self.one_line(end, at) && alone,
        };
        // What stands behind the key of the collection stays there.
        here && !key.is_some_and(|key| self.one_line(key, at))
    }

    /// Where the key of a value ends.
    fn key_end(&self, value: NodeId) -> Option<usize> {
        let outer = self.tree().parent(value).filter(|&outer| self.tree().is_mapping(outer))?;
        let around = self.tree().children(outer);
        let key = around.get(around.iter().position(|&node| node == value)?.checked_sub(1)?)?;
        Some(self.outer_span(*key).end)
    }

    fn one_line(&self, from: usize, to: usize) -> bool {
        self.text().get(from..to).is_some_and(|text| !text.contains('\n'))
    }

    /// The lines of an entry (its key) or item: leading comment, all lines of the value, the last line break.
    pub fn lines_of(&self, child: NodeId) -> Range<usize> {
        self.leading_comment(child).start..self.content_line_end(self.last_of(child))
    }

    /// The value that belongs to a key; the node itself for an item.
    pub(super) fn last_of(&self, child: NodeId) -> NodeId {
        let tree = self.tree();
        match tree.parent(child) {
            Some(parent) if tree.kind(parent) == Kind::Mapping => {
                let children = tree.children(parent);
                let at = children.iter().position(|&c| c == child).unwrap_or(0);
                children.get(at | 1).copied().unwrap_or(child)
            }
            _ => child,
        }
    }

    /// Behind the line break of the last line that belongs to a node; behind its blank lines too if it keeps them (`|+`).
    pub(super) fn content_line_end(&self, node: NodeId) -> usize {
        let mut last = node;
        while let Some(&child) = self.tree().children(last).last() {
            last = child;
        }
        if let Some(block) = self.block(last).filter(|block| block.chomp == Chomp::Keep) {
            return block.end;
        }
        let place = self.place(node);
        self.line_end((place.end.max(place.outer) as usize).saturating_sub(usize::from(place.end > place.start)))
    }

    /// The parts of a block scalar.
    pub(super) fn block(&self, id: NodeId) -> Option<decode::Block> {
        match self.tree().kind(id) {
            Kind::Scalar(Style::Literal | Style::Folded) => {
                let parent = self.parent_column(id);
                Some(decode::block(self.text(), self.place(id).start as usize, parent))
            }
            _ => None,
        }
    }

    /// In what manner the collections in a mapping (or else in the file) are written.
    pub(super) fn manner(&self, collection: NodeId) -> Manner {
        let (step, list) = self.manner_of(collection);
        let common = if step.is_none() || list.is_none() {
            *self.common_manner.get_or_init(|| self.common())
        } else {
            (None, None)
        };
        let step = step.or(common.0).unwrap_or(2);
        Manner { step, list: list.or(common.1).unwrap_or(step), newline: self.line_ending() }
    }

    /// How most collections of the file are indented; the first few thousand are enough to know.
    fn common(&self) -> (Option<usize>, Option<usize>) {
        let tree = self.tree();
        let (mut steps, mut lists) = (Vec::new(), Vec::new());
        for mapping in tree.ids().filter(|&id| tree.kind(id) == Kind::Mapping).take(2000) {
            let (step, list) = self.manner_of(mapping);
            steps.extend(step);
            lists.extend(list);
        }
        (most(&steps), most(&lists))
    }

    /// How the first block mapping and the first block sequence below a mapping are indented.
    fn manner_of(&self, mapping: NodeId) -> (Option<usize>, Option<usize>) {
        let tree = self.tree();
        let (mut step, mut list) = (None, None);
        for (key, value) in tree.entries(mapping).take(64) {
            if self.is_flow(value) || tree.children(value).is_empty() {
                continue;
            }
            let by =
                self.column(self.place(value).start as usize).checked_sub(self.column(self.place(key).start as usize));
            match tree.kind(value) {
                Kind::Mapping => step = step.or(by.filter(|&by| by > 0)),
                Kind::Sequence => list = list.or(by),
                _ => {}
            }
        }
        (step, list)
    }

    /// The column of the block collection that a node is in; -1 at the root.
    fn parent_column(&self, id: NodeId) -> isize {
        match self.tree().parent(id) {
            Some(parent) if !self.is_flow(parent) => self.column(self.place(parent).start as usize) as isize,
            _ => -1,
        }
    }

    /// Whether the line at `start` holds a comment and nothing else.
    pub(super) fn is_comment(&self, start: usize) -> bool {
        let at = self.comments().partition_point(|comment| comment.start < start);
        let end = self.line_end(start);
        self.comments().get(at).is_some_and(|comment| comment.start < end)
    }

    /// Whether the line at `start` is blank.
    pub(super) fn is_blank(&self, start: usize) -> bool {
        self.text()[start..self.line_end(start)].trim().is_empty()
    }
}

/// How often a comment ends a line of a text, all of it and not as a part of another.
pub fn times_said(text: &str, comment: &str) -> usize {
    let ends = |line: &&str| {
        let before = line.trim_end().strip_suffix(comment);
        before.is_some_and(|before| before.chars().next_back().is_none_or(char::is_whitespace))
    };
    text.lines().map(|line| line.trim_start_matches('\u{feff}')).filter(ends).count()
}

fn most(values: &[usize]) -> Option<usize> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.chunk_by(|a, b| a == b).max_by_key(|chunk| (chunk.len(), usize::MAX - chunk[0])).map(|chunk| chunk[0])
}
