//! What a rollout says, as plain data: `rollout --format json` is this, and every other form is a view of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::outcome::{Fault, Outcome};
use super::rows::Rows;
use super::target::Target;

/// The state of a rollout, or what it would do. Its JSON is version 1.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Rollout")]
pub struct Report {
    pub version: u32,
    /// The id of the plan.
    pub plan: String,
    pub stage: Stage,
    pub track: String,
    /// Empty where files are edited in place.
    pub branch: String,
    pub totals: Totals,
    /// The outcomes that occur, with what each means and what to do.
    pub outcomes: Vec<OutcomeReport>,
    /// By name.
    #[schemars(with = "Vec<Row>")]
    pub repositories: Rows,
    /// Repositories that were not come to.
    pub waiting: Vec<String>,
}

/// Whether it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// This is what would be done; nothing was written.
    Planned,
    /// This was done.
    Done,
}

/// Sums over the repositories that went well; the others are only counted.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Totals {
    pub repositories: usize,
    /// Jobs that change.
    pub moved: usize,
    /// Jobs that keep Docker-in-Docker because they need it.
    pub scoped: usize,
    /// Jobs that were not understood.
    pub left: usize,
    /// Jobs that change with a warning.
    pub warnings: usize,
    pub findings: usize,
    pub merge_requests: usize,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OutcomeReport {
    pub outcome: Outcome,
    pub repositories: usize,
    pub meaning: &'static str,
    pub remedy: &'static str,
}

/// One repository.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    pub repository: String,
    pub outcome: Option<Outcome>,
    /// In a sentence, what happened; empty when there is nothing to say.
    pub message: String,
    /// The commit that it began with.
    pub base: Option<String>,
    /// The commit at the end of the branch.
    pub commit: Option<String>,
    /// The phases that are a commit each.
    pub phases: Vec<u32>,
    /// The jobs that change.
    pub moved: Vec<String>,
    /// The jobs that keep Docker-in-Docker because they need it.
    pub scoped: Vec<String>,
    /// The jobs that were not understood, with the reasons.
    pub left: Vec<LeftJob>,
    /// The jobs that change and that a person should look at, with what there is to see.
    #[serde(default)]
    pub warnings: Vec<LeftJob>,
    /// How many findings `check` has at the end.
    pub findings: usize,
    /// What was proved, a sentence a phase.
    pub proof: Vec<String>,
    pub merge_request: Option<String>,
    /// The difference between the base and the end of the branch.
    pub diff: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LeftJob {
    pub job: String,
    pub reasons: Vec<String>,
}

impl AsRef<Row> for Row {
    fn as_ref(&self) -> &Row {
        self
    }
}

impl Row {
    /// A repository with which it did not go as it should.
    pub fn fault(target: &Target, fault: Fault) -> Row {
        let Fault { outcome, message, .. } = fault;
        Row { repository: target.id.clone(), outcome: Some(outcome), message, ..Row::default() }
    }

    /// What became of it; `failed` as long as it is not known.
    pub fn outcome(&self) -> Outcome {
        self.outcome.unwrap_or(Outcome::Failed)
    }

    /// The warnings, each with its job.
    pub fn warned(&self) -> impl Iterator<Item = (&str, &str)> {
        self.warnings
            .iter()
            .flat_map(|warned| warned.reasons.iter().map(|reason| (warned.job.as_str(), reason.as_str())))
    }
}

impl Totals {
    /// One more repository.
    pub(super) fn add(&mut self, row: &Row) {
        self.repositories += 1;
        // What was meant for the others was not done.
        if !row.outcome().is_good() {
            return;
        }
        self.moved += row.moved.len();
        self.scoped += row.scoped.len();
        self.left += row.left.len();
        self.warnings += row.warnings.len();
        self.findings += row.findings;
        self.merge_requests += usize::from(row.merge_request.is_some());
    }
}

impl Report {
    /// Puts rows together, in the order of their names, whatever the order in which they came.
    pub fn new(plan: &super::Plan, stage: Stage, mut rows: Rows, mut waiting: Vec<String>) -> Report {
        rows.sort();
        waiting.sort();
        let mut totals = rows.totals().clone();
        totals.repositories += waiting.len();
        let outcomes = Outcome::ALL.into_iter().map(|outcome| OutcomeReport {
            outcome,
            repositories: rows.outcomes().filter(|other| *other == outcome).count(),
            meaning: outcome.meaning(),
            remedy: outcome.remedy(),
        });
        Report {
            version: 1,
            plan: plan.id.clone(),
            stage,
            track: plan.track.clone(),
            branch: plan.branch.clone(),
            totals,
            outcomes: outcomes.filter(|outcome| outcome.repositories > 0).collect(),
            repositories: rows,
            waiting,
        }
    }

    /// Whether every repository is done, or had nothing to do.
    pub fn is_good(&self) -> bool {
        self.waiting.is_empty() && self.repositories.outcomes().all(Outcome::is_good)
    }
}
