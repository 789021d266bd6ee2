//! The image references of docker's image commands.

use super::between::{Point, Shell};
use crate::shell::{Command, Guard};
use crate::transform::facts::Use;

impl Shell<'_, '_> {
    /// Whether what a command prints goes on to a file or another command: the digest that `docker push` prints, say.
    pub fn is_captured(&self, at: Point) -> bool {
        let Some(own) = self.script(at.part) else { return false };
        let Some(command) = own.commands().get(at.command) else { return false };
        let sends = |part: usize| self.script(part).is_some_and(|script| script.sends_all());
        let calls = |part: usize| self.script(part).is_some_and(|script| script.captures_calls_of(command));
        own.is_captured(command) || at.part == 1 && sends(0) || at.part == 0 && calls(1)
    }
}

/// The image references of a command, as written and as displayed, if all of it is understood.
pub(super) fn names(command: &Command, image: &Use) -> Option<Vec<(String, String)>> {
    let docker = &image.docker;
    let known = docker.certain()
        && docker.wrappers.is_empty()
        && docker.endpoint.is_none()
        && command.assignments.is_empty()
        && quiet(command)
        && !command.doubtful
        && command.context.pipeline.is_none()
        && !command.context.negated
        && command.context.guarded.is_none_or(|guard| matches!(guard, Guard::And | Guard::Or | Guard::Condition));
    let plain = docker
        .options
        .iter()
        .all(|option| matches!(option.name.as_str(), "quiet" | "all-tags" | "disable-content-trust"));
    let name = |&word: &usize| {
        let word = command.words.get(word)?;
        Some((word.raw().to_owned(), word.display().to_owned()))
    };
    docker.operands.iter().map(name).collect::<Option<Vec<_>>>().filter(|_| known && plain)
}

/// Whether nothing of what a command prints is kept: only thrown away, if it is redirected at all.
fn quiet(command: &Command) -> bool {
    command.redirects.iter().all(|redirect| {
        redirect.heredoc.is_none() && (redirect.target.display() == "/dev/null" || redirect.operator.ends_with("&"))
    })
}
