//! What is known of a job before anything is changed: what its scripts run, and what they need.

mod unseen;

use std::collections::HashMap;
use std::sync::Arc;

use super::image::{expand, is_dind, name};
use super::left::Reason;
use super::purpose::{Purpose, understood};
use crate::pipeline::{At, Effective, Job, Pipeline, Project, ScriptItem, Section, Way};
use crate::shell::docker::{Compose, Verb};
use crate::shell::{Command, Daemon, Docker, Place, Script, daemon, docker, mentions_docker};

/// One section of a job's scripts, read.
pub struct Part<'p> {
    pub section: Section,
    pub items: Vec<ScriptItem<'p>>,
    pub script: Arc<Script>,
}

/// Whether what a job runs needs a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    Needed,
    NotNeeded,
    Unknown,
}

/// What is known of one job.
pub struct Facts<'p> {
    pub job: Job<'p>,
    pub effective: Effective<'p>,
    /// `before_script`, `script`, `after_script`, in this order.
    pub parts: Vec<Part<'p>>,
    /// Which of the effective services, by number, are Docker-in-Docker daemons.
    pub dind: Vec<usize>,
    /// Why it needs a daemon, other than to build, push, pull or tag.
    pub needs: Vec<Reason>,
    /// What only makes sense with a daemon, in scripts of its own: it fails without one.
    pub plumbing: Vec<Reason>,
    /// Where docker may be used out of sight.
    pub hidden: Vec<Unseen>,
    /// The same in scripts that do not speak of docker, of a job that has a daemon: most of them need none.
    pub perhaps: Vec<(Unseen, Command)>,
    /// The builds, in order.
    pub builds: Vec<Build>,
    /// Builds of several images as a file says: `docker buildx bake`.
    pub bakes: Vec<Use>,
    /// `docker compose build` and `docker compose push`.
    pub composes: Vec<Use>,
    /// The compose file by which `docker buildx bake` builds and pushes the same images; none where that is not shown.
    pub compose_file: Option<String>,
    /// Commands that push, pull or tag in the daemon's store.
    pub images: Vec<Use>,
    /// Other jobs that may take an image from its daemon: what it builds there and does not push, or they do not pull.
    pub awaited: Vec<Reason>,
    /// It makes its own builder with the Kubernetes driver.
    pub kubernetes: bool,
    /// It works on a registry without a daemon: `imagetools`, `manifest`.
    pub registry: bool,
    /// Its rules let it never run.
    pub never: bool,
}

/// A command that may use docker where it cannot be seen, by its part and its number.
#[derive(Clone, Debug)]
pub struct Unseen {
    pub reason: Reason,
    pub part: usize,
    pub command: usize,
}

/// One command of a job.
#[derive(Clone, Debug)]
pub struct Use {
    /// Which of the parts, and which command of its script.
    pub part: usize,
    pub command: usize,
    pub docker: Docker,
}

/// A build with what it makes.
#[derive(Clone, Debug)]
pub struct Build {
    pub at: Use,
    /// Image references of its `--tag`s, expansions as written.
    pub tags: Vec<String>,
    pub file: Option<String>,
    pub context: Option<String>,
    pub target: Option<String>,
    pub build_args: usize,
}

/// What the jobs of a pipeline have in common: scripts that many inherit are parsed once.
#[derive(Default)]
pub struct Survey {
    cache: HashMap<String, Arc<Script>>,
}

impl Survey {
    /// The facts of every visible job, in order. Long pipelines are read by all cores.
    pub fn of(pipeline: &Pipeline) -> Vec<Facts<'_>> {
        let jobs: Vec<Job<'_>> = pipeline.jobs().collect();
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if jobs.len() < FEW || cores == 1 {
            return read_jobs(pipeline, &jobs);
        }
        std::thread::scope(|scope| {
            let parts: Vec<_> = jobs
                .chunks(jobs.len().div_ceil(cores))
                .map(|part| scope.spawn(move || read_jobs(pipeline, part)))
                .collect();
            parts
                .into_iter()
                .flat_map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        })
    }

    fn job<'p>(&mut self, project: &Project, job: Job<'p>) -> Facts<'p> {
        let effective = job.effective();
        let sections = [Section::BeforeScript, Section::Script, Section::AfterScript];
        let sections = sections.map(|section| (section, effective.script(section)));
        // What it inherits from the global level speaks of docker in every job.
        let speaks = sections
            .iter()
            .flat_map(|(_, items)| items)
            .any(|item| !matches!(item.origin.way, Way::Default | Way::Global) && mentions_docker(&item.text));
        let parts: Vec<Part<'p>> = sections
            .into_iter()
            .map(|(section, items)| Part { section, script: self.parse(&items, section, speaks), items })
            .collect();
        let mut facts = Facts {
            dind: dind(&effective),
            never: never_runs(&effective),
            job,
            effective,
            needs: Vec::new(),
            plumbing: Vec::new(),
            hidden: Vec::new(),
            perhaps: Vec::new(),
            builds: Vec::new(),
            images: Vec::new(),
            bakes: Vec::new(),
            composes: Vec::new(),
            compose_file: None,
            awaited: Vec::new(),
            kubernetes: false,
            registry: false,
            parts: Vec::new(),
        };
        for (number, part) in parts.iter().enumerate() {
            for (index, command) in part.script.commands().iter().enumerate() {
                facts.command(project, part, number, index, command);
            }
        }
        let daemon = !facts.dind.is_empty();
        for (number, part) in parts.iter().enumerate() {
            if daemon && !speaks && !part.items.iter().any(|item| mentions_docker(&item.text)) {
                facts.perhaps(project, part, number);
            }
        }
        facts.parts = parts;
        facts
    }

    /// `before_script` and `after_script` are mostly inherited, and alike.
    fn parse(&mut self, items: &[ScriptItem<'_>], section: Section, speaks: bool) -> Arc<Script> {
        if !speaks && !items.iter().any(|item| mentions_docker(&item.text)) {
            return self.cache.entry(String::new()).or_insert_with(|| Arc::new(Script::parse([""; 0]))).clone();
        }
        let parse = || Arc::new(Script::parse(items.iter().map(|item| &*item.text)));
        if section == Section::Script {
            return parse();
        }
        let key = items.iter().map(|item| &*item.text).collect::<Vec<_>>().join("\u{1}");
        self.cache.entry(key).or_insert_with(parse).clone()
    }
}

