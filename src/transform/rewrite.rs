//! What a transformation of the whole pipeline sees and gives, beside those of single jobs.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Facts;
use super::left::Left;
use super::settings::Settings;
use super::settle::FileEdits;
use crate::pipeline::{At, Definition, FileId, Pipeline};
use crate::yaml::{Edits, Entry, Error, Position, Stream};

/// A pipeline as a transformation finds it.
pub struct Stage<'s, 'p> {
    pub pipeline: &'p Pipeline,
    pub facts: &'s [Facts<'p>],
    pub settings: &'s Settings,
}

/// What a job must be afterwards, beside what it was. Only what is named may differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expect {
    /// The scripts that it must have, by section.
    pub scripts: [Option<Vec<String>>; 3],
    /// Variables that must have a value, or be gone.
    pub variables: BTreeMap<String, Option<String>>,
    /// How many services must be left.
    pub services: Option<usize>,
    /// The keys that may differ, as `variables.DOCKER_HOST`.
    pub declares: BTreeSet<&'static str>,
}

impl Expect {
    /// What holds after another step.
    pub fn then(&mut self, later: Expect) {
        for (slot, script) in self.scripts.iter_mut().zip(later.scripts) {
            *slot = script.or(slot.take());
        }
        self.variables.extend(later.variables);
        self.services = later.services.or(self.services);
        self.declares.extend(later.declares);
    }
}

/// What a transformation of the whole pipeline does.
#[derive(Default)]
pub struct Rewrite<'p> {
    pub edits: FileEdits<'p>,
    /// The jobs that change in effect; one that is not here must stay as it is.
    pub jobs: BTreeMap<String, Expect>,
    pub removed: BTreeSet<String>,
    /// Keys outside the jobs that may differ, as `variables.DOCKER_HOST`.
    pub globals: BTreeSet<String>,
    pub left: Vec<Left>,
}

impl<'p> Rewrite<'p> {
    /// The edits of a file, and its text; none when the text is not at hand.
    pub fn file(&mut self, pipeline: &'p Pipeline, file: FileId) -> Option<(&mut Edits<'p>, &'p Stream)> {
        let stream: &'p Stream = pipeline.project().file(file).stream()?;
        Some((self.edits.entry(file).or_insert_with(|| Edits::new(stream)), stream))
    }

    /// The edits of the file that a node stands in.
    pub fn at(&mut self, pipeline: &'p Pipeline, at: At) -> Option<(&mut Edits<'p>, &'p Stream)> {
        self.file(pipeline, at.file)
    }

    /// Writes a hidden job for jobs that extend it: before the first of them. Where they stand in several files, which may be included
    /// under a condition each, it goes into the main file.
    ///
    /// # Errors
    /// There is no safe place, or its text is not at hand: then none.
    pub fn hidden_job(
        &mut self,
        pipeline: &'p Pipeline,
        users: &[Definition],
        entry: Entry,
    ) -> Result<(), (At, Option<Error>)> {
        let project = pipeline.project();
        let main = project.main();
        let Some(first) = users.first() else { return Ok(()) };
        let together = users.iter().all(|user| user.key.file == first.key.file);
        let before = if together { Some(first) } else { users.iter().find(|user| user.key.file == main) };
        let file = before.map_or(main, |user| user.key.file);
        let Some((edits, stream)) = self.file(pipeline, file) else { return Err((first.key, None)) };
        let tree = stream.tree();
        let (root, position) = match before {
            Some(user) => (tree.parent(user.key.node), Position::Before(user.key.node)),
            None => (tree.roots().last().copied(), Position::End),
        };
        let Some(root) = root else { return Err((first.key, None)) };
        edits.insert_entry(root, position, entry).map_err(|error| (first.key, Some(error)))
    }
}
