//! Messages with the place marked.

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::visible::visible;
use crate::apply::WriteError;
use crate::{pipeline, yaml};

/// How grave a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Error,
    Warning,
    Note,
}

/// Something to tell a person: what is wrong, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem<'p> {
    pub severity: Severity,
    pub message: Cow<'p, str>,
    /// What to do; may be empty.
    pub hint: Cow<'p, str>,
    /// From the root of the repository.
    pub path: Option<&'p str>,
    /// The file's text, for the snippet.
    pub text: Option<&'p str>,
    /// Bytes of the text.
    pub span: Option<Range<usize>>,
}

/// What a message is to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub colour: bool,
    /// Columns of the terminal; longer lines of a file are cut around the place.
    pub width: usize,
}

impl<'p> Problem<'p> {
    /// An error that has no place.
    pub fn error(message: impl Into<Cow<'p, str>>, hint: impl Into<Cow<'p, str>>) -> Self {
        let (severity, message, hint) = (Severity::Error, message.into(), hint.into());
        Problem { severity, message, hint, path: None, text: None, span: None }
    }

    /// The same, about a file.
    pub fn in_file(self, path: &'p str) -> Self {
        Problem { path: Some(path), ..self }
    }

    /// The same, about bytes of a file.
    pub fn at(self, path: &'p str, text: &'p str, span: Range<usize>) -> Self {
        Problem { path: Some(path), text: Some(text), span: Some(span), ..self }
    }

    /// A file that is not accepted as YAML.
    pub fn yaml(path: &'p str, text: &'p str, error: &'p yaml::Error) -> Self {
        Problem::error(error.message.as_str(), error.hint.as_str()).at(path, text, error.span.clone())
    }
}

impl<'p> From<&'p pipeline::Error> for Problem<'p> {
    fn from(error: &'p pipeline::Error) -> Self {
        let problem = Problem::error(error.message.as_str(), error.hint.as_str()).in_file(&error.path);
        Problem { text: error.text.as_deref(), span: error.span.clone(), ..problem }
    }
}

impl<'p> From<&'p WriteError> for Problem<'p> {
    fn from(error: &'p WriteError) -> Self {
        Problem { path: error.path(), ..Problem::error(error.message(), error.hint()) }
    }
}

/// The message, where it is about, the marked line and what to do, on several lines; ends with a line break.
pub fn render(problem: &Problem<'_>, look: Look) -> String {
    let renderer = if look.colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(look.width.max(NARROWEST));
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let place = problem.text.zip(problem.span.as_ref()).map(|(text, span)| Place::find(text, span));
    let is_marked = place.is_some() && problem.path.is_some();
    let message = Group::with_title(level.primary_title(problem.message.as_ref()));
    let message = match (problem.path.map(visible), place) {
        (Some(path), Some(place)) => message.element(
            Snippet::source(place.line)
                .line_start(place.number)
                .path(path)
                .annotation(AnnotationKind::Primary.span(place.span)),
        ),
        (Some(path), None) => message.element(Origin::path(path)),
        (None, _) => message,
    };
    let help = Group::with_title(Level::HELP.primary_title(problem.hint.as_ref()));
    let mut out = match (problem.hint.is_empty(), is_marked) {
        (true, _) => renderer.render(&[message]),
        (false, true) => renderer.render(&[message, help]),
        // Without a snippet there is nothing from which a line could lead down to the help.
        (false, false) => renderer.render(&[message]) + "\n" + &renderer.render(&[help]),
    };
    out.push('\n');
    out
}

/// Below this there is no room for a line beside its number.
const NARROWEST: usize = 40;

/// A line of a file, without its line break.
struct Place<'t> {
    line: &'t str,
    /// From 1.
    number: usize,
    /// Bytes of the line. What goes on beyond the line is not marked: a job may be long, and its first line names it.
    span: Range<usize>,
}

impl<'t> Place<'t> {
    fn find(text: &'t str, span: &Range<usize>) -> Place<'t> {
        let mut start = boundary(text, span.start);
        // The end of the file is shown behind its last line.
        if start == text.len() {
            start = text.trim_end_matches(['\r', '\n']).len();
        }
        let line_start = text[..start].rfind('\n').map_or(0, |end| end + 1);
        let number = text[..start].bytes().filter(|&byte| byte == b'\n').count() + 1;
        let line = text[line_start..].lines().next().unwrap_or_default();
        let end = boundary(text, span.end).clamp(start, (line_start + line.len()).max(start));
        let mark = if line_start == 0 && line.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let from_line = |offset: usize| offset.saturating_sub(line_start + mark);
        Place { line: &line[mark..], number, span: from_line(start)..from_line(end) }
    }
}

/// The last place at or before an offset that is not within a character.
fn boundary(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    (0..=offset).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}
