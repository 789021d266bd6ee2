//! Statements: what a script's lines are made of.

use std::ops::Range;

use super::place::Items;
use super::{Command, Place};

/// A statement: an element of the top level or of a nested sequence (a branch, a body, a substitution).
#[derive(Debug, Clone)]
pub struct Statement {
    /// Its bytes, one place for each item that it touches, heredoc bodies included, its `;` or `&` not. Empty if they are not known.
    pub places: Vec<Place>,
    /// Its `;` or `&`.
    pub terminator: Option<Place>,
    /// What it is.
    pub kind: Kind,
    /// The statement around it; `None` at the top level.
    pub parent: Option<usize>,
    /// Number of the sequence that it stands in; 0 is the top level.
    pub sequence: usize,
    /// Position in that sequence.
    pub position: usize,
    /// Indices of all commands inside, in source order.
    pub commands: Vec<usize>,
    /// A command inside is doubtful, or its bytes are not known or mixed with another statement's: not to be edited.
    pub doubtful: bool,
    /// Its bytes in the joined text, heredoc bodies included.
    pub(super) range: Option<Range<usize>>,
    /// Where its last keyword or word ends; for a simple command the bodies of its heredocs count.
    pub(super) end: usize,
}

impl Statement {
    /// Its bytes, if they are in one item.
    pub fn place(&self) -> Option<&Place> {
        match self.places.as_slice() {
            [place] => Some(place),
            _ => None,
        }
    }
}

/// What a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One simple command.
    Simple,
    /// `a | b`
    Pipeline,
    /// `a && b`, `a || b`
    List,
    /// `if … fi`
    If,
    /// `for`, `while`, `until`, `select`
    Loop,
    /// `case … esac`
    Case,
    /// `{ … }`
    Group,
    /// `( … )`
    Subshell,
    /// A function's definition.
    Function,
    /// `[[ … ]]` or `(( … ))`
    Test,
    /// `time …`, `coproc …` and what only other shells have.
    Other,
}

/// A function that the script defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name; empty if it is not a plain one.
    pub name: String,
    /// Index of the statement that defines it.
    pub statement: usize,
}

/// Tells each statement its commands, which are in source order, and the bytes of their heredocs.
pub(super) fn gather(statements: &mut [Statement], commands: &[Command]) {
    for (index, command) in commands.iter().enumerate() {
        let mut next = Some(command.context.innermost);
        while let Some(statement) = next.and_then(|next| statements.get_mut(next)) {
            statement.commands.push(index);
            statement.doubtful |= command.doubtful;
            if let Some(range) = &mut statement.range {
                range.end = range.end.max(command.beyond);
            }
            next = statement.parent;
        }
    }
}

/// Settles the places. Returns the statements whose bytes are mixed with another's: `cat <<EOF; echo` with the body below, where the
/// one after it begins inside the one before, and `if a; then cat <<EOF; fi`, where the body is behind the statement around it.
pub(super) fn mixed(statements: &mut [Statement], items: &Items) -> Vec<usize> {
    let mut found = Vec::new();
    let mut last: Vec<Option<usize>> = Vec::new();
    for index in 0..statements.len() {
        let Some(statement) = statements.get_mut(index) else {
            break;
        };
        let (range, sequence) = (statement.range.clone(), statement.sequence);
        statement.places = range.as_ref().map(|range| items.places(range)).unwrap_or_default();
        statement.doubtful |= range.is_none();
        let parent = statement.parent;
        if last.len() <= sequence {
            last.resize(sequence + 1, None);
        }
        let before = last.get_mut(sequence).and_then(|slot| slot.replace(index));
        let Some(range) = range else {
            continue;
        };
        let around = parent.and_then(|parent| statements.get(parent));
        let mut mixed = around.is_some_and(|around| around.end < range.end);
        if let Some(before) = before.and_then(|before| statements.get_mut(before))
            && before.range.as_ref().is_some_and(|before| before.end > range.start)
        {
            before.doubtful = true;
            mixed = true;
        }
        if mixed && let Some(statement) = statements.get_mut(index) {
            statement.doubtful = true;
            found.push(index);
        }
    }
    found
}
