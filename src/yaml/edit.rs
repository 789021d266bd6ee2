//! Edits: byte ranges on the original text, applied once, and checked against what was meant.

mod lines;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use self::lines::{comments_of_scripts, lone_return, with_header};
use super::checked::Checked;
use super::error::{Error, ErrorKind};
use super::events;
use super::intent::Intent;
use super::layout::times_said;
use super::reread;
use super::scalar_edit;
use super::stream::Stream;
use super::tree::{Kind, NodeId};
use super::write::{Entry, Item, Value, Writer, flow, flow_entry, scalar};

/// Where a new entry or item goes among its siblings: keys of a mapping, items of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Behind the last one, before the blank lines that end the block.
    End,
    /// Before this one and the comment that leads it.
    Before(NodeId),
    /// Behind this one.
    After(NodeId),
}

/// One replacement in the original text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub range: Range<usize>,
    pub text: String,
}

/// A text after its edits.
#[derive(Debug)]
pub struct Edited {
    pub now: Checked,
    pub done: Done,
}

/// How a text came to be what it is.
#[derive(Debug)]
pub struct Done {
    /// What was done to the text before, in order, without overlaps.
    pub edits: Vec<Edit>,
    /// Comments that went with the node that they belonged to.
    pub lost_comments: Vec<String>,
}

/// Collects the edits of one stream.
#[derive(Clone)]
pub struct Edits<'s> {
    stream: &'s Stream,
    /// With the depth of the collection that gets new lines: those of an inner one go before those of an outer one.
    edits: Vec<(usize, Edit)>,
    intent: Intent,
    scalars: BTreeMap<NodeId, Vec<(Range<usize>, String)>>,
}

impl<'s> Edits<'s> {
    pub fn new(stream: &'s Stream) -> Self {
        Edits { stream, edits: Vec::new(), intent: Intent::default(), scalars: BTreeMap::new() }
    }

