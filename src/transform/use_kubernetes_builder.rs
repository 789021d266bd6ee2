//! Builds with BuildKit's rootless Kubernetes driver in place of Docker-in-Docker.
//!
//! The job makes a builder of its own before it builds, and removes it afterwards: in `after_script`, before a line that may
//! end that. It leaves the Docker-in-Docker service, and the variables that would point its client at that daemon are
//! emptied: all four of them, since any `DOCKER_TLS_VERIFY`, even `0`, makes the client look for certificates that are no
//! longer there. What only served the daemon goes (contexts, `docker-container` builders, probes, `docker compose down`); whatever else the job ran before
//! its script is kept, in order and with its comments.
//!
//! While a global service stands, the job says `services: []`: leaving the key out would inherit it again.
//!
//! A template is edited in place of the jobs that take their script from it, where a phase changes all of them alike;
//! otherwise each job gets values of its own, and the template stays as it is for the others. Another repository that
//! includes the template's file gets what changes there.
//!
//! # What it does not do
//!
//! A job that runs, loads, saves or inspects images, or that hides what it does behind `make`, a script or a program that is
//! not known here, is left whole, with the reason; declare such commands under `commands-without-docker`. So is one whose image is not known to hold buildx: docker's own holds it, and so does one in which
//! the job runs `docker buildx` already; declare others under `images-with-buildx`.
//!
//! The builder runs in a pod of its own: a job stays as it is where its daemon lives on something that the pod has not, such as a proxy
//! in the job's variables or a registry among its services. So does one that makes a builder with a configuration, options or nodes of its
//! own, that names a daemon, a context or a folder of the client's for one command, or whose runner's architecture a matrix or a rule
//! picks.
//!
//! Docker's image from before it held buildx becomes the one of the settings, unless the job installs by `pip` or in fixed versions what
//! a newer one may not take.
//!
//! While an include cannot be read, a job without a `before_script` or `after_script` gets none: that of the include, if it
//! sets one for all jobs, would be hidden. `--assume-complete` says that it does not.
//!
//! A file with `spec: inputs` is changed for every inclusion of it. What an input may be (its default, its `options`, what the
//! includes of this repository give) must all fit: an image with buildx, a Docker-in-Docker service, words of a command.
//!
//! # Where this differs from the plan
//!
//! The plan's builder has one name for all jobs. Two jobs with one name share one Deployment, and the first to finish
//! removes the other's builder: here the name ends in `${CI_JOB_ID}`. The plan waits by `inspect --bootstrap` without a
//! name, which falls back to another builder and succeeds: here it is named.

mod builder;
mod platform;
mod readers;

use super::draft::Draft;
use super::environment;
use super::facts::reason_at;
use super::image::{self, Cli, cli, name_of};
use super::inputs;
use super::left::Reason;
use super::plumbing::{Whose, drop_plumbing};
use super::purpose::{Purpose, purpose};
use super::settings::Settings;
use super::surroundings;
use crate::pipeline::{Section, Setting};
use crate::shell::Command;
use crate::shell::docker::Verb;
use builder::{chosen, create};
use platform::{architecture, architectures, builds_for, chooses_nodes, of_another, platforms};
pub use readers::hangs_on_daemon;
pub(super) use readers::readers;

/// The client's variables for a daemon behind TLS (docker CLI, "Environment variables").
pub const DAEMON_VARIABLES: [&str; 4] = ["DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_TLS_CERTDIR"];

pub(super) const DECLARES: &[&str] = &[
    "image",
    "services",
    "variables.DOCKER_HOST",
    "variables.DOCKER_TLS_VERIFY",
    "variables.DOCKER_CERT_PATH",
    "variables.DOCKER_TLS_CERTDIR",
    "before_script",
    "script",
    "after_script",
];

