//! What is decided anew for each pipeline of what a job is made: by includes under a condition, and by inputs that name what it takes.

use std::collections::{BTreeMap, BTreeSet};

use super::document::header;
use super::facts::BLOCK;
use super::job::Job;
use super::mention::references;
use super::pipeline::{Pipeline, Role, Top};
use super::place::{At, FileId};

/// Something that a job is made of, and that may be something else in another pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A job, visible or hidden, or a keyword of the top level, that stands in a file which is included under a condition.
    Include { name: String, at: At },
    /// A base or a reference that is named by an input.
    Input { text: String, at: At },
}

/// Where each top-level entry refers to others, by their numbers.
#[derive(Debug)]
pub(super) struct Choices(BTreeMap<usize, Vec<(String, At)>>);

impl Choices {
    pub fn of(pipeline: &Pipeline) -> Choices {
        Choices(references(pipeline))
    }
}

impl Pipeline {
    /// The first thing that a job is made of, itself, its bases, what it refers to and what it inherits, that may be something else in
    /// another pipeline (<https://docs.gitlab.com/ci/yaml/#includerules>, <https://docs.gitlab.com/ci/inputs/>).
    pub fn choice(&self, job: &Job<'_>) -> Option<Choice> {
        let conditional = !self.project().conditional().is_empty();
        let has_inputs = || self.project().files().any(|(_, file)| header(file.tree()).is_some());
        if !conditional && !has_inputs() {
            return None;
        }
        let files: BTreeSet<FileId> = job.definitions().iter().map(|definition| definition.value.file).collect();
        // One that stands in a single file comes with all that this file brings.
        let with = files.first().copied().filter(|_| files.len() == 1);
        let references = &self.choices().0;
        let (mut seen, mut next) = (BTreeSet::new(), vec![self.number(job.name())?]);
        while let Some(number) = next.pop() {
            let Some(top) = self.tops.get(number).filter(|_| seen.insert(number)) else { continue };
            let named = references.get(&number).into_iter().flatten();
            if let Some(choice) = self.by_input(top).or_else(|| self.by_include(top, with)) {
                return Some(choice);
            }
            for (name, at) in named {
                let one = self.number(name).or_else(|| self.named_alike(name, *at));
                if one.is_none() && name.contains(BLOCK) {
                    return Some(Choice::Input { text: name.clone(), at: *at });
                }
                next.extend(one);
            }
            next.extend(&top.lineage.bases);
        }
        let inherited = self.tops.iter().filter(|top| top.role == Role::Keyword && conditional);
        let mut inherited = inherited.filter(|top| is_inherited(&top.name));
        inherited.find_map(|top| self.keyword_by_include(top, with))
    }

    /// The global variables that a file sets which is included under a condition, and that the job's own does not bring.
    pub fn chosen_variables(&self, job: &Job<'_>) -> Vec<(String, At)> {
        if self.project().conditional().is_empty() {
            return Vec::new();
        }
        let files: BTreeSet<FileId> = job.definitions().iter().map(|definition| definition.value.file).collect();
        let with = files.first().copied().filter(|_| files.len() == 1);
        let definitions = self.definitions("variables").iter();
        let definitions = definitions.filter(|it| !self.project().comes_with(it.value.file, with));
        let names = definitions.flat_map(|definition| {
            let tree = self.project().file(definition.value.file).tree();
            let entries = tree.entries(definition.value.node);
            entries.filter_map(|(key, _)| Some((tree.scalar(key)?.to_owned(), definition.value.beside(key))))
        });
        names.collect()
    }

    /// Of several files that say what an entry is, a condition picks. One that stands in a single file is there, or GitLab refuses
    /// the pipeline.
    fn by_include(&self, top: &Top, with: Option<FileId>) -> Option<Choice> {
        let files: BTreeSet<FileId> = top.definitions.iter().map(|definition| definition.value.file).collect();
        let mut picked = top.definitions.iter().filter(|it| !self.project().comes_with(it.value.file, with));
        let picked = picked.find(|it| files.len() > 1 || self.project().is_chosen_by_input(it.value.file))?;
        Some(Choice::Include { name: top.name.to_string(), at: picked.key })
    }

    fn keyword_by_include(&self, top: &Top, with: Option<FileId>) -> Option<Choice> {
        let says = |at: At| {
            let tree = self.project().file(at.file).tree();
            &*top.name != "default"
                || tree
                    .entries(at.node)
                    .any(|(key, _)| tree.scalar(key).is_some_and(|key| key != "default" && is_inherited(key)))
        };
        let mut picked = top.definitions.iter().filter(|it| !self.project().comes_with(it.value.file, with));
        let picked = picked.find(|it| says(it.value))?;
        Some(Choice::Include { name: top.name.to_string(), at: picked.key })
    }

    /// `extends: .build-$[[ inputs.kind ]]`
    fn by_input(&self, top: &Top) -> Option<Choice> {
        top.definitions.iter().find_map(|definition| {
            let tree = self.project().file(definition.value.file).tree();
            let extends = tree.get(definition.value.node, "extends")?;
            let names = tree.items(extends).iter().copied().chain([extends]);
            let mut texts = names.filter_map(|node| Some((tree.scalar(node)?, definition.value.beside(node))));
            let picked = texts.find(|&(text, at)| text.contains(BLOCK) && self.named_alike(text, at).is_none());
            picked.map(|(text, at)| Choice::Input { text: text.to_owned(), at })
        })
    }

    /// The entry of the same file whose name holds the same inputs, so that one always goes with the other.
    fn named_alike(&self, text: &str, at: At) -> Option<usize> {
        let tree = self.project().file(at.file).tree();
        let is_one = |top: &Top| {
            top.definitions.iter().any(|it| it.key.file == at.file && tree.scalar(it.key.node) == Some(text))
        };
        self.tops.iter().position(is_one)
    }
}

/// What of the top level decides over daemons and scripts of all jobs.
fn is_inherited(keyword: &str) -> bool {
    matches!(keyword, "default" | "image" | "services" | "before_script" | "after_script")
}
