//! Where something stands in the items of a script.

use std::ops::Range;

/// A byte range in the decoded text of one script item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// Index of the item among those given to [`Script::parse`](super::Script::parse).
    pub item: usize,
    /// Bytes of that item's decoded text.
    pub range: Range<usize>,
}

/// The items of a script, joined with newlines, and the way back from the joined text.
///
/// Items are joined because constructs span them (`if` in one, `fi` in another), as they do in the shell that GitLab's runner starts.
#[derive(Debug, Clone)]
pub(super) struct Items {
    /// Where each item begins and ends in the joined text. Beginnings are strictly increasing.
    bounds: Vec<Range<usize>>,
}

impl Items {
    /// Joins the items.
    pub(super) fn join(items: impl IntoIterator<Item = impl AsRef<str>>) -> (String, Self) {
        let mut text = String::new();
        let mut bounds = Vec::new();
        for item in items {
            if !bounds.is_empty() {
                text.push('\n');
            }
            let start = text.len();
            text.push_str(item.as_ref());
            bounds.push(start..text.len());
        }
        (text, Self { bounds })
    }

    /// The place of a range of the joined text; `None` when it is not inside one item.
    pub(super) fn place(&self, range: &Range<usize>) -> Option<Place> {
        let item = self.item_at(range.start)?;
        let bound = self.bounds.get(item)?;
        (range.start <= range.end && range.end <= bound.end)
            .then(|| Place { item, range: range.start - bound.start..range.end - bound.start })
    }

    /// The parts of a range of the joined text, one for each item that it touches.
    pub(super) fn places(&self, range: &Range<usize>) -> Vec<Place> {
        let first = self.item_at(range.start).unwrap_or_default();
        let touched = self.bounds.iter().enumerate().skip(first);
        touched
            .take_while(|(_, bound)| bound.start < range.end)
            .map(|(item, bound)| Place {
                item,
                range: range.start.max(bound.start) - bound.start..range.end.min(bound.end) - bound.start,
            })
            .filter(|place| !place.range.is_empty())
            .collect()
    }

    /// The range in the joined text of a place.
    pub(super) fn range(&self, place: &Place) -> Option<Range<usize>> {
        let bound = self.bounds.get(place.item)?;
        Some(bound.start + place.range.start..bound.start + place.range.end)
    }

    fn item_at(&self, offset: usize) -> Option<usize> {
        self.bounds.partition_point(|bound| bound.start <= offset).checked_sub(1)
    }
}
