//! The phases of a report: which were applied, which are to come.

use std::collections::BTreeMap;

use super::data::{ChangedJob, PhaseReport, PhaseState, ProofSummary, Since};
use crate::migration::{Course, Leg, Phase, Proof, State, state};
use crate::pipeline::{Files, Pipeline};

/// What was applied between a revision and the work tree.
pub(super) fn applied(
    (revision, then): (&str, &dyn Files),
    today: &dyn Files,
    behind: &Course,
    ahead: &Course,
) -> Since {
    let was_pending = behind.legs.iter().filter(|leg| leg.is_sound()).map(|leg| leg.plan.phase.number);
    // What is behind a refused phase is not planned, so nothing is known of it.
    let has_nothing_to_do =
        |number: u32| ahead.legs.iter().any(|leg| leg.plan.phase.number == number && leg.plan.is_empty());
    let applied: Vec<u32> = was_pending.filter(|number| has_nothing_to_do(*number)).collect();
    let (old, new) = (texts(&behind.before), texts(&ahead.before));
    let mut names: Vec<&str> = old.keys().chain(new.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    // What one of the two pipelines does not include may be there all the same.
    let read = |files: &dyn Files, path: &str| files.read(path).ok().flatten();
    let (mut files, mut new_files) = (Vec::new(), Vec::new());
    for path in names {
        let was = read(then, path);
        if was != read(today, path) {
            files.push(path.to_owned());
            new_files.extend(was.is_none().then(|| path.to_owned()));
        }
    }
    // What the tool itself would have written for these phases, and nothing besides.
    let mut made = old;
    let legs = behind.legs.iter().filter(|leg| leg.is_sound() && applied.contains(&leg.plan.phase.number));
    let planned: Vec<BTreeMap<&str, &str>> = legs.map(|leg| leg.plan.texts()).collect();
    planned.iter().for_each(|texts| made.extend(texts));
    Since { revision: revision.to_owned(), exact: made == new, applied, files, new_files }
}

/// Every phase of the track with its state.
pub(super) fn phases(
    all: &[Phase],
    ahead: &Course,
    behind: Option<&Course>,
    since: Option<&Since>,
) -> Vec<PhaseReport> {
    let leg = |course: &'_ Course, number| course.legs.iter().position(|leg| leg.plan.phase.number == number);
    let report = |phase: &Phase| {
        let number = phase.number;
        let done = since.filter(|since| since.applied.contains(&number));
        let was = behind.and_then(|course| course.legs.get(leg(course, number)?)).filter(|_| done.is_some());
        let is = leg(ahead, number).and_then(|at| ahead.legs.get(at));
        match (was, is) {
            (Some(leg), is) => {
                let exact = since.is_some_and(|since| since.exact);
                let mut report = of_leg(leg, PhaseState::Applied);
                report.left = is.map(names_left).unwrap_or_default();
                if !exact {
                    report.proof = None;
                    report.note = Some("applied together with other edits, which no proof covers".to_owned());
                }
                report
            }
            (None, Some(leg)) => of_leg(leg, state_of(leg)),
            (None, None) => PhaseReport {
                note: Some("it waits for the phase before it, which is refused".to_owned()),
                ..empty(phase, PhaseState::Blocked)
            },
        }
    };
    all.iter().map(report).collect()
}

fn texts(pipeline: &Pipeline) -> BTreeMap<&str, &str> {
    let files = pipeline.project().files();
    files.filter_map(|(_, file)| Some((file.path.as_str(), file.stream()?.text()))).collect()
}

fn state_of(leg: &Leg) -> PhaseState {
    match (&leg.proof, state(&leg.plan)) {
        (Some(Err(_)), _) => PhaseState::Refused,
        (_, State::Pending) => PhaseState::Pending,
        (_, State::Done) => PhaseState::Done,
        (_, State::Empty) => PhaseState::Empty,
        (_, State::Blocked) => PhaseState::Blocked,
    }
}

fn of_leg(leg: &Leg, state: PhaseState) -> PhaseReport {
    let plan = &leg.plan;
    let (proof, note) = match &leg.proof {
        Some(Ok(proof)) => (Some(summary(proof)), None),
        Some(Err(refusal)) => {
            let job = refusal.job.as_ref().map(|job| format!("`{job}`: ")).unwrap_or_default();
            (None, Some(format!("the proof failed: {job}{}", refusal.message)))
        }
        None => (None, None),
    };
    let changed = plan.changed.iter().filter(|job| !plan.removed.contains(&job.job));
    PhaseReport {
        jobs: changed.map(|job| ChangedJob { job: job.job.clone(), transforms: job.transforms.clone() }).collect(),
        removed: plan.removed.iter().cloned().collect(),
        left: names_left(leg),
        proof,
        note,
        ..empty(&plan.phase, state)
    }
}

fn names_left(leg: &Leg) -> Vec<String> {
    leg.plan.left.iter().map(|left| left.job.clone()).collect()
}

fn empty(phase: &Phase, state: PhaseState) -> PhaseReport {
    PhaseReport {
        number: phase.number,
        id: phase.id.clone(),
        title: phase.title.clone(),
        why: phase.why.clone(),
        state,
        jobs: Vec::new(),
        removed: Vec::new(),
        left: Vec::new(),
        proof: None,
        note: None,
    }
}

fn summary(proof: &Proof) -> ProofSummary {
    ProofSummary {
        jobs: proof.jobs,
        same: proof.same,
        differ: proof.differ.len(),
        summary: proof.summary(),
        lost_comments: proof.lost_comments.iter().map(|(_, comment)| comment.clone()).collect(),
    }
}
