//! `ci-migrate status`: where every phase and every job stands.

use super::repository::{Repository, phases};
use super::ui::Ui;
use super::{Done, Global, show};
use crate::migration::{JobStatus, Outcome, Scene, Status};
use crate::report::Table;

pub fn run(global: &Global, ui: &mut Ui) -> Done {
    run_in(&Repository::open(global)?, global, ui)
}

pub fn run_in(repository: &Repository, global: &Global, ui: &mut Ui) -> Done {
    let phases = phases(global)?;
    let pipeline = repository.pipeline()?;
    let scene = Scene::new(&pipeline, &repository.folder, &repository.settings);
    let status = Status::new(&scene, &global.track, &phases);
    if ui.is_json() {
        ui.json(&status)?;
        return Ok(0);
    }
    show::partial(ui, &scene);
    show::unused_templates(ui, &scene);
    let width = ui.answer_width();
    ui.answer(&phase_table(&status).render(width))?;
    ui.answer("\n")?;
    ui.answer(&job_table(&status).render(width))?;
    let reasons: Vec<&JobStatus> = status.jobs.iter().filter(|job| !job.reasons.is_empty()).collect();
    if !reasons.is_empty() {
        ui.answer("\n")?;
    }
    for job in reasons {
        ui.answer(&format!("{}\n", job.name))?;
        for reason in &job.reasons {
            ui.answer(&format!("  {}\n", show::line(reason)))?;
        }
    }
    Ok(0)
}

pub fn phase_table(status: &Status) -> Table {
    let mut table = Table::new(["PHASE", "TITLE", "STATE", "JOBS"]);
    for phase in &status.phases {
        let state = word(&phase.state);
        table.row([&*phase.number.to_string(), &phase.title, &state, &phase.jobs.len().to_string()]);
    }
    table
}

fn job_table(status: &Status) -> Table {
    let mut table = Table::new(["JOB", "PLACE", "ROLE", "PHASE", "OUTCOME"]);
    for job in &status.jobs {
        let phase = job.phase.map(|phase| phase.to_string()).unwrap_or_default();
        let outcome = match (job.outcome, job.never) {
            (Outcome::None, true) => "none (never runs)".to_owned(),
            (outcome, _) => word(&outcome),
        };
        table.row([&*job.name, &format!("{}:{}", job.file, job.line), job.role.word(), &phase, &outcome]);
    }
    table
}

/// The word that the JSON has for a state or an outcome.
pub fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
