//! `rollout status`, `rollout undo` and `rollout merge`: what is done with a rollout that there is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::args::{MergeArgs, StatusArgs, UndoArgs};
use super::{Done, Fail, Ui, begin, show};
use crate::report::Table;
use crate::rollout::{
    History, Hosts, Journal, Net, Outcome, Past, Plan, Report, Rows, Shard, Stage, Step, TakenBack, Target, home,
    take_back,
};

pub fn status(args: &StatusArgs, ui: &mut Ui) -> Done {
    show::check(&args.report, &[])?;
    let state = find(args.state.as_deref())?;
    let (plan, history) = read(&state)?;
    let shard = history.shard.as_deref().and_then(Shard::parse);
    let report = report(&plan, vec![(shard, history)])?;
    show::answer(&report, ui)?;
    show::write(&report, &args.report)?;
    ui.quiet(&format!("The state of this rollout is in {}.", state.display()));
    Ok(if report.is_good() { 0 } else { 4 })
}

pub fn merge(args: &MergeArgs, ui: &mut Ui) -> Done {
    show::check(&args.report, &[])?;
    let refused = |message: String| Err(Fail::refused(message, "merge every shard of one rollout, each once"));
    let mut plan: Option<Plan> = None;
    let mut seen = BTreeSet::new();
    let mut parts = Vec::new();
    for state in &args.states {
        let (own, history) = read(state)?;
        let place = state.display();
        if plan.as_ref().is_some_and(|plan| plan.id != own.id) {
            return refused(format!("{place} is of another plan"));
        }
        plan.get_or_insert(own);
        let Some(shard) = history.shard.as_deref().and_then(Shard::parse) else {
            return refused(format!("{place} is no shard"));
        };
        let count = parts.first().map_or(shard.count, |(first, _): &(Option<Shard>, History)| {
            first.map_or(shard.count, |first| first.count)
        });
        if shard.count != count {
            return refused(format!("{place} is shard {shard}, and others are of {count}"));
        }
        if !seen.insert(shard.index) {
            return refused(format!("shard {shard} is there twice"));
        }
        parts.push((Some(shard), history));
    }
    let Some(plan) = plan else { return refused("there is no shard".to_owned()) };
    let count = parts.first().and_then(|(shard, _)| *shard).map_or(0, |shard| shard.count);
    if let Some(missing) = (1..=count).find(|index| !seen.contains(index)) {
        return refused(format!("shard {missing}/{count} is missing"));
    }
    let report = report(&plan, parts)?;
    show::answer(&report, ui)?;
    show::write(&report, &args.report)?;
    Ok(if report.is_good() { 0 } else { 4 })
}

/// What `rollout undo` did, or would do; its JSON is version 1.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Rollout undo")]
pub struct Undone {
    version: u32,
    plan: String,
    branch: String,
    repositories: Vec<UndoneRow>,
}

#[derive(Serialize, JsonSchema)]
struct UndoneRow {
    repository: String,
    commit: String,
    /// `made` (it is there as we made it, for all that is known), `meant` (it was to be pushed, and may be there), `deleted`, `restored`,
    /// `gone`, or an outcome.
    result: String,
    message: String,
}

pub fn undo(args: &UndoArgs, ui: &mut Ui) -> Done {
    let state = find(args.state.as_deref())?;
    let (plan, history) = read(&state)?;
    if !args.dry_run && !args.yes && !ui.can_ask() {
        return Err(Fail::no_terminal(ui, "to see which branches would go", "to delete them without a question"));
    }
    let shard = history.shard.as_deref().and_then(Shard::parse);
    let pasts = history.repositories.into_iter();
    let made: Vec<Branch> = pasts.filter_map(|(id, past)| Branch::of(id, past)).collect();
    let row = |branch: &Branch, result: &str, message: String| UndoneRow {
        repository: branch.id.clone(),
        commit: branch.commit().to_owned(),
        result: result.to_owned(),
        message,
    };
    let mut rows: Vec<UndoneRow> = made.iter().map(|made| row(made, made.state(), String::new())).collect();
    let question = format!("Delete the branch {} in {} repositories?", plan.branch, made.len());
    let go = !args.dry_run
        && !made.is_empty()
        && (args.yes || {
            show_undone(&rows, ui)?;
            ui.confirm(&question)?
        });
    if go {
        let (journal, _) = begin::journal(&state, &plan, shard)?;
        let net = Net::new(Duration::from_secs(300));
        let hosts = Hosts::default();
        rows = made
            .iter()
            .map(|made| {
                let (result, message) = one_back(&plan, made, &journal, &net, &hosts);
                row(made, &result, message)
            })
            .collect();
    }
    if ui.is_json() {
        let (plan, branch) = (plan.id.clone(), plan.branch.clone());
        ui.json(&Undone { version: 1, plan, branch, repositories: rows })?;
        return Ok(0);
    }
    show_undone(&rows, ui)?;
    match () {
        () if made.is_empty() => ui.good("Nothing to undo: no branch was made."),
        () if !go => ui.note("Nothing was deleted."),
        () => ui.note("Merge requests of deleted branches are closed by GitLab, or by hand."),
    }
    let is_bad = |row: &UndoneRow| !["made", "meant", "deleted", "restored", "gone"].contains(&row.result.as_str());
    Ok(if rows.iter().any(is_bad) { 4 } else { 0 })
}

