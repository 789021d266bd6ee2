//! How plans, reasons and diffs are shown, alike in every command.

use super::fail::Fail;
use super::ui::Ui;
use crate::migration::{Plan, Proof, Scene};
use crate::pipeline::At;
use crate::report::{coloured, project_diff};
use crate::transform::{Left, Reason};

/// The diff of a plan, file by file, with the job named behind each hunk.
pub fn diff(scene: &Scene<'_>, plan: &Plan) -> String {
    let files = plan.files.iter().map(|file| (file.path.as_str(), file.text(), file.edits()));
    project_diff(scene.pipeline.project(), files)
}

/// Sends a diff to stdout, in colours where they are wanted.
pub fn answer_diff(ui: &mut Ui, diff: &str) -> Result<(), Fail> {
    match ui.colours() {
        true => ui.answer(&coloured(diff)),
        false => ui.answer(diff),
    }?;
    ui.finish()
}

/// What was proved.
pub fn proof(ui: &Ui, proof: &Proof) {
    ui.good(&format!("Proved: {}.", proof.summary()));
    for (file, comment) in &proof.lost_comments {
        ui.odd(&format!("A comment goes with what it belonged to, in {file}: {comment}"));
    }
}

/// What was left alone, and why; and what changes and is to be looked at.
pub fn left(ui: &Ui, left: &[Left]) {
    for left in left {
        // Such a job changes with the others.
        let goes_on = left.reasons.iter().all(|reason| reason.code == "loses-daemon");
        ui.odd(&format!("{}: {}", if goes_on { "Changes, to be looked at" } else { "Left alone" }, left.job));
        left.reasons.iter().for_each(|reason| ui.note(&format!("  {}", line(reason))));
    }
}

/// A reason on one line: place, message, code.
pub fn line(reason: &Reason) -> String {
    match (reason.file.is_empty(), reason.line) {
        (true, _) => format!("{} [{}]", reason.message, reason.code),
        (_, 0) => format!("{}: {} [{}]", reason.file, reason.message, reason.code),
        (_, number) => format!("{}:{number}:{}: {} [{}]", reason.file, reason.column, reason.message, reason.code),
    }
}

/// Includes that could not be read: nothing that is said holds for what they bring.
pub fn partial(ui: &Ui, scene: &Scene<'_>) {
    for partial in scene.pipeline.partial() {
        ui.odd(&format!("Not read: include {} at {} ({})", partial.include, place(scene, partial.at), partial.reason));
    }
}

/// Hidden jobs with a daemon that nobody here extends: they stay as they are, whatever is said of the jobs.
pub fn unused_templates(ui: &Ui, scene: &Scene<'_>) {
    let unused = crate::migration::unused_templates(scene.pipeline);
    for (name, at) in &unused {
        ui.odd(&format!(
            "Not used: `{name}` at {} holds a Docker-in-Docker daemon, and no job here extends it",
            place(scene, *at)
        ));
    }
    if !unused.is_empty() {
        ui.note("No phase changes what no job uses; with --file, name a pipeline in which jobs extend it, and it changes with them.");
    }
}

/// `file:line:column` of a node.
pub fn place(scene: &Scene<'_>, at: At) -> String {
    match scene.pipeline.project().place(at) {
        (file, Some((line, column))) => format!("{file}:{line}:{column}"),
        (file, None) => file.to_owned(),
    }
}
