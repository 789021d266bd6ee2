//! How a script finds other files by its own place: `. "$(dirname "$0")/lib.sh"`.

use std::collections::BTreeMap;

use super::ground::join;
use crate::shell::{Command, Hidden, Script, hides_docker};

/// What a script's words mean as folders, from the root.
pub(super) struct Place {
    /// Where the script itself is.
    own: String,
    /// Variables that it sets to a folder: `HERE="$(cd "$(dirname "$0")" && pwd)"`.
    variables: BTreeMap<String, String>,
    /// The command by which it changes to a folder for good, if it is known and the only one.
    moved: Option<(usize, String)>,
    /// It changes to folders that are not known.
    lost: bool,
}

impl Place {
    pub(super) fn of(script: &Script, own: &str) -> Place {
        let mut place = Place { own: own.to_owned(), variables: BTreeMap::new(), moved: None, lost: false };
        for (index, command) in script.commands().iter().enumerate() {
            for assignment in &command.assignments {
                match assignment.value.as_ref().and_then(|value| place.folder(value.display())) {
                    Some((folder, "")) => place.variables.insert(assignment.name.to_string(), folder),
                    _ => place.variables.remove(&*assignment.name),
                };
            }
            if changes_folder(command) {
                let to = command.words.get(1).and_then(|word| place.path(word.display()));
                let alone = place.moved.is_none() && command.name() == Some("cd") && !command.context.subshell;
                match to.filter(|_| alone && command.context.function.is_none()) {
                    Some(folder) => place.moved = Some((index, folder)),
                    None => place.lost = true,
                }
            }
        }
        place
    }

    /// The files that a command runs, one of them, from the root.
    pub(super) fn files(&self, index: usize, command: &Command) -> Option<Vec<String>> {
        if let Some(Hidden { code: "script" | "interpreter" | "expansion", target: Some(target) }) =
            hides_docker(command)
            && let Some(path) = command.words.get(target).and_then(|word| self.path(word.display()))
        {
            return Some(vec![path]);
        }
        let (at, paths) = (self.at(index)?, super::path(command)?);
        Some(paths.iter().filter_map(|path| join(at, path)).collect())
    }

    /// The folder in which a command runs, as far as that is known: scripts are run from the root.
    fn at(&self, index: usize) -> Option<&str> {
        match &self.moved {
            _ if self.lost => None,
            Some((at, folder)) if index > *at => Some(folder),
            _ => Some(""),
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
        const OWN: [&str; 3] = ["${0%/*}", "${BASH_SOURCE%/*}", "${BASH_SOURCE[0]%/*}"];
        const ROOT: [&str; 2] = ["$CI_PROJECT_DIR", "${CI_PROJECT_DIR}"];
        if let Some(rest) = OWN.iter().find_map(|prefix| written.strip_prefix(prefix)) {
            return Some((self.own.clone(), rest));
        }
        if let Some(rest) = ROOT.iter().find_map(|prefix| written.strip_prefix(prefix)) {
            return Some((String::new(), rest));
        }
        if let Some((inner, rest)) = substitution(written) {
            return Some((self.printed(inner)?, rest));
        }
        let (name, rest) = variable(written)?;
        Some((self.variables.get(name)?.clone(), rest))
    }

    /// The folder that a command line prints: of git's root, or of the script itself, `cd "$(dirname "$0")/.." && pwd`.
    fn printed(&self, line: &str) -> Option<String> {
        if line.trim() == "git rev-parse --show-toplevel" {
            return Some(String::new());
        }
        let own = (line.contains("$0") || line.contains("BASH_SOURCE")) && line.matches("dirname").count() == 1;
        let from = line.find("dirname").filter(|_| own)?;
        let Some(start) = line[..from].rfind("$(") else { return Some(self.own.clone()) };
        let (_, behind) = substitution(&line[start..])?;
        let end = behind.find(['"', '\'', ' ', '&', ';', ')']).unwrap_or(behind.len());
        join(&self.own, &behind[..end])
    }
}

fn changes_folder(command: &Command) -> bool {
    super::changes_folder(command) && !command.context.substitution
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
