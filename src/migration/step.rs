//! One step of a phase: transformations that work on the same text.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::engine::Scene;
use super::one_text::{leave_unlike, written_once};
use super::phase::Phase;
use super::shared::share;
use crate::pipeline::{Definition, FileId, Keyword, Pipeline, Section};
use crate::shell::{Place, Script};
use crate::transform::{
    Draft, Expect, Facts, FileEdits, Left, Reason, Rewrite, Run, Settings, Stage, Survey, Transform, settle,
};
use crate::yaml::{Edited, Edits};

/// What a step does.
#[derive(Default)]
pub(super) struct Step {
    /// Jobs with the transformations that change them.
    pub jobs: Vec<(String, Vec<String>, Expect)>,
    pub removed: BTreeSet<String>,
    pub globals: BTreeSet<String>,
    pub left: Vec<Left>,
    /// By path.
    pub files: Vec<(String, Edited)>,
}

/// Runs one transformation of the whole pipeline, or several of single jobs together, perhaps for some jobs only.
pub(super) fn step(
    scene: &Scene<'_>,
    phase: &Phase,
    transforms: &[&'static Transform],
    only: Option<&BTreeSet<String>>,
) -> Step {
    match transforms {
        [Transform { run: Run::Pipeline(rewrite), .. }] => {
            let stage = Stage { pipeline: scene.pipeline, facts: &scene.facts, settings: scene.settings };
            of_pipeline(scene, &transforms[0].word(), rewrite(&stage))
        }
        _ => of_jobs(scene, phase, transforms, only),
    }
}

fn of_pipeline(scene: &Scene<'_>, word: &str, rewrite: Rewrite<'_>) -> Step {
    let files = match finish(scene, rewrite.edits) {
        Ok(files) => files,
        Err(reason) => {
            let jobs = rewrite.jobs.into_keys().chain(rewrite.removed);
            let left = jobs.map(|job| Left { job, reasons: vec![reason.clone()] });
            return Step { left: rewrite.left.into_iter().chain(left).collect(), ..Step::default() };
        }
    };
    Step {
        jobs: rewrite.jobs.into_iter().map(|(job, expect)| (job, vec![word.to_owned()], expect)).collect(),
        removed: rewrite.removed,
        globals: rewrite.globals,
        left: rewrite.left,
        files,
    }
}

/// A job and what is planned for it.
pub(super) struct Planned<'p> {
    pub name: String,
    pub transforms: Vec<String>,
    pub expect: Expect,
    pub files: FileEdits<'p>,
}

