//! The report of a rollout as one HTML page that loads nothing.

use std::io;

use askama::Template;

use super::data::{LeftJob, Report, Row, Stage};
use crate::report::visible;

/// The page; askama escapes whatever is put into it but for the two texts that are our own.
#[derive(Template)]
#[template(path = "rollout.html")]
struct Page<'r> {
    report: &'r Report,
    style: &'static str,
    script: &'static str,
    made_by: &'static str,
    is_planned: bool,
}

/// The report as a page: totals, a bar for each outcome, a table that can be filtered, and of each repository its diff, the reasons for
/// what is left, and its merge request.
///
/// # Errors
/// It cannot be written, or as [`Rows::iter`](super::Rows::iter).
pub fn html(report: &Report, out: &mut impl io::Write) -> io::Result<()> {
    let page = Page {
        report,
        style: include_str!("../../templates/rollout.css"),
        script: include_str!("../../templates/rollout.js"),
        made_by: concat!("ci-migrate ", env!("CARGO_PKG_VERSION")),
        is_planned: report.stage == Stage::Planned,
    };
    page.write_into(out)
}

impl Page<'_> {
    fn rows(&self) -> impl Iterator<Item = askama::Result<Row>> {
        self.report.repositories.iter().map(|row| row.map_err(askama::Error::custom))
    }

    /// Text of a stranger's repository, with nothing in it that a reader could not see.
    fn seen(&self, text: &str) -> String {
        visible(text).into_owned()
    }

    /// How long the bar of an outcome is, of a hundred.
    fn share(&self, repositories: impl std::borrow::Borrow<usize>) -> usize {
        (repositories.borrow() * 100).div_ceil(self.report.totals.repositories.max(1))
    }

    fn class(&self, row: &Row) -> &'static str {
        row.outcome().word()
    }

    fn phases(&self, row: &Row) -> String {
        row.phases.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
    }

    /// Only what a browser opens as a page is a link.
    fn link(&self, row: &Row) -> Option<String> {
        let url = row.merge_request.as_ref()?;
        (url.starts_with("https://") || url.starts_with("http://")).then(|| url.clone())
    }

    /// Names of jobs in one text: a list of a thousand repositories' jobs would be slow to open.
    fn names(&self, names: impl std::borrow::Borrow<Vec<String>>) -> String {
        names.borrow().iter().map(|name| format!("\u{201c}{}\u{201d}", self.seen(name))).collect::<Vec<_>>().join(", ")
    }

    /// A line a reason, in one text for the same reason.
    fn reasons(&self, jobs: impl std::borrow::Borrow<Vec<LeftJob>>) -> String {
        let of = |left: &LeftJob| {
            let line = |reason: &String| format!("{}: {}", self.seen(&left.job), self.seen(reason));
            left.reasons.iter().map(line).collect::<Vec<_>>()
        };
        jobs.borrow().iter().flat_map(of).collect::<Vec<_>>().join("\n")
    }

    fn proofs(&self, row: &Row) -> String {
        row.proof.join("\n")
    }

    /// A diff, which the page colours when it is opened.
    fn diff(&self, row: &Row) -> String {
        row.diff.lines().flat_map(|line| [self.seen(line), "\n".to_owned()]).collect()
    }
}
