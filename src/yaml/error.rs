//! Why a text was not accepted as YAML.

use std::ops::Range;

/// What is wrong; the wording is in [`Error::message`], this is for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Not YAML.
    Syntax,
    /// The two readers understand the text differently: it is not safe to edit.
    Disagreement,
    /// A mapping has a key twice (YAML 1.2, 3.2.1.1; `<<` may repeat).
    DuplicateKey,
    /// An alias names an anchor that does not come before it, or one that contains the alias.
    UnknownAnchor,
    /// Nested deeper than GitLab reads (`max_yaml_depth`, 100).
    TooDeep,
    /// Larger than this tool takes.
    TooLarge,
    /// An edit that cannot be made.
    Edit,
    /// An anchor in what would go is used elsewhere.
    Anchored,
}

/// A refusal, with the place and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub kind: ErrorKind,
    /// Bytes of the text that the message is about.
    pub span: Range<usize>,
    pub message: String,
    pub hint: String,
}

impl Error {
    pub(super) fn new(
        kind: ErrorKind,
        span: Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Error { kind, span, message: message.into(), hint: hint.into() }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
