//! The files that a child pipeline reads as well: what changes there would change its jobs too, which nothing here proves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::pipeline::{FileId, Files, Pipeline, Project, Setting};
use crate::transform::Reason;

/// The files that child pipelines of this repository share with a pipeline, each with the reason to leave it alone
/// (<https://docs.gitlab.com/ci/yaml/#triggerinclude>). A child whose files cannot be read here is not known.
pub(super) fn shared_with_children(pipeline: &Pipeline, files: &dyn Files) -> BTreeMap<FileId, Reason> {
    let main = pipeline.project();
    let mut seen = BTreeSet::from([main.file(main.main()).path.clone()]);
    let mut shared = BTreeMap::new();
    for (job, include, path) in children(pipeline) {
        let mut all = Vec::new();
        gather(&path, files, &mut seen, &mut all);
        let ids: Vec<FileId> = all.iter().filter_map(|path| main.find(path)).collect();
        for id in ids {
            let (file, place) = main.place(include.written_at());
            let (line, column) = place.unwrap_or_default();
            let message = format!(
                "`{}` is read by the child pipeline `{path}` of `{job}` too, whose jobs would change with it",
                main.file(id).path
            );
            let reason = Reason { code: "shared-with-child", message, file: file.to_owned(), line, column };
            shared.entry(id).or_insert(reason);
        }
    }
    shared
}

/// The child pipelines that the jobs of a pipeline start from files of the same repository.
fn children(pipeline: &Pipeline) -> Vec<(String, Setting<'_>, String)> {
    let mut found = Vec::new();
    for job in pipeline.jobs().filter(|job| job.is_trigger()) {
        let Some(include) = job.effective().get("trigger").and_then(|trigger| trigger.get("include")) else { continue };
        let items = if include.is_sequence() { include.items().collect() } else { vec![include] };
        for item in items {
            let local = if item.is_mapping() { item.get("local") } else { Some(item.clone()) };
            let path = local.and_then(|local| local.text().map(|path| path.trim_start_matches('/').to_owned()));
            found.extend(path.map(|path| (job.name().to_owned(), item, path)));
        }
    }
    found
}

/// The paths of all files that a child pipeline and those that it starts are made of.
fn gather(path: &str, files: &dyn Files, seen: &mut BTreeSet<String>, all: &mut Vec<String>) {
    if !seen.insert(path.to_owned()) {
        return;
    }
    let Ok(project) = Project::load(files, path) else { return };
    all.extend(project.files().map(|(_, file)| file.path.clone()));
    let Ok(child) = Pipeline::new(Arc::new(project)) else { return };
    for (_, _, path) in children(&child) {
        gather(&path, files, seen, all);
    }
}
