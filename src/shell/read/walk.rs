//! From the parser's tree to commands and statements.

use std::ops::Range;
use std::sync::Arc;

use shuck_ast::{BinaryOp, Command as Ast, CompoundCommand, Stmt, StmtSeq, StmtTerminator};

use super::super::place::{Items, Place};
use super::super::{Command, Context, Doubt, Function, Guard, Kind, Statement, What};
use super::cook::Source;

/// Collects commands and statements. What is found is complete even if some of it is doubtful.
pub(super) struct Walk<'a> {
    pub(super) text: Arc<str>,
    pub(super) source: Source<'a>,
    pub(super) items: &'a Items,
    pub(super) commands: Vec<Command>,
    pub(super) statements: Vec<Statement>,
    pub(super) functions: Vec<Function>,
    pub(super) doubts: Vec<Doubt>,
    /// How many substitutions were read so far, to notice one that was not.
    pub(super) substitutions: usize,
    /// How many substitutions are around.
    pub(super) depth: usize,
    sequences: usize,
    pub(super) chains: usize,
    pub(super) pipelines: usize,
}

/// The bytes of a statement or a part of one: `None` where the tree does not tell.
pub(super) type Extent = Option<Range<usize>>;

/// What several things cover: unknown as soon as one is.
#[derive(Default)]
pub(super) struct Cover(Option<Extent>);

impl Cover {
    pub(super) fn add(&mut self, extent: Extent) {
        self.0 = Some(match self.0.take() {
            None => extent,
            Some(before) => cover(before, extent),
        });
    }

    pub(super) fn extent(self) -> Extent {
        self.0.flatten()
    }
}

/// Both together; `None` if one is unknown.
pub(super) fn cover(left: Extent, right: Extent) -> Extent {
    let (left, right) = (left?, right?);
    Some(left.start.min(right.start)..left.end.max(right.end))
}

impl<'a> Walk<'a> {
    pub(super) fn new(text: Arc<str>, source: Source<'a>, items: &'a Items) -> Self {
        Self {
            text,
            source,
            items,
            commands: Vec::new(),
            statements: Vec::new(),
            functions: Vec::new(),
            doubts: Vec::new(),
            substitutions: 0,
            depth: 0,
            sequences: 0,
            chains: 0,
            pipelines: 0,
        }
    }

    /// The place of a range. None where the parser counted wrongly, and cuts a character.
    pub(super) fn place(&self, range: &Range<usize>) -> Option<Place> {
        self.source.text.get(range.clone())?;
        self.items.place(range)
    }

    pub(super) fn doubt(&mut self, range: &Range<usize>, what: What) {
        let place = self.place(range);
        let doubt = Doubt { place, what };
        if self.doubts.last() != Some(&doubt) {
            self.doubts.push(doubt);
        }
    }

    /// A sequence of statements. Returns what they cover.
    ///
    /// `bounds` is the text that the sequence fills, where the tree tells.
    pub(super) fn sequence(&mut self, sequence: &StmtSeq, around: &Context, bounds: Option<Range<usize>>) -> Extent {
        let number = self.sequences;
        self.sequences += 1;
        let parent = (number > 0).then_some(around.innermost);
        let mut covered = Cover::default();
        let mut end = bounds.as_ref().map(|bounds| bounds.start);
        for (position, stmt) in sequence.stmts.iter().enumerate() {
            let index = self.statements.len();
            let first_command = self.commands.len();
            let background = matches!(stmt.terminator, Some(StmtTerminator::Background(_)));
            let context = Context {
                statement: if number == 0 { index } else { around.statement },
                innermost: index,
                sequence: number,
                position,
                chain: None,
                pipeline: None,
                in_branch: around.conditional,
                background: around.background || background,
                guarded: Guard::stronger(around.guarded, background.then_some(Guard::Background)),
                ..around.clone()
            };
            let terminator =
                stmt.terminator_span.and_then(|span| self.place(&(span.start.offset()..span.end.offset())));
            self.statements.push(Statement {
                places: Vec::new(),
                terminator,
                kind: kind(stmt),
                parent,
                sequence: number,
                position,
                commands: Vec::new(),
                doubtful: false,
                range: None,
                end: usize::MAX,
            });
            let extent = self.stmt(stmt, &context);
            if let Some(statement) = self.statements.get_mut(index) {
                statement.range.clone_from(&extent);
                statement.end = extent.as_ref().map_or(usize::MAX, |range| range.end);
            }
            match &extent {
                Some(range) => {
                    if let Some(end) = end {
                        self.check_gap(end..range.start, position > 0);
                    }
                    // The body of a heredoc stands behind the statements that follow on its line.
                    let heredocs = self.commands.iter().skip(first_command).map(|it| it.beyond);
                    let beyond = heredocs.max().unwrap_or_default();
                    end = Some(range.end.max(beyond).max(end.unwrap_or_default()));
                }
                None => {
                    self.doubt(&(stmt.span.start.offset()..stmt.span.end.offset()), What::Ranges);
                    end = None;
                }
            }
            covered.add(extent);
        }
        if let (Some(end), Some(bounds)) = (end, bounds) {
            self.check_gap(end..bounds.end, false);
        }
        covered.extent()
    }

