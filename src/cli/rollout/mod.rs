//! `ci-migrate rollout`: the same over many repositories.

mod args;
mod begin;
mod groups;
mod in_place;
mod later;
mod progress;
mod show;

use std::io;
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
    History, Hosts, Journal, Looked, MergeRequest, Net, Outcome, Pace, Past, Plan, Report, Row, Rows, Rules, Shard,
    Stage, Step, Way, Work,
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
    show::check(&args.report, &args.dry_run.iter().chain(&args.state).collect::<Vec<_>>())?;
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
    let hosts = Hosts::default();
    let mut rows = Rows::new().map_err(show::lost)?;
    let mut seen = vec![false; works.len()];
    let one = |work: &Work| match pace.look(&rules, &hosts, work) {
        // A commit that is not made has no id yet: its date will be that of the rollout.
        Looked::Ready(ready) => Row { commit: None, ..ready.row },
        Looked::Settled(row) => *row,
    };
    each(&Pace { wave: None, ..*pace }, &works, "plan", ui, one, |number, row| {
        keep(&mut rows, &mut seen, number, &row).map_err(show::lost)
    })?;
    let waiting = works.iter().zip(seen).filter(|(_, seen)| !seen).map(|(work, _)| work.target.id.clone()).collect();
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
    let (journal, mut history) = begin::journal(&state, &plan, shard)?;
    let (works, rest) = select(works, &mut history, args);
    let rules = rules(args, &plan, &phases, net);
    let request = request(args, &plan);
    let hosts = Hosts::default();
    let way = Way { journal: &journal, hosts: &hosts, request: request.as_ref(), branch: &plan.branch };
    let mut rows = Rows::new().map_err(show::lost)?;
    let mut done = vec![false; works.len()];
    if args.yes {
        let one = |work: &Work| pace.carry_out(&way, work, &pace.look(&rules, &hosts, work));
        each(pace, &works, "rollout", ui, one, |number, row| {
            keep(&mut rows, &mut done, number, &row).map_err(show::lost_midway)
        })?;
    } else {
        let Some(looked) = look_and_ask(&rules, pace, &works, ui)? else { return Ok(None) };
        let one = |(_, work, looked): &Found<'_>| pace.carry_out(&way, work, looked);
        each(pace, &looked, "push", ui, one, |at, row| {
            keep(&mut rows, &mut done, looked.get(at).map_or(at, |(number, ..)| *number), &row)
                .map_err(show::lost_midway)
        })?;
    }
    let mut waiting = Vec::new();
    let left = works.into_iter().zip(done).filter(|(_, done)| !done).map(|(work, _)| work);
    for work in left.chain(rest) {
        match history.row(&work.past).map_err(show::lost_midway)? {
            Some(row) => rows.push(&row).map_err(show::lost_midway)?,
            None => waiting.push(work.target.id),
        }
    }
    ui.quiet(&format!("The state of this rollout is in {}.", state.display()));
    Ok(Some(Report::new(&plan, Stage::Done, rows, waiting)))
}

/// A repository that was looked at, with its number.
type Found<'w> = (usize, &'w Work, Looked);

/// Looks at every repository and shows what would be done, which is held until the question is answered. None when that is no.
fn look_and_ask<'w>(
    rules: &Rules<'_>,
    pace: &Pace<'_>,
    works: &'w [Work],
    ui: &mut Ui,
) -> Result<Option<Vec<Found<'w>>>, Fail> {
    let hosts = Hosts::default();
    let mut rows = Rows::new().map_err(show::lost)?;
    let mut found: Vec<Option<Looked>> = works.iter().map(|_| None).collect();
    let one = |work: &Work| pace.look(rules, &hosts, work);
    each(&Pace { wave: None, failures: None, ..*pace }, works, "plan", ui, one, |number, looked| {
        rows.push(looked.as_ref()).map_err(show::lost)?;
        if let Some(place) = found.get_mut(number) {
            *place = Some(looked);
        }
        Ok(())
    })?;
    show::answer(&Report::new(rules.plan, Stage::Planned, rows, Vec::new()), ui)?;
    let ready = found.iter().flatten().filter(|looked| matches!(looked, Looked::Ready(_))).count();
    let question = format!("Push the branch {} to {ready} repositories?", rules.plan.branch);
    interrupt::no_longer_gently();
    if pace.stop.load(Ordering::SeqCst) || ready > 0 && !ui.confirm(&question)? {
        ui.note("Nothing was written.");
        return Ok(None);
    }
    interrupt::gently();
    let found = works.iter().enumerate().zip(found);
    Ok(Some(found.filter_map(|((number, work), looked)| Some((number, work, looked?))).collect()))
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

/// Does something with each item, several at once, and takes what comes of it as it comes, with the number of the item.
fn each<T: Sync, R: AsRef<Row> + Send>(
    pace: &Pace<'_>,
    items: &[T],
    what: &'static str,
    ui: &Ui,
    one: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(usize, R) -> Result<(), Fail>,
) -> Result<(), Fail> {
    let mut progress = Progress::new(items.len(), what, ui);
    let mut taken = Ok(());
    let (done, ready) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let one = |item: &T| {
                let result = one(item);
                (result.as_ref().outcome().is_good(), result)
            };
            pace.each(items, &{ done }, one);
        });
        for (number, result) in ready {
            progress.step(result.as_ref(), ui);
            // What is under way goes on to its end, and into the journal.
            taken = std::mem::replace(&mut taken, Ok(())).and_then(|()| take(number, result));
        }
    });
    progress.end();
    taken
}

fn keep(rows: &mut Rows, seen: &mut [bool], number: usize, row: &Row) -> io::Result<()> {
    if let Some(seen) = seen.get_mut(number) {
        *seen = true;
    }
    rows.push(row)
}

/// Those that are to be taken up now, and the rest, which stay as they are.
fn select(works: Vec<Work>, history: &mut History, args: &Go) -> (Vec<Work>, Vec<Work>) {
    let with_past = works.into_iter().map(|work| {
        let past = history.repositories.remove(&work.target.id).unwrap_or_default();
        Work { past, ..work }
    });
    let wanted = |past: &Past| {
        let outcome = past.outcome;
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
