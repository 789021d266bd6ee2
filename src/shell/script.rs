//! A script: the items that one shell runs.

use std::sync::Arc;

use super::place::Items;
use super::read::{Found, read};
use super::statement;
use super::{Command, Doubt, Function, Place, Redirect, Statement, What};

/// The items that one shell runs, parsed.
#[derive(Debug, Clone)]
pub struct Script {
    text: Arc<str>,
    items: Items,
    commands: Vec<Command>,
    statements: Vec<Statement>,
    functions: Vec<Function>,
    doubts: Vec<Doubt>,
}

impl Script {
    /// Parses the decoded texts of the items that one shell runs (`before_script` and `script` together, `after_script` apart).
    ///
    /// Never fails: what could not be read is in [`Script::doubts`].
    pub fn parse(items: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let (text, items) = Items::join(items);
        let text: Arc<str> = text.into();
        let Found { commands, statements, functions, doubts } = read(&text, &items);
        let mut script = Self { text, items, commands, statements, functions, doubts };
        script.order();
        script
    }

    /// The items, joined with newlines.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text at a place.
    pub fn slice(&self, place: &Place) -> &str {
        self.items.range(place).and_then(|range| self.text.get(range)).unwrap_or_default()
    }

    /// The text from the beginning of one place, or of the script, to the end of another, or of the script.
    pub fn stretch(&self, from: Option<&Place>, to: Option<&Place>) -> Option<&str> {
        let start = from.map_or(Some(0), |from| Some(self.items.range(from)?.start))?;
        let end = to.map_or(Some(self.text.len()), |to| Some(self.items.range(to)?.end))?;
        self.text.get(start..end)
    }

    /// Every simple command, in source order, wherever it stands.
    pub fn commands(&self) -> &[Command] {
        &self.commands
    }

    /// Every statement, outer before inner; those of the top level have no parent.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The functions that the script defines.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// Whether a command calls a function that the script itself defines: what that does is seen there.
    pub fn defines(&self, command: &Command) -> bool {
        let name = command.name().filter(|name| !name.is_empty());
        name.is_some_and(|name| self.functions.iter().any(|function| function.name == name))
    }

    /// Whether what a command prints goes on to a file or another command: by its own redirections, by what stands around it, by an
    /// `exec > log` before it, or where the function is called that it is in.
    pub fn is_captured(&self, command: &Command) -> bool {
        self.is_taken_from(command) || self.calls_are_captured(&[command])
    }

    /// The same of what one of the commands of another script prints, that runs before this one, in so far as this one calls the
    /// functions of that.
    pub fn captures_calls_of(&self, command: &Command) -> bool {
        command.context.function.is_some() && self.calls_are_captured(&[command])
    }

    /// Whether an `exec > log` sends on what all that follows prints.
    pub fn sends_all(&self) -> bool {
        self.commands.iter().any(sends_all)
    }

    fn is_taken_from(&self, command: &Command) -> bool {
        let before = |it: &Command| command.context.function.is_some() || it.range.start < command.range.start;
        let sent = self.commands.iter().any(|other| sends_all(other) && before(other));
        command.context.captured || command.redirects.iter().any(Redirect::is_to_file) || sent
    }

    /// Follows the calls of the functions that commands stand in, each once.
    fn calls_are_captured(&self, commands: &[&Command]) -> bool {
        let functions = |commands: &[&Command]| -> Vec<Arc<str>> {
            commands.iter().filter_map(|command| command.context.function.clone()).collect()
        };
        let (mut known, mut next) = (Vec::new(), functions(commands));
        while let Some(name) = next.pop() {
            if known.contains(&name) {
                continue;
            }
            let calls: Vec<&Command> = self.commands.iter().filter(|other| other.name() == Some(&*name)).collect();
            if calls.iter().any(|call| self.is_taken_from(call)) {
                return true;
            }
            known.push(name);
            next.extend(functions(&calls));
        }
        false
    }

    /// The script as a whole was read with certainty. Single commands may still be doubtful (see [`What::is_local`]).
    pub fn clean(&self) -> bool {
        self.doubts.iter().all(|doubt| doubt.what.is_local())
    }

    /// What is not certain, in source order.
    pub fn doubts(&self) -> &[Doubt] {
        &self.doubts
    }

    /// Sorts what the walk found: the body of a heredoc comes after the rest of the line that it belongs to.
    fn order(&mut self) {
        self.commands.sort_by_key(|command| command.range.start);
        statement::gather(&mut self.statements, &self.commands);
        for index in statement::mixed(&mut self.statements, &self.items) {
            let place = self.statements.get(index).and_then(|mixed| mixed.places.first().cloned());
            self.doubts.push(Doubt { place, what: What::MixedStatements });
        }
        self.doubts.sort_by_key(|doubt| doubt.place.as_ref().map(|place| (place.item, place.range.start)));
    }
}

/// `exec > log`
fn sends_all(command: &Command) -> bool {
    command.name() == Some("exec") && command.words.len() == 1 && command.redirects.iter().any(Redirect::is_to_file)
}