pub(super) fn apply(draft: &mut Draft<'_, '_>, settings: &Settings) -> Result<(), Vec<Reason>> {
    let facts = draft.facts;
    if !facts.makes_images() || (facts.kubernetes && facts.dind.is_empty()) {
        return Ok(());
    }
    let reasons = obstacles(draft, settings);
    if !reasons.is_empty() {
        return Err(reasons);
    }
    let count = facts.effective.get("services").map_or(0, |services| services.items().count());
    draft.services = Some((0..count).filter(|n| !facts.dind.contains(n)).collect());
    for name in DAEMON_VARIABLES {
        let set = facts.effective.variables().any(|v| v.key == name && !v.setting.variable_text().is_empty());
        if set {
            draft.variables.push((name.to_owned(), String::new()));
        }
    }
    image(draft, settings);
    drop_plumbing(draft, Whose::All).map_err(|reason| vec![reason])?;
    let read = readers(draft);
    if !read.is_empty() {
        return Err(read);
    }
    if !facts.kubernetes {
        let architecture = architecture(draft).filter(|architecture| builds_for(draft, architecture));
        let name = &settings.builder_name;
        let made = [create(settings, architecture), format!("docker buildx inspect --bootstrap \"{name}\"")];
        match builds_early(draft) {
            Some(item) => made.map(|text| draft.insert_before(Section::BeforeScript, item, text)),
            None => made.map(|text| draft.append(Section::BeforeScript, text)),
        };
        let removed = format!("docker buildx rm \"{name}\" || echo \"WARNING builder {name} was not removed\"");
        match ends_early(draft) {
            Some(item) => draft.insert_before(Section::AfterScript, item, removed),
            None => draft.append(Section::AfterScript, removed),
        }
    }
    Ok(())
}

/// The item of `after_script` that may end it, or hides the builder: what follows might not run, or not find it. What says where
/// the client's folder is must stand before.
fn ends_early(draft: &Draft<'_, '_>) -> Option<usize> {
    let script = &draft.facts.parts.get(2)?.script;
    let commands = || script.commands().iter().filter_map(|command| Some((command, command.span.as_ref()?.item)));
    let ends = |command: &Command| {
        let quiet = matches!(purpose(command), Purpose::Idle | Purpose::Plumbing | Purpose::Login);
        environment::forgets(command) || matches!(command.name(), Some("exit" | "exec" | "return")) || !quiet
    };
    let sets =
        |command: &Command| !environment::set_by(command).is_empty() || matches!(command.name(), Some("set" | "cd"));
    let set = commands().filter(|(command, _)| environment::sets_client(command)).map(|(_, item)| item + 1).max();
    let (_, item) = commands().find(|(command, _)| ends(command) && !sets(command))?;
    (set.unwrap_or(0) <= item).then_some(item)
}

/// The item of `before_script` that builds first: the builder must be there by then.
fn builds_early(draft: &Draft<'_, '_>) -> Option<usize> {
    let early = draft.facts.builds.iter().filter(|build| build.at.part == 0);
    let spans = early.filter_map(|build| draft.facts.command_of(&build.at)?.span.as_ref());
    spans.map(|span| span.item).min()
}

