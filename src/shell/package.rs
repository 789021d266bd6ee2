//! Package managers that run the scripts of a `package.json`.

use super::docker::wrap::base;
use super::hidden::is_shell;
use super::users::tool_at;
use super::{Command, Script, Word};

/// Which script of which `package.json` a command of a package manager runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The verb's index.
    pub verb: usize,
    /// The script's name; none when it is only known when it runs.
    pub script: Option<String>,
    /// The folders that options name, as written: `--prefix app`.
    pub folders: Vec<String>,
    /// Packages of a workspace are named: where they are, the command does not say.
    pub is_elsewhere: bool,
}

/// Options that name the folder to work in: npm, yarn, pnpm, bun, composer.
const FOLDERS: [&str; 6] = ["--prefix", "--cwd", "--dir", "--working-dir", "-C", "-d"];

/// Options that name packages of a workspace.
const WORKSPACES: [&str; 10] = [
    "-w",
    "--workspace",
    "--workspaces",
    "-ws",
    "--filter",
    "--filter-prod",
    "-F",
    "-r",
    "--recursive",
    "--include-workspace-root",
];

/// Options with a word of their own that may stand before the verb.
const VALUED: [&str; 14] = [
    "--prefix",
    "--cwd",
    "--dir",
    "--working-dir",
    "-C",
    "--workspace",
    "--filter",
    "--filter-prod",
    "-F",
    "--loglevel",
    "--registry",
    "--userconfig",
    "--cache",
    "--reporter",
];

/// What a package manager, or lerna, is told to run; none for another command, and for one without a verb.
pub fn package(command: &Command) -> Option<Package> {
    let words = &command.words;
    let at = tool_at(words)?;
    let manager = base(words.get(at)?.value()?);
    (is_manager(manager) || manager == "lerna").then_some(())?;
    let verb = verb(words, at, manager)?;
    let runs = matches!(words.get(verb)?.value(), Some("run" | "run-script"));
    let mut rest = words.iter().skip(verb + usize::from(runs));
    let script = rest.find(|word| !word.display().starts_with('-')).and_then(Word::value);
    let script = script.map(|name| if name == "t" { "test" } else { name }.to_owned());
    let written: Vec<&str> = words.iter().skip(at + 1).map(Word::display).collect();
    let beside = written.windows(2).filter_map(|pair| match pair {
        [option, folder] if FOLDERS.contains(option) => Some((*folder).to_owned()),
        _ => None,
    });
    let within = written.iter().filter_map(|word| {
        let (option, folder) = word.split_once('=')?;
        FOLDERS.contains(&option).then(|| folder.to_owned())
    });
    let is_elsewhere = written.iter().any(|word| {
        WORKSPACES.contains(&word.split('=').next().unwrap_or(word)) || matches!(*word, "workspace" | "workspaces")
    });
    let is_elsewhere = is_elsewhere || manager == "lerna";
    Some(Package { verb, script, folders: beside.chain(within).collect(), is_elsewhere })
}

/// The commands that a shell or another program may read out of the words of a command, down to package managers:
/// `bash -c 'cd app && npm ci'`, `eval npm ci`, `find . -execdir npm ci \;`.
pub fn within(command: &Command) -> Vec<Command> {
    let mut found = Vec::new();
    gather(&command.words, DEPTH, &mut found);
    found
}

/// Programs that a command line is only a text for.
const HANDLERS: [&str; 12] =
    ["echo", "printf", "grep", "egrep", "git", "curl", "wget", "sed", "awk", "ssh", "test", "export"];

/// Words behind which a manager's name is that of a package, or of what is asked for.
const PACKAGES: [&str; 11] =
    ["add", "install", "i", "enable", "disable", "prepare", "which", "command", "type", "hash", "rm"];

/// How deeply strings within strings are read.
const DEPTH: usize = 4;

fn gather(words: &[Word], depth: usize, found: &mut Vec<Command>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let text = |word: &Word| word.value().unwrap_or(word.display()).to_owned();
    let name = |word: &Word| base(word.value().unwrap_or_default()).to_owned();
    let shell = words.iter().map(name).any(|name| name == "su" || is_shell(&name));
    // What only handles texts runs none.
    let silent = words.first().is_some_and(|word| HANDLERS.contains(&&*name(word)));
    let strings =
        words.iter().skip(1).map(text).filter(|text| !silent && (shell || text.contains(char::is_whitespace)));
    // `apk add yarn` names what it installs, `which yarn` asks for it.
    let named = words.iter().position(|word| PACKAGES.contains(&&*name(word))).unwrap_or(words.len());
    let managers = (1..named).filter(|&at| words.get(at).is_some_and(|word| !silent && is_manager(&name(word))));
    let rest = managers.filter_map(|at| words.get(at..));
    let rest = rest.map(|rest| rest.iter().map(text).collect::<Vec<_>>().join(" "));
    for text in strings.chain(rest) {
        for command in Script::parse([text]).commands() {
            gather(&command.words, depth, found);
            found.push(command.clone());
        }
    }
}

fn is_manager(name: &str) -> bool {
    matches!(name, "npm" | "yarn" | "pnpm" | "bun" | "composer")
}

/// The index of the verb: what comes after options, and after the workspace that `yarn workspace` names.
pub(super) fn verb(words: &[Word], at: usize, manager: &str) -> Option<usize> {
    let mut next = at + 1;
    loop {
        let word = words.get(next)?.display();
        if word.starts_with('-') {
            // `pnpm -w` takes no word, `npm -w` does.
            next += 1 + usize::from(VALUED.contains(&word) || (word == "-w" && manager == "npm"));
        } else if manager == "yarn" && word == "workspace" {
            next += 2;
        } else if manager == "yarn" && word == "workspaces" {
            let mut rest = words.iter().enumerate().skip(next);
            return rest.find(|(_, word)| word.value() == Some("run")).map_or(Some(next), |(index, _)| Some(index));
        } else {
            return Some(next);
        }
    }
}
