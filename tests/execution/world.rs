//! What a job finds: files of its repository, and variables that GitLab and the project set.

use std::collections::BTreeMap;
use std::path::Path;

use crate::job::{Job, World};

/// Puts there what the job expects of the repository: files that it runs, folders and Dockerfiles that it builds.
pub fn prepare(job: &Job, repository: &Path) {
    let text = job.text();
    for word in text.split(|c: char| c.is_whitespace() || "\"'();&|`".contains(c)) {
        let plain = word.trim_start_matches("./");
        let sane = |path: &str| {
            !path.is_empty()
                && path.chars().all(|c| c.is_alphanumeric() || "._-/".contains(c))
                && !path.contains("..")
                && !path.starts_with('/')
        };
        if (word.starts_with("./") || word.ends_with(".sh")) && sane(plain) && plain.contains('.')
            || word.starts_with("./") && sane(plain)
        {
            let path = repository.join(plain);
            if !path.exists()
                && word.starts_with("./")
                && !plain.ends_with('/')
                && !text.contains(&format!("cd {word}"))
            {
                let _ = std::fs::create_dir_all(path.parent().unwrap_or(repository));
                let _ = std::fs::write(&path, format!("#!/bin/bash\nexternal {plain} \"$@\"\n"));
                let _ = std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755));
            }
        }
        if sane(plain) && word.ends_with("Dockerfile") && !repository.join(plain).exists() {
            let _ = std::fs::create_dir_all(repository.join(plain).parent().unwrap_or(repository));
            let _ = std::fs::write(repository.join(plain), "FROM alpine\n");
        }
    }
    if !repository.join("Dockerfile").exists() {
        let arguments =
            text.split("--build-arg").skip(1).filter_map(|behind| behind.trim_start().split(['=', ' ']).next());
        let bases = arguments.filter(|name| name.contains("BASE") || name.contains("IMAGE"));
        let file: String = bases.map(|name| format!("ARG {name}=alpine\nFROM ${name}\n")).collect();
        let _ = std::fs::write(repository.join("Dockerfile"), file + "FROM alpine\n");
    }
}

/// The variables of a pipeline on a ref; those that nobody sets are set by the project if `all`.
pub fn world(job: &Job, of_ref: &[(&str, &str)], all: bool) -> World {
    let mut variables: BTreeMap<String, String> = [
        ("CI", "true"),
        ("GITLAB_CI", "true"),
        ("CI_COMMIT_SHA", "0123456789abcdef0123456789abcdef01234567"),
        ("CI_COMMIT_SHORT_SHA", "01234567"),
        ("CI_COMMIT_BEFORE_SHA", "76543210"),
        ("CI_DEFAULT_BRANCH", "main"),
        ("CI_REGISTRY", "registry.test"),
        ("CI_REGISTRY_IMAGE", "registry.test/group/project"),
        ("CI_REGISTRY_USER", "gitlab-ci-token"),
        ("CI_REGISTRY_PASSWORD", "secret"),
        ("CI_JOB_TOKEN", "token"),
        ("CI_PIPELINE_ID", "1"),
        ("CI_PIPELINE_IID", "2"),
        ("CI_JOB_ID", "3"),
        ("CI_JOB_NAME", "job"),
        ("CI_PIPELINE_SOURCE", "push"),
        ("CI_PROJECT_NAME", "project"),
        ("CI_PROJECT_PATH", "group/project"),
        ("CI_PROJECT_NAMESPACE", "group"),
        ("CI_SERVER_HOST", "gitlab.test"),
        ("CI_RUNNER_ID", "4"),
        ("CI_CONCURRENT_ID", "5"),
    ]
    .into_iter()
    .chain(of_ref.iter().copied())
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();
    let text = job.text();
    for part in text.split('$').skip(1) {
        let name: String =
            part.trim_start_matches('{').chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let named = name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| !c.is_ascii_lowercase());
        let set = ["CI_", "GITLAB_", "DOCKER_", "BUILDX_", "KUBE"].iter().any(|prefix| name.starts_with(prefix))
            || job.sets(&name)
            || text.contains(&format!("{name}="));
        // Where a script asks whether a variable is set, it may be without.
        let asks = ["-n", "-z"].iter().any(|test| {
            text.split(test).skip(1).any(|behind| behind.trim_start_matches([' ', '"', '$', '{']).starts_with(&name))
        }) || [":-", ":+", "-}"].iter().any(|default| text.contains(&format!("${{{name}{default}")));
        if named && !set && (all || !asks) {
            let value = name.to_lowercase();
            variables.entry(name).or_insert(value);
        }
    }
    World { variables: variables.into_iter().collect(), ..World::default() }
}
