//! Which docker commands need a daemon.

use super::{Compose, Docker, Endpoint, Opt, Verb};

/// Whether a docker command needs a daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Daemon {
    /// It does, and why.
    Needed(Reason),
    /// It needs whatever its builder needs: with the Kubernetes driver no daemon, with `docker-container` one.
    Builder,
    /// It does not: `login`, `imagetools`, `context` ….
    NotNeeded,
    /// It needs one that is another machine's: `ssh host docker …`, `docker -H ssh://…`.
    Elsewhere(Reason),
    /// Not understood, and why.
    Unknown(Reason),
}

/// Why a daemon is needed, or may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Stable, kebab-case: `compose-run`, `docker-push`.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

impl Reason {
    pub(in crate::shell) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// Whether that docker command needs a daemon.
///
/// The list was made by running docker 28.2 and buildx without a daemon. Options that could not be read are not held against a
/// command here: see [`Docker::certain`].
pub fn daemon(docker: &Docker) -> Daemon {
    if docker.flag("help") || docker.globals.iter().any(|it| it.name == "help" || it.name == "version") {
        return Daemon::NotNeeded;
    }
    let needed = match of_verb(docker) {
        Daemon::Needed(reason) => reason,
        other => return other,
    };
    match &docker.endpoint {
        Some(Endpoint::Ssh) => Daemon::Elsewhere(Reason::new("ssh", "runs on another machine, through ssh")),
        Some(Endpoint::Host(host)) if host.starts_with("ssh://") => {
            Daemon::Elsewhere(Reason::new("remote-docker-host", format!("uses the daemon of {host}")))
        }
        _ => Daemon::Needed(needed),
    }
}

fn of_verb(docker: &Docker) -> Daemon {
    let needed = |code, message: &str| Daemon::Needed(Reason::new(code, message));
    match &docker.verb {
        Verb::Build => build(docker),
        Verb::BuildxBuild => buildx_build(docker),
        Verb::BuildxBake => bake(docker),
        Verb::BuildxCreate => create(docker),
        Verb::BuildxRm | Verb::BuildxInspect => Daemon::Builder,
        Verb::BuildxUse | Verb::BuildxLs | Verb::BuildxVersion | Verb::Imagetools(_) => Daemon::NotNeeded,
        Verb::BuildxOther(name) => match name.as_str() {
            "" | "install" | "uninstall" => Daemon::NotNeeded,
            "prune" | "du" | "stop" | "debug" | "dial-stdio" | "history" => Daemon::Builder,
            _ => unknown("buildx-unknown-verb", format!("docker buildx {name} is not known")),
        },
        Verb::Login | Verb::Logout | Verb::Context(_) | Verb::Manifest | Verb::None => Daemon::NotNeeded,
        Verb::Pull => needed("docker-pull", "docker pull stores the image in the daemon"),
        Verb::Push => needed("docker-push", "docker push sends an image of the daemon's"),
        Verb::Tag => needed("docker-tag", "docker tag names an image of the daemon's"),
        Verb::Run => needed("docker-run", "docker run starts a container"),
        Verb::Exec => needed("docker-exec", "docker exec enters a container"),
        Verb::Cp => needed("docker-cp", "docker cp copies from or to a container"),
        Verb::Images => needed("docker-images", "docker images lists the daemon's images"),
        Verb::Info => needed("docker-info", "docker info asks the daemon"),
        Verb::Save => needed("docker-save", "docker save writes an image of the daemon's"),
        Verb::Load => needed("docker-load", "docker load stores an image in the daemon"),
        Verb::Import => needed("docker-import", "docker import stores an image in the daemon"),
        Verb::Export => needed("docker-export", "docker export reads a container"),
        Verb::Rmi => needed("docker-rmi", "docker rmi removes an image of the daemon's"),
        Verb::Inspect => needed("docker-inspect", "docker inspect asks the daemon"),
        Verb::Network => needed("docker-network", "docker network is the daemon's"),
        Verb::Volume => needed("docker-volume", "docker volume is the daemon's"),
        Verb::System => needed("docker-system", "docker system asks the daemon"),
        Verb::Search => needed("docker-search", "docker search asks the daemon"),
        Verb::Version => needed("docker-version", "docker version fails without a daemon"),
        Verb::Compose(compose) => of_compose(compose),
        Verb::Other(name) => of_other(name),
    }
}

fn of_compose(compose: &Compose) -> Daemon {
    let needed = |code, verb: &str| Daemon::Needed(Reason::new(code, format!("docker compose {verb} needs a daemon")));
    match compose {
        Compose::Run => needed("compose-run", "run"),
        Compose::Up => needed("compose-up", "up"),
        Compose::Down => needed("compose-down", "down"),
        Compose::Logs => needed("compose-logs", "logs"),
        Compose::Exec => needed("compose-exec", "exec"),
        Compose::Build => needed("compose-build", "build"),
        Compose::Push => needed("compose-push", "push"),
        Compose::Pull => needed("compose-pull", "pull"),
        Compose::Config | Compose::Version | Compose::None => Daemon::NotNeeded,
        Compose::Other(verb) if verb == "help" => Daemon::NotNeeded,
        Compose::Other(verb) => needed("compose-other", verb),
    }
}

fn of_other(name: &str) -> Daemon {
    let code = match name {
        // `docker/cli`, `cli/command/trust/sign.go`: it pushes the local image, unless that is signed already.
        "trust sign" => "docker-trust",
        "help" | "completion" | "trust" => return Daemon::NotNeeded,
        _ if name.starts_with("trust ") => return Daemon::NotNeeded,
        "ps" | "create" | "start" | "stop" | "restart" | "rm" | "logs" | "kill" | "wait" | "attach" | "diff"
        | "commit" | "pause" | "unpause" | "port" | "rename" | "stats" | "top" | "update" | "events" => {
            "docker-container"
        }
        "history" => "docker-image",
        "swarm" | "stack" | "service" | "node" | "secret" | "config" => "docker-swarm",
        "plugin" | "checkpoint" => "docker-plugin",
        _ if name.starts_with("container ") => "docker-container",
        _ if name.starts_with("image ") => "docker-image",
        "builder prune" => "docker-builder-prune",
        _ => return unknown("docker-unknown-verb", format!("docker {name} is not known")),
    };
    Daemon::Needed(Reason::new(code, format!("docker {name} asks the daemon")))
}

/// `docker build`: the daemon's own builder, unless one is chosen. (`docker buildx … --use` does not choose one for it.)
fn build(docker: &Docker) -> Daemon {
    if docker.variable("DOCKER_BUILDKIT").is_some_and(|value| value == "0" || value == "false") {
        return Daemon::Needed(Reason::new(
            "docker-build-classic",
            "docker build with DOCKER_BUILDKIT=0 builds in the daemon",
        ));
    }
    match &docker.builder {
        Some(_) => buildx_build(docker),
        None => Daemon::Needed(Reason::new(
            "docker-build",
            "docker build builds in the daemon unless BUILDX_BUILDER names a builder",
        )),
    }
}

fn buildx_build(docker: &Docker) -> Daemon {
    if docker.flag("load") || docker.all("output").any(loads) {
        return Daemon::Needed(Reason::new("buildx-load", "the result of the build is loaded into the daemon"));
    }
    default_builder(docker)
}

fn bake(docker: &Docker) -> Daemon {
    if docker.flag("print") || docker.last("list").is_some() {
        return Daemon::NotNeeded;
    }
    let sets_output = docker.all("set").any(|option| {
        let set = option.value.as_ref().and_then(|value| value.display.split_once('='));
        set.is_some_and(|(key, value)| {
            key.ends_with(".load") && value != "false" || key.ends_with(".output") && is_loaded(value)
        })
    });
    if docker.flag("load") || sets_output {
        return Daemon::Needed(Reason::new("buildx-load", "the result of the build is loaded into the daemon"));
    }
    default_builder(docker)
}

/// The builder called `default` is the daemon's own.
fn default_builder(docker: &Docker) -> Daemon {
    match docker.builder.as_deref() {
        Some("default") => {
            Daemon::Needed(Reason::new("buildx-default-builder", "the builder called `default` is the daemon's"))
        }
        _ => Daemon::Builder,
    }
}

/// Drivers: <https://docs.docker.com/build/builders/drivers/>. The default is `docker-container`.
fn create(docker: &Docker) -> Daemon {
    let driver = docker.last("driver").and_then(|option| option.value.as_ref());
    match driver.map(|driver| driver.literal.as_deref()) {
        Some(Some("kubernetes" | "remote")) => Daemon::NotNeeded,
        None | Some(Some("docker-container" | "docker")) => {
            Daemon::Needed(Reason::new("buildx-create-container", "the builder runs in a container of the daemon's"))
        }
        Some(_) => unknown("buildx-create-driver", "the driver of the builder is not written out".to_owned()),
    }
}

fn loads(option: &Opt) -> bool {
    option.value.as_ref().is_some_and(|value| is_loaded(&value.display))
}

/// `type=docker` without a file to write to.
fn is_loaded(output: &str) -> bool {
    let mut fields = output.split(',');
    fields.clone().any(|field| field.trim() == "type=docker") && !fields.any(|field| field.trim().starts_with("dest="))
}

fn unknown(code: &'static str, message: String) -> Daemon {
    Daemon::Unknown(Reason::new(code, message))
}
