//! Turns `docker build` and the `docker push` of what it built into one `docker buildx build --push`.
//!
//! `docker build` ignores the builder that `buildx create --use` picks, and leaves its image in a daemon. `buildx build
//! --push` sends it from the builder straight to the registry.
//!
//! # What it does not do
//!
//! It changes a job only when every tag that is built is pushed, every push is of a tag that this job built, and both
//! always run: a push behind a condition, in a loop or a function, or of something else leaves the job as it is.

use super::draft::Draft;
use super::facts::{Build, Use};
use super::left::Reason;
use super::settings::Settings;
use crate::shell::docker::{Docker, Verb};
use crate::shell::{Command, Place, Statement};

pub(super) const DECLARES: &[&str] = &["before_script", "script"];

pub(super) fn apply(draft: &mut Draft<'_, '_>, _: &Settings) -> Result<(), Vec<Reason>> {
    let facts = draft.facts;
    let builds: Vec<&Build> = facts.builds.iter().filter(|build| build.at.docker.verb == Verb::Build).collect();
    if builds.is_empty() || !facts.needs.is_empty() {
        return Ok(());
    }
    let pushes: Vec<&Use> = facts.images.iter().filter(|image| image.docker.verb == Verb::Push).collect();
    let mut reasons = Vec::new();
    for build in &builds {
        reasons.extend(unfit(draft, build));
        reasons.extend(unpushed(draft, build, &pushes));
    }
    for push in &pushes {
        let Some(command) = facts.command_of(push) else { continue };
        let built =
            builds.iter().any(|build| build.tags.iter().any(|tag| reference(command, &push.docker) == Some(tag)));
        if !built {
            let message = "pushes something that this job did not build".to_owned();
            reasons.push(draft.reason_at_command(push.part, command, "push-not-built", message));
        } else if !always(command) {
            let message = "pushes only under a condition, or more than once".to_owned();
            reasons.push(draft.reason_at_command(push.part, command, "conditional-push", message));
        }
    }
    if !reasons.is_empty() {
        return Err(reasons);
    }
    for build in builds {
        let Some(place) = facts.command_of(&build.at).and_then(|command| verb_place(command, &build.at.docker)) else {
            continue;
        };
        draft.edit(build.at.part, &place, "buildx build --push");
        draft.handled.insert((build.at.part, build.at.command));
    }
    for push in pushes {
        let Some(statement) = statement_of(draft, push).cloned() else { continue };
        let Some(part) = facts.parts.get(push.part) else { continue };
        draft.drop_statement(push.part, &part.script, &statement).map_err(|reason| vec![reason])?;
        draft.handled.insert((push.part, push.command));
    }
    Ok(())
}

/// Why a build cannot become one of buildx.
fn unfit(draft: &Draft<'_, '_>, build: &Build) -> Vec<Reason> {
    let Some(command) = draft.facts.command_of(&build.at) else { return Vec::new() };
    let docker = &build.at.docker;
    let mut reasons = Vec::new();
    let mut add =
        |code, message: &str| reasons.push(draft.reason_at_command(build.at.part, command, code, message.to_owned()));
    if !docker.certain() || command.doubtful || verb_place(command, docker).is_none() {
        add("doubtful-options", "not every option of this build is understood");
    }
    if !always(command) {
        add("conditional-build", "builds only under a condition, or more than once");
    }
    if docker.environment.iter().any(|(name, value)| name == "DOCKER_BUILDKIT" && value.as_deref() == Some("0")) {
        add("legacy-builder", "asks for the builder of the daemon by DOCKER_BUILDKIT=0");
    }
    for (option, why) in [
        ("iidfile", "keeps the image's id"),
        ("quiet", "prints the image's id"),
        ("squash", "squashes layers"),
        ("output", "has an output of its own"),
    ] {
        if docker.last(option).is_some() {
            add("build-output", &format!("{why}, which a pushed build does not do alike"));
        }
    }
    reasons
}

/// Tags that are built and never pushed.
fn unpushed(draft: &Draft<'_, '_>, build: &Build, pushes: &[&Use]) -> Vec<Reason> {
    let Some(command) = draft.facts.command_of(&build.at) else { return Vec::new() };
    let pushed = |tag: &String| {
        pushes.iter().any(|push| {
            let later = push.part == build.at.part && push.command > build.at.command;
            later && draft.facts.command_of(push).and_then(|c| reference(c, &push.docker)) == Some(tag)
        })
    };
    let reason = |code, message| draft.reason_at_command(build.at.part, command, code, message);
    if pushes.is_empty() {
        return vec![reason("build-without-push", "builds an image that this job does not push".to_owned())];
    }
    let missing = build.tags.iter().filter(|tag| !pushed(tag));
    missing.map(|tag| reason("tag-not-pushed", format!("builds `{tag}` and does not push it"))).collect()
}

/// The reference that a push names, if it names one and nothing else.
fn reference<'c>(command: &'c Command, docker: &Docker) -> Option<&'c str> {
    match docker.operands[..] {
        [word] if docker.options.iter().all(|option| option.name == "quiet") && docker.certain() => {
            Some(command.words.get(word)?.display())
        }
        _ => None,
    }
}

/// Whether a command runs exactly once whenever the script gets that far.
fn always(command: &Command) -> bool {
    let context = &command.context;
    let alone = context.chain.is_none() && context.pipeline.is_none() && context.guarded.is_none();
    let plain =
        !context.conditional && !context.in_loop && !context.subshell && !context.substitution && !context.background;
    alone
        && plain
        && context.function.is_none()
        && !context.negated
        && command.redirects.is_empty()
        && !command.doubtful
}

/// The bytes of the words `build`, `image build` or `builder build`.
fn verb_place(command: &Command, docker: &Docker) -> Option<Place> {
    let first = command.words.get(*docker.verb_words.first()?)?.place()?;
    let last = command.words.get(*docker.verb_words.last()?)?.place()?;
    (first.item == last.item).then_some(Place { item: first.item, range: first.range.start..last.range.end })
}

fn statement_of<'f>(draft: &Draft<'f, '_>, at: &Use) -> Option<&'f Statement> {
    let command = draft.facts.command_of(at)?;
    draft.facts.parts.get(at.part)?.script.statements().get(command.context.statement)
}
