//! `ci-migrate rollout`: the same over many repositories.

mod args;
mod begin;
mod groups;
mod in_place;
mod later;
mod progress;
mod show;

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc;

use args::{Go, Later, OnConflict, Only};
pub use args::{HELP, RolloutArgs};
use begin::Begun;
pub use groups::Listed;
pub use later::Undone;
use progress::Progress;

use super::fail::Fail;
use super::ui::Ui;
use super::{Done, Global, interrupt};
use crate::migration::Phase;
use crate::rollout::{
    History, Hosts, Journal, Looked, MergeRequest, Net, Outcome, Pace, Past, Plan, Report, Row, Rules, Shard, Stage,
    Step, Way, Work,
};

pub fn run(global: &Global, args: &RolloutArgs, ui: &mut Ui) -> Done {
    match &args.command {
        Some(Later::Status(args)) => later::status(args, ui),
        Some(Later::Undo(args)) => later::undo(args, ui),
        Some(Later::Merge(args)) => later::merge(args, ui),
        Some(Later::List(args)) => groups::list(args, ui),
        None => go(global, &args.go, ui),
    }
}

fn go(global: &Global, args: &Go, ui: &mut Ui) -> Done {
    show::check(&args.report)?;
    let begun = begin::begin(global, args, ui)?;
    if args.in_place {
        return in_place::run(args, begun, ui);
    }
    let net = Net::new(args.deadline);
    let stop = interrupt::gently();
    let pace = Pace {
        jobs: args.jobs,
        wave: args.wave.zip(args.pause),
        failures: args.stop_after_failures,
        retries: args.retries,
        stop,
    };
    let report = match &args.dry_run {
        Some(folder) => dry_run(args, begun, &net, &pace, folder, ui)?,
        None => match rollout(args, begun, &net, &pace, ui)? {
            Some(report) => report,
            None => return Ok(if stop.load(Ordering::SeqCst) { 130 } else { 0 }),
        },
    };
    show::answer(&report, ui)?;
    show::write(&report, &args.report)?;
    if stop.load(Ordering::SeqCst) {
        ui.odd("Interrupted. The same command goes on where this one stopped.");
        ui.finish()?;
        return Ok(130);
    }
    Ok(if report.is_good() { 0 } else { 4 })
}

/// Looks at every repository, and writes down what would be done.
fn dry_run(args: &Go, begun: Begun, net: &Net, pace: &Pace<'_>, folder: &Path, ui: &mut Ui) -> Result<Report, Fail> {
    let Begun { plan, phases, works, .. } = begun;
    let rules = rules(args, &plan, &phases, net);
    let looked = look(&rules, &Pace { wave: None, ..*pace }, &works, ui);
    let (rows, waiting) = rows(&works, looked);
    let report = Report::new(&plan, Stage::Planned, rows, waiting);
    show::write_all(&report, folder)?;
    ui.note(&format!("Written to {}. Nothing else was written.", folder.display()));
    Ok(report)
}

/// All of it. None when the question was answered with no.
fn rollout(args: &Go, begun: Begun, net: &Net, pace: &Pace<'_>, ui: &mut Ui) -> Result<Option<Report>, Fail> {
    let Begun { plan, phases, works, shard } = begun;
    if !args.yes && (ui.is_json() || !ui.can_ask()) {
        return Err(Fail::no_terminal(ui, "DIR to see what would be done", "to push it without a question"));
    }
    let state = begin::state(args, &plan)?;
    let plan = begin::keep(plan, &state)?;
    let (journal, history) = begin::journal(&state, &plan, shard)?;
    let (works, rest) = select(works, history, args);
    let rules = rules(args, &plan, &phases, net);
    let request = request(args, &plan);
    let hosts = Hosts::default();
    let way = Way { journal: &journal, hosts: &hosts, request: request.as_ref(), branch: &plan.branch };
    let mut done: Vec<Option<Row>> = works.iter().map(|_| None).collect();
    if args.yes {
        let mut progress = Progress::new(works.len(), "rollout", ui);
        run_each(pace, &works, &mut done, &mut progress, ui, |work| {
            pace.carry_out(&way, work, &pace.look(&rules, &hosts, work))
        });
    } else {
        let looked = look(&rules, &Pace { wave: None, failures: None, ..*pace }, &works, ui);
        let planned = looked.iter().flatten().map(|looked| looked.row().clone()).collect();
        show::answer(&Report::new(&plan, Stage::Planned, planned, Vec::new()), ui)?;
        let ready = looked.iter().flatten().filter(|looked| matches!(looked, Looked::Ready(_))).count();
        let question = format!("Push the branch {} to {ready} repositories?", plan.branch);
        interrupt::no_longer_gently();
        if pace.stop.load(Ordering::SeqCst) || ready > 0 && !ui.confirm(&question)? {
            ui.note("Nothing was written.");
            return Ok(None);
        }
        interrupt::gently();
        let pairs: Vec<(usize, &Work, Looked)> = works
            .iter()
            .enumerate()
            .zip(looked)
            .filter_map(|((number, work), looked)| Some((number, work, looked?)))
            .collect();
        let mut rows: Vec<Option<Row>> = pairs.iter().map(|_| None).collect();
        let mut progress = Progress::new(pairs.len(), "push", ui);
        run_each(pace, &pairs, &mut rows, &mut progress, ui, |(_, work, looked)| pace.carry_out(&way, work, looked));
        for ((number, ..), row) in pairs.iter().zip(rows) {
            if let Some(place) = done.get_mut(*number) {
                *place = row;
            }
        }
    }
    let (mut rows, mut waiting) = (Vec::new(), Vec::new());
    for (work, row) in works.into_iter().zip(done) {
        match row.or(work.past.row) {
            Some(row) => rows.push(row),
            None => waiting.push(work.target.id),
        }
    }
    for work in rest {
        match work.past.row {
            Some(row) => rows.push(row),
            None => waiting.push(work.target.id),
        }
    }
    ui.quiet(&format!("The state of this rollout is in {}.", state.display()));
    Ok(Some(Report::new(&plan, Stage::Done, rows, waiting)))
}

