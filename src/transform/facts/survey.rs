//! Reads the scripts of every job, once, and says what is known of each.

use std::cell::OnceCell;
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use super::said::{is_host, is_of_testcontainers};
use super::{Around, Build, Facts, Part, Reading, Recipe, Unseen, Use, Uses, Values, reason, short};
use crate::pipeline::{Effective, Job, Pipeline, ScriptItem, Section, Way};
use crate::shell::docker::{Compose, Verb};
use crate::shell::{
    Command, Daemon, Docker, Place, Script, Scripts, calls_own, daemon, docker, expansions_run, hides_docker,
    mentions_docker, other_daemon_users,
};
use crate::transform::image::{image_of, is_dind};
use crate::transform::purpose::{Purpose, understood};

/// What the jobs of a pipeline have in common: scripts that many inherit are parsed once.
#[derive(Default)]
pub struct Survey<'s> {
    /// Of a short pipeline all are kept, for whoever reads nearly the same one next.
    kept: Option<&'s Scripts>,
    own: Scripts,
    /// Variables of all jobs that name the daemon's host.
    hosts: &'s [String],
    /// A variable of all jobs is for testcontainers.
    containers: bool,
}

impl<'s> Survey<'s> {
    /// The facts of every visible job, in order. Long pipelines are read by all cores.
    pub fn of(pipeline: &'s Pipeline) -> Vec<Facts<'s>> {
        let jobs: Vec<Job<'_>> = pipeline.jobs().collect();
        let jobs = jobs.into_par_iter().with_min_len(FEW);
        let short = jobs.len() <= FEW;
        let hosts = pipeline.variables().filter(is_host).map(|variable| variable.key.into_owned()).collect::<Vec<_>>();
        let kept = || short.then(|| pipeline.project().scripts());
        let containers = pipeline.variables().any(|variable| is_of_testcontainers(&variable));
        let new = || Survey { kept: kept(), own: Scripts::default(), hosts: &hosts, containers };
        jobs.map_init(new, |survey, job| {
            let (mut facts, reading) = survey.job(pipeline, job);
            if short {
                facts.reading = Box::new(reading).into();
            }
            facts
        })
        .collect()
    }

    /// The same facts with the scripts at hand, for a while; none if they are at hand anyway.
    pub fn again<'p>(&self, facts: &Facts<'p>) -> Option<Facts<'p>> {
        facts.reading.get().is_none().then(|| Facts {
            job: facts.job,
            effective: facts.effective.clone(),
            project: facts.project,
            reading: Box::new(self.read(&facts.effective).0).into(),
            dind: facts.dind.clone(),
            needs: facts.needs.clone(),
            plumbing: facts.plumbing.clone(),
            hidden: facts.hidden.clone(),
            perhaps: facts.perhaps.clone(),
            scans: facts.scans.clone(),
            exports: facts.exports.clone(),
            around: facts.around.clone(),
            recipes: facts.recipes.clone(),
            bake: facts.bake,
            compose: facts.compose,
            compose_file: facts.compose_file.clone(),
            compose_reads: facts.compose_reads.clone(),
            uses: None,
            awaited: facts.awaited.clone(),
            listed: Arc::clone(&facts.listed),
            kubernetes: facts.kubernetes,
            registry: facts.registry,
            never: facts.never,
        })
    }

    /// The scripts of a job, and what each command of each part is for.
    pub(super) fn read<'p>(&self, effective: &Effective<'p>) -> (Reading<'p>, [Vec<Purpose>; 3]) {
        let sections = [Section::BeforeScript, Section::Script, Section::AfterScript];
        let sections = sections.map(|section| (section, effective.written_script(section)));
        // What it inherits from the global level speaks of docker in every job.
        let speaks = sections
            .iter()
            .flat_map(|(_, items)| items)
            .any(|item| !matches!(item.origin.way, Way::Default | Way::Global) && speaks_of_docker(item));
        let parts: Vec<Part<'p>> = sections
            .into_iter()
            .map(|(section, items)| Part { section, script: self.parse(&items, section, speaks), items })
            .collect();
        let mut reading =
            Reading { parts, builds: Vec::new(), bakes: Vec::new(), composes: Vec::new(), images: Vec::new(), speaks };
        // What a function of the script does is seen where it is defined.
        let own = |command: &Command| reading.parts.iter().any(|part| calls_own(&part.script, command));
        let mut purposes: [Vec<Purpose>; 3] = Default::default();
        for (number, (part, purposes)) in reading.parts.iter().zip(&mut purposes).enumerate() {
            for (index, command) in part.script.commands().iter().enumerate() {
                let (purpose, docker) = understood(command);
                // What is not there to be read is no command.
                let is_read = || {
                    let item = command.span.as_ref().and_then(|place| part.items.get(place.item));
                    item.is_none_or(|item| !item.unresolved)
                };
                let purpose = match purpose {
                    Purpose::Hidden { .. } if own(command) || !is_read() => Purpose::Other,
                    purpose => purpose,
                };
                let at = |docker| Use { part: number, command: index, docker };
                match (&purpose, docker) {
                    (Purpose::Build, Some(docker)) => reading.builds.push(build(command, at(docker))),
                    (Purpose::Image, Some(docker)) => reading.images.push(at(docker)),
                    (Purpose::Bake, Some(docker)) => reading.bakes.push(at(docker)),
                    (Purpose::Needs { .. }, Some(docker))
                        if matches!(docker.verb, Verb::Compose(Compose::Build | Compose::Push)) =>
                    {
                        reading.composes.push(at(docker));
                    }
                    _ => {}
                }
                purposes.push(purpose);
            }
        }
        reading.name_releases();
        (reading, purposes)
    }

    fn job<'p>(&self, pipeline: &'p Pipeline, job: Job<'p>) -> (Facts<'p>, Reading<'p>) {
        let effective = job.effective();
        let (reading, purposes) = self.read(&effective);
        let mut facts = Facts {
            dind: dind(&effective),
            never: never_runs(&effective),
            job,
            effective,
            project: pipeline.project(),
            reading: OnceLock::new(),
            needs: Vec::new(),
            plumbing: Vec::new(),
            hidden: Vec::new(),
            perhaps: Vec::new(),
            scans: Vec::new(),
            exports: Vec::new(),
            around: None,
            recipes: reading.builds.iter().map(|build| build.recipe.clone()).collect(),
            bake: !reading.bakes.is_empty(),
            compose: !reading.composes.is_empty(),
            compose_file: None,
            compose_reads: String::new(),
            uses: None,
            awaited: Vec::new(),
            listed: Arc::default(),
            kubernetes: false,
            registry: false,
        };
        let (values, mut scripts) = (OnceCell::new(), Vec::new());
        for (number, (part, purposes)) in reading.parts.iter().zip(purposes).enumerate() {
            for (index, (command, purpose)) in part.script.commands().iter().zip(purposes).enumerate() {
                facts.command(part, (number, index), command, purpose);
            }
            let silent = !reading.speaks && !part.items.iter().any(speaks_of_docker);
            if silent && !facts.dind.is_empty() {
                let script = self.script(&part.items);
                facts.perhaps(part, number, &script, &|| values.get_or_init(|| Values::of(&job.effective(), pipeline)));
                facts.unread(part, number, &script);
                scripts.push(script);
            } else {
                scripts.push(Arc::clone(&part.script));
            }
        }
        facts.told_to_scan(&reading.parts, &scripts);
        if !facts.dind.is_empty() {
            facts.exports(&reading.parts, &scripts);
            facts.hosts(&scripts, self.hosts);
            facts.addresses(&reading.parts, &scripts);
        }
        facts.testcontainers(&scripts, self.containers);
        if !facts.perhaps.is_empty() {
            let mut around = Around::default();
            scripts.iter().for_each(|script| around.add(script));
            facts.around = Some(Box::new(around));
        }
        facts.uses = Uses::of(&facts.effective, &reading).map(Box::new);
        facts.loads_to_push(&reading);
        (facts, reading)
    }

    /// `before_script` and `after_script` are mostly inherited, and alike.
    fn parse(&self, items: &[ScriptItem<'_>], section: Section, speaks: bool) -> Arc<Script> {
        let scripts = self.kept.unwrap_or(&self.own);
        if !speaks && !items.iter().any(speaks_of_docker) {
            return scripts.parse(std::iter::empty());
        }
        match section {
            Section::Script => self.script(items),
            _ => scripts.parse(items.iter().map(|item| &*item.text)),
        }
    }

    fn script(&self, items: &[ScriptItem<'_>]) -> Arc<Script> {
        let texts = items.iter().map(|item| &*item.text);
        // Jobs that are alike have short ones in common, `npx semantic-release`.
        let is_short = items.iter().map(|item| item.text.len()).sum::<usize>() <= SHORT;
        match self.kept.or(is_short.then_some(&self.own)) {
            Some(kept) => kept.parse(texts),
            None => Arc::new(Script::parse(texts)),
        }
    }
}

/// Scripts of a long pipeline that are longer, in bytes, are parsed for each job.
const SHORT: usize = 256;

/// Up to this many jobs, what is read of their scripts is kept; and they are read before another core would have begun.
const FEW: usize = 64;

impl Facts<'_> {
    /// What a script that does not speak of docker may do where it cannot be seen. Where a variable says that it is docker, it is.
    fn perhaps<'v>(&mut self, part: &Part<'_>, number: usize, script: &Script, values: &dyn Fn() -> &'v Values) {
        for (index, command) in script.commands().iter().enumerate() {
            let purpose = understood(command).0;
            // Build tools that make an image, and the like: known by their name, and not by the word docker.
            if let Purpose::Needs { code, message } = purpose {
                self.needs.push(reason(self.project, part, command.span.as_ref(), code, message));
            } else if let Purpose::Hidden { code } = purpose {
                let mut message = format!("`{}` may use docker where it cannot be seen", short(command.raw()));
                let mut run = expansions_run(command);
                if code == "shell-input" {
                    run.extend(fed(script, command));
                }
                let named = run.iter().filter(|text| text.contains('$')).find_map(|text| values().docker(text));
                if let Some((name, value)) = &named {
                    message += &format!(": `{name}` is `{}`", short(value));
                }
                let reason = reason(self.project, part, command.span.as_ref(), code, message);
                let unseen = Unseen { reason, part: number, command: index };
                match named {
                    Some(_) => self.hidden.push(unseen),
                    None => self.perhaps.push((unseen, command.clone())),
                }
            }
        }
    }

    /// What cannot be read may use docker.
    fn unread(&mut self, part: &Part<'_>, number: usize, script: &Script) {
        if !script.clean() {
            let message = "is no script of a shell that is understood, and may use docker".to_owned();
            let reason = reason(self.project, part, Some(&Place { item: 0, range: 0..0 }), "doubtful-script", message);
            self.hidden.push(Unseen { reason, part: number, command: usize::MAX });
        }
    }

    fn command(&mut self, part: &Part<'_>, (number, index): (usize, usize), command: &Command, purpose: Purpose) {
        let (project, place) = (self.project, command.span.as_ref());
        match purpose {
            Purpose::Needs { code, message } => self.needs.push(reason(project, part, place, code, message)),
            Purpose::Hidden { code } => {
                let message = format!("`{}` may use docker where it cannot be seen", short(command.raw()));
                let reason = reason(project, part, place, code, message);
                self.hidden.push(Unseen { reason, part: number, command: index });
            }
            Purpose::KubernetesBuilder => self.kubernetes = true,
            Purpose::Registry => self.registry = true,
            Purpose::Build => {
                if let Some(Daemon::Needed(why)) = docker(command).map(|docker| daemon(&docker))
                    && why.code == "buildx-load"
                {
                    self.needs.push(reason(project, part, place, why.code, why.message));
                }
            }
            Purpose::Plumbing => {
                let own = place.and_then(|place| part.items.get(place.item));
                let own = own.is_some_and(|item| !matches!(item.origin.way, Way::Default | Way::Global));
                // The builder of a job that makes none is the daemon's own.
                let asks = |docker: Arc<Docker>| match &docker.verb {
                    Verb::BuildxInspect | Verb::BuildxOther(_) => {
                        Some(("buildx-default-builder", "asks the daemon's own builder".to_owned()))
                    }
                    _ => match daemon(&docker) {
                        Daemon::Needed(why) => Some((why.code, why.message)),
                        _ => None,
                    },
                };
                if let Some((code, message)) = docker(command).filter(|_| own).and_then(asks) {
                    self.plumbing.push(reason(project, part, place, code, message));
                } else if own && docker(command).is_none() {
                    let probe = other_daemon_users(command).map(|why| why.code);
                    let message = format!("`{}` asks the daemon", short(command.raw()));
                    let code = probe.or_else(|| hides_docker(command).map(|_| "shell-string"));
                    self.plumbing.extend(code.map(|code| reason(project, part, place, code, message)));
                }
            }
            Purpose::Image | Purpose::Bake | Purpose::Login | Purpose::Other | Purpose::Idle => {}
        }
    }
}

