//! The images that a job builds, pulls, pushes and otherwise uses, by their names as far as the files tell them.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Facts, Reading, Use};
use crate::pipeline::{Effective, Given, fill};
use crate::shell::docker::Verb;
use crate::shell::{Command, Docker, docker};
use crate::transform::images::image_key;

/// What one job does with images, by their names as far as the files tell them.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    /// With the number of the build.
    pub builds: BTreeMap<String, usize>,
    pub pulls: BTreeSet<String>,
    /// It must be in the job's daemon: tagged, saved.
    pub needs: BTreeSet<String>,
    /// What it builds and pushes.
    pub releases: BTreeSet<String>,
    /// What it puts into lists: `docker manifest create`.
    pub lists: BTreeSet<String>,
}

impl Uses {
    /// What the docker commands of a job say of images, if they say anything.
    pub(super) fn of(effective: &Effective<'_>, reading: &Reading<'_>) -> Option<Uses> {
        let mut uses = Uses::default();
        let names = Names::new(effective, reading);
        let mut pushes: BTreeSet<String> = BTreeSet::new();
        for (number, build) in reading.builds.iter().enumerate() {
            let tags = build.tags.iter().filter(|tag| !tag.is_empty());
            let tags: Vec<String> = tags.map(|tag| names.key(tag)).collect();
            if build.at.docker.flag("push") {
                pushes.extend(tags.iter().cloned());
            }
            uses.builds.extend(tags.into_iter().map(|tag| (tag, number)));
        }
        let mut given: BTreeSet<String> = BTreeSet::new();
        for (command, docker) in reading.docker() {
            let operand = |at: usize| names.operand(command, &docker, at);
            match docker.verb {
                Verb::Pull => uses.pulls.extend(operand(0)),
                Verb::Push if !uses.builds.is_empty() => pushes.extend(operand(0)),
                Verb::Tag => {
                    // Another name of what it builds.
                    if let Some((&build, name)) = operand(0).and_then(|old| uses.builds.get(&old)).zip(operand(1)) {
                        uses.builds.entry(name).or_insert(build);
                    }
                    uses.needs.extend(operand(0).filter(|name| !given.contains(name)));
                    given.extend(operand(1));
                }
                // What is only looked at is put into no list.
                Verb::Manifest if !command.words.iter().any(|word| word.display() == "inspect") => {
                    let words = docker.operands.iter().filter_map(|&word| command.words.get(word));
                    let words = words.map(|word| word.display()).filter(|word| word.contains(['/', '$']));
                    uses.lists.extend(words.map(|word| names.key(word)));
                }
                Verb::Save | Verb::Inspect | Verb::Export => {
                    uses.needs.extend(shown(command).map(|word| names.key(word)));
                }
                _ => {}
            }
        }
        uses.releases = pushes.into_iter().filter(|name| uses.builds.contains_key(name)).collect();
        let sets = [&uses.pulls, &uses.needs, &uses.lists];
        let is_any = !uses.builds.is_empty() || sets.iter().any(|set| !set.is_empty());
        is_any.then_some(uses)
    }
}

impl Reading<'_> {
    /// Tells each build whose first tag is for the job's own use the name by which `docker tag` has it pushed.
    pub(super) fn name_releases(&mut self) {
        let names = |verb: Verb| -> Vec<Vec<String>> {
            let images = self.images.iter().filter(|image| image.docker.verb == verb);
            let command = |image: &Use| self.parts.get(image.part)?.script.commands().get(image.command);
            let words = images.filter_map(|image| Some((command(image)?, image)));
            let words = words.map(|(command, image)| {
                let words = image.docker.operands.iter().filter_map(|&word| command.words.get(word));
                words.map(|word| word.display().to_owned()).collect()
            });
            words.collect()
        };
        if self.builds.is_empty() {
            return;
        }
        let (tags, pushes) = (names(Verb::Tag), names(Verb::Push).concat());
        for build in &mut self.builds {
            let Some(first) = build.recipe.tags.first().filter(|tag| !pushes.contains(tag)) else { continue };
            let renamed = tags.iter().filter(|names| names.first() == Some(first)).filter_map(|names| names.get(1));
            if let Some(name) = renamed.into_iter().find(|name| pushes.contains(name)).cloned() {
                Arc::make_mut(&mut build.recipe).released = Some(name);
            }
        }
    }
}

