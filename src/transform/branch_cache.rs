//! Gives each branch a registry cache of its own, beside the common one.
//!
//! A build that reads or writes a registry cache `…:buildcache` also reads `…:buildcache-${CI_COMMIT_REF_SLUG}`, and
//! writes it if it writes the common one. The branch's cache is written first, so that a common one written by another
//! branch meanwhile does not decide what this branch finds. BuildKit takes several `--cache-to` since 0.11.
//!
//! # What it does not do
//!
//! A build without a registry cache gets none: whether the registry may be used for it is the team's to say.

use super::draft::Draft;
use super::left::Reason;
use super::settings::Settings;
use crate::shell::docker::Opt;
use crate::shell::{Command, Place};

pub(super) const DECLARES: &[&str] = &["script"];

pub(super) fn apply(draft: &mut Draft<'_, '_>, settings: &Settings) -> Result<(), Vec<Reason>> {
    let facts = draft.facts;
    for build in &facts.builds {
        let Some(command) = facts.command_of(&build.at) else { continue };
        if command.doubtful || !build.at.docker.certain() {
            continue;
        }
        for name in ["cache-from", "cache-to"] {
            let options: Vec<&Opt> = build.at.docker.all(name).collect();
            for option in &options {
                let Some((before, reference, after)) = option.value.as_ref().and_then(|value| common(&value.raw))
                else {
                    continue;
                };
                let branch = format!("{reference}{}", settings.branch_suffix);
                let there = options.iter().any(|o| o.value.as_ref().is_some_and(|v| refers(&v.display, &branch)));
                let text = format!("--{name} {before}{branch}{after}");
                if !there
                    && let Some((place, text)) =
                        beside(draft, build.at.part, command, option, &text, name == "cache-to")
                {
                    draft.edit(build.at.part, &place, text);
                }
            }
        }
    }
    Ok(())
}

/// Splits a cache option's value around its reference, if that is a registry's and its tag is a fixed one.
fn common(raw: &str) -> Option<(&str, &str, &str)> {
    let bare = raw.trim_matches(['"', '\'']);
    let registry = bare.split(',').any(|field| field == "type=registry");
    let start = raw.find("ref=")? + "ref=".len();
    let end = raw[start..].find([',', '"', '\'']).map_or(raw.len(), |i| start + i);
    let reference = raw.get(start..end)?;
    let tag = reference.rsplit('/').next()?.split_once(':')?.1;
    let fixed = !tag.is_empty() && !tag.contains('$') && tag.contains("cache");
    (registry && fixed).then(|| (&raw[..start], reference, &raw[end..]))
}

fn refers(display: &str, branch: &str) -> bool {
    display.split(',').any(|field| field.strip_prefix("ref=") == Some(branch))
}

/// Where the new option goes, and its text in the manner of the one it stands beside: on a line of its own if that has one.
fn beside(
    draft: &Draft<'_, '_>,
    part: usize,
    command: &Command,
    option: &Opt,
    text: &str,
    before: bool,
) -> Option<(Place, String)> {
    let first = command.words.get(option.words.start)?.place()?;
    let last = command.words.get(option.words.end.checked_sub(1)?)?.place()?;
    if first.item != last.item {
        return None;
    }
    let script = &draft.facts.parts.get(part)?.items.get(first.item)?.text;
    let line = script.get(..first.range.start)?.rfind('\n').map_or(0, |i| i + 1);
    let indent = script.get(line..first.range.start)?;
    let gap = match indent.trim().is_empty() && line > 0 {
        true => format!(" \\\n{indent}"),
        false => " ".to_owned(),
    };
    let at = if before { first.range.start } else { last.range.end };
    let text = if before { format!("{text}{gap}") } else { format!("{gap}{text}") };
    Some((Place { item: first.item, range: at..at }, text))
}
