//! What the commands answer as JSON is what the published schemas say, and those are what the program is made of.

mod common;

use std::path::Path;

use common::{Repository, testdata};
use serde_json::Value;

const COMMANDS: [&str; 8] = ["check", "effective", "phase", "phase-0", "report", "rollout", "run", "status"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn published(command: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(root().join(format!("schemas/{command}.json"))).unwrap()).unwrap()
}

/// `CI_MIGRATE_BLESS=1 cargo test --test schemas` writes them anew.
#[test]
fn the_published_schemas_are_those_of_the_program() {
    let schemas = ci_migrate::cli::schemas();
    assert_eq!(schemas.iter().map(|(command, _)| *command).collect::<Vec<_>>(), COMMANDS);
    for (command, schema) in schemas {
        let path = root().join(format!("schemas/{command}.json"));
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("CI_MIGRATE_BLESS").is_some() {
            std::fs::create_dir_all(root().join("schemas")).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        pretty_assertions::assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "{command}");
        assert_eq!(published(command)["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert!(jsonschema::meta::is_valid(&published(command)), "{command}");
    }
    let files = common::files(&root().join("schemas")).into_iter().filter(|(name, _)| name.ends_with(".json"));
    assert_eq!(files.count(), COMMANDS.len(), "no schema without a command");
}

/// The schema with nothing allowed that it does not name: users may get more keys later, we may not today.
fn strict(schema: &mut Value) {
    if let Value::Object(entries) = schema {
        if entries.contains_key("properties") {
            entries.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
        entries.values_mut().for_each(strict);
    } else if let Value::Array(items) = schema {
        items.iter_mut().for_each(strict);
    }
}

fn validator(command: &str) -> jsonschema::Validator {
    let mut schema = published(command);
    strict(&mut schema);
    jsonschema::options().build(&schema).unwrap()
}

#[track_caller]
fn fits(validator: &jsonschema::Validator, answer: &str, what: &str) {
    let answer: Value = serde_json::from_str(answer).unwrap_or_else(|error| panic!("{what}: {error}\n{answer}"));
    let faults: Vec<String> =
        validator.iter_errors(&answer).map(|error| format!("{} at {}", error, error.instance_path())).collect();
    assert!(faults.is_empty(), "{what}: {faults:#?}");
}

#[test]
fn every_answer_on_every_sample_fits_its_schema() {
    let validators = COMMANDS.map(|command| (command, validator(command)));
    let mut samples: Vec<_> =
        std::fs::read_dir(testdata("pipelines")).unwrap().map(|entry| entry.unwrap().path()).collect();
    samples.sort();
    let partial = Repository::with(&[(
        ".gitlab-ci.yml",
        "include: [{remote: 'https://example.com/a.yml'}]\na:\n  extends: .b\n  script: docker run x\n",
    )]);
    let copies = samples.iter().map(|sample| Repository::copy(sample)).chain([partial]);
    for repository in copies {
        let what = repository.folder.path().display().to_string();
        for (command, validator) in &validators {
            let runs: &[&[&str]] = match *command {
                "check" => &[&["check", "--fail-on", "never"]],
                // Before it is applied, as it is applied, and when there is nothing to do.
                "phase" => &[
                    &["phase", "1", "--dry-run"],
                    &["phase", "5", "--out-of-order", "--dry-run"],
                    &["phase", "1", "--yes"],
                    &["phase", "1", "--yes"],
                ],
                "phase-0" => &[&["phase", "0"]],
                "run" => &[&["run", "--dry-run"]],
                // tests/rollout.rs has what it answers.
                "rollout" => &[],
                other => &[&[other]],
            };
            for run in runs {
                let arguments: Vec<&str> = run.iter().copied().chain(["--format", "json"]).collect();
                let ran = repository.wants(0, &arguments);
                fits(validator, &ran.out, &format!("{arguments:?} in {what}"));
            }
        }
    }
}

#[test]
fn a_wrong_answer_does_not_fit() {
    let status = Repository::copy(&testdata("pipelines/monorepo")).json(&["status", "--format", "json"]);
    let validator = validator("status");
    assert!(validator.is_valid(&status));
    for (pointer, wrong) in [
        ("/jobs/0/outcome", Value::from("perhaps")),
        ("/phases/0/number", Value::from("one")),
        ("/version", Value::Null),
        ("/jobs/0/line", Value::from(-1)),
    ] {
        let mut changed = status.clone();
        *changed.pointer_mut(pointer).unwrap() = wrong;
        assert!(!validator.is_valid(&changed), "{pointer}");
    }
    let mut more = status.clone();
    more["jobs"][0]["extra"] = Value::from(1);
    assert!(!validator.is_valid(&more), "a key that no schema names");
    assert!(jsonschema::is_valid(&published("status"), &more), "users may meet more keys");
}
