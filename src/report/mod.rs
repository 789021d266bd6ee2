//! What people and programs are shown: diffs, messages with the place marked, tables.
//!
//! Nothing here prints; a command puts the text where it belongs.

mod colour;
mod data;
mod delta;
mod diff;
mod entries;
mod gather;
mod git_path;
mod graph;
mod markdown;
mod mermaid;
mod message;
mod page;
mod patch;
mod runs;
mod side;
mod snippet;
mod steps;
mod table;
mod undo;
mod view;
mod visible;
mod words;

pub use colour::coloured;
pub use data::{
    ChangedJob, Checks, Delta, DeltaKind, JobReport, KeywordDifference, LeftReport, PhaseReport, PhaseState,
    ProofSummary, Report, SharedReport, Since, Three, Totals, Undo,
};
pub use diff::{Enclosing, unified};
pub use gather::Sources;
pub use markdown::markdown;
pub use mermaid::mermaid;
pub use message::commit_message;
pub use page::html;
pub use patch::project_diff;
pub use snippet::{Look, Problem, Severity, render};
pub use table::Table;
pub use visible::visible;
