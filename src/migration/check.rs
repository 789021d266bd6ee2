//! What still stands between a pipeline and the end of its migration (the plan's validation script, made whole).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::engine::Scene;
use super::rules::{Severity, rule};
use crate::pipeline::{At, Keyword};
use crate::shell::docker::{Docker, Verb};
use crate::shell::{Command, docker};
use crate::transform::{DAEMON_VARIABLES, DRIVER_OPTIONS, Facts, Reason, image_of};

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Finding {
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub code: &'static str,
    pub severity: Severity,
    pub job: Option<String>,
    pub message: String,
    pub remedy: &'static str,
}

/// The answer of `check`; its JSON is version 1.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Check {
    pub version: u32,
    /// Whether every runner of this pipeline may be configured with `privileged = false`.
    pub ready: bool,
    /// The jobs that keep the runner privileged.
    pub privileged_jobs: Vec<String>,
    pub findings: Vec<Finding>,
}

impl Check {
    pub fn new(scene: &Scene<'_>) -> Check {
        let mut work = Work { scene, findings: Vec::new() };
        for facts in scene.facts.iter().filter(|facts| !facts.never) {
            work.daemon(facts);
            work.commands(facts);
            work.needs(facts);
            work.out_of_sight(facts);
        }
        work.builders();
        work.caches();
        work.template();
        for partial in scene.pipeline.partial() {
            work.find(
                "partial",
                None,
                Some(partial.at),
                format!("the include {} cannot be read here", partial.include),
            );
        }
        let mut findings = work.findings;
        findings.sort();
        findings.dedup();
        let privileged = |facts: &&Facts<'_>| !facts.never && (!facts.dind.is_empty() || facts.keeps_daemon());
        let privileged_jobs: Vec<String> =
            scene.facts.iter().filter(privileged).map(|facts| facts.job.name().to_owned()).collect();
        let unseen = ["partial", "child-pipeline", "service-unknown"];
        let all_seen = !findings.iter().any(|finding| unseen.contains(&finding.code));
        Check { version: 1, ready: privileged_jobs.is_empty() && all_seen, privileged_jobs, findings }
    }
}

struct Work<'s, 'p> {
    scene: &'s Scene<'p>,
    findings: Vec<Finding>,
}

impl Work<'_, '_> {
    fn daemon(&mut self, facts: &Facts<'_>) {
        let project = self.scene.pipeline.project();
        let name = facts.job.name();
        let reasons: Vec<Reason> = facts.reasons(project);
        match (reasons.first(), facts.dind.is_empty()) {
            (Some(first), _) => {
                let more = if reasons.len() > 1 {
                    format!(" (and {} more commands)", reasons.len() - 1)
                } else {
                    String::new()
                };
                self.push("needs-daemon", Some(name), first, format!("{} [{}]{more}", first.message, first.code));
            }
            (None, false) => {
                let at = facts.effective.get("services").map(|services| services.origin.at);
                let what = if !facts.makes_images() { "nothing in sight uses it" } else { "could build without it" };
                self.find(
                    "unused-daemon",
                    Some(name),
                    at,
                    format!("`{name}` has a Docker-in-Docker service and {what}"),
                );
            }
            (None, true) if facts.keeps_daemon() => {
                let at = facts.effective.get("script").map(|script| script.origin.at);
                let message = format!("`{name}` uses a daemon, and no service of it is one: it is the runner's");
                self.find("needs-daemon", Some(name), at, message);
            }
            (None, true) => {
                for variable in facts.effective.variables().filter(|v| DAEMON_VARIABLES.contains(&&*v.key)) {
                    if !variable.setting.variable_text().is_empty() {
                        self.find(
                            "daemon-variable",
                            Some(name),
                            Some(variable.setting.origin.at),
                            format!("{} is set in `{name}`, which has no daemon", variable.key),
                        );
                    }
                }
            }
        }
    }

    fn commands(&mut self, facts: &Facts<'_>) {
        for part in &facts.parts {
            for command in part.script.commands() {
                let Some(docker) = docker(command) else { continue };
                for (code, message) in findings_of(facts, command, &docker) {
                    let place = crate::transform::reason(
                        self.scene.pipeline.project(),
                        part,
                        command.span.as_ref(),
                        code,
                        message,
                    );
                    let message = place.message.clone();
                    self.push(code, Some(facts.job.name()), &place, message);
                }
            }
        }
    }

