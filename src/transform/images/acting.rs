//! What a job does between two commands besides that: builds, what lasts, what ends it.

use super::between::{Point, Shell};
use super::harmless::{is_test_name, stays_in_the_shell};
use crate::shell::{Command, Guard};
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

    /// Whether the job may end well between two commands, or go on elsewhere.
    pub fn ends_between(&self, from: Point, to: Point) -> bool {
        let ends = |command: &&Command| matches!(command.name(), Some("exit" | "return" | "break" | "continue"));
        self.deciding_between(from, to).iter().any(ends)
    }

    /// Whether the failure of a command is passed over, `|| true`, by what does not stand around another one.
    pub fn passes_over(&self, place: Point, other: Point) -> bool {
        let (Some(here), Some(there)) = (self.command(place), self.command(other)) else { return true };
        let passed = here.context.guarded.is_some_and(|guard| guard != Guard::And);
        passed && (place.part != other.part || here.context.innermost != there.context.innermost)
    }

    /// Whether a build is a test by its name, though its image is pushed: `--target test`.
    pub fn is_test(&self, at: Point) -> bool {
        let build = self.facts.builds.iter().find(|b| (b.at.part, b.at.command) == (at.part, at.command));
        let named = |build: &Build| {
            let target = build.at.docker.all("target").filter_map(|option| option.value.as_ref());
            let mut words = target.map(|value| &*value.display).chain(build.tags.iter().map(|tag| &**tag));
            words.any(is_test_name)
        };
        build.is_some_and(named)
    }
}
