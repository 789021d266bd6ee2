//! A pipeline on its way through all phases, with all that must hold on that way.

use std::collections::BTreeMap;
use std::sync::Arc;

use ci_migrate::migration::{Plan, Scene, built_in, prove};
use ci_migrate::pipeline::{MemoryFiles, Pipeline, Project, compare};
use ci_migrate::transform::Settings;

/// Runs all phases. `Ok` with the texts at the end, or none when the files are no pipeline to begin with.
///
/// # Errors
/// What must never happen: a plan that is not proved, a second run that changes something, a comment that is gone and not
/// named, a job that differs and was not declared.
pub fn through_all_phases(files: &BTreeMap<String, String>) -> Result<Option<BTreeMap<String, String>>, String> {
    let settings = Settings::default();
    let phases = built_in("buildkit").expect("the track").unwrap_or_else(|error| panic!("{}", error.message));
    let Ok(original) = load(files) else { return Ok(None) };
    let mut texts = files.clone();
    let mut lost: Vec<String> = Vec::new();
    let mut declared: Vec<String> = Vec::new();
    for phase in &phases {
        let memory = memory(&texts);
        let pipeline = load(&texts).map_err(|error| format!("before phase {}: {error}", phase.number))?;
        let scene = Scene::new(&pipeline, &memory, &settings);
        let plan = Plan::new(&scene, phase);
        if plan.is_empty() {
            continue;
        }
        let proof = prove(&scene, &plan).map_err(|refusal| format!("phase {}: {refusal:?}", phase.number))?;
        lost.extend(proof.lost_comments.iter().map(|(_, comment)| comment.clone()));
        declared.extend(plan.changed.iter().map(|job| job.job.clone()));
        declared.extend(plan.removed.iter().cloned());
        texts.extend(plan.files.iter().map(|file| (file.path.clone(), file.text().to_owned())));
        let after = load(&texts).map_err(|error| format!("after phase {}: {error}", phase.number))?;
        let memory = self::memory(&texts);
        let scene = Scene::new(&after, &memory, &settings);
        if !Plan::new(&scene, phase).is_empty() {
            return Err(format!("a second run of phase {} changes something", phase.number));
        }
    }
    let end = load(&texts)?;
    for difference in compare(&original, &end) {
        if let Some(job) = difference.job.filter(|job| !declared.contains(job)) {
            return Err(format!("{job} differs, and was not declared"));
        }
    }
    for (path, text) in files {
        let found = comment_lines(&texts[path]);
        if let Some(gone) = comment_lines(text).into_iter().find(|c| !found.contains(c) && !lost.contains(c)) {
            return Err(format!("the comment `{gone}` is gone from {path}"));
        }
        if text.ends_with('\n') != texts[path].ends_with('\n') {
            return Err(format!("{path}: the final line break"));
        }
    }
    Ok(Some(texts))
}

fn memory(texts: &BTreeMap<String, String>) -> MemoryFiles {
    texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect()
}

fn load(texts: &BTreeMap<String, String>) -> Result<Pipeline, String> {
    let project = Project::load(&memory(texts), ".gitlab-ci.yml").map_err(|error| error.message)?;
    Pipeline::new(Arc::new(project)).map_err(|error| error.message)
}

fn comment_lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| line.starts_with('#')).map(str::to_owned).collect()
}
