//! What a job's scripts and rules set of the environment that the docker client reads.

use super::cluster::cluster;
use super::draft::Draft;
use super::facts::Facts;
use super::image::expand;
use super::left::Reason;
use super::purpose::{Purpose, of_docker};
use super::use_kubernetes_builder::{DAEMON_VARIABLES, is_here, names_of_daemons};
use crate::pipeline::{Entry, Setting};
use crate::shell::docker::{ContextVerb, Opt, Verb};
use crate::shell::{Command, Docker, docker};

/// The variables that a command sets for the rest of its shell, with their values where they are written.
pub fn set_by(command: &Command) -> Vec<(String, Option<String>)> {
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

/// What else of the environment decides how or where a build is made.
const FELT: [&str; 6] =
    ["DOCKER_BUILDKIT", "DOCKER_CONTENT_TRUST", "DOCKER_DEFAULT_PLATFORM", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

/// Whether a command says where the client's folder is.
pub(super) fn sets_client(command: &Command) -> bool {
    set_by(command).iter().any(|(name, _)| CLIENT.contains(&name.as_str()))
}

/// The variable of the client that a command may write into a file as a setting: `echo "DOCKER_HOST=…" >> build.env`.
pub fn writes_client(command: &Command) -> Option<&'static str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let said = |name: &&'static str| {
        let mut found = command.raw().match_indices(*name);
        found.any(|(at, _)| {
            let (before, behind) = (&command.raw()[..at], &command.raw()[at + name.len()..]);
            behind.starts_with('=') && !before.ends_with(is_part)
        })
    };
    let sets = |name: &&'static str| {
        command.assignments.iter().any(|set| set.name == **name)
            || set_by(command).iter().any(|(set, _)| *set == **name)
    };
    DAEMON_VARIABLES.iter().chain(&CLIENT).find(|name| said(name) && !sets(name)).copied()
}

/// Why a job that sets the client's environment itself is left alone.
pub(super) fn obstacles(draft: &Draft<'_, '_>) -> Vec<Reason> {
    let facts = draft.facts;
    let mut reasons = apart(draft);
    let daemons = names_of_daemons(draft);
    reasons.extend(foreign_contexts(draft, &daemons));
    let file = facts.effective.variable("KUBECONFIG").filter(|file| !file.setting.variable_text().is_empty());
    if let Some(file) = file {
        let message = "KUBECONFIG names a cluster, in which buildx would have its builder".to_owned();
        reasons.push(draft.reason_at_setting(Some(&file.setting), "kubeconfig", message));
    }
    let cluster_of_job = facts.effective.get("environment").and_then(|environment| environment.get("kubernetes"));
    if let Some(deployed) = cluster_of_job {
        let message = "GitLab may give the job the kubeconfig of its environment's cluster".to_owned();
        reasons.push(draft.reason_at_setting(Some(&deployed), "kubeconfig", message));
    }
    for (number, part) in facts.parts.iter().enumerate() {
        let first = part.script.commands().iter().find_map(|command| Some((command, cluster(command)?)));
        reasons.extend(first.map(|(command, said)| draft.reason_at_command(number, command, "kubeconfig", said)));
    }
    for (number, part) in facts.parts.iter().enumerate().filter(|(number, _)| *number < 2) {
        for command in part.script.commands() {
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
        }
    }
    let matrix = facts.effective.get("parallel").and_then(|parallel| parallel.get("matrix"));
    for setting in ruled(draft).into_iter().chain(matrix.iter().flat_map(|matrix| matrix.items())) {
        let names = DAEMON_VARIABLES.iter().chain(&CLIENT).chain(&FELT);
        if let Some(name) = names.into_iter().find(|name| has(&setting, name)) {
            let message = format!("{name} is set by a rule or a matrix, which beats what the job says");
            reasons.push(draft.reason_at_setting(Some(&setting), "client-environment", message));
        }
    }
    // The client takes these for folders: a relative one is another folder after a `cd`.
    let relative = |variable: &Entry<'_>| {
        let text = variable.setting.variable_text();
        matches!(&*variable.key, "DOCKER_CONFIG" | "HOME" | "BUILDX_CONFIG" | "KUBECONFIG")
            && !text.is_empty()
            && !text.starts_with(['/', '$', '~'])
    };
    let moves =
        || facts.parts.iter().flat_map(|part| part.script.commands()).any(|c| matches!(c.name(), Some("cd" | "pushd")));
    if let Some(variable) = facts.effective.variables().find(relative).filter(|_| moves()) {
        let message = format!("{} is a relative path, and the job changes its folder", variable.key);
        reasons.push(draft.reason_at_setting(Some(&variable.setting), "client-environment", message));
    }
    let takes = |variable: &Entry<'_>| {
        let text = variable.setting.variable_text();
        let own = DAEMON_VARIABLES.contains(&&*variable.key);
        !own && variables_in(&text).any(|name| DAEMON_VARIABLES.contains(&name.as_str()))
    };
    if let Some(variable) = facts.effective.variables().find(takes) {
        let message = format!("{} is made of a variable of the daemon's, which would be empty", variable.key);
        reasons.push(draft.reason_at_setting(Some(&variable.setting), "reads-daemon-variable", message));
    }
    let named = |variable: &Entry<'_>| variable.setting.variable_text().starts_with("docker-container:");
    if let Some(variable) = facts.effective.variables().find(named) {
        let message = format!("{} names a container of the daemon's", variable.key);
        reasons.push(draft.reason_at_setting(Some(&variable.setting), "client-environment", message));
    }
    if let Some((entry, name)) = asked_by(facts).into_iter().find(|(_, name)| is_set(facts, name)) {
        let message = format!("`{}:` reads {name}, which would be empty", entry.key);
        reasons.push(draft.reason_at_setting(Some(&entry.setting), "reads-daemon-variable", message));
    }
    let context = facts.effective.variable("DOCKER_CONTEXT").map(|context| context.setting);
    if let Some(context) = context.filter(|context| !matches!(&*context.variable_text(), "" | "default")) {
        let message = "DOCKER_CONTEXT names a context of the daemon's, by which the client would go on".to_owned();
        reasons.push(draft.reason_at_setting(Some(&context), "client-environment", message));
    }
    reasons
}

