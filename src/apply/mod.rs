//! Writing to a repository on disk: what is read there, and several files changed together or not at all.

mod error;
mod folder;
mod revision;
mod stage;
mod write;

pub use error::WriteError;
pub use folder::Folder;
pub use revision::Revision;
pub use write::{Change, Written, write};
