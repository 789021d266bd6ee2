//! Why GitLab would refuse a pipeline, or this tool a file.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// What is wrong; the wording is in [`Error::message`], this is for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A file is there, and its text cannot be had.
    Unreadable,
    /// There is no such main file.
    NoFile,
    /// A file with nothing in it, or whose content is not a mapping.
    NotAMapping,
    /// The text is not accepted as YAML.
    Yaml(crate::yaml::ErrorKind),
    /// An include names a file that is not there.
    MissingInclude,
    /// A path leads out of the repository.
    Outside,
    /// A file includes itself, perhaps by way of others.
    IncludeCycle,
    /// More inclusions than GitLab allows.
    TooManyIncludes,
    /// After an edit, an include names a file that was not part of the project.
    NewInclude,
    /// An include gives an input that the file does not declare, or leaves one out that it requires.
    Inputs,
    /// A job extends itself, perhaps by way of others.
    ExtendsCycle,
    /// `extends` names a base that is not there.
    UnknownBase,
    /// A `!reference` points at nothing.
    MissingReference,
    /// A `!reference` is part of its own value.
    ReferenceCycle,
    /// A value is of another kind than its keyword takes.
    WrongShape,
    /// A visible job without `script`, `run` or `trigger`.
    NotAJob,
    /// Nested deeper than GitLab allows.
    TooDeep,
    /// Aliases or references that would grow beyond all measure.
    TooLarge,
    /// One keyword both in `default` and at the top level.
    DefaultAndGlobal,
}

/// A refusal, with the place and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub kind: ErrorKind,
    /// The file that the message is about.
    pub path: Box<str>,
    /// Its text, where it could be read.
    pub text: Option<Arc<str>>,
    /// Bytes of the text that the message is about.
    pub span: Option<Range<usize>>,
    pub message: String,
    pub hint: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl std::error::Error for Error {}
