//! `ci-migrate undo`: takes back what was applied last.

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::fail::{self, Fail};
use super::repository::say_settled;
use super::ui::Ui;
use super::{Done, Global, show};
use crate::apply::{Entry, Folder, Journal, KEPT, WriteError};
use crate::report::{Table, coloured, unified};
use crate::review::page;

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

/// The answer of `undo`: what it took back, or would; its JSON is version 1.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Undo")]
pub struct Answer<'a> {
    version: u32,
    /// Null where there is nothing to undo.
    undo: Option<Summary<'a>>,
    diff: &'a str,
    applied: bool,
}

/// The answer of `undo --list`; its JSON is version 1.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Undo list")]
pub struct List<'a> {
    version: u32,
    /// The folder that the entries are in.
    journal: String,
    /// How many entries it keeps.
    keeps: usize,
    /// The last one first.
    entries: Vec<Summary<'a>>,
}

/// The answer of `undo --forget`; its JSON is version 1.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Undo forget")]
pub struct Forgotten<'a> {
    version: u32,
    /// Null where there was nothing to forget.
    forgotten: Option<Summary<'a>>,
}

/// A phase that was applied.
#[derive(Serialize, JsonSchema)]
struct Summary<'a> {
    track: &'a str,
    phase: u32,
    id: &'a str,
    title: &'a str,
    jobs: &'a [String],
    /// What was proved, in words.
    proof: &'a str,
    /// The git commit that holds it, if one was asked for.
    commit: Option<&'a str>,
    files: Vec<&'a str>,
}

pub fn run(global: &Global, args: &UndoArgs, ui: &mut Ui) -> Done {
    // Neither settings nor a pipeline that can be read are wanted to go back.
    let directory = &global.directory;
    let folder = Folder::open(directory).map_err(|error| fail::no_folder(directory, &error))?;
    let journal = Journal::of(&folder)?;
    if args.list {
        return list(&journal, ui);
    }
    if args.forget {
        let forgotten = journal.forget()?;
        if ui.is_json() {
            ui.json(&Forgotten { version: 1, forgotten: forgotten.as_ref().map(summary) })?;
        }
        match forgotten {
            Some(entry) => ui.note(&format!("Forgotten: {}. The files are as they were.", name(&entry))),
            None => ui.note("There is nothing to forget."),
        }
        return Ok(0);
    }
    if args.yes || !args.dry_run && ui.can_ask() && !ui.is_json() {
        match journal.settle() {
            Ok(Some(settled)) => {
                say_settled(&settled, ui);
                if ui.is_json() {
                    ui.json(&Answer { version: 1, undo: Some(summary(&settled.entry)), diff: "", applied: true })?;
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
                ui.json(&Answer { version: 1, undo: None, diff: "", applied: false })?;
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
    let asks = !args.dry_run && !args.yes;
    if asks && (ui.is_json() || !ui.can_ask()) {
        return Err(Fail::no_terminal(ui, "to see what would be taken back", "to take it back without a question"));
    }
    if !ui.is_json() {
        ui.title(&format!("Undo {}", name(entry)));
        if asks { page("", &back, ui.colours())? } else { show::answer_diff(ui, &back)? }
    }
    let applied = args.yes || asks && (back.is_empty() || ui.confirm(&format!("Take {} back?", name(entry)))?);
    if applied {
        journal.undo(entry)?;
    }
    if ui.is_json() {
        ui.json(&Answer { version: 1, undo: Some(summary(entry)), diff: &back, applied })?;
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
        let (journal, entries) = (journal.place().display().to_string(), entries.iter().map(summary).collect());
        ui.json(&List { version: 1, journal, keeps: KEPT, entries })?;
        return Ok(0);
    }
    let mut table = Table::new(["PHASE", "TITLE", "JOBS", "FILES", "COMMIT"]);
    for entry in &entries {
        let files: Vec<&str> = entry.files.iter().map(|saved| saved.path.as_str()).collect();
        let (phase, jobs) = (entry.deed.phase.to_string(), entry.deed.jobs.len().to_string());
        table.row([&*phase, &entry.deed.title, &jobs, &files.join(", "), entry.commit.as_deref().unwrap_or("-")]);
    }
    if entries.is_empty() {
        ui.note("Nothing to undo.");
    } else {
        let width = ui.answer_width();
        ui.answer(&table.render(width))?;
        ui.finish()?;
    }
    ui.quiet(&format!("The journal is {}; it keeps the last {KEPT} phases.", journal.place().display()));
    Ok(0)
}

fn name(entry: &Entry) -> String {
    format!("phase {} ({})", entry.deed.phase, entry.deed.title)
}

fn summary(entry: &Entry) -> Summary<'_> {
    Summary {
        track: &entry.deed.track,
        phase: entry.deed.phase,
        id: &entry.deed.id,
        title: &entry.deed.title,
        jobs: &entry.deed.jobs,
        proof: &entry.deed.proof,
        commit: entry.commit.as_deref(),
        files: entry.files.iter().map(|saved| saved.path.as_str()).collect(),
    }
}
