//! `if`, loops, `case` and the rest: which part of them decides over which.

use std::ops::Range;

use shuck_ast::{
    CaseItem, CompoundCommand, ConditionalExpr, ForCommand, ForSyntax, IfCommand, IfSyntax, Span, StmtSeq,
};

use super::super::{Context, Guard};
use super::walk::{Extent, Walk};

impl Walk<'_> {
    /// Compound commands with keywords. The extent goes from the first keyword to the last.
    pub(super) fn structure(&mut self, compound: &CompoundCommand, around: &Context) -> Extent {
        match compound {
            CompoundCommand::If(command) => self.r#if(command, around),
            CompoundCommand::For(command) => self.r#for(command, around),
            CompoundCommand::ArithmeticFor(command) => {
                let parts = [&command.init_ast, &command.condition_ast, &command.step_ast];
                for expression in parts.into_iter().flatten() {
                    self.arithmetic(expression, around);
                }
                self.sequence(&command.body, &in_loop(around), None);
                to(command.span, command.done_span)
            }
            CompoundCommand::While(command) => {
                self.sequence(&command.condition, &condition(&in_loop_head(around)), None);
                self.sequence(&command.body, &in_loop(around), None);
                to(command.span, command.done_span)
            }
            CompoundCommand::Until(command) => {
                self.sequence(&command.condition, &condition(&in_loop_head(around)), None);
                self.sequence(&command.body, &in_loop(around), None);
                to(command.span, command.done_span)
            }
            CompoundCommand::Case(command) => {
                self.word_inside(&command.word, around);
                for item in &command.cases {
                    self.case(item, around);
                }
                to(command.span, Some(command.esac_span))
            }
            CompoundCommand::Select(command) => {
                for word in &command.words {
                    self.word_inside(word, around);
                }
                self.sequence(&command.body, &in_loop(around), None);
                to(command.span, Some(command.done_span))
            }
            CompoundCommand::Arithmetic(command) => {
                let extent = self.test_command(to(command.span, Some(command.right_paren_span)), around);
                if let Some(expression) = &command.expr_ast {
                    self.arithmetic(expression, around);
                }
                extent
            }
            CompoundCommand::Conditional(command) => {
                let extent = self.test_command(to(command.span, Some(command.right_bracket_span)), around);
                self.test(&command.expression, around);
                extent
            }
            // zsh's own, which a bash parser does not make.
            CompoundCommand::Repeat(command) => {
                self.sequence(&command.body, &in_loop(around), None);
                None
            }
            CompoundCommand::Foreach(command) => {
                self.sequence(&command.body, &in_loop(around), None);
                None
            }
            CompoundCommand::Always(command) => {
                self.sequence(&command.body, around, None);
                self.sequence(&command.always_body, around, None);
                None
            }
            CompoundCommand::Subshell(_)
            | CompoundCommand::BraceGroup(_)
            | CompoundCommand::Time(_)
            | CompoundCommand::Coproc(_) => None,
        }
    }

    fn r#if(&mut self, command: &IfCommand, around: &Context) -> Extent {
        self.sequence(&command.condition, &condition(around), None);
        self.sequence(&command.then_branch, &branch(around), None);
        for (elif, then) in &command.elif_branches {
            self.sequence(elif, &condition(&branch(around)), None);
            self.sequence(then, &branch(around), None);
        }
        if let Some(otherwise) = &command.else_branch {
            self.sequence(otherwise, &branch(around), None);
        }
        match command.syntax {
            IfSyntax::ThenFi { fi_span, .. } => to(command.span, Some(fi_span)),
            IfSyntax::Brace { .. } => None,
        }
    }

    fn r#for(&mut self, command: &ForCommand, around: &Context) -> Extent {
        for word in command.words.iter().flatten() {
            self.word_inside(word, around);
        }
        self.sequence(&command.body, &in_loop(around), None);
        match command.syntax {
            ForSyntax::InDoDone { done_span, .. } | ForSyntax::ParenDoDone { done_span, .. } => {
                to(command.span, Some(done_span))
            }
            ForSyntax::InDirect { .. }
            | ForSyntax::InBrace { .. }
            | ForSyntax::ParenDirect { .. }
            | ForSyntax::ParenBrace { .. } => None,
        }
    }

    fn case(&mut self, item: &CaseItem, around: &Context) {
        for pattern in &item.patterns {
            self.pattern(pattern, around);
        }
        self.sequence(&item.body, &branch(around), None);
    }

    /// `[[ … ]]`. A list of `&&` in it is a tree as deep as the list is long, hence no recursion.
    fn test(&mut self, expression: &ConditionalExpr, around: &Context) {
        let mut left = vec![expression];
        while let Some(expression) = left.pop() {
            match expression {
                ConditionalExpr::Binary(binary) => left.extend([&*binary.right, &*binary.left]),
                ConditionalExpr::Unary(unary) => left.push(&unary.expr),
                ConditionalExpr::Parenthesized(inner) => left.push(&inner.expr),
                ConditionalExpr::Word(word) | ConditionalExpr::Regex(word) => {
                    self.word_inside(word, around);
                }
                ConditionalExpr::Pattern(pattern) => self.pattern(pattern, around),
                ConditionalExpr::VarRef(reference) => self.reference(reference, around),
            }
        }
    }

    /// `( … )` and `{ … }`, whose delimiters the tree leaves out.
    pub(super) fn delimited(&self, body: &StmtSeq, inner: Extent, open: char, close: char) -> Extent {
        let inner = inner?;
        let first = body.stmts.first()?;
        let comments = body.leading_comments.iter().chain(&first.leading_comments);
        let comment = comments.map(|comment| usize::from(comment.range.start())).min();
        let start = self.back_to(comment.map_or(inner.start, |at| at.min(inner.start)), open)?;
        let end = self.on_to(inner.end, close)?;
        Some(start..end)
    }

    /// The offset of a delimiter with nothing but blanks and comments between it and `from`.
    fn back_to(&self, from: usize, open: char) -> Option<usize> {
        let mut before = self.source.parsed.get(..from)?;
        loop {
            let trimmed = before.trim_end();
            if trimmed.ends_with(open) {
                return Some(trimmed.len() - open.len_utf8());
            }
            // A comment after the delimiter: `{ # like this`.
            let line = trimmed.rfind('\n').map_or(0, |newline| newline + 1);
            let hash = trimmed.get(line..)?.rfind(" #")?;
            before = trimmed.get(..line + hash)?;
        }
    }

    /// The offset after a delimiter with nothing but blanks, terminators and comments between `from` and it.
    fn on_to(&self, from: usize, close: char) -> Option<usize> {
        let text = self.source.parsed;
        let mut at = from;
        loop {
            let rest = text.get(at..)?;
            let skipped = rest.trim_start_matches(|next: char| next.is_whitespace() || ";&".contains(next));
            at = text.len() - skipped.len();
            let next = skipped.chars().next()?;
            if next == close {
                return Some(at + close.len_utf8());
            }
            if next != '#' {
                return None;
            }
            at += skipped.find('\n')?;
        }
    }
}

fn to(from: Span, end: Option<Span>) -> Option<Range<usize>> {
    Some(from.start.offset()..end?.end.offset())
}

fn branch(around: &Context) -> Context {
    Context { conditional: true, ..around.clone() }
}

fn condition(around: &Context) -> Context {
    Context { condition: true, guarded: Guard::stronger(around.guarded, Some(Guard::Condition)), ..around.clone() }
}

/// A loop's condition runs at least once, its body perhaps never.
fn in_loop_head(around: &Context) -> Context {
    Context { in_loop: true, ..around.clone() }
}

fn in_loop(around: &Context) -> Context {
    Context { in_loop: true, conditional: true, ..around.clone() }
}
