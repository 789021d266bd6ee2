//! Writing to a repository on disk: what is read there, several files changed together or not at all, and the way back.

mod cluster;
mod error;
mod folder;
mod git;
mod journal;
mod lock;
mod revision;
mod stage;
mod store;
mod write;

pub use cluster::{Cluster, can_make_builders};
pub use error::{WriteError, words};
pub use folder::Folder;
pub use git::{Git, GitError};
pub use journal::{Journal, KEPT, Noted, Settled};
pub use lock::no_more_writing;
pub use revision::Revision;
pub use store::{Deed, Entry, Saved};
pub use write::{Change, Written, write};
