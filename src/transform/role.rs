//! What part a job plays in the migration.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;

/// The roles by which a phase selects its jobs (seed "BuildKit", "Ordre de migration justifié").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(description = "The part that a job plays in the migration, by which a phase selects it.")]
pub enum Role {
    /// Builds the simplest image: the proof of concept.
    Pilot,
    /// Builds one image.
    Single,
    /// Builds the image of a test suite.
    Test,
    /// Builds several images.
    Multi,
    /// Builds none.
    None,
}

impl Role {
    pub const ALL: [Role; 5] = [Role::Pilot, Role::Single, Role::Test, Role::Multi, Role::None];

    /// The word for it in settings, phase files and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Role::Pilot => "pilot",
            Role::Single => "single",
            Role::Test => "test",
            Role::Multi => "multi",
            Role::None => "none",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(word: &str) -> Result<Role, ()> {
        Role::ALL.into_iter().find(|role| role.word() == word).ok_or(())
    }
}
