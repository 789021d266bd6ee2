//! The words and signs of a report, alike in every format.

use super::data::{Delta, DeltaKind, JobReport, PhaseState};
use crate::migration::{Outcome, Severity};

/// What becomes of a job, as a report's reader is told: with a sign, so that no colour is needed to tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// For classes in HTML and Mermaid.
    pub class: &'static str,
    pub sign: &'static str,
    pub label: &'static str,
}

const fn word(class: &'static str, sign: &'static str, label: &'static str) -> Word {
    Word { class, sign, label }
}

/// Every word, in the order of a legend.
pub(super) const WORDS: [Word; 7] = [
    word("migrated", "✓", "migrated"),
    word("pending", "◷", "to be migrated"),
    word("scoped", "◆", "keeps Docker-in-Docker"),
    word("left", "!", "left alone"),
    word("doubtful", "?", "may need a daemon"),
    word("none", "·", "needs no daemon"),
    word("removed", "×", "removed"),
];

/// The word for an outcome of a job; one that is not there is removed.
fn outcome(job: &JobReport, outcome: Option<Outcome>) -> Word {
    let at = match outcome {
        Some(Outcome::Migrated) => 0,
        Some(Outcome::Pending) => 1,
        Some(Outcome::Scoped) => 2,
        Some(Outcome::Left) => 3,
        Some(Outcome::None) if !job.warnings.is_empty() => 4,
        Some(Outcome::None) => 5,
        None => 6,
    };
    WORDS[at]
}

/// What a job was, and what it becomes. A job that appears was nothing.
pub(super) fn way(job: &JobReport) -> (Word, Word) {
    let (first, last) = job.ends();
    let is_new = job.applied.iter().chain(&job.planned).any(|delta| delta.change == DeltaKind::Added);
    (if is_new { word("none", "+", "not there") } else { outcome(job, first) }, outcome(job, last))
}

/// What is said of a job in a few words: "to be migrated → migrated", or one of them when both are alike.
pub(super) fn change(job: &JobReport) -> String {
    let (first, last) = way(job);
    if first == last { last.label.to_owned() } else { format!("{} → {}", first.label, last.label) }
}

/// The phases that did something to a job, and those that will: "phase 1 applied, 5 to come".
pub(super) fn phases(job: &JobReport) -> String {
    let numbers = |delta: &Option<Delta>| -> Vec<String> {
        delta.iter().flat_map(|delta| &delta.phases).map(u32::to_string).collect()
    };
    let (applied, planned) = (numbers(&job.applied), numbers(&job.planned));
    let parts = [(&applied, "applied"), (&planned, "to come")].into_iter().filter(|(numbers, _)| !numbers.is_empty());
    let parts: Vec<String> = parts.map(|(numbers, what)| format!("{} {what}", numbers.join(", "))).collect();
    let first = if applied.is_empty() { &planned } else { &applied };
    match first.len() {
        0 => String::new(),
        1 => format!("phase {}", parts.join(", ")),
        _ => format!("phases {}", parts.join(", ")),
    }
}

pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

pub(super) fn state(state: PhaseState) -> Word {
    match state {
        PhaseState::Applied => word("applied", "✓", "applied"),
        PhaseState::Done => word("done", "✓", "done"),
        PhaseState::Pending => word("pending", "◷", "pending"),
        PhaseState::Empty => word("none", "·", "empty: no job plays this part"),
        PhaseState::Blocked => word("left", "!", "blocked: what it selects was left"),
        PhaseState::Refused => word("refused", "×", "refused"),
    }
}

/// The verdict on the runner, in one sentence.
pub(super) fn verdict(report: &super::Report) -> String {
    let (now, planned) = (&report.checks.now, &report.checks.planned);
    let pending = report.phases.iter().any(|phase| phase.state == PhaseState::Pending);
    let when = if pending { "When all phases are applied" } else { "As it stands" };
    let check = if pending { planned } else { now };
    if !report.partial.is_empty() {
        return "Not known: an include could not be read.".to_owned();
    }
    let all = jobs(report, pending);
    let verdict = match check.privileged_jobs.len() {
        0 => format!("{when}, no job of this pipeline needs a privileged runner."),
        1 => format!("{when}, 1 of {all} jobs keeps the runner privileged."),
        count => format!("{when}, {count} of {all} jobs keep the runner privileged."),
    };
    match warned(report) {
        0 => verdict,
        1 => format!("{verdict} 1 job loses a daemon that it may need."),
        count => format!("{verdict} {count} jobs lose a daemon that they may need."),
    }
}

/// How many jobs a person should look at.
pub(super) fn warned(report: &super::Report) -> usize {
    report.jobs.iter().filter(|job| !job.warnings.is_empty()).count()
}

/// How many jobs there are, now or at the end of the plan.
fn jobs(report: &super::Report, planned: bool) -> usize {
    report.jobs.iter().filter(|job| if planned { job.outcome.planned } else { job.outcome.now }.is_some()).count()
}
