//! All phases of a track, each planned on top of the last.

use std::sync::Arc;

use super::engine::{Plan, Scene};
use super::phase::Phase;
use super::proof::{Proof, Refusal, prove};
use crate::pipeline::{Error, Files, MemoryFiles, Pipeline, Project, ReadError};
use crate::transform::{Reason, Settings};

/// What would become of a pipeline if every phase were applied, in order. Nothing is written.
pub struct Course {
    pub before: Pipeline,
    /// One for each phase, in order; the phases behind a refused one are not planned.
    pub legs: Vec<Leg>,
    pub after: Pipeline,
    written: MemoryFiles,
}

/// One phase on its way.
pub struct Leg {
    pub plan: Plan,
    /// None when the plan is empty.
    pub proof: Option<Result<Proof, Refusal>>,
}

/// A repository with other texts over some of its files.
pub struct Layered<'a> {
    pub under: &'a dyn Files,
    pub over: &'a MemoryFiles,
}

impl Course {
    /// Plans and proves the phases, each on what the ones before it would have written.
    ///
    /// # Errors
    /// The pipeline cannot be read. A phase whose proof fails is no error: it ends the course, see [`Leg::proof`].
    pub fn new(files: &dyn Files, main: &str, settings: &Settings, phases: &[Phase]) -> Result<Course, Error> {
        Course::of(Arc::new(Project::load(files, main)?), files, settings, phases)
    }

    /// The same for a project that was loaded from these files already.
    ///
    /// # Errors
    /// As [`Course::new`].
    pub fn of(
        project: Arc<Project>,
        files: &dyn Files,
        settings: &Settings,
        phases: &[Phase],
    ) -> Result<Course, Error> {
        let before = Pipeline::new(Arc::clone(&project))?;
        let mut after = Pipeline::new(project)?;
        let mut written = MemoryFiles::default();
        let mut legs: Vec<Leg> = Vec::new();
        let mut rest = phases.iter().peekable();
        while rest.peek().is_some() {
            {
                // Phases that change nothing leave the scene to the next one.
                let layered = Layered { under: files, over: &written };
                let scene = Scene::new(&after, &layered, settings);
                for phase in rest.by_ref() {
                    let plan = Plan::new(&scene, phase);
                    let proof = (!plan.is_empty()).then(|| prove(&scene, &plan));
                    let is_over = proof.is_some();
                    legs.push(Leg { plan, proof });
                    if is_over {
                        break;
                    }
                }
            }
            match legs.last() {
                Some(Leg { proof: Some(Err(_)), .. }) => break,
                Some(leg) if leg.is_sound() => {
                    leg.plan.files.iter().for_each(|file| written.insert(&file.path, file.text()));
                    let layered = Layered { under: files, over: &written };
                    after = Pipeline::new(Arc::new(after.project().reload(&layered, &leg.plan.read())?))?;
                }
                _ => {}
            }
        }
        Ok(Course { before, legs, after, written })
    }

    /// The repository as the last phase leaves it.
    pub fn over<'a>(&'a self, files: &'a dyn Files) -> Layered<'a> {
        Layered { under: files, over: &self.written }
    }
}

impl Leg {
    /// Whether it changes something, and is proved.
    pub fn is_sound(&self) -> bool {
        matches!(self.proof, Some(Ok(_)))
    }

    /// The jobs that it changes and that a person should look at, with what there is to see; none if it changes nothing.
    pub fn warnings(&self) -> impl Iterator<Item = (&str, &Reason)> {
        let left = self.plan.left.iter().filter(|_| self.is_sound());
        let reasons = left.flat_map(|left| left.reasons.iter().map(|reason| (left.job.as_str(), reason)));
        reasons.filter(|(_, reason)| reason.is_warning())
    }
}

impl Files for Layered<'_> {
    fn read(&self, path: &str) -> Result<Option<String>, ReadError> {
        match self.over.read(path)? {
            Some(text) => Ok(Some(text)),
            None => self.under.read(path),
        }
    }

    fn list(&self) -> Result<Vec<String>, ReadError> {
        self.under.list()
    }
}
