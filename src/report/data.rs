//! What a report says, as plain data: `report --format json` is this, and every other format is a view of it.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::migration::{Check, Outcome, PartialStatus};
use crate::transform::{Reason, Role};

/// The migration of a pipeline: what was applied, what is planned, what is left alone. Its JSON is version 1.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Report {
    pub version: u32,
    pub track: String,
    /// The pipeline's main file.
    pub file: String,
    /// What the work tree is compared with; null when only the plan is reported.
    pub since: Option<Since>,
    /// Includes that could not be read: nothing that is said holds for what they bring.
    pub partial: Vec<PartialStatus>,
    pub totals: Totals,
    pub phases: Vec<PhaseReport>,
    /// The stages that have jobs, in order.
    pub stages: Vec<String>,
    /// The jobs in order, those that went or will go among them.
    pub jobs: Vec<JobReport>,
    /// What differs outside the visible jobs: global keywords, hidden jobs.
    pub shared: Vec<SharedReport>,
    /// The jobs that keep Docker-in-Docker or were not understood, when all that is planned is applied.
    pub left: Vec<LeftReport>,
    pub undo: Vec<Undo>,
    pub checks: Checks,
}

/// A revision that the work tree is compared with.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Since {
    /// As it was asked for.
    pub revision: String,
    /// Whether the pipeline's files are, to the byte, those of the revision with the first phases applied.
    pub exact: bool,
    /// The phases that were pending at the revision and are not any more.
    pub applied: Vec<u32>,
    /// The files of the pipeline that differ.
    pub files: Vec<String>,
    /// Those of them that the revision does not have.
    pub new_files: Vec<String>,
}

/// Numbers of jobs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Totals {
    pub jobs: usize,
    /// Jobs whose effective configuration differs between the revision and the work tree.
    pub applied: usize,
    /// Jobs whose effective configuration would differ between the work tree and the end of the plan.
    pub planned: usize,
    /// Jobs that went or will go.
    pub removed: usize,
    /// Jobs that keep the runner privileged: at the revision, in the work tree, and when the plan is applied.
    pub privileged: Three<usize>,
}

/// One thing at three times.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Three<T> {
    /// At the revision; null without one.
    pub before: Option<T>,
    /// In the work tree.
    pub now: Option<T>,
    /// When all phases are applied.
    pub planned: Option<T>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct PhaseReport {
    pub number: u32,
    pub id: String,
    pub title: String,
    pub why: String,
    pub state: PhaseState,
    /// The jobs that it changed or would change, with the transformations that do it.
    pub jobs: Vec<ChangedJob>,
    /// The jobs that it removed or would remove.
    pub removed: Vec<String>,
    /// The jobs that it selected and left as they are.
    pub left: Vec<String>,
    /// What is proved of it; null when it changes nothing, or was applied together with other edits.
    pub proof: Option<ProofSummary>,
    /// Why it is refused, or waits.
    pub note: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PhaseState {
    /// It was pending at the revision, and is not any more.
    Applied,
    /// It would change something, once the phases before it are applied.
    Pending,
    /// Nothing that it selects is left.
    Done,
    /// It selects nothing.
    Empty,
    /// It would change nothing more, and jobs that it selects were left; or a phase before it is refused.
    Blocked,
    /// Its plan could not be proved, so it would write nothing.
    Refused,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ChangedJob {
    pub job: String,
    pub transforms: Vec<String>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ProofSummary {
    pub jobs: usize,
    pub same: usize,
    pub differ: usize,
    pub summary: String,
    pub lost_comments: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct JobReport {
    pub name: String,
    pub stage: String,
    /// The jobs of this pipeline that it needs; null when it waits for the stages before its own.
    pub needs: Option<Vec<String>>,
    /// Where it stands, in the work tree if it is there.
    pub file: String,
    pub line: usize,
    pub role: Role,
    /// Its rules let it never run.
    pub never: bool,
    /// A job that is not there has no outcome.
    pub outcome: Three<Outcome>,
    /// Why it needs a daemon, was left alone, or was not understood, as it stands.
    pub reasons: Vec<Reason>,
    /// What a person should look at: a phase takes something from it that it may need, or took it.
    pub warnings: Vec<Reason>,
    /// What was applied to it since the revision.
    pub applied: Option<Delta>,
    /// What the pending phases would do to it.
    pub planned: Option<Delta>,
}

/// What differs in a job.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Delta {
    pub change: DeltaKind,
    /// The phases that do it, as far as it is known.
    pub phases: Vec<u32>,
    pub transforms: Vec<String>,
    /// The difference of its own text, with the line numbers of the file; empty when it only inherits the change.
    pub diff: String,
    /// The keywords of its effective configuration that differ.
    pub effective: Vec<KeywordDifference>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeltaKind {
    Added,
    Changed,
    Removed,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct KeywordDifference {
    pub keyword: String,
    /// Null when the job did not have it.
    pub before: Option<Value>,
    /// Null when it has it no more.
    pub after: Option<Value>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct SharedReport {
    pub name: String,
    pub file: String,
    pub line: usize,
    /// The difference of its text since the revision; empty when there is none.
    pub applied: String,
    /// The difference that the pending phases would make.
    pub planned: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct LeftReport {
    pub job: String,
    pub outcome: Outcome,
    pub reasons: Vec<Reason>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Undo {
    pub what: String,
    /// Shell commands, to be run at the root of the repository.
    pub commands: Vec<String>,
}

/// What `check` says of the pipeline, and would say.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Checks {
    pub now: Check,
    pub planned: Check,
}

impl JobReport {
    /// The first outcome that it had, and the one at the end of the plan.
    pub fn ends(&self) -> (Option<Outcome>, Option<Outcome>) {
        (self.outcome.before.or(self.outcome.now), self.outcome.planned)
    }

    /// Whether something was applied to it, or would be.
    pub fn is_changed(&self) -> bool {
        self.applied.is_some() || self.planned.is_some()
    }
}
