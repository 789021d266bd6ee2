//! Puts what the migrated jobs have in common into one hidden job, `.buildkit_template`, that they extend.
//!
//! A keyword goes into the template when every one of these jobs writes it, with the value that most of them give it; a
//! job that gives another keeps its own. Of `variables`, the entries that all of them share go. Not one job's effective
//! configuration differs afterwards.
//!
//! # What it does not do
//!
//! Scripts are not taken apart: jobs that only share the skeleton of a build keep their builds. With fewer than two
//! migrated jobs there is nothing to share.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Facts, reason_at};
use super::left::{Left, Reason};
use super::own::{Home, Written, copy};
use super::rewrite::{Rewrite, Stage};
use crate::pipeline::Definition;
use crate::yaml::{Entry, Error, ErrorKind, Item, Kind, NodeId, Position, Value};

/// The name that the plan gives it (plan 5.1).
const NAME: &str = ".buildkit_template";

const KEYWORDS: [&str; 5] = ["image", "services", "variables", "before_script", "after_script"];

pub(super) fn rewrite<'p>(stage: &Stage<'_, 'p>) -> Rewrite<'p> {
    let project = stage.pipeline.project();
    let homes = stage.facts.iter().filter(|facts| facts.kubernetes).filter_map(|facts| {
        let home = facts.job.definitions().last().and_then(|d| Home::of(project, *d))?;
        let own = matches!(home.written("before_script"), Written::Own { .. });
        // A component is included by itself, and finds no template of another file.
        let component = project.file(home.definition.value.file).path.starts_with("templates/");
        (own && !component).then_some(User { facts, home })
    });
    // Jobs of one text, included with several inputs, are written once.
    let mut known = BTreeSet::new();
    let users: Vec<User<'_, 'p>> = homes.filter(|user| known.insert(user.home.definition.value)).collect();
    if users.len() < 2 || stage.pipeline.job(NAME).is_some() {
        return Rewrite::default();
    }
    let template = template(&users);
    let shared = template.iter().any(|entry| entry.key == "before_script");
    if !shared {
        return Rewrite::default();
    }
    let mut rewrite = Rewrite::default();
    match write(stage, &users, template, &mut rewrite) {
        Ok(()) => rewrite,
        Err((job, error)) => {
            let at = users.iter().find(|user| user.facts.job.name() == job).map(|user| user.home.definition.key);
            let (code, message) = ("no-safe-place", error.message);
            let reason = match at {
                Some(at) => reason_at(project, at, None, code, message),
                None => Reason { code, message, file: String::new(), line: 0, column: 0 },
            };
            Rewrite { left: vec![Left { job, reasons: vec![reason] }], ..Rewrite::default() }
        }
    }
}

struct User<'s, 'p> {
    facts: &'s Facts<'p>,
    home: Home<'p>,
}

impl User<'_, '_> {
    fn own(&self, keyword: &str) -> Option<(NodeId, NodeId)> {
        match self.home.written(keyword) {
            Written::Own { key, value } => Some((key, value)),
            _ => None,
        }
    }

    fn value(&self, keyword: &str) -> Option<Value> {
        copy(self.home.stream, self.own(keyword)?.1)
    }
}

/// The entries that the template is to have.
fn template(users: &[User<'_, '_>]) -> Vec<Entry> {
    let mut entries = Vec::new();
    for keyword in KEYWORDS {
        // Where `<<` would bring another, the job keeps its own: what no job would drop is of no use in a template.
        if users.iter().all(|user| user.home.is_merged(keyword)) {
            continue;
        }
        let values: Vec<Option<Value>> = users.iter().map(|user| user.value(keyword)).collect();
        let Some(values) = values.into_iter().collect::<Option<Vec<Value>>>() else { continue };
        let value = if keyword == "variables" { common_entries(&values) } else { most(values) };
        if let Some(value) = value {
            entries.push(Entry::new(keyword, value));
        }
    }
    entries
}

/// The value that most of them have, if at least two do.
fn most(values: Vec<Value>) -> Option<Value> {
    let mut counts: Vec<(usize, Value)> = Vec::new();
    for value in values {
        match counts.iter_mut().find(|(_, other)| *other == value) {
            Some((count, _)) => *count += 1,
            None => counts.push((1, value)),
        }
    }
    // Of equals, the first.
    let best = counts.into_iter().rev().max_by_key(|(count, _)| *count)?;
    (best.0 > 1).then_some(best.1)
}

