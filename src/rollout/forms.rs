//! The report of a rollout as a table, as CSV and as Markdown.

use std::fmt::Write;
use std::io;

use super::data::{Report, Row, Stage};
use crate::report::{Table, visible};

/// A row a repository, for a terminal.
///
/// # Errors
/// As [`Rows::iter`](super::Rows::iter).
pub fn table(report: &Report) -> io::Result<Table> {
    let mut table = Table::new([
        "REPOSITORY",
        "OUTCOME",
        "PHASES",
        "MOVED",
        "SCOPED",
        "LEFT",
        "WARNINGS",
        "FINDINGS",
        "MERGE REQUEST",
    ]);
    (3..8).for_each(|column| table.right(column));
    for row in report.repositories.iter() {
        let row = row?;
        let [outcome, phases, moved, scoped, left, warnings, findings] = cells(&row);
        let request = row.merge_request.as_deref().unwrap_or("-");
        table.row([row.repository.as_str(), &outcome, &phases, &moved, &scoped, &left, &warnings, &findings, request]);
    }
    for waiting in &report.waiting {
        table.row([waiting.as_str(), "waiting", "-", "-", "-", "-", "-", "-", "-"]);
    }
    Ok(table)
}

/// A line a repository, for a spreadsheet. Source: RFC 4180; a cell that a spreadsheet would compute begins with an apostrophe.
///
/// # Errors
/// As [`Rows::iter`](super::Rows::iter).
pub fn csv(report: &Report) -> Result<String, csv::Error> {
    let mut out = csv::WriterBuilder::new().from_writer(Vec::new());
    out.write_record([
        "repository",
        "outcome",
        "phases",
        "moved",
        "scoped",
        "left",
        "findings",
        "commit",
        "merge request",
        "message",
        "warnings",
    ])?;
    for row in report.repositories.iter() {
        let row = row?;
        let [outcome, phases, moved, scoped, left, warnings, findings] = cells(&row);
        let text = |value: &Option<String>| inert(value.as_deref().unwrap_or_default());
        let (commit, request, message) = (text(&row.commit), text(&row.merge_request), inert(&row.message));
        out.write_record([
            inert(&row.repository),
            outcome,
            phases,
            moved,
            scoped,
            left,
            findings,
            commit,
            request,
            message,
            warnings,
        ])?;
    }
    for waiting in &report.waiting {
        let empty = String::new;
        out.write_record([
            inert(waiting),
            "waiting".to_owned(),
            empty(),
            empty(),
            empty(),
            empty(),
            empty(),
            empty(),
            empty(),
            empty(),
            empty(),
        ])?;
    }
    let bytes = out.into_inner().map_err(|error| csv::Error::from(std::io::Error::other(error.to_string())))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The same for a wiki or an issue.
///
/// # Errors
/// As [`Rows::iter`](super::Rows::iter).
pub fn markdown(report: &Report) -> io::Result<String> {
    let what = match report.stage {
        Stage::Planned => "Plan of a rollout",
        Stage::Done => "Rollout",
    };
    let totals = &report.totals;
    let mut out = format!(
        "# {what}: track {}\n\n{} repositories, {} jobs changed, {} keep Docker-in-Docker, {} were not understood, {} have warnings.\n\n",
        code(&report.track),
        totals.repositories,
        totals.moved,
        totals.scoped,
        totals.left,
        totals.warnings
    );
    out.push_str("| Outcome | Repositories | Meaning | Remedy |\n| --- | ---: | --- | --- |\n");
    for outcome in &report.outcomes {
        let word = outcome.outcome.word();
        let _ = writeln!(out, "| {word} | {} | {} | {} |", outcome.repositories, outcome.meaning, outcome.remedy);
    }
    if !report.waiting.is_empty() {
        let _ = writeln!(out, "| waiting | {} | not come to | run the same command again |", report.waiting.len());
    }
    out.push_str("\n| Repository | Outcome | Phases | Moved | Scoped | Left | Warnings | Findings | |\n");
    out.push_str("| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |\n");
    for row in report.repositories.iter() {
        let row = row?;
        let [outcome, phases, moved, scoped, left, warnings, findings] = cells(&row);
        let request = row.merge_request.as_ref().map(|url| format!("<{}> ", url.replace(['<', '>', ' '], "")));
        let _ = writeln!(
            out,
            "| {} | {outcome} | {phases} | {moved} | {scoped} | {left} | {warnings} | {findings} | {}{} |",
            code(&row.repository),
            request.unwrap_or_default(),
            if row.message.is_empty() { String::new() } else { code(&row.message) }
        );
    }
    if totals.warnings > 0 {
        out.push_str("\nJobs that change, and that a person should look at:\n\n");
        for row in report.repositories.iter() {
            let row = row?;
            for (job, reason) in row.warned() {
                let _ = writeln!(out, "- {}, {}: {}", code(&row.repository), code(job), code(reason));
            }
        }
    }
    Ok(out)
}

fn cells(row: &Row) -> [String; 7] {
    let phases: Vec<String> = row.phases.iter().map(u32::to_string).collect();
    let phases = if phases.is_empty() { "-".to_owned() } else { phases.join(",") };
    let numbers = [row.moved.len(), row.scoped.len(), row.left.len(), row.warnings.len(), row.findings];
    let [moved, scoped, left, warnings, findings] = numbers.map(|number| number.to_string());
    [row.outcome().word().to_owned(), phases, moved, scoped, left, warnings, findings]
}

fn inert(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

fn code(text: &str) -> String {
    format!("`{}`", visible(text).replace('`', "'").replace('|', "\\|"))
}
