//! What the scripts of a job say of the files that it may run.

use crate::shell::{Command, Script};

/// Folders, words and variables of the scripts of a job that may use docker where it cannot be seen.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// Whether it changes the folder.
    pub moves: bool,
    /// The folders that it changes to, as written, in order.
    pub folders: Vec<String>,
    /// Words that may name files, as written.
    pub words: Vec<String>,
    /// Folders whose files it may run: the words of `find`, `ls` and `run-parts`.
    pub listed: Vec<String>,
    /// Variables that it sets, with their values as written.
    pub sets: Vec<(String, String)>,
}

impl Around {
    /// Adds what a script says.
    pub(super) fn add(&mut self, script: &Script) {
        script.commands().iter().for_each(|command| self.command(command));
        // The words of a `for` are of no command.
        let written = script.text().lines().filter(|line| !line.trim_start().starts_with('#'));
        let words = written.flat_map(|line| line.split([' ', '\t', ';', '(', ')', '"', '\'', '|', '&', '<', '>']));
        self.words.extend(words.filter(|word| word.contains(['/', '.', '*'])).map(str::to_owned));
        self.words.sort();
        self.words.dedup();
    }

    fn command(&mut self, command: &Command) {
        let operands = || command.words.iter().skip(1).map(|word| word.display()).filter(|word| !word.starts_with('-'));
        self.moves |= command.changes_folder();
        match command.name() {
            Some("cd" | "pushd" | "popd") => {
                self.folders.extend(operands().next().map(str::to_owned));
            }
            Some("find" | "ls" | "run-parts") => self.listed.extend(operands().map(str::to_owned)),
            Some("export") => {
                let set = |word: &str| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
                self.sets.extend(operands().filter_map(set));
            }
            _ => {}
        }
        for set in &command.assignments {
            if let Some(value) = &set.value {
                self.sets.push((set.name.clone(), value.display().to_owned()));
            }
        }
    }
}
