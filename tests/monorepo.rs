//! The real pipeline: what must be seen of it, phase by phase.

mod common;

use std::collections::BTreeSet;

use common::{Repository, comment_lines, stand_in};
use pretty_assertions::assert_eq;
use serde_json::Value;

fn monorepo() -> Option<Repository> {
    common::shared("the real pipeline").map(|shared| Repository::copy(&shared.join("pipelines/monorepo")))
}

fn jobs_where(status: &Value, wanted: impl Fn(&Value) -> bool) -> Vec<&str> {
    status["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|job| wanted(job))
        .map(|job| job["name"].as_str().unwrap())
        .collect()
}

#[test]
fn status_finds_every_job_its_part() {
    let Some(repository) = monorepo() else { return };
    let status = repository.json(&["status", "--format", "json"]);
    assert_eq!(status["version"], 1);
    assert_eq!(status["partial"], serde_json::json!([]));
    let role = |role: &str| jobs_where(&status, |job| job["role"] == role);
    assert_eq!(role("pilot"), ["build / protocol", "build / protocol / release"]);
    assert_eq!(
        role("single"),
        ["build / console", "build / node-sdk", "build / console / release", "deploy / console"]
    );
    assert_eq!(role("test"), ["build / system-tests", "build / system-tests / release"]);
    assert_eq!(role("multi"), ["build / rust-services", "build / rust-services / release"]);
    for (number, role) in [(1, "pilot"), (2, "single"), (3, "test"), (4, "multi")] {
        let phase = &status["phases"][number - 1];
        assert_eq!((phase["number"].as_u64(), phase["state"].as_str()), (Some(number as u64), Some("pending")));
        let jobs: Vec<&str> = phase["jobs"].as_array().unwrap().iter().map(|job| job.as_str().unwrap()).collect();
        assert_eq!(jobs, jobs_where(&status, |job| job["role"] == role));
    }
    let because = |code: &str| {
        jobs_where(&status, |job| job["reasons"].as_array().unwrap().iter().any(|reason| reason["code"] == code))
    };
    assert_eq!(
        because("compose-run"),
        [
            "code style / controlplane",
            "code style / console",
            "code style / node-sdk",
            "code style / markdown",
            "unit tests / authz",
            "unit tests / migration linting",
            "unit tests / controlplane",
            "system tests / console",
            "deploy / apply migrations",
            "deploy / apply authz schema",
        ]
    );
    assert_eq!(because("docker-tag"), ["deploy / authz-worker", "deploy / controlplane", "deploy / synchronizer"]);
    let never = jobs_where(&status, |job| job["never"] == true);
    assert_eq!(never, ["build / controlplane", "build / authz-worker", "build / synchronizer"]);
    let without = jobs_where(&status, |job| job["outcome"] == "none" && job["never"] == false);
    assert_eq!(without, ["gitleaks", "release"]);
    assert_eq!(jobs_where(&status, |job| job["dind"] == true).len(), 28);
    // Every reason has its place, and the place is where the command stands.
    let text = repository.read(".gitlab-ci.yml");
    for job in status["jobs"].as_array().unwrap() {
        for reason in job["reasons"].as_array().unwrap() {
            assert_eq!(reason["file"], ".gitlab-ci.yml");
            let line = text.lines().nth(reason["line"].as_u64().unwrap() as usize - 1).unwrap();
            let column = reason["column"].as_u64().unwrap() as usize - 1;
            let command = if reason["code"] == "loses-daemon" { "npx semantic-release" } else { "docker " };
            assert!(line[column..].starts_with(command), "{reason}: {line}");
        }
    }
}

/// What a migrated job must be, beside what it was.
fn check_migrated(name: &str, before: &Value, after: &Value) {
    assert_eq!(after["services"], serde_json::json!([]), "{name}");
    for variable in ["DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_TLS_CERTDIR"] {
        assert_eq!(after["variables"][variable], "", "{name}: {variable}");
    }
    for (variable, value) in before["variables"].as_object().unwrap() {
        if !variable.starts_with("DOCKER_") || variable == "DOCKER_BUILDKIT" {
            assert_eq!(after["variables"][variable], *value, "{name}: {variable}");
        }
    }
    let lines = |value: &Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
    };
    let setup = lines(&after["before_script"]);
    assert_eq!(setup.len(), 4, "{name}: {setup:#?}");
    assert_eq!(
        setup[0],
        "echo \"$CI_REGISTRY_PASSWORD\" | docker login -u \"$CI_REGISTRY_USER\" --password-stdin \"$CI_REGISTRY\""
    );
    assert_eq!(setup[1], lines(&before["before_script"])[1], "{name}: the Docker Hub login");
    for part in [
        "--driver=kubernetes",
        "namespace=${BUILDKIT_NAMESPACE:-gitlab-runner}",
        "rootless=true",
        "--name=\"k8s-builder-${CI_JOB_ID}\"",
        "--use",
    ] {
        assert!(setup[2].contains(part), "{name}: {part}");
    }
    assert_eq!(setup[3], "docker buildx inspect --bootstrap \"k8s-builder-${CI_JOB_ID}\"");
    let end = lines(&after["after_script"]);
    assert!(end.len() == 1 && end[0].starts_with("docker buildx rm \"k8s-builder-${CI_JOB_ID}\""), "{name}: {end:?}");
    for (key, value) in before.as_object().unwrap() {
        if !["services", "variables", "before_script", "after_script", "script"].contains(&key.as_str()) {
            assert_eq!(after[key], *value, "{name}: {key}");
        }
    }
    // A script loses no line, and gains cache references only.
    let (was, is) = (lines(&before["script"]).join("\n"), lines(&after["script"]).join("\n"));
    let gained: Vec<&str> = is.lines().filter(|line| !was.contains(line.trim())).collect();
    assert!(gained.iter().all(|line| line.contains(":buildcache-${CI_COMMIT_REF_SLUG}")), "{name}: {gained:?}");
    let was: Vec<String> = was.lines().map(str::to_owned).collect();
    stand_in(&was, &is.lines().map(str::to_owned).collect::<Vec<_>>()).unwrap_or_else(|e| panic!("{name}: {e}"));
}

