//! What of a job's scripts only served the daemon.

use std::collections::BTreeSet;

use super::draft::Draft;
use super::ending::ends_alike;
use super::left::Reason;
use super::purpose::{Purpose, Whole, purpose, whole};
use crate::pipeline::Way;
use crate::shell::docker::Verb;
use crate::shell::{Kind, Script, Statement, docker};

/// Whose scripts are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// All that the job runs, inherited or not.
    All,
    /// What is not inherited from the global level.
    Own,
}

/// Drops the statements that only served the daemon.
pub(super) fn drop_plumbing(draft: &mut Draft<'_, '_>, whose: Whose) -> Result<(), Reason> {
    (0..draft.facts.parts.len()).try_for_each(|number| drop_plumbing_of(draft, number, whose))
}

/// The same for one of its scripts, by its number.
pub(super) fn drop_plumbing_of(draft: &mut Draft<'_, '_>, number: usize, whose: Whose) -> Result<(), Reason> {
    let facts = draft.facts;
    if let Some(part) = facts.parts.get(number) {
        // One that every job inherits is not kept by those that say nothing of docker.
        let whole_script;
        let script: &Script = match part.script.text().is_empty() && whose == Whose::All {
            true => {
                whole_script = Script::parse(part.items.iter().map(|item| &*item.text));
                &whole_script
            }
            false => &part.script,
        };
        let statements = script.statements().iter().enumerate();
        for (index, statement) in statements.filter(|(_, statement)| statement.parent.is_none()) {
            let place = statement.places.first();
            let item = place.and_then(|place| part.items.get(place.item));
            let inherited = item.is_some_and(|item| matches!(item.origin.way, Way::Default | Way::Global));
            if inherited && whose == Whose::Own {
                continue;
            }
            match whole(script, statement) {
                // Its own Kubernetes builder is picked, started and removed.
                Whole::Plumbing if facts.kubernetes && is_about_builders(script, statement) => {}
                Whole::Plumbing if statement.kind == Kind::Function => {
                    let message = "a function serves the daemon; whether it is called is not known".to_owned();
                    return Err(draft.reason(number, place, "plumbing-function", message));
                }
                Whole::Plumbing => draft.drop_statement(number, script, statement)?,
                // `docker info && docker login …`
                Whole::Mixed if statement.kind == Kind::List => {
                    let plumbing = |number: &usize| {
                        let command = script.commands().get(*number);
                        command.is_some_and(|command| purpose(command) == Purpose::Plumbing)
                    };
                    let gone: BTreeSet<usize> = statement.commands.iter().copied().filter(plumbing).collect();
                    // A group or a loop of the list would be left without a body.
                    let inner =
                        |number: &usize| script.commands().get(*number).is_some_and(|it| it.context.innermost != index);
                    if gone.iter().any(inner) {
                        let message = "serves the daemon within a group or a loop of a list".to_owned();
                        return Err(draft.reason(number, place, "mixed-statement", message));
                    }
                    draft.drop_commands(number, script, &gone)?;
                }
                Whole::Mixed => {
                    let message = "serves the daemon and does something else in one statement".to_owned();
                    return Err(draft.reason(number, place, "mixed-statement", message));
                }
                Whole::KubernetesBuilder | Whole::Other => {}
            }
        }
    }
    ends_alike(draft)
}

/// Whether all that a statement asks of docker is about builders.
fn is_about_builders(script: &Script, statement: &Statement) -> bool {
    let commands = statement.commands.iter().filter_map(|&number| script.commands().get(number));
    commands.into_iter().filter_map(docker).all(|docker| {
        matches!(
            docker.verb,
            Verb::BuildxUse | Verb::BuildxInspect | Verb::BuildxRm | Verb::BuildxLs | Verb::BuildxVersion
        )
    })
}
