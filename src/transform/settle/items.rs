//! The items of a script, written where they stand, or anew.

use super::super::draft::{DraftItem, number};
use super::super::inputs::BLOCK;
use super::super::own::{Written, comment_of};
use super::Settling;
use crate::pipeline::{ScriptItem, Section, Way};
use crate::yaml::{Error, Item, Kind, NodeId, Position, Style, Tree, Value};

impl<'d> Settling<'d, '_, '_> {
    pub(super) fn section(&mut self, section: Section, keyword: &'static str) -> Result<(), Error> {
        if !self.draft.is_touched(section) {
            return Ok(());
        }
        if let Written::Own { value, .. } = self.home.written(keyword)
            && self.home.stream.tree().kind(value) != Kind::Alias
            && self.in_place(section, value)?
        {
            return Ok(());
        }
        let items = self.all_anew(section, keyword)?;
        if let Written::Own { key, .. } = self.home.written(keyword)
            && items.is_empty()
            && keyword != "script"
            && self.nothing_in_its_place(keyword)
        {
            return self.edits.delete(key);
        }
        self.put(keyword, Value::Sequence(items))
    }

    /// Edits a section item by item where it is written; false when its items do not all stand there.
    fn in_place(&mut self, section: Section, value: NodeId) -> Result<bool, Error> {
        let tree = self.home.stream.tree();
        let items = self.draft.items(section);
        let here = |node: NodeId| Some(self.home.at(node));
        if matches!(tree.kind(value), Kind::Scalar(_)) {
            return match items {
                [item] if item.at == here(value) && !item.dropped && item.lead.is_empty() => {
                    item.tidied().into_iter().for_each(|(range, text)| self.edits.edit_scalar(value, range, text));
                    Ok(true)
                }
                _ => Ok(false),
            };
        }
        if self.home.stream.is_flow(value) || !items.iter().any(|item| item.at.is_some() && !item.dropped) {
            return Ok(false);
        }
        let Some(groups) = self.groups(section, value) else { return Ok(false) };
        // Of a list in which nothing stays, nothing is edited: it is written anew.
        let stays = |(child, group): &(NodeId, &[DraftItem])| match group {
            [item] if item.at == here(*child) => !item.dropped,
            group => is_only_led(group),
        };
        if !groups.iter().any(stays) {
            return Ok(false);
        }
        for (child, group) in groups {
            match group {
                _ if group.iter().all(|item| item.is_as_it_was()) => {}
                [item] if item.at == here(child) && !item.dropped => {
                    for text in &item.lead {
                        let item = Item::new(Value::Text(text.clone()));
                        self.edits.insert_item(value, Position::Before(child), item)?;
                    }
                    item.tidied().into_iter().for_each(|(range, text)| self.edits.edit_scalar(child, range, text));
                }
                // What goes before all that an alias or a reference brings goes before that.
                [first, ..] if is_only_led(group) => {
                    for text in &first.lead {
                        let item = Item::new(Value::Text(text.clone()));
                        self.edits.insert_item(value, Position::Before(child), item)?;
                    }
                }
                _ => {
                    // What an alias or a reference brings is written out where some of it changes.
                    for item in self.group_anew(child, group)? {
                        self.edits.insert_item(value, Position::After(child), item)?;
                    }
                    self.edits.delete(child)?;
                }
            }
        }
        for item in items.iter().filter(|item| item.at.is_none() && !item.text.is_empty()) {
            self.edits.insert_item(value, Position::End, self.item(item))?;
        }
        Ok(true)
    }

