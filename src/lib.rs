//! Changes `.gitlab-ci.yml` safely: phase by phase, without losing a comment, each edit proved.
//!
//! The floors, from below: [`yaml`] and [`shell`], [`pipeline`], [`transform`], [`migration`], then [`apply`],
//! [`report`], [`review`] and [`rollout`], then [`cli`]. A module imports only from floors below its own; the lower four do no I/O.
#![forbid(unsafe_code)]

pub mod apply;
pub mod cli;
pub mod migration;
pub mod pipeline;
pub mod report;
pub mod review;
pub mod rollout;
pub mod shell;
pub mod transform;
pub mod yaml;
