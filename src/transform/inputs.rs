//! Inputs in what is changed: what is written must be right for every inclusion of the file, and not only for this one.
//!
//! A script is read as it is written, so that `$[[ inputs.x ]]` stands for anything. What is known of an input (its default, its
//! `options`, what an include of this repository gives) must fit what it is taken for: a word, a daemon, an image.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::image::{self, Cli, cli};
use super::is_dind;
use super::left::Reason;
use super::settings::Settings;
use crate::pipeline::{FileId, Given, Section};
use crate::shell::docker::Verb;
use crate::shell::{Command, Place, docker};

/// What opens an input.
pub(super) const BLOCK: &str = "$[[";

/// Why what a draft changes cannot be written into a file for every inclusion of it.
pub(super) fn obstacles(draft: &Draft<'_, '_>, home: FileId) -> Vec<Reason> {
    let mut reasons = services(draft);
    let mut meanings: BTreeMap<&str, &Given> = BTreeMap::new();
    for (number, part) in draft.facts.parts.iter().enumerate() {
        for (item, given) in part.items.iter().enumerate().flat_map(|(n, item)| item.given.iter().map(move |g| (n, g)))
        {
            let known = meanings.entry(&given.block).or_insert(given);
            let place = Place { item, range: 0..0 };
            let mut refuse = |message| reasons.push(draft.reason(number, Some(&place), "input", message));
            if (known.file, &known.texts) != (given.file, &given.texts) {
                refuse(format!("`{}` is one input here and another in the rest of the job", given.block));
            } else if let Some(text) =
                draft.is_touched(part.section).then(|| texts(given).find(|text| is_code(text))).flatten()
            {
                refuse(format!("`{}` may be `{}`, which is more than words", given.block, super::short(text)));
            }
        }
        for command in part.script.commands().iter().filter(|_| draft.is_touched(part.section)) {
            let odd =
                command.words.iter().enumerate().find_map(|(index, word)| odd(command, index, word.raw(), &meanings));
            reasons.extend(odd.map(|message| draft.reason_at_command(number, command, "input", message)));
        }
    }
    for (number, section) in Section::ALL.into_iter().enumerate() {
        let changed =
            draft.items(section).iter().enumerate().filter(|(_, item)| !item.dropped || !item.lead.is_empty());
        for (item, text) in
            changed.flat_map(|(n, item)| item.edits.iter().map(|(_, new)| new).chain(&item.lead).map(move |t| (n, t)))
        {
            let foreign = |given: &&Given| given.file != home && text.contains(&given.block);
            if let Some(given) = meanings.values().copied().find(foreign) {
                let message =
                    format!("`{}` is an input of another file, and would be written into this one", given.block);
                let place = Place { item, range: 0..0 };
                reasons.push(draft.reason(number, Some(&place), "input", message));
            }
        }
    }
    reasons
}

/// Why the image of a job may hold no buildx: it is an input, and may be another one.
pub(super) fn image(draft: &Draft<'_, '_>, settings: &Settings) -> Option<Reason> {
    let facts = draft.facts;
    let setting = facts.effective.get("image").map(|image| image::named(&image))?;
    let versions = image::versions(&facts.effective, &setting);
    if versions.len() < 2 && !setting.holds_input() {
        return None;
    }
    let odd = |version: &&String| match cli(version, settings) {
        Cli::WithBuildx => false,
        Cli::Unknown => !facts.runs_buildx(),
        Cli::TooOld => true,
    };
    let odd = versions.iter().find(odd)?;
    let message = format!("the image is an input, which may be `{odd}`: that is not known to hold buildx");
    Some(draft.reason_at_setting(Some(&setting), "input", message))
}

/// Why services cannot go that inputs decide about.
fn services(draft: &Draft<'_, '_>) -> Vec<Reason> {
    let facts = draft.facts;
    let Some(services) = facts.effective.get("services").filter(|_| draft.services.is_some()) else {
        return Vec::new();
    };
    let refuse = |message: &str| vec![draft.reason_at_setting(Some(&services), "input", message.to_owned())];
    if services.has_list_of_input() {
        return refuse("the services are an input, which may hold others");
    }
    let daemons = services.items().enumerate().filter(|(number, _)| facts.dind.contains(number));
    let other = daemons.flat_map(|(_, service)| image::versions(&facts.effective, &image::named(&service)));
    match other.into_iter().find(|version| !is_dind(version)) {
        Some(other) => refuse(&format!("the service is an input, which may be `{other}`: that is no Docker-in-Docker")),
        None => Vec::new(),
    }
}

/// All that is known of what an input may be.
fn texts(given: &Given) -> impl Iterator<Item = &String> {
    given.texts.iter().flatten().chain(&given.known.texts)
}

/// Whether a text does more in a script than to be words of a command.
fn is_code(text: &str) -> bool {
    text.contains(['\n', ';', '|', '&', '<', '>', '`', '"', '\'', '\\']) || text.contains("$(")
}

/// Why an input may be more than a word of a docker command, or less; options that it may hold are looked at elsewhere.
fn odd(command: &Command, index: usize, raw: &str, meanings: &BTreeMap<&str, &Given>) -> Option<String> {
    let docker = docker(command).filter(|docker| raw.contains(BLOCK) && !docker.dynamic.contains(&index))?;
    let alone = raw.starts_with(BLOCK) && raw.find("]]") == Some(raw.len() - 2);
    for given in meanings.values().filter(|given| raw.contains(&given.block)) {
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"${}_-./:@+=,%~".contains(&b));
        let word = |text: &str| plain(text) && !(alone && (text.is_empty() || text.starts_with('-')));
        if let Some(text) = texts(given).find(|text| !word(text)) {
            return Some(format!("`{}` may be `{text}`, which is not one word", given.block));
        }
    }
    // A name that is built and pushed is one word, as what one logs in with, or the job fails as it is.
    let name = matches!(docker.verb, Verb::Push | Verb::Tag | Verb::Pull | Verb::Login)
        || docker.all("tag").any(|tag| tag.words.contains(&index));
    let known = meanings.get(raw).is_some_and(|given| texts(given).next().is_some());
    (alone && !name && !known).then(|| {
        format!("what `{raw}` holds is not known: put it in quotes, or give the input a default, and it is one word")
    })
}
