//! Makes a report of a pipeline: at a revision, as it stands, and as all phases would leave it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::data::{Checks, DeltaKind, JobReport, LeftReport, Report, SharedReport, Since, Three, Totals};
use super::delta::{Deltas, Doer};
use super::entries::Entries;
use super::steps::{applied, phases};
use super::undo::undo;
use crate::migration::{Check, Course, JobStatus, Leg, Outcome, Phase, Scene, Status};
use crate::pipeline::{Effective, Error, Files, Pipeline};
use crate::transform::{Reason, Settings};

/// What a report is made of.
pub struct Sources<'a> {
    /// The pipeline's main file.
    pub main: &'a str,
    pub track: &'a str,
    pub phases: &'a [Phase],
    pub settings: &'a Settings,
    /// The work tree.
    pub now: &'a dyn Files,
    /// An earlier revision, to tell what was applied since; read with the settings of today.
    pub since: Option<(&'a str, &'a dyn Files)>,
}

/// A pipeline at one time.
struct View<'p> {
    pipeline: &'p Pipeline,
    entries: Entries<'p>,
    status: HashMap<String, JobStatus>,
    check: Check,
}

impl Report {
    /// Reads the pipeline, plans every phase on top of the last, and compares. Nothing is written.
    ///
    /// # Errors
    /// The pipeline cannot be read, now or at the revision; the path of the latter begins with the revision.
    pub fn new(sources: &Sources<'_>) -> Result<Report, Error> {
        let course = |files| Course::new(files, sources.main, sources.settings, sources.phases);
        let ahead = course(sources.now)?;
        let behind = match sources.since {
            None => None,
            Some((revision, files)) => Some(
                course(files).map_err(|error| Error { path: format!("{revision}:{}", error.path).into(), ..error })?,
            ),
        };
        let now = View::new(sources, &ahead.before, sources.now);
        let planned = View::new(sources, &ahead.after, &ahead.over(sources.now));
        let before = match (&behind, sources.since) {
            (Some(course), Some((_, files))) => Some(View::new(sources, &course.before, files)),
            _ => None,
        };
        let since = match (&behind, sources.since) {
            (Some(behind), Some(since)) => Some(applied(since, sources.now, behind, &ahead)),
            _ => None,
        };
        Ok(assemble(sources, &ahead, behind.as_ref(), since, before.as_ref(), &now, &planned))
    }
}

impl<'p> View<'p> {
    fn new(sources: &Sources<'_>, pipeline: &'p Pipeline, files: &dyn Files) -> View<'p> {
        let scene = Scene::new(pipeline, files, sources.settings);
        let status = Status::new(&scene, sources.track, sources.phases);
        let jobs = status.jobs.into_iter().map(|job| (job.name.clone(), job));
        View { pipeline, entries: Entries::of(pipeline.project()), status: jobs.collect(), check: Check::new(&scene) }
    }

    fn outcome(&self, job: &str) -> Option<Outcome> {
        self.status.get(job).map(|job| job.outcome)
    }

    fn effective(&self, job: &str) -> Option<Effective<'p>> {
        self.pipeline.job(job).filter(|job| !job.is_hidden()).map(|job| job.effective())
    }
}

fn assemble(
    sources: &Sources<'_>,
    ahead: &Course,
    behind: Option<&Course>,
    since: Option<Since>,
    before: Option<&View<'_>>,
    now: &View<'_>,
    planned: &View<'_>,
) -> Report {
    let phases = phases(sources.phases, ahead, behind, since.as_ref());
    let warnings = warnings(ahead, behind, since.as_ref());
    let doers = |course: &Course, only: Option<&[u32]>| Doer::of(course, only);
    let will = doers(ahead, None);
    let did = behind.filter(|_| since.as_ref().is_some_and(|since| since.exact));
    let did = did.map(|course| doers(course, since.as_ref().map(|since| since.applied.as_slice()))).unwrap_or_default();
    let to_come = Deltas::new(now.pipeline, planned.pipeline, &now.entries, &planned.entries, &will);
    let done = before.map(|before| Deltas::new(before.pipeline, now.pipeline, &before.entries, &now.entries, &did));

    let views: Vec<&View<'_>> = [Some(now), before, Some(planned)].into_iter().flatten().collect();
    let mut seen = BTreeSet::new();
    let mut jobs = Vec::new();
    for view in &views {
        for job in view.pipeline.jobs().filter(|job| seen.insert(job.name())) {
            let name = job.name();
            let Some(status) = view.status.get(name) else { continue };
            let Some(effective) = view.effective(name) else { continue };
            jobs.push(JobReport {
                name: name.to_owned(),
                stage: stage(&effective),
                needs: needs(&effective),
                file: status.file.clone(),
                line: status.line,
                role: status.role,
                never: status.never,
                outcome: Three {
                    before: before.and_then(|view| view.outcome(name)),
                    now: now.outcome(name),
                    planned: planned.outcome(name),
                },
                reasons: status.reasons.clone(),
                warnings: warnings.get(name).cloned().unwrap_or_default(),
                applied: done.as_ref().and_then(|done| done.of(name)),
                planned: to_come.of(name),
            });
        }
    }
    let names: BTreeSet<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
    let shared = shared(before.map(|view| &view.entries), &now.entries, &planned.entries, &names);
    let left = jobs.iter().filter_map(|job| left(job, planned)).collect();
    let removed = |job: &&JobReport| {
        [&job.applied, &job.planned].into_iter().flatten().any(|delta| delta.change == DeltaKind::Removed)
    };
    Report {
        version: 1,
        track: sources.track.to_owned(),
        file: sources.main.to_owned(),
        undo: undo(since.as_ref(), &phases),
        since,
        partial: now.pipeline.partial().iter().map(Into::into).collect(),
        totals: Totals {
            jobs: now.status.len(),
            applied: jobs.iter().filter(|job| job.applied.is_some()).count(),
            planned: jobs.iter().filter(|job| job.planned.is_some()).count(),
            removed: jobs.iter().filter(removed).count(),
            privileged: Three {
                before: before.map(|view| view.check.privileged_jobs.len()),
                now: Some(now.check.privileged_jobs.len()),
                planned: Some(planned.check.privileged_jobs.len()),
            },
        },
        phases,
        stages: stages(&views, &jobs),
        shared,
        left,
        checks: Checks { now: now.check.clone(), planned: planned.check.clone() },
        jobs,
    }
}