/// Why the job cannot do without its daemon, or why that cannot be known.
fn obstacles(draft: &Draft<'_, '_>, settings: &Settings) -> Vec<Reason> {
    let facts = draft.facts;
    let mut reasons = facts.needs.clone();
    reasons.extend(facts.hidden.iter().map(|unseen| unseen.reason.clone()));
    for image in facts.images.iter().filter(|image| !draft.handled.contains(&(image.part, image.command))) {
        let Some(command) = facts.command_of(image) else { continue };
        let (code, what) = match image.docker.verb {
            Verb::Pull => ("docker-pull", "pulls an image into the daemon"),
            Verb::Push => ("docker-push", "pushes an image out of the daemon"),
            _ => ("docker-tag", "renames an image in the daemon"),
        };
        reasons.push(draft.reason_at_command(image.part, command, code, what.to_owned()));
    }
    for build in &facts.builds {
        let Some(command) = facts.command_of(&build.at) else { continue };
        let docker = &build.at.docker;
        let mut add = |code, message: &str| {
            reasons.push(draft.reason_at_command(build.at.part, command, code, message.to_owned()))
        };
        if docker.verb == Verb::Build && !draft.handled.contains(&(build.at.part, build.at.command)) {
            add("docker-build", "`docker build` would not use the builder");
        }
        if build.at.part == 2 || build.at.part == 0 && command.span.is_none() {
            add("build-outside-script", "builds after the builder has gone");
        }
        if docker.builder.is_some() {
            add("builder-named", "names a builder of its own");
        }
        if docker.last("allow").is_some() {
            add("builder-named", "asks the builder for more than it is made to allow, by `--allow`");
        }
        let hosts = |text: &str| environment::expansions(draft, text).iter().any(|network| network == "host");
        if docker.all("network").any(|o| o.value.as_ref().is_some_and(|v| hosts(&v.display))) {
            add("network-host", "builds on the host's network, which a rootless builder does not have");
        }
        let other = |network: &str| !matches!(network, "host" | "none" | "default" | "");
        let other = |text: &str| environment::expansions(draft, text).iter().any(|network| other(network));
        if docker.all("network").any(|o| o.value.as_ref().is_some_and(|v| other(&v.display))) {
            add("network-host", "builds in a network of the daemon's, which only the builder of old docker knows");
        }
        if docker.all("add-host").any(|o| o.value.as_ref().is_some_and(|v| v.display.ends_with("host-gateway"))) {
            add("network-host", "asks for `host-gateway`, which the Kubernetes driver does not have");
        }
        for platform in docker.all("platform").filter_map(|option| option.value.as_ref()) {
            match platforms(draft, &platform.display) {
                Some(all) if !all.contains(',') => {}
                Some(_) => {
                    add("multi-platform", "builds for several platforms, which needs emulation or nodes of each")
                }
                None => add("multi-platform", "builds for platforms that are only known when it runs"),
            }
        }
    }
    for bake in facts.bakes.iter().chain(&facts.composes).filter(|bake| bake.part != 1) {
        let Some(command) = facts.command_of(bake) else { continue };
        let message = "builds before the builder is there, or after it has gone".to_owned();
        reasons.push(draft.reason_at_command(bake.part, command, "build-outside-script", message));
    }
    for (number, part) in facts.parts.iter().enumerate() {
        for command in part.script.commands() {
            let other = crate::shell::docker(command).filter(|docker| docker.verb == Verb::BuildxCreate);
            if let Some(message) = other.and_then(|docker| chosen(command, &docker, draft)) {
                reasons.push(draft.reason_at_command(number, command, "builder-named", message));
            }
        }
    }
    if let Some(builder) = facts.effective.variables().find(|v| v.key == "BUILDX_BUILDER") {
        reasons.push(draft.reason_at_setting(
            Some(&builder.setting),
            "builder-named",
            "BUILDX_BUILDER names another builder".to_owned(),
        ));
    }
    if facts.dind.is_empty() {
        let message =
            "no Docker-in-Docker service is in sight: the daemon is the runner's, or another machine's".to_owned();
        reasons.push(draft.reason_at_setting(None, "no-dind-service", message));
    }
    reasons.extend(surroundings::options(draft));
    let daemons = names_of_daemons(draft);
    if let Some(host) = facts.effective.variable("DOCKER_HOST")
        && !(is_here(&host.setting.variable_text(), &daemons)
            && host.setting.versions().iter().all(|host| is_here(host, &daemons)))
    {
        let message = "DOCKER_HOST points at another daemon than the job's own service".to_owned();
        reasons.push(draft.reason_at_setting(Some(&host.setting), "remote-docker-host", message));
    }
    let tags = of_another(draft).or_else(|| facts.effective.get("tags")).or_else(|| chooses_nodes(draft));
    let tags = tags.filter(|_| architectures(draft).is_none());
    if let Some(tags) = tags.filter(|_| facts.builds.iter().any(|build| build.at.docker.last("platform").is_none())) {
        let message = match of_another(draft) {
            Some(_) => "is of another architecture, and so is what the daemon builds for it",
            None => "builds for the architecture of its runner, which is only known when it runs",
        };
        reasons.push(draft.reason_at_setting(Some(&tags), "architecture", message.to_owned()));
    }
    reasons.extend(environment::obstacles(draft));
    reasons.extend(surroundings::obstacles(draft, settings));
    reasons.extend(hidden_default(draft, settings));
    reasons.extend(facts.awaited.iter().cloned());
    let (name, setting) = name_of(&draft.facts.effective);
    let written = setting.as_ref().map(image::name).unwrap_or_default();
    let other = |image: &String| cli(image, settings) != cli(&name, settings);
    if let Some(reason) = inputs::image(draft, settings) {
        reasons.push(reason);
    } else if let Some(other) = environment::expansions(draft, &written).into_iter().find(other) {
        let message = format!("the image may be `{other}` as well, by a rule or a matrix");
        reasons.push(draft.reason_at_setting(setting.as_ref(), "image-unknown", message));
    } else if cli(&name, settings) == Cli::Unknown && !facts.runs_buildx() {
        let message = match name.is_empty() {
            true => "no image is set: whether the runner's own holds buildx is not known".to_owned(),
            false => format!("it is not known whether the image `{name}` holds docker and buildx"),
        };
        reasons.push(draft.reason_at_setting(setting.as_ref(), "image-unknown", message));
    }
    if draft.image.is_some() || cli(&name, settings) == Cli::TooOld {
        reasons.extend(surroundings::installs(draft));
    }
    for part in &facts.parts {
        let docker = part.script.commands().iter().any(|command| crate::shell::docker(command).is_some());
        if docker && !part.script.clean() {
            let place =
                part.script.doubts().iter().find(|doubt| !doubt.what.is_local()).and_then(|doubt| doubt.place.as_ref());
            let message = "the shell code here is not understood beyond doubt".to_owned();
            reasons.push(draft.reason(super::draft::number(part.section), place, "doubtful-script", message));
        }
    }
    reasons
}

