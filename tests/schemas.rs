//! What the commands answer as JSON is what the published schemas say, and those are what the program is made of.

mod common;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Repository, testdata};
use serde_json::Value;

const COMMANDS: [&str; 14] = [
    "check",
    "effective",
    "explain",
    "phase",
    "phase-0",
    "report",
    "rollout",
    "rollout-list",
    "rollout-undo",
    "run",
    "status",
    "undo",
    "undo-forget",
    "undo-list",
];

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
    let runs: &[(&str, &[&str])] = &[
        ("status", &["status"]),
        ("check", &["check", "--fail-on", "never"]),
        ("effective", &["effective"]),
        ("report", &["report"]),
        ("run", &["run", "--dry-run"]),
        ("phase-0", &["phase", "0"]),
        // Before it is applied, as it is applied, and when there is nothing to do.
        ("phase", &["phase", "1", "--dry-run"]),
        ("phase", &["phase", "5", "--out-of-order", "--dry-run"]),
        ("phase", &["phase", "1", "--yes"]),
        ("phase", &["phase", "1", "--yes"]),
        ("undo-list", &["undo", "--list"]),
        ("undo", &["undo", "--yes"]),
    ];
    let mut samples: Vec<_> =
        std::fs::read_dir(testdata("pipelines")).unwrap().map(|entry| entry.unwrap().path()).collect();
    samples.sort();
    let partial = Repository::with(&[(
        ".gitlab-ci.yml",
        "include: [{remote: 'https://example.com/a.yml'}]\na:\n  extends: .b\n  script: docker run x\n",
    )]);
    let validators: Vec<_> = runs.iter().map(|(schema, _)| validator(schema)).collect();
    for repository in samples.iter().map(|sample| Repository::copy(sample)).chain([partial]) {
        let what = repository.folder.path().display().to_string();
        for ((_, run), validator) in runs.iter().zip(&validators) {
            let arguments: Vec<&str> = run.iter().copied().chain(["--format", "json"]).collect();
            let ran = repository.wants(0, &arguments);
            fits(validator, &ran.out, &format!("{arguments:?} in {what}"));
        }
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    let name = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    let ran = Command::new("git").current_dir(folder).args(name).args(arguments).output().unwrap();
    assert!(ran.status.success(), "{arguments:?} {}", String::from_utf8_lossy(&ran.stderr));
}

/// Every command, with the schemas of its answers: none is left out, and one without an answer for programs says so.
#[test]
fn every_command_with_the_option_has_a_schema() {
    // Each on what the one before has left.
    let runs: &[(&str, &str, &[&str])] = &[
        ("status", "status", &[]),
        ("check", "check", &["--fail-on", "never"]),
        ("effective", "effective", &["build / schemas"]),
        ("explain", "explain", &[]),
        ("explain", "explain", &["1"]),
        ("explain", "explain", &["branch-cache"]),
        ("report", "report", &[]),
        ("run", "run", &["--dry-run"]),
        ("phase", "phase-0", &["0"]),
        ("phase", "phase", &["1", "--dry-run"]),
        ("rollout", "rollout", &[".", "--dry-run", "../plan"]),
        (
            "rollout",
            "rollout",
            &["../bare", "--yes", "--author", "A <a@example.com>", "--shard", "1/1", "--state", "../shard"],
        ),
        ("rollout status", "rollout", &["--state", "../shard"]),
        ("rollout merge", "rollout", &["../shard"]),
        ("rollout undo", "rollout-undo", &["--state", "../shard", "--dry-run"]),
        ("rollout undo", "rollout-undo", &["--state", "../shard", "--yes"]),
        ("phase", "phase", &["1", "--yes", "--commit"]),
        ("run", "run", &["--yes"]),
        ("undo", "undo-list", &["--list"]),
        ("undo", "undo", &["--dry-run"]),
        ("undo", "undo", &["--yes"]),
        ("undo", "undo-forget", &["--forget"]),
        ("undo", "undo-forget", &["--forget"]),
        ("undo", "undo-forget", &["--forget"]),
        ("undo", "undo-forget", &["--forget"]),
        ("undo", "undo-forget", &["--forget"]),
        ("undo", "undo", &["--yes"]),
        ("undo", "undo-list", &["--list"]),
    ];
    let reference = ci_migrate::cli::reference();
    let sections = reference.split("\n## `ci-migrate").skip(1).filter_map(|section| section.split_once("`\n"));
    let commands = sections.map(|(name, help)| (name.trim(), help)).filter(|(name, _)| !name.is_empty());
    let (with, without): (Vec<_>, Vec<_>) = commands.partition(|(_, help)| help.contains("--format <"));
    let with: BTreeSet<&str> = with.into_iter().map(|(name, _)| name).collect();
    // A group wants a server: tests/rollout_group.rs has one, and looks at the schema of the list.
    let run = |of: fn(&(&'static str, &'static str, &[&str])) -> &'static str, list| {
        runs.iter().map(of).chain([list]).collect::<BTreeSet<_>>()
    };
    assert_eq!(with, run(|(command, ..)| *command, "rollout list"), "a command without a run here");
    assert_eq!(COMMANDS.into_iter().collect::<BTreeSet<_>>(), run(|(_, schema, _)| *schema, "rollout-list"));

    let place = tempfile::tempdir().unwrap();
    let work = place.path().join("work");
    for (name, path) in common::files(&testdata("pipelines/monorepo")) {
        std::fs::create_dir_all(work.join(&name).parent().unwrap()).unwrap();
        std::fs::copy(path, work.join(&name)).unwrap();
    }
    git(&work, &["init", "-q", "-b", "main"]);
    for (name, value) in [("user.name", "a"), ("user.email", "a@example.com")] {
        git(&work, &["config", name, value]);
    }
    git(&work, &["add", "-A"]);
    git(&work, &["commit", "-q", "-m", "one"]);
    git(place.path(), &["clone", "-q", "--bare", "work", "bare"]);
    let run = |command: &str, arguments: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_ci-migrate"));
        program.current_dir(&work).env("XDG_STATE_HOME", place.path().join("state")).stdin(Stdio::null());
        program.args(command.split(' ')).args(arguments).args(["--format", "json"]).output().unwrap()
    };
    for (command, schema, arguments) in runs {
        let output = run(command, arguments);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{command} {arguments:?}: {out}{err}");
        fits(&validator(schema), &out, &format!("{command} {arguments:?}"));
    }
    let names: Vec<&str> = without.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["demo", "completions", "man"]);
    for (command, arguments) in [("demo", &[][..]), ("completions", &["bash"]), ("man", &[])] {
        let output = run(command, arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains("one form only"), "{command}: {said}");
        assert!(output.stdout.is_empty(), "{command}");
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
