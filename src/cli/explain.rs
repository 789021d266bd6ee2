//! `ci-migrate explain`: what a phase or a transformation does, why, with an example that is a test.

use include_dir::{Dir, include_dir};

use super::fail::Fail;
use super::repository::phases;
use super::ui::Ui;
use super::{Done, Global, phase};
use crate::migration::Phase;
use crate::report::{coloured, unified};
use crate::transform::{REGISTRY, Transform, nearest};

/// The cases that test each transformation; the first serves as its example.
static CASES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/testdata/transforms");

pub fn run(global: &Global, what: Option<&str>, ui: &mut Ui) -> Done {
    let phases = phases(global)?;
    match what {
        None => list(&phases, ui)?,
        Some(word) => match Transform::find(word) {
            Some(transform) => explain_transform(transform, ui)?,
            None => explain_phase(&phases, word, ui)?,
        },
    }
    Ok(0)
}

fn list(phases: &[Phase], ui: &mut Ui) -> Result<(), Fail> {
    ui.answer("Phases:\n")?;
    for phase in phases {
        ui.answer(&format!("  {} {}: {}\n", phase.number, phase.id, phase.title))?;
    }
    ui.answer("\nTransformations:\n")?;
    for transform in REGISTRY {
        let title = transform.documentation().lines().next().unwrap_or_default().to_owned();
        ui.answer(&format!("  {}: {title}\n", transform.word()))?;
    }
    Ok(())
}

fn explain_phase(phases: &[Phase], word: &str, ui: &mut Ui) -> Result<(), Fail> {
    let Ok(phase) = phase::find(phases, word) else {
        let known: Vec<String> =
            REGISTRY.iter().map(Transform::word).chain(phases.iter().map(|phase| phase.id.clone())).collect();
        let near = nearest(word, known.iter().map(String::as_str));
        return Err(Fail::input(
            format!("there is no phase or transformation `{word}`{near}"),
            "`ci-migrate explain` lists them",
        ));
    };
    ui.answer(&format!("Phase {}: {}\n\n{}\n\n", phase.number, phase.title, phase.why))?;
    ui.answer(&format!("It may touch {}, by these transformations, in this order:\n", phase.select))?;
    for transform in &phase.transforms {
        let title = transform.documentation().lines().next().unwrap_or_default().to_owned();
        ui.answer(&format!("  {}: {title}\n", transform.word()))?;
    }
    Ok(())
}

fn explain_transform(transform: &Transform, ui: &mut Ui) -> Result<(), Fail> {
    ui.answer(&format!("{}\n\n{}\n", transform.word(), transform.documentation()))?;
    let Some((name, before, after)) = example(&transform.word()) else { return Ok(()) };
    let diff = unified(&format!("{name}/.gitlab-ci.yml"), Some(before), Some(after), &|_| None);
    ui.answer("\n# Example\n\n")?;
    match ui.colours() {
        true => ui.answer(&coloured(&diff)),
        false => ui.answer(&diff),
    }
}

/// Name and texts of the first case of a transformation that changes something.
fn example(word: &str) -> Option<(String, &'static str, &'static str)> {
    let mut cases: Vec<_> = CASES.get_dir(word)?.dirs().collect();
    cases.sort_by_key(|case| case.path());
    cases.into_iter().find_map(|case| {
        let text = |name: &str| case.get_file(case.path().join(name))?.contents_utf8();
        let name = case.path().file_name()?.to_string_lossy().into_owned();
        Some((name, text("before.yml")?, text("after.yml")?))
    })
}