impl Facts<'_> {
    /// The images that it runs, pushes, or names to another tool: all the same if they are in a registry by then.
    pub fn runs(&self) -> BTreeSet<String> {
        let mut runs = BTreeSet::new();
        let names = Names::new(&self.effective, self);
        let mut given: BTreeSet<String> = BTreeSet::new();
        for command in self.parts.iter().flat_map(|part| part.script.commands()) {
            match docker(command) {
                Some(docker) => match docker.verb {
                    Verb::Push => {
                        runs.extend(names.operand(command, &docker, 0).filter(|name| !given.contains(name)));
                    }
                    Verb::Tag => given.extend(names.operand(command, &docker, 1)),
                    Verb::Build | Verb::BuildxBuild | Verb::Login | Verb::Logout | Verb::Rmi | Verb::Pull => {}
                    Verb::Save | Verb::Inspect | Verb::Export | Verb::Imagetools(_) | Verb::Manifest => {}
                    _ => runs.extend(shown(command).map(|word| names.key(word))),
                },
                None if shows_only(command) => {}
                // A bare word may be anything.
                None => {
                    let words = shown(command).filter(|word| word.contains([':', '$']));
                    runs.extend(words.map(|word| names.key(word)));
                }
            }
        }
        runs
    }
}

/// The names of images in the scripts of a job.
struct Names<'r, 'p> {
    effective: &'r Effective<'p>,
    reading: &'r Reading<'p>,
    set: OnceCell<BTreeMap<String, Option<String>>>,
    /// The inputs in the scripts: names are compared between jobs as this inclusion of their file has them.
    given: Vec<Given>,
}

impl<'r, 'p> Names<'r, 'p> {
    fn new(effective: &'r Effective<'p>, reading: &'r Reading<'p>) -> Names<'r, 'p> {
        let items = reading.parts.iter().flat_map(|part| &part.items);
        Names { effective, reading, set: OnceCell::new(), given: items.flat_map(|item| item.given.clone()).collect() }
    }

    /// A name with its variables replaced, as far as the files give them one value.
    fn key(&self, name: &str) -> String {
        image_key(&self.filled(name), &|name| match self.set.get_or_init(|| set_once(self.reading)).get(name) {
            Some(text) => text.as_deref().map(|text| self.filled(text).into_owned()),
            None => self.effective.variable(name).map(|variable| variable.setting.variable_text().into_owned()),
        })
    }

    fn filled<'n>(&self, name: &'n str) -> Cow<'n, str> {
        match self.given.is_empty() {
            true => Cow::Borrowed(name),
            false => Cow::Owned(fill(name, &self.given).concat()),
        }
    }

    fn operand(&self, command: &Command, docker: &Docker, at: usize) -> Option<String> {
        Some(self.key(command.words.get(*docker.operands.get(at)?)?.display()))
    }
}

impl Reading<'_> {
    fn docker(&self) -> impl Iterator<Item = (&Command, Arc<Docker>)> {
        let commands = self.parts.iter().flat_map(|part| part.script.commands());
        commands.filter_map(|command| Some((command, docker(command)?)))
    }
}

/// The words of a command that may name an image. An option is none, even if it names one: `--build-arg=BASE=x`.
fn shown(command: &Command) -> impl Iterator<Item = &str> {
    command.words.iter().skip(1).map(|word| word.display()).filter(|word| !word.starts_with('-'))
}

/// The variables that a job's scripts set, with their value where there is only one.
fn set_once(reading: &Reading<'_>) -> BTreeMap<String, Option<String>> {
    let mut set: BTreeMap<String, Option<String>> = BTreeMap::new();
    for command in reading.parts.iter().flat_map(|part| part.script.commands()) {
        if !command.words.is_empty() && command.name() != Some("export") {
            continue;
        }
        let words = command.words.iter().skip(1).filter_map(|word| word.display().split_once('='));
        let words = words.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let assigned = command.assignments.iter().filter_map(|set| Some((set.name.clone(), set.value.as_ref()?)));
        let assigned = assigned.map(|(name, value)| (name, value.display().to_owned()));
        for (name, value) in assigned.chain(words) {
            let itself = value.contains(&format!("${name}")) || value.contains(&format!("${{{name}"));
            let value = Some(value).filter(|value| !itself && !value.contains(['(', '`']));
            set.entry(name).and_modify(|before| *before = None).or_insert(value);
        }
    }
    set
}

fn shows_only(command: &Command) -> bool {
    command.words.is_empty()
        || matches!(command.name(), Some("echo" | "printf" | "export" | "[" | "[[" | "test" | "crane" | "skopeo"))
}