fn of_jobs(
    scene: &Scene<'_>,
    phase: &Phase,
    transforms: &[&'static Transform],
    only: Option<&BTreeSet<String>>,
) -> Step {
    let selected = || {
        let is_picked = |facts: &&Facts<'_>| only.is_none_or(|only| only.contains(facts.job.name()));
        scene.selected(phase).filter(is_picked)
    };
    let selected: Vec<&Facts<'_>> = selected().collect();
    let all = |planned: &mut [Planned<'_>]| finish(scene, together(written_once(scene.pipeline, planned)));
    let (mut step, mut planned) = plan_jobs(scene, phase, transforms, &selected);
    let mut written = all(&mut planned);
    if written.is_err() {
        // The edits of each job are gone into those of all.
        (step, planned) = plan_jobs(scene, phase, transforms, &selected);
        let names = planned.iter().map(|job| job.name.clone()).collect();
        step.leave_unwritten(scene, &mut planned);
        settle_who_changes(scene, transforms, &selected, names, &mut planned, &mut step);
        written = all(&mut planned);
    }
    step.write(planned, written);
    step
}

/// What is planned for each of the selected jobs, and those that are left.
fn plan_jobs<'p>(
    scene: &Scene<'p>,
    phase: &Phase,
    transforms: &[&'static Transform],
    selected: &[&Facts<'p>],
) -> (Step, Vec<Planned<'p>>) {
    let names: BTreeSet<String> = selected.iter().map(|facts| facts.job.name().to_owned()).collect();
    let (pipeline, settings) = (scene.pipeline, scene.settings);
    let jobs = selected.par_iter().with_min_len(FEW);
    let jobs: Vec<_> = jobs
        .map_init(Survey::default, |survey, &facts| {
            let again = survey.again(facts);
            plan_job(pipeline, settings, transforms, again.as_ref().unwrap_or(facts), &names)
        })
        .collect();
    let mut step = Step::default();
    let mut planned = Vec::new();
    for (facts, job) in selected.iter().zip(jobs) {
        match job {
            Ok(job) => planned.extend(job),
            Err(reasons) => step.left.push(Left { job: facts.job.name().to_owned(), reasons }),
        }
    }
    step.left.extend(leave_unlike(scene, transforms, selected, &mut planned));
    settle_who_changes(scene, transforms, selected, names, &mut planned, &mut step);
    share(scene, phase, transforms, selected, &mut planned);
    (step, planned)
}

/// A job that does not change after all must not change through a value that another one shares with it.
fn settle_who_changes<'p>(
    scene: &Scene<'p>,
    transforms: &[&'static Transform],
    selected: &[&Facts<'p>],
    mut names: BTreeSet<String>,
    planned: &mut Vec<Planned<'p>>,
    step: &mut Step,
) {
    let pipeline = scene.pipeline;
    loop {
        let changing: BTreeSet<String> = planned.iter().map(|job| job.name.clone()).collect();
        if changing.len() == names.len() {
            break;
        }
        names = changing;
        let shares = |job: &Planned<'_>| {
            let definition = pipeline.job(&job.name).and_then(|job| job.definitions().last().copied());
            let Some(Definition { value, .. }) = definition else { return false };
            let concerned = pipeline.sharers(value).into_iter().chain(pipeline.heirs(value)).map(|job| job.name());
            let named = pipeline.named_by(&job.name).iter().filter(|it| it.keyword == Keyword::Reference);
            concerned.chain(named.map(|it| &*it.by)).any(|name| !names.contains(name))
        };
        for job in std::mem::take(planned) {
            let facts = if shares(&job) { selected.iter().find(|facts| facts.job.name() == job.name) } else { None };
            let Some(facts) = facts else {
                planned.push(job);
                continue;
            };
            let again = Survey::default().again(facts);
            match plan_job(pipeline, scene.settings, transforms, again.as_ref().unwrap_or(facts), &names) {
                Ok(again) => planned.extend(again),
                Err(reasons) => step.left.push(Left { job: job.name, reasons }),
            }
        }
    }
}

impl Step {
    /// Leaves the jobs whose edits cannot be made; the others do without them.
    fn leave_unwritten(&mut self, scene: &Scene<'_>, planned: &mut Vec<Planned<'_>>) {
        planned.retain(|job| match finish(scene, job.files.clone()) {
            Ok(_) => true,
            Err(reason) => {
                self.left.push(Left { job: job.name.clone(), reasons: vec![reason] });
                false
            }
        });
    }

    /// Puts the edits of the jobs together.
    fn write(&mut self, planned: Vec<Planned<'_>>, written: Result<Vec<(String, Edited)>, Reason>) {
        match written {
            Ok(files) => {
                self.files = files;
                self.jobs = planned.into_iter().map(|job| (job.name, job.transforms, job.expect)).collect();
            }
            Err(reason) => {
                self.left.extend(planned.into_iter().map(|job| Left { job: job.name, reasons: vec![reason.clone()] }));
            }
        }
    }
}

pub(super) fn together<'p>(all: impl Iterator<Item = FileEdits<'p>>) -> FileEdits<'p> {
    let mut files: BTreeMap<FileId, Edits<'p>> = BTreeMap::new();
    for (file, edits) in all.flatten() {
        match files.entry(file) {
            Entry::Vacant(slot) => drop(slot.insert(edits)),
            Entry::Occupied(mut slot) => slot.get_mut().absorb(edits),
        }
    }
    files
}

/// Applies the edits of each file.
pub(super) fn finish(scene: &Scene<'_>, files: FileEdits<'_>) -> Result<Vec<(String, Edited)>, Reason> {
    let project = scene.pipeline.project();
    let changed = files.into_iter().filter(|(_, edits)| !edits.is_empty());
    changed
        .map(|(file, edits)| {
            if let Some(reason) = scene.shared.get(&file) {
                return Err(reason.clone());
            }
            let path = project.file(file).path.clone();
            match edits.finish() {
                Ok(edited) => Ok((path, edited)),
                Err(error) => {
                    let place = project.file(file).stream().map(|stream| stream.line_column(error.span.start));
                    let (line, column) = place.unwrap_or_default();
                    Err(Reason { code: "no-safe-place", message: error.message, file: path, line, column })
                }
            }
        })
        .collect()
}

/// Fewer jobs than this are planned before another core would have begun.
const FEW: usize = 16;

/// What some transformations make of a job, and their words.
pub(super) fn draft_job<'f, 'p>(
    pipeline: &'p Pipeline,
    settings: &Settings,
    transforms: &[&'static Transform],
    facts: &'f Facts<'p>,
) -> Result<(Draft<'f, 'p>, Drafted), Vec<Reason>> {
    let mut draft = Draft::new(pipeline, facts);
    let mut drafted = Drafted::default();
    for transform in transforms {
        let Run::Job { declares, apply } = transform.run else { continue };
        let before = draft.fingerprint();
        apply(&mut draft, settings)?;
        if draft.fingerprint() != before {
            drafted.transforms.push(transform.word());
            drafted.declares.extend(declares);
        }
    }
    broken(&draft).map_or(Ok((draft, drafted)), |reason| Err(vec![reason]))
}

/// A script that a shell could read before, and could not as it would be: with an empty body, say.
fn broken(draft: &Draft<'_, '_>) -> Option<Reason> {
    let found = Section::ALL.into_iter().enumerate().find(|(_, section)| {
        let was = || draft.items(*section).iter().filter(|item| item.at.is_some()).map(|item| item.text.as_str());
        let reads = |texts: &[String]| Script::parse(texts).clean();
        draft.is_touched(*section) && !reads(&draft.texts(*section)) && Script::parse(was()).clean()
    });
    let (part, section) = found?;
    let message = format!("without what serves the daemon the `{}` would be no shell code", section.keyword());
    Some(draft.reason(part, Some(&Place { item: 0, range: 0..0 }), "doubtful-script", message))
}

/// The transformations that changed a draft, and what they declare.
#[derive(Default)]
pub(super) struct Drafted {
    transforms: Vec<String>,
    declares: BTreeSet<&'static str>,
}

fn plan_job<'p>(
    pipeline: &'p Pipeline,
    settings: &Settings,
    transforms: &[&'static Transform],
    facts: &Facts<'p>,
    selected: &BTreeSet<String>,
) -> Result<Option<Planned<'p>>, Vec<Reason>> {
    let (draft, Drafted { transforms, declares }) = draft_job(pipeline, settings, transforms, facts)?;
    if draft.is_empty() {
        return Ok(None);
    }
    let files = settle(&draft, selected)?;
    let texts = |section| draft.is_touched(section).then(|| draft.effective_texts(section));
    let expect = Expect {
        scripts: [texts(Section::BeforeScript), texts(Section::Script), texts(Section::AfterScript)],
        variables: draft.variables.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect(),
        services: draft.services.as_ref().map(Vec::len),
        declares,
    };
    Ok(Some(Planned { name: facts.job.name().to_owned(), transforms, expect, files }))
}
