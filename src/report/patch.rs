//! The diff of several files of a pipeline.

use super::diff::unified_at;
use crate::pipeline::Project;
use crate::yaml::Edit;

/// The difference between a project's files and other texts of them, file by file, with the job named behind each hunk.
///
/// With each text go the edits that led to it, where they are known.
pub fn project_diff<'t>(project: &Project, texts: impl IntoIterator<Item = (&'t str, &'t str, &'t [Edit])>) -> String {
    let mut out = String::new();
    for (path, text, edits) in texts {
        let Some(stream) = project.find(path).and_then(|file| project.file(file).stream()) else { continue };
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
        out.push_str(&unified_at(path, Some(stream.text()), Some(text), edits, &enclosing));
    }
    out
}
