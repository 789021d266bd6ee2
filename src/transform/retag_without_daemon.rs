//! Turns `docker pull`, `docker tag` and `docker push` of one image into a copy within the registry.
//!
//! `docker buildx imagetools create` gives an image in a registry another name there. It needs the login, no daemon and
//! no builder, and it copies the whole index, where pull and push moved one platform only. With
//! `--prefer-index=false` an image of one platform stays what it is.
//!
//! The copy stands where the pull stood, or where the name was given when something that may stop the job stands in
//! between. What of the job's own scripts only served the daemon goes, as it does for builds.
//!
//! # What it does not do
//!
//! It changes a job only when all of its images are accounted for: one that is not pulled first, or is pulled for
//! another use, leaves the job as it is.

use super::draft::Draft;
use super::image::{Cli, cli, name_of};
use super::images::{self, Flow};
use super::left::Reason;
use super::plumbing::{Whose, drop_plumbing};
use super::settings::Settings;
use crate::pipeline::Way;

pub(super) const DECLARES: &[&str] = &["image", "services", "before_script", "script", "after_script"];

pub(super) fn apply(draft: &mut Draft<'_, '_>, settings: &Settings) -> Result<(), Vec<Reason>> {
    let facts = draft.facts;
    if facts.images.is_empty() || !facts.builds.is_empty() || !facts.needs.is_empty() {
        return Ok(());
    }
    let mut flow = Flow::of(draft);
    // A job that only pulls, say, is none that retags.
    if flow.copies.is_empty() && !facts.only_retags() {
        return Ok(());
    }
    flow.reasons.extend(facts.hidden.iter().map(|unseen| unseen.reason.clone()));
    let (name, image) = name_of(&facts.effective);
    match cli(&name, settings) {
        Cli::WithBuildx => {}
        Cli::TooOld => draft.image = Some(settings.image.clone()),
        Cli::Unknown if name.is_empty() => {}
        Cli::Unknown => {
            let message = format!("it is not known whether the image `{name}` holds docker and buildx");
            flow.reasons.push(draft.reason_at_setting(image.as_ref(), "image-unknown", message));
        }
    }
    images::apply(draft, flow)?;
    if !facts.dind.is_empty() {
        drop_plumbing(draft, Whose::Own).map_err(|reason| vec![reason])?;
    }
    own_daemon(draft);
    Ok(())
}

/// A daemon that only this job has goes with its last use; one that all inherit is for another transformation.
fn own_daemon(draft: &mut Draft<'_, '_>) {
    let services = draft.facts.effective.get("services");
    let inherited = services.as_ref().is_none_or(|services| matches!(services.origin.way, Way::Default | Way::Global));
    if let Some(services) = services
        && !inherited
        && !draft.facts.dind.is_empty()
    {
        let count = services.items().count();
        draft.services = Some((0..count).filter(|n| !draft.facts.dind.contains(n)).collect());
    }
}
