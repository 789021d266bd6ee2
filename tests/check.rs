//! `check`: each rule finds what it is for, the verdict, and the formats.

mod common;

use common::{Repository, testdata};
use pretty_assertions::assert_eq;
use serde_json::Value;

fn codes(text: &str) -> Vec<(String, u64)> {
    let repository = Repository::with(&[(".gitlab-ci.yml", text)]);
    let ran = repository.run(&["check", "--format", "json", "--fail-on", "never"]);
    let answer: Value = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}{}", ran.out, ran.err));
    let findings = answer["findings"].as_array().unwrap().iter();
    findings.map(|finding| (finding["code"].as_str().unwrap().to_owned(), finding["line"].as_u64().unwrap())).collect()
}

#[track_caller]
fn finds(text: &str, wanted: &[(&str, u64)]) {
    let wanted: Vec<(String, u64)> = wanted.iter().map(|(code, line)| ((*code).to_owned(), *line)).collect();
    assert_eq!(codes(text), wanted);
}

#[test]
fn each_rule_finds_what_it_is_for() {
    finds("a:\n  services: [docker:dind]\n  script: docker run x\n", &[("needs-daemon", 3)]);
    finds("a:\n  services: [docker:dind]\n  script: echo\n", &[("unused-daemon", 2)]);
    finds("a:\n  script: docker build -t x .\n", &[("needs-daemon", 2)]);
    finds("a:\n  trigger: {include: child.yml}\n", &[("child-pipeline", 2)]);
    finds("a:\n  services: [$D]\n  script: x\n", &[("service-unknown", 2)]);
    finds("a:\n  variables: {D: 'postgres:16'}\n  services: [$D, 'redis:$V']\n  script: x\n", &[]);
    finds("a:\n  variables: {DOCKER_HOST: x}\n  script: echo\n", &[("daemon-variable", 2)]);
    let create = "docker buildx create --driver=kubernetes";
    finds(
        &format!("a:\n  script:\n    - {create} --name=b --use\n    - docker buildx build --push -t x .\n"),
        &[("builder-collision", 1)],
    );
    finds(
        &format!("a:\n  script:\n    - {create} --name=b-$CI_JOB_ID --use\n    - docker build -t x .\n"),
        &[("docker-build", 4)],
    );
    finds(&format!("a:\n  script:\n    - {create} --name=b-$CI_JOB_ID --driver-opt=cpu=1\n"), &[("driver-option", 3)]);
    finds(
        &format!("a:\n  script:\n    - {create} --name=b-$CI_JOB_ID --driver-opt qemu.install=true\n"),
        &[("qemu-install", 3)],
    );
    finds(
        "a:\n  script: docker buildx build --target x --target y -t a --push .\n",
        &[("needs-daemon", 2), ("several-targets", 2)],
    );
    finds("a:\n  script: docker login -u x -p $Y\n", &[("password-argument", 2)]);
    finds("a:\n  script: x\n  rules:\n    - if: $A\nb:\n  needs: [a]\n  script: y\n", &[("needs-conditional", 6)]);
    finds("a:\n  script: x\n  rules:\n    - if: $A\nb:\n  needs: [{job: a, optional: true}]\n  script: y\n", &[]);
    finds("include:\n  - remote: https://example.com/x.yml\na:\n  script: x\n", &[("partial", 2)]);
    let build = format!(
        "{create} --name=b-$CI_JOB_ID --use && docker buildx build --cache-to type=registry,ref=r:c --push -t x ."
    );
    finds(&format!("a:\n  script: {build}\nb:\n  script: {build}\n"), &[("cache-race", 1)]);
    finds(&format!("a:\n  script: {build}\nb:\n  needs: [a]\n  script: {build}\n"), &[]);
    finds(
        &format!(
            ".buildkit_template:\n  image: docker\na:\n  script:\n    - {create} --name=b-$CI_JOB_ID\n    - docker buildx build --push -t x .\n"
        ),
        &[("no-template", 3)],
    );
}

#[test]
fn the_verdict_and_the_exit_code_follow_the_severity() {
    let repository = Repository::with(&[(".gitlab-ci.yml", "a:\n  script: docker login -u x -p $Y\n")]);
    let ran = repository.wants(0, &["check"]);
    assert!(ran.out.contains("Ready: no job"), "{}", ran.out);
    repository.wants(1, &["check", "--fail-on", "warning"]);
    let repository = Repository::with(&[(".gitlab-ci.yml", "a:\n  services: [docker:dind]\n  script: docker run x\n")]);
    let ran = repository.wants(1, &["check"]);
    assert!(
        ran.out.contains("Not ready") && ran.out.contains("docker-run") && ran.out.contains("remedy: "),
        "{}",
        ran.out
    );
    repository.wants(0, &["check", "--fail-on", "never"]);
}

#[test]
fn sarif_and_code_quality_have_their_shape() {
    let repository = Repository::copy(&testdata("pipelines/monorepo"));
    let sarif: Value = serde_json::from_str(&repository.wants(1, &["check", "--report", "sarif"]).out).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    let rules: Vec<&str> =
        run["tool"]["driver"]["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    for result in run["results"].as_array().unwrap() {
        assert!(rules.contains(&result["ruleId"].as_str().unwrap()));
        assert!(result["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64().unwrap() > 0);
    }
    let issues: Value = serde_json::from_str(&repository.wants(1, &["check", "--report", "code-quality"]).out).unwrap();
    let issues = issues.as_array().unwrap();
    let mut prints: Vec<&str> = issues.iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), issues.len(), "each finding has a fingerprint of its own");
    for issue in issues {
        assert!(["major", "minor", "info"].contains(&issue["severity"].as_str().unwrap()));
        assert_eq!(issue["location"]["path"], ".gitlab-ci.yml");
    }
}
