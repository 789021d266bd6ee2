//! Statements: what a script's lines are made of.

use std::ops::Range;

use shuck_ast::{BinaryOp, Command as Ast, CompoundCommand, Stmt};

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
    /// Its bytes in the joined text.
    pub(super) range: Option<Range<usize>>,
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

impl Kind {
    pub(super) fn of(stmt: &Stmt) -> Self {
        match &stmt.command {
            Ast::Simple(_) | Ast::Builtin(_) | Ast::Decl(_) => Self::Simple,
            Ast::Binary(binary) => match binary.op {
                BinaryOp::And | BinaryOp::Or => Self::List,
                BinaryOp::Pipe | BinaryOp::PipeAll => Self::Pipeline,
            },
            Ast::Function(_) => Self::Function,
            Ast::AnonymousFunction(_) => Self::Other,
            Ast::Compound(compound) => match compound {
                CompoundCommand::If(_) => Self::If,
                CompoundCommand::For(_)
                | CompoundCommand::ArithmeticFor(_)
                | CompoundCommand::While(_)
                | CompoundCommand::Until(_)
                | CompoundCommand::Select(_) => Self::Loop,
                CompoundCommand::Case(_) => Self::Case,
                CompoundCommand::Subshell(_) => Self::Subshell,
                CompoundCommand::BraceGroup(_) => Self::Group,
                CompoundCommand::Arithmetic(_) | CompoundCommand::Conditional(_) => Self::Test,
                CompoundCommand::Time(_)
                | CompoundCommand::Coproc(_)
                | CompoundCommand::Repeat(_)
                | CompoundCommand::Foreach(_)
                | CompoundCommand::Always(_) => Self::Other,
            },
        }
    }
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

/// Settles the places. Returns the statements that begin inside the one before them: `cat <<EOF; echo` with the body below.
pub(super) fn mixed(statements: &mut [Statement], items: &Items) -> Vec<usize> {
    let mut found = Vec::new();
    let mut last: Vec<Option<usize>> = Vec::new();
    for index in 0..statements.len() {
        let Some(statement) = statements.get_mut(index) else {
            break;
        };
        let (range, sequence) = (statement.range.clone(), statement.sequence);
        statement.places = range
            .as_ref()
            .map(|range| items.places(range))
            .unwrap_or_default();
        statement.doubtful |= range.is_none();
        if last.len() <= sequence {
            last.resize(sequence + 1, None);
        }
        let before = last.get_mut(sequence).and_then(|slot| slot.replace(index));
        let Some(before) = before.and_then(|before| statements.get_mut(before)) else {
            continue;
        };
        let (Some(left), Some(right)) = (&before.range, &range) else {
            continue;
        };
        if left.end > right.start {
            before.doubtful = true;
            found.push(index);
            if let Some(statement) = statements.get_mut(index) {
                statement.doubtful = true;
            }
        }
    }
    found
}
