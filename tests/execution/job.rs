//! A job as a runner sees it, and one run of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::stand_in::{self, STATE};
use crate::store::{self, Store};

/// What a runner takes from a job's effective configuration.
pub struct Job {
    pub name: String,
    /// `before_script` and `script`, which one shell runs.
    pub script: Vec<String>,
    pub after_script: Vec<String>,
    variables: Vec<(String, String)>,
    daemon: bool,
}

/// The circumstances of a run.
#[derive(Clone, Default)]
pub struct World {
    /// What GitLab and the project's settings say.
    pub variables: Vec<(String, String)>,
    /// The registry holds nothing.
    pub empty: bool,
    /// The step that fails.
    pub fails: Option<String>,
    /// It fails the first time only.
    pub once: bool,
    /// The pipeline was started with other values of the job's variables (GitLab, "Run a pipeline manually"): of those with an image's
    /// name, and of all others.
    pub by_hand: Option<(&'static str, &'static str)>,
}

/// What a run did.
#[derive(Debug)]
pub struct Done {
    pub passed: bool,
    /// Other commands, each with the state of the registry.
    pub others: Vec<String>,
    /// The steps that could fail.
    pub steps: Vec<String>,
    /// What the registry holds at the end, but for what was there by the same name.
    pub registry: BTreeMap<String, String>,
    /// Each name that was pushed, with its image.
    pub pushes: Vec<String>,
    /// Commands that nothing is known of here.
    pub unknown: Vec<String>,
    /// All that was noted and said, for a person.
    pub log: String,
}

/// Whether a variable holds an image's name by its own and its value: no tag is one.
fn names_image(name: &str, value: &str) -> bool {
    name.contains("IMAGE") || value.contains(['/', '$']) && !name.contains("TAG")
}

impl Job {
    /// From an entry of `effective --format json`.
    pub fn new(entry: &Value) -> Job {
        let configuration = &entry["configuration"];
        let mut script = items(&configuration["before_script"]);
        script.extend(items(&configuration["script"]));
        let variables = configuration["variables"].as_object().cloned().unwrap_or_default();
        let text = |value: &Value| match value {
            Value::Object(said) => said.get("value").map(plain).unwrap_or_default(),
            _ => plain(value),
        };
        let services = configuration["services"].as_array().cloned().unwrap_or_default();
        Job {
            name: entry["name"].as_str().unwrap_or_default().to_owned(),
            script,
            after_script: items(&configuration["after_script"]),
            variables: variables.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
            daemon: services.iter().any(|service| {
                let image = service["name"].as_str().or(service.as_str()).unwrap_or_default();
                image.contains("dind") || image.contains('$')
            }),
        }
    }

    /// One with a script alone, and with a daemon or without.
    pub fn of(script: &str, daemon: bool) -> Job {
        let script = script.lines().map(str::to_owned).collect();
        Job { name: "job".into(), script, after_script: Vec::new(), variables: Vec::new(), daemon }
    }

    /// All that a shell reads of it.
    pub fn text(&self) -> String {
        let values = self.variables.iter().map(|(_, value)| value.as_str());
        self.script.iter().chain(&self.after_script).map(String::as_str).chain(values).collect::<Vec<_>>().join("\n")
    }

    pub fn sets(&self, variable: &str) -> bool {
        self.variables.iter().any(|(name, _)| name == variable)
    }

    /// Runs it in a copy of the repository.
    pub fn run(&self, world: &World, repository: &Path, daemon: bool) -> Done {
        let folder = tempfile::tempdir().unwrap();
        // Long names differ from machine to machine, and would stand in what is compared.
        let at = folder.path().canonicalize().unwrap();
        let (state, project, home) = (at.join("state"), at.join("project"), at.join("home"));
        for folder in [&state, &project, &home] {
            std::fs::create_dir_all(folder).unwrap();
        }
        copy(repository, &project);
        let mut variables: BTreeMap<String, String> = world.variables.iter().cloned().collect();
        let place = project.to_string_lossy().into_owned();
        variables.insert("CI_PROJECT_DIR".into(), place.clone());
        variables.insert("CI_BUILDS_DIR".into(), at.to_string_lossy().into_owned());
        let given = variables.clone();
        for (name, value) in &self.variables {
            let ours = ["DOCKER", "BUILD", "COMPOSE", "KUBE", "GIT"].iter().any(|prefix| name.starts_with(prefix));
            let value = match world.by_hand.filter(|_| !ours) {
                Some((image, _)) if names_image(name, value) => image.to_owned(),
                Some((_, other)) => other.to_owned(),
                None => expanded(value, &self.variables, &given, 0),
            };
            variables.insert(name.clone(), value);
        }
        let mut said = String::new();
        let mut shell = |items: &[String]| {
            let text = format!(
                "set -eo pipefail\ncommand_not_found_handle() {{ external \"$@\"; }}\nexport -f command_not_found_handle\n{}\n",
                items.join("\n")
            );
            std::fs::write(at.join("job.sh"), text).unwrap();
            let mut command = Command::new("/usr/bin/timeout");
            command.args(["10", "/usr/bin/bash"]).arg(at.join("job.sh")).current_dir(&project).env_clear();
            command.envs(&variables).env("PATH", stand_in::commands()).env("HOME", &home).env(STATE, &state);
            for (name, set) in
                [(store::EMPTY, world.empty), (store::ONCE, world.once), (store::DAEMON, daemon || self.daemon)]
            {
                if set {
                    command.env(name, "1");
                }
            }
            if let Some(step) = &world.fails {
                command.env(store::FAIL, step);
            }
            let output = command.stdin(Stdio::null()).output().unwrap();
            said += &String::from_utf8_lossy(&output.stderr);
            output.status.code()
        };
        let code = shell(&self.script);
        if !self.after_script.is_empty() {
            shell(&self.after_script);
        }
        let trace = std::fs::read_to_string(state.join("trace")).unwrap_or_default().replace(&place, "<project>");
        let trace = trace.replace(&*at.to_string_lossy(), "");
        let of = |kind: &str| trace.lines().filter_map(|l| l.strip_prefix(kind)).map(str::to_owned).collect::<Vec<_>>();
        let mut registry = Store::open(state).all("registry");
        registry.retain(|name, image| !image.starts_with(&format!("old:{name} by ")));
        let mut unknown = of("unknown ");
        if code == Some(124) {
            unknown.push("it does not end".into());
        }
        Done {
            passed: code == Some(0),
            others: of("external "),
            steps: of("step "),
            registry,
            pushes: of("pushed "),
            unknown,
            log: trace + &said.replace(&*at.to_string_lossy(), ""),
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, str::to_owned)
}

fn items(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().flat_map(items).collect(),
        Value::Null => Vec::new(),
        other => vec![plain(other)],
    }
}

/// A variable's value with the others put in, as GitLab does it.
fn expanded(value: &str, own: &[(String, String)], given: &BTreeMap<String, String>, depth: usize) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('$') {
        out += before;
        let (name, behind) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some(braced) => braced,
            None => after.split_at(after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len())),
        };
        if let Some(plain) = after.strip_prefix('$') {
            out += "$";
            rest = plain;
            continue;
        }
        match own.iter().find(|(known, _)| known == name) {
            Some((_, value)) if depth < 9 => out += &expanded(value, own, given, depth + 1),
            _ => out += given.get(name).map_or("", String::as_str),
        }
        rest = behind;
    }
    out + rest
}

fn copy(from: &Path, to: &Path) {
    for (name, path) in crate::repository::files(from) {
        let to = to.join(name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(path, to).unwrap();
    }
}
