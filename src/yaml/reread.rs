//! The second reader on a text that was edited: it reads the entries of the top level that an edit touches, and takes the
//! others over from what it found in the text before.
//!
//! This rests on how a block mapping is read. At the start of an entry that stands in the first column nothing is open but
//! the mapping, so that what an entry says does not depend on those above and below but by anchors (YAML 1.2, 8.2.2). That
//! it is so at both ends of what is read anew is seen by an entry put before and behind it. What is found is compared with
//! what was meant; where they differ the text is read as one.

use std::collections::HashMap;
use std::iter::successors;
use std::ops::Range;

use super::checked::is_large;
use super::edit::Edit;
use super::events;
use super::index::has_end_marker;
use super::intent::Intent;
use super::stream::Stream;
use super::tree::{Builder, Kind, NodeId, Tree};

/// What a large text says after its edits, if that is what was meant; none where the text has to be read as one.
pub(super) fn as_meant(before: &Stream, edits: &[Edit], intent: &Intent, now: &str) -> Option<Tree> {
    // Small texts are read both ways where the assertion stands.
    if !is_large(now) && !cfg!(debug_assertions) {
        return None;
    }
    let tree = reread(before, edits, now)?;
    let is_meant = intent.first_difference(before.tree(), &tree).is_none();
    debug_assert!(!is_meant || events::read(now).is_ok_and(|whole| whole == tree), "as one it is another:\n{now}");
    (is_meant && is_large(now)).then_some(tree)
}

/// What the second reader finds in a text that was edited, `now`; none where the text has to be read as one.
fn reread(before: &Stream, edits: &[Edit], now: &str) -> Option<Tree> {
    let entries = Entries::of(before)?;
    let touched = entries.touched(edits);
    let mut builder = Builder::of(now.len());
    let mut names: HashMap<String, NodeId> = HashMap::new();
    builder.open(Kind::Mapping, None);
    let mut moved = Moved { edits, by: 0 };
    let mut from = 0;
    for run in touched.chunk_by(|a, b| a == b) {
        let range = from..from + run.len();
        let start = moved.place(*entries.starts.get(range.start)?)?;
        let end = match entries.starts.get(range.end) {
            Some(end) => moved.place(*end)?,
            None => now.len(),
        };
        if run.first() == Some(&true) {
            let start = if range.start == 0 { 0 } else { start };
            let fragment =
                events::Fragment { text: now.get(start..end)?, is_first: start == 0, is_last: end == now.len() };
            fragment.read(&mut builder, &mut names)?;
        } else {
            take_over(before, entries.nodes(&range)?, &mut builder, &mut names)?;
        }
        from = range.end;
    }
    builder.close();
    Some(builder.finish())
}

/// The entries of a text that is one block mapping in the first column.
struct Entries {
    starts: Vec<usize>,
    keys: Vec<NodeId>,
    /// Behind the last node.
    end: NodeId,
}

impl Entries {
    fn of(stream: &Stream) -> Option<Entries> {
        let (tree, text) = (stream.tree(), stream.text());
        let [root] = *tree.roots() else { return None };
        let is_bare = stream.anchor(root).is_none() && tree.tag(root).is_none();
        if tree.kind(root) != Kind::Mapping || stream.is_flow(root) || !is_bare || stream.documents().len() != 1 {
            return None;
        }
        let keys: Vec<NodeId> = tree.entries(root).map(|(key, _)| key).collect();
        let starts: Vec<usize> = keys.iter().map(|&key| stream.outer_span(key).start).collect();
        let is_start = |&at: &usize| {
            let first = text.as_bytes().get(at).copied().unwrap_or_default();
            let known = first.is_ascii_alphanumeric() || matches!(first, b'_' | b'.' | b'"' | b'\'');
            known && matches!(text.get(..at), Some(before) if before.is_empty() || before.ends_with('\n'))
        };
        let head = text.get(..*starts.first()?)?;
        // A directive may give another meaning to every tag.
        let is_plain = !head.contains('%') && !has_end_marker(text);
        let end = NodeId(u32::try_from(tree.len()).ok()?);
        (is_plain && starts.iter().all(is_start)).then_some(Entries { starts, keys, end })
    }

    /// Which of them are to be read anew. The first one is, with what stands above it.
    fn touched(&self, edits: &[Edit]) -> Vec<bool> {
        let mut touched = vec![false; self.starts.len()];
        let mut mark = |from: usize, to: usize| {
            let to = to.min(touched.len());
            touched.get_mut(from..to).into_iter().flatten().for_each(|entry| *entry = true);
        };
        mark(0, 1);
        for Edit { range, .. } in edits {
            // One that ends or begins where the edit is, is touched as well.
            let first = self.starts.partition_point(|&start| start < range.start).saturating_sub(1);
            let behind = self.starts.partition_point(|&start| start <= range.end);
            mark(first, behind);
        }
        touched
    }

    fn nodes(&self, entries: &Range<usize>) -> Option<Range<NodeId>> {
        Some(*self.keys.get(entries.start)?..self.keys.get(entries.end).copied().unwrap_or(self.end))
    }
}

/// Where a byte that no edit touches has moved to; asked for in order.
struct Moved<'e> {
    edits: &'e [Edit],
    by: isize,
}

