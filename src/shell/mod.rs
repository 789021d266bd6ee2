//! What a GitLab job's script runs: commands and words with byte ranges, and which docker command does what.
//!
//! The lower floor: pure, no I/O, nothing printed, nothing of the project imported. `shuck-parser` does the parsing;
//! this module maps what it found back to the script items, and marks what must not be edited.

mod command;
mod context;
pub mod docker;
mod doubt;
mod familiar;
mod hidden;
mod known;
mod mention;
mod package;
mod place;
mod programs;
mod project_files;
mod read;
mod row;
mod script;
mod statement;
mod tools;
mod users;
mod word;

pub use command::{Assignment, Command, Heredoc, Redirect};
pub use context::{Chain, Context, Guard, Joint, Pipeline};
pub use docker::{Daemon, Docker, Reason, Verb, daemon, docker};
pub use doubt::{Doubt, What};
pub use hidden::{Hidden, calls_own, expansions_run, hides_docker, program};
pub use known::Scripts;
pub use mention::mentions_docker;
pub use package::{Package, package, within};
pub use place::Place;
pub use project_files::by_project_files;
pub use script::Script;
pub use statement::{Function, Kind, Statement};
pub use users::{invoked, names_host, other_daemon_users, reads_from_daemon, reads_from_daemon_only};
pub use word::Word;