/// What a shell may read from its input: `echo "$DC up" | sh`, `sh <<< "$DC up"`.
fn fed(script: &Script, shell: &Command) -> Vec<String> {
    let id = |command: &Command| command.context.pipeline.as_ref().map(|pipeline| pipeline.id);
    let beside = script.commands().iter().filter(|command| id(command).is_some() && id(command) == id(shell));
    let words =
        beside.flat_map(|command| &command.words).chain(shell.redirects.iter().map(|redirect| &redirect.target));
    let bodies = shell.redirects.iter().filter_map(|redirect| redirect.heredoc.as_ref()?.body.as_ref());
    let bodies = bodies.map(|place| script.slice(place).to_owned());
    words.map(|word| word.display().to_owned()).chain(bodies).collect()
}

/// Whether an item speaks of docker as it is written, or with its inputs.
fn speaks_of_docker(item: &ScriptItem<'_>) -> bool {
    let mut given = item.given.iter().flat_map(|given| given.texts.iter().flatten().chain(&given.known.texts));
    mentions_docker(&item.text) || given.any(|text| mentions_docker(text))
}

fn dind(effective: &Effective<'_>) -> Vec<usize> {
    let Some(services) = effective.get("services") else { return Vec::new() };
    let items = services.items().enumerate();
    items.filter(|(_, service)| is_dind(&image_of(effective, service))).map(|(number, _)| number).collect()
}