fn rules<'a>(args: &Go, plan: &'a Plan, phases: &'a [Phase], net: &'a Net) -> Rules<'a> {
    Rules {
        plan,
        phases,
        net,
        describe: args.merge_request,
        replace: args.on_conflict == OnConflict::Replace,
        again: args.only == Some(Only::MissingMr),
    }
}

fn look(rules: &Rules<'_>, pace: &Pace<'_>, works: &[Work], ui: &Ui) -> Vec<Option<Looked>> {
    let hosts = Hosts::default();
    let mut looked: Vec<Option<Looked>> = works.iter().map(|_| None).collect();
    let mut progress = Progress::new(works.len(), "plan", ui);
    let (done, ready) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let one = |work: &Work| {
                let looked = pace.look(rules, &hosts, work);
                (looked.row().outcome().is_good(), looked)
            };
            pace.each(works, &{ done }, one);
        });
        for (number, one) in ready {
            progress.step(one.row(), ui);
            if let Some(place) = looked.get_mut(number) {
                *place = Some(one);
            }
        }
    });
    progress.end();
    looked
}

fn run_each<T: Sync>(
    pace: &Pace<'_>,
    items: &[T],
    rows: &mut [Option<Row>],
    progress: &mut Progress,
    ui: &Ui,
    one: impl Fn(&T) -> Row + Sync,
) {
    let (done, ready) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let one = |item: &T| {
                let row = one(item);
                (row.outcome().is_good(), row)
            };
            pace.each(items, &{ done }, one);
        });
        for (number, row) in ready {
            progress.step(&row, ui);
            if let Some(place) = rows.get_mut(number) {
                *place = Some(row);
            }
        }
    });
    progress.end();
}

fn rows(works: &[Work], looked: Vec<Option<Looked>>) -> (Vec<Row>, Vec<String>) {
    let (mut rows, mut waiting) = (Vec::new(), Vec::new());
    for (work, looked) in works.iter().zip(looked) {
        match looked {
            // A commit that is not made has no id yet: its date will be that of the rollout.
            Some(Looked::Ready(ready)) => rows.push(Row { commit: None, ..ready.row.clone() }),
            Some(looked) => rows.push(looked.row().clone()),
            None => waiting.push(work.target.id.clone()),
        }
    }
    (rows, waiting)
}

/// Those that are to be taken up now, and the rest, which stay as they are.
fn select(works: Vec<Work>, mut history: History, args: &Go) -> (Vec<Work>, Vec<Work>) {
    let with_past = works.into_iter().map(|work| {
        let past = history.repositories.remove(&work.target.id).unwrap_or_default();
        Work { past, ..work }
    });
    let wanted = |past: &Past| {
        let outcome = past.row.as_ref().map(Row::outcome);
        match args.only {
            None => !outcome.is_some_and(Outcome::is_good),
            Some(Only::Failed) => outcome.is_some_and(|outcome| !outcome.is_good()),
            Some(Only::Conflict) => outcome == Some(Outcome::Conflict),
            Some(Only::MissingMr) => past.pushed.is_some() && past.merge_request.is_none(),
        }
    };
    with_past.partition(|work| wanted(&work.past))
}

fn request(args: &Go, plan: &Plan) -> Option<MergeRequest> {
    args.merge_request.then(|| MergeRequest {
        title: args.title.clone().unwrap_or_else(|| match plan.phase {
            Some(phase) => format!("ci: {} migration, phase {phase}", plan.track),
            None => format!("ci: {} migration", plan.track),
        }),
        target: args.target.clone(),
        labels: args.label.clone(),
        draft: args.draft,
    })
}

/// The part of the rollout that this machine does.
fn shard(args: &Go) -> Result<Option<Shard>, Fail> {
    let Some(word) = &args.shard else { return Ok(None) };
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let found = match word.split_once('/') {
        None if word == "auto" => number("CI_NODE_INDEX")
            .zip(number("CI_NODE_TOTAL"))
            .and_then(|(index, count)| Shard::parse(&format!("{index}/{count}"))),
        Some(("auto", count)) => number("CI_NODE_INDEX")
            .or_else(|| number("JOB_COMPLETION_INDEX").and_then(|index| index.checked_add(1)))
            .and_then(|index| Shard::parse(&format!("{index}/{count}"))),
        _ => Shard::parse(word),
    };
    found.map(Some).ok_or_else(|| {
        Fail::input(
            format!("`{word}` is no part of a rollout here"),
            "say --shard 1/4; auto wants CI_NODE_INDEX and CI_NODE_TOTAL, auto/4 JOB_COMPLETION_INDEX",
        )
    })
}

/// The first line of a journal.
fn first(plan: &Plan, shard: Option<Shard>) -> Step {
    Step::Begin { plan: plan.id.clone(), shard: shard.map(|shard| shard.to_string()) }
}

type Opened = (Journal, History);
