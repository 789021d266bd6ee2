//! `ci-migrate run` with a person at a terminal: phase by phase, a question each.

use super::commit::Commits;
use super::fail::Fail;
use super::repository::Repository;
use super::ui::Ui;
use super::write::{carry_out, jobs};
use super::{Global, show, status};
use crate::migration::{Phase, Plan, Scene, State, Status, prove, state};
use crate::review::{Proposal, Terminal, Tty, Verdict, page, review, yes};

/// How many jobs are named before the others are counted.
const NAMED: usize = 6;

/// Goes through the phases; whether there were changes to decide on.
pub fn walk(
    repository: &Repository,
    global: &Global,
    phases: &[Phase],
    commits: Option<Commits>,
    ui: &mut Ui,
) -> Result<bool, Fail> {
    let lead = stand(repository, global, phases, ui)?;
    let mut walk = Walk::new(repository, global, commits, lead, ui);
    for phase in phases {
        if walk.phase(phase, ui)? == Next::End {
            walk.stopped(ui);
            return Ok(walk.met);
        }
    }
    match (walk.applied, walk.skipped) {
        (0, None) => ui.good("Nothing to do."),
        (0, Some(_)) => ui.note("Nothing was written."),
        (_, Some(skipped)) => ui.note(&format!("Phase {skipped} is still pending: `ci-migrate run` comes back to it.")),
        _ => ui.good("Every phase is done."),
    }
    Ok(walk.met)
}

/// Puts one phase before a person; of the jobs that were not picked, again.
pub fn one(
    repository: &Repository,
    global: &Global,
    phase: &Phase,
    commits: Option<Commits>,
    ui: &mut Ui,
) -> Result<(), Fail> {
    let mut walk = Walk::new(repository, global, commits, String::new(), ui);
    if walk.phase(phase, ui)? == Next::End || walk.applied == 0 {
        walk.stopped(ui);
    }
    Ok(())
}

/// Where the pipeline stands, before the first question.
fn stand(repository: &Repository, global: &Global, phases: &[Phase], ui: &Ui) -> Result<String, Fail> {
    let pipeline = repository.pipeline()?;
    let scene = Scene::new(&pipeline, &repository.folder, &repository.settings);
    let status = Status::new(&scene, &global.track, phases);
    show::partial(ui, &scene);
    Ok(if ui.is_terse() { String::new() } else { status::phase_table(&status).render(Some(ui.width())) })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Phase,
    /// The same one again, for the jobs that are left of it.
    Again,
    End,
}

struct Walk<'a> {
    repository: &'a Repository,
    global: &'a Global,
    commits: Option<Commits>,
    terminal: Tty,
    /// What is to be shown before the next phase.
    lead: String,
    /// Whether any phase had changes.
    met: bool,
    applied: usize,
    skipped: Option<u32>,
    /// Whether later phases may go before one that was skipped.
    out_of_order: bool,
}

impl<'a> Walk<'a> {
    fn new(repository: &'a Repository, global: &'a Global, commits: Option<Commits>, lead: String, ui: &Ui) -> Self {
        let terminal = Tty::new(ui.colours());
        let (met, applied, skipped, out_of_order) = (false, 0, None, false);
        Walk { repository, global, commits, terminal, lead, met, applied, skipped, out_of_order }
    }

    fn stopped(&self, ui: &Ui) {
        ui.note(match self.applied {
            0 => "Nothing was written.",
            _ => "Stopped here; what was applied stays. `ci-migrate undo` takes it back.",
        });
    }

    fn phase(&mut self, phase: &Phase, ui: &mut Ui) -> Result<Next, Fail> {
        loop {
            match self.once(phase, ui)? {
                Next::Again => {}
                next => return Ok(next),
            }
        }
    }

    fn once(&mut self, phase: &Phase, ui: &mut Ui) -> Result<Next, Fail> {
        let pipeline = self.repository.pipeline()?;
        let scene = Scene::new(&pipeline, &self.repository.folder, &self.repository.settings);
        let plan = Plan::new(&scene, phase);
        if plan.is_empty() {
            ui.note(std::mem::take(&mut self.lead).trim_end());
            ui.title(&format!("Phase {}: {}", phase.number, phase.title));
            show::left(ui, &plan.left);
            ui.quiet(match state(&plan) {
                State::Empty => "No job plays this part.",
                State::Blocked => "Nothing more to do.",
                _ => "Done.",
            });
            return Ok(Next::Phase);
        }
        self.met = true;
        if let Some(commits) = &self.commits {
            commits.clean(&plan)?;
        }
        if let Some(skipped) = self.skipped.filter(|_| !self.out_of_order) {
            let question =
                format!("Phase {skipped} is pending and comes before phase {}. Go on all the same?", phase.number);
            if !yes(&mut self.terminal, &question)? {
                return Ok(Next::End);
            }
            self.out_of_order = true;
        }
        let proof = prove(&scene, &plan)?;
        let colours = ui.colours();
        let speaker: &Ui = ui;
        let mut table = std::mem::take(&mut self.lead);
        let mut show = |proposal: &Proposal| {
            let lead = std::mem::take(&mut table) + "\n" + &introduction(speaker, proposal);
            page(&lead, &show::diff(&scene, &proposal.plan), colours)?;
            show::proof(speaker, &proposal.proof);
            show::left(speaker, &proposal.plan.left);
            Ok(())
        };
        let verdict = review(&mut self.terminal, &scene, Proposal { plan, proof }, &mut show)?;
        match verdict {
            Verdict::Quit => Ok(Next::End),
            Verdict::Skip => {
                self.skipped = self.skipped.or(Some(phase.number));
                self.terminal.say(&format!("Phase {} is skipped.\n", phase.number))?;
                Ok(Next::Phase)
            }
            Verdict::Apply(proposal) => {
                let Proposal { plan, proof } = *proposal;
                carry_out(self.repository, self.global, &scene, &plan, &proof, ui)?;
                self.applied += 1;
                let files: Vec<&str> = plan.files.iter().map(|file| file.path.as_str()).collect();
                ui.good(&format!("Phase {} is applied to {}.", phase.number, files.join(", ")));
                if let Some(commits) = &mut self.commits {
                    commits.commit(self.repository, &plan, &proof, ui)?;
                }
                Ok(if plan.only.is_some() { Next::Again } else { Next::Phase })
            }
        }
    }
}

/// What a proposal does, and why, in two lines below its title.
fn introduction(ui: &Ui, proposal: &Proposal) -> String {
    let plan = &proposal.plan;
    let jobs = jobs(&proposal.proof);
    let mut named: Vec<String> = jobs.iter().take(NAMED).cloned().collect();
    if jobs.len() > NAMED {
        named.push(format!("{} more", jobs.len() - NAMED));
    }
    let transforms: Vec<String> = plan.phase.transforms.iter().map(|transform| transform.word()).collect();
    let changes = match named.is_empty() {
        true => format!("Changes no job in effect ({}).", transforms.join(", ")),
        false => format!("Changes {} ({}).", named.join(", "), transforms.join(", ")),
    };
    ui.lead(&format!("Phase {}: {}", plan.phase.number, plan.phase.title), &changes, &plan.phase.why)
}