    /// What may need a privileged runner where nothing here shows it.
    fn out_of_sight(&mut self, facts: &Facts<'_>) {
        let name = facts.job.name();
        let trigger = facts.effective.get("trigger");
        if let Some(child) = trigger.and_then(|trigger| trigger.get("include")) {
            let message = format!("the child pipeline of `{name}` is not looked at");
            self.find("child-pipeline", Some(name), Some(child.origin.at), message);
        }
        let services = facts.effective.get("services");
        for service in services.iter().flat_map(|services| services.items()) {
            let image = image_of(&facts.effective, &service);
            let base = image.rsplit('/').next().unwrap_or(&image);
            if base.split([':', '@']).next().is_some_and(|base| base.contains('$')) {
                let message = format!("the service `{image}` of `{name}` may be a daemon");
                self.find("service-unknown", Some(name), Some(service.origin.at), message);
            }
        }
    }

    /// GitLab fails a pipeline at creation when a job that is needed is not in it, unless `optional: true`.
    fn needs(&mut self, facts: &Facts<'_>) {
        let conditional = facts.effective.get("rules").is_some_and(|rules| {
            let rules: Vec<_> = rules.items().collect();
            !rules.is_empty()
                && rules.iter().all(|rule| {
                    rule.get("changes").is_some()
                        || rule.get("if").is_some()
                        || rule.get("exists").is_some()
                        || is_never(rule)
                })
        });
        if !conditional && facts.effective.get("only").is_none() {
            return;
        }
        let mentions: Vec<_> = self.scene.pipeline.named_by(facts.job.name()).to_vec();
        for mention in mentions.into_iter().filter(|mention| mention.keyword == Keyword::Needs && !mention.optional) {
            let same =
                self.scene.pipeline.job(&mention.by).is_some_and(|job| same_rules(&job.effective(), &facts.effective));
            if !same {
                let message = format!("`{}` needs `{}`, which is not in every pipeline", mention.by, facts.job.name());
                self.find("needs-conditional", Some(&mention.by), Some(mention.at), message);
            }
        }
    }

    fn builders(&mut self) {
        let mut names: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for facts in self.scene.facts.iter().filter(|facts| facts.kubernetes) {
            for command in facts.parts.iter().flat_map(|part| part.script.commands()) {
                let name = docker(command).filter(|d| d.verb == Verb::BuildxCreate).and_then(|d| value(&d, "name"));
                let unique = |name: &String| {
                    ["CI_JOB_ID", "CI_CONCURRENT_ID", "CI_RUNNER_SHORT_TOKEN"].iter().any(|v| name.contains(v))
                };
                if let Some(name) = name.filter(|name| !unique(name)) {
                    names.entry(name).or_default().push(facts.job.name());
                }
            }
        }
        for (name, jobs) in names {
            let at = jobs
                .first()
                .and_then(|job| self.scene.pipeline.job(job))
                .and_then(|job| job.definitions().last().map(|d| d.key));
            self.find(
                "builder-collision",
                jobs.first().copied(),
                at,
                format!("the builder `{name}` is made by {} without anything of the job in its name", jobs.join(", ")),
            );
        }
    }