    /// The items that each child of a list brings: itself, those of an alias, of a nested list, of a `!reference`.
    fn groups(&self, section: Section, value: NodeId) -> Option<Vec<(NodeId, &'d [DraftItem])>> {
        let tree = self.home.stream.tree();
        let part = &self.draft.facts.parts.get(number(section))?.items;
        let mut rest = self.draft.items(section).get(..part.len())?;
        let mut groups = Vec::new();
        for &child in tree.items(value) {
            let from = part.len() - rest.len();
            let belongs = |item: &ScriptItem<'_>| match (&item.origin.way, item.at) {
                (Way::Reference(at), _) if *at == self.home.at(child) => true,
                (_, Some(at)) if at.file == self.home.definition.value.file => {
                    is_within(tree, at.node, tree.resolve(child))
                }
                _ => false,
            };
            let count = part.get(from..)?.iter().take_while(|item| belongs(item)).count();
            let (group, others) = rest.split_at_checked(count)?;
            groups.push((child, group));
            rest = others;
        }
        rest.is_empty().then_some(groups)
    }

    /// All items of a section to be written, with the comments of what brings them where that is a list in brackets.
    fn all_anew(&self, section: Section, keyword: &'static str) -> Result<Vec<Item>, Error> {
        let all = self.draft.items(section);
        let own = match self.home.written(keyword) {
            Written::Own { value, .. } if self.home.stream.tree().kind(value) == Kind::Sequence => Some(value),
            _ => None,
        };
        let Some(groups) = own.and_then(|value| self.groups(section, value)) else { return self.written_anew(all) };
        let brought: usize = groups.iter().map(|(_, group)| group.len()).sum();
        let mut items = Vec::new();
        for (child, group) in groups {
            items.extend(self.group_anew(child, group)?);
        }
        items.extend(self.written_anew(all.get(brought..).unwrap_or_default())?);
        Ok(items)
    }

    /// What one child of a list brings, written out, with the comments of the child.
    fn group_anew(&self, child: NodeId, group: &[DraftItem]) -> Result<Vec<Item>, Error> {
        let stream = self.home.stream;
        self.loses_no_comment(child)?;
        let mut items = self.written_anew(group)?;
        let itself = group.iter().any(|item| item.at == Some(self.home.at(child)));
        if let Some(first) = items.first_mut().filter(|_| !itself) {
            let comments = comment_of(stream, child);
            first.comment.splice(0..0, comments);
        }
        Ok(items)
    }

    /// Items to be written in this file, which may have other inputs than the file that they come from.
    fn written_anew(&self, items: &[DraftItem]) -> Result<Vec<Item>, Error> {
        let here = |item: &&DraftItem| item.at.is_none_or(|at| at.file == self.home.definition.value.file);
        match items.iter().filter(|item| !item.dropped && item.text.contains(BLOCK)).all(|item| here(&item)) {
            true => Ok(items.iter().flat_map(|item| self.with_lead(item)).collect()),
            false => Err(self.refusal("what holds an input of another file would be written into this one")),
        }
    }

    /// An item with those that go before it; only these when it goes itself.
    fn with_lead(&self, item: &DraftItem) -> Vec<Item> {
        let lead = item.lead.iter().map(|text| Item::new(Value::Text(text.clone())));
        lead.chain((!item.dropped).then(|| self.item(item))).collect()
    }

    /// An item to be written anew, with the comment and the style of the one it comes from.
    fn item(&self, item: &DraftItem) -> Item {
        let source = item.at.and_then(|at| Some((self.draft.pipeline.project().file(at.file).stream()?, at.node)));
        let text = item.result();
        match source {
            Some((stream, node)) => {
                let style = stream.tree().style(node).unwrap_or(Style::Plain);
                let keep = matches!(style, Style::Literal | Style::SingleQuoted | Style::DoubleQuoted)
                    && item.edits.is_empty();
                let value = match keep {
                    true => Value::Styled(text, style),
                    // A block of which one line is left stays a block.
                    false if text.ends_with('\n') => Value::Styled(text, Style::Literal),
                    false => Value::Text(text),
                };
                Item { comment: comment_of(stream, node), value }
            }
            None => Item::new(Value::Text(text)),
        }
    }
}

fn is_within(tree: &Tree, node: NodeId, outer: NodeId) -> bool {
    std::iter::successors(Some(node), |&node| tree.parent(node)).any(|node| node == outer)
}

/// Whether nothing of these items changes, but that something goes before the first.
fn is_only_led(group: &[DraftItem]) -> bool {
    let whole = |first: &DraftItem| !first.dropped && first.edits.is_empty();
    group.split_first().is_none_or(|(first, rest)| whole(first) && rest.iter().all(DraftItem::is_as_it_was))
}
