//! Takes commands out of a script: with their line, or out of the `&&` list that they stand in.

use std::collections::BTreeSet;
use std::ops::Range;

use super::draft::Draft;
use super::images::demands;
use super::left::Reason;
use super::purpose::{Purpose, purpose};
use crate::shell::docker::Verb;
use crate::shell::{Command, Joint, Place, Script, Statement, docker};

impl Draft<'_, '_> {
    /// Drops commands, given by their numbers.
    ///
    /// # Errors
    /// What stands around a command cannot do without it.
    pub fn drop_commands(&mut self, part: usize, script: &Script, gone: &BTreeSet<usize>) -> Result<(), Reason> {
        let of = |command: &usize| script.commands().get(*command).map(|command| command.context.innermost);
        let statements: BTreeSet<usize> = gone.iter().filter_map(of).collect();
        // `docker push x && docker rmi x`: the push went before.
        self.dropped.extend(gone.iter().map(|&command| (part, command)));
        let gone: &BTreeSet<usize> =
            &self.dropped.iter().filter(|(of, _)| *of == part).map(|(_, command)| *command).collect();
        for (number, statement) in statements.into_iter().filter_map(|n| Some((n, script.statements().get(n)?))) {
            let command = |number: &usize| script.commands().get(*number);
            // A substitution within the words of a command goes with it.
            let inside = |inner: &Command| {
                inner.context.substitution
                    && gone.iter().filter_map(command).filter_map(|outer| outer.span.as_ref()).any(|outer| {
                        inner.span.as_ref().is_some_and(|inner| {
                            outer.item == inner.item
                                && outer.range.start < inner.range.start
                                && inner.range.end < outer.range.end
                        })
                    })
            };
            let (dropped, kept): (Vec<usize>, Vec<usize>) = statement
                .commands
                .iter()
                .copied()
                .partition(|number| gone.contains(number) || command(number).is_some_and(inside));
            let idle = kept.iter().filter_map(command).all(|command| purpose(command) == Purpose::Idle);
            // What stays may decide, end the job or leave a loop; behind a `||` it does so only where what goes has failed.
            let tells = |command: &Command| {
                matches!(command.name(), Some("echo" | "printf" | "true" | ":" | "sleep")) && !demands(command.raw())
            };
            let behind = dropped.iter().max() < kept.iter().min();
            let idle =
                idle && kept.iter().filter_map(command).all(|it| tells(it) || behind && it.name() == Some("exit"));
            let either = dropped.iter().chain(&kept).filter_map(command).any(|command| {
                let chain = command.context.chain.as_ref();
                chain.is_some_and(|chain| chain.before == Some(Joint::Or) || chain.after == Some(Joint::Or))
            });
            // `docker pull x || true` goes as a whole, and `docker push x || { echo failed; exit 1; }`.
            if kept.is_empty() || idle && (either || leads_to(script, &dropped, &kept)) {
                self.drop_statement(part, script, statement)?;
                continue;
            }
            let Some(cuts) = cuts(script, number, statement, gone) else {
                let message = "stands on one line with other commands".to_owned();
                return Err(self.reason(part, statement.places.first(), "shared-line", message));
            };
            cuts.into_iter().for_each(|cut| self.edit(part, &cut, ""));
        }
        Ok(())
    }
}

/// Whether what stays is a group behind a `||`, to which only what goes may lead.
fn leads_to(script: &Script, dropped: &[usize], kept: &[usize]) -> bool {
    let span = |number: Option<&usize>| script.commands().get(*number?)?.span.clone();
    let (Some(last), Some(first)) = (span(dropped.iter().max()), span(kept.iter().min())) else { return false };
    let between = Place { item: last.item, range: last.range.end..first.range.start };
    let opens = |text: &str| text.strip_prefix("||").map(str::trim) == Some("{");
    last.item == first.item && between.range.start < between.range.end && opens(script.slice(&between).trim())
}

/// What is cut out of an `&&` list of simple commands, operators included. In `a && b || c` it may be `b`, as if that succeeded;
/// not all that stands before the `||`, nor what stands behind it.
fn cuts(script: &Script, number: usize, statement: &Statement, gone: &BTreeSet<usize>) -> Option<Vec<Place>> {
    let place = statement.place()?;
    let elements: Vec<(usize, &Command)> = statement
        .commands
        .iter()
        .filter_map(|&number| Some((number, script.commands().get(number)?)))
        // A group may stand last: `… || { echo failed; exit 1; }`.
        .filter(|(_, command)| command.context.innermost == number || command.context.substitution)
        .collect();
    // A list with both operators is made of lists: the last element knows how long all of it is.
    let whole = elements.last().and_then(|(_, command)| command.context.chain.as_ref())?;
    let simple = |(position, (_, command)): (usize, &(usize, &Command))| {
        let chain = command.context.chain.as_ref();
        let here = chain.is_some_and(|chain| chain.position == position && chain.id == whole.id);
        here && command.redirects.iter().all(|redirect| redirect.heredoc.is_none()) && !command.doubtful
    };
    if statement.doubtful || whole.length != elements.len() || !elements.iter().enumerate().all(simple) {
        return None;
    }
    let span = |at: usize| elements.get(at)?.1.span.clone();
    let is_gone = |at: usize| elements.get(at).is_some_and(|(number, _)| gone.contains(number));
    let is_or = |at: usize| {
        let chain = elements.get(at).and_then(|(_, command)| command.context.chain.as_ref());
        chain.is_some_and(|chain| chain.before == Some(Joint::Or))
    };
    // What decides between two ways cannot go, unless it is a push that another command makes; `|| exit 1` is no other way.
    let length = elements.first().and_then(|(_, command)| command.context.chain.as_ref())?.length;
    let ways = elements.iter().any(|(_, command)| {
        let chain = command.context.chain.as_ref();
        chain.is_some_and(|chain| chain.before == Some(Joint::Or) && chain.position < length)
    });
    let verb = |at: usize| Some(docker(elements.get(at)?.1)?.verb.clone());
    if ways && (0..elements.len()).any(|at| is_gone(at) && verb(at) != Some(Verb::Push)) {
        return None;
    }
    // The last of a list ends the job when it fails, and those before it do not. Of a push that is known already.
    let may_be_last = |at: usize| {
        let builds = matches!(verb(at), Some(Verb::Build | Verb::BuildxBuild | Verb::BuildxBake | Verb::Compose(_)));
        // A pull, a tag or a push that stays becomes a copy.
        builds || matches!(verb(at), Some(Verb::Login | Verb::Pull | Verb::Tag | Verb::Push))
    };
    let last_kept = (0..elements.len()).rev().find(|&at| !is_gone(at))?;
    if (last_kept + 1..elements.len()).any(|at| verb(at) != Some(Verb::Push)) && !may_be_last(last_kept) {
        return None;
    }
    let mut cuts = Vec::new();
    let mut at = 0;
    while at < elements.len() {
        if !is_gone(at) {
            at += 1;
            continue;
        }
        let first = at;
        while is_gone(at) {
            if is_or(at) {
                return None;
            }
            at += 1;
        }
        if first == 0 && is_or(at) {
            return None;
        }
        // From the beginning: up to what follows; otherwise from the end of what is before.
        let range: Range<usize> = match first.checked_sub(1) {
            None => span(first)?.range.start..span(at)?.range.start,
            Some(before) => span(before)?.range.end..span(at - 1)?.range.end,
        };
        cuts.push(Place { item: place.item, range });
    }
    Some(cuts)
}
