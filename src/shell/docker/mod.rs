//! What a docker command does.

mod daemon;
mod name;
mod options;
mod prefix;
mod table;
mod verb;
pub(super) mod wrap;

pub use daemon::{Daemon, Reason, daemon};
pub use verb::{Compose, ContextVerb, Imagetools, Verb};

use std::ops::Range;
use std::sync::Arc;

use super::{Command, Place};
pub(super) use name::is_in;
use options::{Parsed, after_verb, before_verb};
pub(super) use prefix::{SPEAKERS, is_prefix};
use wrap::Program;

/// A docker command, understood.
#[derive(Debug, Clone)]
pub struct Docker {
    /// What it does.
    pub verb: Verb,
    /// Index of the word that is the program: `docker`, `docker-compose`, `docker-buildx`.
    pub program: usize,
    /// Indices of the words of the verb: `buildx build` are two.
    pub verb_words: Vec<usize>,
    /// What stands before the program: `sudo`, `timeout 5m` ….
    pub wrappers: Vec<Wrapper>,
    /// Options between the program and the verb: `-H`, `--context`; and `-f` of `docker compose -f x run`.
    pub globals: Vec<Opt>,
    /// The verb's options, repeated ones in order.
    pub options: Vec<Opt>,
    /// Indices of the operands. After `docker run IMAGE` (and `exec`, `compose run`, `compose exec`) the rest are operands.
    pub operands: Vec<usize>,
    /// Indices of words that begin with an unquoted expansion where no operand is expected (`docker build $ARGS -t x .`): options, or
    /// nothing.
    pub dynamic: Vec<usize>,
    /// Indices of words that look like options and are in no table (what follows may be their value), and of operands beyond what the
    /// verb takes.
    pub unknown_options: Vec<usize>,
    /// Variables that the command line sets for this command (assignments, `env A=b`, `sudo A=b`), with their values as displayed.
    pub environment: Vec<(String, Option<String>)>,
    /// What points the client at a daemon of the command's own choice.
    pub endpoint: Option<Endpoint>,
    /// The builder that the command chooses: `--builder`, or `BUILDX_BUILDER=` before it; as displayed.
    pub builder: Option<String>,
}

/// A prefix that runs the docker command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapper {
    /// Its name: `sudo`, `env`, `retry`.
    pub name: String,
    /// It runs the words after it as they are. Anything else may add words, repeat the command, or not run it.
    pub known: bool,
    /// Indices of its words.
    pub words: Range<usize>,
}

/// What points the client at a daemon of the command's own choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// `ssh host docker …`: another machine's client.
    Ssh,
    /// `-H`, `--host`, or `DOCKER_HOST=` before the command; as displayed. It may be the job's own DinD service.
    Host(String),
    /// `--context`, `-c`, or `DOCKER_CONTEXT=` before the command; as displayed.
    Context(String),
}

/// An option of a docker command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opt {
    /// Its long name without dashes: `tag` for `-t`.
    pub name: String,
    /// Indices of the words that it takes: one for `--tag=x`, two for `--tag x`. Clustered short flags share a word.
    pub words: Range<usize>,
    /// Its value.
    pub value: Option<Value>,
}

/// The value of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// Index of the word that it stands in.
    pub word: usize,
    /// Its bytes; `None` when the word has no certain place, or quotes begin before the value (`"--tag=x"`).
    pub place: Option<Place>,
    /// As written, quotes and all (without those that begin before it).
    pub raw: String,
    /// As [`Word::display`](super::Word::display).
    pub display: String,
    /// As [`Word::value`](super::Word::value).
    pub literal: Option<String>,
    /// As [`Word::may_split`](super::Word::may_split).
    pub may_split: bool,
}

impl Docker {
    /// Everything was understood: no unknown option or wrapper, no expansion that may be an option.
    pub fn certain(&self) -> bool {
        self.unknown_options.is_empty() && self.dynamic.is_empty() && self.wrappers.iter().all(|wrapper| wrapper.known)
    }

