//! The questions that a person answers with one key, and what the answers lead to.
//!
//! The terminal is behind a trait, so that all of it can be tried without one.

mod editor;
mod effective;
mod foreground;
mod pager;
mod proposal;
mod question;
mod terminal;

pub use effective::effective_diff;
pub use foreground::{Screen, is_lent};
pub use pager::page;
pub use proposal::{Proposal, Verdict, review};
pub use question::{Answer, ask, yes};
pub use terminal::{Key, Terminal, Tty};
