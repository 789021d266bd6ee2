//! What can become of a repository: a closed list, each with what it means and what to do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Migrated,
    Partly,
    NothingToDo,
    Refused,
    Invalid,
    Unreachable,
    Auth,
    Conflict,
    Rejected,
    Failed,
}

impl Outcome {
    /// Every outcome, the good ones first.
    pub const ALL: [Outcome; 10] = [
        Outcome::Migrated,
        Outcome::Partly,
        Outcome::NothingToDo,
        Outcome::Refused,
        Outcome::Invalid,
        Outcome::Unreachable,
        Outcome::Auth,
        Outcome::Conflict,
        Outcome::Rejected,
        Outcome::Failed,
    ];

    /// The word for it, as JSON has it.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Migrated => "migrated",
            Outcome::Partly => "partly",
            Outcome::NothingToDo => "nothing-to-do",
            Outcome::Refused => "refused",
            Outcome::Invalid => "invalid",
            Outcome::Unreachable => "unreachable",
            Outcome::Auth => "auth",
            Outcome::Conflict => "conflict",
            Outcome::Rejected => "rejected",
            Outcome::Failed => "failed",
        }
    }

    /// What it means.
    pub fn meaning(self) -> &'static str {
        match self {
            Outcome::Migrated => "every phase that had something to do is a commit on the branch",
            Outcome::Partly => "the same, and jobs are left that were not understood",
            Outcome::NothingToDo => "the phases change nothing here, or there is no pipeline",
            Outcome::Refused => "a change could not be proved, or an earlier phase is pending; nothing was written",
            Outcome::Invalid => "the pipeline, its settings or the repository cannot be read",
            Outcome::Unreachable => "the server or the repository was not found, or did not answer",
            Outcome::Auth => "the server does not let you in; its other repositories were not asked",
            Outcome::Conflict => "the branch is there and holds something else",
            Outcome::Rejected => "the server declined the push",
            Outcome::Failed => "something else went wrong",
        }
    }

    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Outcome::Migrated => "merge it",
            Outcome::Partly => "merge it; see the reasons for what is left",
            Outcome::NothingToDo => "nothing",
            Outcome::Refused => "run `ci-migrate run` in a clone, phase by phase",
            Outcome::Invalid => "correct what the message names, then run the same command again",
            Outcome::Unreachable => "see to the address and the network, then run the same command again",
            Outcome::Auth => "set up a credential helper or an ssh key, then run the same command again",
            Outcome::Conflict => "delete or merge the branch, or say --on-conflict replace",
            Outcome::Rejected => "see the server's words: a protected branch, a push rule; or name another --branch",
            Outcome::Failed => "see the message, then run the same command again",
        }
    }

    /// Whether nothing is left to be done, or can be.
    pub fn is_good(self) -> bool {
        matches!(self, Outcome::Migrated | Outcome::Partly | Outcome::NothingToDo)
    }
}

/// Why a repository was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub outcome: Outcome,
    pub message: String,
    /// Whether it may be gone in a moment.
    pub is_passing: bool,
}

impl Fault {
    pub(super) fn new(outcome: Outcome, message: impl Into<String>) -> Fault {
        Fault { outcome, message: message.into(), is_passing: false }
    }
}

/// Words of git, ssh and curl, and what they mean. The first that is found counts.
const WORDS: &[(&str, Outcome, bool)] = &[
    ("Authentication failed", Outcome::Auth, false),
    ("could not read Username", Outcome::Auth, false),
    ("could not read Password", Outcome::Auth, false),
    ("Permission denied", Outcome::Auth, false),
    ("Host key verification failed", Outcome::Auth, false),
    ("HTTP Basic: Access denied", Outcome::Auth, false),
    ("error: 401", Outcome::Auth, false),
    ("error: 403", Outcome::Auth, false),
    ("error: 429", Outcome::Unreachable, true),
    ("error: 5", Outcome::Unreachable, true),
    ("Connection refused", Outcome::Unreachable, true),
    ("Connection reset", Outcome::Unreachable, true),
    ("Connection closed", Outcome::Unreachable, true),
    ("Connection timed out", Outcome::Unreachable, true),
    ("timed out", Outcome::Unreachable, true),
    ("unable to connect", Outcome::Unreachable, true),
    ("Couldn't connect", Outcome::Unreachable, true),
    ("Failed to connect", Outcome::Unreachable, true),
    ("Could not resolve host", Outcome::Unreachable, true),
    ("unable to look up", Outcome::Unreachable, true),
    ("Temporary failure in name resolution", Outcome::Unreachable, true),
    ("No route to host", Outcome::Unreachable, true),
    ("Network is unreachable", Outcome::Unreachable, true),
    ("early EOF", Outcome::Unreachable, true),
    ("unexpected disconnect", Outcome::Unreachable, true),
    ("the remote end hung up", Outcome::Unreachable, true),
    ("not found", Outcome::Unreachable, false),
    ("could not be found", Outcome::Unreachable, false),
    ("does not exist", Outcome::Unreachable, false),
    ("does not appear to be a git repository", Outcome::Unreachable, false),
    ("access denied or repository not exported", Outcome::Unreachable, false),
    ("Could not read from remote repository", Outcome::Unreachable, false),
];

/// What git's words mean; the message is the line that says most.
pub fn fault(said: &str) -> Fault {
    let found = WORDS.iter().find(|(words, ..)| said.contains(words));
    let (outcome, is_passing) = found.map_or((Outcome::Failed, false), |(_, outcome, passing)| (*outcome, *passing));
    let telling = found.and_then(|(words, ..)| said.lines().find(|line| line.contains(words)));
    let first = || said.lines().find(|line| line.starts_with("fatal:") || line.starts_with("error:"));
    let line = telling.or_else(first).or_else(|| said.lines().next()).unwrap_or("git gave no reason");
    let line = line.trim().trim_start_matches("fatal: ").trim_start_matches("error: ");
    Fault { outcome, message: line.to_owned(), is_passing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_git_have_their_outcome() {
        for (said, outcome, passing) in [
            ("fatal: unable to connect to 127.0.0.1:\n127.0.0.1: errno=Connection refused", Outcome::Unreachable, true),
            ("fatal: Authentication failed for 'https://h/a'", Outcome::Auth, false),
            (
                "git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.",
                Outcome::Auth,
                false,
            ),
            ("fatal: repository 'https://h/a/' not found", Outcome::Unreachable, false),
            ("fatal: something new", Outcome::Failed, false),
            ("fatal: unable to access 'http://h/': The requested URL returned error: 503", Outcome::Unreachable, true),
        ] {
            let fault = fault(said);
            assert_eq!((fault.outcome, fault.is_passing), (outcome, passing), "{said}");
        }
        assert_eq!(fault("fatal: something new\nmore").message, "something new");
    }

    #[test]
    fn every_outcome_has_its_word_of_json() {
        for outcome in Outcome::ALL {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.word());
        }
    }
}