    /// The options of that long name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Opt> {
        self.options.iter().filter(move |option| option.name == name)
    }

    /// The last option of that long name: the one that counts where only one does.
    pub fn last(&self, name: &str) -> Option<&Opt> {
        self.options.iter().rfind(|option| option.name == name)
    }

    /// Whether a boolean option is on: `--push`, `--push=true`, and no `--push=false` after it.
    pub fn flag(&self, name: &str) -> bool {
        self.last(name).is_some_and(|option| {
            let value = option.value.as_ref().and_then(|value| value.literal.as_deref());
            // What Go's ParseBool takes for false.
            !matches!(value, Some("0" | "f" | "F" | "false" | "FALSE" | "False"))
        })
    }

    /// A variable that the command line sets for this command.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let mut set = self.environment.iter().rev().filter(|(variable, _)| variable == name);
        set.next().and_then(|(_, value)| value.as_deref())
    }
}

/// Understands a docker command, once; `None` when the command is none.
pub fn docker(command: &Command) -> Option<Arc<Docker>> {
    command.docker.get_or_init(|| understood(command).map(Arc::new)).clone()
}

fn understood(command: &Command) -> Option<Docker> {
    let found = wrap::find(command)?;
    let mut program = found.name;
    let mut verb_words = Vec::new();
    let (mut globals, mut at) = before_verb(command, found.program + 1, global_table(program));
    // `docker compose` is `docker-compose`, with options of docker's before and of compose's after.
    if program == Program::Docker
        && let Some(plugin) = name::plugin(command, at)
    {
        program = plugin;
        verb_words.push(at);
        let (more, next) = before_verb(command, at + 1, global_table(program));
        globals.options.extend(more.options);
        globals.unknown.extend(more.unknown);
        at = next;
    }
    let named = name::name(command, program, at);
    let from = named.words.last().map_or(at, |last| last + 1);
    verb_words.extend(&named.words);
    let parsed = match named.table {
        Some(table) => after_verb(command, from, &table),
        None => untabled(command, from),
    };
    let mut environment: Vec<(String, Option<String>)> = command
        .assignments
        .iter()
        .map(|set| (set.name.clone(), set.value.as_ref().map(|value| value.display().to_owned())))
        .collect();
    environment.extend(found.environment);
    let mut docker = Docker {
        verb: named.verb,
        program: found.program,
        verb_words,
        wrappers: found.wrappers,
        globals: globals.options,
        options: parsed.options,
        operands: parsed.operands,
        dynamic: parsed.dynamic,
        unknown_options: globals.unknown.into_iter().chain(parsed.unknown).collect(),
        environment,
        endpoint: found.endpoint,
        builder: None,
    };
    docker.builder = builder(&docker);
    docker.endpoint = docker.endpoint.take().or_else(|| endpoint(&docker));
    Some(docker)
}

fn global_table(program: Program) -> &'static str {
    match program {
        Program::Docker => table::GLOBAL,
        Program::Compose => table::COMPOSE,
        Program::Buildx => table::BUILDX,
    }
}

/// Without a table nobody knows which options take a value.
fn untabled(command: &Command, from: usize) -> Parsed {
    let (unknown, operands) = (from..command.words.len()).partition(|index| {
        let word = command.words.get(*index);
        word.is_some_and(|word| word.display().starts_with('-') && word.display().len() > 1)
    });
    Parsed { unknown, operands, ..Parsed::default() }
}

fn builder(docker: &Docker) -> Option<String> {
    let given = docker.options.iter().chain(&docker.globals).rfind(|it| it.name == "builder");
    let value = given.and_then(|option| option.value.as_ref());
    let set = docker.variable("BUILDX_BUILDER").filter(|name| !name.is_empty());
    value.map(|value| value.display.clone()).or_else(|| set.map(str::to_owned))
}

fn endpoint(docker: &Docker) -> Option<Endpoint> {
    let global = |name: &str| {
        let option = docker.globals.iter().rfind(|option| option.name == name)?;
        option.value.as_ref().map(|value| value.display.clone())
    };
    let set = |name: &str| docker.variable(name).filter(|value| !value.is_empty()).map(str::to_owned);
    // The order of docker's own precedence.
    let host = global("host").map(Endpoint::Host);
    host.or_else(|| global("context").map(Endpoint::Context))
        .or_else(|| set("DOCKER_HOST").map(Endpoint::Host))
        .or_else(|| set("DOCKER_CONTEXT").map(Endpoint::Context))
}
