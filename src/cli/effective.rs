//! `ci-migrate effective`: a job as GitLab sees it, and where each value comes from.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::fail::Fail;
use super::repository::Repository;
use super::ui::Ui;
use super::{Done, Global, show};
use crate::migration::Scene;
use crate::pipeline::{Job, Origin, Way};
use crate::transform::nearest;

/// The answer of `effective`: jobs as GitLab sees them; its JSON is version 1.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Effective")]
pub struct Answer {
    version: u32,
    jobs: Vec<JobAnswer>,
}

#[derive(Serialize, JsonSchema)]
struct JobAnswer {
    name: String,
    /// What GitLab makes of the job.
    configuration: Value,
    /// Where each scalar of it comes from, by the keys and numbers that lead to it, joined by dots.
    origins: BTreeMap<String, OriginAnswer>,
}

#[derive(Serialize, JsonSchema)]
struct OriginAnswer {
    /// `file:line:column`.
    at: String,
    /// How it came to the job: `own`, `default`, `global`, `extends NAME`…
    way: String,
}

pub fn run(global: &Global, wanted: Option<&str>, ui: &mut Ui) -> Done {
    let repository = Repository::open(global)?;
    let pipeline = repository.pipeline()?;
    let scene = Scene::new(&pipeline, &repository.folder, &repository.settings);
    let jobs: Vec<Job<'_>> = match wanted {
        Some(name) => vec![pipeline.job(name).ok_or_else(|| {
            let near = nearest(name, pipeline.jobs().map(|job| job.name()));
            Fail::input(format!("there is no job `{name}`{near}"), "`ci-migrate status` lists them")
        })?],
        None => pipeline.jobs().collect(),
    };
    if ui.is_json() {
        ui.json(&Answer { version: 1, jobs: jobs.iter().map(|job| answer(&scene, job)).collect() })?;
        return Ok(0);
    }
    show::partial(ui, &scene);
    for (number, job) in jobs.iter().enumerate() {
        let gap = if number > 0 { "\n" } else { "" };
        ui.answer(&format!("{gap}{}\n", job.name()))?;
        for row in job.effective().rows() {
            let mut lines = row.text.lines();
            let first = lines.next().unwrap_or_default();
            let first = if first.is_empty() { "\"\"" } else { first };
            ui.answer(&format!("  {} = {first}    # {}\n", row.path.join("."), origin(&scene, &row.origin)))?;
            for line in lines {
                ui.answer(&format!("      {line}\n"))?;
            }
        }
    }
    Ok(0)
}

fn answer(scene: &Scene<'_>, job: &Job<'_>) -> JobAnswer {
    let effective = job.effective();
    let origin = |origin: &Origin| OriginAnswer { at: show::place(scene, origin.at), way: way(scene, &origin.way) };
    let rows = effective.rows().into_iter();
    JobAnswer {
        name: job.name().to_owned(),
        configuration: effective.to_json(),
        origins: rows.map(|row| (row.path.join("."), origin(&row.origin))).collect(),
    }
}

fn origin(scene: &Scene<'_>, origin: &Origin) -> String {
    format!("{} ({})", show::place(scene, origin.at), way(scene, &origin.way))
}

fn way(scene: &Scene<'_>, way: &Way) -> String {
    match way {
        Way::Own => "own".to_owned(),
        Way::Merge { alias, .. } => format!("merged by << at {}", show::place(scene, *alias)),
        Way::Extends(names) => format!("extends {}", names.join(" > ")),
        Way::Default => "default".to_owned(),
        Way::Global => "global".to_owned(),
        Way::Reference(at) => format!("!reference at {}", show::place(scene, *at)),
        Way::Input(at) => format!("input at {}", show::place(scene, *at)),
    }
}
