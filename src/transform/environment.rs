//! What a job's scripts and rules set of the environment that the docker client reads.

use super::draft::Draft;
use super::facts::Facts;
use super::left::Reason;
use super::use_kubernetes_builder::{DAEMON_VARIABLES, is_here, names_of_daemons};
use crate::pipeline::Setting;
use crate::shell::Command;

/// The variables that a command sets for the rest of its shell, with their values where they are written.
pub(super) fn set_by(command: &Command) -> Vec<(String, Option<String>)> {
    let lasts = command.words.is_empty() || matches!(command.name(), Some("export" | "declare" | "typeset"));
    if !lasts {
        return Vec::new();
    }
    let assigned = command.assignments.iter();
    let assigned = assigned.map(|set| (set.name.clone(), set.value.as_ref().map(|value| value.display().to_owned())));
    let words = command.words.iter().skip(1).filter_map(|word| word.display().split_once('='));
    assigned.chain(words.map(|(name, value)| (name.to_owned(), Some(value.to_owned())))).collect()
}

/// Removes the client's folder, where it keeps what it knows of its builders: `rm -rf ~/.docker`.
pub(super) fn forgets(command: &Command) -> bool {
    let folder = |word: &str| {
        let word = word.trim_end_matches(['/', '*']);
        word.ends_with("/.docker") || word.ends_with("DOCKER_CONFIG") || word.ends_with("DOCKER_CONFIG}")
    };
    command.name() == Some("rm") && command.words.iter().any(|word| folder(word.display()))
}

/// Where the client finds its builders, its contexts and its cluster: what is set behind the builder's creation hides it.
const CLIENT: [&str; 6] = ["DOCKER_CONFIG", "HOME", "BUILDX_CONFIG", "BUILDX_BUILDER", "DOCKER_CONTEXT", "KUBECONFIG"];

/// Why a job that sets the client's environment itself is left alone.
pub(super) fn obstacles(draft: &Draft<'_, '_>) -> Vec<Reason> {
    let facts = draft.facts;
    let mut reasons = Vec::new();
    let daemons = names_of_daemons(draft);
    for (number, part) in facts.parts.iter().enumerate().filter(|(number, _)| *number < 2) {
        for command in part.script.commands() {
            let docker = crate::shell::docker(command);
            let config = docker.is_some_and(|docker| docker.globals.iter().any(|option| option.name == "config"));
            for (name, value) in set_by(command) {
                // Even before the builder is made: `after_script`, a shell of its own, would not find it.
                if CLIENT.contains(&&*name) && !(number == 0 && again(facts, &name, value.as_deref())) {
                    let message = format!("sets {name}, by which the client finds its builder");
                    reasons.push(draft.reason_at_command(number, command, "client-environment", message));
                }
                if name == "DOCKER_HOST" && !is_here(value.as_deref().unwrap_or_default(), &daemons) {
                    let message = "sets DOCKER_HOST to another daemon than the job's own service".to_owned();
                    reasons.push(draft.reason_at_command(number, command, "remote-docker-host", message));
                }
            }
            let late = number == 1 || facts.builds.iter().any(|build| build.at.part == 0);
            if late && forgets(command) {
                let message = "removes the client's folder, by which it finds its builder".to_owned();
                reasons.push(draft.reason_at_command(number, command, "client-environment", message));
            }
            if config {
                let message = "has a configuration of its own for one command, which knows no builder".to_owned();
                reasons.push(draft.reason_at_command(number, command, "client-environment", message));
            }
        }
    }
    let workflow = draft.pipeline.keyword("workflow").map(|workflow| workflow.setting);
    let rules = [facts.effective.get("rules"), workflow.and_then(|workflow| workflow.get("rules"))];
    let within = rules.iter().flatten().flat_map(|rules| rules.items()).filter_map(|rule| rule.get("variables"));
    let matrix = facts.effective.get("parallel").and_then(|parallel| parallel.get("matrix"));
    for setting in within.chain(matrix.iter().flat_map(|matrix| matrix.items())) {
        if let Some(name) = DAEMON_VARIABLES.into_iter().find(|name| has(&setting, name)) {
            let message = format!("{name} is set by a rule or a matrix, which beats what the job says");
            reasons.push(draft.reason_at_setting(Some(&setting), "client-environment", message));
        }
    }
    reasons
}

/// Whether `after_script` sets a variable to the same value.
fn again(facts: &Facts<'_>, name: &str, value: Option<&str>) -> bool {
    let after = facts.parts.get(2).into_iter().flat_map(|part| part.script.commands());
    after.flat_map(set_by).any(|(other, same)| other == name && same.as_deref() == value)
}

fn has(mapping: &Setting<'_>, name: &str) -> bool {
    mapping.entries().any(|entry| entry.key == name)
}
