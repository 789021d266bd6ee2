//! How a script finds other files: by where it runs, or by its own place, `. "$(dirname "$0")/lib.sh"`.

use std::collections::BTreeMap;

use super::ground::join;
use super::path;
use crate::shell::{Command, Hidden, Script, Word, hides_docker};

/// How a script is run.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Call {
    /// The folder in which it begins, from the root.
    folder: String,
    /// By another script, in place of which it runs: `$0` is that one.
    sourced: bool,
}

impl Call {
    pub(super) fn of(command: &Command, folder: &str) -> Call {
        Call { folder: folder.to_owned(), sourced: matches!(command.name(), Some("." | "source")) }
    }

    pub(super) fn in_folder(folder: &str) -> Call {
        Call { folder: folder.to_owned(), sourced: false }
    }
}

/// What a script's words mean as folders, from the root.
pub(super) struct Place<'c> {
    call: &'c Call,
    /// Where the script itself is.
    own: String,
    /// Variables that it sets to a folder, `HERE="$(cd "$(dirname "$0")" && pwd)"`; none for one that it sets to others as well.
    variables: BTreeMap<String, Option<String>>,
    /// The command by which it changes to a folder for good, if it is known and the only one.
    moved: Option<(usize, String)>,
    /// It changes to folders that are not known.
    pub(super) lost: bool,
}

impl<'c> Place<'c> {
    pub(super) fn of(script: &Script, own: &str, call: &'c Call) -> Place<'c> {
        let mut place = Place { call, own: own.to_owned(), variables: BTreeMap::new(), moved: None, lost: false };
        for (index, command) in script.commands().iter().enumerate() {
            let context = &command.context;
            let plain =
                context.function.is_none() && !context.conditional && !context.subshell && !context.substitution;
            for (name, value) in set(command) {
                let folder = place.path(value).filter(|_| plain && is_set_once(script.text(), name));
                place.variables.insert(name.to_owned(), folder);
            }
            if changes_folder(command) {
                let below =
                    |word: &Word| join(place.at(index)?, word.value().filter(|to| !to.starts_with(['/', '~', '-']))?);
                let to = command.words.get(1).and_then(|word| place.path(word.display()).or_else(|| below(word)));
                match to.filter(|_| plain && command.name() == Some("cd") && place.moved.is_none()) {
                    Some(folder) => place.moved = Some((index, folder)),
                    None => place.lost = true,
                }
            }
        }
        place
    }

    /// The files that a command runs, one of them, from the root, and how.
    pub(super) fn files(&self, index: usize, command: &Command) -> Option<(Call, Vec<String>)> {
        let at = self.at(index)?;
        let call = Call::of(command, at);
        if let Some(Hidden { code: "script" | "interpreter" | "expansion", target: Some(target) }) =
            hides_docker(command)
            && let Some(path) = command.words.get(target).and_then(|word| self.path(word.display()))
        {
            return Some((call, vec![path]));
        }
        let paths = path(command)?;
        Some((call, paths.iter().filter_map(|path| join(at, path)).collect()))
    }

    /// The folder in which a command runs, as far as that is known.
    pub(super) fn at(&self, index: usize) -> Option<&str> {
        match &self.moved {
            _ if self.lost => None,
            Some((at, folder)) if index > *at => Some(folder),
            _ => Some(&self.call.folder),
        }
    }

    /// The path that a word means whose beginning is a folder of this script's.
    fn path(&self, written: &str) -> Option<String> {
        let (folder, rest) = self.folder(written)?;
        let plain = rest.is_empty() || rest.starts_with('/') && !rest.contains(['$', '`', '*', '?', '[']);
        join(&folder, rest).filter(|_| plain)
    }

    /// The folder that a word begins with, and the rest of the word.
    fn folder<'w>(&self, written: &'w str) -> Option<(String, &'w str)> {
        const SOURCE: [&str; 2] = ["${BASH_SOURCE%/*}", "${BASH_SOURCE[0]%/*}"];
        const ROOT: [&str; 2] = ["$CI_PROJECT_DIR", "${CI_PROJECT_DIR}"];
        let zero = (!self.call.sourced).then_some("${0%/*}");
        if let Some(rest) = SOURCE.into_iter().chain(zero).find_map(|prefix| written.strip_prefix(prefix)) {
            return Some((self.own.clone(), rest));
        }
        if let Some(rest) = ROOT.iter().find_map(|prefix| written.strip_prefix(prefix)) {
            return Some((String::new(), rest));
        }
        if let Some((inner, rest)) = substitution(written) {
            return Some((self.printed(inner)?, rest));
        }
        if let Some((inner, rest)) = written.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
            return Some((self.printed(inner)?, rest));
        }
        let (name, rest) = variable(written)?;
        Some((self.variables.get(name)?.clone()?, rest))
    }

    /// The folder that a command line prints: of git's root, or of the script itself, `cd "$(dirname "$0")/.." && pwd`. Any other
    /// way to say it is not known.
    fn printed(&self, line: &str) -> Option<String> {
        let line = line.trim();
        if line == "git rev-parse --show-toplevel" {
            return Some(String::new());
        }
        if self.is_own(line) {
            return Some(self.own.clone());
        }
        let start = line.find("$(").or_else(|| line.find('`'))?;
        let goes = [
            "cd",
            "cd --",
            "CDPATH= cd",
            "CDPATH= cd --",
            "CDPATH='' cd --",
            "unset CDPATH; cd",
            "realpath",
            "readlink -f",
        ];
        let before = line[..start].trim_end_matches('"').trim();
        let (inner, behind) = match line[start..].strip_prefix('`') {
            Some(rest) => rest.split_once('`')?,
            None => substitution(&line[start..])?,
        };
        let behind = behind.strip_prefix('"').unwrap_or(behind);
        let (path, rest) = behind.split_at(behind.find(['"', ' ', '&', ';', '>']).unwrap_or(behind.len()));
        let rest = rest.strip_prefix('"').unwrap_or(rest).replace("2>&1", "").replace("&>", ">").replace("1>", ">");
        let rest = rest.replace("> /dev/null", "").replace(">/dev/null", "");
        let rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
        let shows = match before.starts_with("realpath") || before.starts_with("readlink") {
            true => rest.is_empty(),
            false => matches!(&*rest, "&& pwd" | "; pwd" | "&& pwd -P" | "; pwd -P"),
        };
        let known = goes.contains(&before) && shows && self.is_own(inner.trim());
        known.then(|| join(&self.own, path)).flatten()
    }

    /// Whether a command line prints the folder of the script, and no more: `dirname "$0"`.
    fn is_own(&self, line: &str) -> bool {
        let Some(rest) = line.strip_prefix("dirname ") else { return false };
        let rest = rest.trim().strip_prefix("-- ").unwrap_or(rest.trim());
        let file = ["readlink -f ", "realpath "]
            .iter()
            .find_map(|way| substitution(rest.trim_matches('"'))?.0.strip_prefix(way))
            .unwrap_or(rest);
        let file = file.trim().trim_matches('"');
        matches!(file, "$BASH_SOURCE" | "${BASH_SOURCE}" | "${BASH_SOURCE[0]}" | "${BASH_SOURCE[0]:-$0}")
            || !self.call.sourced && matches!(file, "$0" | "${0}")
    }
}

