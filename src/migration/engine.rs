//! Turns a phase into a plan: what would change, what is left and why, and what is declared to differ.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::awaited::await_images;
use super::children::shared_with_children;
use super::compose::look_at_compose;
use super::course::Layered;
use super::look::look_into;
use super::phase::{Phase, Select, is_of_jobs};
use super::proof::Refusal;
use super::reported::look_at_reports;
use super::roles::roles;
use super::stages::look_at_stages;
use super::step::{Step, step};
use crate::pipeline::{FileId, Files, Pipeline};
use crate::transform::{Expect, Facts, Left, Reason, Role, Settings, Survey, Transform};
use crate::yaml::{self, Checked, Done, Edit, Edited, Stream};

/// A pipeline with what is known of its jobs.
pub struct Scene<'p> {
    pub pipeline: &'p Pipeline,
    pub facts: Vec<Facts<'p>>,
    /// By the number of the job.
    pub roles: Vec<Role>,
    pub settings: &'p Settings,
    files: &'p dyn Files,
    /// Files that are not to be edited, and why.
    pub(super) shared: BTreeMap<FileId, Reason>,
}

/// What a phase would do.
pub struct Plan {
    pub phase: Phase,
    /// The jobs that it may touch, in order; of a phase that may touch all, those that it has to do with.
    pub selected: Vec<String>,
    pub changed: Vec<JobPlan>,
    /// Jobs that go.
    pub removed: BTreeSet<String>,
    /// Keys outside the jobs that may differ.
    pub globals: BTreeSet<String>,
    pub left: Vec<Left>,
    pub files: Vec<FilePlan>,
    /// Whether some job is migrated already: a phase that may touch all jobs has its turn after that.
    pub begun: bool,
    /// The jobs that were picked; none where the phase goes for all that it selects.
    pub only: Option<BTreeSet<String>>,
}

/// What becomes of one job, and what its effective configuration must then be.
pub struct JobPlan {
    pub job: String,
    /// The transformations that changed it.
    pub transforms: Vec<String>,
    pub expect: Expect,
}

/// A file and what becomes of it.
pub struct FilePlan {
    pub file: FileId,
    pub path: String,
    pub now: Checked,
    /// The edits that led there, each step on the text of the one before.
    pub steps: Vec<Done>,
}

/// In pipelines with more jobs than this, a second core has something to do.
pub(super) const LONG: usize = 64;

impl<'p> Scene<'p> {
    /// Looks at every job of a pipeline. `files` shows the repository, for what the roles need.
    pub fn new(pipeline: &'p Pipeline, files: &'p dyn Files, settings: &'p Settings) -> Scene<'p> {
        let mut facts = Survey::of(pipeline);
        let roles = rayon::in_place_scope(|beside| {
            if facts.len() > LONG {
                // The edits will ask for it.
                beside.spawn(|_| pipeline.know_sharers());
            }
            look_into(&mut facts, files, pipeline, settings);
            look_at_compose(&mut facts, files, pipeline.project(), settings);
            await_images(&mut facts, files, pipeline);
            look_at_stages(&mut facts, files, pipeline, settings);
            look_at_reports(&mut facts, pipeline);
            roles(&facts, files, settings)
        });
        let shared = shared_with_children(pipeline, files);
        Scene { pipeline, facts, roles, settings, files, shared }
    }

    /// The facts of the jobs that a phase selects.
    pub fn selected<'s>(&'s self, phase: &'s Phase) -> impl Iterator<Item = &'s Facts<'p>> + 's {
        self.facts.iter().zip(&self.roles).filter(|(_, role)| phase.select.takes(**role)).map(|(facts, _)| facts)
    }
}

impl FilePlan {
    /// The text as it would be.
    pub fn text(&self) -> &str {
        self.now.text()
    }

    /// The edits, if one step made them all.
    pub fn edits(&self) -> &[Edit] {
        match self.steps.as_slice() {
            [step] => &step.edits,
            _ => &[],
        }
    }

