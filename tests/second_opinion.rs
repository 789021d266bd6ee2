//! Other readers of GitLab pipelines accept every file that a phase leaves: `gitlab-ci-local`, and GitLab's own schema.

mod common;

use std::path::Path;
use std::process::Command;

use common::{Repository, testdata};

/// Exit code of the validators when the tools are not installed.
const NOT_THERE: i32 = 77;

#[test]
fn every_intermediate_file_is_accepted() {
    let mut repositories: Vec<(String, Repository)> =
        ["monorepo", "crlf", "included-builds", "own-before-script", "no-final-newline"]
            .iter()
            .map(|name| ((*name).to_owned(), Repository::copy(&testdata("pipelines").join(name))))
            .collect();
    if let Some(shared) = common::shared("the real pipeline, by other readers") {
        repositories.push(("the real pipeline".to_owned(), Repository::copy(&shared.join("pipelines/monorepo"))));
    }
    let mut steps = Vec::new();
    for (name, repository) in &repositories {
        let last = if name.contains("monorepo") || name.contains("real") { 6 } else { 4 };
        for phase in &["1", "2", "3", "4", "5", "6"][..last] {
            repository.wants(0, &["phase", phase, "--yes"]);
            steps.push((format!("{name} after phase {phase}"), Repository::copy(repository.folder.path())));
        }
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/validators/validate.sh");
    let mut command = Command::new("bash");
    command.arg(script).args(steps.iter().map(|(_, step)| step.folder.path()));
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => println!("{} files accepted", steps.len()),
        Some(NOT_THERE) => eprintln!("skipped: second opinions (the tools are not installed)"),
        _ => panic!("{said}"),
    }
}
