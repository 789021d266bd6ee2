//! The command line: flags, streams, exit codes, and what is written when.

mod common;

use std::process::Command;

use common::{Repository, testdata};
use pretty_assertions::assert_eq;

fn sample() -> Repository {
    Repository::copy(&testdata("pipelines/monorepo"))
}

fn git(repository: &Repository, arguments: &[&str], input: &str) -> std::process::Output {
    use std::io::Write;
    let mut child = Command::new("git")
        .current_dir(repository.folder.path())
        .args(arguments)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_dry_run_writes_nothing_and_its_diff_is_what_is_applied() {
    let repository = sample();
    let before = repository.read(".gitlab-ci.yml");
    let ran = repository.wants(0, &["phase", "1", "--dry-run"]);
    assert_eq!(repository.read(".gitlab-ci.yml"), before);
    assert!(ran.err.contains("Proved: ") && ran.err.contains("Nothing was written"), "{}", ran.err);
    assert!(!ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'), "no colours without a terminal");
    git(&repository, &["init", "-q"], "");
    let check = git(&repository, &["apply", "--check"], &ran.out);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
    git(&repository, &["apply"], &ran.out);
    let applied = repository.read(".gitlab-ci.yml");
    std::fs::write(repository.folder.path().join(".gitlab-ci.yml"), before).unwrap();
    repository.wants(0, &["phase", "1", "--yes"]);
    assert_eq!(repository.read(".gitlab-ci.yml"), applied);
}

#[test]
fn every_hunk_names_its_job() {
    let ran = sample().wants(0, &["phase", "1", "--dry-run"]);
    let hunks: Vec<&str> = ran.out.lines().filter(|line| line.starts_with("@@")).collect();
    let (last, others) = hunks.split_last().unwrap();
    assert!(last.ends_with("@@ build / schemas / release"), "{hunks:?}");
    assert!(!others.is_empty() && others.iter().all(|hunk| hunk.contains("@@ build / schemas")), "{hunks:?}");
}

#[test]
fn exit_codes_are_those_of_the_documentation() {
    let repository = sample();
    repository.wants(1, &["phase", "1", "--dry-run", "--exit-code"]);
    repository.wants(2, &["phase", "1"]); // No terminal to ask on.
    repository.wants(2, &["phase", "77"]);
    repository.wants(2, &["phase", "1", "--no-such-flag"]);
    repository.wants(2, &["phase", "1", "--yes", "--dry-run"]);
    repository.wants(3, &["phase", "2", "--yes"]);
    repository.wants(0, &["phase", "protocol", "--yes"]);
    repository.wants(0, &["phase", "1", "--dry-run", "--exit-code"]);
    repository.wants(0, &["--help"]);
    repository.wants(0, &["--version"]);
}

#[test]
fn without_a_terminal_the_flags_are_named() {
    let ran = sample().wants(2, &["phase", "1"]);
    assert!(ran.err.contains("--dry-run") && ran.err.contains("--yes"), "{}", ran.err);
    assert_eq!(ran.out, "");
}

#[test]
fn settings_come_from_the_file_and_the_command_line() {
    let repository = sample();
    std::fs::write(
        repository.folder.path().join(".ci-migrate.yml"),
        "builder:\n  namespace: from-file\nroles:\n  build / portal: pilot\n",
    )
    .unwrap();
    let ran = repository.wants(0, &["phase", "1", "--dry-run", "--set", "builder.driver-options.requests.cpu=500m"]);
    assert!(
        ran.out.contains("namespace=from-file") && ran.out.contains("--driver-opt=requests.cpu=500m"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("@@ build / portal"), "{}", ran.out);
    let ran = repository.wants(0, &["phase", "1", "--dry-run", "--set", "builder.namespace=said"]);
    assert!(ran.out.contains("namespace=said"), "{}", ran.out);
    let ran = repository.wants(2, &["status", "--set", "bilder.name=x"]);
    assert!(ran.err.contains("`builder.name`"), "{}", ran.err);
    std::fs::write(repository.folder.path().join(".ci-migrate.yml"), "image: x\nbuilder:\n  nmae: x\n").unwrap();
    let ran = repository.wants(2, &["status"]);
    assert!(ran.err.contains(".ci-migrate.yml:3:3") && ran.err.contains("`builder.name`"), "{}", ran.err);
}

#[test]
fn a_mistake_is_told_with_its_remedy() {
    let repository = sample();
    let cases: &[(&[&str], &str)] = &[
        (&["phase", "protocl"], "did you mean `protocol`?"),
        (&["phase", "9"], "the phases are 1 protocol, 2 node-services"),
        (&["run", "--dry-run", "--through", "9"], "there is no phase `9`"),
        (&["-C", "no-such-folder", "status"], "-C takes the folder of a repository"),
        (&["--file", "other.yml", "status"], "go to the root of the repository, or name it with -C"),
        (&["--set", "builder=x", "status"], "`builder` holds settings, and is none itself"),
        (&["report", "--out", "no-such-folder/a.md"], "no such file or directory"),
        (&["rollout", "--from", "no-such-list", "--yes"], "no-such-list: no such file or directory"),
    ];
    for (arguments, wanted) in cases {
        let ran = repository.wants(2, arguments);
        assert!(ran.err.contains(wanted), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn a_symbolic_link_stays_and_its_target_is_written() {
    let repository = sample();
    let root = repository.folder.path();
    std::fs::create_dir(root.join("ci")).unwrap();
    std::fs::rename(root.join(".gitlab-ci.yml"), root.join("ci/main.yml")).unwrap();
    std::os::unix::fs::symlink("ci/main.yml", root.join(".gitlab-ci.yml")).unwrap();
    repository.wants(0, &["phase", "1", "--yes"]);
    assert!(std::fs::symlink_metadata(root.join(".gitlab-ci.yml")).unwrap().is_symlink());
    assert!(repository.read("ci/main.yml").contains("k8s-builder"));
}

#[test]
fn another_main_file_and_another_folder() {
    let repository = sample();
    let root = repository.folder.path();
    std::fs::rename(root.join(".gitlab-ci.yml"), root.join("other.yml")).unwrap();
    let parent = root.parent().unwrap().to_str().unwrap().to_owned();
    let name = root.file_name().unwrap().to_str().unwrap().to_owned();
    let output = Command::new(env!("CARGO_BIN_EXE_ci-migrate"))
        .current_dir(parent)
        .args(["-C", &name, "--file", "other.yml", "phase", "1", "--dry-run"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("diff --git a/other.yml b/other.yml"));
}

#[test]
fn a_track_of_ones_own() {
    let repository = sample();
    let folder = repository.folder.path().join("track");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(
        folder.join("01-caches.yml"),
        "title: Caches\nwhy: Faster.\nselect: { role: single }\ntransforms: [branch-cache]\n",
    )
    .unwrap();
    let ran = repository.wants(0, &["--track", "track", "phase", "caches", "--dry-run"]);
    assert!(ran.err.contains("Phase 1: Caches"), "{}", ran.err);
    let ran = repository.wants(2, &["--track", "buildkt", "status"]);
    assert!(ran.err.contains("`buildkit`"), "{}", ran.err);
    std::fs::write(folder.join("02-bad.yml"), "title: x\nwhy: y\nselect: { role: all }\ntransforms: []\n").unwrap();
    let ran = repository.wants(2, &["--track", "track", "status"]);
    assert!(ran.err.contains("02-bad.yml:3:"), "{}", ran.err);
}

#[test]
fn effective_names_every_origin() {
    let repository = sample();
    let ran = repository.wants(0, &["effective", "build / schemas"]);
    for origin in ["(global)", "(own)", "(merged by << at .gitlab-ci.yml:63:7)"] {
        assert!(ran.out.contains(origin), "{origin}\n{}", ran.out);
    }
    let ran = repository.wants(2, &["effective", "build / shemas"]);
    assert!(ran.err.contains("`build / schemas`"), "{}", ran.err);
    let answer = repository.json(&["effective", "build / schemas", "--format", "json"]);
    assert_eq!(answer["jobs"][0]["configuration"]["variables"]["TARGET"], "development");
    assert_eq!(answer["jobs"][0]["origins"]["stage"]["way"], "merged by << at .gitlab-ci.yml:63:7");
}

#[test]
fn explain_knows_every_name_and_has_an_example() {
    let repository = sample();
    let list = repository.wants(0, &["explain"]).out;
    for transform in ci_migrate::transform::REGISTRY {
        assert!(list.contains(&transform.word()), "{list}");
        let text = repository.wants(0, &["explain", &transform.word()]).out;
        assert!(text.contains("# Example") && text.contains("\n+"), "{text}");
    }
    assert!(repository.wants(0, &["explain", "1"]).out.contains("use-kubernetes-builder"));
    assert!(repository.wants(2, &["explain", "branch-cash"]).err.contains("`branch-cache`"));
}

#[test]
fn the_demonstration_needs_nothing_and_leaves_nothing() {
    let empty = Repository::with(&[]);
    let ran = empty.wants(0, &["demo"]);
    assert!(ran.out.contains("+    - docker buildx inspect --bootstrap"), "{}", ran.out);
    assert!(ran.err.contains("this phase is done"), "{}", ran.err);
    assert_eq!(common::files(empty.folder.path()), []);
}

#[test]
fn the_output_is_the_same_every_time() {
    let repository = sample();
    for arguments in [&["status"][..], &["status", "--format", "json"], &["phase", "1", "--dry-run"], &["effective"]] {
        let first = repository.wants(0, arguments);
        for _ in 0..3 {
            let again = repository.wants(0, arguments);
            assert_eq!((&again.out, &again.err), (&first.out, &first.err));
        }
        let root = repository.folder.path().to_str().unwrap();
        assert!(!first.out.contains(root) && !first.err.contains(root), "no absolute path");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let repository = sample();
    let mut child = Command::new(env!("CARGO_BIN_EXE_ci-migrate"))
        .current_dir(repository.folder.path())
        .args(["effective"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_file_that_changed_meanwhile_is_not_written() {
    use ci_migrate::apply::{Change, Folder, WriteError, write};
    let repository = sample();
    let folder = Folder::open(repository.folder.path()).unwrap();
    let change = Change { path: ".gitlab-ci.yml", before: Some("something else"), after: Some("x") };
    assert_eq!(write(&folder, &[change]), Err(WriteError::Changed { path: ".gitlab-ci.yml".into() }));
}

#[test]
fn hidden_jobs_with_a_daemon_that_nobody_extends_are_named() {
    let template = ".build:\n  services: [docker:29-dind]\n  image: docker:29-cli\n  script:\n    - docker build -t $CI_REGISTRY_IMAGE .\n    - docker push $CI_REGISTRY_IMAGE\n";
    let lint = "lint: {script: date}\n";
    let user = "include: .gitlab-ci.yml\nbuild: {extends: .build}\n";
    let repository = Repository::with(&[(".gitlab-ci.yml", &format!("{template}{lint}")), ("all.yml", user)]);
    let status = repository.json(&["status", "--format", "json"]);
    assert_eq!(
        status["unused_templates"],
        serde_json::json!([{"name": ".build", "file": ".gitlab-ci.yml", "line": 1}])
    );
    for command in [&["status"][..], &["phase", "1", "--dry-run"]] {
        let ran = repository.wants(0, command);
        assert!(ran.err.contains("`.build` at .gitlab-ci.yml:1:1 holds a Docker-in-Docker daemon"), "{}", ran.err);
    }
    // What it says is to be done does it.
    let ran = repository.wants(0, &["--file", "all.yml", "phase", "1", "--yes"]);
    assert!(!ran.err.contains("Not used"), "{}", ran.err);
    assert!(repository.read(".gitlab-ci.yml").contains("docker buildx build"), "{}", ran.err);
    assert_eq!(repository.read("all.yml"), user);
}
