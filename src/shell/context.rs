//! Around a command: what decides whether, when and how often it runs.

use std::sync::Arc;

/// What stands around a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Index of the top-level statement in [`Script::statements`](super::Script::statements).
    pub statement: usize,
    /// Index of the innermost statement around the command (the same for a command at the top).
    pub innermost: usize,
    /// Number of the sequence that the innermost statement stands in: the top level (0), a branch, a loop's body, a `$(…)` ….
    pub sequence: usize,
    /// Position of the innermost statement in its sequence.
    pub position: usize,
    /// The `&&`/`||` list that the command is an element of (itself or through a pipeline).
    pub chain: Option<Chain>,
    /// The pipeline that the command is an element of.
    pub pipeline: Option<Pipeline>,
    /// Something decides whether it runs: a branch, a case, a loop's body, the right of `&&` or `||`.
    pub conditional: bool,
    /// The same for its whole sequence: a branch, a loop's body, or a group to the right of `&&`. What decides is then not its own
    /// [`Chain`].
    pub in_branch: bool,
    /// Its failure does not stop the script: what makes that so.
    pub guarded: Option<Guard>,
    /// It is (part of) the condition of an `if`, `while` or `until`.
    pub condition: bool,
    /// In the body of a loop, or in a loop's condition.
    pub in_loop: bool,
    /// Name of the function that it is in.
    pub function: Option<Arc<str>>,
    /// In `( … )`, a coprocess, or a process substitution.
    pub subshell: bool,
    /// In `$( … )` or backticks.
    pub substitution: bool,
    /// Started with `&`.
    pub background: bool,
    /// After a `!`.
    pub negated: bool,
    /// What it prints goes on through what stands around it: to a file that a group or a loop is sent to, into a pipeline, or into the
    /// words of another command. Of its own redirections nothing is said, nor of a function's calls (see
    /// [`Script::is_captured`](super::Script::is_captured)).
    pub captured: bool,
}

impl Context {
    /// Around the whole script.
    pub(super) fn top() -> Self {
        Self {
            statement: 0,
            innermost: 0,
            sequence: 0,
            position: 0,
            chain: None,
            pipeline: None,
            conditional: false,
            in_branch: false,
            guarded: None,
            condition: false,
            in_loop: false,
            function: None,
            subshell: false,
            substitution: false,
            background: false,
            negated: false,
            captured: false,
        }
    }
}

/// An operator of a `&&`/`||` list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joint {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// A place in a `&&`/`||` list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Number of the list, unique in the script.
    pub id: usize,
    /// Position of the element, from 0.
    pub position: usize,
    /// How many elements the list has.
    pub length: usize,
    /// The operator on the left.
    pub before: Option<Joint>,
    /// The operator on the right.
    pub after: Option<Joint>,
    /// All operators on the left are `&&`: it runs when, and only when, all elements before it succeeded.
    pub only_and_before: bool,
}

/// A place in a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// Number of the pipeline, unique in the script.
    pub id: usize,
    /// Position of the element, from 0.
    pub position: usize,
    /// How many elements the pipeline has.
    pub length: usize,
}

/// Why a command's failure does not stop the script.
///
/// The rules are those of `set -e` (<https://www.gnu.org/software/bash/manual/html_node/The-Set-Builtin.html>), under which GitLab's
/// runner starts scripts. In order of strength: where several hold, the strongest is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guard {
    /// An element of a `&&` list that is not the last.
    And,
    /// It runs in the background.
    Background,
    /// It is a condition: `if cmd`.
    Condition,
    /// `! cmd`
    Negation,
    /// A `||` comes after it: `cmd || true`.
    Or,
}

impl Guard {
    pub(super) fn stronger(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        one.max(other)
    }
}