#[test]
fn the_phases_change_their_jobs_and_no_other() {
    let Some(repository) = monorepo() else { return };
    let original = repository.read(".gitlab-ci.yml");
    let start = repository.effective();
    let mut migrated: BTreeSet<String> = BTreeSet::new();
    for (phase, count) in [("1", 2), ("2", 4), ("3", 2), ("4", 2)] {
        let before = repository.effective();
        let answer = repository.json(&["phase", phase, "--yes", "--format", "json"]);
        assert_eq!(answer["proof"]["differ"], count);
        assert_eq!(answer["proof"]["jobs"], 28);
        assert_eq!(answer["left"], serde_json::json!([]));
        let after = repository.effective();
        let changed: Vec<&String> = before.keys().filter(|name| before[*name] != after[*name]).collect();
        assert_eq!(changed.len(), count, "{changed:?}");
        migrated.extend(changed.into_iter().cloned());
        // Nothing is removed: every line of the file before is there, in its order.
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        stand_in(&lines(&original), &lines(&repository.read(".gitlab-ci.yml"))).unwrap();
        // A second run changes nothing.
        let again = repository.json(&["phase", phase, "--yes", "--format", "json"]);
        assert_eq!((again["state"].as_str(), again["diff"].as_str()), (Some("done"), Some("")));
    }
    let end = repository.effective();
    assert_eq!(end.len(), 28);
    for (name, before) in &start {
        match migrated.contains(name) {
            true => check_migrated(name, before, &end[name]),
            false => assert_eq!(end[name], *before, "{name}"),
        }
    }
    assert_eq!(migrated.len(), 10);
    assert_eq!(end["build / protocol"]["variables"]["TARGET"], "development");
    assert_eq!(end["build / protocol / release"]["variables"].get("TARGET"), None);
    assert_eq!(end["build / console / release"]["variables"]["TARGET"], "release");
    stand_in(&comment_lines(&original), &comment_lines(&repository.read(".gitlab-ci.yml"))).unwrap();
    let status = repository.json(&["status", "--format", "json"]);
    assert!(status["phases"].as_array().unwrap()[..4].iter().all(|phase| phase["state"] == "done"));
}

