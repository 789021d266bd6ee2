//! Turns `docker build` and the `docker push` of what it built into one `docker buildx build --push`.
//!
//! `docker build` ignores the builder that `buildx create --use` picks, and leaves its image in a daemon. `buildx build
//! --push` sends it from the builder straight to the registry.
//!
//! Names that `docker tag` gives between the build and the push become `--tag`s of the build. What is pushed under a
//! condition, or under a name that is only known later, becomes a copy within the registry in the same place, made from
//! a name that the build has pushed, in the image of the settings where the job's own is docker's from before 27, which knows no
//! such copy. An image that is pulled for its layers (`--cache-from`) is no longer pulled: the
//! builder reads the cache from the registry, and `--cache-to type=inline` leaves one there. A build that pushes nothing
//! stays a check: it builds, and leaves no image. `--provenance=false` keeps the image what `docker push` sent: one
//! manifest, and no index with an attestation, which `docker manifest create` and some platforms do not take.
//!
//! `docker compose build` and `push` become one `docker buildx bake --push` of the same compose file, where that file is in the
//! repository and all that it says of a build is something that bake reads alike.
//!
//! A build that pushes fails the job when its push fails, wherever it stands: of `docker build … && docker push …` on a line that was
//! not the last, the shell took no notice. Of several builds each one is pushed as soon as it is built.
//!
//! # What it does not do
//!
//! It changes a job only when all of its images are accounted for. A push of something that the job did not build or
//! pull, a push that is the only one and stands under a condition, an image that is run or saved, or a test between the
//! build and the push leave the job as it is.

mod unknown;

use super::draft::Draft;
use super::environment::set_by;
use super::facts::Build;
use super::image::is_off;
use super::images::{self, Flow};
use super::left::Reason;
use super::settings::Settings;

pub(super) const DECLARES: &[&str] = &["image", "before_script", "script", "after_script"];

pub(super) fn apply(draft: &mut Draft<'_, '_>, settings: &Settings) -> Result<(), Vec<Reason>> {
    let facts = draft.facts;
    if facts.dind.is_empty() || !facts.needs.is_empty() {
        return Ok(());
    }
    images::bake(draft)?;
    images::bakes_send_one(draft);
    if facts.builds.is_empty() {
        return Ok(());
    }
    let reasons: Vec<Reason> = facts.builds.iter().flat_map(|build| unfit(draft, build)).collect();
    let flow = Flow::of(draft);
    if !reasons.is_empty() {
        return Err(reasons.into_iter().chain(flow.reasons).collect());
    }
    images::apply(draft, flow, settings)
}

/// Why a build cannot become one of buildx.
fn unfit(draft: &Draft<'_, '_>, build: &Build) -> Vec<Reason> {
    let Some(command) = draft.facts.command_of(&build.at) else { return Vec::new() };
    let docker = &build.at.docker;
    let mut reasons = Vec::new();
    let mut add =
        |code, message: &str| reasons.push(draft.reason_at_command(build.at.part, command, code, message.to_owned()));
    let open = unknown::options(draft, command, docker);
    if let Some(message) = open {
        add("doubtful-options", &message);
    }
    let context = &command.context;
    if context.substitution || context.background || context.condition || context.negated {
        add("conditional-build", "something else depends on how this build ends");
    }
    if draft.facts.parts.get(build.at.part).is_some_and(|part| part.script.text().contains("$?")) {
        add("conditional-build", "something else depends on how a command of this script ends");
    }
    if images::tells_failures_apart(draft.facts) {
        add("conditional-build", "the job's exit codes are told apart, and a build that pushes has one for both");
    }
    if docker.verb != crate::shell::Verb::Build {
        return reasons;
    }
    let classic = is_off;
    let exported = draft.facts.parts.iter().flat_map(|part| part.script.commands()).any(|command| {
        set_by(command).iter().any(|(name, value)| name == "DOCKER_BUILDKIT" && value.as_deref().is_some_and(classic))
    });
    let said = exported
        || docker
            .environment
            .iter()
            .any(|(name, value)| name == "DOCKER_BUILDKIT" && value.as_deref().is_some_and(classic));
    let set = draft.facts.effective.variable("DOCKER_BUILDKIT");
    if said || set.is_some_and(|variable| classic(&variable.setting.variable_text())) {
        add("legacy-builder", "asks for the builder of the daemon by DOCKER_BUILDKIT=0");
    }
    if docker.last("disable-content-trust").is_some() {
        add("doubtful-options", "`--disable-content-trust` is no option of buildx, and what docker does anyway");
    }
    // What is only shown, nobody takes for an id.
    let read = context.pipeline.is_some() || images::is_captured(draft.facts, &build.at);
    for (option, why) in [
        ("iidfile", "keeps the image's id"),
        ("quiet", "prints the image's id"),
        ("squash", "squashes layers"),
        ("output", "has an output of its own"),
    ] {
        if docker.last(option).is_some() && (option != "quiet" || read) {
            add("build-output", &format!("{why}, which a pushed build does not do alike"));
        }
    }
    reasons
}
