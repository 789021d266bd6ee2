//! What makes it uncertain which file a path means: other folders, and files that are written on the way.

use super::{Looks, path};
use crate::shell::{Command, Script};
use crate::transform::Facts;

impl Looks<'_> {
    /// Whether the job is in another folder by what a script does that it sources.
    pub(super) fn is_moved(&mut self, facts: &Facts<'_>) -> bool {
        let sources = |text: &str| {
            let lines = || text.split(['\n', ';', '&', '|']);
            lines().any(|line| line.trim_start().starts_with(". ") || line.trim_start().starts_with("source "))
        };
        let items = facts.parts.iter().flat_map(|part| &part.items);
        let texts = items.map(|item| &*item.text).filter(|text| sources(text));
        let read = |text: &str| -> Vec<String> {
            let script = Script::parse([text]);
            script.commands().iter().filter(|command| is_sourced(command)).filter_map(path).flatten().collect()
        };
        texts.flat_map(read).collect::<Vec<_>>().iter().any(|path| self.changes_folder(path))
    }

    /// Whether a file that is sourced changes the folder for whoever does.
    pub(super) fn changes_folder(&mut self, path: &str) -> bool {
        let Some(text) = self.text(path) else { return false };
        let stays = |command: &Command| command.context.substitution || command.context.subshell;
        text.contains("cd") && Script::parse([text]).commands().iter().any(|it| it.changes_folder() && !stays(it))
    }
}

pub(super) fn is_sourced(command: &Command) -> bool {
    matches!(command.name(), Some("." | "source"))
}

/// Whether a command of the job writes one of the files before it is run, so that it is not the repository's any more.
pub(super) fn is_written(facts: &Facts<'_>, paths: &[String]) -> bool {
    const WRITES: [&str; 13] =
        ["cp", "mv", "ln", "install", "tee", "sed", "perl", "curl", "wget", "rsync", "dd", "patch", "truncate"];
    let texts = || facts.parts.iter().flat_map(|part| &part.items).map(|item| &*item.text);
    if is_of_another_revision(facts, texts()) {
        return true;
    }
    // It is named once to be run.
    if paths.iter().all(|path| texts().map(|text| text.matches(&**path).count()).sum::<usize>() < 2) {
        return false;
    }
    let is = |text: &str| paths.iter().any(|path| text.trim_start_matches("./") == path);
    let writes = |command: &Command| {
        let sent = command.redirects.iter().any(|it| it.operator.contains('>') && is(it.target.display()));
        let named = command.name().is_some_and(|name| WRITES.contains(&name));
        sent || named && command.words.iter().skip(1).any(|word| is(word.display()))
    };
    texts().any(|text| Script::parse([text]).commands().iter().any(writes))
}

/// Whether the files are not those of the revision at hand: the job checks out or patches another, or has none fetched (GitLab,
/// `GIT_STRATEGY`).
fn is_of_another_revision<'t>(facts: &Facts<'_>, mut texts: impl Iterator<Item = &'t str>) -> bool {
    let strategy = facts.effective.variable("GIT_STRATEGY").map(|variable| variable.setting.variable_text());
    let turns = |command: &Command| {
        let verb = command.words.iter().skip(1).map(|word| word.display()).find(|word| !word.starts_with('-'));
        let git = matches!(
            verb,
            Some("checkout" | "switch" | "reset" | "apply" | "am" | "merge" | "rebase" | "pull" | "restore")
        );
        command.name() == Some("patch") || command.name() == Some("git") && git
    };
    let may = |text: &str| text.contains("git ") || text.contains("patch");
    strategy.is_some_and(|strategy| matches!(&*strategy, "none" | "empty"))
        || texts.any(|text| may(text) && Script::parse([text]).commands().iter().any(turns))
}
