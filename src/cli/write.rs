//! Writing a plan, noted so that `undo` can take it back.

use super::Global;
use super::fail::Fail;
use super::repository::Repository;
use super::ui::Ui;
use crate::apply::{Change, Deed, KEPT, Noted, write};
use crate::migration::{Plan, Proof, Scene};

/// Writes the files of a plan, together or not at all.
pub fn carry_out(
    repository: &Repository,
    global: &Global,
    scene: &Scene<'_>,
    plan: &Plan,
    proof: &Proof,
    ui: &Ui,
) -> Result<(), Fail> {
    plan.confirm()?;
    let project = scene.pipeline.project();
    let changes: Vec<Change<'_>> = plan
        .files
        .iter()
        .map(|file| Change {
            path: &file.path,
            before: project.file(file.file).stream().map(|stream| stream.text()),
            after: Some(file.text()),
        })
        .collect();
    let noted = match repository.journal()? {
        Some(journal) => journal.write(deed(global, plan, proof), &changes)?,
        None => Noted { written: write(&repository.folder, &changes)?, dropped: Vec::new() },
    };
    for path in &noted.written.owner_lost {
        ui.odd(&format!("{path} belonged to someone else, and is yours now: you may not give files away."));
    }
    for entry in &noted.dropped {
        ui.odd(&format!(
            "The journal keeps the last {KEPT} phases: phase {} ({}), applied before them, can no longer be undone.",
            entry.deed.phase, entry.deed.title
        ));
    }
    Ok(())
}

/// The jobs that differ in effect, or are gone, in the order of the pipeline.
pub fn jobs(proof: &Proof) -> Vec<String> {
    proof.differ.iter().filter_map(|differ| differ.job.clone()).collect()
}

fn deed(global: &Global, plan: &Plan, proof: &Proof) -> Deed {
    Deed {
        track: global.track.clone(),
        phase: plan.phase.number,
        id: plan.phase.id.clone(),
        title: plan.phase.title.clone(),
        jobs: jobs(proof),
        proof: proof.summary(),
    }
}
