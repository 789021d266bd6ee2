//! How plans, reasons and diffs are shown, alike in every command.

use super::fail::Fail;
use super::ui::Ui;
use crate::migration::{Plan, Proof, Scene};
use crate::pipeline::At;
use crate::report::{coloured, unified};
use crate::transform::{Left, Reason};

/// The diff of a plan, file by file, with the job named behind each hunk.
pub fn diff(scene: &Scene<'_>, plan: &Plan) -> String {
    let project = scene.pipeline.project();
    let mut out = String::new();
    for file in &plan.files {
        let Some(stream) = project.file(file.file).stream() else { continue };
        let tree = stream.tree();
        let mut tops: Vec<(usize, String)> = Vec::new();
        for &root in tree.roots() {
            for (key, _) in tree.entries(root) {
                let (line, _) = stream.line_column(stream.span(key).start);
                tops.push((line, tree.scalar(key).unwrap_or_default().to_owned()));
            }
        }
        let enclosing = |line: usize| {
            let at = tops.partition_point(|(start, _)| *start <= line).checked_sub(1)?;
            tops.get(at).map(|(_, name)| name.clone())
        };
        out.push_str(&unified(&file.path, Some(stream.text()), Some(&file.text), &enclosing));
    }
    out
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

/// What was left alone, and why.
pub fn left(ui: &Ui, left: &[Left]) {
    for left in left {
        ui.odd(&format!("Left alone: {}", left.job));
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

/// `file:line:column` of a node.
pub fn place(scene: &Scene<'_>, at: At) -> String {
    match scene.pipeline.project().place(at) {
        (file, Some((line, column))) => format!("{file}:{line}:{column}"),
        (file, None) => file.to_owned(),
    }
}
