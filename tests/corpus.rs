//! All phases on the CI files of public repositories, and the table of what became of them (`docs/corpus.md`).
//!
//! Needs `CI_MIGRATE_SHARED`. `CI_MIGRATE_BLESS=1 cargo test --test corpus` writes the table anew, to be read by a person;
//! `CI_MIGRATE_JOBS=FILE` writes a line for each job.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use ci_migrate::migration::{Outcome, Plan, Scene, Status, built_in, prove};
use ci_migrate::pipeline::{MemoryFiles, Pipeline, Project};
use ci_migrate::transform::{Facts, Need, Settings};
use ci_migrate::yaml::Stream;

/// What became of everything.
#[derive(Default)]
struct Table {
    repositories: usize,
    pipelines: usize,
    refused: BTreeMap<String, String>,
    files: usize,
    reproduced: usize,
    /// By class, by outcome.
    jobs: BTreeMap<&'static str, BTreeMap<&'static str, usize>>,
    hidden: usize,
    reasons: BTreeMap<String, usize>,
    lost_comments: usize,
    undeclared: Vec<String>,
    second_run: Vec<String>,
    lines: String,
}

#[test]
fn the_corpus_goes_through_every_phase() {
    let Some(shared) = common::shared("the corpus") else { return };
    let mut table = Table::default();
    let corpus = shared.join("corpus");
    let mut folders: Vec<_> = std::fs::read_dir(&corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        table.repository(folder);
    }
    if let Some(file) = std::env::var_os("CI_MIGRATE_JOBS") {
        std::fs::write(file, &table.lines).unwrap();
    }
    assert!(table.undeclared.is_empty(), "{:#?}", table.undeclared);
    assert!(table.second_run.is_empty(), "{:#?}", table.second_run);
    let found = table.markdown();
    println!("{found}");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/corpus.md");
    if std::env::var_os("CI_MIGRATE_BLESS").is_some() {
        std::fs::write(&golden, &found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(&golden).unwrap_or_default(), "docs/corpus.md");
}

impl Table {
    /// Every file that no other one includes is a pipeline of its own: templates are meant to be included elsewhere.
    fn repository(&mut self, folder: &Path) {
        self.repositories += 1;
        let texts: BTreeMap<String, String> = common::files(folder)
            .into_iter()
            .filter_map(|(name, path)| Some((name, std::fs::read_to_string(path).ok()?)))
            .collect();
        let is_yaml = |name: &str| name.ends_with(".yml") || name.ends_with(".yaml");
        let mut included = BTreeSet::new();
        let mut roots = Vec::new();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let mut mains: Vec<&String> = texts.keys().filter(|name| is_yaml(name)).collect();
        mains.sort_by_key(|name| (*name != ".gitlab-ci.yml", name.matches('/').count(), (*name).clone()));
        for main in mains {
            self.files += 1;
            match Stream::parse(texts[main].clone()) {
                Ok(stream) => self.reproduced += usize::from(stream.text() == texts[main]),
                Err(error) => {
                    self.refused.insert(format!("{name}/{main}"), error.message);
                    continue;
                }
            }
            if included.contains(main) {
                continue;
            }
            let files: MemoryFiles = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
            match Project::load(&files, main).and_then(|project| Pipeline::new(Arc::new(project))) {
                Ok(pipeline) => {
                    let project = pipeline.project();
                    included.extend(project.files().map(|(_, file)| file.path.clone()).filter(|path| path != main));
                    roots.push(main.clone());
                }
                Err(error) => {
                    self.refused.insert(format!("{name}/{main}"), error.message);
                }
            }
        }
        for main in roots.iter().filter(|main| !included.contains(*main)) {
            self.pipelines += 1;
            self.pipeline(&name, main, texts.clone());
        }
    }

    fn pipeline(&mut self, repository: &str, main: &str, mut texts: BTreeMap<String, String>) {
        let settings = Settings::default();
        let phases = built_in("buildkit").unwrap().unwrap();
        let at = format!("{repository}/{main}");
        let mut classes: BTreeMap<String, &'static str> = BTreeMap::new();
        let with = |texts: &BTreeMap<String, String>, then: &mut dyn FnMut(&Scene<'_>)| {
            let files: MemoryFiles = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
            let project = Project::load(&files, main).unwrap_or_else(|e| panic!("{at}: {e}"));
            let pipeline = Pipeline::new(Arc::new(project)).unwrap_or_else(|e| panic!("{at}: {e}"));
            then(&Scene::new(&pipeline, &files, &settings));
        };
        with(&texts, &mut |scene| {
            classes = scene.facts.iter().map(|facts| (facts.job.name().to_owned(), class(facts))).collect();
            self.hidden += scene.pipeline.hidden().count();
        });
        let before = texts.clone();
        let mut lost: Vec<String> = Vec::new();
        for phase in &phases {
            let mut next = texts.clone();
            with(&texts, &mut |scene| {
                let plan = Plan::new(scene, phase);
                if plan.is_empty() {
                    return;
                }
                match prove(scene, &plan) {
                    Ok(proof) => {
                        lost.extend(proof.lost_comments.iter().map(|(_, comment)| comment.clone()));
                        next.extend(plan.files.iter().map(|file| (file.path.clone(), file.text().to_owned())));
                    }
                    Err(refusal) => self.undeclared.push(format!("{at}, phase {}: {refusal:?}", phase.number)),
                }
            });
            with(&next, &mut |scene| {
                if !Plan::new(scene, phase).is_empty() {
                    self.second_run.push(format!("{at}, phase {}", phase.number));
                }
            });
            texts = next;
        }
        self.lost_comments += lost.len();
        for (path, text) in &before {
            let found = common::comment_lines(&texts[path]);
            let gone = common::comment_lines(text)
                .into_iter()
                .filter(|comment| !found.contains(comment) && !lost.contains(comment));
            self.undeclared.extend(gone.map(|comment| format!("{at}: the comment `{comment}` is gone")));
        }
        with(&texts, &mut |scene| {
            let status = Status::new(scene, "buildkit", &phases);
            for job in &status.jobs {
                let class = classes.get(&job.name).copied().unwrap_or("new");
                let outcome = match job.outcome {
                    Outcome::Pending => "pending",
                    Outcome::Migrated => "migrated",
                    Outcome::Scoped => "scoped",
                    Outcome::Left => "left",
                    Outcome::None => "none",
                };
                *self.jobs.entry(class).or_default().entry(outcome).or_default() += 1;
                let codes: BTreeSet<&str> = job.reasons.iter().map(|reason| reason.code).collect();
                for code in &codes {
                    *self.reasons.entry((*code).to_owned()).or_default() += 1;
                }
                let _ = writeln!(self.lines, "{at}\t{}\t{class}\t{outcome}", job.name);
                for reason in &job.reasons {
                    let _ = writeln!(
                        self.lines,
                        "    {}:{} {} [{}]",
                        reason.file, reason.line, reason.message, reason.code
                    );
                }
            }
            let gone = classes.keys().filter(|name| !status.jobs.iter().any(|job| job.name == **name));
            for name in gone {
                *self.jobs.entry(classes[name]).or_default().entry("removed").or_default() += 1;
                let _ = writeln!(self.lines, "{at}\t{name}\t{}\tremoved", classes[name]);
            }
        });
        if before != texts {
            for (path, text) in before.iter().filter(|(path, text)| texts[*path] != **text) {
                let diff = ci_migrate::report::unified(path, Some(text), Some(&texts[path]), &|_| None);
                let _ = writeln!(self.lines, "{diff}");
            }
        }
    }

    fn markdown(&self) -> String {
        let mut out = String::from(
            "# The corpus\n\nWhat becomes of the CI files of public repositories that use Docker-in-Docker, when all six phases run on them. \
             `tests/corpus.rs` prints and compares this page, wherever those files are at hand.\n\n",
        );
        let jobs: usize = self.jobs.values().flat_map(BTreeMap::values).sum();
        for (what, count) in [
            ("repositories", self.repositories),
            ("files", self.files),
            ("files kept to the byte", self.reproduced),
            ("pipelines (files that no other one includes)", self.pipelines),
            ("jobs", jobs),
            ("hidden jobs", self.hidden),
            ("comments that went with what they belonged to", self.lost_comments),
            ("comments lost otherwise, effective differences not declared", self.undeclared.len()),
            ("pipelines that a second run changes", self.second_run.len()),
        ] {
            let _ = writeln!(out, "- {what}: {count}");
        }
        out.push_str("\n## Refused\n\n");
        for (file, why) in &self.refused {
            let _ = writeln!(out, "- `{file}`: {why}");
        }
        let outcomes = ["migrated", "scoped", "left", "none", "removed", "pending"];
        let _ = write!(out, "\n## Jobs\n\n| class |");
        outcomes.iter().for_each(|outcome| {
            let _ = write!(out, " {outcome} |");
        });
        out.push_str("\n| --- |");
        outcomes.iter().for_each(|_| out.push_str(" ---: |"));
        out.push('\n');
        for (class, counts) in &self.jobs {
            let _ = write!(out, "| {class} |");
            for outcome in outcomes {
                let _ = write!(out, " {} |", counts.get(outcome).copied().unwrap_or_default());
            }
            out.push('\n');
        }
        out.push_str("\n## Reasons\n\nJobs that were left, or keep their daemon, by the code of the reason (`docs/reasons.md`).\n\n| code | jobs |\n| --- | ---: |\n");
        for (code, count) in &self.reasons {
            let _ = writeln!(out, "| `{code}` | {count} |");
        }
        out.push_str(READING);
        out
    }
}

/// What was learnt from reading every job and every diff.
const READING: &str = include_str!("corpus_reading.md");

/// What a job does with docker, before anything is changed.
fn class(facts: &Facts<'_>) -> &'static str {
    let pushes = facts.images.iter().any(|image| image.docker.verb == ci_migrate::shell::Verb::Push)
        || facts.builds.iter().any(|build| build.at.docker.flag("push"));
    match facts.need() {
        Need::Needed if !facts.needs.is_empty() => "needs a daemon",
        _ if facts.only_retags() => "retag",
        _ if !facts.builds.is_empty() && pushes => "build and push",
        _ if facts.makes_images() && facts.builds.is_empty() => "bake",
        _ if !facts.builds.is_empty() => "build only",
        _ if !facts.images.is_empty() => "moves images",
        Need::Unknown => "hides what it runs",
        _ => "no docker",
    }
}
