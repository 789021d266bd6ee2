//! What a job does between two commands besides that: builds, what lasts, what ends it.

use std::collections::BTreeSet;

use super::between::{ERREXIT, Point, Shell};
use super::harmless::{is_test_name, stays_in_the_shell, switches};
use crate::shell::docker::Verb;
use crate::shell::{Command, Guard, docker};
use crate::transform::facts::Build;
use crate::transform::purpose::{Purpose, purpose};

impl<'f> Shell<'f, '_> {
    /// What does something between two others that lasts, or takes its time: all that decides but logins, tests, and what only concerns
    /// the shell.
    pub fn acting_between(&self, from: Point, to: Point) -> Vec<&'f Command> {
        let mut found = self.deciding_between(from, to);
        found.retain(|command| !self.logs_in(command) && !stays_in_the_shell(command));
        found
    }

    /// The builds between two commands.
    pub fn builds_between(&self, from: Point, to: Point) -> impl Iterator<Item = &'f Command> {
        let builds = |command: &&Command| matches!(purpose(command), Purpose::Build | Purpose::Bake);
        self.between(from, to).map(|(_, command)| command).filter(builds)
    }

    /// Whether the job may end well between two commands, go on elsewhere, or let failures pass from there on.
    pub fn ends_between(&self, from: Point, to: Point) -> bool {
        let ends = |command: &&Command| matches!(command.name(), Some("exit" | "return" | "break" | "continue"));
        let passes = |(_, command): (Point, &Command)| switches(command, &['+'], ERREXIT);
        self.deciding_between(from, to).iter().any(ends) || self.between(from, to).any(passes)
    }

    /// The first pull between two commands that ends the job where its image is missing.
    pub fn pull_between(&self, from: Point, to: Point) -> Option<&'f Command> {
        let is_one = |command: &&Command| {
            docker(command).is_some_and(|docker| docker.verb == Verb::Pull) && command.context.guarded.is_none()
        };
        self.between(from, to).map(|(_, command)| command).find(is_one)
    }

    /// Whether a push stands between two commands.
    pub fn push_between(&self, from: Point, to: Point) -> bool {
        let is_one = |command: &Command| docker(command).is_some_and(|docker| docker.verb == Verb::Push);
        self.between(from, to).any(|(_, command)| is_one(command))
    }

    /// Whether the failure of a command is passed over, `|| true`, by what does not stand around another one.
    pub fn passes_over(&self, place: Point, other: Point) -> bool {
        let (Some(here), Some(there)) = (self.command(place), self.command(other)) else { return true };
        let passed = here.context.guarded.is_some_and(|guard| guard != Guard::And);
        passed && (place.part != other.part || here.context.innermost != there.context.innermost)
    }

    /// Whether a script may go on where a command fails, though the command itself is not passed over: by `set +e`, or since a call of
    /// the function around it is a condition or an element of a list, in which the shell passes over what fails within as well
    /// (<https://www.gnu.org/software/bash/manual/html_node/The-Set-Builtin.html>).
    pub fn goes_on_after(&self, at: Point) -> bool {
        self.lets_fail() || self.command(at).is_some_and(|command| self.is_called_guarded(command, 0))
    }

    /// What stands between a command and one that becomes part of it, and stays there, where the script goes on after the failure of the
    /// first: the second one's failure said so at the end, `set +e`, `docker build …`, `echo built`, `docker push …`.
    pub fn hides_failure(&self, place: Point, other: Point, gone: &BTreeSet<(usize, usize)>) -> Option<&'f Command> {
        let here = self.command(place)?;
        let list = |command: &Command| command.context.chain.as_ref().map(|chain| chain.id);
        let one_list = list(here).is_some() && list(here) == self.command(other).and_then(list);
        let goes_on = self.goes_on_after(place) || here.context.guarded.is_some() && !one_list;
        let stays = |(point, command): &(Point, &Command)| {
            let exits = self.is_exit_of(command, place) || self.is_exit_of(command, other);
            !gone.contains(&(point.part, point.command)) && !command.context.substitution && !exits
        };
        self.between(place, other).filter(|_| goes_on).find(stays).map(|(_, command)| command)
    }

    /// What an `after_script` does only where a command of it passed, which fails where the script came to nothing: `docker push …`, then
    /// `curl …`.
    pub fn waits_for(&self, at: Point, gone: &BTreeSet<(usize, usize)>) -> Option<&'f Command> {
        let guards = at.part == 2 && self.command(at).is_some_and(|command| command.context.guarded.is_none());
        let acts = |(point, command): &(Point, &Command)| {
            let tells = matches!(purpose(command), Purpose::Image | Purpose::Plumbing | Purpose::Login | Purpose::Idle);
            *point > at && !gone.contains(&(point.part, point.command)) && !tells && !stays_in_the_shell(command)
        };
        self.commands().filter(|_| guards).find(acts).map(|(_, command)| command)
    }

    /// Whether a function that a command stands in is called where a failure is passed over; `depth` ends what calls itself.
    fn is_called_guarded(&self, command: &Command, depth: usize) -> bool {
        let Some(function) = &command.context.function else { return false };
        let mut calls = self.commands().filter(|(_, call)| call.words.iter().any(|word| word.display() == &**function));
        depth > 8
            || calls.any(|(_, call)| {
                call.context.guarded.is_some() || call.context.substitution || self.is_called_guarded(call, depth + 1)
            })
    }

    /// Whether a build is a test by its name, though its image is pushed: `--target test`.
    pub fn is_test(&self, at: Point) -> bool {
        let build = self.facts.builds.iter().find(|b| (b.at.part, b.at.command) == (at.part, at.command));
        let named = |build: &Build| {
            let docker = &build.at.docker;
            let options = ["target", "file", "build-arg"].into_iter().flat_map(|name| docker.all(name));
            let options = options.filter_map(|option| option.value.as_ref()).map(|value| value.display.to_string());
            let operands = docker.operands.iter().filter_map(|&word| self.command(at)?.words.get(word));
            let operands = operands.map(|word| word.display().to_owned());
            // A registry for tests is none.
            let tags =
                build.tags.iter().map(|tag| tag.split_once('/').map_or(tag.clone(), |(_, name)| name.to_owned()));
            options.chain(operands).chain(tags).any(|text| is_test_name(&text))
        };
        build.is_some_and(named)
    }
}
