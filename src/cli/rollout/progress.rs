//! What is said while it goes on: a bar on a terminal, a line a repository elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::super::Ui;
use crate::rollout::Row;

pub struct Progress {
    bar: Option<ProgressBar>,
    total: usize,
    done: usize,
}

impl Progress {
    pub fn new(total: usize, what: &'static str, ui: &Ui) -> Progress {
        let bar = (ui.is_watched() && total > 0).then(|| {
            let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{prefix} [{wide_bar}] {pos}/{len} {msg}");
            if let Ok(style) = style {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.with_prefix(what)
        });
        Progress { bar, total, done: 0 }
    }

    /// One more is done.
    pub fn step(&mut self, row: &Row, ui: &Ui) {
        self.done += 1;
        match &self.bar {
            None => ui.quiet(&format!("[{}/{}] {} {}", self.done, self.total, row.outcome().word(), row.repository)),
            Some(bar) => {
                if !row.outcome().is_good() {
                    bar.println(format!("{} {}: {}", row.outcome().word(), row.repository, row.message));
                }
                bar.inc(1);
            }
        }
    }

    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
