//! How the report of a rollout is shown and written.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::super::Ui;
use super::super::fail::Fail;
use crate::apply::words;
use crate::rollout::{Outcome, Report, Stage, csv, html, markdown, table};

/// Answers with a report, and says what to do about what is not done.
pub fn answer(report: &Report, ui: &mut Ui) -> Result<(), Fail> {
    if ui.is_json() {
        return ui.json(report);
    }
    let width = ui.answer_width();
    ui.answer(&table(report).map_err(lost)?.render(width))?;
    ui.finish()?;
    for row in report.repositories.iter() {
        let row = row.map_err(lost)?;
        for (job, warning) in row.warned() {
            ui.odd(&format!("{}: {job}: {warning}", row.repository));
        }
        if row.message.is_empty() {
            continue;
        }
        let line = format!("{}: {}", row.repository, row.message);
        if row.outcome().is_good() { ui.note(&line) } else { ui.odd(&line) }
    }
    for outcome in report.outcomes.iter().filter(|outcome| !outcome.outcome.is_good()) {
        ui.note(&format!("{}: {}; {}.", outcome.outcome.word(), outcome.meaning, outcome.remedy));
    }
    let of = |outcome| report.outcomes.iter().find(|o| o.outcome == outcome).map_or(0, |o| o.repositories);
    let changed = of(Outcome::Migrated) + of(Outcome::Partly);
    let word = if report.stage == Stage::Planned { "would be changed" } else { "are done" };
    let nothing = of(Outcome::NothingToDo);
    let others = report.totals.repositories - changed - nothing;
    let line = format!(
        "{} repositories: {changed} {word}, {nothing} have nothing to do, {others} are not done.",
        report.totals.repositories
    );
    if report.is_good() {
        ui.good(&line)
    } else {
        ui.odd(&line)
    }
    Ok(())
}

/// Refuses names of which the form of a report cannot be told, and those of files that could not be written, before anything is done. Folders that
/// will be made meanwhile may be missing.
pub fn check(files: &[PathBuf], made: &[&PathBuf]) -> Result<(), Fail> {
    let is_made = |folder: &Path| {
        let whole = |path: &Path| std::path::absolute(path).ok();
        whole(folder)
            .is_some_and(|folder| made.iter().any(|made| whole(made).is_some_and(|made| made.starts_with(&folder))))
    };
    for file in files {
        let name = file.display();
        if !["html", "md", "csv", "json"].contains(&extension(file)) {
            return Err(Fail::input(
                format!("the name `{name}` does not tell the form of the report"),
                "name it .html, .md, .csv or .json",
            ));
        }
        if file.is_dir() {
            return Err(Fail::input(format!("{name} is a folder"), "name a file for the report"));
        }
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir() && !is_made(folder)) {
            let message = format!("{name}: there is no folder {}", folder.display());
            return Err(Fail::input(message, "make the folder, or name another file for the report"));
        }
    }
    Ok(())
}

/// Writes a report to files, each in the form that its name tells.
pub fn write(report: &Report, files: &[PathBuf]) -> Result<(), Fail> {
    for file in files {
        write_one(report, file).map_err(|error| {
            Fail::input(format!("{}: {}", file.display(), words(&error)), "name a file that may be written")
        })?;
    }
    Ok(())
}

fn write_one(report: &Report, file: &Path) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    match extension(file) {
        "html" => html(report, &mut out)?,
        "csv" => out.write_all(csv(report)?.as_bytes())?,
        "md" => out.write_all(markdown(report)?.as_bytes())?,
        _ => {
            serde_json::to_writer_pretty(&mut out, report)?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()
}

/// Writes the patches and all forms of the report into a folder, in place of those of an earlier run.
pub fn write_all(report: &Report, folder: &Path) -> Result<(), Fail> {
    let failed = |error: io::Error| {
        Fail::input(format!("{}: {}", folder.display(), words(&error)), "name a folder that may be written")
    };
    let patches = folder.join("patches");
    std::fs::create_dir_all(&patches).map_err(failed)?;
    remove_ours(&patches).map_err(failed)?;
    for (number, row) in report.repositories.iter().enumerate() {
        let row = row.map_err(lost)?;
        if row.diff.is_empty() {
            continue;
        }
        let plain = |letter: char| if letter.is_ascii_alphanumeric() || "-.".contains(letter) { letter } else { '_' };
        let name: String = row.repository.chars().rev().take(80).map(plain).collect();
        let name: String = name.chars().rev().collect();
        let name = format!("{:04}-{}.patch", number + 1, name.trim_matches(['_', '.']));
        std::fs::write(patches.join(name), &row.diff).map_err(failed)?;
    }
    write(report, &["report.html", "report.md", "report.csv", "report.json"].map(|name| folder.join(name)))
}

/// Removes the patches that an earlier run wrote; what has another name is somebody's own.
fn remove_ours(patches: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(patches)? {
        let entry = entry?;
        let name = entry.file_name();
        let number =
            name.to_str().and_then(|name| name.strip_suffix(".patch")?.split_once('-')).map(|(number, _)| number);
        let is_ours = |number: &str| number.len() >= 4 && number.bytes().all(|digit| digit.is_ascii_digit());
        if number.is_some_and(is_ours) && entry.file_type()?.is_file() {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The rows of a report, which are kept in a temporary file, cannot be had.
pub fn lost(error: io::Error) -> Fail {
    Fail::input(unkept(&error), "have TMPDIR name a folder with room")
}

/// The same in the middle of a rollout, whose pushes are all in its journal.
pub fn lost_midway(error: io::Error) -> Fail {
    Fail::input(
        unkept(&error),
        "have TMPDIR name a folder with room; `ci-migrate rollout status` shows what was pushed",
    )
}

fn unkept(error: &io::Error) -> String {
    format!("the report cannot be kept in a temporary file: {}", words(error))
}

fn extension(file: &Path) -> &str {
    file.extension().and_then(OsStr::to_str).unwrap_or_default()
}
