//! The report as Markdown: what the description of a merge request needs.

use std::collections::HashMap;
use std::fmt::Write;

use super::data::{JobReport, PhaseReport, PhaseState, Report};
use super::side::unified_lines;
use super::visible::visible;
use super::words::{change, phases as when, severity, state, verdict};
use crate::transform::Reason;

/// Effective differences that are written out; a merge request of more is read by its diff.
const DETAILED: usize = 40;

/// Jobs that are named in a list of them.
const NAMED: usize = 200;

/// The report in GitLab's Markdown. It ends with a line break, and holds nothing but what the report does.
///
/// Source: GitLab Flavored Markdown, "Tables", "Collapsible section".
pub fn markdown(report: &Report) -> String {
    let mut out =
        format!("# Migration of {}: track {}\n\n{}\n\n", code(&report.file), code(&report.track), verdict(report));
    since(&mut out, report);
    if !report.partial.is_empty() {
        out.push_str("Not read, and so not known:\n\n");
        for partial in &report.partial {
            let _ = writeln!(out, "- {}: {}", code(&partial.include), prose(&partial.reason));
        }
        out.push('\n');
    }
    phases(&mut out, report);
    jobs(&mut out, report);
    warnings(&mut out, report);
    left(&mut out, report);
    findings(&mut out, report);
    undo(&mut out, report);
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn since(out: &mut String, report: &Report) {
    let Some(since) = &report.since else { return };
    let revision = code(&since.revision);
    let numbers: Vec<String> = since.applied.iter().map(u32::to_string).collect();
    let phases = match numbers.len() {
        1 => format!("phase {} was applied", numbers.join(", ")),
        _ => format!("phases {} were applied", numbers.join(", ")),
    };
    let _ = match (numbers.is_empty(), since.exact) {
        (true, true) => writeln!(out, "Nothing was applied since {revision}.\n"),
        (true, false) => writeln!(out, "No phase was applied since {revision}; there are other edits.\n"),
        (false, true) => writeln!(
            out,
            "Since {revision}, {phases}, and nothing else: the files are byte for byte what was planned.\n"
        ),
        (false, false) => {
            writeln!(out, "Since {revision}, {phases}, **together with other edits**, which no proof covers.\n")
        }
    };
}

fn phases(out: &mut String, report: &Report) {
    out.push_str("## Phases\n\n| | Phase | State | Jobs | Proved |\n| --- | --- | --- | --- | --- |\n");
    for phase in &report.phases {
        let proof = phase.proof.as_ref().map(|proof| proof.summary.clone()).or_else(|| phase.note.clone());
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            phase.number,
            prose(&phase.title),
            state(phase.state).label,
            phase.jobs.len() + phase.removed.len(),
            prose(&proof.unwrap_or_default())
        );
    }
    out.push('\n');
    for phase in report.phases.iter().filter(|phase| is_of_interest(phase)) {
        let _ = writeln!(out, "- **{} {}**: {}", phase.number, prose(&phase.title), prose(&phase.why));
        for comment in phase.proof.iter().flat_map(|proof| &proof.lost_comments) {
            let _ = writeln!(out, "  - a comment goes with what it belonged to: {}", code(comment));
        }
    }
    out.push('\n');
}

fn is_of_interest(phase: &PhaseReport) -> bool {
    matches!(phase.state, PhaseState::Applied | PhaseState::Pending | PhaseState::Refused)
}

fn jobs(out: &mut String, report: &Report) {
    let changed: Vec<&JobReport> = report.jobs.iter().filter(|job| job.is_changed()).collect();
    if changed.is_empty() {
        out.push_str("## Jobs\n\nNo job changes.\n\n");
        return;
    }
    let _ = write!(
        out,
        "## Jobs\n\n{} of {} jobs change.\n\n| Job | Place | Before → after | When | By |\n| --- | --- | --- | --- | --- |\n",
        changed.len(),
        report.jobs.len()
    );
    for job in changed.iter().take(NAMED) {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            code(&job.name),
            code(&format!("{}:{}", job.file, job.line)),
            change(job),
            when(job),
            transforms(job)
        );
    }
    more(out, changed.len(), NAMED, "jobs");
    out.push('\n');
    let groups = groups(&changed);
    groups.iter().take(DETAILED).for_each(|group| details(out, group));
    more(out, groups.len(), DETAILED, "differences; `ci-migrate report --format html` shows them all");
}

/// Jobs in which GitLab will see the same difference.
struct Group<'r> {
    jobs: Vec<&'r JobReport>,
    when: &'static str,
    keywords: String,
    lines: String,
}

fn groups<'r>(changed: &[&'r JobReport]) -> Vec<Group<'r>> {
    let mut groups: Vec<Group<'r>> = Vec::new();
    let mut known: HashMap<(&str, String), usize> = HashMap::new();
    for &job in changed {
        for (delta, when) in [(&job.applied, "applied"), (&job.planned, "planned")] {
            let Some(delta) = delta.as_ref().filter(|delta| !delta.effective.is_empty()) else { continue };
            let lines: String = delta.effective.iter().flat_map(unified_lines).map(|line| line + "\n").collect();
            let at = *known.entry((when, lines.clone())).or_insert(groups.len());
            match groups.get_mut(at) {
                Some(group) => group.jobs.push(job),
                None => {
                    let keywords: Vec<&str> = delta.effective.iter().map(|one| one.keyword.as_str()).collect();
                    groups.push(Group { jobs: vec![job], when, keywords: keywords.join(", "), lines });
                }
            }
        }
    }
    groups
}

