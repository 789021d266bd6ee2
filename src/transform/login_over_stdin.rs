//! Hands the password of `docker login` over stdin in place of an argument.
//!
//! An argument can be read by every process of the machine, and shows in a trace. Docker itself warns of it. The rewritten
//! command logs in to the same registry as the same user.
//!
//! # What it does not do
//!
//! A login that reads its input already, stands in a pipeline, sets a variable (`${NAME:=x}`), or whose options are not all
//! understood stays as it is.

use super::draft::Draft;
use super::images::set_within;
use super::left::Reason;
use super::settings::Settings;
use super::words::place_of;
use crate::shell::docker::Verb;
use crate::shell::{Command, Place, docker};

pub(super) const DECLARES: &[&str] = &["before_script", "script", "after_script"];

pub(super) fn apply(draft: &mut Draft<'_, '_>, _: &Settings) -> Result<(), Vec<Reason>> {
    let facts = draft.facts;
    if !facts.makes_images() || facts.dind.is_empty() {
        return Ok(());
    }
    for (number, part) in facts.parts.iter().enumerate() {
        for command in part.script.commands().iter().filter(|_| part.script.clean()) {
            for (place, text) in rewritten(command).unwrap_or_default() {
                draft.edit(number, &place, text);
            }
        }
    }
    Ok(())
}

/// The edits that make a login read its password; none where it cannot be done.
fn rewritten(command: &Command) -> Option<Vec<(Place, String)>> {
    let docker = docker(command)?;
    let [password] = docker.all("password").collect::<Vec<_>>()[..] else { return None };
    let alone = command.context.pipeline.is_none() && !command.context.negated && !command.doubtful;
    let plain = docker.certain()
        && docker.wrappers.is_empty()
        && command.assignments.is_empty()
        && command.redirects.is_empty();
    if docker.verb != Verb::Login || !alone || !plain || docker.flag("password-stdin") {
        return None;
    }
    // In a pipeline, `${NAME:=x}` would set nothing that lasts.
    if !set_within(command.raw()).is_empty() {
        return None;
    }
    let value = password.value.as_ref()?;
    let span = command.span.as_ref()?;
    let start = Place { item: span.item, range: span.range.start..span.range.start };
    let mut edits = vec![
        (start, format!("echo {} | ", quoted(&value.raw))),
        (place_of(command, password)?, "--password-stdin".to_owned()),
    ];
    // What stands unquoted is quoted, as a name or an address must stay one word.
    let user = docker.last("username").and_then(|option| option.value.as_ref());
    // A variable before the options may hold options.
    let last = docker.operands.first().filter(|&&word| word + 1 == command.words.len());
    let registry = last.and_then(|&word| command.words.get(word));
    let words = user.map(|value| (value.place.clone(), value.raw.as_str()));
    for (place, raw) in words.into_iter().chain(registry.map(|word| (word.place().cloned(), word.raw()))) {
        let new = quoted(raw);
        if new != raw {
            edits.push((place?, new));
        }
    }
    Some(edits)
}

/// A word that is expanded, in double quotes; one with quotes of its own stays.
fn quoted(raw: &str) -> String {
    match raw.contains('$') && !raw.contains(['"', '\'', '\\', '`', '(']) {
        true => format!("\"{raw}\""),
        false => raw.to_owned(),
    }
}