    /// The line in the original text of one in the text as planned so far; 0 stays 0.
    fn original_line(&self, original: &str, line: usize) -> usize {
        let Some(above) = line.checked_sub(1) else { return line };
        let mut at = self.text().split_inclusive('\n').take(above).map(str::len).sum::<usize>();
        for step in self.steps.iter().rev() {
            let (mut old, mut new) = (0, 0);
            for edit in &step.edits {
                let kept = edit.range.start.saturating_sub(old);
                if new + kept > at {
                    break;
                }
                (old, new) = (edit.range.end, new + kept + edit.text.len());
                // Within what was put there: where that begins.
                at = at.max(new);
            }
            at = old + (at - new);
        }
        original.get(..at).unwrap_or(original).matches('\n').count() + 1
    }
}

impl Plan {
    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Plans a phase. A job is changed whole or left whole.
    ///
    /// Transformations of single jobs work together on one text; one of the whole pipeline begins with what the ones
    /// before it left.
    pub fn new(scene: &Scene<'_>, phase: &Phase) -> Plan {
        Plan::new_for(scene, phase, None)
    }

    /// Plans a phase for some of its jobs, as if it selected no others. A transformation of the whole pipeline knows no
    /// single jobs: such a phase cannot be restricted ([`Phase::is_of_jobs`]), and this plans it whole.
    pub fn new_for(scene: &Scene<'_>, phase: &Phase, only: Option<&BTreeSet<String>>) -> Plan {
        let only = only.filter(|_| phase.is_of_jobs());
        let mut plan = Plan::empty(scene, phase);
        plan.only = only.cloned();
        let mut steps = phase.transforms.chunk_by(|a, b| is_of_jobs(a) && is_of_jobs(b));
        if let Some(first) = steps.next() {
            plan.take(scene, step(scene, phase, first, only));
            // Jobs whose anchors the others have used until now.
            let anchored = |reason: &Reason| reason.code == "anchor-in-use";
            let again = plan.left.iter().any(|left| left.reasons.iter().any(anchored));
            if again && only.is_none() && !plan.is_empty() {
                plan.left.clear();
                if let Err(error) = plan.go_on(scene, phase, first) {
                    plan.give_up(error);
                }
            }
        }
        for transforms in steps {
            if let Err(error) = plan.go_on(scene, phase, transforms) {
                plan.give_up(error);
                break;
            }
        }
        plan.select(scene);
        plan
    }

    /// A plan of some jobs, in one step.
    pub(super) fn of(scene: &Scene<'_>, phase: &Phase, changed: Vec<JobPlan>, files: Vec<(String, Edited)>) -> Plan {
        let jobs = changed.into_iter().map(|job| (job.job, job.transforms, job.expect)).collect();
        let mut plan = Plan::empty(scene, phase);
        plan.take(scene, Step { jobs, files, ..Step::default() });
        plan
    }

    fn empty(scene: &Scene<'_>, phase: &Phase) -> Plan {
        Plan {
            phase: phase.clone(),
            selected: Vec::new(),
            changed: Vec::new(),
            removed: BTreeSet::new(),
            globals: BTreeSet::new(),
            left: Vec::new(),
            files: Vec::new(),
            begun: scene.facts.iter().any(|facts| facts.kubernetes || facts.registry),
            only: None,
        }
    }

