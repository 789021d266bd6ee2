//! What GitLab makes of the files: jobs, includes, inheritance, the effective configuration, and where each value
//! comes from.
//!
//! A [`Project`] is the files; a [`Pipeline`] is what they mean; an [`Effective`] is one job of it, made of
//! [`Setting`]s, each with its [`Origin`]; [`compare`] tells two pipelines apart.
//!
//! The rules are those of GitLab's own source (`lib/gitlab/ci/config` and `lib/gitlab/config` of gitlab-org/gitlab,
//! named by class where they are followed) and of its documentation (<https://docs.gitlab.com/ci/yaml/>).
//! This floor is pure: the repository is seen through [`Files`], and nothing is printed.

mod check;
mod choice;
mod compare;
mod document;
mod effective;
mod equal;
mod error;
mod extend;
mod facts;
mod files;
mod given;
mod heirs;
mod include;
mod inputs;
mod job;
mod listing;
mod load;
mod mention;
mod merge;
mod names;
#[expect(clippy::module_inception, reason = "the type that all others serve")]
mod pipeline;
mod place;
mod project;
mod read;
mod reference;
mod scalar;
mod script;
mod setting;
mod share;
mod trees;
mod value;
mod wildcard;

pub use choice::Choice;
pub use compare::{Change, Difference, JobDifference, compare};
pub use effective::Effective;
pub use error::{Error, ErrorKind};
pub use files::{Files, MemoryFiles, ReadError, within};
pub use given::{Given, fill};
pub use job::{Definition, Job};
pub use listing::Row;
pub use mention::{Keyword, Mention};
pub use pipeline::Pipeline;
pub use place::{At, FileId};
pub use project::{File, Partial, Project};
pub use script::{ScriptItem, Section};
pub use setting::{Entry, Setting};
pub use value::{Known, Map, Origin, Seq, Value, Way};
