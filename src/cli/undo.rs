//! `ci-migrate undo`: takes back what was applied last.

use clap::Args;
use serde_json::{Value, json};

use super::fail::{self, Fail};
use super::repository::say_settled;
use super::ui::Ui;
use super::{Done, Global, show};
use crate::apply::{Entry, Folder, Journal, WriteError};
use crate::report::{Table, coloured, unified};

#[derive(Args)]
pub struct UndoArgs {
    /// Show what would be taken back; write nothing
    #[arg(long)]
    dry_run: bool,
    /// Take it back without asking
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// List what can be taken back, the last one first, and where it is kept
    #[arg(long, conflicts_with_all = ["dry_run", "yes"])]
    list: bool,
    /// Drop the last entry and leave the files as they are
    #[arg(long, conflicts_with_all = ["dry_run", "yes", "list"])]
    forget: bool,
}

pub fn run(global: &Global, args: &UndoArgs, ui: &mut Ui) -> Done {
    // Neither settings nor a pipeline that can be read are wanted to go back.
    let directory = &global.directory;
    let folder = Folder::open(directory).map_err(|error| fail::unreadable(&directory.to_string_lossy(), &error))?;
    let journal = Journal::of(&folder)?;
    if args.list {
        return list(&journal, ui);
    }
    if args.forget {
        let forgotten = journal.forget()?;
        if ui.is_json() {
            ui.json(&json!({ "version": 1, "forgotten": forgotten.as_ref().map(summary) }))?;
        }
        match forgotten {
            Some(entry) => ui.note(&format!("Forgotten: {}. The files are as they were.", name(&entry))),
            None => ui.note("There is nothing to forget."),
        }
        return Ok(0);
    }
    if args.yes || !args.dry_run && ui.can_ask() {
        match journal.settle() {
            Ok(Some(settled)) => {
                say_settled(&settled, ui);
                if ui.is_json() {
                    ui.json(&json!({ "version": 1, "undo": summary(&settled.entry), "diff": "", "applied": true }))?;
                }
                return Ok(0);
            }
            // What was changed since is shown below.
            Err(WriteError::CutOff { .. }) => {}
            settled => drop(settled?),
        }
    }
    match journal.last()? {
        Some(entry) => take_back(&journal, &entry, args, ui),
        None => {
            if ui.is_json() {
                ui.json(&json!({ "version": 1, "undo": null, "diff": "", "applied": false }))?;
            }
            ui.good(&format!("Nothing to undo. (The journal is {}.)", journal.place().display()));
            Ok(0)
        }
    }
}

fn take_back(journal: &Journal, entry: &Entry, args: &UndoArgs, ui: &mut Ui) -> Done {
    let mut back = String::new();
    let mut since = String::new();
    for saved in &entry.files {
        let now = journal.now(saved)?;
        let of = |before: &Option<String>, after: &Option<String>| {
            unified(&saved.path, before.as_deref(), after.as_deref(), &|_| None)
        };
        back.push_str(&of(&now, &saved.before));
        if now != saved.after && now != saved.before {
            since.push_str(&of(&saved.after, &now));
        }
    }
    if !since.is_empty() {
        ui.title("Changed since it was written:");
        ui.aside(&if ui.spoken_colours() { coloured(&since) } else { since });
        return Err(Fail::refused(
            format!("{} cannot be taken back: its files were changed since", name(entry)),
            "nothing was written; take those changes back first, or keep the files and say `ci-migrate undo --forget`",
        ));
    }
    if !args.dry_run && !args.yes && !ui.can_ask() {
        return Err(Fail::no_terminal("to see what would be taken back", "to take it back without a question"));
    }
    if !ui.is_json() {
        ui.title(&format!("Undo {}", name(entry)));
        show::answer_diff(ui, &back)?;
    }
    let applied =
        args.yes || !args.dry_run && (back.is_empty() || ui.confirm(&format!("Take {} back?", name(entry)))?);
    if applied {
        journal.undo(entry)?;
    }
    if ui.is_json() {
        ui.json(&json!({ "version": 1, "undo": summary(entry), "diff": back, "applied": applied }))?;
    }
    let files: Vec<&str> = entry.files.iter().map(|saved| saved.path.as_str()).collect();
    match (applied, &entry.commit) {
        (false, _) => ui.note("Nothing was written."),
        (true, _) if back.is_empty() => ui.good("The files were as before already; the entry is dropped."),
        (true, None) => ui.good(&format!("Taken back: {}.", files.join(", "))),
        (true, Some(commit)) => {
            ui.good(&format!("Taken back: {}.", files.join(", ")));
            ui.note(&format!(
                "Commit {commit} stays in git's history: commit the files as they are now, if that is meant."
            ));
        }
    }
    Ok(0)
}

fn list(journal: &Journal, ui: &mut Ui) -> Done {
    let mut entries = journal.entries()?;
    entries.reverse();
    if ui.is_json() {
        let entries: Vec<Value> = entries.iter().map(summary).collect();
        ui.json(&json!({ "version": 1, "journal": journal.place(), "entries": entries }))?;
        return Ok(0);
    }
    let mut table = Table::new(["PHASE", "TITLE", "JOBS", "FILES", "COMMIT"]);
    for entry in &entries {
        let files: Vec<&str> = entry.files.iter().map(|saved| saved.path.as_str()).collect();
        let (phase, jobs) = (entry.phase.to_string(), entry.jobs.len().to_string());
        table.row([&*phase, &entry.title, &jobs, &files.join(", "), entry.commit.as_deref().unwrap_or("-")]);
    }
    if entries.is_empty() {
        ui.note("Nothing to undo.");
    } else {
        let width = ui.answer_width();
        ui.answer(&table.render(width))?;
        ui.finish()?;
    }
    ui.quiet(&format!("The journal is {}.", journal.place().display()));
    Ok(0)
}

fn name(entry: &Entry) -> String {
    format!("phase {} ({})", entry.phase, entry.title)
}

fn summary(entry: &Entry) -> Value {
    let files: Vec<&str> = entry.files.iter().map(|saved| saved.path.as_str()).collect();
    json!({ "track": entry.track, "phase": entry.phase, "id": entry.id, "title": entry.title, "jobs": entry.jobs,
            "proof": entry.proof, "commit": entry.commit, "files": files })
}
