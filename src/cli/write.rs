//! Writing a plan, noted so that `undo` can take it back.

use super::Global;
use super::fail::Fail;
use super::repository::Repository;
use crate::apply::{Change, Deed, write};
use crate::migration::{Plan, Proof, Scene};

/// Writes the files of a plan, together or not at all.
pub fn carry_out(
    repository: &Repository,
    global: &Global,
    scene: &Scene<'_>,
    plan: &Plan,
    proof: &Proof,
) -> Result<(), Fail> {
    let project = scene.pipeline.project();
    let changes: Vec<Change<'_>> = plan
        .files
        .iter()
        .map(|file| Change {
            path: &file.path,
            before: project.file(file.file).stream().map(|stream| stream.text()),
            after: Some(&file.text),
        })
        .collect();
    match repository.journal()? {
        Some(journal) => journal.write(deed(global, plan, proof), &changes)?,
        None => write(&repository.folder, &changes)?,
    };
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
