//! A report cut into what a page shows.

use std::collections::{HashMap, HashSet};

use super::data::{Delta, DeltaKind, JobReport, Report, SharedReport};
use super::side::{Row, rows};
use super::visible::visible;
use super::words::{WORDS, Word, phases, severity, way};
use crate::migration::Finding;
use crate::transform::Reason;

/// A number with what it counts.
pub(super) struct Card {
    pub label: &'static str,
    pub value: String,
    pub note: String,
}

/// A word of the legend and how many jobs it is said of.
pub(super) struct LegendView {
    pub word: Word,
    pub count: usize,
}

pub(super) struct JobView<'r> {
    pub job: &'r JobReport,
    pub name: String,
    pub first: Word,
    pub last: Word,
    /// The numbers and names of the jobs that it needs.
    pub needs: Vec<(Option<usize>, String)>,
    /// The phases that did or will do something to it.
    pub phases: String,
    pub reasons: Vec<String>,
    pub warnings: Vec<String>,
    pub deltas: Vec<DeltaView>,
}

pub(super) struct DeltaView {
    pub title: &'static str,
    pub phases: String,
    pub transforms: String,
    pub effective: Option<Effective>,
    pub diff: Vec<LineView>,
}

/// The effective difference; many jobs have the same, which is written once.
pub(super) enum Effective {
    Here { id: String, rows: Vec<Row> },
    SameAs { id: String, job: usize, name: String },
}

/// Lines of a diff that follow one another and are of one kind.
pub(super) struct LineView {
    pub class: &'static str,
    pub text: String,
}

pub(super) struct SharedView<'r> {
    pub shared: &'r SharedReport,
    pub name: String,
    pub diffs: Vec<(&'static str, Vec<LineView>)>,
}

/// What `check` finds by one rule.
pub(super) struct RuleView {
    pub code: &'static str,
    pub severity: &'static str,
    pub remedy: &'static str,
    /// Whether it `stays`, `goes` or `comes` when all phases are applied.
    pub fate: &'static str,
    pub findings: Vec<FindingView>,
}

pub(super) struct FindingView {
    pub message: String,
    pub job: Option<(Option<usize>, String)>,
    pub place: String,
}

pub(super) fn cards(report: &Report) -> Vec<Card> {
    let three = &report.totals.privileged;
    let steps: Vec<String> =
        [three.before, three.now, three.planned].into_iter().flatten().map(|count| count.to_string()).collect();
    let card = |label, value: String, note: &str| Card { label, value, note: note.to_owned() };
    let mut cards = vec![card("jobs", report.totals.jobs.to_string(), "in the work tree")];
    if report.since.is_some() {
        cards.push(card("changed", report.totals.applied.to_string(), "since the revision"));
    }
    cards.push(card("to change", report.totals.planned.to_string(), "by the phases that are pending"));
    cards.push(card(
        "privileged",
        steps.join(" → "),
        if report.since.is_some() { "jobs: before, now, at the end" } else { "jobs: now, at the end" },
    ));
    cards.push(card("left alone", report.left.len().to_string(), "each with its reasons"));
    cards
}

pub(super) fn legend(report: &Report) -> Vec<LegendView> {
    let count = |word: Word| report.jobs.iter().filter(|job| way(job).1 == word).count();
    let all = WORDS.into_iter().map(|word| LegendView { word, count: count(word) });
    all.filter(|view| view.count > 0).collect()
}

pub(super) fn jobs(report: &Report) -> Vec<JobView<'_>> {
    let numbers = numbers(report);
    let mut known = HashMap::new();
    let mut views = Vec::with_capacity(report.jobs.len());
    for (number, job) in report.jobs.iter().enumerate() {
        let (first, last) = way(job);
        let mut deltas = Vec::new();
        for (delta, title, when) in [(&job.applied, "Applied", 'a'), (&job.planned, "Planned", 'p')] {
            let Some(delta) = delta else { continue };
            deltas.push(DeltaView {
                title: match delta.change {
                    DeltaKind::Added => "The job is new",
                    DeltaKind::Removed => "The job goes",
                    DeltaKind::Changed => title,
                },
                phases: delta.phases.iter().map(u32::to_string).collect::<Vec<_>>().join(", "),
                transforms: delta.transforms.join(", "),
                effective: effective(delta, format!("{number}{when}"), (number, job), &mut known),
                diff: lines(&delta.diff),
            });
        }
        let needs = job.needs.iter().flatten();
        views.push(JobView {
            job,
            name: visible(&job.name).into_owned(),
            first,
            last,
            needs: needs.map(|need| (numbers.get(need.as_str()).copied(), visible(need).into_owned())).collect(),
            phases: phases(job),
            reasons: job.reasons.iter().map(because).collect(),
            warnings: job.warnings.iter().map(because).collect(),
            deltas,
        });
    }
    views
}

