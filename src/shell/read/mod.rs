//! From text to commands and statements: all that knows the parser stands in this folder.

mod assign;
mod cook;
mod gaps;
mod inside;
mod lists;
mod mask;
mod redirect;
mod simple;
mod structure;
mod substitution;
mod unquote;
mod walk;
mod words;

use std::borrow::Cow;
use std::sync::Arc;

use shuck_parser::parser::Parser;

use super::place::Items;
use super::{Command, Context, Doubt, Function, Statement, What};
use cook::Source;
use mask::{hostile, mask};
use walk::Walk;

/// What was found in a text, in the order in which the walk came by.
pub(super) struct Found {
    pub(super) commands: Vec<Command>,
    pub(super) statements: Vec<Statement>,
    pub(super) functions: Vec<Function>,
    pub(super) doubts: Vec<Doubt>,
}

/// Reads the joined items of a script.
pub(super) fn read(text: &Arc<str>, items: &Items) -> Found {
    let (mut parsed, masks) = mask(text);
    let hostile = hostile(&parsed);
    if hostile.is_some() {
        parsed = Cow::Borrowed("");
    }
    let result = Parser::new(&parsed).parse();
    let source = Source { text, parsed: &parsed, masks: &masks };
    let mut walk = Walk::new(Arc::clone(text), source, items);
    if let Some(why) = hostile {
        walk.doubt(&(0..text.len()), What::Syntax(why.to_owned()));
    }
    for diagnostic in &result.diagnostics {
        let range = diagnostic.span.start.offset()..diagnostic.span.end.offset();
        walk.doubt(&range, What::Syntax(diagnostic.message.clone()));
    }
    if result.is_err() && result.diagnostics.is_empty() {
        walk.doubt(&(0..text.len()), What::Syntax(result.strict_error().to_string()));
    }
    walk.sequence(&result.file.body, &Context::top(), Some(0..parsed.len()));
    walk.meanings();
    let Walk { commands, statements, functions, doubts, .. } = walk;
    Found { commands, statements, functions, doubts }
}