    fn go_on(
        &mut self,
        scene: &Scene<'_>,
        phase: &Phase,
        transforms: &[&'static Transform],
    ) -> Result<(), crate::pipeline::Error> {
        let over = self.texts().into_iter().collect();
        let layered = Layered { under: scene.files, over: &over };
        let project = scene.pipeline.project().reload(&layered, &self.read())?;
        let pipeline = Pipeline::new(Arc::new(project))?;
        let next = Scene::new(&pipeline, &layered, scene.settings);
        let mut step = step(&next, phase, transforms, None);
        // What is said must be found in the files as they are, and not as an earlier step left them.
        for reason in step.left.iter_mut().flat_map(|left| &mut left.reasons) {
            if let Some(file) = self.files.iter().find(|file| file.path == reason.file) {
                let original = scene.pipeline.project().file(file.file).stream().map(|stream| stream.text());
                reason.line = file.original_line(original.unwrap_or_default(), reason.line);
            }
        }
        self.take(scene, step);
        Ok(())
    }

    /// Takes over what a step does.
    fn take(&mut self, scene: &Scene<'_>, step: Step) {
        let known: BTreeMap<String, usize> =
            self.changed.iter().enumerate().map(|(number, planned)| (planned.job.clone(), number)).collect();
        for (job, transforms, expect) in step.jobs {
            match known.get(&job).and_then(|number| self.changed.get_mut(*number)) {
                Some(planned) => {
                    planned.transforms.extend(transforms);
                    planned.expect.then(expect);
                }
                None => self.changed.push(JobPlan { job, transforms, expect }),
            }
        }
        self.removed.extend(step.removed);
        self.globals.extend(step.globals);
        self.left.extend(step.left);
        for (path, Edited { now, done }) in step.files {
            match self.files.iter_mut().find(|file| file.path == path) {
                Some(file) => {
                    file.now = now;
                    file.steps.push(done);
                }
                None => {
                    let Some(file) = scene.pipeline.project().find(&path) else { continue };
                    self.files.push(FilePlan { file, path, now, steps: vec![done] });
                }
            }
        }
        self.files.sort_by_key(|file| file.file);
    }

    /// A step whose result cannot be read takes the whole phase with it.
    fn give_up(&mut self, error: crate::pipeline::Error) {
        let reason =
            Reason { code: "no-safe-place", message: error.message, file: error.path.into(), line: 0, column: 0 };
        self.files.clear();
        self.removed.clear();
        self.globals.clear();
        let left = self.changed.drain(..).map(|job| Left { job: job.job, reasons: vec![reason.clone()] });
        self.left.extend(left);
    }

    fn select(&mut self, scene: &Scene<'_>) {
        let concerned: BTreeSet<&str> = self
            .changed
            .iter()
            .map(|job| job.job.as_str())
            .chain(self.removed.iter().map(String::as_str))
            .chain(self.left.iter().map(|left| left.job.as_str()))
            .collect();
        let selected = scene.selected(&self.phase).map(|facts| facts.job.name());
        let selected = selected.filter(|name| self.only.as_ref().is_none_or(|only| only.contains(*name)));
        let selected = selected.filter(|name| self.phase.select != Select::All || concerned.contains(name));
        self.selected = selected.map(str::to_owned).collect();
    }
}

/// The project as the plan leaves it, read by the second reader.
pub fn after(scene: &Scene<'_>, plan: &Plan) -> Result<Pipeline, crate::pipeline::Error> {
    let files = plan.files.iter().map(|file| (file.file, file.now.clone()));
    Pipeline::new(Arc::new(scene.pipeline.project().with(files)?))
}

impl Plan {
    /// Puts a text that somebody wrote by hand in the place of what the plan has for a file. It is for [`prove`](super::prove) to
    /// say whether it does the same.
    ///
    /// # Errors
    /// The text cannot be read.
    pub fn put(&mut self, scene: &Scene<'_>, path: &str, text: String) -> Result<(), yaml::Error> {
        let stream = Stream::parse(text)?;
        let is_as_before = |file: &FilePlan| {
            let before = scene.pipeline.project().file(file.file).stream().map(|before| before.text());
            before == Some(stream.text())
        };
        self.files.retain(|file| file.path != path || !is_as_before(file));
        if let Some(file) = self.files.iter_mut().find(|file| file.path == path) {
            file.now = stream.into();
        }
        Ok(())
    }

    /// Has all of each text read once more, where it was read by its changes alone. To be asked before anything is written.
    ///
    /// # Errors
    /// A text is not what was understood.
    pub fn confirm(&self) -> Result<(), Refusal> {
        self.files.iter().try_for_each(|file| {
            let refusal =
                |error: yaml::Error| format!("{} cannot be read as it would be: {}", file.path, error.message);
            file.now.confirm().map_err(|error| Refusal { job: None, message: refusal(error) })
        })
    }

    /// The texts of a plan as they were read, by path.
    pub(super) fn read(&self) -> Vec<(&str, &Checked)> {
        self.files.iter().map(|file| (file.path.as_str(), &file.now)).collect()
    }

    /// The texts of a plan, by path.
    pub fn texts(&self) -> BTreeMap<&str, &str> {
        self.files.iter().map(|file| (file.path.as_str(), file.text())).collect()
    }
}
