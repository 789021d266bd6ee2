//! Redirections and heredocs.

use std::ops::Range;

use shuck_ast::{self as ast, RedirectTarget};

use super::super::command::is_no_file;
use super::super::{Context, Heredoc, Redirect, What, Word};
use super::walk::{Extent, Walk, cover};

impl Walk<'_> {
    /// A redirection, and what it covers with the body of a heredoc.
    pub(super) fn redirect(&mut self, redirect: &ast::Redirect, around: &Context) -> (Redirect, Extent) {
        let (delimiter, heredoc) = match &redirect.target {
            RedirectTarget::Word(word) => (word, None),
            RedirectTarget::Heredoc(heredoc) => (&heredoc.delimiter.raw, Some(heredoc)),
        };
        let mut range = self.trimmed(redirect.span);
        if let Some(variable) = redirect.fd_var_span {
            // The span of `{fd}>` may leave out the brace.
            let name = variable.start.offset().min(range.start);
            let open = name.checked_sub(1).filter(|open| self.source.slice(&(*open..name)) == "{");
            range.start = open.unwrap_or(name);
        }
        let target = self.target(delimiter, &range, around);
        let operator = self.source.slice(&(range.start..target.range.start)).trim_end().to_owned();
        let mut covered = Some(range.clone());
        let heredoc = heredoc.map(|heredoc| {
            let body = heredoc.body.span.start.offset()..heredoc.body.span.end.offset();
            match self.heredoc_end(heredoc, &body) {
                Some(end) => {
                    covered = cover(covered.take(), Some(body.start..end));
                    if self.place(&(body.start..end)).is_none() {
                        self.doubt(&body, What::HeredocSpansItems);
                    }
                }
                None => self.doubt(&body, What::UnclosedHeredoc),
            }
            self.heredoc_inside(&heredoc.body, around);
            Heredoc { body: self.place(&body), expands: heredoc.delimiter.expands_body }
        });
        let place = self.place(&range);
        (Redirect { operator, target, heredoc, place, range }, covered)
    }

    /// Whether it sends to a file what is printed, before the rest of it is read.
    pub(super) fn is_to_file(&self, redirect: &ast::Redirect) -> bool {
        let text = self.source.slice(&self.trimmed(redirect.span));
        let target = text.rfind('>').and_then(|at| text.get(at + 1..));
        target.is_some_and(|target| {
            let stream = |text: &str| text == "-" || !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let target = target.trim_start_matches('|').trim();
            !target.strip_prefix('&').is_some_and(|it| stream(it.trim())) && !is_no_file(target)
        })
    }

    /// What comes after the operator. For `2>&1` the tree has no word, only the text.
    fn target(&mut self, word: &ast::Word, range: &Range<usize>, around: &Context) -> Word {
        match self.word(word, around) {
            Some(target) if range.start < target.range.start => target,
            _ => {
                let text = self.source.slice(range);
                let operator = text.rfind(['<', '>', '&', '|']).map_or(text.len(), |last| last + 1);
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
}
