//! Edits a template in place of the jobs that take their script from it, where a phase changes all of them alike.
//!
//! A job that gets a value of its own hides the template's: right for one job of several, and a copy for each where the
//! phase is about all of them. Whether the template can be edited for them is tried, and proved, on a plan of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::engine::{JobPlan, Plan, Scene};
use super::phase::Phase;
use super::proof::prove;
use super::step::{Planned, draft_job, finish, together};
use crate::pipeline::{At, Definition, Job, Pipeline, Section, Way};
use crate::transform::{Draft, Facts, Survey, Transform, settle_at};

/// More templates than this in one phase are not tried one by one when they cannot be changed together.
const FEW: usize = 16;

/// Jobs that are changed through their template.
struct Group<'p> {
    /// By their number among the planned jobs.
    jobs: Vec<usize>,
    edits: crate::transform::FileEdits<'p>,
}

/// Moves the edits of planned jobs to the templates that they share, where that does the same.
pub(super) fn share<'p>(
    scene: &Scene<'p>,
    phase: &Phase,
    transforms: &[&'static Transform],
    selected: &[&Facts<'p>],
    planned: &mut [Planned<'p>],
) {
    let facts: BTreeMap<&str, &Facts<'p>> = selected.iter().map(|facts| (facts.job.name(), *facts)).collect();
    let mut templates: BTreeMap<At, (Job<'p>, Vec<usize>)> = BTreeMap::new();
    for (number, job) in planned.iter().enumerate() {
        let Some(facts) = facts.get(job.name.as_str()) else { continue };
        if let Some((template, definition)) = template(scene.pipeline, facts) {
            templates.entry(definition.value).or_insert_with(|| (template, Vec::new())).1.push(number);
        }
    }
    let groups = templates.into_values().filter_map(|(template, jobs)| {
        let facts: Vec<&Facts<'p>> =
            jobs.iter().filter_map(|&n| facts.get(planned[n].name.as_str()).copied()).collect();
        let edits = edits(scene, transforms, template, &facts)?;
        Some(Group { jobs, edits })
    });
    let mut groups: Vec<Group<'p>> = groups.collect();
    if !is_proved(scene, phase, planned, &groups) {
        match groups.len() {
            2..=FEW => groups.retain(|group| is_proved(scene, phase, planned, std::slice::from_ref(group))),
            _ => groups.clear(),
        }
        // Each of them is right; together they may still be more than that.
        if !is_proved(scene, phase, planned, &groups) {
            groups.clear();
        }
    }
    for group in groups {
        let mut edits = Some(group.edits);
        for number in group.jobs {
            planned[number].files = edits.take().unwrap_or_default();
        }
    }
}

/// The hidden job that a job takes its script from, and where that is written.
fn template<'p>(pipeline: &'p Pipeline, facts: &Facts<'p>) -> Option<(Job<'p>, Definition)> {
    let script = facts.effective.get("script")?.origin.at;
    pipeline.hidden().find_map(|hidden| {
        let definition = *hidden.definitions().last()?;
        is_in(pipeline, script, definition).then_some((hidden, definition))
    })
}

fn is_in(pipeline: &Pipeline, at: At, definition: Definition) -> bool {
    let tree = pipeline.project().file(at.file).tree();
    let mut around = std::iter::successors(Some(at.node), |&node| tree.parent(node));
    at.file == definition.value.file && around.any(|node| node == definition.value.node)
}

/// The edits of a template that do for all jobs that take anything from it what is planned for each.
fn edits<'p>(
    scene: &Scene<'p>,
    transforms: &[&'static Transform],
    template: Job<'p>,
    jobs: &[&Facts<'p>],
) -> Option<crate::transform::FileEdits<'p>> {
    let pipeline = scene.pipeline;
    let definition = *template.definitions().last()?;
    let names: BTreeSet<String> = jobs.iter().map(|facts| facts.job.name().to_owned()).collect();
    if pipeline.sharers(definition.value).iter().any(|job| !names.contains(job.name())) {
        return None;
    }
    let survey = Survey::default();
    let read: Vec<Option<Facts<'p>>> = jobs.iter().map(|facts| survey.again(facts)).collect();
    let read = jobs.iter().zip(&read).map(|(facts, again)| again.as_ref().unwrap_or(facts));
    let drafts = read.map(|facts| draft_job(pipeline, scene.settings, transforms, facts).ok().map(|(draft, _)| draft));
    let drafts: Vec<Draft<'_, 'p>> = drafts.collect::<Option<_>>()?;
    let first = drafts.first()?;
    let alike = drafts.iter().all(|draft| draft.is_like(first) && is_of(pipeline, draft, definition));
    alike.then(|| settle_at(first, definition, &names).ok()).flatten()
}

/// Whether the template is where a job has all from that its draft changes, or would have it from: no nearer value hides it.
fn is_of(pipeline: &Pipeline, draft: &Draft<'_, '_>, definition: Definition) -> bool {
    let sections =
        [(Section::BeforeScript, "before_script"), (Section::Script, "script"), (Section::AfterScript, "after_script")];
    let touched = sections.into_iter().filter(|(section, _)| draft.is_touched(*section)).map(|(_, keyword)| keyword);
    let services = draft.services.is_some().then_some("services");
    let image = draft.image.is_some().then_some("image");
    touched.chain(services).chain(image).all(|keyword| match draft.facts.effective.get(keyword) {
        Some(setting) => {
            matches!(setting.origin.way, Way::Default | Way::Global) || is_in(pipeline, setting.origin.at, definition)
        }
        None => true,
    })
}

/// Whether the jobs of some groups become what is planned for them, and no other job changes.
fn is_proved(scene: &Scene<'_>, phase: &Phase, planned: &[Planned<'_>], groups: &[Group<'_>]) -> bool {
    if groups.is_empty() {
        return true;
    }
    let edits = groups.iter().map(|group| &group.edits);
    let Ok(files) = finish(scene, together(edits.cloned())) else { return false };
    let jobs = groups.iter().flat_map(|group| &group.jobs).filter_map(|&number| planned.get(number));
    let changed = jobs.map(|job| JobPlan {
        job: job.name.clone(),
        transforms: job.transforms.clone(),
        expect: job.expect.clone(),
    });
    let plan = Plan::of(scene, phase, changed.collect(), files);
    prove(scene, &plan).is_ok()
}
