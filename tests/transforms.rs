//! Every case of every transformation, proved four ways: the output, a second run, the effective configuration, the bytes.
//!
//! A case is a folder `testdata/transforms/<name>/<case>/` with `before.yml` and either `after.yml` or `left-alone.txt`, and
//! `repository/` with other files of the repository where it needs any; a file `assume-complete` stands for that option.
//! `CI_MIGRATE_BLESS=1 cargo test --test transforms` writes what is expected anew, to be read by a person.

mod common;

use std::path::Path;
use std::sync::Arc;

use ci_migrate::migration::{Phase, Plan, Scene, Select, prove};
use ci_migrate::pipeline::{MemoryFiles, Pipeline, Project};
use ci_migrate::transform::{REGISTRY, Settings, Transform};
use pretty_assertions::assert_eq;

#[test]
fn every_case_is_proved_four_ways() {
    let mut cases = 0;
    for transform in REGISTRY {
        let folder = common::testdata("transforms").join(transform.word());
        let mut found: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        found.sort();
        assert!(!found.is_empty(), "no case for {}", transform.word());
        for case in found {
            check(transform, &case);
            cases += 1;
        }
    }
    println!("{cases} cases");
}

fn check(transform: &'static Transform, case: &Path) {
    let name = case.file_name().unwrap().to_string_lossy();
    let before = std::fs::read_to_string(case.join("before.yml")).unwrap();
    let bless = std::env::var_os("CI_MIGRATE_BLESS").is_some();
    planned(transform, case, &before, |scene, plan| {
        if !plan.left.is_empty() {
            let mut said = String::new();
            for left in &plan.left {
                for reason in &left.reasons {
                    said += &format!(
                        "{}: {}:{} {} [{}]\n",
                        left.job, reason.line, reason.column, reason.message, reason.code
                    );
                }
            }
            expect(&case.join("left-alone.txt"), &said, bless);
        } else {
            assert!(!case.join("left-alone.txt").exists(), "{name}: nothing is left alone");
        }
        let Some(file) = plan.files.first() else {
            assert!(!plan.left.is_empty(), "{name}: neither changed nor left");
            return;
        };
        // The output.
        expect(&case.join("after.yml"), file.text(), bless);
        // The effective configuration.
        prove(scene, plan).unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
        // The bytes: what is outside the edits is what was there.
        let rebuilt = file.steps.iter().fold(before.clone(), |text, step| {
            let mut rebuilt = String::new();
            let mut at = 0;
            for edit in &step.edits {
                rebuilt += &text[at..edit.range.start];
                rebuilt += &edit.text;
                at = edit.range.end;
            }
            rebuilt + &text[at..]
        });
        assert_eq!(rebuilt, file.text(), "{name}");
        // A second run.
        let after = file.text().to_owned();
        planned(transform, case, &after, |_, again| {
            assert!(again.is_empty(), "{name}: a second run changes something")
        });
    });
}

fn planned(transform: &'static Transform, case: &Path, text: &str, then: impl FnOnce(&Scene<'_>, &Plan)) {
    let folder = case.join("repository");
    let others = if folder.exists() { common::files(&folder) } else { Vec::new() };
    let others: Vec<(String, String)> =
        others.into_iter().map(|(name, path)| (name, std::fs::read_to_string(path).unwrap())).collect();
    let others = others.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    let files: MemoryFiles = others.chain([(".gitlab-ci.yml", text)]).collect();
    let project = Project::load(&files, ".gitlab-ci.yml").unwrap_or_else(|e| panic!("{e}"));
    let pipeline = Pipeline::new(Arc::new(project)).unwrap_or_else(|e| panic!("{e}"));
    let settings = Settings { assume_complete: case.join("assume-complete").exists(), ..Settings::default() };
    let scene = Scene::new(&pipeline, &files, &settings);
    let phase = Phase {
        number: 1,
        id: "case".into(),
        title: "case".into(),
        why: "case".into(),
        select: Select::All,
        transforms: vec![transform],
    };
    then(&scene, &Plan::new(&scene, &phase));
}

fn expect(path: &Path, found: &str, bless: bool) {
    if bless {
        std::fs::write(path, found).unwrap();
    }
    let wanted = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(found, wanted, "{}", path.display());
}