/// Whether the text of a script names a variable once other than to read it.
fn is_set_once(text: &str, name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let sets = text.match_indices(name).filter(|(at, _)| {
        let before = text[..*at].chars().next_back();
        let behind = text[at + name.len()..].chars().next();
        !before.is_some_and(|c| word(c) || matches!(c, '$' | '{')) && !behind.is_some_and(word)
    });
    sets.count() == 1
}

/// The variables that a command sets, `HERE=$(pwd)`, `readonly HERE="$(pwd)"`, with their values as displayed.
fn set(command: &Command) -> Vec<(&str, &str)> {
    let sets = matches!(command.name(), Some("export" | "readonly" | "declare" | "local" | "typeset"));
    let words = command.words.iter().skip(1).filter(|_| sets).filter_map(|word| word.display().split_once('='));
    command
        .assignments
        .iter()
        .map(|set| (set.name.as_str(), set.value.as_ref().map_or("", Word::display)))
        .chain(words)
        .collect()
}

fn changes_folder(command: &Command) -> bool {
    command.changes_folder() && !command.context.substitution
}

/// What stands in the `$(…)` at the beginning, and what is behind it.
fn substitution(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix("$(")?;
    let mut depth = 1;
    let end = inner.char_indices().find_map(|(at, letter)| {
        depth += match letter {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        (depth == 0).then_some(at)
    })?;
    Some((&inner[..end], &inner[end + 1..]))
}

/// The name in `$NAME` or `${NAME}` at the beginning, and what is behind it.
fn variable(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix('$')?;
    if let Some(inner) = rest.strip_prefix('{') {
        return inner.split_once('}');
    }
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    (end > 0).then(|| rest.split_at(end))
}
