//! The same over many repositories: no checkout, no work tree, and a kill at any moment loses nothing.
//!
//! What it costs at least, and in which order its steps come, was measured: two connections a repository, one shallow fetch that leaves
//! out what is not needed, and one push of a commit that is made beside it.

mod commits;
mod data;
mod forms;
mod git;
mod gitlab;
mod host;
mod in_place;
mod journal;
mod make;
mod objects;
mod outcome;
mod pack;
mod page;
mod plan;
mod push;
mod rows;
mod scratch;
mod target;
mod work;

pub use data::{LeftJob, OutcomeReport, Report, Row, Stage, Totals};
pub use forms::{csv, markdown, table};
pub use git::{Net, kill_all};
pub use gitlab::{GitLab, GitLabError, Listing, Which};
pub use host::Hosts;
pub use in_place::InPlace;
pub use journal::{History, Journal, Past, Step};
pub use make::Rules;
pub use outcome::{Fault, Outcome};
pub use page::html;
pub use plan::{Entry, Plan, Shard, home};
pub use push::{MergeRequest, TakenBack, take_back};
pub use rows::Rows;
pub use target::{Target, read_list, without_credentials};
pub use work::{Looked, Pace, Way, Work};