#[test]
fn a_later_phase_waits_for_the_earlier() {
    let Some(repository) = monorepo() else { return };
    let original = repository.read(".gitlab-ci.yml");
    repository.wants(0, &["phase", "1", "--yes"]);
    let first = repository.read(".gitlab-ci.yml");
    let ran = repository.wants(3, &["phase", "3", "--yes"]);
    assert!(ran.err.contains("phase 2") && ran.err.contains("--out-of-order"), "{}", ran.err);
    assert_eq!(repository.read(".gitlab-ci.yml"), first);
    assert_ne!(first, original);
    repository.wants(0, &["phase", "3", "--yes", "--out-of-order"]);
    assert_ne!(repository.read(".gitlab-ci.yml"), first);
}

#[test]
fn all_six_phases_leave_ten_jobs_with_the_daemon() {
    let Some(repository) = monorepo() else { return };
    let original = repository.read(".gitlab-ci.yml");
    let start = repository.effective();
    let needs = jobs_where(&repository.json(&["status", "--format", "json"]), |job| {
        job["reasons"].as_array().unwrap().iter().any(|reason| reason["code"] == "compose-run")
    })
    .into_iter()
    .map(str::to_owned)
    .collect::<Vec<_>>();
    let dry = repository.wants(0, &["run", "--dry-run"]).out;
    assert_eq!(repository.read(".gitlab-ci.yml"), original);
    repository.wants(0, &["run", "--yes"]);
    let end = repository.effective();
    assert_eq!(end.len(), 25);
    assert_eq!(needs.len(), 10);
    for name in &needs {
        assert_eq!(end[name], start[name], "{name}");
    }
    for name in ["deploy / authz-worker", "deploy / controlplane", "deploy / synchronizer"] {
        let script = end[name]["script"][0].as_str().unwrap();
        assert!(script.starts_with("docker buildx imagetools create --prefer-index=false --tag "), "{script}");
        assert!(end[name].get("services").is_none() && end[name]["variables"].get("DOCKER_HOST").is_none());
    }
    for name in ["gitleaks", "release"] {
        assert!(end[name].get("services").is_none() && end[name].get("after_script").is_none(), "{name}");
    }
    let text = repository.read(".gitlab-ci.yml");
    assert_eq!(text.matches("extends: .buildkit_template").count(), 10);
    assert_eq!(text.matches("extends: .dind").count(), 10);
    let lost = "# Legacy job aliases for backward compatibility - can be removed after validation";
    let kept: Vec<String> = comment_lines(&original).into_iter().filter(|comment| comment != lost).collect();
    let found = comment_lines(&text);
    assert!(kept.iter().all(|comment| found.contains(comment)) && !found.iter().any(|comment| comment == lost));
    let status = repository.json(&["status", "--format", "json"]);
    assert!(status["phases"].as_array().unwrap().iter().all(|phase| phase["state"] == "done"), "{status:#}");
    let check: Value = serde_json::from_str(&repository.wants(1, &["check", "--format", "json"]).out).unwrap();
    assert_eq!(check["ready"], false);
    assert_eq!(check["privileged_jobs"].as_array().unwrap().len(), 10);
    repository.wants(0, &["run", "--yes"]);
    assert_eq!(repository.read(".gitlab-ci.yml"), text, "a second run changes nothing");
    // The diffs of the dry run, one after the other, lead to the same file.
    std::fs::write(repository.folder.path().join(".gitlab-ci.yml"), &original).unwrap();
    for (number, diff) in dry.split("diff --git ").skip(1).enumerate() {
        let patch = repository.folder.path().join(format!("{number}.patch"));
        std::fs::write(&patch, format!("diff --git {diff}")).unwrap();
        let git =
            std::process::Command::new("git").current_dir(repository.folder.path()).arg("apply").arg(&patch).output();
        assert!(git.as_ref().unwrap().status.success(), "{}", String::from_utf8_lossy(&git.unwrap().stderr));
    }
    assert_eq!(repository.read(".gitlab-ci.yml"), text);
}
