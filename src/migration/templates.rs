//! Hidden jobs that hold a daemon and that no job of the pipeline takes anything from.
//!
//! A phase changes a template with the jobs that it is for: of one that only other repositories extend, nothing shows what a job
//! would be. They are named, so that nobody takes "nothing to do" for the whole truth.

use crate::pipeline::{At, Pipeline};
use crate::transform::{is_dind, name};

/// The hidden jobs with a Docker-in-Docker service of their own that nobody here uses, with the place of each.
pub fn unused_templates(pipeline: &Pipeline) -> Vec<(&str, At)> {
    let hidden = pipeline.hidden().filter_map(|job| Some((job, *job.definitions().last()?)));
    let holds = hidden.filter(|(job, _)| {
        let services = job.setting().get("services");
        services.is_some_and(|services| services.items().any(|service| is_dind(&name(&service))))
    });
    let unused = holds.filter(|(_, definition)| pipeline.sharers(definition.value).is_empty());
    unused.map(|(job, definition)| (job.name(), definition.key)).collect()
}
