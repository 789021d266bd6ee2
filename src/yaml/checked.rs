//! A text that was edited, with what is known of it already.

use std::fmt;
use std::sync::Arc;

use super::error::Error;
use super::events;
use super::stream::Stream;
use super::tree::Tree;

/// A text that was read: by both readers, or, if it is large, by the second one until the first is needed.
#[derive(Clone)]
pub struct Checked(Known);

#[derive(Clone)]
enum Known {
    Both(Arc<Stream>),
    Second(Arc<(String, Tree)>),
}

/// Texts up to this size are read by both readers at once.
const BOTH: usize = 128 << 10;

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
        Ok(Checked(match text.len() <= BOTH {
            true => Known::Both(Arc::new(Stream::reparse(text, earlier, Some(&tree))?)),
            false => Known::Second(Arc::new((text, tree))),
        }))
    }

    /// The text, to the byte.
    pub fn text(&self) -> &str {
        match &self.0 {
            Known::Both(stream) => stream.text(),
            Known::Second(read) => &read.0,
        }
    }

    /// What the text says.
    pub fn tree(&self) -> &Tree {
        match &self.0 {
            Known::Both(stream) => stream.tree(),
            Known::Second(read) => &read.1,
        }
    }

    /// The text as both readers read it. What stands in `earlier` is not parsed again.
    ///
    /// # Errors
    /// As [`Stream::parse`].
    pub fn stream(&self, earlier: &Stream) -> Result<Arc<Stream>, Error> {
        match &self.0 {
            Known::Both(stream) => Ok(Arc::clone(stream)),
            Known::Second(read) => Stream::reparse(read.0.clone(), earlier, Some(&read.1)).map(Arc::new),
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
