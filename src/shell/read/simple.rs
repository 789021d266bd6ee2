//! One simple command out of the parser's tree.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use shuck_ast::{self as ast, BuiltinCommand, Command as Ast, Stmt};

use super::super::{Assignment, Command, Context, Redirect, What, Word};
use super::walk::{Extent, Walk};

/// A component of a command: a word, an assignment, or a redirection.
struct Component {
    /// In the joined text.
    range: Range<usize>,
    redirects: bool,
}

impl Walk<'_> {
    /// Adds a simple command; returns what it covers, heredoc bodies included.
    pub(super) fn command(&mut self, stmt: &Stmt, around: &Context) -> Extent {
        let index = self.reserve(around);
        let (words, assignments) = match &stmt.command {
            Ast::Simple(simple) => {
                // A bare assignment has a name of no length.
                let mut words = Vec::with_capacity(1 + simple.args.len());
                let named = std::iter::once(&simple.name).chain(&simple.args);
                words.extend(named.filter_map(|word| self.word(word, around)));
                (words, &*simple.assignments)
            }
            Ast::Decl(decl) => {
                let range = decl.variant_span.start.offset()..decl.variant_span.end.offset();
                let mut words = vec![self.plain_word(range)];
                for operand in &decl.operands {
                    words.extend(self.operand(operand, around));
                }
                (words, &*decl.assignments)
            }
            Ast::Builtin(builtin) => self.builtin(builtin, around),
            _ => return None,
        };
        let assignments: Vec<Assignment> =
            assignments.iter().map(|assignment| self.assignment(assignment, around)).collect();
        let mut redirects = Vec::new();
        let mut beyond = None;
        for redirect in &stmt.redirects {
            let (redirect, covered) = self.redirect(redirect, around);
            beyond = beyond.max(covered.map(|covered| covered.end));
            redirects.push(redirect);
        }
        if let Some(name) = words.first().filter(|name| is_misread(name.raw())) {
            let range = name.range.clone();
            self.doubt(&range, What::CommandName);
        }
        self.finish(index, words, assignments, redirects);
        let command = self.commands.get_mut(index)?;
        let range = command.range.clone();
        command.beyond = beyond.map_or(range.end, |beyond| beyond.max(range.end));
        (range != (0..0)).then_some(range.start..command.beyond)
    }

    /// `[[ … ]]` and `(( … ))` end the job like a command does: one whose only word is the bracket.
    pub(super) fn test_command(&mut self, extent: Extent, around: &Context) -> Extent {
        let index = self.reserve(around);
        let range = extent.clone()?;
        let bracket = self.plain_word(range.start..range.start + "[[".len());
        let span = self.place(&range);
        let command = self.commands.get_mut(index)?;
        command.doubtful = span.is_none() || bracket.is_doubtful();
        command.words.push(bracket);
        command.span = span;
        command.beyond = range.end;
        command.range = range;
        extent
    }

    /// A command's place, taken before the commands in its substitutions come.
    fn reserve(&mut self, around: &Context) -> usize {
        self.commands.push(Command {
            words: Vec::new(),
            assignments: Vec::new(),
            redirects: Vec::new(),
            span: None,
            context: around.clone(),
            doubtful: true,
            text: Arc::clone(&self.text),
            range: 0..0,
            beyond: 0,
            docker: OnceLock::new(),
            program: OnceLock::new(),
        });
        self.commands.len() - 1
    }

    fn finish(&mut self, index: usize, words: Vec<Word>, assignments: Vec<Assignment>, redirects: Vec<Redirect>) {
        let mut components: Vec<Component> = Vec::with_capacity(words.len());
        let whole = |range: &Range<usize>| Component { range: range.clone(), redirects: false };
        components.extend(words.iter().map(|word| whole(&word.range)));
        components.extend(assignments.iter().map(|assignment| whole(&assignment.range)));
        components
            .extend(redirects.iter().map(|redirect| Component { range: redirect.range.clone(), redirects: true }));
        components.sort_by_key(|component| component.range.start);
        let fault = components.windows(2).find_map(|pair| match pair {
            [left, right] => self.between(left, right),
            _ => None,
        });
        let range = match (components.first(), components.iter().map(|next| next.range.end).max()) {
            (Some(first), Some(end)) => first.range.start..end,
            _ => 0..0,
        };
        let span = self.place(&range);
        let mut doubtful = span.is_none()
            || words.iter().any(Word::is_doubtful)
            || redirects.iter().any(|redirect| redirect.target.is_doubtful())
            || assignments.iter().filter_map(|next| next.value.as_ref()).any(Word::is_doubtful);
        if let Some(what) = fault {
            doubtful = true;
            self.doubt(&range, what);
        }
        if let Some(command) = self.commands.get_mut(index) {
            command.words = words;
            command.assignments = assignments;
            command.redirects = redirects;
            command.span = span;
            command.doubtful = doubtful;
            command.range = range;
        }
    }

    /// Words are divided by blanks and `\`-newlines, and nothing else shows that the parser's ranges are right.
    fn between(&self, left: &Component, right: &Component) -> Option<What> {
        let Some(gap) = self.source.parsed.get(left.range.end..right.range.start) else {
            return Some(What::Ranges);
        };
        if gap == " " {
            return None;
        }
        if gap.contains([' ', '\t']) {
            let rest = gap.replace("\\\n", "");
            let blank = rest.chars().all(|blank| matches!(blank, ' ' | '\t'));
            return (!blank).then_some(What::Ranges);
        }
        // A redirection may touch the word before it (`x>log`), unless that is its descriptor (`2>log`).
        let before = self.source.slice(&left.range);
        let descriptor = !left.redirects && before.bytes().all(|byte| byte.is_ascii_digit());
        let touches = gap.is_empty() && right.redirects && !descriptor;
        (!touches).then_some(What::CutWord)
    }

    fn builtin<'b>(&mut self, builtin: &'b BuiltinCommand, around: &Context) -> (Vec<Word>, &'b [ast::Assignment]) {
        let (name, first, rest, assignments, span) = match builtin {
            BuiltinCommand::Break(it) => ("break", &it.depth, &it.extra_args, &it.assignments, it.span),
            BuiltinCommand::Continue(it) => ("continue", &it.depth, &it.extra_args, &it.assignments, it.span),
            BuiltinCommand::Return(it) => ("return", &it.code, &it.extra_args, &it.assignments, it.span),
            BuiltinCommand::Exit(it) => ("exit", &it.code, &it.extra_args, &it.assignments, it.span),
        };
        // The tree does not say where the name stands.
        let from = assignments.last().map_or(span.start, |last| last.span.end).offset();
        let after = self.source.parsed.get(from..).unwrap_or_default();
        let start = from + after.len() - after.trim_start_matches([' ', '\t']).len();
        let range = start..start + name.len();
        let found = self.source.parsed.get(range.clone()) == Some(name);
        let mut words = Vec::new();
        if found {
            words.push(self.plain_word(range));
        } else {
            self.doubt(&(span.start.offset()..span.end.offset()), What::Ranges);
        }
        words.extend(first.iter().chain(rest).filter_map(|word| self.word(word, around)));
        (words, assignments)
    }
}

/// A command name that bash reads otherwise: `a[…` begins an assignment to an element, and the parser does not see a keyword or an
/// assignment that a `\`-newline divides.
fn is_misread(name: &str) -> bool {
    let identifier = name.split('[').next().unwrap_or_default();
    let subscript = identifier.len() < name.len()
        && identifier.starts_with(|first: char| first == '_' || first.is_ascii_alphabetic())
        && identifier.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
    subscript || name.contains('\\') && name.contains("\\\n")
}
