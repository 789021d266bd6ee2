//! Removes jobs that can never run, with the comment that leads them.
//!
//! A job whose every rule says `when: never` takes part in no pipeline; a job that no rule takes in is left out as well
//! (GitLab, `rules`). Plan 5.4 names the legacy aliases that it is for.
//!
//! # What it does not do
//!
//! A job that another one names in `needs`, `dependencies`, `extends`, `!reference` or `environment: on_stop`, in any file
//! of the pipeline, stays: GitLab would refuse the whole pipeline without it. While an include cannot be read, every such
//! job stays: it may be there to switch off a job of that include, which would run again without it.

use std::collections::BTreeSet;

use super::facts::reason_at;
use super::left::{Left, Reason};
use super::rewrite::{Rewrite, Stage};

pub(super) fn rewrite<'p>(stage: &Stage<'_, 'p>) -> Rewrite<'p> {
    let mut rewrite = Rewrite::default();
    let never: BTreeSet<&str> = stage.facts.iter().filter(|facts| facts.never).map(|facts| facts.job.name()).collect();
    // Jobs of one text, included with several inputs, are written once.
    let mut gone = BTreeSet::new();
    for facts in stage.facts.iter().filter(|facts| facts.never) {
        let name = facts.job.name();
        let reasons = reasons(stage, name, &never);
        if !reasons.is_empty() {
            rewrite.left.push(Left { job: name.to_owned(), reasons });
            continue;
        }
        let mut reasons = Vec::new();
        for definition in facts.job.definitions().iter().filter(|definition| gone.insert(definition.value)) {
            let Some((edits, _)) = rewrite.at(stage.pipeline, definition.key) else { continue };
            if let Err(error) = edits.delete(definition.key.node) {
                reasons.push(reason_at(stage.pipeline.project(), definition.key, None, "no-safe-place", error.message));
            }
        }
        match reasons.is_empty() {
            true => drop(rewrite.removed.insert(name.to_owned())),
            false => rewrite.left.push(Left { job: name.to_owned(), reasons }),
        }
    }
    rewrite
}

/// Why a job that never runs must stay: who names it, or takes values from it, and stays.
fn reasons(stage: &Stage<'_, '_>, name: &str, never: &BTreeSet<&str>) -> Vec<Reason> {
    let project = stage.pipeline.project();
    let mentions = stage.pipeline.named_by(name).iter().filter(|mention| !never.contains(&*mention.by));
    if let Some(partial) = stage.pipeline.partial().first() {
        let message =
            format!("the include {} cannot be read, and this job may switch one of its jobs off", partial.include);
        return vec![reason_at(project, partial.at, None, "partial", message)];
    }
    if never.len() == stage.facts.len() {
        let at = stage.pipeline.job(name).and_then(|job| job.definitions().last().map(|definition| definition.key));
        let message = "no job would be left, and GitLab refuses a pipeline without any".to_owned();
        return at.map(|at| reason_at(project, at, None, "no-job-left", message)).into_iter().collect();
    }
    let mut reasons: Vec<Reason> = mentions
        .map(|mention| reason_at(project, mention.at, None, "still-named", format!("`{}` names this job", mention.by)))
        .collect();
    let shared = stage.pipeline.job(name).into_iter().flat_map(|job| job.definitions().to_vec());
    for definition in shared {
        let others = stage.pipeline.sharers(definition.value).into_iter().map(|job| job.name());
        for other in others.filter(|other| *other != name && !never.contains(other)) {
            let message = format!("`{other}` takes values from this job");
            reasons.push(reason_at(project, definition.key, None, "shared-with-job", message));
        }
    }
    reasons
}
