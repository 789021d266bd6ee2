//! What the variables of a job may be, as far as the files say.

use std::collections::BTreeMap;

use crate::pipeline::{Effective, Entry, Pipeline};
use crate::shell::mentions_docker;
use crate::transform::image::expand;
use crate::transform::use_kubernetes_builder::DAEMON_VARIABLES;

/// How deeply values that name variables are followed.
const DEPTH: usize = 4;

/// As many readings of one text are tried.
const MOST: usize = 32;

/// Every value that the files give a variable of a job: its own and inherited ones, those of rules and of a matrix.
#[derive(Clone, Debug, Default)]
pub struct Values(BTreeMap<String, Vec<String>>);

impl Values {
    /// The values of the variables that a job has in its pipeline.
    pub fn of(effective: &Effective<'_>, pipeline: &Pipeline) -> Values {
        let mut values = Values::default();
        effective.variables().for_each(|variable| values.add(&variable));
        let workflow = pipeline.keyword("workflow").map(|workflow| workflow.setting);
        let rules = [effective.get("rules"), workflow.and_then(|workflow| workflow.get("rules"))];
        let within = rules.iter().flatten().flat_map(|rules| rules.items()).filter_map(|rule| rule.get("variables"));
        let matrix = effective.get("parallel").and_then(|parallel| parallel.get("matrix"));
        for setting in within.chain(matrix.iter().flat_map(|matrix| matrix.items())) {
            setting.entries().for_each(|variable| values.add(&variable));
        }
        values
    }

    fn add(&mut self, variable: &Entry<'_>) {
        let value = variable.setting.get("value").unwrap_or_else(|| variable.setting.clone());
        let options = variable.setting.get("options");
        let one_of = options.iter().flat_map(|options| options.items()).chain(value.items());
        let mut texts: Vec<String> = one_of.filter_map(|item| item.text().map(|text| text.into_owned())).collect();
        if !value.is_sequence() {
            texts.push(value.variable_text().into_owned());
        }
        if value.holds_input() {
            texts.extend(value.versions());
        }
        texts.into_iter().for_each(|text| self.set(&variable.key, text));
    }

    /// Another value that a variable may have.
    pub fn set(&mut self, name: &str, text: String) {
        let values = self.0.entry(name.to_owned()).or_default();
        if !values.contains(&text) {
            values.push(text);
        }
    }

    /// The first variable that a text names with a value that speaks of docker, and that value. A part of a path does not count:
    /// `$DOCKER_FOLDER/x.sh`.
    pub fn docker(&self, text: &str) -> Option<(String, String)> {
        self.docker_within(text, DEPTH)
    }

    fn docker_within(&self, text: &str, depth: usize) -> Option<(String, String)> {
        let depth = depth.checked_sub(1)?;
        names(text).find_map(|name| Some((name.to_owned(), self.speaks(name, depth)?.clone())))
    }

    /// The first value of a variable that speaks of docker.
    fn speaks(&self, name: &str, depth: usize) -> Option<&String> {
        // The daemon's own variables say where it is, and are no command.
        let values = self.0.get(name).filter(|_| !DAEMON_VARIABLES.contains(&name))?;
        values.iter().find(|value| mentions_docker(value) || self.docker_within(value, depth).is_some())
    }

    /// The variables with a value that speaks of docker.
    pub fn speaking(&self) -> Vec<String> {
        self.0.keys().filter(|name| self.speaks(name, DEPTH - 1).is_some()).cloned().collect()
    }

    /// A text with its variables replaced, in every way that the values allow.
    pub fn readings(&self, text: &str) -> Vec<String> {
        let mut readings = vec![text.to_owned()];
        for _ in 0..DEPTH {
            let Some(name) = readings.iter().flat_map(|text| all_names(text)).find(|name| self.0.contains_key(*name))
            else {
                break;
            };
            let (name, values) = (name.to_owned(), self.0.get(name).cloned().unwrap_or_default());
            let given = |text: &String| -> Vec<String> {
                values.iter().map(|value| expand(text, &|named| (named == name).then(|| value.clone()))).collect()
            };
            readings = readings.iter().flat_map(given).take(MOST).collect();
        }
        readings.sort();
        readings.dedup();
        readings
    }
}

/// The variables that a text names, but not as a folder.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let is_folder = |name: &str| text.contains(&format!("${name}/")) || text.contains(&format!("${{{name}}}/"));
    all_names(text).filter(move |name| !text.contains('/') || !is_folder(name))
}

fn all_names(text: &str) -> impl Iterator<Item = &str> {
    text.split('$').skip(1).filter_map(|after| {
        let inner = after.strip_prefix('{').unwrap_or(after);
        let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
        inner.get(..end).filter(|name| !name.is_empty())
    })
}
