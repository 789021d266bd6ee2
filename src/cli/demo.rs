//! `ci-migrate demo`: phase 1 on a copy of a sample that is built in, as a person would meet it.

use include_dir::{Dir, include_dir};

use super::phase::PhaseArgs;
use super::repository::Repository;
use super::ui::Ui;
use super::{Done, Global, phase, status};

static SAMPLE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/testdata/pipelines/monorepo");

pub fn run(global: &Global, ui: &mut Ui) -> Done {
    let copy = tempfile::tempdir()?;
    SAMPLE.extract(copy.path())?;
    let mut repository = Repository::at(copy.path(), global)?;
    repository.is_noted = false;
    ui.note("A sample repository, copied to a temporary folder that goes when this ends.");
    ui.title("\n$ ci-migrate status");
    status::run_in(&repository, global, ui)?;
    ui.finish()?;
    ui.title("\n$ ci-migrate phase 1 --yes");
    phase::run_in(&repository, global, &PhaseArgs::apply(1), None, ui)?;
    ui.title("\n$ ci-migrate phase 1 --yes");
    phase::run_in(&repository, global, &PhaseArgs::apply(1), None, ui)?;
    ui.note("\nIn a repository of your own, start with `ci-migrate status` and `ci-migrate phase 1 --dry-run`.");
    Ok(0)
}
