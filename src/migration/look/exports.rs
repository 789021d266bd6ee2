//! Files whose lines a job exports: `export $(grep -v '^#' .env | xargs)`.

use super::Looks;
use crate::pipeline::Pipeline;
use crate::shell::{Command, Script};
use crate::transform::{Facts, Unseen, hangs_on_daemon, reason, short};

impl Looks<'_> {
    /// Notes where such a file sets what the docker client reads: what the job says of it counts no longer.
    pub(super) fn exports(&mut self, facts: &mut Facts<'_>, pipeline: &Pipeline) {
        let mut found = Vec::new();
        for (number, part) in facts.parts.iter().enumerate() {
            if !part.items.iter().any(|item| item.text.contains("$(") || item.text.contains('`')) {
                continue;
            }
            // One that says nothing of docker was not kept.
            let script = match part.script.text().is_empty() {
                true => &Script::parse(part.items.iter().map(|item| &*item.text)),
                false => &*part.script,
            };
            for (index, command) in script.commands().iter().enumerate().filter(|(_, command)| takes_output(command)) {
                let Some((path, name)) = self.client_variable(command) else { continue };
                let message =
                    format!("`{}` may set the client's environment: {path} says {name}", short(command.raw()));
                let reason = reason(pipeline.project(), part, command.span.as_ref(), "client-environment", message);
                found.push(Unseen { reason, part: number, command: index });
            }
        }
        facts.hidden.extend(found);
    }

    /// The first file among the words of a command that names a variable of the docker client.
    fn client_variable(&mut self, command: &Command) -> Option<(String, &'static str)> {
        let words = command.raw().split(|c: char| c.is_whitespace() || "()<>|;'\"`".contains(c));
        let paths = words.map(|word| {
            let below = ["./", "$CI_PROJECT_DIR/", "${CI_PROJECT_DIR}/"];
            below.iter().find_map(|prefix| word.strip_prefix(prefix)).unwrap_or(word)
        });
        let mut paths = paths.filter(|path| !path.is_empty() && !path.starts_with(['-', '/', '$', '~']));
        paths.find_map(|path| Some((path.to_owned(), hangs_on_daemon(&Script::parse([self.text(path)?]))?)))
    }
}

/// Whether a command sets variables by what another one prints.
fn takes_output(command: &Command) -> bool {
    matches!(command.name(), Some("export" | "declare" | "typeset" | "readonly" | "env"))
        && command.words.iter().skip(1).any(|word| word.raw().starts_with(['`', '"']) || word.raw().starts_with("$("))
}
