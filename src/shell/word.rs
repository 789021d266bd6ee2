//! One word of a command.

use std::ops::Range;
use std::sync::Arc;

use super::Place;

/// One word of a command, as written and as the shell would read it.
#[derive(Debug, Clone)]
pub struct Word {
    pub(super) text: Arc<str>,
    pub(super) range: Range<usize>,
    pub(super) place: Option<Place>,
    pub(super) display: Option<Box<str>>,
    pub(super) value: Option<Box<str>>,
    pub(super) literal: bool,
    pub(super) splits: bool,
    pub(super) doubtful: bool,
}

impl Word {
    /// Bytes of the word; `None` when it spans items, and then the word is doubtful.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// The source text, quotes and all.
    pub fn raw(&self) -> &str {
        self.text.get(self.range.clone()).unwrap_or_default()
    }

    /// The text after quote removal, if nothing in the word is expanded.
    pub fn value(&self) -> Option<&str> {
        if !self.literal {
            return None;
        }
        Some(self.value.as_deref().unwrap_or(self.raw()))
    }

    /// The text without its quotes, expansions as written: `"${A}/x":y` is `${A}/x:y`.
    ///
    /// A `$`, `` ` `` or `\` that quotes made literal keeps a backslash, so that two words with the same display mean the same.
    pub fn display(&self) -> &str {
        self.display.as_deref().unwrap_or(self.raw())
    }

    /// An expansion stands outside quotes: the shell may make several words of it, or none.
    pub fn may_split(&self) -> bool {
        self.splits
    }

    /// The parser may have cut the word wrongly, or it spans items: not to be edited.
    pub fn is_doubtful(&self) -> bool {
        self.doubtful
    }
}