/// A branch that was made, or may have been: a push of which nobody heard the end is known by its intent.
struct Branch {
    id: String,
    past: Past,
}

impl Branch {
    fn of(id: String, past: Past) -> Option<Branch> {
        (past.pushed.is_some() || !past.intents.is_empty()).then_some(Branch { id, past })
    }

    fn commit(&self) -> &str {
        self.past.pushed.as_ref().or(self.past.intents.last()).map_or("", String::as_str)
    }

    fn state(&self) -> &'static str {
        if self.past.pushed.is_some() { "made" } else { "meant" }
    }
}

fn one_back(plan: &Plan, made: &Branch, journal: &Journal, net: &Net, hosts: &Hosts) -> (String, String) {
    let Branch { id, past } = made;
    let word = |outcome: Outcome| outcome.word().to_owned();
    let entry = plan.repositories.iter().find(|entry| entry.id == *id);
    let Some(target) = entry.and_then(|entry| Target::new(&entry.address).ok()) else {
        return (word(Outcome::Failed), "the plan does not have it".to_owned());
    };
    let host = target.host.as_deref();
    let taken = hosts.enter(host).and_then(|()| {
        let taken = take_back(&target, &plan.branch, past, net);
        hosts.leave(host, &taken);
        taken
    });
    match taken {
        Err(fault) => (word(fault.outcome), fault.message),
        Ok(taken) => {
            let result = match taken {
                TakenBack::Gone => "gone",
                TakenBack::Deleted => "deleted",
                TakenBack::Restored => "restored",
            };
            let step = Step::Undone { repository: id.clone(), commit: made.commit().to_owned() };
            match journal.add(&step) {
                Err(error) => {
                    (word(Outcome::Failed), format!("{result}, and the journal cannot be written: {}", error.kind()))
                }
                Ok(()) => (result.to_owned(), String::new()),
            }
        }
    }
}

fn show_undone(rows: &[UndoneRow], ui: &mut Ui) -> Result<(), Fail> {
    if ui.is_json() || rows.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(["REPOSITORY", "COMMIT", "RESULT", "MESSAGE"]);
    for row in rows {
        let commit: String = row.commit.chars().take(12).collect();
        table.row([row.repository.as_str(), &commit, &row.result, &row.message]);
    }
    let width = ui.answer_width();
    ui.answer(&table.render(width))?;
    ui.finish()
}

fn report(plan: &Plan, parts: Vec<(Option<Shard>, History)>) -> Result<Report, Fail> {
    let (mut rows, mut waiting) = (Rows::new().map_err(show::lost)?, Vec::new());
    for (shard, history) in parts {
        for entry in plan.repositories.iter().filter(|entry| shard.is_none_or(|shard| shard.holds(&entry.id))) {
            let past = history.repositories.get(&entry.id);
            match past.map(|past| history.row(past)).transpose().map_err(show::lost)?.flatten() {
                Some(row) => rows.push(&row).map_err(show::lost)?,
                None => waiting.push(entry.id.clone()),
            }
        }
    }
    Ok(Report::new(plan, Stage::Done, rows, waiting))
}

fn read(state: &Path) -> Result<(Plan, History), Fail> {
    let failed = |error: std::io::Error| {
        let message = format!("there is no rollout in {}: {error}", state.display());
        Fail::input(message, "name the folder of a rollout, as --state had it")
    };
    let plan = Plan::read(state).map_err(failed)?;
    let history = History::read(state).map_err(failed)?;
    Ok((plan, history))
}

/// The folder that was named, or that of the newest plan.
fn find(state: Option<&Path>) -> Result<PathBuf, Fail> {
    if let Some(state) = state {
        return Ok(state.to_path_buf());
    }
    let entries = home().and_then(|home| std::fs::read_dir(home).ok());
    let folders = entries.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let plans = folders.filter_map(|folder| Some((Plan::read(&folder).ok()?.date, folder)));
    let newest = plans.max();
    newest
        .map(|(_, folder)| folder)
        .ok_or_else(|| Fail::input("there is no rollout yet", "name its folder with --state"))
}
