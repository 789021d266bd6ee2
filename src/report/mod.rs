//! What people and programs are shown: diffs, messages with the place marked, tables.
//!
//! Nothing here prints; a command puts the text where it belongs.

mod colour;
mod diff;
mod git_path;
mod runs;
mod snippet;
mod table;
mod visible;

pub use colour::coloured;
pub use diff::{Enclosing, unified};
pub use snippet::{Look, Problem, Severity, render};
pub use table::Table;