fn effective(
    delta: &Delta,
    id: String,
    (number, job): (usize, &JobReport),
    known: &mut HashMap<String, (String, usize, String)>,
) -> Option<Effective> {
    if delta.effective.is_empty() {
        return None;
    }
    let key: String = delta.effective.iter().map(|one| format!("{one:?}")).collect();
    if let Some((id, job, name)) = known.get(&key) {
        return Some(Effective::SameAs { id: id.clone(), job: *job, name: name.clone() });
    }
    known.insert(key, (id.clone(), number, visible(&job.name).into_owned()));
    Some(Effective::Here { id, rows: delta.effective.iter().flat_map(rows).collect() })
}

pub(super) fn shared(report: &Report) -> Vec<SharedView<'_>> {
    report.shared.iter().map(shared_part).collect()
}

fn shared_part(shared: &SharedReport) -> SharedView<'_> {
    let diffs = [("Applied", &shared.applied), ("Planned", &shared.planned)];
    let diffs = diffs.into_iter().filter(|(_, diff)| !diff.is_empty());
    SharedView {
        shared,
        name: visible(&shared.name).into_owned(),
        diffs: diffs.map(|(title, diff)| (title, lines(diff))).collect(),
    }
}

/// The findings of today and those that the plan would bring, by rule; those that the plan takes away come last.
pub(super) fn findings(report: &Report) -> Vec<RuleView> {
    let numbers = numbers(report);
    // A plan moves lines, so they do not count.
    let key = |finding: &Finding| (finding.code, finding.job.clone(), finding.message.clone());
    let now: HashSet<_> = report.checks.now.findings.iter().map(key).collect();
    let planned: HashSet<_> = report.checks.planned.findings.iter().map(key).collect();
    let today = report.checks.now.findings.iter();
    let today = today.map(|finding| (finding, if planned.contains(&key(finding)) { "stays" } else { "goes" }));
    let later = report.checks.planned.findings.iter().filter(|finding| !now.contains(&key(finding)));
    let mut rules: Vec<RuleView> = Vec::new();
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    for (finding, fate) in today.chain(later.map(|finding| (finding, "comes"))) {
        let at = *places.entry((finding.code, fate)).or_insert(rules.len());
        if at == rules.len() {
            rules.push(RuleView {
                code: finding.code,
                severity: severity(finding.severity),
                remedy: finding.remedy,
                fate,
                findings: Vec::new(),
            });
        }
        let Some(rule) = rules.get_mut(at) else { continue };
        rule.findings.push(FindingView {
            message: visible(&finding.message).into_owned(),
            job: finding.job.as_ref().map(|job| (numbers.get(job.as_str()).copied(), visible(job).into_owned())),
            place: match finding.file.is_empty() {
                true => String::new(),
                false => format!("{}:{}", visible(&finding.file), finding.line),
            },
        });
    }
    rules.sort_by_key(|rule| (rule.fate == "goes", rule.severity != "error", rule.severity == "note", rule.code));
    rules
}

fn numbers(report: &Report) -> HashMap<&str, usize> {
    report.jobs.iter().enumerate().map(|(number, job)| (job.name.as_str(), number)).collect()
}

fn because(reason: &Reason) -> String {
    let message = visible(&reason.message);
    match (reason.file.is_empty(), reason.line) {
        (true, _) => format!("{message} [{}]", reason.code),
        (false, 0) => format!("{}: {message} [{}]", visible(&reason.file), reason.code),
        (false, line) => format!("{}:{line}: {message} [{}]", visible(&reason.file), reason.code),
    }
}

/// The lines of a diff, by what they are. The names of its files are told only when there are several.
fn lines(diff: &str) -> Vec<LineView> {
    let all: Vec<&str> = diff.lines().collect();
    let starts = |at: usize, start: &str| all.get(at).is_some_and(|line| line.starts_with(start));
    // A line that goes may itself begin with `--`.
    let is_header = |at: usize| starts(at, "--- ") && starts(at + 1, "+++ ") && starts(at + 2, "@@ -");
    let several = (0..all.len()).filter(|at| is_header(*at)).count() > 1;
    let mut views: Vec<LineView> = Vec::new();
    let mut push = |class, line: &str| match views.last_mut() {
        // Few elements make a page that opens quickly.
        Some(last) if last.class == class => {
            last.text.push('\n');
            last.text.push_str(&visible(line));
        }
        _ => views.push(LineView { class, text: visible(line).into_owned() }),
    };
    for (at, line) in all.iter().enumerate() {
        match line.as_bytes().first() {
            _ if is_header(at) && several => push("file", line.trim_start_matches("--- a/")),
            _ if is_header(at) || at > 0 && is_header(at - 1) => {}
            Some(b'@') => push("hunk", line),
            Some(b'-') => push("old", line),
            Some(b'+') => push("new", line),
            _ => push("", line),
        }
    }
    views
}
