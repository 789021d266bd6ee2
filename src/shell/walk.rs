//! From the parser's tree to commands and statements.

use std::ops::Range;
use std::sync::Arc;

use shuck_ast::{
    BinaryCommand, BinaryOp, Command as Ast, CompoundCommand, Stmt, StmtSeq, StmtTerminator,
};

use super::cook::Source;
use super::place::Items;
use super::{
    Chain, Command, Context, Doubt, Function, Guard, Joint, Kind, Pipeline, Statement, What,
};

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
    chains: usize,
    pipelines: usize,
}

/// The bytes of a statement or a part of one: `None` where the tree does not tell.
pub(super) type Extent = Option<Range<usize>>;

/// What several things cover: unknown as soon as one is.
#[derive(Default)]
struct Cover(Option<Extent>);

impl Cover {
    fn add(&mut self, extent: Extent) {
        self.0 = Some(match self.0.take() {
            None => extent,
            Some(before) => cover(before, extent),
        });
    }

    fn extent(self) -> Extent {
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

    pub(super) fn doubt(&mut self, range: &Range<usize>, what: What) {
        let place = self.items.place(range);
        let doubt = Doubt { place, what };
        if self.doubts.last() != Some(&doubt) {
            self.doubts.push(doubt);
        }
    }

    /// A sequence of statements. Returns what they cover.
    ///
    /// `bounds` is the text that the sequence fills, where the tree tells.
    pub(super) fn sequence(
        &mut self,
        sequence: &StmtSeq,
        around: &Context,
        bounds: Option<Range<usize>>,
    ) -> Extent {
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
            let terminator = stmt
                .terminator_span
                .and_then(|span| self.items.place(&(span.start.offset()..span.end.offset())));
            self.statements.push(Statement {
                places: Vec::new(),
                terminator,
                kind: Kind::of(stmt),
                parent,
                sequence: number,
                position,
                commands: Vec::new(),
                doubtful: false,
                range: None,
            });
            let extent = self.stmt(stmt, &context);
            if let Some(statement) = self.statements.get_mut(index) {
                statement.range.clone_from(&extent);
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
                    self.doubt(
                        &(stmt.span.start.offset()..stmt.span.end.offset()),
                        What::Ranges,
                    );
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
        let aliases = self
            .commands
            .iter()
            .filter(|command| command.name() == Some("alias"));
        let mut found: Vec<_> = aliases
            .map(|command| (command.range.clone(), What::Alias))
            .collect();
        for function in self
            .functions
            .iter()
            .filter(|function| is_understood(&function.name))
        {
            let statement = self.statements.get(function.statement);
            let range = statement
                .and_then(|statement| statement.range.clone())
                .unwrap_or(0..0);
            found.push((range, What::Shadowed(function.name.clone())));
        }
        for (range, what) in found {
            self.doubt(&range, what);
        }
    }

    fn stmt(&mut self, stmt: &Stmt, around: &Context) -> Extent {
        let mut context = around.clone();
        let start = stmt.span.start.offset();
        if stmt.negated {
            context.negated = true;
            context.guarded = Guard::stronger(context.guarded, Some(Guard::Negation));
        }
        let mut extent = match &stmt.command {
            Ast::Simple(_) | Ast::Builtin(_) | Ast::Decl(_) => self.command(stmt, &context),
            Ast::Binary(binary) => match binary.op {
                BinaryOp::And | BinaryOp::Or => self.chain(binary, &context),
                BinaryOp::Pipe | BinaryOp::PipeAll => self.pipeline(binary, &context),
            },
            Ast::Compound(compound) => self.compound(compound, &context),
            Ast::Function(function) => {
                let name = function
                    .static_names()
                    .next()
                    .map(|name| name.as_str().to_owned());
                let name: Arc<str> = name.unwrap_or_default().into();
                self.functions.push(Function {
                    name: name.to_string(),
                    statement: around.innermost,
                });
                context.function = Some(name);
                let start = function.span.start.offset();
                cover(Some(start..start), self.stmt(&function.body, &context))
            }
            Ast::AnonymousFunction(function) => {
                self.stmt(&function.body, &context);
                None
            }
        };
        if !matches!(
            stmt.command,
            Ast::Simple(_) | Ast::Builtin(_) | Ast::Decl(_)
        ) {
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

    /// `a && b || c`, flattened: the tree leans to the left, as deep as the list is long.
    fn chain(&mut self, binary: &BinaryCommand, around: &Context) -> Extent {
        let mut elements = vec![&*binary.right];
        let mut joints = vec![(joint(binary.op), binary.op_span.start.offset())];
        let mut left = &*binary.left;
        while let Ast::Binary(inner) = &left.command
            && matches!(inner.op, BinaryOp::And | BinaryOp::Or)
            && !left.negated
        {
            elements.push(&inner.right);
            joints.push((joint(inner.op), inner.op_span.start.offset()));
            left = &inner.left;
        }
        elements.push(left);
        elements.reverse();
        joints.reverse();
        let id = self.chains;
        self.chains += 1;
        let first = self.commands.len();
        let mut covered = Cover::default();
        for (position, element) in elements.iter().enumerate() {
            let before = position.checked_sub(1).and_then(|left| joints.get(left));
            let after = joints.get(position).map(|(joint, _)| *joint);
            let later = joints.get(position..).unwrap_or_default();
            let earlier = joints.get(..position).unwrap_or_default();
            let guard = if later.iter().any(|(joint, _)| *joint == Joint::Or) {
                Some(Guard::Or)
            } else {
                after.map(|_| Guard::And)
            };
            let context = Context {
                chain: Some(Chain {
                    id,
                    position,
                    length: elements.len(),
                    before: before.map(|(joint, _)| *joint),
                    after,
                    only_and_before: earlier.iter().all(|(joint, _)| *joint == Joint::And),
                }),
                conditional: around.conditional || position > 0,
                guarded: Guard::stronger(around.guarded, guard),
                ..around.clone()
            };
            let extent = self.stmt(element, &context);
            self.joined(before.map(|(_, at)| *at), &extent, first);
            covered.add(extent);
        }
        covered.extent()
    }

    fn pipeline(&mut self, binary: &BinaryCommand, around: &Context) -> Extent {
        let mut elements = vec![(&*binary.right, Some(binary.op_span.start.offset()))];
        let mut left = &*binary.left;
        while let Ast::Binary(inner) = &left.command
            && matches!(inner.op, BinaryOp::Pipe | BinaryOp::PipeAll)
            && !left.negated
        {
            elements.push((&*inner.right, Some(inner.op_span.start.offset())));
            left = &inner.left;
        }
        elements.push((left, None));
        elements.reverse();
        let id = self.pipelines;
        self.pipelines += 1;
        let first = self.commands.len();
        let mut covered = Cover::default();
        for (position, (element, operator)) in elements.iter().enumerate() {
            let context = Context {
                pipeline: Some(Pipeline {
                    id,
                    position,
                    length: elements.len(),
                }),
                ..around.clone()
            };
            let extent = self.stmt(element, &context);
            self.joined(*operator, &extent, first);
            covered.add(extent);
        }
        covered.extent()
    }

    /// GitLab's runner prints each item before it runs it, so an operator cannot reach over into the next item.
    fn joined(&mut self, operator: Option<usize>, right: &Extent, first: usize) {
        if let (Some(operator), Some(right)) = (operator, right)
            && self
                .items
                .place(&(operator..right.start.max(operator)))
                .is_none()
        {
            self.doubt(&(operator..operator + 1), What::OperatorSpansItems);
            for command in self.commands.iter_mut().skip(first) {
                command.doubtful = true;
            }
        }
    }

    fn compound(&mut self, compound: &CompoundCommand, around: &Context) -> Extent {
        match compound {
            CompoundCommand::Subshell(body) => {
                let context = Context {
                    subshell: true,
                    ..around.clone()
                };
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
                let context = Context {
                    subshell: true,
                    background: true,
                    ..around.clone()
                };
                let start = coproc.span.start.offset();
                cover(Some(start..start), self.stmt(&coproc.body, &context))
            }
            other => self.structure(other, around),
        }
    }
}

fn joint(op: BinaryOp) -> Joint {
    match op {
        BinaryOp::Or => Joint::Or,
        BinaryOp::And | BinaryOp::Pipe | BinaryOp::PipeAll => Joint::And,
    }
}

/// Names that a function must not take if this module is to be right about them.
fn is_understood(name: &str) -> bool {
    matches!(name, "docker" | "docker-compose" | "docker-buildx")
}
