//! Where options stand in a command, and where a new one goes.

use super::draft::Draft;
use crate::shell::docker::Opt;
use crate::shell::{Command, Place};

/// The bytes of an option with its value; none where it shares its word with another.
pub(super) fn place_of(command: &Command, option: &Opt) -> Option<Place> {
    let first = command.words.get(option.words.start)?.place()?;
    let last = command.words.get(option.words.end.checked_sub(1)?)?.place()?;
    (first.item == last.item).then_some(Place { item: first.item, range: first.range.start..last.range.end })
}

/// Where the new option goes, and its text in the manner of the one it stands beside: on a line of its own if that has one.
pub(super) fn beside(
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
