//! Package managers, which run scripts of the project by themselves.

use crate::pipeline::Pipeline;
use crate::shell::{Command, Package, Script, package, program, within};
use crate::transform::{Facts, Unseen, reason, short};

/// Notes the package managers of a job, which run scripts by themselves. Whether there are any.
pub(super) fn installs(facts: &mut Facts<'_>, pipeline: &Pipeline, told: &str) -> bool {
    const INSTALLS: &str = "install i in ci clean-install ic add require update upgrade up u publish pack version rebuild rb dump-autoload \
         dumpautoload remove rm r uninstall unlink un reinstall dedupe ddp prune link ln deploy create-project install-ci-test install-test it cit";
    let manages = |command: &Command| {
        let verb = |package: Package| {
            command.words.get(package.verb).is_some_and(|it| INSTALLS.split(' ').any(|one| one == it.display()))
        };
        // `yarn` alone installs, `yarn --cwd frontend` too.
        let alone = program(command) == Some("yarn")
            && package(command).is_none_or(|package| command.words.get(package.verb).is_none());
        let none = ["--ignore-scripts", "--ignore-scripts=true", "--no-scripts", "-g", "--global", "--version"];
        (alone || package(command).is_some_and(verb)) && !command.words.iter().any(|it| none.contains(&it.display()))
    };
    let mut found = Vec::new();
    for (number, part) in facts.parts.iter().enumerate() {
        // One that says nothing of docker was not kept.
        let script = match part.script.text().is_empty() {
            true => &Script::parse(part.items.iter().map(|item| &*item.text)),
            false => &*part.script,
        };
        let either = |command: &Command| manages(command) || within(command).iter().any(manages);
        for (index, command) in script.commands().iter().enumerate().filter(|(_, command)| either(command)) {
            let message = format!("`{}` {told}", short(command.raw()));
            let reason = reason(pipeline.project(), part, command.span.as_ref(), "package-script", message);
            found.push(Unseen { reason, part: number, command: index });
        }
    }
    let any = !found.is_empty();
    facts.hidden.extend(found);
    any
}
