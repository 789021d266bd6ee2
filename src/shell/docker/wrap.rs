//! What stands before `docker` on a command line.

use super::super::familiar::is_silent;
use super::super::tools::speaks;
use super::super::{Command, Word};
use super::name::is_in;
use super::prefix::{SPEAKERS, prefix_called};
use super::{Endpoint, Wrapper};

/// Where the program is, and what was before it.
pub(super) struct Found {
    pub(super) program: usize,
    pub(super) name: Program,
    pub(super) wrappers: Vec<Wrapper>,
    /// `NAME=value` words of `env` and `sudo`.
    pub(super) environment: Vec<(String, Option<String>)>,
    pub(super) endpoint: Option<Endpoint>,
}

/// The programs that this module understands.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Program {
    Docker,
    Compose,
    Buildx,
}

/// Finds the docker program of a command, behind any number of prefixes.
pub(super) fn find(command: &Command) -> Option<Found> {
    let words = &command.words;
    let mut found =
        Found { program: 0, name: Program::Docker, wrappers: Vec::new(), environment: Vec::new(), endpoint: None };
    let mut at = 0;
    loop {
        let word = words.get(at)?;
        let name = word.value();
        if let Some(program) = name.and_then(program) {
            found.program = at;
            found.name = program;
            return Some(found);
        }
        let known = name.and_then(|name| prefix_called(base(name)));
        let end = match known {
            Some(prefix) => prefix.end(words, at, &mut found.environment),
            None => None,
        };
        if known.is_some_and(|prefix| prefix.name == "ssh") {
            found.endpoint = Some(Endpoint::Ssh);
        }
        // A prefix with options that are in no table is as good as an unknown one.
        let exact = end.is_some() && known.is_some_and(|prefix| prefix.exact);
        let end = end.or_else(|| unknown(words, at))?;
        found.wrappers.push(Wrapper { name: name.unwrap_or(word.display()).to_owned(), known: exact, words: at..end });
        at = end;
    }
}

fn program(name: &str) -> Option<Program> {
    // `./docker` is a script of the repository's own.
    match if name.starts_with('/') { base(name) } else { name } {
        "docker" => Some(Program::Docker),
        "docker-compose" => Some(Program::Compose),
        "docker-buildx" => Some(Program::Buildx),
        _ => None,
    }
}

/// The last part of a path.
pub(in crate::shell) fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// `retry 3 docker push x`: a command that nobody knows, with a docker command among its words. Returns where that begins.
fn unknown(words: &[Word], at: usize) -> Option<usize> {
    // An expansion may be nothing, or a prefix: `$SUDO docker build`.
    let name = words.get(at).and_then(Word::value).map(base).unwrap_or_default();
    let mut rest = words.iter().enumerate().skip(at + 1);
    let found = rest.find_map(|(index, word)| {
        let program = program(word.value()?)?;
        let verb = |next: &str| match program {
            Program::Docker => super::name::is_docker(next),
            Program::Compose => super::name::is_compose(next),
            Program::Buildx => super::name::is_buildx(next),
        };
        let mut next = words.iter().skip(index + 1).map_while(Word::value);
        let first = next.next()?;
        // `kubectl apply -n docker --wait` says no verb, and is none of docker's.
        let options = || first.starts_with('-') && next.take(4).any(verb) && !speaks(name) && !is_silent(name);
        (verb(first) || options()).then_some(index)
    })?;
    (!is_in(SPEAKERS, name)).then_some(found)
}

/// Programs that run another by its name, with the word that makes them.
const CARRIERS: &[(&str, &str)] = &[
    ("poetry", "run"),
    ("uv", "run"),
    ("pipenv", "run"),
    ("pdm", "run"),
    ("hatch", "run"),
    ("pipx", "run"),
    ("rye", "run"),
    ("bundle", "exec"),
    ("python", "-m"),
    ("python3", "-m"),
];

/// The index of the program that a command runs in the end, behind prefixes that run words as they are.
pub(in crate::shell) fn target(words: &[Word]) -> Option<usize> {
    let mut at = 0;
    loop {
        let Some(name) = words.get(at)?.value().map(base) else {
            return Some(at);
        };
        // What ssh runs is not this machine's, and what eval runs is read once more.
        let prefix = prefix_called(name).filter(|_| !matches!(name, "ssh" | "eval"));
        let carried = words.get(at + 1).and_then(Word::value);
        let next = if let Some(prefix) = prefix {
            prefix.end(words, at, &mut Vec::new())
        } else if CARRIERS.iter().any(|(carrier, verb)| *carrier == name && carried == Some(verb)) {
            Some(at + 2)
        } else {
            super::super::tools::carried(words, at, name)
        };
        match next {
            Some(next) if next < words.len() => at = next,
            _ => return Some(at),
        }
    }
}
