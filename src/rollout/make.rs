//! From a repository to commits: the same plan and the same proof as for one repository, on objects in place of files.

use std::sync::Arc;

use super::commits::commits;
use super::data::{LeftJob, Row};
use super::git::Net;
use super::journal::Past;
use super::objects::ObjectFiles;
use super::outcome::{Fault, Outcome};
use super::plan::Plan;
use super::scratch::Scratch;
use super::target::Target;
use crate::migration::{Check, Course, Leg, Outcome as JobOutcome, Phase, Scene, Status};
use crate::pipeline::{Error, ErrorKind, Files, Pipeline, Project};
use crate::report::{Report, Sources, markdown, project_diff};
use crate::transform::{Reason, Settings};

/// The file with a team's settings, at the root of the repository.
const SETTINGS: &str = ".ci-migrate.yml";

/// How often missing objects are fetched: a pipeline of includes within includes is known step by step.
const ROUNDS: usize = 12;

/// What is the same for every repository.
pub struct Rules<'a> {
    pub plan: &'a Plan,
    pub phases: &'a [Phase],
    pub net: &'a Net,
    /// Whether the report for a merge request is wanted.
    pub describe: bool,
    /// Whether a branch that holds something else is replaced.
    pub replace: bool,
    /// Whether what is there as we made it is pushed again, for its merge request.
    pub again: bool,
}

/// A repository that was looked at.
pub enum Made {
    /// There is nothing to push.
    Settled(Box<Row>),
    /// Commits to be pushed.
    Ready(Box<Ready>),
}

/// Commits to be pushed.
pub struct Ready {
    pub scratch: Scratch,
    pub row: Row,
    pub base: String,
    pub commit: String,
    /// What someone else has there, and this takes the place of.
    pub replaced: Option<String>,
    /// The report, in Markdown.
    pub description: String,
}

/// Reads a repository, plans, proves, and makes the commits in a scratch repository.
///
/// `past` says which commits an earlier run meant for the branch: found there, they are ours.
///
/// # Errors
/// See [`Fault`].
pub fn make(rules: &Rules<'_>, target: &Target, past: &Past) -> Result<Made, Fault> {
    let Some(scratch) = Scratch::open(target, &rules.plan.branch, rules.net)? else {
        return Ok(Made::Settled(Box::new(settled(target, "the repository is empty"))));
    };
    let files = ObjectFiles::open(&scratch, &scratch.base)?;
    let main = target.file.as_deref().unwrap_or(&rules.plan.file).trim_start_matches("./");
    // A glance asks for nearly all that the course will read, and costs far less: little of the dear work is done twice.
    let project = complete(&files, &scratch, || glance(rules, target, &files, main))?;
    let planned = || {
        let settings = settings(rules, target, &files).map_err(Stop::Fault)?;
        let course = course(rules, &settings, &files, main, project.as_ref())?;
        Ok((settings, course))
    };
    let (settings, course) = match complete(&files, &scratch, planned)? {
        Ok(found) => found,
        Err(Stop::NoPipeline) => return Ok(Made::Settled(Box::new(settled(target, &format!("there is no {main}"))))),
        Err(Stop::Fault(fault)) => return Err(fault),
    };
    let mut row = row(rules, target, &files, &settings, &course);
    row.base = Some(scratch.base.clone());
    if row.phases.is_empty() {
        row.outcome = Some(Outcome::NothingToDo);
        return Ok(Made::Settled(Box::new(row)));
    }
    // A merge request is only asked for with a push that changes something: such a commit is a second younger for each that was meant.
    let is_again = rules.again && past.pushed.is_some() && scratch.found == past.pushed;
    let younger = if is_again { past.intents.len() as u64 } else { 0 };
    let commit = commits(&scratch.base, &files, rules.plan, &course, younger)?;
    row.commit = Some(commit.clone());
    let mut replaced = None;
    if let Some(found) = scratch.found.as_ref() {
        let is_ours = *found == commit || past.intents.contains(found) || have_one_tree(&files, found, &commit);
        if is_ours && rules.describe && past.merge_request.is_none() {
            row.merge_request = scratch.merge_request(found)?;
        }
        if is_ours && (!is_again || row.merge_request.is_some()) {
            row.commit = Some(found.clone());
            "the branch was there already, as it is to be".clone_into(&mut row.message);
            return Ok(Made::Settled(Box::new(row)));
        }
        if !is_ours {
            replaced = Some(found.clone());
        }
        if !is_ours && !rules.replace {
            let message = format!("the branch {} is there, and holds something else", rules.plan.branch);
            return Err(Fault::new(Outcome::Conflict, message));
        }
    }
    let description = if rules.describe { description(rules, &files, main, &settings) } else { String::new() };
    Ok(Made::Ready(Box::new(Ready { base: scratch.base.clone(), scratch, row, commit, replaced, description })))
}

