//! A text that was edited, with what is known of it already.

use std::fmt;
use std::sync::Arc;

use super::error::Error;
use super::events;
use super::index::disagreement;
use super::stream::Stream;
use super::tree::Tree;

/// A text that was read: by both readers, or, if it is large, by the second one until the first is needed. Of a large text that
/// was edited the second one has read what changed; before it is written, [`Checked::confirm`] has it read all.
#[derive(Clone)]
pub struct Checked(Known);

#[derive(Clone)]
enum Known {
    Both(Arc<Stream>),
    Second(Arc<(String, Tree)>),
    /// The second one has read what changed, see [`reread`](super::reread).
    Changes(Arc<(String, Tree)>),
}

/// Texts up to this size are read by both readers at once.
const BOTH: usize = 128 << 10;

/// Whether a text is not read by both readers at once.
pub(super) fn is_large(text: &str) -> bool {
    text.len() > BOTH
}

impl Checked {
    /// Reads a text by the second reader alone.
    ///
    /// # Errors
    /// As [`read`](super::read).
    pub fn read(text: String) -> Result<Checked, Error> {
        let tree = events::read(&text)?;
        Ok(Checked(Known::Second(Arc::new((text, tree)))))
    }

    /// A text in which the second reader has found this tree, read by the first as well unless it is large. What stands in
    /// `earlier` is not parsed again.
    pub(super) fn new(text: String, tree: Tree, earlier: &Stream) -> Result<Checked, Error> {
        Ok(Checked(match is_large(&text) {
            false => Known::Both(Arc::new(Stream::reparse(text, earlier, Some(&tree))?)),
            true => Known::Second(Arc::new((text, tree))),
        }))
    }

    /// A large text of which the second reader has read what changed.
    pub(super) fn of_changes(text: String, tree: Tree) -> Checked {
        Checked(Known::Changes(Arc::new((text, tree))))
    }

    /// Reads by the second reader, as one, what was only read where it changed.
    ///
    /// # Errors
    /// It finds something else in the whole text, or cannot read it.
    pub fn confirm(&self) -> Result<(), Error> {
        let Known::Changes(read) = &self.0 else { return Ok(()) };
        match events::read(&read.0)? == read.1 {
            true => Ok(()),
            false => Err(disagreement(0..0, "the parts of the edited file, and all of it".to_owned())),
        }
    }

    /// The text, to the byte.
    pub fn text(&self) -> &str {
        match &self.0 {
            Known::Both(stream) => stream.text(),
            Known::Second(read) | Known::Changes(read) => &read.0,
        }
    }

    /// What the text says.
    pub fn tree(&self) -> &Tree {
        match &self.0 {
            Known::Both(stream) => stream.tree(),
            Known::Second(read) | Known::Changes(read) => &read.1,
        }
    }

    /// The text as both readers read it. What stands in `earlier` is not parsed again.
    ///
    /// # Errors
    /// As [`Stream::parse`].
    pub fn stream(&self, earlier: &Stream) -> Result<Arc<Stream>, Error> {
        match &self.0 {
            Known::Both(stream) => Ok(Arc::clone(stream)),
            Known::Second(read) | Known::Changes(read) => {
                Stream::reparse(read.0.clone(), earlier, Some(&read.1)).map(Arc::new)
            }
        }
    }
}

impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Checked").field(&self.text()).finish()
    }
}

impl From<Stream> for Checked {
    fn from(stream: Stream) -> Checked {
        Checked(Known::Both(Arc::new(stream)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Edits, Entry, Position, Value};
    use super::*;

    #[test]
    fn a_large_text_is_read_where_it_changed_and_as_a_whole_before_it_is_written() {
        let text: String = (0..20_000).map(|number| format!("job {number}:\n  script: echo\n")).collect();
        let before = Stream::parse(text).unwrap();
        let root = before.tree().roots()[0];
        let job = before.tree().get(root, "job 700").unwrap();
        let mut edits = Edits::new(&before);
        edits.insert_entry(job, Position::End, Entry::new("services", Value::Sequence(Vec::new()))).unwrap();
        let now = edits.finish().unwrap().now;
        assert!(matches!(&now.0, Known::Changes(_)));
        now.confirm().unwrap();
        assert_eq!(now.stream(&before).unwrap().text(), now.text());
        let other = Checked::of_changes(now.text().to_owned(), before.tree().clone());
        assert!(other.confirm().is_err_and(|error| error.message.contains("all of it")));
    }
}