/// Why a script that the job is to get may hide one that it inherits from an include that cannot be read.
///
/// What comes with GitLab in these folders is made to be included, and sets no script for others
/// (<https://gitlab.com/gitlab-org/gitlab/-/tree/master/lib/gitlab/ci/templates>).
fn hidden_default(draft: &Draft<'_, '_>, settings: &Settings) -> Option<Reason> {
    let facts = draft.facts;
    let known = |include: &str| {
        let folder = include.strip_prefix("template: ").and_then(|template| template.split_once('/'));
        folder.is_some_and(|(folder, _)| matches!(folder, "Jobs" | "Security" | "Workflows" | "Verify"))
    };
    let mut partial = draft.pipeline.partial().iter().filter(|partial| !known(&partial.include));
    let fits = !settings.assume_complete && !facts.kubernetes && facts.job.unresolved().is_empty();
    let partial = partial.next().filter(|_| fits)?;
    let hidden = |keyword: &&str| facts.effective.get(keyword).is_none() && facts.effective.inherits(keyword);
    let keyword = ["before_script", "after_script"].into_iter().find(hidden)?;
    let message = format!(
        "the include {} cannot be read: the `{keyword}` that it may set for all jobs would be hidden by one of the job's own; --assume-complete says that there is none",
        partial.include
    );
    Some(reason_at(draft.pipeline.project(), partial.at, None, "partial", message))
}

/// The names under which a job's daemons are reached: aliases, and what GitLab makes of their images
/// (<https://docs.gitlab.com/ci/services/#accessing-the-services>).
pub(super) fn names_of_daemons(draft: &Draft<'_, '_>) -> Vec<String> {
    let services = draft.facts.effective.get("services");
    let services = services.iter().flat_map(|services| services.items()).enumerate();
    let daemons = services.filter(|(number, _)| draft.facts.dind.contains(number)).map(|(_, service)| service);
    let mut names = vec!["docker".to_owned(), "localhost".to_owned(), "127.0.0.1".to_owned()];
    names.extend(daemons.flat_map(|service| names_of(&service)));
    names
}

/// The names under which a service is reached.
pub(super) fn names_of(service: &Setting<'_>) -> Vec<String> {
    let alias = service.get("alias").and_then(|alias| alias.text().map(|text| text.into_owned()));
    let mut names: Vec<String> = alias.iter().flat_map(|alias| alias.split([',', ' '])).map(str::to_owned).collect();
    let image = image::name(service);
    let image = image.split('@').next().unwrap_or_default();
    let bare = image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(image, |(name, _)| name);
    names.extend([bare.replace('/', "-"), bare.replace('/', "__")]);
    names
}

/// Whether a `DOCKER_HOST` is the job's own service, or nothing; one that is made of variables may be.
pub(super) fn is_here(host: &str, names: &[String]) -> bool {
    let Some((_, address)) = host.split_once("://") else { return true };
    let name = address.split([':', '/']).next().unwrap_or_default();
    host.starts_with("unix:") || name.is_empty() || name.contains('$') || names.iter().any(|known| known == name)
}

fn image(draft: &mut Draft<'_, '_>, settings: &Settings) {
    let name = name_of(&draft.facts.effective).0;
    if cli(&name, settings) == Cli::TooOld {
        draft.image = Some(image::newer(&name, settings));
    }
}
