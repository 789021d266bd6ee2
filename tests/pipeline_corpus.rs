//! The shared data: every file set becomes a pipeline, or is refused with a reason.

mod common;
mod pipeline_common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ci_migrate::pipeline::{At, MemoryFiles, Pipeline, Project, Section, compare};
use ci_migrate::yaml::Checked;
use common::{files, shared};
use pipeline_common::{job, names, script, variables};

fn read(folder: &Path) -> Vec<(String, String)> {
    let text = |(name, path)| Some((name, std::fs::read_to_string(path).ok()?));
    files(folder).into_iter().filter_map(text).collect()
}

/// Everything that can be asked of a pipeline, so that nothing of it panics; and what must hold for every pipeline.
fn exercise(pipeline: &Pipeline) -> usize {
    let project = pipeline.project();
    for job in pipeline.jobs().chain(pipeline.hidden()) {
        let effective = job.effective();
        let mut rows = effective.rows().into_iter().map(|row| row.origin.at);
        assert!(rows.all(|at| project.place(at).1.is_some()));
        assert_eq!(effective.to_json().as_object().unwrap().contains_key("script"), effective.get("script").is_some());
        for section in Section::ALL {
            for item in effective.script(section) {
                let tree = |at: At| project.file(at.file).tree();
                assert!(item.at.is_none_or(|at| tree(at).scalar(at.node) == Some(&*item.text)));
            }
        }
        assert_eq!(effective.variables().count(), {
            let names: std::collections::BTreeSet<_> = effective.variables().map(|entry| entry.key).collect();
            names.len()
        });
        for definition in job.definitions() {
            let sharers = names(pipeline.sharers(definition.value));
            assert!(job.is_hidden() || sharers.contains(&job.name()), "{}", job.name());
        }
        for mention in pipeline.named_by(job.name()) {
            assert_eq!(project.file(mention.at.file).tree().scalar(mention.at.node), Some(job.name()));
        }
    }
    assert_eq!(compare(pipeline, pipeline), []);
    let trees =
        project.files().map(|(id, file)| (id, Checked::read(file.stream().unwrap().text().to_owned()).unwrap()));
    let again = Pipeline::new(Arc::new(project.with(trees.collect::<Vec<_>>()).unwrap())).unwrap();
    assert_eq!(compare(pipeline, &again), [], "the other reader sees the same");
    pipeline.jobs().count()
}

#[test]
fn every_file_of_the_corpus_is_a_pipeline_or_is_refused() {
    let Some(shared) = shared("the corpus") else { return };
    let mut table = String::new();
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    let (mut accepted, mut jobs, mut partial) = (0, 0, 0);
    let mut folders: Vec<PathBuf> = ["corpus", "pipelines"]
        .into_iter()
        .flat_map(|part| std::fs::read_dir(shared.join(part)).unwrap())
        .map(|e| e.unwrap().path())
        .collect();
    folders.sort();
    for folder in folders {
        let all = read(&folder);
        let files: MemoryFiles = all.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        for (path, _) in all.iter().filter(|(path, _)| path.ends_with(".yml") || path.ends_with(".yaml")) {
            let result = Project::load(&files, path).and_then(|project| Pipeline::new(Arc::new(project)));
            match result {
                Ok(pipeline) => {
                    accepted += 1;
                    partial += usize::from(!pipeline.partial().is_empty());
                    jobs += exercise(&pipeline);
                }
                Err(error) => {
                    assert!(!error.message.is_empty() && !error.hint.is_empty());
                    assert!(
                        error.text.is_none() || error.span.is_none_or(|span| span.end <= error.text.unwrap().len())
                    );
                    *refused.entry(format!("{:?}", error.kind)).or_default() += 1;
                    let _ = writeln!(
                        table,
                        "{}/{path}: {:?} {}",
                        folder.file_name().unwrap().to_string_lossy(),
                        error.kind,
                        error.message
                    );
                }
            }
        }
    }
    println!("{table}accepted {accepted} ({partial} partial, {jobs} jobs), refused {refused:?}");
    assert!(accepted > 100);
}

#[test]
fn the_real_pipeline_means_what_is_known_of_it() {
    let Some(shared) = shared("the real pipeline") else { return };
    let files: MemoryFiles = read(&shared.join("pipelines/monorepo")).into_iter().collect();
    let pipeline = Pipeline::new(Arc::new(Project::load(&files, ".gitlab-ci.yml").unwrap())).unwrap();
    assert_eq!((pipeline.jobs().count(), pipeline.hidden().count()), (28, 1));
    for each in pipeline.jobs() {
        assert_eq!(job(&pipeline, each.name())["services"], serde_json::json!(["docker:29-dind"]), "{}", each.name());
    }
    let targets = pipeline.jobs().filter(|job| job.effective().variable("TARGET").is_some()).count();
    assert_eq!(targets, 11);
    assert!(variables(&pipeline, "build / protocol").contains(&"TARGET=development".to_owned()));
    assert_eq!(script(&pipeline, "gitleaks", Section::BeforeScript), [""; 0]);
    assert_eq!(script(&pipeline, "gitleaks", Section::AfterScript), ["docker compose down --volumes"]);
    let mentions = pipeline.named_by("build / rust-services");
    assert_eq!(mentions.len(), 5);
    assert!(pipeline.named_by("build / authz-worker").is_empty());
}