impl Moved<'_> {
    fn place(&mut self, at: usize) -> Option<usize> {
        while let [edit, rest @ ..] = self.edits
            && edit.range.end < at
        {
            self.by += edit.text.len() as isize - edit.range.len() as isize;
            self.edits = rest;
        }
        at.checked_add_signed(self.by)
    }
}

/// Takes over the nodes of whole entries. An alias stands for what has its name by now.
fn take_over(
    before: &Stream,
    nodes: Range<NodeId>,
    builder: &mut Builder,
    names: &mut HashMap<String, NodeId>,
) -> Option<()> {
    let tree = before.tree();
    let count = nodes.end.0.checked_sub(nodes.start.0)?;
    let first = builder.take_over(tree, nodes.start, count)?;
    let place = |id: NodeId| NodeId(id.0 - nodes.start.0 + first.0);
    let anchors = before.anchors();
    let from = anchors.partition_point(|(id, _)| *id < nodes.start);
    let mut anchors = anchors.get(from..)?.iter().take_while(|(id, _)| *id < nodes.end).peekable();
    let ids = successors(Some(nodes.start), |id| Some(NodeId(id.0 + 1))).take(count as usize);
    for alias in ids.filter(|&id| tree.kind(id) == Kind::Alias) {
        while let Some((id, _)) = anchors.next_if(|(id, _)| *id < alias) {
            names.insert(before.anchor(*id)?.to_owned(), place(*id));
        }
        let target = *names.get(before.anchor(tree.resolve(alias))?)?;
        builder.stand_for(place(alias), target);
    }
    for (id, _) in anchors {
        names.insert(before.anchor(*id)?.to_owned(), place(*id));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::Stream;
    use super::*;

    const TEXTS: &[&str] = &[
        include_str!("../../testdata/pipelines/monorepo/.gitlab-ci.yml"),
        "a: &x\n  b: &y 1\nc: *x\nd: &x [2, *y]\ne: {f: *x}\n# g\nh: *y\ni: !reference [a, b]\nj: *x\nk:\n",
        "# first\n---\na: |+\n  x\n\n\nb: >\n  y\n\nc: \"x\n  y: z\"\nd:\n- 1\n- [2,\n  3]\ne: plain\n  text\nf: |\n\n\ng: 1",
        "\u{feff}a: 1\r\nb:\r\n  c: &d 'x'\r\ne: *d\r\nf: *d\r\ng: *d\r\nh: 1\r\n",
    ];

    fn applied(text: &str, edit: &Edit) -> String {
        format!("{}{}{}", &text[..edit.range.start], edit.text, &text[edit.range.end..])
    }

    #[test]
    fn what_is_read_where_it_changed_is_what_is_read_of_all() {
        let (mut same, mut whole) = (0, 0);
        for text in TEXTS {
            let before = Stream::parse((*text).to_owned()).unwrap();
            let every = 1 + text.len() / 250;
            for at in (0..text.len()).step_by(every).filter(|&at| text.is_char_boundary(at)) {
                for new in ["", "x", "\n", "z: &x 1\n", "#", "\"", "\n- ", "*x", "|\n", "}", "\n---\n"] {
                    let edit = Edit { range: at..at, text: new.to_owned() };
                    let now = applied(text, &edit);
                    let Some(found) = reread(&before, std::slice::from_ref(&edit), &now) else {
                        whole += 1;
                        continue;
                    };
                    let Ok(all) = events::read(&now) else { panic!("{new:?} at {at} of\n{text}") };
                    assert!(found == all, "{new:?} at {at} of\n{text}");
                    same += 1;
                }
            }
        }
        assert!(same > 2_000 && whole > 500, "{same} the same, {whole} to be read as one");
    }

    #[test]
    fn other_texts_are_read_as_one() {
        for text in [
            "- a\n- b\n",
            "{a: 1}\n",
            "a: 1\n---\nb: 1\n",
            " a: 1\n b: 2\n",
            "a: 1\n? b\n: 2\n",
            "%YAML 1.1\n---\na: 1\n",
            "a: 1\n...\n",
        ] {
            let before = Stream::parse(text.to_owned()).unwrap();
            assert!(reread(&before, &[], text).is_none(), "{text}");
        }
    }

    #[test]
    fn an_alias_follows_its_name() {
        let text = "a: &x 1\nb: 2\nc: 3\nd: 4\ne: *x\nf: 6\n";
        let before = Stream::parse(text.to_owned()).unwrap();
        let edit = Edit { range: 10..10, text: " &x".to_owned() };
        let now = applied(text, &edit);
        let tree = reread(&before, &[edit], &now).unwrap();
        let alias = tree.look_up(tree.roots()[0], ["e"]).unwrap();
        assert_eq!(tree.scalar(alias), Some("2"));
        assert!(tree == events::read(&now).unwrap());
        let apart = "a: 1\nb: &x 1\nc: 2\nd: *x\n";
        let edit = Edit { range: 15..15, text: "d: 3\n".to_owned() };
        let now = applied(apart, &edit);
        let tree = reread(&Stream::parse(apart.to_owned()).unwrap(), &[edit], &now).unwrap();
        assert!(tree == events::read(&now).unwrap());
        let gone = Edit { range: 2..5, text: String::new() };
        assert!(
            reread(&before, std::slice::from_ref(&gone), &applied(text, &gone)).is_none(),
            "no anchor stands before the alias"
        );
    }
}