/// Whether every rule says `when: never` (GitLab, `rules:when`): a job that no rule takes in is left out too.
fn never_runs(effective: &Effective<'_>) -> bool {
    let is_never = |setting: &crate::pipeline::Setting<'_>| {
        setting.get("when").and_then(|when| when.text().map(|t| t == "never")) == Some(true)
    };
    let never = match effective.get("rules") {
        Some(rules) if rules.is_sequence() => {
            let rules: Vec<_> = rules.items().collect();
            !rules.is_empty() && rules.iter().all(is_never)
        }
        _ => effective.get("when").and_then(|when| when.text().map(|t| t == "never")) == Some(true),
    };
    // For another inclusion of its file it may run.
    let by_input =
        || ["rules", "when"].iter().filter_map(|key| effective.get(key)).any(|setting| setting.holds_input());
    never && !by_input()
}

fn build(command: &Command, at: Use) -> Build {
    let docker = &at.docker;
    let value =
        |name: &str| docker.last(name).and_then(|option| option.value.as_ref()).map(|value| value.display.clone());
    let tags =
        docker.all("tag").filter_map(|option| option.value.as_ref()).map(|value| value.display.clone()).collect();
    let context =
        docker.operands.first().and_then(|&word| command.words.get(word)).map(|word| word.display().to_owned());
    let recipe = Recipe {
        released: None,
        tags,
        file: value("file"),
        target: value("target"),
        context,
        build_args: docker.all("build-arg").count(),
    };
    Build { at, recipe: Arc::new(recipe) }
}