/// Fewer jobs than this are read before another core would have begun.
const FEW: usize = 64;

fn read_jobs<'p>(pipeline: &'p Pipeline, jobs: &[Job<'p>]) -> Vec<Facts<'p>> {
    let mut survey = Survey::default();
    jobs.iter().map(|job| survey.job(pipeline.project(), *job)).collect()
}

impl Facts<'_> {
    /// Whether what it runs, as written, needs a daemon.
    pub fn need(&self) -> Need {
        if !self.needs.is_empty() || !self.images.is_empty() {
            Need::Needed
        } else if !self.hidden.is_empty() && !self.dind.is_empty() {
            Need::Unknown
        } else {
            Need::NotNeeded
        }
    }

    /// Why it needs a daemon, or may: every reason with its place.
    pub fn reasons(&self, project: &Project) -> Vec<Reason> {
        let images = self.images.iter().filter_map(|image| {
            let (part, command) = (self.parts.get(image.part)?, self.command_of(image)?);
            let (code, message) = match image.docker.verb {
                Verb::Pull => ("docker-pull", "pulls an image into the daemon"),
                Verb::Push => ("docker-push", "pushes an image out of the daemon"),
                _ => ("docker-tag", "renames an image in the daemon"),
            };
            Some(reason(project, part, command.span.as_ref(), code, message.to_owned()))
        });
        let mut reasons: Vec<Reason> = self.needs.iter().cloned().chain(images).collect();
        if reasons.is_empty() && self.need() == Need::Unknown {
            reasons.extend(self.hidden.iter().map(|unseen| unseen.reason.clone()));
        }
        if reasons.is_empty() && !self.makes_images() {
            reasons.extend(self.plumbing.iter().cloned());
        }
        reasons
    }

    /// Whether it does nothing with docker but pull, tag and push.
    pub fn only_retags(&self) -> bool {
        let has = |verb: &Verb| self.images.iter().any(|image| image.docker.verb == *verb);
        self.builds.is_empty() && self.needs.is_empty() && has(&Verb::Tag) && has(&Verb::Push)
    }

    /// Whether it must keep the daemon that it has: what it runs needs one, may need one, or would build in one.
    pub fn keeps_daemon(&self) -> bool {
        self.need() != Need::NotNeeded
            || (self.makes_images() && !self.kubernetes)
            || (!self.plumbing.is_empty() && !self.kubernetes)
    }

    /// Whether it uses docker itself, and not only through what it inherits to set a daemon up.
    pub fn uses_docker(&self) -> bool {
        self.makes_images() || !self.images.is_empty() || !self.needs.is_empty()
    }

    /// Whether it builds images in a way that a builder without a daemon can take over.
    pub fn makes_images(&self) -> bool {
        !self.builds.is_empty() || !self.bakes.is_empty() || self.compose_file.is_some()
    }

    /// Whether it runs a command of buildx, so that its image must hold it.
    pub fn runs_buildx(&self) -> bool {
        let commands = self.parts.iter().flat_map(|part| part.script.commands());
        let docker = commands.filter_map(docker);
        docker.into_iter().any(|docker| {
            matches!(
                docker.verb,
                Verb::BuildxBuild | Verb::BuildxBake | Verb::BuildxCreate | Verb::BuildxUse | Verb::BuildxInspect
            )
        })
    }

    /// The command of a use.
    pub fn command_of(&self, at: &Use) -> Option<&Command> {
        self.parts.get(at.part)?.script.commands().get(at.command)
    }

    /// What a script that does not speak of docker may do where it cannot be seen.
    fn perhaps(&mut self, project: &Project, part: &Part<'_>, number: usize) {
        let script = Script::parse(part.items.iter().map(|item| &*item.text));
        for (index, command) in script.commands().iter().enumerate() {
            if let Purpose::Hidden { code } = understood(command).0 {
                let message = format!("`{}` may use docker where it cannot be seen", short(command.raw()));
                let reason = reason(project, part, command.span.as_ref(), code, message);
                self.perhaps.push((Unseen { reason, part: number, command: index }, command.clone()));
            }
        }
    }

    fn command(&mut self, project: &Project, part: &Part<'_>, number: usize, index: usize, command: &Command) {
        let place = command.span.as_ref();
        let (purpose, docker) = understood(command);
        match purpose {
            Purpose::Needs { code, message } => {
                let docker = docker.filter(|d| matches!(d.verb, Verb::Compose(Compose::Build | Compose::Push)));
                self.composes.extend(docker.map(|docker| Use { part: number, command: index, docker }));
                self.needs.push(reason(project, part, place, code, message));
            }
            Purpose::Bake => {
                self.bakes.extend(docker.map(|docker| Use { part: number, command: index, docker }));
            }
            Purpose::Hidden { code } => {
                let message = format!("`{}` may use docker where it cannot be seen", short(command.raw()));
                let reason = reason(project, part, place, code, message);
                self.hidden.push(Unseen { reason, part: number, command: index });
            }
            Purpose::KubernetesBuilder => self.kubernetes = true,
            Purpose::Registry => self.registry = true,
            Purpose::Build => {
                let Some(docker) = docker else { return };
                if let Daemon::Needed(why) = daemon(&docker)
                    && why.code == "buildx-load"
                {
                    self.needs.push(reason(project, part, place, why.code, why.message));
                }
                self.builds.push(build(command, Use { part: number, command: index, docker }));
            }
            Purpose::Image => {
                let Some(docker) = docker else { return };
                self.images.push(Use { part: number, command: index, docker });
            }
            Purpose::Plumbing => {
                let own = place.and_then(|place| part.items.get(place.item));
                let own = own.is_some_and(|item| !matches!(item.origin.way, Way::Default | Way::Global));
                if let Some(Daemon::Needed(why)) = docker.filter(|_| own).map(|docker| daemon(&docker)) {
                    self.plumbing.push(reason(project, part, place, why.code, why.message));
                }
            }
            Purpose::Login | Purpose::Other | Purpose::Idle => {}
        }
    }
}