/// The entries that all of them have alike.
fn common_entries(values: &[Value]) -> Option<Value> {
    let of = |value: &Value| match value {
        Value::Mapping(entries) => {
            entries.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect::<BTreeMap<_, _>>()
        }
        _ => BTreeMap::new(),
    };
    let (first, others) = values.split_first()?;
    let others: Vec<_> = others.iter().map(of).collect();
    let Value::Mapping(entries) = first else { return None };
    let shared = |entry: &&Entry| others.iter().all(|other| other.get(&entry.key) == Some(&entry.value));
    let common: Vec<Entry> = entries.iter().filter(shared).cloned().collect();
    (!common.is_empty()).then_some(Value::Mapping(common))
}

fn write<'p>(
    stage: &Stage<'_, 'p>,
    users: &[User<'_, 'p>],
    template: Vec<Entry>,
    rewrite: &mut Rewrite<'p>,
) -> Result<(), (String, Error)> {
    for user in users {
        let name = user.facts.job.name().to_owned();
        adopt(stage, user, &template, rewrite).map_err(|error| (name, error))?;
    }
    let Some(first) = users.first() else { return Ok(()) };
    let entry = Entry {
        comment: vec![
            "# Builds with BuildKit on Kubernetes: the builder is made before the script, and removed after it"
                .to_owned(),
        ],
        key: NAME.to_owned(),
        value: Value::Mapping(template),
    };
    let places: Vec<Definition> = users.iter().map(|user| user.home.definition).collect();
    match rewrite.hidden_job(stage.pipeline, &places, entry) {
        Ok(()) => Ok(()),
        Err((at, error)) => {
            let gone = || Error {
                kind: ErrorKind::Edit,
                span: first.home.stream.span(at.node),
                message: "the text of the main file is not at hand".to_owned(),
                hint: String::new(),
            };
            Err((first.facts.job.name().to_owned(), error.unwrap_or_else(gone)))
        }
    }
}

/// Lets a job extend the template, behind its other bases, and drops what the template says.
fn adopt<'p>(
    stage: &Stage<'_, 'p>,
    user: &User<'_, 'p>,
    template: &[Entry],
    rewrite: &mut Rewrite<'p>,
) -> Result<(), Error> {
    let tree = user.home.stream.tree();
    let mapping = user.home.mapping;
    let bases: Vec<&str> = user.facts.job.bases().map(|job| job.name()).collect();
    let Some((edits, _)) = rewrite.at(stage.pipeline, user.home.definition.key) else { return Ok(()) };
    for entry in template {
        let Some((key, value)) = user.own(&entry.key) else { continue };
        // Without the job's own, `<<` would bring another.
        if user.home.is_merged(&entry.key) {
            continue;
        }
        match &entry.value {
            Value::Mapping(common) if entry.key == "variables" => {
                if tree.entries(value).count() == common.len() {
                    edits.delete(key)?;
                } else {
                    let gone = tree
                        .entries(value)
                        .filter(|(key, _)| common.iter().any(|c| Some(c.key.as_str()) == tree.scalar(*key)));
                    gone.map(|(key, _)| key).collect::<Vec<_>>().into_iter().try_for_each(|key| edits.delete(key))?;
                }
            }
            shared if user.value(&entry.key).as_ref() == Some(shared) => edits.delete(key)?,
            _ => {}
        }
    }
    let all = || bases.iter().copied().chain([NAME]).map(|base| Item::new(Value::text(base))).collect();
    let value = if bases.is_empty() { Value::text(NAME) } else { Value::Sequence(all()) };
    let first = tree.entries(mapping).next().map(|(key, _)| key);
    match (user.home.written("extends"), first) {
        (Written::Own { value: old, .. }, _) if tree.kind(old) == Kind::Sequence => {
            edits.insert_item(old, Position::End, Item::new(Value::text(NAME)))
        }
        (Written::Own { value: old, .. }, _) => edits.replace(old, value),
        (Written::Not, Some(first)) => {
            edits.insert_entry(mapping, Position::Before(first), Entry::new("extends", value))
        }
        _ => edits.insert_entry(mapping, Position::End, Entry::new("extends", value)),
    }
}
