//! Turns `docker pull`, `docker tag` and `docker push` of one image into a copy within the registry.
//!
//! `docker buildx imagetools create` gives an image in a registry another name there. It needs the login, no daemon and
//! no builder, and it copies the whole index, where pull and push moved one platform only. With
//! `--prefer-index=false` an image of one platform stays what it is. A job in docker's own image from before 27, whose buildx does
//! not know that option, gets the image of the settings.
//!
//! The copy stands where the pull stood, or where the name was given or pushed when something that may stop the job, a build or another
//! push stands in between. Then the job may have ended at the pull for want of the image before something happened: there, `docker
//! buildx imagetools inspect` takes the place of the pull. What of the job's own scripts only served the daemon goes, as it does for
//! builds.
//!
//! # What it does not do
//!
//! It changes a job only when all of its images are accounted for: one that is not pulled first, or is pulled for
//! another use, leaves the job as it is.

use super::draft::Draft;
use super::environment;
use super::image::{Cli, cli, copies_alike, name_of, newer};
use super::images::{self, Flow};
use super::inputs;
use super::left::Reason;
use super::plumbing::{Whose, drop_plumbing};
use super::settings::Settings;
use super::surroundings;
use super::use_kubernetes_builder::{self, DAEMON_VARIABLES, readers};
use crate::pipeline::Way;

pub(super) const DECLARES: &[&str] = use_kubernetes_builder::DECLARES;

pub(super) fn apply(draft: &mut Draft<'_, '_>, settings: &Settings) -> Result<(), Vec<Reason>> {
    let facts = draft.facts;
    // One that never runs is removed, or stays as it is.
    if facts.images.is_empty() || !facts.builds.is_empty() || !facts.needs.is_empty() || facts.never {
        return Ok(());
    }
    let mut flow = Flow::of(draft);
    // A job that only pulls, say, is none that retags.
    if flow.copies.is_empty() && !facts.only_retags() {
        return Ok(());
    }
    flow.reasons.extend(facts.hidden.iter().map(|unseen| unseen.reason.clone()));
    let first = facts.images.first().filter(|_| images::tells_failures_apart(facts));
    if let Some((first, command)) = first.and_then(|first| Some((first, facts.command_of(first)?))) {
        let message = "the job's exit codes are told apart, and a copy has one for its pull and its push".to_owned();
        flow.reasons.push(draft.reason_at_command(first.part, command, "conditional-push", message));
    }
    let (name, image) = name_of(&facts.effective);
    let around = [surroundings::signs(draft), surroundings::windows(draft), surroundings::plugin(draft)];
    flow.reasons.extend(around.into_iter().flatten());
    flow.reasons.extend(surroundings::options(draft).into_iter().chain(environment::apart(draft)));
    let odd = inputs::image(draft, settings);
    match cli(&name, settings) {
        _ if odd.is_some() => flow.reasons.extend(odd),
        Cli::WithBuildx => {}
        Cli::TooOld => draft.image = Some(newer(&name, settings)),
        Cli::Unknown if facts.runs_buildx() => {}
        Cli::Unknown => {
            let message = match name.is_empty() {
                true => "no image is set: whether the runner's own holds buildx is not known".to_owned(),
                false => format!("it is not known whether the image `{name}` holds docker and buildx"),
            };
            flow.reasons.push(draft.reason_at_setting(image.as_ref(), "image-unknown", message));
        }
    }
    if draft.image.is_some() || !copies_alike(&name, settings) {
        flow.reasons.extend(surroundings::installs(draft));
    }
    images::apply(draft, flow, settings)?;
    if !facts.dind.is_empty() {
        // What all inherit goes with the daemon that all inherit, or stays with it.
        let whose = if inherits_services(draft) { Whose::Own } else { Whose::All };
        drop_plumbing(draft, whose).map_err(|reason| vec![reason])?;
    }
    own_daemon(draft);
    let read = if draft.variables.is_empty() { Vec::new() } else { readers(draft) };
    if read.is_empty() { Ok(()) } else { Err(read) }
}

/// A daemon that only this job has goes with its last use, and so does what points the client at it: without certificates a
/// `DOCKER_TLS_VERIFY` lets `docker login` fail. One that all inherit is for another transformation, unless the job has variables
/// of its own for it.
fn own_daemon(draft: &mut Draft<'_, '_>) {
    let services = draft.facts.effective.get("services");
    let inherited = inherits_services(draft);
    let set = |name: &&str| {
        draft.facts.effective.variables().any(|v| v.key == **name && !v.setting.variable_text().is_empty())
    };
    let own = |name: &&str| {
        draft.facts.effective.variable(name).is_some_and(|v| !matches!(v.setting.origin.way, Way::Global))
    };
    let variables: Vec<&str> = DAEMON_VARIABLES.into_iter().filter(set).collect();
    if let Some(services) = services
        && (!inherited || variables.iter().any(own))
        && !draft.facts.dind.is_empty()
    {
        draft.variables.extend(variables.into_iter().map(|name| (name.to_owned(), String::new())));
        let count = services.items().count();
        draft.services = Some((0..count).filter(|n| !draft.facts.dind.contains(n)).collect());
    }
}

fn inherits_services(draft: &Draft<'_, '_>) -> bool {
    let services = draft.facts.effective.get("services");
    services.is_none_or(|services| matches!(services.origin.way, Way::Default | Way::Global))
}