/// A reason at a place in a script.
pub fn reason(
    project: &Project,
    part: &Part<'_>,
    place: Option<&Place>,
    code: &'static str,
    message: String,
) -> Reason {
    let at = place.and_then(|place| part.items.get(place.item).map(|item| (item, place.range.clone())));
    match at {
        Some((item, range)) => {
            reason_at(project, item.at.unwrap_or(item.origin.at), item.at.map(|_| range), code, message)
        }
        None => Reason { code, message, file: String::new(), line: 0, column: 0 },
    }
}

/// A reason at a node, or at bytes of its decoded text.
pub fn reason_at(
    project: &Project,
    at: At,
    decoded: Option<std::ops::Range<usize>>,
    code: &'static str,
    message: String,
) -> Reason {
    let file = project.file(at.file);
    let offset = file.stream().map(|stream| {
        let span = decoded.and_then(|range| stream.source_span(at.node, range)).unwrap_or_else(|| stream.span(at.node));
        stream.line_column(span.start)
    });
    let (line, column) = offset.unwrap_or_default();
    Reason { code, message, file: file.path.clone(), line, column }
}

/// A text on one line, cut where it gets long.
pub fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

fn dind(effective: &Effective<'_>) -> Vec<usize> {
    let Some(services) = effective.get("services") else { return Vec::new() };
    let value = |name: &str| effective.variable(name).map(|variable| variable.setting.variable_text().into_owned());
    let items = services.items().enumerate();
    items.filter(|(_, service)| is_dind(&expand(&name(service), &value))).map(|(number, _)| number).collect()
}

/// Whether every rule says `when: never` (GitLab, `rules:when`): a job that no rule takes in is left out too.
fn never_runs(effective: &Effective<'_>) -> bool {
    let is_never = |setting: &crate::pipeline::Setting<'_>| {
        setting.get("when").and_then(|when| when.text().map(|t| t == "never")) == Some(true)
    };
    match effective.get("rules") {
        Some(rules) if rules.is_sequence() => {
            let rules: Vec<_> = rules.items().collect();
            !rules.is_empty() && rules.iter().all(is_never)
        }
        _ => effective.get("when").and_then(|when| when.text().map(|t| t == "never")) == Some(true),
    }
}

fn build(command: &Command, at: Use) -> Build {
    let docker = &at.docker;
    let value =
        |name: &str| docker.last(name).and_then(|option| option.value.as_ref()).map(|value| value.display.clone());
    let tags =
        docker.all("tag").filter_map(|option| option.value.as_ref()).map(|value| value.display.clone()).collect();
    let context =
        docker.operands.first().and_then(|&word| command.words.get(word)).map(|word| word.display().to_owned());
    Build {
        tags,
        file: value("file"),
        target: value("target"),
        context,
        build_args: docker.all("build-arg").count(),
        at,
    }
}
