//! Small pipelines from text, and short ways to look at them.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::sync::Arc;

use ci_migrate::pipeline::{At, Error, Job, MemoryFiles, Pipeline, Project, Section};
use serde_json::Value;

pub fn project(files: &[(&str, &str)]) -> Result<Project, Error> {
    let files: MemoryFiles = files.iter().copied().collect();
    Project::load(&files, ".gitlab-ci.yml")
}

pub fn try_files(files: &[(&str, &str)]) -> Result<Pipeline, Error> {
    Pipeline::new(Arc::new(project(files)?))
}

pub fn of_files(files: &[(&str, &str)]) -> Pipeline {
    try_files(files).unwrap_or_else(|error| panic!("{error}"))
}

pub fn of(text: &str) -> Pipeline {
    of_files(&[(".gitlab-ci.yml", text)])
}

pub fn error(text: &str) -> Error {
    try_files(&[(".gitlab-ci.yml", text)]).err().unwrap_or_else(|| panic!("accepted:\n{text}"))
}

pub fn error_of(files: &[(&str, &str)]) -> Error {
    try_files(files).err().expect("refused")
}

pub fn names<'p>(jobs: impl IntoIterator<Item = Job<'p>>) -> Vec<&'p str> {
    jobs.into_iter().map(|job| job.name()).collect()
}

/// The effective configuration of a job.
pub fn job(pipeline: &Pipeline, name: &str) -> Value {
    pipeline.job(name).unwrap().effective().to_json()
}

pub fn script(pipeline: &Pipeline, name: &str, section: Section) -> Vec<String> {
    let items = pipeline.job(name).unwrap().effective().script(section);
    items.into_iter().map(|item| item.text.into_owned()).collect()
}

pub fn variables(pipeline: &Pipeline, name: &str) -> Vec<String> {
    let variables = pipeline.job(name).unwrap().effective().variables();
    variables.map(|entry| format!("{}={}", entry.key, entry.setting.variable_text())).collect()
}

/// Path and line of a place.
pub fn line(pipeline: &Pipeline, at: At) -> String {
    let (path, place) = pipeline.project().place(at);
    format!("{path}:{}", place.map_or(0, |(line, _)| line))
}

/// The place of the scalar with this text, the first in the file.
pub fn scalar(pipeline: &Pipeline, path: &str, text: &str) -> At {
    let file = pipeline.project().find(path).unwrap();
    let tree = pipeline.project().file(file).tree();
    let found = tree.ids().find(|&id| tree.resolve(id) == id && tree.scalar(id) == Some(text));
    At { file, node: found.unwrap_or_else(|| panic!("no scalar {text}")) }
}

/// The place of a value by its keys.
pub fn at(pipeline: &Pipeline, path: &str, keys: &[&str]) -> At {
    let file = pipeline.project().find(path).unwrap();
    let tree = pipeline.project().file(file).tree();
    let root = *tree.roots().last().unwrap();
    At { file, node: tree.look_up(root, keys.iter().copied()).unwrap_or_else(|| panic!("no {keys:?}")) }
}
