//! Assignments, before a command or as operands of `export` and its like.

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
        let value = match &assignment.value {
            AssignmentValue::Scalar(word) => {
                let empty = word.span.start.offset()..word.span.start.offset();
                Some(self.word(word, around).unwrap_or_else(|| self.plain_word(empty)))
            }
            AssignmentValue::Compound(array) => {
                self.array(array, around);
                None
            }
        };
        let name = assignment.target.name_span;
        let range = self.trimmed(assignment.span);
        Assignment {
            name: self.source.slice(&(name.start.offset()..name.end.offset())).to_owned(),
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
            if let Some(cooked) = self.source.cook(&element.value().parts, &self.trimmed(element.value().span)) {
                certain &= cooked.fault.is_none();
            }
            self.word_inside(element.value(), around);
        }
        certain &= self.is_blank(end..whole.end.saturating_sub(1));
        if !certain {
            self.doubt(&whole, What::FoldedOperator);
        }
    }
}
