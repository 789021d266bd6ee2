//! Where every phase and every job stands.

use schemars::JsonSchema;
use serde::Serialize;

use super::engine::{Plan, Scene};
use super::phase::{Phase, Select};
use super::templates::unused_templates;
use crate::pipeline::Partial;
use crate::transform::{Need, Reason, Role};

/// The state of a phase; there is no file that keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It would change something.
    Pending,
    /// Its plan is empty and nothing that it selects is left.
    Done,
    /// It selects nothing.
    Empty,
    /// It would change nothing more, and jobs that it selects were left.
    Blocked,
}

/// What becomes of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// A phase will change it.
    Pending,
    /// It builds with the Kubernetes builder, or needs no daemon any more.
    Migrated,
    /// It keeps Docker-in-Docker, because it needs it.
    Scoped,
    /// It was not understood.
    Left,
    /// It never used docker.
    None,
}

/// The answer of `status`; its JSON is version 1.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Status {
    pub version: u32,
    pub track: String,
    pub partial: Vec<PartialStatus>,
    pub phases: Vec<PhaseStatus>,
    pub jobs: Vec<JobStatus>,
    /// Hidden jobs that hold a Docker-in-Docker daemon and that no job here extends: no phase changes them.
    pub unused_templates: Vec<TemplateStatus>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct TemplateStatus {
    pub name: String,
    pub file: String,
    pub line: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct PartialStatus {
    pub include: String,
    pub reason: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct PhaseStatus {
    pub number: u32,
    pub id: String,
    pub title: String,
    pub state: State,
    pub jobs: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct JobStatus {
    pub name: String,
    pub file: String,
    pub line: usize,
    pub role: Role,
    pub dind: bool,
    pub daemon: Need,
    pub phase: Option<u32>,
    pub outcome: Outcome,
    pub reasons: Vec<Reason>,
    /// Its rules let it never run.
    pub never: bool,
}

/// The state of a phase, by its plan.
pub fn state(plan: &Plan) -> State {
    let of_all = plan.phase.select == Select::All && plan.begun;
    match (plan.is_empty(), plan.selected.is_empty(), plan.left.is_empty()) {
        (false, _, _) => State::Pending,
        (_, true, _) if !of_all => State::Empty,
        (_, _, true) => State::Done,
        _ => State::Blocked,
    }
}

impl Status {
    /// Plans every phase on the pipeline as it stands.
    pub fn new(scene: &Scene<'_>, track: &str, phases: &[Phase]) -> Status {
        let plans: Vec<Plan> = phases.iter().map(|phase| Plan::new(scene, phase)).collect();
        let project = scene.pipeline.project();
        let partial = scene.pipeline.partial().iter();
        let template = |(name, at): (&str, _)| {
            let (file, place) = project.place(at);
            TemplateStatus { name: name.to_owned(), file: file.to_owned(), line: place.map_or(0, |(line, _)| line) }
        };
        Status {
            version: 1,
            track: track.to_owned(),
            partial: partial.map(PartialStatus::from).collect(),
            phases: plans.iter().map(phase_status).collect(),
            jobs: (0..scene.facts.len()).filter_map(|number| job_status(scene, project, &plans, number)).collect(),
            unused_templates: unused_templates(scene.pipeline).into_iter().map(template).collect(),
        }
    }
}

impl From<&Partial> for PartialStatus {
    fn from(partial: &Partial) -> PartialStatus {
        PartialStatus { include: partial.include.clone(), reason: partial.reason.clone() }
    }
}

fn phase_status(plan: &Plan) -> PhaseStatus {
    PhaseStatus {
        number: plan.phase.number,
        id: plan.phase.id.clone(),
        title: plan.phase.title.clone(),
        state: state(plan),
        jobs: plan.selected.clone(),
    }
}

fn job_status(
    scene: &Scene<'_>,
    project: &crate::pipeline::Project,
    plans: &[Plan],
    number: usize,
) -> Option<JobStatus> {
    let facts = scene.facts.get(number)?;
    let name = facts.job.name();
    let place = facts.job.definitions().last().map(|d| project.place(d.key));
    let (file, line) = place.map_or(("", 0), |(file, at)| (file, at.map_or(0, |(line, _)| line)));
    let plan = plans.iter().find(|plan| plan.selected.iter().any(|job| job == name));
    let left = plan.and_then(|plan| plan.left.iter().find(|left| left.job == name));
    let pending = plan.is_some_and(|plan| plan.changed.iter().any(|job| job.job == name));
    let need = facts.need();
    let unseen = facts.unseen(project);
    let outcome = match need {
        _ if !facts.needs.is_empty() => Outcome::Scoped,
        Need::NotNeeded if !unseen.is_empty() => Outcome::Left,
        // It asks the daemon whether it is there, and keeps it.
        Need::NotNeeded if !facts.dind.is_empty() && !facts.plumbing.is_empty() && !pending => Outcome::Left,
        Need::NotNeeded if !facts.makes_images() && facts.registry => Outcome::Migrated,
        Need::NotNeeded if !facts.makes_images() => Outcome::None,
        _ if pending => Outcome::Pending,
        _ if left.is_some() => Outcome::Left,
        Need::NotNeeded => Outcome::Migrated,
        Need::Needed => Outcome::Scoped,
        Need::Unknown => Outcome::Left,
    };
    let mut reasons = left.map(|left| left.reasons.clone()).unwrap_or_default();
    if reasons.is_empty() {
        reasons.extend(facts.reasons(project));
        reasons.extend(unseen);
    }
    Some(JobStatus {
        name: name.to_owned(),
        file: file.to_owned(),
        line,
        role: *scene.roles.get(number)?,
        dind: !facts.dind.is_empty(),
        daemon: need,
        phase: plan.map(|plan| plan.phase.number),
        outcome,
        reasons,
        never: facts.never,
    })
}
