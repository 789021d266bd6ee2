//! Jobs that may hand an image to another one through a daemon that they share.
//!
//! With Docker-in-Docker every job has a daemon of its own, unless the runner mounts the host's socket: docker's image
//! prefers that (docker-library/docker, `docker-entrypoint.sh`), and then what one job builds is there for the next. Nothing in the
//! CI file tells. A job that uses an image which another one builds, and does not pull it, is the sign.

use std::collections::BTreeSet;

use crate::pipeline::Project;
use crate::transform::{Facts, Reason, Uses, reason};

/// Notes for every job that builds which other job may wait for its image.
pub(super) fn await_images(facts: &mut [Facts<'_>], project: &Project) {
    if !facts.iter().any(|facts| !facts.recipes.is_empty() && !facts.dind.is_empty()) {
        return;
    }
    let uses: Vec<&Uses> = facts.iter().map(|facts| &facts.uses).collect();
    let released: BTreeSet<&String> =
        uses.iter().flat_map(|job| job.builds.keys().filter(|name| job.pushes.contains(*name))).collect();
    let mut found: Vec<(usize, Reason)> = Vec::new();
    for (number, (job, of)) in facts.iter().zip(&uses).enumerate().filter(|(_, (job, _))| !job.dind.is_empty()) {
        for (name, &build) in &of.builds {
            let waits = |other: &Uses| {
                let foreign = !other.builds.contains_key(name) && !other.pulls.contains(name);
                foreign && (other.needs.contains(name) || other.runs.contains(name) && !released.contains(name))
            };
            let other = facts.iter().zip(&uses).enumerate().find(|(at, (_, other))| *at != number && waits(other));
            let Some((_, (other, _))) = other else { continue };
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
    for (number, reason) in found {
        if let Some(facts) = facts.get_mut(number) {
            facts.awaited.push(reason);
        }
    }
}
