//! Jobs that are made of one text: a file that is included several times, with other inputs each time.
//!
//! An edit of the text is an edit of all of them. They change alike, and are written once, or are left.

use std::collections::{BTreeMap, BTreeSet};

use super::engine::Scene;
use super::step::{Planned, draft_job};
use crate::pipeline::{At, Pipeline};
use crate::transform::{Draft, Facts, FileEdits, Left, Reason, Survey, Transform, reason_at};

/// Takes those jobs of one text off the plan that would not become the same.
pub(super) fn leave_unlike<'p>(
    scene: &Scene<'p>,
    transforms: &[&'static Transform],
    selected: &[&Facts<'p>],
    planned: &mut Vec<Planned<'p>>,
) -> Vec<Left> {
    let mut left = Vec::new();
    for (at, names) in texts(scene.pipeline, planned) {
        let facts: Vec<&Facts<'p>> =
            selected.iter().copied().filter(|f| names.iter().any(|n| n == f.job.name())).collect();
        let survey = Survey::default();
        let read: Vec<Option<Facts<'p>>> = facts.iter().map(|facts| survey.again(facts)).collect();
        let read = facts.iter().zip(&read).map(|(facts, again)| again.as_ref().unwrap_or(facts));
        let draft = |facts| draft_job(scene.pipeline, scene.settings, transforms, facts).ok().map(|(draft, _)| draft);
        let drafts: Option<Vec<Draft<'_, 'p>>> = read.map(draft).collect();
        let alike = drafts.iter().flatten().zip(drafts.iter().flatten().skip(1)).all(|(one, other)| one.is_like(other));
        if alike && drafts.is_some() {
            continue;
        }
        planned.retain(|job| !names.contains(&job.name));
        let message = format!("one text makes {}: with its inputs, each would change in its own way", listed(&names));
        let reason: Reason = reason_at(scene.pipeline.project(), at, None, "input", message);
        left.extend(names.into_iter().map(|job| Left { job, reasons: vec![reason.clone()] }));
    }
    left
}

/// Takes the edits out of planned jobs, those of one text once: they are the same.
pub(super) fn written_once<'e, 'p>(
    pipeline: &'e Pipeline,
    planned: &'e mut [Planned<'p>],
) -> impl Iterator<Item = FileEdits<'p>> {
    let mut known = BTreeSet::new();
    let edits = planned.iter_mut().filter(|job| !job.files.is_empty());
    let once = edits.filter(move |job| text_of(pipeline, job).is_none_or(|text| known.insert(text)));
    once.map(|job| std::mem::take(&mut job.files))
}

fn text_of(pipeline: &Pipeline, job: &Planned<'_>) -> Option<At> {
    Some(pipeline.job(&job.name)?.definitions().last()?.value)
}

/// The texts of which there are several planned jobs, with their names.
fn texts(pipeline: &Pipeline, planned: &[Planned<'_>]) -> BTreeMap<At, Vec<String>> {
    let mut texts: BTreeMap<At, Vec<String>> = BTreeMap::new();
    for job in planned {
        text_of(pipeline, job).into_iter().for_each(|of| texts.entry(of).or_default().push(job.name.clone()));
    }
    texts.retain(|_, names| names.len() > 1);
    texts
}

fn listed(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
