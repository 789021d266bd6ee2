//! One simple command of a script.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::docker::wrap::target;
use super::{Context, Docker, Place, Word};

/// A simple command: `A=b docker build -t x . >log`.
#[derive(Debug, Clone)]
pub struct Command {
    /// Name and arguments. Empty for a bare assignment.
    pub words: Vec<Word>,
    /// Assignments before the name.
    pub assignments: Vec<Assignment>,
    /// Redirections, wherever they stand.
    pub redirects: Vec<Redirect>,
    /// First to last of words, assignments and redirects (a heredoc's body not included), never more. `None` when the command spans
    /// items; it is doubtful then.
    pub span: Option<Place>,
    /// What stands around it.
    pub context: Context,
    /// A word is doubtful, or a fault of the parser is near: not to be edited.
    pub doubtful: bool,
    pub(super) text: Arc<str>,
    /// The span in the joined text.
    pub(super) range: Range<usize>,
    /// Its end there, the bodies of heredocs included.
    pub(super) beyond: usize,
    /// What [`docker`](super::docker()) says of it, once it has been asked.
    pub(super) docker: OnceLock<Option<Arc<Docker>>>,
    /// The word that is the program behind prefixes, once it has been asked for.
    pub(super) program: OnceLock<Option<usize>>,
}

impl Command {
    /// The command's name, when it is literal.
    pub fn name(&self) -> Option<&str> {
        self.words.first().and_then(Word::value)
    }

    /// Whether it changes the folder for those behind it: `cd app`, `command cd app`, `eval "cd app"`.
    pub fn changes_folder(&self) -> bool {
        let said = |at: usize| self.words.get(at).is_some_and(|word| matches!(word.display(), "cd" | "pushd" | "popd"));
        match self.name() {
            Some("command" | "builtin" | "time") => said(1),
            Some("eval") => self.raw().contains("cd ") || self.raw().contains("pushd "),
            _ => said(0),
        }
    }

    /// The index of the program that runs in the end, behind prefixes that run words as they are.
    pub(super) fn program_at(&self) -> Option<usize> {
        *self.program.get_or_init(|| target(&self.words))
    }

    /// Its source text, first to last of words, assignments and redirects.
    pub fn raw(&self) -> &str {
        self.text.get(self.range.clone()).unwrap_or_default()
    }
}

/// `NAME=value` before a command's name, or alone.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// `+=`
    pub append: bool,
    /// The value; `None` for an array.
    pub value: Option<Word>,
    /// Name to end of value.
    pub place: Option<Place>,
    pub(super) range: Range<usize>,
}

/// A redirection of a command.
#[derive(Debug, Clone)]
pub struct Redirect {
    /// The operator with its descriptor, as written: `2>`, `<<-`.
    pub operator: String,
    /// What it redirects to; a heredoc's delimiter.
    pub target: Word,
    /// The body, for a heredoc.
    pub heredoc: Option<Heredoc>,
    /// Descriptor to end of target.
    pub place: Option<Place>,
    pub(super) range: Range<usize>,
}

impl Redirect {
    /// Whether what is printed goes to a file by it, as with `> log`, `&>> log` and `>& log`: not to `/dev/null`, and not to another
    /// stream (POSIX, 2.7; Bash manual, "Redirections").
    pub fn is_to_file(&self) -> bool {
        let target = self.target.display();
        let stream =
            self.operator.ends_with('&') && (target == "-" || target.bytes().all(|byte| byte.is_ascii_digit()));
        self.operator.contains('>') && !stream && !is_no_file(target)
    }
}

/// What a redirection leads to that keeps nothing.
pub(super) fn is_no_file(target: &str) -> bool {
    matches!(target, "/dev/null" | "/dev/stdout" | "/dev/stderr")
}

/// The body of a heredoc.
#[derive(Debug, Clone)]
pub struct Heredoc {
    /// The lines of the body, without the delimiter's.
    pub body: Option<Place>,
    /// The shell expands variables and substitutions in it.
    pub expands: bool,
}