/// Why there is no course.
pub(super) enum Stop {
    NoPipeline,
    Fault(Fault),
}

/// Reads until nothing is missing any more.
fn complete<T>(files: &ObjectFiles, scratch: &Scratch, read: impl Fn() -> T) -> Result<T, Fault> {
    for _ in 0..ROUNDS {
        let result = read();
        let (missing, whole_trees) = files.missing();
        if missing.is_empty() {
            return Ok(result);
        }
        scratch.fetch(&missing, whole_trees)?;
    }
    Err(Fault::new(Outcome::Failed, "the server does not give all the objects that the pipeline needs"))
}

/// Reads the pipeline and what its scripts name. What is wrong with it will be said when the course is planned.
fn glance(rules: &Rules<'_>, target: &Target, files: &ObjectFiles, main: &str) -> Option<Arc<Project>> {
    let settings = settings(rules, target, files).ok()?;
    let project = Arc::new(Project::load(files, main).ok()?);
    let pipeline = Pipeline::new(Arc::clone(&project)).ok()?;
    Scene::new(&pipeline, files, &settings);
    Some(project)
}

/// The settings of a repository: its own, those of the rollout, those that the list has for it.
pub(super) fn settings(rules: &Rules<'_>, target: &Target, files: &dyn Files) -> Result<Settings, Fault> {
    let invalid = |message: String| Fault::new(Outcome::Invalid, message);
    let mut settings = Settings::default();
    if let Some(text) = files.read(SETTINGS).map_err(|why| invalid(format!("{SETTINGS}: {why}")))? {
        settings.read(text).map_err(|error| invalid(format!("{SETTINGS}: {}", error.message)))?;
    }
    for assignment in rules.plan.set.iter().chain(&target.set) {
        settings.set(assignment).map_err(|error| invalid(error.message))?;
    }
    settings.assume_complete = rules.plan.assume_complete;
    Ok(settings)
}

/// All phases, each planned on top of the last and proved; of a project that was loaded already, if there is one.
pub(super) fn course(
    rules: &Rules<'_>,
    settings: &Settings,
    files: &dyn Files,
    main: &str,
    project: Option<&Arc<Project>>,
) -> Result<Course, Stop> {
    let invalid = |message: String| Stop::Fault(Fault::new(Outcome::Invalid, message));
    let course = match project {
        Some(project) => Course::of(Arc::clone(project), files, settings, rules.phases),
        None => Course::new(files, main, settings, rules.phases),
    };
    let course = course.map_err(|error| match error.kind {
        ErrorKind::NoFile => Stop::NoPipeline,
        _ => invalid(words(&error)),
    })?;
    for leg in &course.legs {
        let phase = &leg.plan.phase;
        let refused = |message: String| Err(Stop::Fault(Fault::new(Outcome::Refused, message)));
        let confirmed = || if leg.is_sound() { leg.plan.confirm().err() } else { None };
        if let Some(refusal) = leg.proof.as_ref().and_then(|proof| proof.as_ref().err().cloned()).or_else(confirmed) {
            let job = refusal.job.as_ref().map(|job| format!(" at `{job}`")).unwrap_or_default();
            return refused(format!("the proof of phase {} failed{job}: {}", phase.number, refusal.message));
        }
        if rules.plan.phase.is_some_and(|only| phase.number < only) && leg.is_sound() {
            return refused(format!("phase {} ({}) is pending and comes before", phase.number, phase.title));
        }
    }
    Ok(course)
}

