//! The report as one HTML page that loads nothing.

use askama::Template;

use super::data::{PhaseReport, Report};
use super::graph::{Graph, HEIGHT, WIDTH};
use super::side::Row;
use super::view::{Card, Effective, JobView, LegendView, RuleView, SharedView, cards, findings, jobs, legend, shared};
use super::visible::visible;
use super::words::{Word, state, verdict, warned};

/// The page; askama escapes whatever is put into it but for the two texts that are our own.
#[derive(Template)]
#[template(path = "report.html")]
struct Page<'r> {
    report: &'r Report,
    style: &'static str,
    script: &'static str,
    made_by: &'static str,
    verdict: String,
    is_good: bool,
    cards: Vec<Card>,
    graph: Graph,
    legend: Vec<LegendView>,
    jobs: Vec<JobView<'r>>,
    shared: Vec<SharedView<'r>>,
    findings: Vec<RuleView>,
}

/// The report as a page: the pipeline as a graph, every job before and after, what is left, what `check` finds.
///
/// # Errors
/// None that the report could bring: writing to a string does not fail.
pub fn html(report: &Report) -> Result<String, askama::Error> {
    let page = Page {
        report,
        style: include_str!("../../templates/report.css"),
        script: include_str!("../../templates/report.js"),
        made_by: concat!("ci-migrate ", env!("CARGO_PKG_VERSION")),
        verdict: verdict(report),
        is_good: report.checks.planned.ready && warned(report) == 0,
        cards: cards(report),
        graph: Graph::of(report),
        legend: legend(report),
        jobs: jobs(report),
        shared: shared(report),
        findings: findings(report),
    };
    page.render()
}

impl Page<'_> {
    fn state(&self, phase: &PhaseReport) -> Word {
        state(phase.state)
    }

    /// Text of the pipeline, with nothing in it that a reader could not see.
    fn seen(&self, text: &str) -> String {
        visible(text).into_owned()
    }

    /// A sentence cut where code begins and ends, which stands between backticks.
    fn pieces(&self, text: &str) -> Vec<(bool, String)> {
        let text = visible(text);
        let pieces: Vec<&str> = text.split('`').collect();
        if pieces.len().is_multiple_of(2) {
            return vec![(false, text.into_owned())];
        }
        let pieces = pieces.iter().enumerate().filter(|(_, piece)| !piece.is_empty());
        pieces.map(|(number, piece)| (number % 2 == 1, (*piece).to_owned())).collect()
    }

    fn warned(&self) -> usize {
        warned(self.report)
    }

    fn has_needs(&self) -> bool {
        !self.graph.lines.is_empty()
    }

    fn box_width(&self) -> usize {
        WIDTH
    }

    fn box_height(&self) -> usize {
        HEIGHT
    }

    fn waiting(&self) -> usize {
        self.report.jobs.iter().filter(|job| job.needs.is_none()).count()
    }
}
