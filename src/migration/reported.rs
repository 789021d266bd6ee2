//! Jobs that write the variables of the docker client into a dotenv report.
//!
//! What such a report says beats the `variables:` of the jobs that get it (GitLab: "CI/CD variable precedence").

use rayon::prelude::*;

use super::engine::LONG;
use crate::pipeline::Pipeline;
use crate::shell::Script;
use crate::transform::{Facts, reason_at, writes_client};

/// Notes for every job with a daemon of its own that another one may report the client's environment to it.
pub(super) fn look_at_reports(facts: &mut [Facts<'_>], pipeline: &Pipeline) {
    let reports = |facts: &Facts<'_>| {
        let artifacts = facts.effective.get("artifacts")?;
        artifacts.get("reports")?.get("dotenv")?;
        // A script that says nothing of docker was not kept.
        let scripts = facts.parts.iter().map(|part| Script::parse(part.items.iter().map(|item| &*item.text)));
        scripts.into_iter().find_map(|script| script.commands().iter().find_map(writes_client))
    };
    let reported: Vec<Option<&str>> = facts.par_iter().with_min_len(LONG).map(reports).collect();
    for (reporter, name) in reported.iter().enumerate().filter_map(|(number, name)| Some((number, (*name)?))) {
        let Some(by) = facts.get(reporter).map(|facts| facts.job.name().to_owned()) else { continue };
        let others = facts.iter_mut().enumerate().filter(|(number, _)| *number != reporter);
        for (_, facts) in others.filter(|(_, facts)| !facts.dind.is_empty()) {
            let Some(definition) = facts.job.definitions().last() else { continue };
            let message = format!("may get {name} from the dotenv report of `{by}`, which beats what the job says");
            let reason = reason_at(pipeline.project(), definition.key, None, "client-environment", message);
            facts.awaited.push(reason);
        }
    }
}
