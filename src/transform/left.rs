//! Why a job, or a line, was left as it is.

use schemars::JsonSchema;
use serde::Serialize;

/// A reason with a stable code and its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Reason {
    /// Stable and in kebab case; `docs/reasons.md` says what each means and what can be done.
    pub code: &'static str,
    pub message: String,
    /// Path from the root of the repository; empty when the place is not known.
    pub file: String,
    /// From 1; 0 when the place is not known.
    pub line: usize,
    pub column: usize,
}

impl Reason {
    /// Whether the phase goes on all the same: a person should look there.
    pub fn is_warning(&self) -> bool {
        self.code == LOSES_DAEMON
    }
}

/// It may use docker where nobody sees it, and loses the daemon that it inherits.
pub(super) const LOSES_DAEMON: &str = "loses-daemon";

/// A job that a phase selected and did not change; or, of a warning, one that it changes all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    pub job: String,
    pub reasons: Vec<Reason>,
}
