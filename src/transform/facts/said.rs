//! What the variables of a job say to the programs that it runs.

use std::sync::{Arc, LazyLock};

use memchr::memmem::Finder;

use super::{Facts, Part, Reason, Unseen, reason, reason_at, short};
use crate::pipeline::{Entry, Way};
use crate::shell::{Script, Word, docker, names_host, program, reads_from_daemon};
use crate::transform::use_kubernetes_builder::DAEMON_VARIABLES;

impl Facts<'_> {
    /// Where variables are set by what a command prints: `export $(cat .env)`.
    pub(super) fn exports(&mut self, parts: &[Part<'_>], scripts: &[Arc<Script>]) {
        for (number, (part, script)) in parts.iter().zip(scripts).enumerate() {
            for (index, command) in script.commands().iter().enumerate() {
                let sets = matches!(command.name(), Some("export" | "declare" | "typeset" | "readonly" | "env"));
                let printed = |word: &Word| word.raw().starts_with(['`', '"']) || word.raw().starts_with("$(");
                if sets && command.words.iter().skip(1).any(printed) {
                    let message = format!("`{}` may set the client's environment", short(command.raw()));
                    let place = command.span.as_ref();
                    let reason = reason(self.project, part, place, "client-environment", message);
                    self.exports.push((Unseen { reason, part: number, command: index }, command.clone()));
                }
            }
        }
    }

    /// Variables by which a program finds the daemon's host, `DB_HOST: docker`: of the job itself, or read by its scripts.
    pub(super) fn hosts(&mut self, scripts: &[Arc<Script>], of_all: &[String]) {
        let project = self.project;
        let is_read = |name: &str| {
            let names = [format!("${name}"), format!("${{{name}")];
            scripts.iter().any(|script| names.iter().any(|name| script.text().contains(name)))
        };
        let own = self.effective.own_variables().filter(is_host);
        let inherited = of_all.iter().filter_map(|name| self.effective.variable(name));
        let is_inherited = |it: &Entry<'_>| matches!(it.setting.origin.way, Way::Default | Way::Global);
        let inherited = inherited.filter(|it| is_inherited(it) && is_read(&it.key));
        let found: Vec<Reason> = own
            .chain(inherited)
            .map(|variable| {
                let message = format!("`{}` names the host `docker`, the daemon's service", variable.key);
                reason_at(project, variable.setting.written_at(), None, "docker-host", message)
            })
            .collect();
        self.needs.extend(found);
    }

    /// Commands of the job's own, other than docker's, that read the daemon's address: `curl "http://${DOCKER_HOST#tcp://}/info"`.
    pub(super) fn addresses(&mut self, parts: &[Part<'_>], scripts: &[Arc<Script>]) {
        const ADDRESS: &str = "DOCKER_HOST";
        for (part, script) in parts.iter().zip(scripts).filter(|(_, script)| script.text().contains(ADDRESS)) {
            for command in script.commands().iter().filter(|it| docker(it).is_none()) {
                let place = command.span.as_ref();
                let own = place.and_then(|place| part.items.get(place.item));
                let own = own.is_some_and(|item| !matches!(item.origin.way, Way::Default | Way::Global));
                let said = |word: &Word| {
                    word.display().contains(&format!("${ADDRESS}")) || word.display().contains(&format!("${{{ADDRESS}"))
                };
                let shows = matches!(
                    command.name(),
                    Some(
                        "echo"
                            | "printf"
                            | "export"
                            | "test"
                            | "["
                            | "[["
                            | "unset"
                            | "declare"
                            | "local"
                            | "set"
                            | ":"
                    )
                );
                let values = command.assignments.iter().filter_map(|set| set.value.as_ref());
                if own && !shows && command.words.iter().chain(values).any(said) {
                    let message = format!("`{}` reads the daemon's address", short(command.raw()));
                    self.needs.push(reason(self.project, part, place, "docker-host", message));
                }
            }
        }
    }

    /// Tests that a variable or a line of the job's own says start containers: `TESTCONTAINERS_RYUK_DISABLED`, `pip install
    /// testcontainers`.
    pub(super) fn testcontainers(&mut self, scripts: &[Arc<Script>], of_all: bool) {
        let own = || self.effective.own_variables().any(|variable| is_of_testcontainers(&variable));
        let said = || scripts.iter().any(|script| script.text().contains("testcontainers"));
        if self.perhaps.is_empty() || !(of_all || own() || said()) {
            return;
        }
        let tests = |unseen: &Unseen| matches!(unseen.reason.code, "test-runner" | "gradle" | "maven" | "sbt");
        if let Some((mut unseen, _)) = self.perhaps.iter().find(|(unseen, _)| tests(unseen)).cloned() {
            unseen.reason.message += ": the job speaks of testcontainers";
            self.hidden.push(unseen);
        }
    }

    /// What a variable of the job tells a scanner to read out of the daemon.
    pub(super) fn told_to_scan(&mut self, parts: &[Part<'_>], scripts: &[Arc<Script>]) {
        static NAMES: LazyLock<[Finder<'_>; 3]> = LazyLock::new(|| ["trivy", "syft", "grype"].map(Finder::new));
        for (part, script) in parts.iter().zip(scripts) {
            let named = NAMES.iter().any(|name| name.find(script.text().as_bytes()).is_some());
            for command in script.commands().iter().filter(|_| named) {
                let prefix = match program(command) {
                    Some("trivy") => "TRIVY_",
                    Some("syft") => "SYFT_",
                    Some("grype") => "GRYPE_",
                    _ => continue,
                };
                let variables = self.effective.variables().filter(|variable| variable.key.starts_with(prefix));
                let mut told = variables.filter(|it| reads_from_daemon(&it.key, &it.setting.variable_text()));
                let told = told.next().map(|variable| variable.key.clone());
                let place = command.span.as_ref();
                let at = |message| reason(self.project, part, place, "docker-daemon-image", message);
                match told {
                    Some(name) => self.needs.push(at(format!("`{name}` has it read the image out of the daemon"))),
                    None => self.scans.push((at(String::new()), command.clone())),
                }
            }
        }
    }
}

/// Whether a variable is one that testcontainers reads (Testcontainers, "Custom configuration").
pub(super) fn is_of_testcontainers(variable: &Entry<'_>) -> bool {
    variable.key.starts_with("TESTCONTAINERS_")
}

/// Whether a variable names the daemon's host to a program other than docker's client.
pub(super) fn is_host(variable: &Entry<'_>) -> bool {
    !DAEMON_VARIABLES.contains(&&*variable.key) && names_host(&variable.key, &variable.setting.variable_text())
}
