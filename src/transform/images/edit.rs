//! Writes what becomes of a job's images into its draft.

use std::collections::BTreeSet;

use super::between::Shell;
use super::{Built, Flow};
use crate::shell::docker::{Opt, Verb};
use crate::shell::{Command, Place, Script};
use crate::transform::draft::Draft;
use crate::transform::ending::ends_alike;
use crate::transform::facts::{Build, Use};
use crate::transform::image::{copies_alike, expand, image_of, name_of, newer};
use crate::transform::left::Reason;
use crate::transform::settings::Settings;
use crate::transform::words::{beside, place_of};

/// Applies a flow to a draft; what it takes care of counts as handled.
///
/// # Errors
/// The flow's own reasons, or a command that cannot be taken out of the line that it stands on.
pub(in crate::transform) fn apply(
    draft: &mut Draft<'_, '_>,
    flow: Flow,
    settings: &Settings,
) -> Result<(), Vec<Reason>> {
    if !flow.reasons.is_empty() {
        return Err(flow.reasons);
    }
    let facts = draft.facts;
    for built in &flow.builds {
        let Some(build) = facts.builds.get(built.number) else { continue };
        let Some(command) = facts.command_of(&build.at) else { continue };
        let Some(edits) = build_edits(draft, build, command, built) else {
            let message = "not every option of this build is understood".to_owned();
            return Err(vec![draft.reason_at_command(build.at.part, command, "doubtful-options", message)]);
        };
        let push =
            built.moved.and_then(|(part, push)| facts.parts.get(part)?.script.commands().get(push)?.span.clone());
        match (built.moved, push, &command.span) {
            (Some((part, number)), Some(there), Some(span)) => {
                let text = draft.slice(build.at.part, span).unwrap_or_default();
                draft.edit(part, &there, edited(text, span.range.start, edits));
                draft.handled.insert((part, number));
            }
            _ => edits.into_iter().for_each(|(place, text)| draft.edit(build.at.part, &place, text)),
        }
        draft.handled.insert((build.at.part, build.at.command));
    }
    let image = name_of(&facts.effective).0;
    let asks = !flow.copies.is_empty() || !flow.checks.is_empty();
    if asks && !copies_alike(&image, settings) {
        draft.image = Some(newer(&image, settings));
    }
    let copies = flow.copies.iter().map(|copy| {
        let text = format!("docker buildx imagetools create --prefer-index=false --tag {} {}", copy.to, copy.from);
        (copy.at, text)
    });
    let checks = flow.checks.iter().map(|check| {
        let text = format!("docker buildx imagetools inspect {} > /dev/null", check.name);
        (check.at, text)
    });
    for (at, text) in copies.chain(checks) {
        let script = facts.parts.get(at.0).map(|part| part.script.clone());
        let place = script.as_ref().and_then(|script| script.commands().get(at.1)?.span.clone());
        if let Some(place) = place {
            draft.edit(at.0, &place, text);
        }
        draft.handled.insert(at);
    }
    for (number, part) in facts.parts.iter().enumerate() {
        let gone: BTreeSet<usize> =
            flow.dropped.iter().filter(|(part, _)| *part == number).map(|(_, command)| *command).collect();
        draft.drop_commands(number, &part.script, &gone).map_err(|reason| vec![reason])?;
    }
    draft.handled.extend(flow.dropped);
    still_clean(draft)?;
    ends_alike(draft).map_err(|reason| vec![reason])
}

/// A text with edits of it; their places count from where it stands.
fn edited(text: &str, start: usize, mut edits: Vec<(Place, String)>) -> String {
    edits.sort_by_key(|(place, _)| std::cmp::Reverse(place.range.start));
    let mut out = text.to_owned();
    for (place, new) in edits {
        let range = place.range.start.saturating_sub(start)..place.range.end.saturating_sub(start);
        if out.get(range.clone()).is_some() {
            out.replace_range(range, &new);
        }
    }
    out
}

/// The build's new words: the verb, `--push`, the names that it pushes, the cache.
fn build_edits(draft: &Draft<'_, '_>, build: &Build, command: &Command, built: &Built) -> Option<Vec<(Place, String)>> {
    let mut edits: Vec<(Place, String)> = Vec::new();
    let docker = &build.at.docker;
    let part = build.at.part;
    let push = !built.push.is_empty() && !docker.flag("push");
    let first = command.words.get(*docker.verb_words.first()?)?.place()?;
    let last = command.words.get(*docker.verb_words.last()?)?.place()?;
    let verb =
        (first.item == last.item).then_some(Place { item: first.item, range: first.range.start..last.range.end })?;
    // What `docker push` sends is one image; with the attestation that buildx adds by itself it would be an index.
    let index = attests(&build.at);
    let single = sends_one(draft, build);
    let words = match (push, index) {
        (true, true) => "buildx build --push",
        (true, false) => "buildx build --provenance=false --push",
        (false, _) if single => "buildx build --provenance=false",
        (false, _) => "buildx build",
    };
    let tags: Vec<&Opt> = docker.all("tag").collect();
    let inline = built.inline_cache && (push || docker.flag("push")) && !caches(draft, command, build);
    if docker.verb == Verb::Build || push || single {
        if docker.verb != Verb::Build && !draft.slice(part, &verb)?.starts_with("buildx") {
            return None;
        }
        edits.push((verb, words.to_owned()));
    }
    let mut after: Vec<String> = Vec::new();
    if let Some(load) = docker.last("load").filter(|_| push) {
        edits.push((with_gap(draft, part, place_of(command, load)?)?, String::new()));
    }
    if !built.push.is_empty() {
        let mut wanted: Vec<&String> = built.push.iter().collect();
        let mut spare: Vec<&Opt> = Vec::new();
        for &tag in &tags {
            match wanted.iter().position(|raw| tag.value.as_ref().is_some_and(|value| value.raw == **raw)) {
                Some(known) => drop(wanted.remove(known)),
                None => spare.push(tag),
            }
        }
        for tag in spare {
            // Built under a name that is not pushed: the name goes, or makes place for one that is.
            let value = tag.value.as_ref()?;
            let place = value.place.as_ref()?;
            match wanted.is_empty() {
                false => edits.push((place.clone(), wanted.remove(0).clone())),
                true => {
                    let place = with_gap(draft, part, place_of(command, tag)?)?;
                    edits.push((place, String::new()));
                }
            }
        }
        after.extend(wanted.into_iter().map(|raw| format!("--tag {raw}")));
    }
    if inline {
        after.push("--cache-to type=inline".to_owned());
    }
    if after.is_empty() {
        return Some(edits);
    }
    let anchor: &Opt = tags.last().copied().or_else(|| docker.options.last())?;
    let mut text = String::new();
    let mut at: Option<Place> = None;
    for option in after {
        let (place, gap) = beside(draft, part, command, anchor, &option, false)?;
        text.push_str(&gap);
        at = Some(place);
    }
    edits.push((at?, text));
    Some(edits)
}