/// The contexts that a job uses and does not make, or makes for another daemon than its own service.
fn foreign_contexts(draft: &Draft<'_, '_>, daemons: &[String]) -> Vec<Reason> {
    let parts = draft.facts.parts.iter().enumerate();
    let commands = parts.flat_map(|(number, part)| part.script.commands().iter().map(move |command| (number, command)));
    let mut made: Vec<String> = vec!["default".to_owned()];
    let mut reasons = Vec::new();
    for (number, command) in commands {
        let Some(docker) = docker(command) else { continue };
        let name =
            docker.operands.first().and_then(|&word| command.words.get(word)).map(|word| word.display().to_owned());
        let is_foreign = match docker.verb {
            Verb::Context(ContextVerb::Create) => {
                made.extend(name);
                let values = docker.options.iter().filter_map(|option| option.value.as_ref());
                let hosts = values.filter_map(|value| value.display.split("host=").nth(1));
                // Another variable than the daemon's may be any machine.
                let open =
                    |host: &String| host.contains('$') && !host.contains("$DOCKER_") && !host.contains("${DOCKER_");
                let mut hosts = hosts.flat_map(|host| expansions(draft, host));
                hosts.any(|host| open(&host) || !is_here(&host, daemons))
            }
            Verb::Context(ContextVerb::Use) => name.is_some_and(|name| !made.contains(&name)),
            _ => false,
        };
        if is_foreign {
            let message = "a context of another daemon than the job's own service".to_owned();
            reasons.push(draft.reason_at_command(number, command, "remote-docker-host", message));
        }
    }
    reasons
}

/// The keywords of a job, other than its scripts, services and variables, that name a variable of the daemon's: `rules:` by `if`,
/// `cache:key`, `environment:name` (<https://docs.gitlab.com/ci/variables/where_variables_can_be_used/>).
pub(super) fn asked_by<'p>(facts: &Facts<'p>) -> Vec<(Entry<'p>, &'static str)> {
    const OTHERS: [&str; 6] = ["variables", "before_script", "script", "after_script", "extends", "run"];
    let entries = facts.effective.iter().filter(|entry| !OTHERS.contains(&&*entry.key));
    let found = entries.flat_map(|entry| {
        let others = |(number, service): (usize, Setting<'p>)| match facts.dind.contains(&number) {
            true => Vec::new(),
            false => service.all_texts(),
        };
        let texts: Vec<_> = match &*entry.key {
            "services" => entry.setting.items().enumerate().flat_map(others).collect(),
            _ => entry.setting.all_texts(),
        };
        // `inherit: variables:` only names them.
        let read: Vec<String> = texts.iter().flat_map(|text| variables_in(text)).collect();
        let names = DAEMON_VARIABLES.into_iter().filter(|name| read.iter().any(|one| one == name));
        names.map(move |name| (entry.clone(), name)).collect::<Vec<_>>()
    });
    found.collect()
}

