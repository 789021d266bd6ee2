//! `ci-migrate explain`: what a phase or a transformation does, why, with an example that is a test.

use include_dir::{Dir, include_dir};
use schemars::JsonSchema;
use serde::Serialize;

use super::fail::Fail;
use super::repository::phases;
use super::ui::Ui;
use super::{Done, Global, phase};
use crate::migration::Phase;
use crate::report::{coloured, unified};
use crate::transform::{REGISTRY, Transform, nearest};

/// The cases that test each transformation; the first serves as its example.
static CASES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/testdata/transforms");

/// The answer of `explain`: what was asked for, and the transformations of its phases; its JSON is version 1.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Explanation")]
pub struct Answer {
    version: u32,
    track: String,
    phases: Vec<PhaseAnswer>,
    transforms: Vec<TransformAnswer>,
}

#[derive(Serialize, JsonSchema)]
struct PhaseAnswer {
    number: u32,
    id: String,
    title: String,
    why: String,
    /// Which jobs it may touch, in words.
    select: String,
    /// By name, in the order in which they are made.
    transforms: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct TransformAnswer {
    name: String,
    title: String,
    /// Markdown.
    documentation: String,
    example: Option<Example>,
}

/// A case of the tests: a pipeline before and after.
#[derive(Serialize, JsonSchema)]
struct Example {
    name: String,
    before: &'static str,
    after: &'static str,
    diff: String,
}

pub fn run(global: &Global, what: Option<&str>, ui: &mut Ui) -> Done {
    let phases = phases(global)?;
    let found = match what {
        None => (phases.iter().collect(), REGISTRY.iter().collect()),
        Some(word) => find(&phases, word)?,
    };
    match (what, &found) {
        _ if ui.is_json() => ui.json(&answer(&global.track, found))?,
        (None, (phases, transforms)) => list(phases, transforms, ui)?,
        (Some(_), (phases, transforms)) => match phases.first() {
            Some(phase) => explain_phase(phase, ui)?,
            None => transforms.iter().try_for_each(|transform| explain_transform(transform, ui))?,
        },
    }
    Ok(0)
}

type Found<'p> = (Vec<&'p Phase>, Vec<&'static Transform>);

/// A transformation, or a phase with its transformations.
fn find<'p>(phases: &'p [Phase], word: &str) -> Result<Found<'p>, Fail> {
    if let Some(transform) = Transform::find(word) {
        return Ok((Vec::new(), vec![transform]));
    }
    let Ok(phase) = phase::find(phases, word) else {
        let known: Vec<String> =
            REGISTRY.iter().map(Transform::word).chain(phases.iter().map(|phase| phase.id.clone())).collect();
        let near = nearest(word, known.iter().map(String::as_str));
        return Err(Fail::input(
            format!("there is no phase or transformation `{word}`{near}"),
            "`ci-migrate explain` lists them",
        ));
    };
    Ok((vec![phase], phase.transforms.clone()))
}

fn answer(track: &str, (phases, transforms): Found<'_>) -> Answer {
    let phases = phases.into_iter().map(|phase| PhaseAnswer {
        number: phase.number,
        id: phase.id.clone(),
        title: phase.title.clone(),
        why: phase.why.clone(),
        select: phase.select.to_string(),
        transforms: phase.transforms.iter().map(|transform| transform.word()).collect(),
    });
    let transforms = transforms.into_iter().map(|transform| TransformAnswer {
        name: transform.word(),
        title: title(transform),
        documentation: transform.documentation(),
        example: example(&transform.word()),
    });
    Answer { version: 1, track: track.to_owned(), phases: phases.collect(), transforms: transforms.collect() }
}

fn list(phases: &[&Phase], transforms: &[&Transform], ui: &mut Ui) -> Result<(), Fail> {
    ui.answer("Phases:\n")?;
    for phase in phases {
        ui.answer(&format!("  {} {}: {}\n", phase.number, phase.id, phase.title))?;
    }
    ui.answer("\nTransformations:\n")?;
    transforms.iter().try_for_each(|transform| line(transform, ui))
}

fn explain_phase(phase: &Phase, ui: &mut Ui) -> Result<(), Fail> {
    ui.answer(&format!("Phase {}: {}\n\n{}\n\n", phase.number, phase.title, phase.why))?;
    ui.answer(&format!("It may touch {}, by these transformations, in this order:\n", phase.select))?;
    phase.transforms.iter().try_for_each(|transform| line(transform, ui))
}

fn explain_transform(transform: &Transform, ui: &mut Ui) -> Result<(), Fail> {
    ui.answer(&format!("{}\n\n{}\n", transform.word(), transform.documentation()))?;
    let Some(example) = example(&transform.word()) else { return Ok(()) };
    ui.answer("\n# Example\n\n")?;
    match ui.colours() {
        true => ui.answer(&coloured(&example.diff)),
        false => ui.answer(&example.diff),
    }
}

fn line(transform: &Transform, ui: &mut Ui) -> Result<(), Fail> {
    ui.answer(&format!("  {}: {}\n", transform.word(), title(transform)))
}

/// The first sentence of its documentation.
fn title(transform: &Transform) -> String {
    transform.documentation().lines().next().unwrap_or_default().to_owned()
}

/// The first case of a transformation that changes something.
fn example(word: &str) -> Option<Example> {
    let mut cases: Vec<_> = CASES.get_dir(word)?.dirs().collect();
    cases.sort_by_key(|case| case.path());
    cases.into_iter().find_map(|case| {
        let text = |name: &str| case.get_file(case.path().join(name))?.contents_utf8();
        let name = case.path().file_name()?.to_string_lossy().into_owned();
        let (before, after) = (text("before.yml")?, text("after.yml")?);
        let diff = unified(&format!("{name}/.gitlab-ci.yml"), Some(before), Some(after), &|_| None);
        Some(Example { name, before, after, diff })
    })
}
