//! `ci-migrate run`: every pending phase in its order, each on top of the last.

use clap::Args;

use super::fail::Fail;
use super::phase::write_plan;
use super::repository::{Repository, phases};
use super::ui::Ui;
use super::{Done, Global, show};
use crate::apply::Folder;
use crate::migration::{Phase, Plan, Proof, Scene, prove};
use crate::pipeline::{Files, MemoryFiles, ReadError};

#[derive(Args)]
pub struct RunArgs {
    /// Show every phase, each on top of the last; write nothing
    #[arg(long)]
    dry_run: bool,
    /// Apply every phase without asking
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// Stop after this phase
    #[arg(long, value_name = "N")]
    through: Option<u32>,
    /// Exit 1 when there are changes
    #[arg(long)]
    exit_code: bool,
}

pub fn run(global: &Global, args: &RunArgs, ui: &mut Ui) -> Done {
    if ui.is_json() {
        return Err(Fail::input("`run` answers people", "for programs there is `phase N --format json`"));
    }
    let mut repository = Repository::open(global)?;
    if !args.dry_run && !args.yes && !ui.can_ask() {
        return Err(Fail::input(
            "there is no terminal to ask on",
            "say --dry-run to see the diffs, or --yes to apply them",
        ));
    }
    let mut changed = false;
    let mut written = MemoryFiles::default();
    for phase in phases(global)?.iter().filter(|phase| args.through.is_none_or(|last| phase.number <= last)) {
        match one(&mut repository, &mut written, phase, args, ui)? {
            Step::Nothing => {}
            Step::Changed => changed = true,
            Step::Declined => break,
        }
    }
    if !changed {
        ui.good("Nothing to do.");
    } else if args.dry_run {
        ui.note("Nothing was written.");
    }
    Ok(u8::from(args.exit_code && changed))
}

enum Step {
    Nothing,
    Changed,
    Declined,
}

fn one(
    repository: &mut Repository,
    written: &mut MemoryFiles,
    phase: &Phase,
    args: &RunArgs,
    ui: &mut Ui,
) -> Result<Step, Fail> {
    let files = Overlay { folder: &repository.folder, written: &*written };
    let pipeline = repository.pipeline_in(&files)?;
    let scene = Scene::new(&pipeline, &files, &repository.settings);
    let plan = Plan::new(&scene, phase);
    ui.title(&format!("Phase {}: {}", phase.number, phase.title));
    if plan.is_empty() {
        show::left(ui, &plan.left);
        ui.quiet("Nothing to do.");
        return Ok(Step::Nothing);
    }
    let proof: Proof = prove(&scene, &plan)?;
    show::answer_diff(ui, &show::diff(&scene, &plan))?;
    show::proof(ui, &proof);
    show::left(ui, &plan.left);
    if args.dry_run {
        let texts: Vec<(String, String)> =
            plan.files.iter().map(|file| (file.path.clone(), file.text.clone())).collect();
        texts.into_iter().for_each(|(path, text)| written.insert(path, text));
        return Ok(Step::Changed);
    }
    if !args.yes && !ui.confirm(&format!("Apply phase {}?", phase.number))? {
        ui.note("Stopped here; what was applied before stays.");
        return Ok(Step::Declined);
    }
    write_plan(repository, &scene, &plan)?;
    ui.good(&format!("Phase {} is applied.", phase.number));
    Ok(Step::Changed)
}

/// The repository with what a dry run would have written over it.
struct Overlay<'a> {
    folder: &'a Folder,
    written: &'a MemoryFiles,
}

impl Files for Overlay<'_> {
    fn read(&self, path: &str) -> Result<Option<String>, ReadError> {
        match self.written.read(path)? {
            Some(text) => Ok(Some(text)),
            None => self.folder.read(path),
        }
    }

    fn list(&self) -> Result<Vec<String>, ReadError> {
        self.folder.list()
    }
}
