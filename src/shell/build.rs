//! One simple command out of the parser's tree.

use std::ops::Range;
use std::sync::Arc;

use shuck_ast::{
    self as ast, AssignmentValue, BuiltinCommand, Command as Ast, DeclOperand, RedirectTarget, Stmt,
};

use super::walk::{Extent, Walk, cover};
use super::{Assignment, Command, Context, Heredoc, Redirect, What, Word};

/// A component of a command: a word, an assignment, or a redirection.
struct Component {
    /// In the joined text.
    range: Range<usize>,
    redirects: bool,
}

impl Walk<'_> {
    /// Adds a simple command; returns what it covers, heredoc bodies included.
    pub(super) fn command(&mut self, stmt: &Stmt, around: &Context) -> Extent {
        let index = self.commands.len();
        // Its place is taken before the commands in its substitutions come.
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
        });
        let (words, assignments) = match &stmt.command {
            Ast::Simple(simple) => {
                // A bare assignment has a name of no length.
                let words = std::iter::once(&simple.name).chain(&simple.args);
                let words = words.filter_map(|word| self.word(word, around)).collect();
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
        let assignments: Vec<Assignment> = assignments
            .iter()
            .map(|assignment| self.assignment(assignment, around))
            .collect();
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

    fn finish(
        &mut self,
        index: usize,
        words: Vec<Word>,
        assignments: Vec<Assignment>,
        redirects: Vec<Redirect>,
    ) {
        let mut components: Vec<Component> = Vec::with_capacity(words.len());
        let whole = |range: &Range<usize>| Component {
            range: range.clone(),
            redirects: false,
        };
        components.extend(words.iter().map(|word| whole(&word.range)));
        components.extend(
            assignments
                .iter()
                .map(|assignment| whole(&assignment.range)),
        );
        components.extend(redirects.iter().map(|redirect| Component {
            range: redirect.range.clone(),
            redirects: true,
        }));
        components.sort_by_key(|component| component.range.start);
        let fault = components.windows(2).find_map(|pair| match pair {
            [left, right] => self.between(left, right),
            _ => None,
        });
        let range = match (
            components.first(),
            components.iter().map(|next| next.range.end).max(),
        ) {
            (Some(first), Some(end)) => first.range.start..end,
            _ => 0..0,
        };
        let span = self.items.place(&range);
        let mut doubtful = span.is_none()
            || words.iter().any(Word::is_doubtful)
            || redirects
                .iter()
                .any(|redirect| redirect.target.is_doubtful())
            || assignments
                .iter()
                .filter_map(|next| next.value.as_ref())
                .any(Word::is_doubtful);
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

    fn builtin<'b>(
        &mut self,
        builtin: &'b BuiltinCommand,
        around: &Context,
    ) -> (Vec<Word>, &'b [ast::Assignment]) {
        let (name, first, rest, assignments, span) = match builtin {
            BuiltinCommand::Break(it) => {
                ("break", &it.depth, &it.extra_args, &it.assignments, it.span)
            }
            BuiltinCommand::Continue(it) => (
                "continue",
                &it.depth,
                &it.extra_args,
                &it.assignments,
                it.span,
            ),
            BuiltinCommand::Return(it) => {
                ("return", &it.code, &it.extra_args, &it.assignments, it.span)
            }
            BuiltinCommand::Exit(it) => {
                ("exit", &it.code, &it.extra_args, &it.assignments, it.span)
            }
        };
        // The tree does not say where the name stands.
        let from = assignments
            .last()
            .map_or(span.start, |last| last.span.end)
            .offset();
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
        words.extend(
            first
                .iter()
                .chain(rest)
                .filter_map(|word| self.word(word, around)),
        );
        (words, assignments)
    }

    fn operand(&mut self, operand: &DeclOperand, around: &Context) -> Option<Word> {
        match operand {
            DeclOperand::Flag(word) | DeclOperand::Dynamic(word) => self.word(word, around),
            DeclOperand::Name(reference) => {
                self.reference(reference, around);
                let range = reference.span.start.offset()..reference.span.end.offset();
                Some(self.plain_word(range))
            }
            DeclOperand::Assignment(assignment) => {
                let parsed = self.assignment(assignment, around);
                let mut word = self.plain_word(parsed.range.clone());
                match &parsed.value {
                    // `NAME=` before the value as it is written, the value without its quotes.
                    Some(value) => {
                        let written = word.raw().len().saturating_sub(value.raw().len());
                        let head = word.raw().get(..written).unwrap_or_default().to_owned();
                        word.display = Some(format!("{head}{}", value.display()).into());
                        word.value = value.value().map(|value| format!("{head}{value}").into());
                        word.literal = value.literal;
                        word.doubtful |= value.doubtful;
                    }
                    None => word.literal = false,
                }
                Some(word)
            }
        }
    }

    fn assignment(&mut self, assignment: &ast::Assignment, around: &Context) -> Assignment {
        self.reference(&assignment.target, around);
        let value = match &assignment.value {
            AssignmentValue::Scalar(word) => {
                let empty = word.span.start.offset()..word.span.start.offset();
                Some(
                    self.word(word, around)
                        .unwrap_or_else(|| self.plain_word(empty)),
                )
            }
            AssignmentValue::Compound(array) => {
                self.array(array, around);
                None
            }
        };
        let name = assignment.target.name_span;
        let range = self.trimmed(assignment.span);
        Assignment {
            name: self
                .source
                .slice(&(name.start.offset()..name.end.offset()))
                .to_owned(),
            append: assignment.append,
            value,
            place: self.items.place(&range),
            range,
        }
    }

    /// `(a "b" c)`: words, and between them blanks, newlines and comments. The parser also takes operators, and no end.
    fn array(&mut self, array: &ast::ArrayExpr, around: &Context) {
        let whole = array.span.start.offset()..array.span.end.offset();
        let text = self.source.parsed.get(whole.clone()).unwrap_or_default();
        let mut certain = text.starts_with('(') && text.ends_with(')');
        let mut end = whole.start + 1;
        for element in &array.elements {
            let range = element.span().start.offset()..element.span().end.offset();
            certain &= self.is_blank(end..range.start);
            end = range.end;
            if let Some(cooked) = self
                .source
                .cook(&element.value().parts, &self.trimmed(element.value().span))
            {
                certain &= cooked.fault.is_none();
            }
            self.word_inside(element.value(), around);
        }
        certain &= self.is_blank(end..whole.end.saturating_sub(1));
        if !certain {
            self.doubt(&whole, What::FoldedOperator);
        }
    }

    /// A redirection, and what it covers with the body of a heredoc.
    pub(super) fn redirect(
        &mut self,
        redirect: &ast::Redirect,
        around: &Context,
    ) -> (Redirect, Extent) {
        let (delimiter, heredoc) = match &redirect.target {
            RedirectTarget::Word(word) => (word, None),
            RedirectTarget::Heredoc(heredoc) => (&heredoc.delimiter.raw, Some(heredoc)),
        };
        let mut range = self.trimmed(redirect.span);
        if let Some(variable) = redirect.fd_var_span {
            // The span of `{fd}>` may leave out the brace.
            let name = variable.start.offset().min(range.start);
            let open = name
                .checked_sub(1)
                .filter(|open| self.source.slice(&(*open..name)) == "{");
            range.start = open.unwrap_or(name);
        }
        let target = self.target(delimiter, &range, around);
        let operator = self
            .source
            .slice(&(range.start..target.range.start))
            .trim_end()
            .to_owned();
        let mut covered = Some(range.clone());
        let heredoc = heredoc.map(|heredoc| {
            let body = heredoc.body.span.start.offset()..heredoc.body.span.end.offset();
            match self.heredoc_end(heredoc, &body) {
                Some(end) => {
                    covered = cover(covered.take(), Some(body.start..end));
                    if self.items.place(&(body.start..end)).is_none() {
                        self.doubt(&body, What::HeredocSpansItems);
                    }
                }
                None => self.doubt(&body, What::UnclosedHeredoc),
            }
            self.heredoc_inside(&heredoc.body, around);
            Heredoc {
                body: self.items.place(&body),
                expands: heredoc.delimiter.expands_body,
            }
        });
        let place = self.items.place(&range);
        (
            Redirect {
                operator,
                target,
                heredoc,
                place,
                range,
            },
            covered,
        )
    }

    /// What comes after the operator. For `2>&1` the tree has no word, only the text.
    fn target(&mut self, word: &ast::Word, range: &Range<usize>, around: &Context) -> Word {
        match self.word(word, around) {
            Some(target) if range.start < target.range.start => target,
            _ => {
                let text = self.source.slice(range);
                let operator = text
                    .rfind(['<', '>', '&', '|'])
                    .map_or(text.len(), |last| last + 1);
                self.plain_word(range.start + operator..range.end)
            }
        }
    }

    /// Where the line with a heredoc's delimiter ends. The parser also accepts the end of the text, or blanks after the delimiter.
    fn heredoc_end(&self, heredoc: &ast::Heredoc, body: &Range<usize>) -> Option<usize> {
        let rest = self.source.parsed.get(body.end..)?;
        let line = rest.split('\n').next()?;
        let bare = match heredoc.delimiter.strip_tabs {
            true => line.trim_start_matches('\t'),
            false => line,
        };
        (bare == heredoc.delimiter.cooked.as_str()).then_some(body.end + line.len())
    }

    /// A word, unless nothing but a `\`-newline is left of it.
    pub(super) fn word(&mut self, word: &ast::Word, around: &Context) -> Option<Word> {
        let range = self.trimmed(word.span);
        if range.is_empty() {
            return None;
        }
        let mut built = self.plain_word(range.clone());
        if let Some(cooked) = self.source.cook(&word.parts, &range) {
            built.literal = !cooked.expands;
            built.splits = cooked.splits;
            if built.literal && cooked.value != built.raw() {
                built.value = Some(cooked.value.into());
            }
            if cooked.display != built.raw() {
                built.display = Some(cooked.display.into());
            }
            if let Some(what) = cooked.fault {
                built.doubtful = true;
                self.doubt(&range, what);
            }
            if word.has_active_brace_expansion() {
                built.literal = false;
                built.splits = true;
            }
            self.word_inside(word, around);
        }
        Some(built)
    }

    /// A word of plain text.
    fn plain_word(&mut self, range: Range<usize>) -> Word {
        let place = self.items.place(&range);
        let doubtful = place.is_none();
        if doubtful {
            self.doubt(&range, What::WordSpansItems);
        }
        Word {
            text: Arc::clone(&self.text),
            range,
            place,
            display: None,
            value: None,
            literal: true,
            splits: false,
            doubtful,
        }
    }

    /// The range of a span without the `\`-newlines that touch it, which the parser counts in.
    fn trimmed(&self, span: ast::Span) -> Range<usize> {
        let (start, end) = (span.start.offset(), span.end.offset());
        let Some(mut text) = self.source.parsed.get(start..end) else {
            return start..start;
        };
        let whole = text.len();
        while let Some(rest) = text.strip_prefix("\\\n") {
            text = rest;
        }
        let start = start + whole - text.len();
        while let Some(rest) = text.strip_suffix("\\\n") {
            let escaped = rest.len() - rest.trim_end_matches('\\').len();
            if !escaped.is_multiple_of(2) {
                break;
            }
            text = rest;
        }
        start..start + text.len()
    }
}

/// A command name that bash reads otherwise: `a[…` begins an assignment to an element, and the parser does not see a keyword or an
/// assignment that a `\`-newline divides.
fn is_misread(name: &str) -> bool {
    let identifier = name.split('[').next().unwrap_or_default();
    let subscript = identifier.len() < name.len()
        && identifier.starts_with(|first: char| first == '_' || first.is_ascii_alphabetic())
        && identifier
            .bytes()
            .all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
    subscript || name.contains("\\\n")
}
