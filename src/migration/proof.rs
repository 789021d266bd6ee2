//! The proof: every difference between the effective configurations before and after is one that the phase declared.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::engine::{FilePlan, JobPlan, Plan, Scene, after};
use crate::pipeline::{Change, Difference, JobDifference, Pipeline, Section, compare};
use crate::transform::Expect;
use crate::yaml::times_said;

/// What was proved of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    pub jobs: usize,
    pub same: usize,
    /// Jobs that differ, each as declared.
    pub differ: Vec<JobDifference>,
    /// Comments that went with the node that they belonged to, with their file.
    pub lost_comments: Vec<(String, String)>,
}

/// Why a plan is not safe.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub job: Option<String>,
    pub message: String,
}

impl Proof {
    /// "28 jobs: 26 the same, 2 differ as declared".
    pub fn summary(&self) -> String {
        let removed = self.differ.iter().filter(|job| job.change == Change::Removed).count();
        let differ = self.differ.len() - removed;
        let mut summary = format!("{} jobs: {} the same, {differ} differ as declared", self.jobs, self.same);
        if removed > 0 {
            summary += &format!(", {removed} removed as declared");
        }
        summary
    }
}

/// Fewer jobs than this are proved before another core would have begun.
const FEW: usize = 16;

/// Proves a plan, or says which difference nobody declared.
///
/// # Errors
/// An effective value that differs and was not declared, or that is not what the transformation meant it to be.
pub fn prove(scene: &Scene<'_>, plan: &Plan) -> Result<Proof, Refusal> {
    let after = after(scene, plan)
        .map_err(|error| Refusal { job: None, message: format!("GitLab would refuse the result: {error}") })?;
    let (globals, differ): (Vec<_>, Vec<_>) =
        compare(scene.pipeline, &after).into_iter().partition(|job| job.job.is_none());
    for difference in globals.iter().flat_map(|globals| &globals.differences) {
        let path = difference.path.join(".");
        let declared = |global: &String| path == *global || path.starts_with(&format!("{global}."));
        if !plan.globals.iter().any(declared) {
            return Err(Refusal {
                job: None,
                message: format!("`{path}` of the pipeline would change, which no transformation declared"),
            });
        }
    }
    let changed: BTreeMap<&str, &JobPlan> =
        plan.changed.iter().map(|planned| (planned.job.as_str(), planned)).collect();
    for job in &differ {
        declared(plan, &changed, job)?;
    }
    let (before, stays) = (scene.pipeline, |planned: &&JobPlan| !plan.removed.contains(&planned.job));
    let jobs = plan.changed.par_iter().with_min_len(FEW).filter(stays);
    // All of them, so that it is always the first in order that is named.
    let meant: Vec<_> = jobs.map(|planned| meant(planned, before, &after)).collect();
    meant.into_iter().collect::<Result<(), _>>()?;
    let jobs = scene.facts.len();
    let lost_comments = plan.files.iter().flat_map(|file| lost_comments(scene, file)).collect();
    Ok(Proof { jobs, same: jobs - differ.len(), differ, lost_comments })
}

/// The comments of a file that went, as often as they are missing. One that was moved is not among them, nor are copies
/// of one that was written anew: ten jobs and their template say a thing once.
fn lost_comments(scene: &Scene<'_>, file: &FilePlan) -> Vec<(String, String)> {
    let stream = scene.pipeline.project().file(file.file).stream();
    let before = stream.map(|stream| stream.text()).unwrap_or_default();
    let mut missing: BTreeMap<&str, usize> = BTreeMap::new();
    let mut lost = Vec::new();
    for comment in file.steps.iter().flat_map(|step| &step.lost_comments) {
        let left = missing.entry(comment).or_insert_with(|| {
            let after = times_said(file.text(), comment);
            let mut written = file.steps.iter().flat_map(|step| &step.edits);
            match after > 0 && written.any(|edit| times_said(&edit.text, comment) > 0) {
                true => 0,
                false => times_said(before, comment).saturating_sub(after),
            }
        });
        if *left > 0 {
            *left -= 1;
            lost.push((file.path.clone(), comment.clone()));
        }
    }
    lost
}

fn declared(plan: &Plan, changed: &BTreeMap<&str, &JobPlan>, job: &JobDifference) -> Result<(), Refusal> {
    let refuse = |message: String| Err(Refusal { job: job.job.clone(), message });
    let name = job.job.as_deref().unwrap_or_default();
    match job.change {
        Change::Removed if plan.removed.contains(name) => return Ok(()),
        Change::Removed => return refuse("this job would disappear".to_owned()),
        Change::Added => return refuse("this job would appear".to_owned()),
        Change::Changed => {}
    }
    let Some(planned) = changed.get(name) else {
        return refuse(format!("this job would change: {}", paths(&job.differences)));
    };
    let undeclared = job.differences.iter().find(|difference| {
        let path = difference.path.join(".");
        !planned.expect.declares.iter().any(|declared| path == *declared || path.starts_with(&format!("{declared}.")))
    });
    match undeclared {
        Some(difference) => {
            refuse(format!("`{}` would change, which no transformation declared", difference.path.join(".")))
        }
        None => Ok(()),
    }
}

/// Whether a job became what its draft says, and kept all else that it had.
fn meant(planned: &JobPlan, before: &Pipeline, after: &Pipeline) -> Result<(), Refusal> {
    let refuse = |message: String| Err(Refusal { job: Some(planned.job.clone()), message });
    let (Some(was), Some(is)) = (before.job(&planned.job), after.job(&planned.job)) else {
        return refuse("this job would disappear".to_owned());
    };
    let Expect { scripts, variables, services, .. } = &planned.expect;
    let (was, is) = (was.effective(), is.effective());
    let sections = [Section::BeforeScript, Section::Script, Section::AfterScript];
    for (section, wanted) in sections.into_iter().zip(scripts) {
        let found: Vec<_> = is.script(section).into_iter().map(|item| item.text).collect();
        let wanted = wanted
            .clone()
            .unwrap_or_else(|| was.script(section).into_iter().map(|item| item.text.into_owned()).collect());
        if found != wanted {
            return refuse(format!("its {section:?} would not be what was meant"));
        }
    }
    let found = |name: &str| is.variables().find(|v| v.key == name).map(|v| v.setting.variable_text().into_owned());
    for variable in was.variables() {
        let kept = || Some(variable.setting.variable_text().into_owned());
        let wanted = variables.get(&*variable.key).cloned().unwrap_or_else(kept);
        if found(&variable.key) != wanted {
            return refuse(format!("the variable {} would not be what was meant", variable.key));
        }
    }
    if let Some((name, _)) = variables.iter().find(|(name, wanted)| found(name) != **wanted) {
        return refuse(format!("the variable {name} would not be what was meant"));
    }
    if let Some(count) = services
        && is.get("services").map_or(0, |services| services.items().count()) != *count
    {
        return refuse("its services would not be what was meant".to_owned());
    }
    Ok(())
}

fn paths(differences: &[Difference]) -> String {
    differences.iter().map(|difference| difference.path.join(".")).collect::<Vec<_>>().join(", ")
}
