//! Assignments, before a command or as operands of `export` and its like.

use std::ops::Range;

use shuck_ast::{self as ast, AssignmentValue, DeclOperand};

use super::super::{Assignment, Context, What, Word};
use super::walk::Walk;

impl Walk<'_> {
    pub(super) fn operand(&mut self, operand: &DeclOperand, around: &Context) -> Option<Word> {
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

    pub(super) fn assignment(&mut self, assignment: &ast::Assignment, around: &Context) -> Assignment {
        self.reference(&assignment.target, around);
        let range = self.trimmed(assignment.span);
        let value = match &assignment.value {
            AssignmentValue::Scalar(word) => {
                let empty = word.span.start.offset()..word.span.start.offset();
                Some(self.word(word, around).unwrap_or_else(|| self.plain_word(empty)))
            }
            AssignmentValue::Compound(array) => {
                self.array(array, &range, around);
                None
            }
        };
        let name = assignment.target.name_span;
        Assignment {
            name: self.source.slice(&(name.start.offset()..name.end.offset())).to_owned(),
            append: assignment.append,
            value,
            place: self.place(&range),
            range,
        }
    }

    /// `(a "b" c)`: the parser also takes operators for words, and no end.
    fn array(&mut self, array: &ast::ArrayExpr, range: &Range<usize>, around: &Context) {
        let mut certain = self.source.slice(range).ends_with(')');
        for element in &array.elements {
            let word = element.value();
            if let Some(cooked) = self.source.cook(&word.parts, &self.trimmed(word.span)) {
                certain &= cooked.fault.is_none_or(|fault| fault.is_local());
            }
            self.word_inside(word, around);
        }
        if !certain {
            self.doubt(range, What::FoldedOperator);
        }
    }
}
