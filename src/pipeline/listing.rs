//! An effective configuration for people and for programs.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::effective::{Effective, Form};
use super::setting::Setting;
use super::value::Origin;

/// One line of a listing: a scalar, or an empty collection, with its path.
#[derive(Clone, Debug)]
pub struct Row<'p> {
    /// Keys, and the numbers of items.
    pub path: Vec<Cow<'p, str>>,
    /// The scalar as text; `[]` or `{}` for what is empty.
    pub text: Cow<'p, str>,
    pub origin: Origin,
}

impl<'p> Effective<'p> {
    /// The whole configuration, a scalar a row: scripts and rules flattened, variables with those that are inherited.
    pub fn rows(&self) -> Vec<Row<'p>> {
        let mut rows = Vec::new();
        for (keyword, form) in self.forms() {
            let mut path = vec![keyword];
            match form {
                Form::Value(setting) => value_rows(&mut path, &setting, &mut rows),
                Form::List(items) => {
                    for (i, item) in items.iter().enumerate() {
                        below(&mut path, Cow::Owned(i.to_string()), item, &mut rows);
                    }
                }
                Form::Variables(variables) => {
                    for variable in variables {
                        below(&mut path, variable.key, &variable.setting, &mut rows);
                    }
                }
            }
        }
        rows
    }

    /// The whole configuration as JSON, with the types that GitLab sees; a variable is always a string there, unless it
    /// is written in the long form.
    pub fn to_json(&self) -> Value {
        self.forms().map(|(keyword, form)| (keyword.into_owned(), form.to_json())).collect::<Map<_, _>>().into()
    }
}

impl Form<'_> {
    pub fn to_json(&self) -> Value {
        match self {
            Form::List(items) => items.iter().map(Setting::to_json).collect(),
            Form::Variables(variables) => {
                let entry = |entry: &super::setting::Entry<'_>| (entry.key.to_string(), variable(&entry.setting));
                variables.iter().map(entry).collect::<Map<_, _>>().into()
            }
            Form::Value(setting) => setting.to_json(),
        }
    }
}

/// A variable: a string, or the mapping of its long form.
pub(super) fn variable(setting: &Setting<'_>) -> Value {
    if setting.is_mapping() { setting.to_json() } else { Value::String(setting.variable_text().into_owned()) }
}

impl Setting<'_> {
    /// The value as JSON, with the types that GitLab sees. A `!reference` that is not resolved is a string.
    pub fn to_json(&self) -> Value {
        if self.is_unresolved() {
            Value::String(self.written_reference())
        } else if let Some(scalar) = self.scalar() {
            scalar.into()
        } else if self.is_mapping() {
            let entries = self.entries().map(|entry| (entry.key.into_owned(), entry.setting.to_json()));
            entries.collect::<Map<_, _>>().into()
        } else {
            self.items().map(|item| item.to_json()).collect()
        }
    }

    /// A `!reference` as it is written, more or less.
    pub(super) fn written_reference(&self) -> String {
        let super::value::Value::Node(at) = self.value else { return String::new() };
        let tree = self.trees.tree(at);
        let path: Vec<&str> = tree.items(at.node).iter().filter_map(|&item| tree.scalar(item)).collect();
        format!("!reference [{}]", path.join(", "))
    }
}

fn value_rows<'p>(path: &mut Vec<Cow<'p, str>>, setting: &Setting<'p>, rows: &mut Vec<Row<'p>>) {
    let before = rows.len();
    if setting.is_unresolved() {
        let text = Cow::Owned(setting.written_reference());
        rows.push(Row { path: path.clone(), text, origin: setting.origin.clone() });
        return;
    }
    if let Some(text) = setting.text() {
        rows.push(Row { path: path.clone(), text, origin: setting.origin.clone() });
        return;
    }
    for entry in setting.entries() {
        below(path, entry.key, &entry.setting, rows);
    }
    for (i, item) in setting.items().enumerate() {
        below(path, Cow::Owned(i.to_string()), &item, rows);
    }
    if rows.len() == before {
        let text = Cow::Borrowed(if setting.is_mapping() { "{}" } else { "[]" });
        rows.push(Row { path: path.clone(), text, origin: setting.origin.clone() });
    }
}

fn below<'p>(path: &mut Vec<Cow<'p, str>>, step: Cow<'p, str>, setting: &Setting<'p>, rows: &mut Vec<Row<'p>>) {
    path.push(step);
    value_rows(path, setting, rows);
    path.pop();
}
