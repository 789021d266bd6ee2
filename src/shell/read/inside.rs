//! Command substitutions, wherever a word or an expression holds them.

use shuck_ast::{
    ArithmeticExpr, ArithmeticExprNode, ArithmeticLvalue, BourneParameterExpansion, HeredocBody, HeredocBodyPart,
    ParameterExpansion, ParameterExpansionSyntax, ParameterOp, Pattern, PatternPart, Span, VarRef, Word, WordPart,
    WordPartNode,
};

use super::super::Context;
use super::walk::Walk;

impl Walk<'_> {
    /// The substitutions in a word.
    pub(super) fn word_inside(&mut self, word: &Word, around: &Context) {
        self.parts_inside(&word.parts, around);
    }

    fn parts_inside(&mut self, parts: &[WordPartNode], around: &Context) {
        for part in parts {
            self.part_inside(&part.kind, part.span, around);
        }
    }

    fn part_inside(&mut self, part: &WordPart, span: Span, around: &Context) {
        let range = span.start.offset()..span.end.offset();
        let before = self.substitutions;
        match part {
            WordPart::Literal(_) | WordPart::SingleQuoted { .. } => return,
            WordPart::DoubleQuoted { parts, .. } => return self.parts_inside(parts, around),
            WordPart::CommandSubstitution { body, syntax } => {
                return self.substitution(body, *syntax, &range, around);
            }
            WordPart::ProcessSubstitution { body, .. } => {
                let context = Context { subshell: true, background: true, ..around.clone() };
                return self.filled(body, &range, ["<(", ">("], ")", &context);
            }
            WordPart::ArithmeticExpansion { expression_ast, expression_word_ast, syntax, .. } => {
                self.check_arithmetic(&range, *syntax, expression_ast.is_some());
                self.word_inside(expression_word_ast, around);
            }
            WordPart::Parameter(parameter) => self.parameter(parameter, around),
            WordPart::ParameterExpansion { reference, operator, operand_word_ast, .. } => {
                self.reference(reference, around);
                self.operator(operator, around);
                self.maybe_word(operand_word_ast.as_deref(), around);
            }
            WordPart::IndirectExpansion { reference, operator, operand_word_ast, .. } => {
                self.reference(reference, around);
                if let Some(operator) = operator {
                    self.operator(operator, around);
                }
                self.maybe_word(operand_word_ast.as_deref(), around);
            }
            WordPart::Substring { reference, offset_word_ast, length_word_ast, .. }
            | WordPart::ArraySlice { reference, offset_word_ast, length_word_ast, .. } => {
                self.reference(reference, around);
                self.word_inside(offset_word_ast, around);
                self.maybe_word(length_word_ast.as_deref(), around);
            }
            WordPart::Length(reference)
            | WordPart::ArrayAccess(reference)
            | WordPart::ArrayLength(reference)
            | WordPart::ArrayIndices(reference)
            | WordPart::Transformation { reference, .. } => self.reference(reference, around),
            WordPart::Variable(_) | WordPart::PrefixMatch { .. } | WordPart::ZshQualifiedGlob(_) => {}
        }
        self.check_read(&range, before);
    }

    fn maybe_word(&mut self, word: Option<&Word>, around: &Context) {
        if let Some(word) = word {
            self.word_inside(word, around);
        }
    }

    fn parameter(&mut self, parameter: &ParameterExpansion, around: &Context) {
        let ParameterExpansionSyntax::Bourne(syntax) = &parameter.syntax else {
            return;
        };
        match syntax {
            BourneParameterExpansion::Access { reference }
            | BourneParameterExpansion::Length { reference }
            | BourneParameterExpansion::Indices { reference }
            | BourneParameterExpansion::Transformation { reference, .. } => {
                self.reference(reference, around);
            }
            BourneParameterExpansion::Indirect { reference, operator, operand_word_ast, .. } => {
                self.reference(reference, around);
                if let Some(operator) = operator {
                    self.operator(operator, around);
                }
                self.maybe_word(operand_word_ast.as_deref(), around);
            }
            BourneParameterExpansion::Operation { reference, operator, operand_word_ast, .. } => {
                self.reference(reference, around);
                self.operator(operator, around);
                self.maybe_word(operand_word_ast.as_deref(), around);
            }
            BourneParameterExpansion::Slice { reference, offset_word_ast, length_word_ast, .. } => {
                self.reference(reference, around);
                self.word_inside(offset_word_ast, around);
                self.maybe_word(length_word_ast.as_deref(), around);
            }
            BourneParameterExpansion::PrefixMatch { .. } => {}
        }
    }

    fn operator(&mut self, operator: &ParameterOp, around: &Context) {
        match operator {
            ParameterOp::RemovePrefixShort { pattern }
            | ParameterOp::RemovePrefixLong { pattern }
            | ParameterOp::RemoveSuffixShort { pattern }
            | ParameterOp::RemoveSuffixLong { pattern } => self.pattern(pattern, around),
            ParameterOp::ReplaceFirst { pattern, replacement_word_ast, .. }
            | ParameterOp::ReplaceAll { pattern, replacement_word_ast, .. } => {
                self.pattern(pattern, around);
                self.word_inside(replacement_word_ast, around);
            }
            ParameterOp::UseDefault
            | ParameterOp::AssignDefault
            | ParameterOp::UseReplacement
            | ParameterOp::Error
            | ParameterOp::UpperFirst
            | ParameterOp::UpperAll
            | ParameterOp::LowerFirst
            | ParameterOp::LowerAll => {}
        }
    }

    /// The substitutions in a pattern.
    pub(super) fn pattern(&mut self, pattern: &Pattern, around: &Context) {
        for part in &pattern.parts {
            match &part.kind {
                PatternPart::Word(word) => self.word_inside(word, around),
                PatternPart::Group { patterns, .. } => {
                    for pattern in patterns {
                        self.pattern(pattern, around);
                    }
                }
                PatternPart::Literal(_) | PatternPart::AnyString | PatternPart::AnyChar | PatternPart::CharClass(_) => {
                }
            }
        }
    }

    /// The substitutions in a variable's subscript.
    pub(super) fn reference(&mut self, reference: &VarRef, around: &Context) {
        if let Some(word) = reference.subscript.as_ref().and_then(|subscript| subscript.word_ast()) {
            self.word_inside(word, around);
        }
    }

    /// The substitutions in an expression. A sum is a tree as deep as it is long, hence no recursion.
    pub(super) fn arithmetic(&mut self, expression: &ArithmeticExprNode, around: &Context) {
        let mut left = vec![expression];
        while let Some(node) = left.pop() {
            match &node.kind {
                ArithmeticExpr::Number(_) | ArithmeticExpr::Variable(_) => {}
                ArithmeticExpr::Indexed { index, .. } => left.push(index),
                ArithmeticExpr::ShellWord(word) => self.word_inside(word, around),
                ArithmeticExpr::Parenthesized { expression } => left.push(expression),
                ArithmeticExpr::Unary { expr, .. } | ArithmeticExpr::Postfix { expr, .. } => {
                    left.push(expr);
                }
                ArithmeticExpr::Binary { left: first, right, .. } => left.extend([&**right, first]),
                ArithmeticExpr::Conditional { condition, then_expr, else_expr } => {
                    left.extend([&**else_expr, then_expr, condition]);
                }
                ArithmeticExpr::Assignment { target, value, .. } => {
                    left.push(value);
                    if let ArithmeticLvalue::Indexed { index, .. } = target {
                        left.push(index);
                    }
                }
            }
        }
    }

    /// The substitutions in the body of a heredoc.
    pub(super) fn heredoc_inside(&mut self, body: &HeredocBody, around: &Context) {
        for part in &body.parts {
            let range = part.span.start.offset()..part.span.end.offset();
            let before = self.substitutions;
            match &part.kind {
                HeredocBodyPart::Literal(_) | HeredocBodyPart::Variable(_) => continue,
                HeredocBodyPart::CommandSubstitution { body, syntax } => {
                    self.substitution(body, *syntax, &range, around);
                    continue;
                }
                HeredocBodyPart::ArithmeticExpansion { expression_ast, expression_word_ast, syntax, .. } => {
                    self.check_arithmetic(&range, *syntax, expression_ast.is_some());
                    self.word_inside(expression_word_ast, around);
                }
                HeredocBodyPart::Parameter(parameter) => self.parameter(parameter, around),
            }
            self.check_read(&range, before);
        }
    }
}
