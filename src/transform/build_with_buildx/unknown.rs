//! Options of a build that a variable holds: `docker build $BUILD_ARGS -t x .`.

use super::super::draft::Draft;
use super::super::environment::{given_otherwise, set_by};
use super::super::image::expand;
use super::super::inputs::BLOCK;
use crate::shell::docker::Docker;
use crate::shell::{Command, Script, docker};

/// What a variable may hold, since it says nothing of what becomes of the image.
const HARMLESS: [&str; 12] = [
    "build-arg",
    "build-context",
    "cache-from",
    "label",
    "no-cache",
    "no-cache-filter",
    "progress",
    "pull",
    "secret",
    "shm-size",
    "ssh",
    "target",
];

/// Why the options of a build are not all understood.
pub(super) fn options(draft: &Draft<'_, '_>, command: &Command, build: &Docker) -> Option<String> {
    let known = build.unknown_options.is_empty() && build.wrappers.iter().all(|wrapper| wrapper.known);
    if command.doubtful || !known {
        return Some("not every option of this build is understood".to_owned());
    }
    build.dynamic.iter().filter_map(|&word| command.words.get(word)).find_map(|word| unfit(draft, word.raw()))
}

/// Why a word may be any option; none when all that it can hold is known and does not matter here.
fn unfit(draft: &Draft<'_, '_>, word: &str) -> Option<String> {
    if word.contains(BLOCK) {
        let items = draft.facts.parts.iter().flat_map(|part| &part.items);
        let given = items.flat_map(|item| &item.given).find(|given| given.block == word && given.known.closed);
        let Some(given) = given else {
            return Some(format!(
                "what `{word}` holds is not known: it may be any option, unless `options:` says what it is"
            ));
        };
        let odd = given.texts.iter().flatten().chain(&given.known.texts).find(|text| !is_harmless(text))?;
        return Some(format!("`{word}` may be `{odd}`, which is not understood beyond doubt"));
    }
    let inner = word.strip_prefix("${").and_then(|word| word.strip_suffix('}')).or_else(|| word.strip_prefix('$'));
    let name = inner.filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
    let Some(name) = name else {
        return Some(format!("what `{word}` holds is not known: it may be any option"));
    };
    let effective = &draft.facts.effective;
    let value = |name: &str| effective.variable(name).map(|variable| variable.setting.variable_text().into_owned());
    let commands = draft.facts.parts.iter().flat_map(|part| part.script.commands());
    let set: Vec<Option<String>> =
        commands.flat_map(set_by).filter(|(set, _)| set == name).map(|(_, value)| value).collect();
    let said = effective.variable(name).map(|variable| variable.setting);
    let said = said.map_or(Vec::new(), |said| match said.given() {
        _ if !said.holds_input() => vec![Some(said.variable_text().into_owned())],
        given if given.iter().all(|given| given.known.closed) => said.versions().into_iter().map(Some).collect(),
        _ => vec![said.written_text().map(|text| text.into_owned())],
    });
    let otherwise = given_otherwise(draft, name).into_iter().map(Some);
    let values: Option<Vec<String>> = set.into_iter().chain(said).chain(otherwise).collect();
    match values {
        Some(values) if !values.is_empty() => {
            let odd = values.iter().map(|text| expand(text, &value)).find(|text| !is_harmless(text))?;
            Some(format!(
                "`{word}` may hold `{}`, which is not understood beyond doubt",
                super::super::facts::short(&odd)
            ))
        }
        _ => {
            Some(format!("what `{word}` holds is not known: it may be any option, unless `variables:` says what it is"))
        }
    }
}

/// Whether a text holds nothing but options that say nothing of what becomes of the image.
fn is_harmless(text: &str) -> bool {
    let script = Script::parse([format!("docker build {text} .")]);
    let [command] = script.commands() else { return false };
    let Some(build) = docker(command) else { return false };
    script.clean()
        && build.certain()
        && build.operands.len() == 1
        && build.options.iter().all(|option| HARMLESS.contains(&option.name.as_str()))
}
