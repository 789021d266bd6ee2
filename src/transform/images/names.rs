//! The image references of docker's image commands.

use crate::shell::{Command, Guard};
use crate::transform::facts::Use;

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
