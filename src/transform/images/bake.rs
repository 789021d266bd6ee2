//! What compose builds and pushes, as one `docker buildx bake`.

use std::collections::BTreeSet;

use super::between::{Point, Shell};
use super::point;
use crate::shell::docker::{Compose, Verb};
use crate::shell::{Command, Place, docker};
use crate::transform::draft::Draft;
use crate::transform::facts::Use;
use crate::transform::left::Reason;
use crate::transform::purpose::{Purpose, purpose};

/// Writes a build of compose and the push of the same services as one command, where the compose file allows it.
///
/// # Errors
/// A push that does not always follow its build, or of other services than were built.
pub(in crate::transform) fn bake(draft: &mut Draft<'_, '_>) -> Result<(), Vec<Reason>> {
    let facts = draft.facts;
    let Some(file) = &facts.compose_file else { return Ok(()) };
    let shell = Shell::of(facts);
    let of = |verb: Compose| facts.composes.iter().filter(move |it| it.docker.verb == Verb::Compose(verb.clone()));
    let mut pushes: Vec<&Use> = of(Compose::Push).collect();
    // What is pushed is what was built last.
    let is_last = |build: &Use, push: &Use| {
        let same = |other: &Use| services(draft, other) == services(draft, push) && point(other) < point(push);
        same(build) && !of(Compose::Build).any(|other| point(build) < point(other) && same(other))
    };
    let mut reasons = Vec::new();
    let mut edits: Vec<(&Use, Option<&Use>, bool)> = Vec::new();
    if super::tells_failures_apart(facts)
        && let Some(first) = facts.composes.first()
    {
        let message = "the job's exit codes are told apart, and a bake that pushes has one for both".to_owned();
        reasons.push(at(draft, first, "conditional-build", message));
    }
    for build in of(Compose::Build) {
        let matching = pushes.iter().position(|push| is_last(build, push));
        let push = matching.map(|at| pushes.remove(at));
        let between: Vec<&Command> = push.map_or_else(Vec::new, |push| {
            let between = shell.deciding_between(point(build), point(push));
            let compose = |command: &&Command| {
                facts.composes.iter().filter_map(|it| facts.command_of(it)).any(|it| std::ptr::eq(it, *command))
            };
            between.into_iter().filter(|command| !compose(command)).collect()
        });
        let row: Vec<Point> = [Some(build), push].into_iter().flatten().map(point).collect();
        let login = between.iter().all(|command| shell.logs_in(command));
        let moves = !between.is_empty();
        let felt = push.filter(|_| moves && login).and_then(|push| shell.felt_on_the_way(point(build), point(push)));
        let same = push.is_none_or(|push| shell.means_the_same(&facts.compose_reads, point(build), point(push)));
        if !same {
            let message = "a variable that its compose file may read changes on the way from the build".to_owned();
            reasons.push(at(draft, push.unwrap_or(build), "conditional-push", message));
        } else if let Some(command) = between.iter().find(|_| !login) {
            let message = format!(
                "`{}` runs between the build and the push: the image would be pushed before it",
                crate::transform::short(command.raw())
            );
            reasons.push(at(draft, push.unwrap_or(build), "between-build-and-push", message));
        } else if let Some(command) = felt {
            let what = crate::transform::short(command.raw());
            let message = format!("`{what}` stands before the login, behind which the build would have to go");
            reasons.push(at(draft, push.unwrap_or(build), "between-build-and-push", message));
        } else if !shell.in_a_row(&row) || moves && !shell.in_one_sequence(point(build), point(push.unwrap_or(build))) {
            let message = "what it pushes is not always built before".to_owned();
            reasons.push(at(draft, build, "conditional-push", message));
        } else if let Some(push) = push
            && !shell.ends_alike(point(build), point(push), &[(push.part, push.command)].into())
        {
            let message = "its failure ends the job, and would not within the list of its build".to_owned();
            reasons.push(at(draft, push, "conditional-push", message));
        } else if let Some(push) = push
            && let Some(command) = shell
                .hides_failure(point(build), point(push), &BTreeSet::new())
                .or_else(|| shell.waits_for(point(push), &BTreeSet::new()))
        {
            let message = format!(
                "`{}` would run, or pass, where it does not after a failure today",
                crate::transform::short(command.raw())
            );
            reasons.push(at(draft, push, "conditional-push", message));
        } else {
            edits.push((build, push, moves));
        }
    }
    // It fails where the daemon has no such image, and what compose makes is not followed.
    for (place, command) in shell.commands().filter(|(_, command)| is_question(command)) {
        let message = "asks the daemon for an image".to_owned();
        reasons.push(draft.reason_at_command(place.part, command, "docker-inspect", message));
    }
    for push in pushes {
        let message = "pushes other services than this job builds by one command".to_owned();
        reasons.push(at(draft, push, "push-not-built", message));
    }
    if !reasons.is_empty() {
        return Err(reasons);
    }
    for (build, push, moves) in edits {
        let text = words(draft, build, push.is_some(), file);
        // Behind the login, if that stands between the two.
        let (stays, goes) = if moves { (push.unwrap_or(build), Some(build)) } else { (build, push) };
        let span: Option<Place> = facts.command_of(stays).and_then(|command| command.span.clone());
        let Some(span) = span else { continue };
        draft.edit(stays.part, &span, text);
        if let Some(goes) = goes
            && let Some(part) = facts.parts.get(goes.part)
        {
            let script = part.script.clone();
            draft.drop_commands(goes.part, &script, &[goes.command].into()).map_err(|reason| vec![reason])?;
        }
        draft.handled.insert((stays.part, stays.command));
    }
    Ok(())
}

fn is_question(command: &Command) -> bool {
    docker(command).is_some_and(|docker| docker.verb == Verb::Inspect) && purpose(command) == Purpose::Plumbing
}

/// The services that a command names, as they are written.
fn services(draft: &Draft<'_, '_>, command: &Use) -> Vec<String> {
    let words = draft.facts.command_of(command).map(|command| command.words.as_slice()).unwrap_or_default();
    let named = command.docker.operands.iter().filter_map(|&word| words.get(word));
    let mut names: Vec<String> = named.map(|word| word.raw().to_owned()).collect();
    names.sort();
    names
}

fn words(draft: &Draft<'_, '_>, build: &Use, push: bool, file: &str) -> String {
    let mut text = format!("docker buildx bake --file {file}");
    if push {
        // What `docker push` sends is one image, and no index with an attestation.
        text += " --provenance=false --push";
    }
    for option in ["pull", "no-cache"].into_iter().filter(|option| build.docker.flag(option)) {
        text += &format!(" --{option}");
    }
    services(draft, build).into_iter().fold(text, |text, name| format!("{text} {name}"))
}

fn at(draft: &Draft<'_, '_>, of: &Use, code: &'static str, message: String) -> Reason {
    match draft.facts.command_of(of) {
        Some(command) => draft.reason_at_command(of.part, command, code, message),
        None => draft.reason(of.part, None, code, message),
    }
}
