//! Substitutions: commands within a word, and what the parser may have missed of them.

use std::ops::Range;

use shuck_ast::{ArithmeticExpansionSyntax, CommandSubstitutionSyntax, StmtSeq};
use shuck_parser::parser::Parser;

use super::super::{Context, What};
use super::unquote::is_closed;
use super::walk::Walk;

/// How deeply substitutions may be nested in one another.
const MAX_DEPTH: usize = 8;

impl Walk<'_> {
    pub(super) fn substitution(
        &mut self,
        body: &StmtSeq,
        syntax: CommandSubstitutionSyntax,
        range: &Range<usize>,
        around: &Context,
    ) {
        let context = Context { substitution: true, captured: true, ..around.clone() };
        match syntax {
            CommandSubstitutionSyntax::DollarParen => {
                self.filled(body, range, ["$("; 2], ")", &context);
            }
            CommandSubstitutionSyntax::Backtick => {
                // Only these escapes are undone before the text is read as commands.
                let text = self.source.slice(range);
                if ["\\`", "\\$", "\\\\", "\\\""].iter().any(|escape| text.contains(escape)) {
                    self.doubt(range, What::EscapedBackticks);
                }
                self.filled(body, range, ["`"; 2], "`", &context);
            }
        }
    }

    /// The commands between two delimiters. The parser drops what it cannot read there, and is silent about a missing end.
    pub(super) fn filled(
        &mut self,
        body: &StmtSeq,
        range: &Range<usize>,
        open: [&str; 2],
        close: &str,
        around: &Context,
    ) {
        self.substitutions += 1;
        let text = self.source.parsed.get(range.clone()).unwrap_or_default();
        let inner = open.iter().find_map(|open| text.strip_prefix(open)).and_then(|rest| rest.strip_suffix(close));
        let bounds = inner.map(|inner| {
            let end = range.end - close.len();
            end - inner.len()..end
        });
        // Each level is parsed once more, hence a limit, which no person's script comes near.
        self.depth += 1;
        let read = inner.is_some_and(|inner| self.depth <= MAX_DEPTH && Parser::new(inner).parse().is_ok());
        if !read {
            self.doubt(range, What::Unread);
        }
        self.sequence(body, around, bounds);
        self.depth -= 1;
    }

    /// Whether `$((…))` is arithmetic to bash as well as to the parser.
    pub(super) fn check_arithmetic(
        &mut self,
        range: &Range<usize>,
        syntax: ArithmeticExpansionSyntax,
        understood: bool,
    ) {
        let text = self.source.slice(range);
        let certain = match syntax {
            ArithmeticExpansionSyntax::DollarParenParen => text.ends_with("))") && understood,
            ArithmeticExpansionSyntax::LegacyBracket => text.ends_with(']'),
        };
        if !certain {
            self.doubt(range, What::Arithmetic);
        }
    }

    /// An expansion whose text has a substitution, while the tree has none: commands may have been missed.
    pub(super) fn check_read(&mut self, range: &Range<usize>, before: usize) {
        let text = self.source.parsed.get(range.clone()).unwrap_or_default();
        if text.starts_with("${") && !is_closed(text) {
            self.doubt(range, What::UnclosedExpansion);
        }
        let inside = text.get(2..).unwrap_or_default();
        let mut opened = memchr::memchr2_iter(b'(', b'`', inside.as_bytes());
        let holds = opened.any(|at| {
            let (before, open) = inside.as_bytes().split_at(at);
            open.first() == Some(&b'`') || matches!(before.last(), Some(b'$' | b'<' | b'>'))
        });
        if self.substitutions == before && holds {
            self.doubt(range, What::Unread);
        }
    }
}
