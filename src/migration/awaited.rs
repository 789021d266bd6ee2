//! Jobs that may hand an image to another one through a daemon that they share.
//!
//! With Docker-in-Docker every job has a daemon of its own, unless the runner mounts the host's socket: docker's image
//! prefers that (docker-library/docker, `docker-entrypoint.sh`), and then what one job builds is there for the next. Nothing in the
//! CI file tells. A job that uses an image which another one builds, and does not pull it, is the sign.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::pipeline::Project;
use crate::transform::{Facts, Reason, Survey, Uses, reason};

/// Notes for every job that builds which other job may wait for its image.
pub(super) fn await_images(facts: &mut [Facts<'_>], project: &Project) {
    if !facts.iter().any(|facts| !facts.recipes.is_empty() && !facts.dind.is_empty()) {
        return;
    }
    let none = Uses::default();
    let uses: Vec<&Uses> = facts.iter().map(|facts| facts.uses.as_deref().unwrap_or(&none)).collect();
    // Who may wait for an image, by its name, in the order of the jobs.
    let mut waiting: BTreeMap<&String, Vec<usize>> =
        uses.iter().flat_map(|job| job.builds.keys()).map(|name| (name, Vec::new())).collect();
    let mut waits = |number: usize, job: &Uses, name: &String| {
        if !job.builds.contains_key(name)
            && !job.pulls.contains(name)
            && let Some(jobs) = waiting.get_mut(name)
        {
            jobs.push(number);
        }
    };
    let runs = runs(facts, &uses);
    for (number, job) in uses.iter().enumerate() {
        let runs = runs.get(number).into_iter().flatten().filter(|name| !job.needs.contains(*name));
        job.needs.iter().chain(runs).for_each(|name| waits(number, job, name));
    }
    let mut found: Vec<(usize, Reason)> = Vec::new();
    for (number, (job, of)) in facts.iter().zip(&uses).enumerate().filter(|(_, (job, _))| !job.dind.is_empty()) {
        for (name, &build) in &of.builds {
            let others = waiting.get(name).into_iter().flatten();
            let other = others.copied().find(|other| *other != number).and_then(|other| facts.get(other));
            let Some(other) = other else { continue };
            let Some(build) = job.builds.get(build) else { continue };
            let place = job.command_of(&build.at).and_then(|command| command.span.as_ref());
            let Some(part) = job.parts.get(build.at.part) else { continue };
            let message = format!(
                "`{}` uses `{name}`, which is built here, and does not pull it: the two may share a daemon",
                other.job.name()
            );
            found.push((number, reason(project, part, place, "image-used-elsewhere", message)));
        }
    }
    for facts in facts.iter_mut() {
        facts.uses = None;
    }
    for (number, reason) in found {
        if let Some(facts) = facts.get_mut(number) {
            facts.awaited.push(reason);
        }
    }
}

/// What each job runs of the images that are built, and not in a registry by then; nothing where all of them are.
fn runs(facts: &[Facts<'_>], uses: &[&Uses]) -> Vec<BTreeSet<String>> {
    let released: BTreeSet<&String> = uses.iter().flat_map(|job| &job.releases).collect();
    if uses.iter().flat_map(|job| job.builds.keys()).all(|name| released.contains(name)) {
        return Vec::new();
    }
    let jobs = facts.par_iter().map_init(Survey::default, |survey, facts| {
        let again = survey.again(facts);
        let mut runs = again.as_ref().unwrap_or(facts).runs();
        runs.retain(|name| !released.contains(name));
        runs
    });
    jobs.collect()
}
