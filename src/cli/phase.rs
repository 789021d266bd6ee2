//! `ci-migrate phase N`: plan, prove, show, ask, write.

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::commit::{CommitArgs, Commits};
use super::fail::Fail;
use super::repository::{Repository, phases};
use super::ui::Ui;
use super::write::carry_out;
use super::{Done, Global, prepare, show, walk};
use crate::migration::{Phase, Plan, Proof, Scene, State, prove, state};
use crate::transform::{Reason, nearest};

#[derive(Args)]
pub struct PhaseArgs {
    /// Number or id of the phase; 0 says what was understood, what will happen, and what it wants
    #[arg(value_name = "N")]
    phase: String,
    /// Show the diff and what is proved of it; write nothing
    #[arg(long)]
    dry_run: bool,
    /// Apply without asking
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// Go on although an earlier phase is pending
    #[arg(long)]
    out_of_order: bool,
    /// Exit 1 when there are changes
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    commit: CommitArgs,
}

impl PhaseArgs {
    /// `phase N --yes`, as the demonstration runs it.
    pub fn apply(phase: u32) -> PhaseArgs {
        PhaseArgs {
            phase: phase.to_string(),
            dry_run: false,
            yes: true,
            out_of_order: false,
            exit_code: false,
            commit: CommitArgs::default(),
        }
    }
}

/// The answer of `phase`: what it would change, or changed; its JSON is version 1.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Phase")]
pub struct Answer<'a> {
    version: u32,
    phase: u32,
    id: &'a str,
    title: &'a str,
    state: State,
    changed: Vec<Changed<'a>>,
    left: Vec<Untouched<'a>>,
    proof: Option<ProofAnswer>,
    diff: &'a str,
    applied: bool,
}

#[derive(Serialize, JsonSchema)]
struct Changed<'a> {
    job: &'a str,
    transforms: &'a [String],
}

#[derive(Serialize, JsonSchema)]
struct Untouched<'a> {
    job: &'a str,
    reasons: &'a [Reason],
}

#[derive(Serialize, JsonSchema)]
struct ProofAnswer {
    jobs: usize,
    same: usize,
    differ: usize,
    summary: String,
    lost_comments: Vec<String>,
}

pub fn run(global: &Global, args: &PhaseArgs, ui: &mut Ui) -> Done {
    let phases = phases(global)?;
    if args.phase == "0" && phases.iter().all(|phase| phase.number != 0) {
        return prepare::run(&Repository::open(global)?, global, &phases, ui);
    }
    let commits = args.commit.begin(global, ui)?;
    let repository = Repository::open(global)?;
    run_in(&repository, global, args, commits, ui)
}

pub fn run_in(
    repository: &Repository,
    global: &Global,
    args: &PhaseArgs,
    mut commits: Option<Commits>,
    ui: &mut Ui,
) -> Done {
    let phases = phases(global)?;
    let phase = find(&phases, &args.phase)?;
    if args.yes || !args.dry_run && ui.can_ask() {
        repository.settle(ui)?;
    }
    let pipeline = repository.pipeline()?;
    let scene = Scene::new(&pipeline, &repository.folder, &repository.settings);
    in_order(&scene, &phases, phase, args)?;
    let plan = Plan::new(&scene, phase);
    if !plan.is_empty() && !args.dry_run && !args.yes {
        if ui.is_json() || !ui.can_ask() {
            return Err(Fail::no_terminal(ui, "to see the diff", "to apply it without a question"));
        }
        show::partial(ui, &scene);
        walk::one(repository, global, phase, commits, ui)?;
        return Ok(u8::from(args.exit_code));
    }
    if !ui.is_json() {
        ui.title(&format!("Phase {}: {}", phase.number, phase.title));
        ui.quiet(&phase.why);
        show::partial(ui, &scene);
    }
    if plan.is_empty() {
        if ui.is_json() {
            ui.json(&answer(&plan, None, "", false))?;
        } else {
            show::left(ui, &plan.left);
            show::unused_templates(ui, &scene);
            ui.good(nothing_to_do(state(&plan)));
        }
        return Ok(0);
    }
    let proof = prove(&scene, &plan)?;
    let diff = show::diff(&scene, &plan);
    if let Some(commits) = &commits {
        commits.clean(&plan)?;
    }
    if !ui.is_json() {
        show::answer_diff(ui, &diff)?;
        show::proof(ui, &proof);
        show::left(ui, &plan.left);
    }
    if args.yes {
        carry_out(repository, global, &scene, &plan, &proof, ui)?;
    }
    if ui.is_json() {
        ui.json(&answer(&plan, Some(&proof), &diff, args.yes))?;
    } else if args.yes {
        let files: Vec<&str> = plan.files.iter().map(|file| file.path.as_str()).collect();
        ui.good(&format!("Applied to {}.", files.join(", ")));
    } else {
        ui.note("Nothing was written.");
    }
    if let Some(commits) = commits.as_mut().filter(|_| args.yes) {
        commits.commit(repository, &plan, &proof, ui)?;
    }
    Ok(u8::from(args.exit_code))
}

/// A phase by number or id.
pub fn find<'p>(phases: &'p [Phase], wanted: &str) -> Result<&'p Phase, Fail> {
    let found = phases.iter().find(|phase| phase.id == wanted || Some(phase.number) == wanted.parse().ok());
    found.ok_or_else(|| {
        let known: Vec<String> = phases.iter().map(|phase| format!("{} {}", phase.number, phase.id)).collect();
        let near = match wanted.parse::<u32>() {
            Ok(_) => String::new(),
            Err(_) => nearest(wanted, phases.iter().map(|phase| phase.id.as_str())),
        };
        Fail::input(format!("there is no phase `{wanted}`{near}"), format!("the phases are {}", known.join(", ")))
    })
}

fn in_order(scene: &Scene<'_>, phases: &[Phase], wanted: &Phase, args: &PhaseArgs) -> Result<(), Fail> {
    if args.out_of_order {
        return Ok(());
    }
    let earlier = phases.iter().filter(|phase| phase.number < wanted.number);
    let pending = earlier.map(|phase| Plan::new(scene, phase)).find(|plan| state(plan) == State::Pending);
    match pending {
        Some(plan) => Err(Fail::refused(
            format!(
                "phase {} ({}) is pending and comes before phase {}",
                plan.phase.number, plan.phase.title, wanted.number
            ),
            format!("run `ci-migrate phase {}` first, or say --out-of-order", plan.phase.number),
        )),
        None => Ok(()),
    }
}

fn nothing_to_do(state: State) -> &'static str {
    match state {
        State::Empty => "Nothing to do: no job plays this part.",
        State::Blocked => "Nothing more to do: the jobs above were left alone.",
        _ => "Nothing to do: this phase is done.",
    }
}

/// The answer for programs.
pub fn answer<'a>(plan: &'a Plan, proof: Option<&Proof>, diff: &'a str, applied: bool) -> Answer<'a> {
    Answer {
        version: 1,
        phase: plan.phase.number,
        id: &plan.phase.id,
        title: &plan.phase.title,
        state: state(plan),
        changed: plan.changed.iter().map(|job| Changed { job: &job.job, transforms: &job.transforms }).collect(),
        left: plan.left.iter().map(|left| Untouched { job: &left.job, reasons: &left.reasons }).collect(),
        proof: proof.map(|proof| ProofAnswer {
            jobs: proof.jobs,
            same: proof.same,
            differ: proof.differ.len(),
            summary: proof.summary(),
            lost_comments: proof.lost_comments.iter().map(|(_, comment)| comment.clone()).collect(),
        }),
        diff,
        applied,
    }
}
