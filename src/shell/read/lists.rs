//! `a && b || c` and `a | b | c`.

use shuck_ast::{BinaryCommand, BinaryOp, Command as Ast, CompoundCommand, Stmt, StmtSeq};

use super::super::{Chain, Context, Guard, Joint, Pipeline, What};
use super::walk::{Cover, Extent, Walk};

impl Walk<'_> {
    /// `a && b || c`, flattened: the tree leans to the left, as deep as the list is long.
    pub(super) fn chain(&mut self, binary: &BinaryCommand, around: &Context) -> Extent {
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
        // What `|| exit 1` follows stops the script when it fails, as it does without; but within a group or a function to its left
        // the shell goes on after a failure. So it does in a function that an `if` or a list calls.
        let plain = |stmt: &&Stmt| match &stmt.command {
            Ast::Compound(CompoundCommand::Conditional(_) | CompoundCommand::Arithmetic(_)) => true,
            Ast::Compound(CompoundCommand::Subshell(body) | CompoundCommand::BraceGroup(body)) => is_row(body),
            Ast::Compound(_) => false,
            _ => !self.calls_own(stmt),
        };
        let exits = around.function.is_none()
            && joints.last().is_some_and(|(joint, _)| *joint == Joint::Or)
            && elements.iter().rev().skip(1).all(plain)
            && elements.last().is_some_and(|last| self.is_exit(last));
        let length = elements.len() - usize::from(exits);
        let id = self.chains;
        self.chains += 1;
        let first = self.commands.len();
        let mut covered = Cover::default();
        for (position, element) in elements.iter().enumerate() {
            let before = position.checked_sub(1).and_then(|left| joints.get(left));
            let real = if position < length { joints.get(..length - 1).unwrap_or_default() } else { &joints };
            let after = real.get(position).map(|(joint, _)| *joint);
            let later = real.get(position..).unwrap_or_default();
            if length == 1 && position == 0 {
                let extent = self.stmt(element, around);
                covered.add(extent);
                continue;
            }
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
                    length: if position < length { length } else { elements.len() },
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

    /// Whether a statement calls a function that the script has defined before it.
    fn calls_own(&self, stmt: &Stmt) -> bool {
        let text = self.text.get(stmt.span.start.offset()..stmt.span.end.offset()).unwrap_or_default();
        let name = text.split_whitespace().next().unwrap_or_default();
        self.functions.iter().any(|function| function.name == name)
    }

    /// `exit 1`, or `{ echo why; exit 1; }`: what stands in quotes and ends a command there, makes it none.
    fn is_exit(&self, stmt: &Stmt) -> bool {
        let text = self.text.get(stmt.span.start.offset()..stmt.span.end.offset()).unwrap_or_default();
        let text = text.trim().trim_end_matches(';').trim_end();
        let exit = |text: &str| {
            let code = text.trim().strip_prefix("exit").map(str::trim);
            code.is_some_and(|code| code.bytes().all(|b| b.is_ascii_digit()) && !code.starts_with('0'))
        };
        let is_group = matches!(&stmt.command, Ast::Compound(CompoundCommand::BraceGroup(_)));
        let inside = is_group.then(|| text.trim_matches(|c: char| c.is_whitespace() || "{;}".contains(c)));
        let told = inside.is_some_and(|inside| {
            let pieces = inside.split([';', '\n']).flat_map(|piece| piece.split("&&"));
            let mut pieces: Vec<&str> = pieces.map(str::trim).filter(|piece| !piece.is_empty()).collect();
            let tells = |piece: &&str| {
                let piece = piece.strip_suffix(">&2").map_or(*piece, |piece| piece.trim_end_matches('1'));
                piece.starts_with("echo ") && !piece.contains(['`', '(', '|', '&', '>', '<', '#'])
            };
            pieces.pop().is_some_and(exit) && pieces.iter().all(tells)
        });
        exit(text) || told
    }

    pub(super) fn pipeline(&mut self, binary: &BinaryCommand, around: &Context) -> Extent {
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
            let place = Pipeline { id, position, length: elements.len() };
            let captured = around.captured || position + 1 < elements.len();
            let context = Context { pipeline: Some(place), captured, ..around.clone() };
            let extent = self.stmt(element, &context);
            self.joined(*operator, &extent, first);
            covered.add(extent);
        }
        covered.extent()
    }

    /// GitLab's runner prints each item before it runs it, so an operator cannot reach over into the next item.
    fn joined(&mut self, operator: Option<usize>, right: &Extent, first: usize) {
        if let (Some(operator), Some(right)) = (operator, right)
            && self.place(&(operator..right.start.max(operator))).is_none()
        {
            self.doubt(&(operator..operator + 1), What::OperatorSpansItems);
            for command in self.commands.iter_mut().skip(first) {
                command.doubtful = true;
            }
        }
    }
}

/// `a && b && c` alone: each runs because the one before succeeded, whatever the shell does about failures.
fn is_row(body: &StmtSeq) -> bool {
    let [stmt] = body.stmts.as_slice() else { return false };
    let mut next = stmt;
    while let Ast::Binary(binary) = &next.command {
        let simple = matches!(binary.right.command, Ast::Simple(_) | Ast::Builtin(_) | Ast::Decl(_));
        if binary.op != BinaryOp::And || !simple {
            return false;
        }
        next = &binary.left;
    }
    matches!(next.command, Ast::Simple(_) | Ast::Builtin(_) | Ast::Decl(_))
}

fn joint(op: BinaryOp) -> Joint {
    match op {
        BinaryOp::Or => Joint::Or,
        BinaryOp::And | BinaryOp::Pipe | BinaryOp::PipeAll => Joint::And,
    }
}
