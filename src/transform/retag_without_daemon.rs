//! Turns `docker pull`, `docker tag` and `docker push` of one image into a copy within the registry.
//!
//! `docker buildx imagetools create` gives an image in a registry another name there. It needs the login, no daemon and
//! no builder, and it copies the whole index, where pull and push moved one platform only. With
//! `--prefer-index=false` an image of one platform stays what it is.
//!
//! # What it does not do
//!
//! It changes a job only when all three commands belong together and nothing else uses the local image: an image that is
//! not pulled first, not pushed afterwards, or handled under a condition of its own leaves the job as it is.

use std::collections::BTreeSet;

use super::draft::Draft;
use super::facts::Use;
use super::image::{Cli, cli};
use super::left::Reason;
use super::settings::Settings;
use crate::pipeline::Way;
use crate::shell::docker::Verb;
use crate::shell::{Command, Statement};

pub(super) const DECLARES: &[&str] = &["services", "before_script", "script", "after_script"];

pub(super) fn apply(draft: &mut Draft<'_, '_>, settings: &Settings) -> Result<(), Vec<Reason>> {
    let facts = draft.facts;
    let of = |verb: Verb| facts.images.iter().filter(move |image| image.docker.verb == verb).collect::<Vec<&Use>>();
    let (pulls, tags, pushes) = (of(Verb::Pull), of(Verb::Tag), of(Verb::Push));
    if tags.is_empty() || !facts.builds.is_empty() || !facts.needs.is_empty() {
        return Ok(());
    }
    let mut reasons = Vec::new();
    let mut used: Vec<&Use> = Vec::new();
    let mut copies = Vec::new();
    for tag in tags {
        let Some(command) = facts.command_of(tag) else { continue };
        let names = names(command, tag, 2).unwrap_or_default();
        let partner = |uses: &[&'_ Use], name: Option<&String>, before: bool| {
            let fits = |other: &&&Use| {
                let there = facts.command_of(other).filter(|c| beside(c, command) && names_one(c, other, name));
                other.part == tag.part && (other.command < tag.command) == before && there.is_some()
            };
            uses.iter().find(fits).map(|other| (*other).clone())
        };
        match (partner(&pulls, names.first(), true), partner(&pushes, names.get(1), false)) {
            (Some(_), Some(_)) => {
                used.extend(
                    pulls
                        .iter()
                        .filter(|pull| facts.command_of(pull).is_some_and(|c| names_one(c, pull, names.first()))),
                );
                used.extend(
                    pushes
                        .iter()
                        .filter(|push| facts.command_of(push).is_some_and(|c| names_one(c, push, names.get(1)))),
                );
                copies.push((tag, command));
            }
            (None, _) => reasons.push(draft.reason_at_command(
                tag.part,
                command,
                "tag-not-pulled",
                "renames an image that is not pulled just before".into(),
            )),
            (_, None) => reasons.push(draft.reason_at_command(
                tag.part,
                command,
                "tag-not-pushed",
                "renames an image and does not push it".into(),
            )),
        }
    }
    let alone = |image: &&Use| {
        image.docker.verb != Verb::Tag && !used.iter().any(|u| (u.part, u.command) == (image.part, image.command))
    };
    for image in facts.images.iter().filter(|image| alone(image)) {
        if let Some(command) = facts.command_of(image) {
            reasons.push(draft.reason_at_command(
                image.part,
                command,
                "image-not-retagged",
                "pulls or pushes an image that is not renamed".into(),
            ));
        }
    }
    reasons.extend(no_buildx(draft, settings));
    if !reasons.is_empty() {
        return Err(reasons);
    }
    let mut replaced = BTreeSet::new();
    for (tag, command) in copies {
        let Some((old, new)) = raw_names(command, tag) else { continue };
        let text = format!("docker buildx imagetools create --prefer-index=false --tag {new} {old}");
        // The first copy takes the place of the pull, and with it the comment that leads all three.
        let first = pulls.iter().find(|pull| {
            facts
                .command_of(pull)
                .is_some_and(|c| names_one(c, pull, names(command, tag, 2).unwrap_or_default().first()))
        });
        let there = match first.filter(|pull| replaced.insert((pull.part, pull.command))) {
            Some(pull) => {
                used.push(tag);
                *pull
            }
            None => tag,
        };
        if let Some(place) = facts.command_of(there).and_then(|c| c.span.as_ref()) {
            draft.edit(there.part, place, text);
        }
    }
    for image in used.into_iter().filter(|image| replaced.insert((image.part, image.command))) {
        let Some(part) = facts.parts.get(image.part) else { continue };
        let Some(statement) = facts.command_of(image).and_then(|c| statement(part.script.statements(), c)) else {
            continue;
        };
        draft.drop_statement(image.part, &part.script, statement).map_err(|reason| vec![reason])?;
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

fn no_buildx(draft: &Draft<'_, '_>, settings: &Settings) -> Option<Reason> {
    let image = draft.facts.effective.get("image")?;
    let name = if image.is_mapping() { image.get("name") } else { Some(image.clone()) };
    let name = name.and_then(|name| name.text().map(|text| text.into_owned())).unwrap_or_default();
    let message = format!("it is not known whether the image `{name}` holds docker and buildx");
    (cli(&name, settings) != Cli::WithBuildx).then(|| draft.reason_at_setting(Some(&image), "image-unknown", message))
}

/// Whether two commands stand one after the other in the same sequence, each running exactly when the sequence does.
fn beside(one: &Command, other: &Command) -> bool {
    let plain = |command: &Command| {
        let context = &command.context;
        context.chain.is_none()
            && context.pipeline.is_none()
            && context.guarded.is_none()
            && !context.background
            && !context.negated
            && !context.substitution
            && command.redirects.is_empty()
            && !command.doubtful
    };
    plain(one) && plain(other) && one.context.sequence == other.context.sequence
}

/// The image references of a command, if it has just so many operands and all is understood.
fn names(command: &Command, at: &Use, count: usize) -> Option<Vec<String>> {
    let known = at.docker.certain() && at.docker.wrappers.is_empty() && command.assignments.is_empty();
    let plain = at.docker.options.iter().all(|option| option.name == "quiet");
    let operands: Option<Vec<String>> =
        at.docker.operands.iter().map(|&word| Some(command.words.get(word)?.display().to_owned())).collect();
    operands.filter(|operands| known && plain && operands.len() == count)
}

fn names_one(command: &Command, at: &Use, name: Option<&String>) -> bool {
    name.is_some() && names(command, at, 1).as_deref().and_then(<[String]>::first) == name
}

/// The two references of a `docker tag` as they are written.
fn raw_names<'c>(command: &'c Command, at: &Use) -> Option<(&'c str, &'c str)> {
    match at.docker.operands[..] {
        [old, new] => Some((command.words.get(old)?.raw(), command.words.get(new)?.raw())),
        _ => None,
    }
}

fn statement<'s>(statements: &'s [Statement], command: &Command) -> Option<&'s Statement> {
    statements.get(command.context.innermost)
}
