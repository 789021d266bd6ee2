//! The rows of a report, on disk: a rollout over thousands of repositories holds one of them in memory at a time.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use serde::ser::{Error, SerializeSeq};
use serde::{Serialize, Serializer};

use super::data::{Row, Totals};
use super::outcome::Outcome;

/// Rows in a file without a name, which is gone with the process.
pub struct Rows {
    file: File,
    bytes: u64,
    slots: Vec<Slot>,
    totals: Totals,
}

/// Where a row stands.
struct Slot {
    repository: Box<str>,
    at: u64,
    bytes: usize,
    outcome: Outcome,
}

impl Rows {
    /// No rows yet.
    ///
    /// # Errors
    /// A temporary file cannot be made.
    pub fn new() -> io::Result<Rows> {
        Ok(Rows { file: tempfile::tempfile()?, bytes: 0, slots: Vec::new(), totals: Totals::default() })
    }

    /// One more.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn push(&mut self, row: &Row) -> io::Result<()> {
        let text = serde_json::to_vec(row)?;
        self.file.seek(SeekFrom::Start(self.bytes))?;
        self.file.write_all(&text)?;
        self.slots.push(Slot {
            repository: row.repository.as_str().into(),
            at: self.bytes,
            bytes: text.len(),
            outcome: row.outcome(),
        });
        self.bytes += text.len() as u64;
        self.totals.add(row);
        Ok(())
    }

    /// By name, one at a time.
    ///
    /// # Errors
    /// A row cannot be read back.
    pub fn iter(&self) -> impl Iterator<Item = io::Result<Row>> + '_ {
        self.slots.iter().map(|slot| {
            let mut text = vec![0; slot.bytes];
            let mut file = &self.file;
            file.seek(SeekFrom::Start(slot.at))?;
            file.read_exact(&mut text)?;
            Ok(serde_json::from_slice(&text)?)
        })
    }

    /// What became of them.
    pub fn outcomes(&self) -> impl Iterator<Item = Outcome> + '_ {
        self.slots.iter().map(|slot| slot.outcome)
    }

    /// Sums over them.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    pub(super) fn sort(&mut self) {
        self.slots.sort_by(|a, b| a.repository.cmp(&b.repository));
    }
}

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.slots.len()))?;
        for row in self.iter() {
            rows.serialize_element(&row.map_err(S::Error::custom)?)?;
        }
        rows.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(repository: &str, moved: usize, diff: &str) -> Row {
        let moved = vec!["job".to_owned(); moved];
        let (repository, diff) = (repository.to_owned(), diff.to_owned());
        Row { repository, moved, diff, outcome: Some(Outcome::Migrated), ..Row::default() }
    }

    #[test]
    fn rows_come_back_by_name_also_where_more_are_put_in_between() {
        let mut rows = Rows::new().unwrap();
        rows.push(&row("b", 1, "+ é\n")).unwrap();
        rows.push(&row("c", 0, "")).unwrap();
        let names = |rows: &Rows| rows.iter().map(|row| row.unwrap().repository).collect::<Vec<_>>();
        assert_eq!(names(&rows), ["b", "c"]);
        rows.push(&row("a", 2, "- x\n")).unwrap();
        rows.sort();
        assert_eq!(names(&rows), ["a", "b", "c"]);
        assert_eq!(rows.iter().map(|row| row.unwrap().diff).collect::<Vec<_>>(), ["- x\n", "+ é\n", ""]);
        assert_eq!((rows.totals().repositories, rows.totals().moved), (3, 3));
        assert!(rows.outcomes().all(|outcome| outcome == Outcome::Migrated));
    }
}
