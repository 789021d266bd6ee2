//! One step of a phase: transformations that work on the same text.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::engine::Scene;
use super::phase::Phase;
use crate::pipeline::{FileId, Pipeline, Section};
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

type Planned<'p> = (String, Vec<String>, Expect, FileEdits<'p>);

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
    let mut names: BTreeSet<String> = selected.iter().map(|facts| facts.job.name().to_owned()).collect();
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
    // A job that does not change after all must not change through a value that another one shares with it.
    loop {
        let changing: BTreeSet<String> = planned.iter().map(|(job, ..)| job.clone()).collect();
        if changing.len() == names.len() {
            break;
        }
        names = changing;
        let shares = |job: &Planned<'_>| {
            let definition = scene.pipeline.job(&job.0).and_then(|job| job.definitions().last().copied());
            let sharers = definition.map(|definition| scene.pipeline.sharers(definition.value)).unwrap_or_default();
            sharers.iter().any(|sharer| !names.contains(sharer.name()))
        };
        for job in std::mem::take(&mut planned) {
            let facts = if shares(&job) { selected.iter().find(|facts| facts.job.name() == job.0) } else { None };
            let Some(facts) = facts else {
                planned.push(job);
                continue;
            };
            let again = Survey::default().again(facts);
            match plan_job(pipeline, settings, transforms, again.as_ref().unwrap_or(facts), &names) {
                Ok(again) => planned.extend(again),
                Err(reasons) => step.left.push(Left { job: job.0, reasons }),
            }
        }
    }
    step.write(scene, planned);
    step
}

impl Step {
    /// Puts the edits of the jobs together. A job whose edits cannot be made is left; the others do without it.
    fn write(&mut self, scene: &Scene<'_>, mut planned: Vec<Planned<'_>>) {
        let mut written = finish(scene, together(&planned));
        if written.is_err() {
            planned.retain(|job| match finish(scene, job.3.clone()) {
                Ok(_) => true,
                Err(reason) => {
                    self.left.push(Left { job: job.0.clone(), reasons: vec![reason] });
                    false
                }
            });
            written = finish(scene, together(&planned));
        }
        match written {
            Ok(files) => {
                self.files = files;
                self.jobs = planned.into_iter().map(|(job, transforms, expect, _)| (job, transforms, expect)).collect();
            }
            Err(reason) => {
                self.left.extend(planned.into_iter().map(|(job, ..)| Left { job, reasons: vec![reason.clone()] }));
            }
        }
    }
}

fn together<'p>(planned: &[Planned<'p>]) -> FileEdits<'p> {
    let mut files: BTreeMap<FileId, Edits<'p>> = BTreeMap::new();
    for (file, edits) in planned.iter().flat_map(|(.., files)| files) {
        match files.entry(*file) {
            Entry::Vacant(slot) => drop(slot.insert(edits.clone())),
            Entry::Occupied(mut slot) => slot.get_mut().absorb(edits.clone()),
        }
    }
    files
}

/// Applies the edits of each file.
fn finish(scene: &Scene<'_>, files: FileEdits<'_>) -> Result<Vec<(String, Edited)>, Reason> {
    let project = scene.pipeline.project();
    let changed = files.into_iter().filter(|(_, edits)| !edits.is_empty());
    changed
        .map(|(file, edits)| {
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

fn plan_job<'p>(
    pipeline: &'p Pipeline,
    settings: &Settings,
    transforms: &[&'static Transform],
    facts: &Facts<'p>,
    selected: &BTreeSet<String>,
) -> Result<Option<Planned<'p>>, Vec<Reason>> {
    let mut draft = Draft::new(pipeline, facts);
    let mut words = Vec::new();
    let mut declared = BTreeSet::new();
    for transform in transforms {
        let Run::Job { declares, apply } = transform.run else { continue };
        let before = draft.fingerprint();
        apply(&mut draft, settings)?;
        if draft.fingerprint() != before {
            words.push(transform.word());
            declared.extend(declares);
        }
    }
    if draft.is_empty() {
        return Ok(None);
    }
    let edits = settle(&draft, selected)?;
    let texts = |section| draft.is_touched(section).then(|| draft.texts(section));
    let expect = Expect {
        scripts: [texts(Section::BeforeScript), texts(Section::Script), texts(Section::AfterScript)],
        variables: draft.variables.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect(),
        services: draft.services.as_ref().map(Vec::len),
        declares: declared,
    };
    Ok(Some((facts.job.name().to_owned(), words, expect, edits)))
}
