//! Which part each job plays, from what the repository shows.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::bases::dockerfile;
use crate::pipeline::Files;
use crate::transform::{Facts, Recipe, Role, Settings};

/// The role of every job, in the order of the facts.
///
/// Jobs that build the same image play the same part. Of the images that are built one a job, the simplest is the pilot:
/// no manifest to install from, a context of its own, few build arguments, stages and commands (seed "BuildKit",
/// "Ordre de migration justifié": "Dockerfile simple, pas de dépendances, build rapide").
pub fn roles(facts: &[Facts<'_>], files: &dyn Files, settings: &Settings) -> Vec<Role> {
    let files = &Hints { files, read: RefCell::default(), known: RefCell::default() };
    let mut roles: Vec<Role> = facts.iter().map(|facts| role(facts, files)).collect();
    let mut simplest: Option<(Score, String)> = None;
    for (number, (facts, role)) in facts.iter().zip(&roles).enumerate() {
        if *role == Role::Single
            && let Some(build) = facts.recipes.first()
            && let score = score(build, files, number)
            && simplest.as_ref().is_none_or(|(least, _)| score < *least)
        {
            simplest = Some((score, image(build)));
        }
    }
    if let Some((_, pilot)) = &simplest {
        for (facts, role) in facts.iter().zip(&mut roles) {
            if *role == Role::Single && facts.recipes.first().is_some_and(|build| image(build) == *pilot) {
                *role = Role::Pilot;
            }
        }
    }
    for (facts, role) in facts.iter().zip(&mut roles) {
        if let Some(said) = settings.roles.get(facts.job.name()) {
            *role = *said;
        }
    }
    roles
}

fn role(facts: &Facts<'_>, files: &Hints<'_>) -> Role {
    let images: BTreeSet<String> = facts.recipes.iter().map(|build| image(build)).collect();
    match images.len() {
        0 if facts.makes_images() => Role::Multi,
        0 => Role::None,
        1 if facts.recipes.iter().any(|build| is_test(build, files)) => Role::Test,
        1 => Role::Single,
        _ => Role::Multi,
    }
}

/// What a build is of: the repository of the name that it is pushed by, as a phase will leave it, or of its first tag, or else its
/// Dockerfile.
fn image(build: &Recipe) -> String {
    match build.released.as_ref().or(build.tags.first()) {
        Some(tag) => repository(tag).to_owned(),
        None => format!("{} {}", dockerfile(build), build.target.as_deref().unwrap_or_default()),
    }
}

/// An image reference without its tag; the `:` of `${A:-b}` is none.
fn repository(reference: &str) -> &str {
    let mut depth = 0usize;
    let mut end = reference.len();
    for (i, c) in reference.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '/' if depth == 0 => end = reference.len(),
            ':' if depth == 0 => end = i,
            _ => {}
        }
    }
    &reference[..end]
}

/// How simple an image is; less is simpler. The job's number comes last, so that no two are equal.
type Score = (bool, bool, bool, usize, usize, usize, usize);

fn score(build: &Recipe, files: &Hints<'_>, number: usize) -> Score {
    let dockerfile = dockerfile(build);
    let Shape { unknown, manifest, stages, commands } = files.shape(&dockerfile);
    let everything = matches!(build.context.as_deref(), Some("." | "./") | None) && !folder(&dockerfile).is_empty();
    (unknown, manifest, everything, build.build_args, stages, commands, number)
}

/// What a Dockerfile and its folder show.
#[derive(Clone, Copy)]
struct Shape {
    unknown: bool,
    /// Something to install from stands beside it.
    manifest: bool,
    stages: usize,
    commands: usize,
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether an image is that of a test suite: by its name or its Dockerfile's folder, or by what its manifest installs.
fn is_test(build: &Recipe, files: &Hints<'_>) -> bool {
    let dockerfile = dockerfile(build);
    let folder = folder(&dockerfile);
    let image = image(build);
    let name = image.rsplit('/').next().unwrap_or(&image);
    let named = [name, folder].iter().flat_map(|text| text.split(['-', '_', '/', '.', ' '])).any(|word| {
        let tests = ["test", "tests", "e2e", "spec", "specs", "testing", "cypress", "playwright"];
        tests.iter().any(|test| word.eq_ignore_ascii_case(test))
    });
    named
        || (!folder.is_empty()
            && files.read(&format!("{folder}/package.json")).is_some_and(|text| drives_browsers(&text)))
}

fn drives_browsers(manifest: &str) -> bool {
    let Ok(manifest) = serde_json::from_str::<serde_json::Value>(manifest) else { return false };
    let tools = ["@playwright/test", "playwright", "cypress", "puppeteer", "testcafe", "webdriverio", "nightwatch"];
    tools.iter().any(|tool| !manifest["dependencies"][*tool].is_null() || !manifest["devDependencies"][*tool].is_null())
        && manifest["scripts"]["build"].is_null()
}

/// Files that help to guess, each read once: many jobs build from the same ones.
struct Hints<'f> {
    files: &'f dyn Files,
    read: RefCell<BTreeMap<String, Option<Rc<str>>>>,
    /// By Dockerfile.
    known: RefCell<BTreeMap<String, Shape>>,
}

impl Hints<'_> {
    /// A file; one that cannot be read does not help.
    fn read(&self, path: &str) -> Option<Rc<str>> {
        if path.contains('$') {
            return None;
        }
        if let Some(known) = self.read.borrow().get(path) {
            return known.clone();
        }
        let text: Option<Rc<str>> = self.files.read(path).ok().flatten().map(Rc::from);
        self.read.borrow_mut().insert(path.to_owned(), text.clone());
        text
    }

    fn shape(&self, dockerfile: &str) -> Shape {
        if let Some(known) = self.known.borrow().get(dockerfile) {
            return *known;
        }
        let text = self.read(dockerfile);
        let starts = |line: &str, word: &str| {
            line.trim_start().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        let lines = |word: &str| text.as_deref().unwrap_or_default().lines().filter(|line| starts(line, word)).count();
        let manifests = [
            "package.json",
            "Cargo.toml",
            "go.mod",
            "pom.xml",
            "build.gradle",
            "requirements.txt",
            "pyproject.toml",
            "Gemfile",
            "composer.json",
        ];
        let beside = |folder: &str| manifests.iter().any(|name| self.read(&format!("{folder}/{name}")).is_some());
        let shape = Shape {
            unknown: text.is_none(),
            manifest: !folder(dockerfile).is_empty() && beside(folder(dockerfile)),
            stages: lines("FROM "),
            commands: lines("RUN "),
        };
        self.known.borrow_mut().insert(dockerfile.to_owned(), shape);
        shape
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_what_follows_the_last_colon_outside_braces() {
        assert_eq!(repository("${CI_REGISTRY_IMAGE}/a:${CI_COMMIT_REF_SLUG:-x}"), "${CI_REGISTRY_IMAGE}/a");
        assert_eq!(repository("host:5000/a"), "host:5000/a");
        assert_eq!(repository("host:5000/a:1"), "host:5000/a");
        assert_eq!(repository("$IMAGE"), "$IMAGE");
    }
}
