//! A job, visible or hidden.

use std::fmt;

use super::effective::Effective;
use super::pipeline::{Pipeline, Role, Top};
use super::place::At;
use super::setting::Setting;

/// A top-level entry that is a job or, with a `.` in front, hidden.
#[derive(Clone, Copy)]
pub struct Job<'p> {
    pub(super) pipeline: &'p Pipeline,
    pub(super) top: &'p Top,
}

/// One place where a top-level entry is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    pub key: At,
    /// Never an alias.
    pub value: At,
}

impl<'p> Job<'p> {
    pub fn name(&self) -> &'p str {
        &self.top.name
    }

    /// Whether it is no job of the pipeline, but for others to extend.
    pub fn is_hidden(&self) -> bool {
        self.top.role == Role::Hidden
    }

    /// Whether it starts another pipeline instead of running a script (GitLab: a bridge).
    pub fn is_trigger(&self) -> bool {
        self.own("trigger").is_some() && self.own("script").is_none()
    }

    /// Where it is written, in the order in which the files are merged: the last one wins.
    pub fn definitions(&self) -> &'p [Definition] {
        &self.top.definitions
    }

    /// What it has itself, by `<<` and `extends` too, before it inherits anything.
    pub fn setting(&self) -> Setting<'p> {
        self.pipeline.trees().setting(self.top.held.slot.clone())
    }

    /// What GitLab makes of it.
    pub fn effective(&self) -> Effective<'p> {
        Effective::of(*self)
    }

    /// The jobs in its `extends`, in order.
    pub fn bases(&self) -> impl Iterator<Item = Job<'p>> + use<'p> {
        let Job { pipeline, top } = *self;
        let bases = top.lineage.bases.iter().filter_map(|&base| pipeline.tops.get(base));
        bases.map(move |top| Job { pipeline, top })
    }

    /// Where its `extends` stands.
    pub fn extends(&self) -> Option<At> {
        self.top.lineage.at
    }

    /// What cannot be resolved offline, and only an unreadable include can bring: names of bases, its own and those of
    /// its bases, then references. While there is any, its effective configuration is not wholly known.
    pub fn unresolved(&self) -> &'p [String] {
        &self.top.unresolved
    }

    /// A keyword that the job has after `extends` and `<<`, before it inherits any; null is not had.
    pub(super) fn own(&self, keyword: &str) -> Option<Setting<'p>> {
        let trees = self.pipeline.trees();
        let held = trees.find(&self.top.held.slot, keyword)?;
        (!trees.is_null(&held.slot.value)).then(|| trees.setting(held.slot))
    }
}

impl fmt::Debug for Job<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Job").field(&self.name()).finish()
    }
}