    fn caches(&mut self) {
        let mut writers: BTreeMap<(String, String), Vec<&Facts<'_>>> = BTreeMap::new();
        for facts in self.scene.facts.iter().filter(|facts| !facts.never) {
            let stage = facts
                .effective
                .get("stage")
                .and_then(|stage| stage.text().map(|text| text.into_owned()))
                .unwrap_or_else(|| "test".to_owned());
            let mut references: Vec<String> = facts
                .builds
                .iter()
                .flat_map(|build| build.at.docker.all("cache-to"))
                .filter_map(|o| o.value.as_ref())
                .map(|v| v.display.clone())
                .collect();
            references.sort();
            references.dedup();
            for reference in references {
                writers.entry((stage.clone(), reference)).or_default().push(facts);
            }
        }
        for ((_, reference), jobs) in writers.into_iter().filter(|(_, jobs)| jobs.len() > 1) {
            let names: Vec<&str> = jobs.iter().map(|facts| facts.job.name()).collect();
            let ordered = names.iter().any(|name| {
                self.scene
                    .pipeline
                    .named_by(name)
                    .iter()
                    .any(|m| m.keyword == Keyword::Needs && names.contains(&&*m.by))
            });
            if !ordered {
                let at = jobs.first().and_then(|facts| facts.job.definitions().last().map(|d| d.key));
                let reference = reference.split(',').find_map(|field| field.strip_prefix("ref=")).unwrap_or(&reference);
                self.find(
                    "cache-race",
                    names.first().copied(),
                    at,
                    format!("{} write the cache {reference} in one stage", names.join(" and ")),
                );
            }
        }
    }

    fn template(&mut self) {
        if self.scene.pipeline.job(".buildkit_template").is_none() {
            return;
        }
        for facts in self.scene.facts.iter().filter(|facts| facts.kubernetes) {
            if !facts.job.bases().any(|base| base.name() == ".buildkit_template") {
                let at = facts.job.definitions().last().map(|d| d.key);
                self.find(
                    "no-template",
                    Some(facts.job.name()),
                    at,
                    format!("`{}` makes its builder itself", facts.job.name()),
                );
            }
        }
    }

    fn find(&mut self, code: &'static str, job: Option<&str>, at: Option<At>, message: String) {
        let project = self.scene.pipeline.project();
        let place = at.map(|at| project.place(at));
        let (file, (line, column)) = place.map_or(("", (0, 0)), |(file, at)| (file, at.unwrap_or_default()));
        let reason = Reason { code, message: String::new(), file: file.to_owned(), line, column };
        self.push(code, job, &reason, message);
    }

    fn push(&mut self, code: &'static str, job: Option<&str>, place: &Reason, message: String) {
        let Some(rule) = rule(code) else { return };
        self.findings.push(Finding {
            file: place.file.clone(),
            line: place.line,
            column: place.column,
            code,
            severity: rule.severity,
            job: job.map(str::to_owned),
            message,
            remedy: rule.remedy,
        });
    }
}

/// What is found in one docker command.
fn findings_of(facts: &Facts<'_>, command: &Command, docker: &Docker) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    match docker.verb {
        Verb::Build if facts.kubernetes => {
            found.push(("docker-build", "`docker build` would build in a daemon".to_owned()))
        }
        Verb::Login if docker.last("password").is_some() => {
            found.push(("password-argument", "every process of the machine can read this password".to_owned()))
        }
        _ => {}
    }
    if matches!(docker.verb, Verb::Build | Verb::BuildxBuild) && docker.all("target").count() > 1 {
        found.push(("several-targets", "only the last --target counts, and it gets every --tag".to_owned()));
    }
    if docker.verb == Verb::BuildxCreate
        && value(docker, "driver").as_deref() == Some("kubernetes")
        && !command.doubtful
    {
        for option in docker.all("driver-opt").filter_map(|option| option.value.as_ref()) {
            let name = option.display.trim_matches('"').split('=').next().unwrap_or_default();
            if name == "qemu.install" {
                found.push(("qemu-install", "the builder's pod gets a privileged init container".to_owned()));
            } else if !DRIVER_OPTIONS.contains(&name) && !name.starts_with("env.") && !name.contains('$') {
                found.push(("driver-option", format!("`{name}` is no option of the Kubernetes driver")));
            }
        }
    }
    found
}

fn value(docker: &Docker, name: &str) -> Option<String> {
    docker.last(name).and_then(|option| option.value.as_ref()).map(|value| value.display.clone())
}

fn is_never(rule: &crate::pipeline::Setting<'_>) -> bool {
    rule.get("when").is_some_and(|when| when.text().is_some_and(|text| text == "never"))
}

fn same_rules(one: &crate::pipeline::Effective<'_>, other: &crate::pipeline::Effective<'_>) -> bool {
    let rules = |effective: &crate::pipeline::Effective<'_>| effective.get("rules").map(|rules| rules.to_json());
    rules(one) == rules(other)
}
