//! Looks into the scripts and Makefiles of the repository that a job runs, for the docker that the CI file does not show.
//!
//! A shell script that is understood and uses no docker hides none. One that does is named with the line; it stays for a
//! person to change, as only what stands in the CI files is edited.

use std::collections::BTreeMap;

use crate::pipeline::Files;
use crate::shell::{Command, Hidden, Script, docker, hides_docker, mentions_docker, other_daemon_users};
use crate::transform::{Facts, short};

/// What a file is found to do.
#[derive(Clone, Debug, PartialEq)]
enum Found {
    /// No docker, for certain.
    Nothing,
    /// This, at this line.
    Docker(usize, String),
    Unknown,
}

/// Takes away what is shown to hide nothing, and says of the rest what was found.
pub(super) fn look_into(facts: &mut [Facts<'_>], files: &dyn Files) {
    let mut looks = Looks { files, known: BTreeMap::new() };
    for facts in facts.iter_mut().filter(|facts| !facts.perhaps.is_empty()) {
        let perhaps = std::mem::take(&mut facts.perhaps);
        let moves = perhaps.iter().any(|(_, command)| changes_folder(command));
        for (mut unseen, command) in perhaps {
            let file = path(&command).filter(|_| !moves).and_then(|paths| looks.first(&paths));
            match file.or_else(|| looks.manifest(&command)) {
                Some((path, Found::Docker(line, what))) => {
                    unseen.reason.message += &format!(": `{what}` stands in {path}:{line}");
                    facts.hidden.push(unseen);
                }
                Some((_, Found::Nothing)) => {}
                _ => facts.perhaps.push((unseen, command)),
            }
        }
    }
    for facts in facts.iter_mut().filter(|facts| !facts.hidden.is_empty()) {
        let mut hidden = std::mem::take(&mut facts.hidden);
        // After a `cd` a path is not one from the root.
        let moves = facts.parts.iter().flat_map(|part| part.script.commands()).any(changes_folder);
        hidden.retain_mut(|unseen| {
            let part = facts.parts.get(unseen.part);
            let command = part.and_then(|part| part.script.commands().get(unseen.command));
            let Some(path) = command.filter(|_| !moves).and_then(path) else { return true };
            let Some((path, found)) = looks.first(&path) else { return true };
            if let Found::Docker(line, what) = &found {
                unseen.reason.message += &format!(": `{what}` stands in {path}:{line}");
            }
            found != Found::Nothing
        });
        facts.hidden = hidden;
    }
}

/// Where package managers are told what tests need.
const MANIFESTS: [&str; 9] = [
    "package.json",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "go.mod",
    "requirements.txt",
    "requirements-dev.txt",
    "pyproject.toml",
    "Gemfile",
];

/// How deeply scripts that call scripts are followed.
const DEPTH: usize = 4;

struct Looks<'f> {
    files: &'f dyn Files,
    known: BTreeMap<String, Option<Found>>,
}

impl Looks<'_> {
    /// The first of these files that is there.
    fn first(&mut self, paths: &[String]) -> Option<(String, Found)> {
        paths.iter().find_map(|path| Some((path.clone(), self.file(path, DEPTH)?)))
    }

    fn file(&mut self, path: &str, depth: usize) -> Option<Found> {
        if let Some(known) = self.known.get(path) {
            return known.clone();
        }
        // A script that calls itself: not known before it is read.
        self.known.insert(path.to_owned(), Some(Found::Unknown));
        let text = self.files.read(path).ok().flatten();
        let found = text.map(|text| match is_shell(path, &text) {
            true => self.shell(&text, depth),
            false => mention(&text).unwrap_or(Found::Unknown),
        });
        self.known.insert(path.to_owned(), found.clone());
        found
    }

    /// What the manifests of package managers show: a script that uses docker, or tests that start containers.
    fn manifest(&mut self, command: &Command) -> Option<(String, Found)> {
        let called = hides_docker(command).and_then(|hidden| command.words.get(hidden.target?)?.value());
        MANIFESTS.into_iter().find_map(|path| {
            let text = self.files.read(path).ok().flatten()?;
            let named = called.map(|name| format!("\"{name}\":"));
            let says = |line: &str| {
                line.contains("testcontainers")
                    || named.as_ref().is_some_and(|n| line.contains(n) && mentions_docker(line))
            };
            let (number, line) = text.lines().enumerate().find(|(_, line)| says(line))?;
            Some((path.to_owned(), Found::Docker(number + 1, short(line))))
        })
    }

    fn shell(&mut self, text: &str, depth: usize) -> Found {
        let script = Script::parse([text]);
        if depth == 0 || !script.clean() {
            return mention(text).unwrap_or(Found::Unknown);
        }
        let moves = script.commands().iter().any(changes_folder);
        let mut unknown = false;
        for command in script.commands() {
            if docker(command).is_some() || other_daemon_users(command).is_some() {
                let at = command.span.as_ref().map_or(0, |span| span.range.start);
                let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
                return Found::Docker(line, short(command.raw()));
            }
            if hides_docker(command).is_none() {
                continue;
            }
            let inner = path(command).filter(|_| !moves);
            let inner = inner.and_then(|paths| paths.iter().find_map(|path| self.file(path, depth - 1)));
            match inner {
                Some(Found::Nothing) => {}
                Some(found @ Found::Docker(..)) => return found,
                Some(Found::Unknown) | None => unknown = true,
            }
        }
        if unknown { Found::Unknown } else { Found::Nothing }
    }
}

/// The first line that speaks of docker, for files whose language is not read.
fn mention(text: &str) -> Option<Found> {
    let says = |line: &str| mentions_docker(line) && !line.trim_start().starts_with(['#', '/']);
    let (number, line) = text.lines().enumerate().find(|(_, line)| says(line))?;
    Some(Found::Docker(number + 1, short(line)))
}

fn is_shell(path: &str, text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    let named =
        first.starts_with("#!") && first.split(['/', ' ']).any(|word| matches!(word, "sh" | "bash" | "ash" | "dash"));
    named || (!first.starts_with("#!") && (path.ends_with(".sh") || path.ends_with(".bash")))
}

fn changes_folder(command: &Command) -> bool {
    matches!(command.name(), Some("cd" | "pushd" | "popd"))
}

/// The files that a command runs, one of them, by their paths from the root.
fn path(command: &Command) -> Option<Vec<String>> {
    let Hidden { code, target } = hides_docker(command)?;
    match code {
        "make" => {
            let plain = !command.words.iter().any(|word| word.display().starts_with("-C") || word.display() == "-f");
            plain.then(|| ["GNUmakefile", "makefile", "Makefile"].map(str::to_owned).to_vec())
        }
        "script" | "interpreter" | "expansion" => {
            let written = command.words.get(target?)?.display();
            let below = ["./", "$CI_PROJECT_DIR/", "${CI_PROJECT_DIR}/"];
            let path = below.iter().find_map(|prefix| written.strip_prefix(prefix)).unwrap_or(written);
            let plain = !path.is_empty() && !path.starts_with(['/', '~', '-']) && !path.contains(['$', '`']);
            (plain && !path.split('/').any(|part| part == "..")).then(|| vec![path.to_owned()])
        }
        _ => None,
    }
}
