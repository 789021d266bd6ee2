//! Which verb the words of a command line name.

use super::super::Command;
use super::table::{self, Table};
use super::verb::{Compose, ContextVerb, Imagetools, Verb};
use super::wrap::Program;

/// A verb, the words that name it, and what its command line may hold.
pub(super) struct Named {
    pub(super) verb: Verb,
    pub(super) words: Vec<usize>,
    pub(super) table: Option<Table>,
}

/// Verbs with verbs of their own.
const GROUPS: &str = "image container builder system volume network context manifest trust";

/// The plain verbs, and those that have only to be recognised.
const PLAIN: &str = "build run exec pull push tag login logout cp images info save load import export rmi inspect search version create \
    commit ps rm logs start stop restart kill wait attach diff events history pause unpause port rename stats top update swarm stack \
    service node secret config plugin checkpoint scout scan sbom buildx compose";

const BUILDX: &str = "build b bake f create use rm inspect ls version imagetools prune du stop install uninstall debug dial-stdio history";

const COMPOSE: &str = "run up down logs exec build push pull config convert version ps rm start stop restart kill cp create images port \
    ls wait top events pause unpause scale attach watch stats commit export publish volumes bundle help";

/// Whether a word is one of a list's, which has one blank between them.
pub(in crate::shell) fn is_in(list: &str, word: &str) -> bool {
    // Most words are nowhere in it.
    list.contains(word) && list.split(' ').any(|one| one == word)
}

pub(super) fn is_docker(word: &str) -> bool {
    is_in(PLAIN, word) || is_in(GROUPS, word)
}

pub(super) fn is_buildx(word: &str) -> bool {
    is_in(BUILDX, word)
}

pub(super) fn is_compose(word: &str) -> bool {
    is_in(COMPOSE, word)
}

/// The plugin that the word after `docker` names.
pub(super) fn plugin(command: &Command, at: usize) -> Option<Program> {
    match command.words.get(at)?.value()? {
        "buildx" => Some(Program::Buildx),
        "compose" => Some(Program::Compose),
        _ => None,
    }
}

/// The verb at `at`.
pub(super) fn name(command: &Command, program: Program, at: usize) -> Named {
    let text = |index: usize| command.words.get(index).and_then(|word| word.value());
    let shown = |index: usize| command.words.get(index).map(|word| word.display().to_owned()).unwrap_or_default();
    let one = if at < command.words.len() { vec![at] } else { Vec::new() };
    let two = if at + 1 < command.words.len() { vec![at, at + 1] } else { one.clone() };
    match program {
        Program::Compose => {
            let word = text(at).unwrap_or_default();
            let verb = if one.is_empty() { Compose::None } else { compose(word, shown(at)) };
            Named { verb: Verb::Compose(verb), words: one, table: table::of_compose(word) }
        }
        Program::Buildx => {
            let word = match text(at).unwrap_or_default() {
                "b" => "build",
                "f" => "bake",
                word => word,
            };
            if word == "imagetools" {
                let (verb, key) = match text(at + 1).unwrap_or_default() {
                    "create" => (Imagetools::Create, "imagetools create"),
                    "inspect" => (Imagetools::Inspect, "imagetools inspect"),
                    _ => (Imagetools::Other(shown(at + 1)), ""),
                };
                let table = table::of_buildx(key);
                return Named { verb: Verb::Imagetools(verb), words: two, table };
            }
            let verb = match word {
                "build" => Verb::BuildxBuild,
                "bake" => Verb::BuildxBake,
                "create" => Verb::BuildxCreate,
                "use" => Verb::BuildxUse,
                "rm" => Verb::BuildxRm,
                "inspect" => Verb::BuildxInspect,
                "ls" => Verb::BuildxLs,
                "version" => Verb::BuildxVersion,
                _ => Verb::BuildxOther(shown(at)),
            };
            Named { verb, words: one, table: table::of_buildx(word) }
        }
        Program::Docker => {
            let word = text(at).unwrap_or_default();
            if one.is_empty() {
                return Named { verb: Verb::None, words: one, table: None };
            }
            if !is_in(GROUPS, word) {
                let verb = plain(word).unwrap_or_else(|| Verb::Other(shown(at)));
                return Named { verb, words: one, table: table::of_docker(word) };
            }
            let (verb, key) = grouped(word, text(at + 1).unwrap_or_default());
            let verb = verb.unwrap_or_else(|| Verb::Other(format!("{word} {}", shown(at + 1))));
            Named { verb, words: two, table: table::of_docker(&key) }
        }
    }
}

fn plain(word: &str) -> Option<Verb> {
    Some(match word {
        "build" => Verb::Build,
        "login" => Verb::Login,
        "logout" => Verb::Logout,
        "pull" => Verb::Pull,
        "push" => Verb::Push,
        "tag" => Verb::Tag,
        "run" => Verb::Run,
        "exec" => Verb::Exec,
        "cp" => Verb::Cp,
        "images" => Verb::Images,
        "info" => Verb::Info,
        "save" => Verb::Save,
        "load" => Verb::Load,
        "import" => Verb::Import,
        "export" => Verb::Export,
        "rmi" => Verb::Rmi,
        "inspect" => Verb::Inspect,
        "search" => Verb::Search,
        "version" => Verb::Version,
        _ => return None,
    })
}

/// `docker image push` and its like: the verb that it means, and the name of its table.
fn grouped(group: &str, word: &str) -> (Option<Verb>, String) {
    let alias = match (group, word) {
        ("image", "ls" | "list") => "images",
        ("image", "rm" | "remove") => "rmi",
        ("image", "build" | "pull" | "push" | "tag" | "save" | "load" | "import" | "inspect") => word,
        ("container", "run" | "exec" | "cp" | "export" | "inspect") => word,
        ("container", "ls" | "list" | "ps") => "ps",
        ("container", "create" | "start" | "stop" | "restart" | "rm" | "logs" | "kill" | "wait" | "commit") => word,
        ("builder", "build") => "build",
        ("system", "info") => "info",
        ("context", _) => {
            let (verb, key) = match word {
                "create" => (ContextVerb::Create, word),
                "use" => (ContextVerb::Use, word),
                "rm" | "remove" => (ContextVerb::Rm, "rm"),
                "ls" | "list" => (ContextVerb::Ls, "ls"),
                _ => (ContextVerb::Other(word.to_owned()), word),
            };
            return (Some(Verb::Context(verb)), format!("context {key}"));
        }
        ("system", _) => return (Some(Verb::System), group.to_owned()),
        ("volume", _) => return (Some(Verb::Volume), group.to_owned()),
        ("network", _) => return (Some(Verb::Network), group.to_owned()),
        ("manifest", _) => return (Some(Verb::Manifest), group.to_owned()),
        _ => return (None, String::new()),
    };
    (plain(alias).or_else(|| Some(Verb::Other(alias.to_owned()))), alias.to_owned())
}

fn compose(word: &str, shown: String) -> Compose {
    match word {
        "run" => Compose::Run,
        "up" => Compose::Up,
        "down" => Compose::Down,
        "logs" => Compose::Logs,
        "exec" => Compose::Exec,
        "build" => Compose::Build,
        "push" => Compose::Push,
        "pull" => Compose::Pull,
        "config" | "convert" => Compose::Config,
        "version" => Compose::Version,
        _ => Compose::Other(shown),
    }
}