/// What GitLab will see differently, folded up.
fn details(out: &mut String, group: &Group<'_>) {
    let Group { jobs, when, keywords, lines } = group;
    let first = jobs.first().map(|job| html_text(&job.name)).unwrap_or_default();
    let others = match jobs.len() {
        0 | 1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let keywords = html_text(keywords);
    let _ = write!(out, "<details><summary>{first}{others} ({when}): {keywords}</summary>\n\n");
    if !others.is_empty() {
        let names: Vec<String> = jobs.iter().map(|job| code(&job.name)).collect();
        let _ = writeln!(out, "The same in {}.\n", names.join(", "));
    }
    let fence = fence(lines);
    let _ = write!(out, "{fence}diff\n{lines}{fence}\n\n</details>\n\n");
}

fn transforms(job: &JobReport) -> String {
    let deltas = job.applied.iter().chain(&job.planned);
    let words: Vec<String> = deltas.flat_map(|delta| &delta.transforms).map(|word| code(word)).collect();
    words.join(", ")
}

fn warnings(out: &mut String, report: &Report) {
    let warned: Vec<&JobReport> = report.jobs.iter().filter(|job| !job.warnings.is_empty()).collect();
    if warned.is_empty() {
        return;
    }
    out.push_str("## Warnings\n\n");
    for job in warned.iter().take(NAMED) {
        reasons(out, &job.name, &job.warnings);
    }
    more(out, warned.len(), NAMED, "jobs");
    out.push('\n');
}

fn left(out: &mut String, report: &Report) {
    out.push_str("## Left alone, and why\n\n");
    if report.left.is_empty() {
        out.push_str("Nothing: no job keeps Docker-in-Docker.\n\n");
        return;
    }
    for left in report.left.iter().take(NAMED) {
        reasons(out, &left.job, &left.reasons);
    }
    more(out, report.left.len(), NAMED, "jobs");
    out.push('\n');
}

fn reasons(out: &mut String, job: &str, reasons: &[Reason]) {
    let _ = writeln!(out, "- {}", code(job));
    for reason in reasons {
        let _ = writeln!(out, "  - {}", because(reason));
    }
}

fn because(reason: &Reason) -> String {
    let place = match (reason.file.is_empty(), reason.line) {
        (true, _) => String::new(),
        (false, 0) => format!("{}: ", code(&reason.file)),
        (false, line) => format!("{}: ", code(&format!("{}:{line}", reason.file))),
    };
    format!("{place}{} ({})", prose(&reason.message), code(reason.code))
}

fn findings(out: &mut String, report: &Report) {
    let findings = &report.checks.planned.findings;
    if findings.is_empty() {
        return;
    }
    let _ = writeln!(out, "## Findings that stay\n");
    for finding in findings.iter().take(NAMED) {
        let severity = severity(finding.severity);
        let job = finding.job.as_deref().map(|job| format!("{}: ", code(job))).unwrap_or_default();
        let _ = writeln!(
            out,
            "- {severity} {}: {job}{}. Remedy: {}.",
            code(finding.code),
            prose(&finding.message),
            prose(finding.remedy)
        );
    }
    more(out, findings.len(), NAMED, "findings");
    out.push('\n');
}

fn undo(out: &mut String, report: &Report) {
    if report.undo.is_empty() {
        return;
    }
    out.push_str("## How to undo\n\n");
    for undo in &report.undo {
        let _ = writeln!(out, "{}\n\n```sh\n{}\n```\n", prose(&undo.what), undo.commands.join("\n"));
    }
}

fn more(out: &mut String, all: usize, shown: usize, what: &str) {
    if all > shown {
        let _ = writeln!(out, "\nand {} more {what}.\n", all - shown);
    }
}

/// On one line, with nothing in it that a reader could not see.
fn seen(text: &str) -> String {
    visible(&text.replace(['\n', '\r', '\t'], " ")).into_owned()
}

/// A code span, also within a table: longer quotes than any inside, no line break, no bare pipe.
fn code(text: &str) -> String {
    let text = seen(text);
    let text = text.replace('|', "\\|");
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let quotes = "`".repeat(longest + 1);
    let gap = if text.starts_with('`') || text.ends_with('`') || text.trim().is_empty() { " " } else { "" };
    format!("{quotes}{gap}{text}{gap}{quotes}")
}

/// A sentence in which code stands between backticks, and nothing else is markup.
fn prose(text: &str) -> String {
    let pieces: Vec<&str> = text.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        return escaped(&text.replace('`', "'"));
    }
    let piece = |(number, piece): (usize, &&str)| {
        if number % 2 == 1 && !piece.is_empty() { code(piece) } else { escaped(piece) }
    };
    pieces.iter().enumerate().map(piece).collect()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in seen(text).chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' | '@' => out.extend(['\\', letter]),
            _ => out.push(letter),
        }
    }
    out
}

/// Text inside an HTML element within Markdown.
fn html_text(text: &str) -> String {
    let text = seen(text);
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // Markdown is still read in there.
    text.chars()
        .map(
            |letter| if "*_`[]~@#!$\\".contains(letter) { format!("&#{};", letter as u32) } else { letter.to_string() },
        )
        .collect()
}

/// A fence that no line of the text closes.
fn fence(text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}