/// What is said of a repository, as the last phase leaves it.
pub(super) fn row(rules: &Rules<'_>, target: &Target, files: &dyn Files, settings: &Settings, course: &Course) -> Row {
    let over = course.over(files);
    let scene = Scene::new(&course.after, &over, settings);
    let status = Status::new(&scene, &rules.plan.track, rules.phases);
    let sound: Vec<&Leg> = course.legs.iter().filter(|leg| leg.is_sound()).collect();
    let proofs = || sound.iter().filter_map(|leg| leg.proof.as_ref()?.as_ref().ok().map(|proof| (leg, proof)));
    let mut moved: Vec<String> = Vec::new();
    for job in proofs().flat_map(|(_, proof)| proof.differ.iter().filter_map(|differ| differ.job.clone())) {
        if !moved.contains(&job) {
            moved.push(job);
        }
    }
    let with = |outcome| status.jobs.iter().filter(move |job| job.outcome == outcome);
    let mut texts: std::collections::BTreeMap<&str, &str> = Default::default();
    sound.iter().for_each(|leg| texts.extend(leg.plan.texts()));
    let texts = texts.into_iter().map(|(path, text)| (path, text, &[][..]));
    let left: Vec<LeftJob> = with(JobOutcome::Left)
        .map(|job| LeftJob { job: job.name.clone(), reasons: job.reasons.iter().map(reason).collect() })
        .collect();
    let mut warnings: Vec<LeftJob> = Vec::new();
    for (job, warning) in sound.iter().flat_map(|leg| leg.warnings()) {
        match warnings.iter_mut().find(|known| known.job == job) {
            Some(known) => known.reasons.push(reason(warning)),
            None => warnings.push(LeftJob { job: job.to_owned(), reasons: vec![reason(warning)] }),
        }
    }
    Row {
        repository: target.id.clone(),
        outcome: Some(if left.is_empty() { Outcome::Migrated } else { Outcome::Partly }),
        phases: sound.iter().map(|leg| leg.plan.phase.number).collect(),
        moved,
        scoped: with(JobOutcome::Scoped).map(|job| job.name.clone()).collect(),
        left,
        warnings,
        findings: Check::new(&scene).findings.len(),
        proof: proofs().map(|(leg, proof)| format!("phase {}: {}", leg.plan.phase.number, proof.summary())).collect(),
        diff: project_diff(course.before.project(), texts),
        ..Row::default()
    }
}

fn description(rules: &Rules<'_>, files: &ObjectFiles, main: &str, settings: &Settings) -> String {
    let phases = rules.phases;
    let sources = Sources { main, track: &rules.plan.track, phases, settings, now: files, since: None };
    // The course was planned from the same files a moment ago: there is no error left to meet.
    Report::new(&sources).map(|report| markdown(&report)).unwrap_or_default()
}

fn have_one_tree(files: &ObjectFiles, found: &str, commit: &str) -> bool {
    let ours = files.tree_of(commit);
    ours.is_some() && files.tree_of(found) == ours
}

fn settled(target: &Target, message: &str) -> Row {
    let outcome = Some(Outcome::NothingToDo);
    Row { repository: target.id.clone(), outcome, message: message.to_owned(), ..Row::default() }
}

/// A reason on one line: place, message, code.
fn reason(reason: &Reason) -> String {
    match reason.file.is_empty() {
        true => format!("{} [{}]", reason.message, reason.code),
        false => format!("{}:{}: {} [{}]", reason.file, reason.line, reason.message, reason.code),
    }
}

fn words(error: &Error) -> String {
    format!("{}: {}", error.path, error.message)
}
