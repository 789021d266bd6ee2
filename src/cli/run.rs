//! `ci-migrate run`: every pending phase in its order, each on top of the last.

use clap::Args;
use serde_json::Value;

use super::commit::{CommitArgs, Commits};
use super::fail::Fail;
use super::phase::{answer, find};
use super::repository::{Repository, phases};
use super::ui::Ui;
use super::write::carry_out;
use super::{Done, Global, show, walk};
use crate::migration::{Layered, Phase, Plan, Proof, Scene, prove};
use crate::pipeline::MemoryFiles;

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
    #[command(flatten)]
    commit: CommitArgs,
}

pub fn run(global: &Global, args: &RunArgs, ui: &mut Ui) -> Done {
    let mut phases = phases(global)?;
    if let Some(last) = args.through {
        find(&phases, &last.to_string())?;
    }
    phases.retain(|phase| args.through.is_none_or(|last| phase.number <= last));
    let asks = !args.dry_run && !args.yes;
    if asks && (ui.is_json() || !ui.can_ask()) {
        return Err(Fail::no_terminal(ui, "to see the diffs", "to apply them without a question"));
    }
    let commits = args.commit.begin(global, ui)?;
    let repository = Repository::open(global)?;
    if !args.dry_run {
        repository.settle(ui)?;
    }
    let changed = if asks {
        walk::walk(&repository, global, &phases, commits, ui)?
    } else {
        let mut batch =
            Batch { repository, global, args, commits, written: MemoryFiles::default(), answers: Vec::new() };
        batch.all(&phases, ui)?
    };
    Ok(u8::from(args.exit_code && changed))
}

/// A run that asks nothing.
struct Batch<'a> {
    repository: Repository,
    global: &'a Global,
    args: &'a RunArgs,
    commits: Option<Commits>,
    /// What a dry run would have written.
    written: MemoryFiles,
    answers: Vec<Value>,
}

impl Batch<'_> {
    fn all(&mut self, phases: &[Phase], ui: &mut Ui) -> Result<bool, Fail> {
        let mut changed = false;
        for phase in phases {
            match self.one(phase, ui) {
                Ok(one) => changed |= one,
                Err(fail) => {
                    // What was applied before it was applied, and is answered.
                    self.answer(ui)?;
                    return Err(fail);
                }
            }
        }
        self.answer(ui)?;
        if !changed {
            ui.good("Nothing to do.");
        } else if self.args.dry_run {
            ui.note("Nothing was written.");
        }
        Ok(changed)
    }

    fn answer(&mut self, ui: &mut Ui) -> Result<(), Fail> {
        if ui.is_json() { ui.json(&self.answers) } else { Ok(()) }
    }

    fn one(&mut self, phase: &Phase, ui: &mut Ui) -> Result<bool, Fail> {
        let files = Layered { under: &self.repository.folder, over: &self.written };
        let pipeline = self.repository.pipeline_in(&files)?;
        let scene = Scene::new(&pipeline, &files, &self.repository.settings);
        let plan = Plan::new(&scene, phase);
        let json = ui.is_json();
        if !json {
            ui.title(&format!("Phase {}: {}", phase.number, phase.title));
        }
        if plan.is_empty() {
            if json {
                self.answers.push(value(&plan, None, "", false)?);
            } else {
                show::left(ui, &plan.left);
                ui.quiet("Nothing to do.");
            }
            return Ok(false);
        }
        let proof = prove(&scene, &plan)?;
        let diff = show::diff(&scene, &plan);
        if let Some(commits) = &self.commits {
            commits.clean(&plan)?;
        }
        if !json {
            show::answer_diff(ui, &diff)?;
            show::proof(ui, &proof);
            show::left(ui, &plan.left);
        }
        if self.args.yes {
            carry_out(&self.repository, self.global, &scene, &plan, &proof, ui)?;
        }
        if json {
            self.answers.push(value(&plan, Some(&proof), &diff, self.args.yes)?);
        }
        if self.args.yes {
            ui.good(&format!("Phase {} is applied.", phase.number));
            if let Some(commits) = &mut self.commits {
                commits.commit(&self.repository, &plan, &proof, ui)?;
            }
        } else {
            let texts: Vec<_> = plan.files.iter().map(|file| (file.path.clone(), file.text().to_owned())).collect();
            texts.into_iter().for_each(|(path, text)| self.written.insert(path, text));
        }
        Ok(true)
    }
}

fn value(plan: &Plan, proof: Option<&Proof>, diff: &str, applied: bool) -> Result<Value, Fail> {
    serde_json::to_value(answer(plan, proof, diff, applied)).map_err(|error| std::io::Error::from(error).into())
}
