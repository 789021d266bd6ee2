//! The commits of a course, one a phase, as objects: the same input makes the same commits.

use gix_object::tree::{Editor, EntryKind};
use gix_object::{Find, Kind, Tree, TreeRef};

use super::objects::{Mode, ObjectFiles};
use super::outcome::{Fault, Outcome};
use super::pack::NewObjects;
use super::plan::Plan;
use super::scratch::lacking;
use crate::migration::Course;
use crate::report::commit_message;

/// Writes the commits beside the objects that were read, so many seconds younger than the plan; the id of the last one. Source: `git help
/// commit-tree`, "Commit Information".
///
/// # Errors
/// They cannot be written, or a file that changes is no regular one.
pub fn commits(base: &str, files: &ObjectFiles, plan: &Plan, course: &Course, younger: u64) -> Result<String, Fault> {
    let store = &files.store;
    let mut bytes = Vec::new();
    let found = store.try_find(&files.root, &mut bytes).ok().flatten().ok_or_else(|| lacking("tree"))?;
    let root: Tree = TreeRef::from_bytes(found.data, files.root.kind()).map_err(|_| lacking("tree"))?.into();
    let new = NewObjects::beside(store, files.root.kind());
    let mut editor = Editor::new(root, &new, files.root.kind());
    let who = format!("{} {} +0000", plan.author, plan.date + younger);
    let mut last = base.to_owned();
    for leg in course.legs.iter().filter(|leg| leg.is_sound()) {
        let Some(Ok(proof)) = &leg.proof else { continue };
        for file in &leg.plan.files {
            let Some((Mode::File { is_executable }, path)) = files.real(&file.path) else {
                return Err(Fault::new(Outcome::Invalid, format!("{} is no regular file", file.path)));
            };
            let kind = if is_executable { EntryKind::BlobExecutable } else { EntryKind::Blob };
            let blob = new.put(Kind::Blob, file.text().as_bytes().to_vec())?;
            editor.upsert(path.split('/'), kind, blob).map_err(|_| lacking("tree"))?;
        }
        let tree = editor.write(|tree| new.put_tree(tree))?;
        let message = commit_message(&leg.plan, proof);
        let text = format!("tree {tree}\nparent {last}\nauthor {who}\ncommitter {who}\n\n{message}");
        last = new.put(Kind::Commit, text.into_bytes())?.to_string();
    }
    drop(editor);
    new.write()?;
    Ok(last)
}