/// What the phases that were applied warned of, and what those to come do, by job.
fn warnings<'c>(ahead: &'c Course, behind: Option<&'c Course>, since: Option<&Since>) -> HashMap<&'c str, Vec<Reason>> {
    let is_applied = |leg: &&Leg| since.is_some_and(|since| since.applied.contains(&leg.plan.phase.number));
    let done = behind.into_iter().flat_map(|course| &course.legs).filter(is_applied);
    let mut warnings: HashMap<&str, Vec<Reason>> = HashMap::new();
    for (job, reason) in done.chain(&ahead.legs).flat_map(Leg::warnings) {
        warnings.entry(job).or_default().push(reason.clone());
    }
    warnings
}

fn left(job: &JobReport, planned: &View<'_>) -> Option<LeftReport> {
    let status = planned.status.get(&job.name)?;
    let is_left = matches!(status.outcome, Outcome::Scoped | Outcome::Left);
    let reasons = if job.reasons.is_empty() { &status.reasons } else { &job.reasons };
    is_left.then(|| LeftReport { job: job.name.clone(), outcome: status.outcome, reasons: reasons.clone() })
}

fn shared(
    before: Option<&Entries<'_>>,
    now: &Entries<'_>,
    planned: &Entries<'_>,
    jobs: &BTreeSet<&str>,
) -> Vec<SharedReport> {
    let all = before.into_iter().chain([now, planned]);
    let keys: BTreeSet<&str> = all.flat_map(Entries::keys).filter(|key| !jobs.contains(key)).collect();
    let diffs = keys.into_iter().filter_map(|key| {
        let applied = before.map(|before| before.diff(key, now)).unwrap_or_default();
        let to_come = now.diff(key, planned);
        let place = now.place(key).or_else(|| planned.place(key)).or_else(|| before?.place(key));
        let (file, line) = place.filter(|_| !applied.is_empty() || !to_come.is_empty())?;
        Some(SharedReport { name: key.to_owned(), file: file.to_owned(), line, applied, planned: to_come })
    });
    let mut diffs: Vec<SharedReport> = diffs.collect();
    diffs.sort_by(|a, b| (&a.file, a.line, &a.name).cmp(&(&b.file, b.line, &b.name)));
    diffs
}

/// The stage of a job; source: `Entry::Processable`, whose default is `test`.
fn stage(effective: &Effective<'_>) -> String {
    effective.get("stage").and_then(|stage| Some(stage.text()?.into_owned())).unwrap_or_else(|| "test".to_owned())
}

/// The jobs of the same pipeline that a job names in `needs`; source: `Entry::Needs`.
fn needs(effective: &Effective<'_>) -> Option<Vec<String>> {
    let needs = effective.get("needs").filter(|needs| needs.is_sequence())?;
    let mut names = Vec::new();
    for need in needs.items() {
        let elsewhere = need.get("pipeline").is_some() || need.get("project").is_some();
        let name = need.text().or_else(|| need.get("job")?.text()).filter(|_| !elsewhere);
        if let Some(name) = name.map(std::borrow::Cow::into_owned).filter(|name| !names.contains(name)) {
            names.push(name);
        }
    }
    Some(names)
}

/// The stages in GitLab's order: `.pre`, those of `stages`, `.post`; source: `Entry::Stages`. A stage that only an
/// unreadable include can name comes before `.post`.
fn stages(views: &[&View<'_>], jobs: &[JobReport]) -> Vec<String> {
    let mut order: BTreeMap<String, usize> = BTreeMap::from([(".pre".to_owned(), 0)]);
    let mut put = |stage: String| {
        let next = order.len();
        order.entry(stage).or_insert(next);
    };
    for view in views {
        match view.pipeline.keyword("stages") {
            Some(entry) => entry.setting.items().filter_map(|s| Some(s.text()?.into_owned())).for_each(&mut put),
            None => ["build", "test", "deploy"].map(str::to_owned).into_iter().for_each(&mut put),
        }
    }
    jobs.iter().for_each(|job| put(job.stage.clone()));
    order.insert(".post".to_owned(), usize::MAX);
    let used: BTreeSet<&str> = jobs.iter().map(|job| job.stage.as_str()).collect();
    let mut stages: Vec<(usize, String)> =
        order.into_iter().filter(|(stage, _)| used.contains(stage.as_str())).map(|(stage, at)| (at, stage)).collect();
    stages.sort();
    stages.into_iter().map(|(_, stage)| stage).collect()
}