fn is_set(facts: &Facts<'_>, name: &str) -> bool {
    facts.effective.variable(name).is_some_and(|variable| !variable.setting.variable_text().is_empty())
}

/// Why commands stand apart from the others of their job: what one of them reads, its successor would not.
pub(super) fn apart(draft: &Draft<'_, '_>) -> Vec<Reason> {
    let parts = draft.facts.parts.iter().enumerate();
    let commands = parts.flat_map(|(number, part)| part.script.commands().iter().map(move |command| (number, command)));
    let reason = |(number, command)| for_one_command(draft, number, command, &*docker(command)?);
    commands.filter_map(reason).collect()
}

/// Why one command would not use the job's builder, or its login: it has a configuration, a daemon or a context of its own.
fn for_one_command(draft: &Draft<'_, '_>, part: usize, command: &Command, docker: &Docker) -> Option<Reason> {
    let stays = matches!(of_docker(docker), Purpose::Build | Purpose::Bake | Purpose::Login | Purpose::Registry);
    let client = stays || of_docker(docker) == Purpose::Image;
    let own =
        docker.environment.iter().find(|(name, _)| CLIENT.contains(&name.as_str())).map(|(name, _)| name.as_str());
    let tls = |option: &Opt| option.name.starts_with("tls");
    let (code, message) = if let Some(name) = own.filter(|_| client) {
        ("client-environment", format!("sets {name} for one command, by which it knows its builder and its login"))
    } else if docker.globals.iter().any(|option| option.name == "config") {
        (
            "client-environment",
            "has a configuration of its own for one command, by which it knows its builder and its login".to_owned(),
        )
    } else if stays && docker.endpoint.is_some() || docker.globals.iter().any(tls) {
        ("remote-docker-host", "names its daemon itself, by a host, a context or certificates".to_owned())
    } else {
        return None;
    };
    Some(draft.reason_at_command(part, command, code, message))
}

/// The variables that rules set, of the job and of the whole pipeline: they beat the job's own
/// (<https://docs.gitlab.com/ci/yaml/#rulesvariables>).
pub(super) fn ruled<'p>(draft: &Draft<'_, 'p>) -> Vec<Setting<'p>> {
    let workflow = draft.pipeline.keyword("workflow").map(|workflow| workflow.setting);
    let rules = [draft.facts.effective.get("rules"), workflow.and_then(|workflow| workflow.get("rules"))];
    let rules = rules.iter().flatten().flat_map(|rules| rules.items());
    rules.into_iter().filter_map(|rule| rule.get("variables")).collect()
}

/// The values that rules and a matrix give a variable, beside what `variables:` says.
pub(super) fn given_otherwise(draft: &Draft<'_, '_>, name: &str) -> Vec<String> {
    let matrix = draft.facts.effective.get("parallel").and_then(|parallel| parallel.get("matrix"));
    let rows = matrix.iter().flat_map(|matrix| matrix.items()).filter_map(|row| row.get(name));
    let rows = rows.flat_map(|row| if row.is_sequence() { row.items().collect() } else { vec![row] });
    let ruled = ruled(draft).into_iter().filter_map(|variables| variables.get(name));
    ruled.chain(rows).map(|value| value.variable_text().into_owned()).collect()
}

/// All that a text with variables may become, by `variables:`, rules and a matrix. What has no value stays as it is written.
pub(super) fn expansions(draft: &Draft<'_, '_>, text: &str) -> Vec<String> {
    let facts = draft.facts;
    let value = |name: &str| facts.effective.variable(name).map(|v| v.setting.variable_text().into_owned());
    let mut all = vec![expand(text, &value)];
    for name in variables_in(text) {
        for given in given_otherwise(draft, &name) {
            let other = |asked: &str| if asked == name { Some(given.clone()) } else { value(asked) };
            all.push(expand(text, &other));
        }
    }
    all
}

/// The names of the variables in a text.
pub(super) fn variables_in(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split('$').skip(1).map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    })
}

/// Whether `after_script` sets a variable to the same value.
fn again(facts: &Facts<'_>, name: &str, value: Option<&str>) -> bool {
    let after = facts.parts.get(2).into_iter().flat_map(|part| part.script.commands());
    after.flat_map(set_by).any(|(other, same)| other == name && same.as_deref() == value)
}

fn has(mapping: &Setting<'_>, name: &str) -> bool {
    mapping.entries().any(|entry| entry.key == name)
}
