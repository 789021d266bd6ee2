//! Every way to fail, with its exit code, on one page.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::process::ExitCode;

use super::interrupt;
use super::ui::Ui;
use crate::apply::{GitError, WriteError};
use crate::migration::{PhaseError, Refusal};
use crate::pipeline::{self, ReadError};
use crate::report::Problem;
use crate::transform::SettingError;

/// Exit codes and what they mean.
pub const EXIT_CODES: &[(u8, &str)] = &[
    (0, "applied, or nothing to do"),
    (1, "check found something, or --exit-code and there are changes"),
    (2, "bad usage, bad input, unreadable file"),
    (3, "refused, nothing written"),
    (4, "some repositories of a rollout are not done"),
    (130, "interrupted"),
];

/// A failure of a command.
#[derive(Debug)]
pub enum Fail {
    /// Bad usage or input: exit 2.
    Input(Message),
    /// Refused, nothing written: exit 3.
    Refused(Message),
    /// Interrupted: exit 130.
    Interrupted,
}

/// What is said of a failure.
#[derive(Debug, Default)]
pub struct Message {
    pub message: String,
    pub hint: String,
    pub path: Option<String>,
    pub text: Option<String>,
    pub span: Option<Range<usize>>,
}

impl Fail {
    pub fn input(message: impl Into<String>, hint: impl Into<String>) -> Fail {
        Fail::Input(Message { message: message.into(), hint: hint.into(), ..Message::default() })
    }

    pub fn refused(message: impl Into<String>, hint: impl Into<String>) -> Fail {
        Fail::Refused(Message { message: message.into(), hint: hint.into(), ..Message::default() })
    }

    /// A question, and nobody there to answer it: no terminal, or a program that wants JSON.
    pub fn no_terminal(ui: &Ui, dry_run: &str, yes: &str) -> Fail {
        let why = if ui.can_ask() { "--format json asks no questions" } else { "there is no terminal to ask on" };
        Fail::input(why, format!("say --dry-run {dry_run}, or --yes {yes}"))
    }

    /// Says what is wrong, and gives the exit code.
    pub fn report(&self, ui: &Ui) -> ExitCode {
        let (message, code) = match self {
            Fail::Input(message) => (message, 2),
            Fail::Refused(message) => (message, 3),
            Fail::Interrupted => {
                interrupt::tidy();
                return ExitCode::from(130);
            }
        };
        ui.problem(&Problem {
            path: message.path.as_deref(),
            text: message.text.as_deref(),
            span: message.span.clone(),
            ..Problem::error(message.message.as_str(), message.hint.as_str())
        });
        ExitCode::from(code)
    }
}

impl From<pipeline::Error> for Fail {
    fn from(error: pipeline::Error) -> Fail {
        Fail::Input(Message {
            message: error.message,
            hint: error.hint,
            path: Some(error.path.into()),
            text: error.text.map(|text| text.to_string()),
            span: error.span,
        })
    }
}

impl From<PhaseError> for Fail {
    fn from(error: PhaseError) -> Fail {
        Fail::Input(Message {
            message: error.message,
            hint: error.hint,
            path: Some(error.file),
            text: Some(error.text),
            span: error.span,
        })
    }
}

impl From<Refusal> for Fail {
    fn from(refusal: Refusal) -> Fail {
        let message = match &refusal.job {
            Some(job) => format!("the proof failed at `{job}`: {}", refusal.message),
            None => format!("the proof failed: {}", refusal.message),
        };
        Fail::refused(message, "nothing was written; this plan is not safe, please report the pipeline that shows it")
    }
}

impl From<WriteError> for Fail {
    fn from(error: WriteError) -> Fail {
        let message = Message {
            message: error.message(),
            hint: error.hint().to_owned(),
            path: error.path().map(str::to_owned),
            ..Message::default()
        };
        match error {
            WriteError::Changed { .. } | WriteError::Busy | WriteError::CutOff { .. } => Fail::Refused(message),
            _ => Fail::Input(message),
        }
    }
}

impl From<GitError> for Fail {
    fn from(error: GitError) -> Fail {
        Fail::refused(format!("git refused: {error}"), "nothing was written; see to the cause, or leave --commit out")
    }
}

impl From<io::Error> for Fail {
    fn from(error: io::Error) -> Fail {
        match error.kind() {
            io::ErrorKind::Interrupted => Fail::Interrupted,
            _ => Fail::input(error.to_string(), ""),
        }
    }
}

/// A setting that is not one, in a file or on the command line.
pub fn setting(error: SettingError, file: Option<(&str, &str)>) -> Fail {
    Fail::Input(Message {
        message: error.message,
        hint: error.hint,
        path: file.map(|(path, _)| path.to_owned()),
        text: file.map(|(_, text)| text.to_owned()),
        span: error.span,
    })
}

/// A folder that cannot be opened as a repository.
pub fn no_folder(path: &Path, error: &ReadError) -> Fail {
    Fail::Input(Message {
        message: error.to_string(),
        hint: "-C takes the folder of a repository".to_owned(),
        path: Some(path.to_string_lossy().into_owned()),
        ..Message::default()
    })
}

/// A file that cannot be read.
pub fn unreadable(path: &str, error: &ReadError) -> Fail {
    Fail::Input(Message {
        message: error.to_string(),
        hint: "see to it that the path is a readable file of the repository".to_owned(),
        path: Some(path.to_owned()),
        ..Message::default()
    })
}
