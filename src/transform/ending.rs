//! How scripts and functions end: the status of their last statement is theirs.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::left::Reason;
use crate::pipeline::Section;
use crate::shell::{Joint, Kind, Script, docker};

/// Whether each sequence of commands that ended in a list with a test before does so after the edits, and no other one does.
///
/// A test that does not hold is passed over within a list, `[ -n "$TAG" ] && docker push x`, but for the last one of a script or of a
/// function, which fails by it (<https://www.gnu.org/software/bash/manual/html_node/Lists.html>). Without `docker logout` behind it, such
/// a list would come last.
///
/// # Errors
/// The list that would.
pub(super) fn ends_alike(draft: &Draft<'_, '_>) -> Result<(), Reason> {
    for (number, part) in draft.facts.parts.iter().enumerate() {
        if !draft.is_touched(part.section) || !part.script.clean() {
            continue;
        }
        let before = tests_at_ends(&part.script, part.section);
        let after = tests_at_ends(&Script::parse(draft.texts(part.section)), part.section);
        let changed = before.keys().chain(after.keys()).find(|test| before.get(*test) != after.get(*test));
        if let Some(test) = changed {
            let place = part.script.commands().iter().find(|command| command.raw() == test);
            let place = place.and_then(|command| command.span.as_ref());
            let message = format!(
                "the list that begins with `{test}` ends a script or a function only before or after this change"
            );
            return Err(draft.reason(number, place, "mixed-statement", message));
        }
    }
    Ok(())
}

/// The tests that lists begin with at the end of a sequence, and how often each does so.
fn tests_at_ends(script: &Script, section: Section) -> BTreeMap<String, usize> {
    let mut last: BTreeMap<usize, usize> = BTreeMap::new();
    for (index, statement) in script.statements().iter().enumerate() {
        let end = last.entry(statement.sequence).or_insert(index);
        if script.statements().get(*end).is_some_and(|other| other.position < statement.position) {
            *end = index;
        }
    }
    let mut found = BTreeMap::new();
    for (sequence, index) in last {
        // A `before_script` goes on in the script, and how an `after_script` ends is not asked.
        if sequence == 0 && section != Section::Script {
            continue;
        }
        let list = script.statements().get(index).filter(|statement| statement.kind == Kind::List);
        let first = list.and_then(|list| script.commands().get(*list.commands.first()?));
        let test = first.filter(|command| {
            command.context.chain.as_ref().is_some_and(|chain| chain.after == Some(Joint::And))
                && docker(command).is_none()
                && !matches!(command.name(), Some("echo" | "printf" | "true" | ":"))
        });
        if let Some(test) = test {
            *found.entry(test.raw().to_owned()).or_insert(0) += 1;
        }
    }
    found
}
