//! The plan of a rollout: what was decided once. It is written once and never changed, so that a rerun makes the same commits.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::target::Target;
use crate::migration::Phase;

/// What every repository of a rollout has in common. It holds no secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub version: u32,
    /// The first digits of the digest of everything below but the date and the author.
    pub id: String,
    /// Seconds since 1970: the date of every commit.
    pub date: u64,
    /// `Name <email>` of every commit.
    pub author: String,
    pub track: String,
    /// The digest of the phases, which may change between versions of the program.
    pub rules: String,
    /// Only this phase.
    pub phase: Option<u32>,
    /// No phase after this one.
    pub through: Option<u32>,
    pub branch: String,
    pub file: String,
    pub set: Vec<String>,
    pub assume_complete: bool,
    pub repositories: Vec<Entry>,
}

/// A repository as a plan has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub id: String,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
    /// The address without credentials, for `undo`.
    pub address: String,
}

/// A part of a rollout: `INDEX/COUNT`, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    pub index: u64,
    pub count: u64,
}

impl Plan {
    /// Gives a plan its id. Two plans for the same repositories and the same rules have the same.
    pub fn sealed(mut self, phases: &[Phase]) -> Plan {
        let rules: Vec<String> = phases.iter().map(rule).collect();
        self.rules = digest(&rules.join("\n"));
        let timeless = Plan { id: String::new(), date: 0, author: String::new(), ..self.clone() };
        self.id = digest(&serde_json::to_string(&timeless).unwrap_or_default()).chars().take(12).collect();
        self
    }

    /// Writes the plan into a state folder, or reads the one that is there, if it is of the same id.
    ///
    /// # Errors
    /// The folder cannot be written ([`io::ErrorKind::Other`] and others), or holds another plan ([`io::ErrorKind::AlreadyExists`]).
    pub fn keep(self, state: &Path) -> io::Result<Plan> {
        match Plan::read(state) {
            Ok(plan) if plan.id == self.id => return Ok(plan),
            Ok(_) => return Err(io::ErrorKind::AlreadyExists.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        fs::create_dir_all(state)?;
        let mut file = tempfile::NamedTempFile::new_in(state)?;
        file.write_all((serde_json::to_string_pretty(&self)? + "\n").as_bytes())?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(path(state)) {
            Ok(_) => Ok(self),
            // Another process was first.
            Err(_) => Plan::read(state).and_then(|plan| match plan.id == self.id {
                true => Ok(plan),
                false => Err(io::ErrorKind::AlreadyExists.into()),
            }),
        }
    }

    /// Reads the plan of a state folder.
    ///
    /// # Errors
    /// There is none, or it is damaged, or of a later version.
    pub fn read(state: &Path) -> io::Result<Plan> {
        let plan: Plan = serde_json::from_slice(&fs::read(path(state))?)?;
        match plan.version {
            1 => Ok(plan),
            version => Err(io::Error::other(format!("its version {version} is of a later ci-migrate"))),
        }
    }
}

impl From<&Target> for Entry {
    fn from(target: &Target) -> Entry {
        let Target { id, address, base, file, set, .. } = target.clone();
        Entry { id, base, file, set, address }
    }
}

impl Shard {
    /// Reads `INDEX/COUNT`.
    pub fn parse(word: &str) -> Option<Shard> {
        let (index, count) = word.split_once('/')?;
        let shard = Shard { index: index.parse().ok()?, count: count.parse().ok()? };
        (shard.index >= 1 && shard.index <= shard.count).then_some(shard)
    }

    /// Whether a repository is in this part: by the digest of its id, so that it stays where it is when others come or go.
    pub fn holds(self, id: &str) -> bool {
        let bytes = Sha256::digest(id.as_bytes());
        let number = bytes.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        number % self.count == self.index - 1
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// Where a rollout is kept if nothing is said: in the user's state directory.
pub fn home() -> Option<PathBuf> {
    use etcetera::BaseStrategy;
    let home = etcetera::choose_base_strategy().ok()?;
    Some(home.state_dir().unwrap_or_else(|| home.data_dir()).join("ci-migrate").join("rollouts"))
}

fn path(state: &Path) -> PathBuf {
    state.join("plan.json")
}

fn rule(phase: &Phase) -> String {
    let transforms: Vec<String> = phase.transforms.iter().map(|transform| transform.word()).collect();
    format!("{} {} {} {:?} {}", env!("CARGO_PKG_VERSION"), phase.number, phase.id, phase.select, transforms.join(","))
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_repository_is_in_one_shard() {
        let shards: Vec<Shard> = (1..=4).filter_map(|index| Shard::parse(&format!("{index}/4"))).collect();
        assert_eq!(shards.len(), 4);
        for number in 0..100 {
            let id = format!("host/group/{number}");
            assert_eq!(shards.iter().filter(|shard| shard.holds(&id)).count(), 1);
        }
        assert!((0..100).filter(|number| shards[0].holds(&format!("host/group/{number}"))).count() > 10);
        for word in ["0/4", "5/4", "1", "a/b", "1/0"] {
            assert_eq!(Shard::parse(word), None, "{word}");
        }
    }
}
