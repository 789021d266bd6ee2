//! One YAML file: text, index of nodes with byte ranges, styles, comments; edits applied once; the scalar writer.
//!
//! `yaml-edit` reads, our own [index](Stream) and byte-range edits write, and `yaml-rust2`'s events check both.
//! This floor does no I/O and knows nothing of GitLab.

mod checked;
mod decode;
mod edit;
mod error;
mod events;
mod index;
mod intent;
mod layout;
mod plain;
mod reread;
mod scalar_edit;
mod stream;
mod tree;
mod write;

pub use checked::Checked;
pub use edit::{Done, Edit, Edited, Edits, Position};
pub use error::{Error, ErrorKind};
pub use events::{MAX_DEPTH, read};
pub use layout::times_said;
pub use plain::{is_plain, is_plain_string, is_typed};
pub use stream::{MAX_BYTES, Stream, is_merge};
pub use tree::{Kind, NodeId, Style, Tree};
pub use write::{Entry, Item, Value};