    /// What a script says about the meaning of its own words.
    pub(super) fn meanings(&mut self) {
        let aliases = self.commands.iter().filter(|command| command.name() == Some("alias"));
        let mut found: Vec<_> = aliases.map(|command| (command.range.clone(), What::Alias)).collect();
        for function in self.functions.iter().filter(|function| is_understood(&function.name)) {
            let statement = self.statements.get(function.statement);
            let range = statement.and_then(|statement| statement.range.clone()).unwrap_or(0..0);
            found.push((range, What::Shadowed(function.name.clone())));
        }
        for (range, what) in found {
            self.doubt(&range, what);
        }
    }

    pub(super) fn stmt(&mut self, stmt: &Stmt, around: &Context) -> Extent {
        let mut context = around.clone();
        let start = stmt.span.start.offset();
        if stmt.negated {
            context.negated = true;
            context.guarded = Guard::stronger(context.guarded, Some(Guard::Negation));
        }
        let simple = matches!(stmt.command, Ast::Simple(_) | Ast::Builtin(_) | Ast::Decl(_));
        context.captured |= !simple && stmt.redirects.iter().any(|redirect| self.is_to_file(redirect));
        let mut extent = match &stmt.command {
            Ast::Simple(_) | Ast::Builtin(_) | Ast::Decl(_) => self.command(stmt, &context),
            Ast::Binary(binary) => match binary.op {
                BinaryOp::And | BinaryOp::Or => self.chain(binary, &context),
                BinaryOp::Pipe | BinaryOp::PipeAll => self.pipeline(binary, &context),
            },
            Ast::Compound(compound) => self.compound(compound, &context),
            Ast::Function(function) => {
                let name = function.static_names().next().map(|name| name.as_str().to_owned());
                let name: Arc<str> = name.unwrap_or_default().into();
                self.functions.push(Function { name: name.to_string(), statement: around.innermost });
                context.function = Some(name);
                let start = function.span.start.offset();
                cover(Some(start..start), self.stmt(&function.body, &context))
            }
            Ast::AnonymousFunction(function) => {
                self.stmt(&function.body, &context);
                None
            }
        };
        if !simple {
            for redirect in &stmt.redirects {
                let (_, covered) = self.redirect(redirect, around);
                extent = cover(extent, covered);
            }
        }
        if stmt.negated {
            // The `!` belongs to the statement; the tree has it in the span's start only.
            let bang = self.source.slice(&(start..start + 1)) == "!";
            extent = cover(extent, bang.then_some(start..start));
        }
        extent
    }

    fn compound(&mut self, compound: &CompoundCommand, around: &Context) -> Extent {
        match compound {
            CompoundCommand::Subshell(body) => {
                let context = Context { subshell: true, ..around.clone() };
                let inner = self.sequence(body, &context, None);
                self.delimited(body, inner, '(', ')')
            }
            CompoundCommand::BraceGroup(body) => {
                let inner = self.sequence(body, around, None);
                self.delimited(body, inner, '{', '}')
            }
            CompoundCommand::Time(time) => {
                let start = time.span.start.offset();
                let inner = match &time.command {
                    Some(stmt) => self.stmt(stmt, around),
                    None => Some(start..start + "time".len()),
                };
                cover(Some(start..start), inner)
            }
            CompoundCommand::Coproc(coproc) => {
                let context = Context { subshell: true, background: true, ..around.clone() };
                let start = coproc.span.start.offset();
                cover(Some(start..start), self.stmt(&coproc.body, &context))
            }
            other => self.structure(other, around),
        }
    }
}

/// Names that a function must not take if this module is to be right about them.
fn is_understood(name: &str) -> bool {
    matches!(name, "docker" | "docker-compose" | "docker-buildx")
}

/// What a statement is.
fn kind(stmt: &Stmt) -> Kind {
    match &stmt.command {
        Ast::Simple(_) | Ast::Builtin(_) | Ast::Decl(_) => Kind::Simple,
        Ast::Binary(binary) => match binary.op {
            BinaryOp::And | BinaryOp::Or => Kind::List,
            BinaryOp::Pipe | BinaryOp::PipeAll => Kind::Pipeline,
        },
        Ast::Function(_) => Kind::Function,
        Ast::AnonymousFunction(_) => Kind::Other,
        Ast::Compound(compound) => match compound {
            CompoundCommand::If(_) => Kind::If,
            CompoundCommand::For(_)
            | CompoundCommand::ArithmeticFor(_)
            | CompoundCommand::While(_)
            | CompoundCommand::Until(_)
            | CompoundCommand::Select(_) => Kind::Loop,
            CompoundCommand::Case(_) => Kind::Case,
            CompoundCommand::Subshell(_) => Kind::Subshell,
            CompoundCommand::BraceGroup(_) => Kind::Group,
            CompoundCommand::Arithmetic(_) | CompoundCommand::Conditional(_) => Kind::Test,
            CompoundCommand::Time(_)
            | CompoundCommand::Coproc(_)
            | CompoundCommand::Repeat(_)
            | CompoundCommand::Foreach(_)
            | CompoundCommand::Always(_) => Kind::Other,
        },
    }
}