    /// Whether nothing was asked for.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty() && self.scalars.is_empty()
    }

    /// Inserts an entry into a mapping; a null or `{}` becomes a block mapping.
    ///
    /// Entries of the top level are set off by blank lines where their neighbours are.
    ///
    /// # Errors
    /// The key is there already, or the place cannot take an entry.
    pub fn insert_entry(&mut self, mapping: NodeId, position: Position, entry: Entry) -> Result<(), Error> {
        let tree = self.stream.tree();
        if tree.get(mapping, &entry.key).is_some() {
            return Err(self.error(mapping, format!("the key `{}` is there already", entry.key)));
        }
        if self.is_open(mapping, Kind::Mapping) {
            let column = self.column(mapping);
            let mut writer = Writer::new(self.stream.manner(mapping));
            writer.entry(&entry, column);
            self.insert_lines(mapping, position, writer.out, column)?;
        } else if tree.kind(mapping) == Kind::Mapping && !tree.children(mapping).is_empty() {
            self.insert_inside(mapping, position, flow_entry(&entry))?;
        } else {
            return self.fill(mapping, Value::Mapping(vec![entry]));
        }
        let before = self.index(mapping, position)?;
        self.intent.insert_entry(mapping, before, entry);
        Ok(())
    }

    /// Inserts an item into a sequence; a null or `[]` becomes a block sequence.
    ///
    /// # Errors
    /// The place cannot take an item.
    pub fn insert_item(&mut self, sequence: NodeId, position: Position, item: Item) -> Result<(), Error> {
        let tree = self.stream.tree();
        if self.is_open(sequence, Kind::Sequence) {
            let column = self.column(sequence);
            let mut writer = Writer::new(self.stream.manner(tree.parent(sequence).unwrap_or(sequence)));
            writer.item(&item, column);
            self.insert_lines(sequence, position, writer.out, column)?;
        } else if tree.kind(sequence) == Kind::Sequence && !tree.children(sequence).is_empty() {
            self.insert_inside(sequence, position, flow(&item.value, true))?;
        } else {
            return self.fill(sequence, Value::Sequence(vec![item]));
        }
        let before = self.index(sequence, position)?;
        self.intent.insert_item(sequence, before, item);
        Ok(())
    }

    /// Replaces a value (not a key). Anchor and tag go with the old one, and so do the comments inside it.
    ///
    /// # Errors
    /// An anchor in the old value is used outside it.
    pub fn replace(&mut self, node: NodeId, value: Value) -> Result<(), Error> {
        self.free_of_anchors(node)?;
        let stream = self.stream;
        let tree = stream.tree();
        if tree.parent(node).is_some_and(|parent| tree.entries(parent).any(|(key, _)| key == node)) {
            return Err(self.error(node, "a key is renamed, and not replaced".to_owned()));
        }
        let place = stream.place(node);
        let inside_flow = tree.parent(node).is_some_and(|parent| stream.is_flow(parent));
        if inside_flow || tree.parent(node).is_none() {
            self.push(stream.outer_span(node), flow(&value, inside_flow));
        } else {
            // From behind the `:` or `-`; a comment on that line stays on it.
            let mark = place.mark as usize + 1;
            let column = self.parent_column(node);
            let mut manner = stream.manner(tree.parent(node).unwrap_or(node));
            if tree.parent(node).is_some_and(|parent| tree.kind(parent) == Kind::Sequence) {
                // Below a key a list may stand at the key's column; below a dash it may not.
                manner.list = manner.list.max(manner.step.max(1));
            }
            let mut writer = Writer::new(manner);
            writer.after_key(&value, column);
            let mut end = (place.end as usize).max(mark);
            // The comment behind the last item of a list goes with that one.
            if stream.is_open_block(node) {
                end = self.header_comment(end).map_or(end, |comment| comment.end);
            }
            // The comment of a value on one line goes behind the key when the new value takes several.
            let header = self.header_comment(mark).filter(|comment| comment.start < end || writer.out.contains('\n'));
            let text = match header {
                Some(comment) => {
                    end = end.max(comment.end);
                    with_header(&writer.out, &stream.text()[comment])
                }
                None => writer.out,
            };
            self.push(mark..end, text);
        }
        self.intent.replace(node, value);
        Ok(())
    }

    /// Deletes an entry (by its key) or an item, with the comment that leads it; a sole one leaves `{}` or `[]`.
    ///
    /// # Errors
    /// An anchor in it is used outside it.
    pub fn delete(&mut self, child: NodeId) -> Result<(), Error> {
        let stream = self.stream;
        let tree = stream.tree();
        let last = stream.last_of(child);
        self.free_of_anchors(last)?;
        let Some(parent) = tree.parent(child) else {
            return Err(self.error(child, "the root of a document cannot be deleted".to_owned()));
        };
        let siblings = self.siblings(parent);
        if siblings.iter().all(|&s| s == child || self.intent.is_deleted(s)) {
            return Err(
                self.error(child, "the last entry of its block cannot be deleted; replace the block".to_owned())
            );
        }
        let Some(at) = siblings.iter().position(|&s| s == child) else {
            return Err(self.error(child, "an entry is deleted by its key".to_owned()));
        };
        let range = if stream.is_flow(parent) {
            self.flow_to_delete(parent, child, &siblings, at)?
        } else {
            self.lines_to_delete(parent, child, siblings.get(at + 1).copied())
        };
        self.push(range, String::new());
        self.intent.delete(child);
        Ok(())
    }

    /// Renames a key; quotes stay if the new name can wear them.
    pub fn rename(&mut self, key: NodeId, name: &str) {
        let stream = self.stream;
        let inside = stream.tree().parent(key).is_some_and(|parent| stream.is_flow(parent));
        self.push(stream.span(key), scalar(name, stream.tree().style(key), inside, true));
        self.intent.replace(key, Value::text(name));
    }

    /// Replaces bytes of a scalar's *decoded* text. What is around them stays as it is written, if the style allows it.
    pub fn edit_scalar(&mut self, scalar: NodeId, range: Range<usize>, text: impl Into<String>) {
        self.scalars.entry(scalar).or_default().push((range, text.into()));
    }

    /// Takes over the edits that another collection made of the same stream.
    pub fn absorb(&mut self, other: Edits<'s>) {
        self.edits.extend(other.edits);
        self.intent.absorb(other.intent);
        for (node, edits) in other.scalars {
            self.scalars.entry(node).or_default().extend(edits);
        }
    }

    /// Applies the edits to the text, reads the result by the second reader, and compares it with what was meant.
    ///
    /// # Errors
    /// Edits that overlap, or a result that says anything else than was meant.
    pub fn finish(mut self) -> Result<Edited, Error> {
        for (node, edits) in std::mem::take(&mut self.scalars) {
            let (edits, text) = scalar_edit::realise(self.stream, node, edits)?;
            self.edits.extend(edits.into_iter().map(|edit| (usize::MAX, edit)));
            self.intent.rewrite(node, text);
        }
        // Stable: what was inserted first at a place comes first.
        self.edits.sort_by_key(|(depth, edit)| (edit.range.start, edit.range.end, Reverse(*depth)));
        let mut edits = std::mem::take(&mut self.edits).into_iter().map(|(_, edit)| edit).collect();
        self.join_at_the_end(&mut edits);
        let (text, lost_comments) = self.apply(&edits)?;
        if let Some(at) = lone_return(self.stream.text()).or_else(|| lone_return(&text).map(|_| 0)) {
            return Err(Error::new(
                ErrorKind::Edit,
                at..at,
                "a line ends in a carriage return alone, which not every reader takes for a line break",
                "convert the file to line feeds first",
            ));
        }
        if let Some(tree) = reread::as_meant(self.stream, &edits, &self.intent, &text) {
            let now = Checked::of_changes(text, tree);
            return Ok(Edited { now, done: Done { edits, lost_comments } });
        }
        let tree = events::read(&text)?;
        if let Some(place) = self.intent.first_difference(self.stream.tree(), &tree) {
            return Err(self.error(place, "the edited file would not say what was meant here".to_owned()));
        }
        // What the first reader would not read alike, the next phase would refuse.
        let now = Checked::new(text, tree, self.stream).map_err(|error| Error { span: 0..0, ..error })?;
        Ok(Edited { now, done: Done { edits, lost_comments } })
    }

    /// Lines that go at the end of a file without a last line break each take the break before them: together they take
    /// the first one's.
    fn join_at_the_end(&self, edits: &mut Vec<Edit>) {
        let source = self.stream.text();
        if source.ends_with('\n') {
            return;
        }
        let last =
            |edits: &[Edit]| edits.iter().rposition(|edit| edit.text.is_empty() && edit.range.end == source.len());
        let Some(mut at) = last(edits) else { return };
        while let Some(before) = at.checked_sub(1)
            && let (Some(one), Some(other)) = (edits.get(before).cloned(), edits.get(at).cloned())
            && one.text.is_empty()
            && other.range.start < one.range.end
            && source.get(other.range.start..one.range.end).is_some_and(|shared| shared.trim().is_empty())
        {
            let kept = source.get(..one.range.start).unwrap_or_default();
            // Neither that break nor blank lines before it are left as the end.
            let text = kept.trim_end();
            let kept = text.len() + kept[text.len()..].find(['\r', '\n']).unwrap_or(kept.len() - text.len());
            edits.remove(at);
            if let Some(edit) = edits.get_mut(before) {
                edit.range = kept..other.range.end;
            }
            at = before;
        }
    }

    fn apply(&self, edits: &[Edit]) -> Result<(String, Vec<String>), Error> {
        let source = self.stream.text();
        let mut text = String::with_capacity(source.len() + edits.iter().map(|e| e.text.len()).sum::<usize>());
        let mut lost = Vec::new();
        let mut at = 0;
        for edit in edits {
            if edit.range.start < at {
                return Err(Error::new(
                    ErrorKind::Edit,
                    edit.range.clone(),
                    "two edits touch the same bytes",
                    "this is a fault of the tool; nothing was changed",
                ));
            }
            let (Some(kept), Some(_)) = (source.get(at..edit.range.start), source.get(edit.range.clone())) else {
                return Err(Error::new(
                    ErrorKind::Edit,
                    at..at,
                    "there is no place for this edit",
                    "write the key before it in the usual way, `key:`",
                ));
            };
            text.push_str(kept);
            text.push_str(&edit.text);
            at = edit.range.end;
            let first = self.stream.comments().partition_point(|c| c.start < edit.range.start);
            let inside = self.stream.comments()[first..].iter().take_while(|c| c.start < edit.range.end);
            let mut gone: Vec<Range<usize>> = inside.cloned().collect();
            gone.extend(comments_of_scripts(source, &edit.range).filter(|c| !self.is_comment(c)));
            gone.sort_by_key(|c| c.start);
            let said = gone.into_iter().map(|c| source[c].trim_end().to_owned());
            lost.extend(said.filter(|comment| times_said(&edit.text, comment) == 0));
        }
        text.push_str(&source[at..]);
        Ok((text, lost))
    }

    fn is_comment(&self, range: &Range<usize>) -> bool {
        let comments = self.stream.comments();
        let at = comments.partition_point(|comment| comment.start < range.start);
        comments.get(at) == Some(range)
    }

    /// A null, `{}` or `[]` gets its first child.
    fn fill(&mut self, node: NodeId, value: Value) -> Result<(), Error> {
        let tree = self.stream.tree();
        if !(tree.is_null(node) && tree.kind(node) != Kind::Alias
            || tree.children(node).is_empty() && self.stream.is_flow(node))
        {
            return Err(self.error(node, "this is not a place that can take an entry".to_owned()));
        }
        self.replace(node, value)
    }

    fn free_of_anchors(&self, node: NodeId) -> Result<(), Error> {
        let inside =
            |id: NodeId| std::iter::successors(Some(id), |&id| self.stream.tree().parent(id)).any(|id| id == node);
        for (anchored, range) in self.stream.anchors().iter().filter(|(id, _)| inside(*id)) {
            if let Some(alias) = self.stream.aliases_of(*anchored).find(|&alias| !inside(alias)) {
                let (line, _) = self.stream.line_column(self.stream.span(alias).start);
                let name = &self.stream.text()[range.clone()];
                let error = self.error(*anchored, format!("the anchor `{name}` is still used in line {line}"));
                return Err(Error { kind: ErrorKind::Anchored, ..error });
            }
        }
        Ok(())
    }

    fn siblings(&self, collection: NodeId) -> Vec<NodeId> {
        let tree = self.stream.tree();
        match tree.kind(collection) {
            Kind::Mapping => tree.entries(collection).map(|(key, _)| key).collect(),
            _ => tree.items(collection).to_vec(),
        }
    }

    /// Before which sibling, by number, a position is.
    fn index(&self, collection: NodeId, position: Position) -> Result<usize, Error> {
        let siblings = self.siblings(collection);
        let find = |id: NodeId| siblings.iter().position(|&s| s == id);
        match position {
            Position::End => Some(siblings.len()),
            Position::Before(id) => find(id),
            Position::After(id) => find(id).map(|i| i + 1),
        }
        .ok_or_else(|| self.error(collection, "the neighbour is not in this block".to_owned()))
    }

    /// Whether this is a block collection with something in it.
    fn is_open(&self, node: NodeId, kind: Kind) -> bool {
        self.stream.tree().kind(node) == kind && self.stream.is_open_block(node)
    }

    fn header_comment(&self, mark: usize) -> Option<Range<usize>> {
        let line_end = self.stream.line_end(mark);
        let at = self.stream.comments().partition_point(|c| c.start < mark);
        self.stream.comments().get(at).filter(|c| c.start < line_end).cloned()
    }

    fn comment_column(&self, line: usize) -> usize {
        self.stream.text()[line..].bytes().take_while(|&b| b == b' ').count()
    }

    fn mark(&self, child: NodeId) -> usize {
        self.stream.place(child).mark as usize
    }

    fn column(&self, collection: NodeId) -> usize {
        self.stream.column(self.stream.place(collection).start as usize)
    }

    fn parent_column(&self, node: NodeId) -> usize {
        self.stream.tree().parent(node).map_or(0, |parent| self.column(parent))
    }

    fn push(&mut self, range: Range<usize>, text: String) {
        self.edits.push((0, Edit { range, text }));
    }

    fn error(&self, node: NodeId, message: String) -> Error {
        let span = self.stream.span(node);
        Error::new(ErrorKind::Edit, span, message, "the file is left as it is; make this change by hand")
    }
}
