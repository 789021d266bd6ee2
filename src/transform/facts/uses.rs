//! The images that a job builds, pulls, pushes and otherwise uses, by their names as far as the files tell them.

use std::collections::{BTreeMap, BTreeSet};

use super::Reading;
use crate::pipeline::{Effective, Given, fill};
use crate::shell::docker::Verb;
use crate::shell::{Command, docker};
use crate::transform::images::image_key;

/// What one job does with images, by their names as far as the files tell them.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    /// With the number of the build.
    pub builds: BTreeMap<String, usize>,
    pub pulls: BTreeSet<String>,
    pub pushes: BTreeSet<String>,
    /// It must be in the job's daemon: tagged, saved.
    pub needs: BTreeSet<String>,
    /// It is run, pushed, or named to another tool: all the same if it is in a registry by then.
    pub runs: BTreeSet<String>,
}

impl Uses {
    /// What the scripts of a job say of images.
    pub(super) fn of(effective: &Effective<'_>, reading: &Reading<'_>) -> Uses {
        let mut uses = Uses::default();
        if reading.parts.iter().all(|part| part.script.commands().is_empty()) {
            return uses;
        }
        let set = set_once(reading);
        let value = |name: &str| match set.get(name) {
            Some(text) => text.clone(),
            None => effective.variable(name).map(|variable| variable.setting.variable_text().into_owned()),
        };
        let given: Vec<Given> =
            reading.parts.iter().flat_map(|p| &p.items).flat_map(|item| item.given.clone()).collect();
        let given = |text: &str| if given.is_empty() { text.to_owned() } else { fill(text, &given).concat() };
        let value = |name: &str| value(name).map(|text| given(&text));
        let name = |text: &str| image_key(&given(text), &value);
        for (number, build) in reading.builds.iter().enumerate() {
            let tags = build.tags.iter().filter(|tag| !tag.is_empty());
            uses.builds.extend(tags.clone().map(|tag| (name(tag), number)));
            if build.at.docker.flag("push") {
                uses.pushes.extend(tags.map(|tag| name(tag)));
            }
        }
        let mut given: BTreeSet<String> = BTreeSet::new();
        for command in reading.parts.iter().flat_map(|part| part.script.commands()) {
            // An option is no image, even if it names one: `--build-arg=BASE=x`.
            let shown =
                || command.words.iter().skip(1).map(|word| word.display()).filter(|word| !word.starts_with('-'));
            let words = || shown().map(name);
            match docker(command) {
                Some(docker) => {
                    let operand = |at: usize| {
                        let word = command.words.get(*docker.operands.get(at)?)?;
                        Some(name(word.display()))
                    };
                    match docker.verb {
                        Verb::Build | Verb::BuildxBuild | Verb::Login | Verb::Logout | Verb::Rmi => {}
                        Verb::Pull => uses.pulls.extend(operand(0)),
                        Verb::Push => {
                            uses.pushes.extend(operand(0));
                            uses.runs.extend(operand(0).filter(|name| !given.contains(name)));
                        }
                        Verb::Tag => {
                            uses.needs.extend(operand(0).filter(|name| !given.contains(name)));
                            given.extend(operand(1));
                        }
                        Verb::Save | Verb::Inspect | Verb::Export => uses.needs.extend(words()),
                        Verb::Imagetools(_) | Verb::Manifest => {}
                        _ => uses.runs.extend(words()),
                    }
                }
                None if shows_only(command) => {}
                // A bare word may be anything.
                None => {
                    uses.runs.extend(shown().filter(|word| word.contains([':', '$'])).map(name));
                }
            }
        }
        uses
    }
}

/// The variables that a job's scripts set, with their value where there is only one.
fn set_once(reading: &Reading<'_>) -> BTreeMap<String, Option<String>> {
    let mut set: BTreeMap<String, Option<String>> = BTreeMap::new();
    for command in reading.parts.iter().flat_map(|part| part.script.commands()) {
        let lasts = command.words.is_empty() || command.name() == Some("export");
        let words = command.words.iter().skip(1).filter_map(|word| word.display().split_once('='));
        let words = words.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let assigned = command.assignments.iter().filter_map(|set| Some((set.name.clone(), set.value.as_ref()?)));
        let assigned = assigned.map(|(name, value)| (name, value.display().to_owned()));
        for (name, value) in assigned.chain(words).filter(|_| lasts) {
            let itself = value.contains(&format!("${name}")) || value.contains(&format!("${{{name}"));
            let value = Some(value).filter(|value| !itself && !value.contains(['(', '`']));
            set.entry(name).and_modify(|before| *before = None).or_insert(value);
        }
    }
    set
}

fn shows_only(command: &Command) -> bool {
    command.words.is_empty()
        || matches!(command.name(), Some("echo" | "printf" | "export" | "[" | "test" | "crane" | "skopeo"))
}