fn attests(build: &Use) -> bool {
    ["provenance", "attest", "sbom"].iter().any(|option| build.docker.last(option).is_some())
}

/// Whether a build pushes one image by itself, and would push an index with an attestation by the Kubernetes driver: a daemon's
/// own builder adds none, until docker 29 keeps images in containerd's store.
pub(super) fn sends_one(draft: &Draft<'_, '_>, build: &Build) -> bool {
    let docker = &build.at.docker;
    let sends = |option: &Opt| {
        let fields = option.value.iter().flat_map(|value| value.display.split(','));
        fields.into_iter().any(|field| matches!(field, "type=registry" | "push=true"))
    };
    let pushes = docker.flag("push") || docker.all("output").any(sends);
    pushes && !attests(&build.at) && by_old_daemon(draft)
}

/// Whether the job builds by the own builder of a daemon that adds no attestation.
fn by_old_daemon(draft: &Draft<'_, '_>) -> bool {
    old_daemon(draft) && !Shell::of(draft.facts).makes_builder()
}

/// Has each bake that pushes send one image by each name, as it does today.
pub(in crate::transform) fn bakes_send_one(draft: &mut Draft<'_, '_>) {
    let facts = draft.facts;
    if facts.bakes.is_empty() || !by_old_daemon(draft) {
        return;
    }
    for bake in facts.bakes.iter().filter(|bake| bake.docker.flag("push") && !attests(bake)) {
        let Some(command) = facts.command_of(bake) else { continue };
        let last = bake.docker.verb_words.last().and_then(|&word| command.words.get(word)?.place());
        let Some(place) = last else { continue };
        let Some(word) = draft.slice(bake.part, place).map(str::to_owned) else { continue };
        draft.edit(bake.part, place, format!("{word} --provenance=false"));
    }
}

/// Whether the job's daemon is known to be older than 29 (Docker Engine 29 release notes, "containerd image store").
fn old_daemon(draft: &Draft<'_, '_>) -> bool {
    let facts = draft.facts;
    let services = facts.effective.get("services");
    let mut services = services.iter().flat_map(|services| services.items()).enumerate();
    !facts.kubernetes
        && services.any(|(number, service)| {
            let image = image_of(&facts.effective, &service);
            let tag = image.rsplit_once(':').map(|(_, tag)| tag).unwrap_or_default();
            let major: String = tag.chars().take_while(char::is_ascii_digit).collect();
            facts.dind.contains(&number) && major.parse::<u32>().is_ok_and(|major| major < 29)
        })
}

/// Whether a build writes a cache already, inline or elsewhere: as it is written, or by a variable that holds options.
fn caches(draft: &Draft<'_, '_>, command: &Command, build: &Build) -> bool {
    let value = |name: &str| {
        let variable = draft.facts.effective.variable(name)?;
        Some(variable.setting.variable_text().into_owned())
    };
    let writes = |text: &str| text.contains("BUILDKIT_INLINE_CACHE") || text.contains("--cache-to");
    build.at.docker.last("cache-to").is_some()
        || command.words.iter().any(|word| writes(&expand(word.display(), &value)))
}

/// An option with the blanks before it, and the line that it alone fills.
fn with_gap(draft: &Draft<'_, '_>, part: usize, place: Place) -> Option<Place> {
    let text = &draft.facts.parts.get(part)?.items.get(place.item)?.text;
    let before = text.get(..place.range.start)?;
    let start = before.trim_end_matches([' ', '\t', '\n', '\\']).len();
    Some(Place { item: place.item, range: start..place.range.end })
}

/// What is left must still be shell code that is understood: an empty branch, say, is none.
fn still_clean(draft: &Draft<'_, '_>) -> Result<(), Vec<Reason>> {
    for (number, part) in draft.facts.parts.iter().enumerate() {
        if draft.is_touched(part.section) && part.script.clean() && !Script::parse(draft.texts(part.section)).clean() {
            let message = "without its docker commands this would no longer be valid shell code".to_owned();
            let place = part.script.statements().first().and_then(|statement| statement.places.first());
            return Err(vec![draft.reason(number, place, "doubtful-script", message)]);
        }
    }
    Ok(())
}
