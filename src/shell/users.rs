//! Commands other than docker that need docker's daemon.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::docker::is_in;
use super::docker::wrap::{base, target};
use super::{Command, Reason, Word, docker};

type User = (&'static str, &'static str, &'static str, &'static str);

/// Tools that start containers, or read images out of the daemon: name, verbs that do (none: all), code, what for.
const USERS: &[User] = &[
    ("kind", "create load build delete export get", "kind", "kind runs Kubernetes in docker containers"),
    ("k3d", "", "k3d", "k3d runs Kubernetes in docker containers"),
    ("minikube", "", "minikube", "minikube's usual driver is docker"),
    ("ctlptl", "", "ctlptl", "ctlptl creates clusters in docker containers"),
    ("pack", "build rebase builder buildpack", "pack-build", "pack builds in docker containers"),
    ("molecule", "", "molecule", "molecule tests in docker containers"),
    ("skaffold", "build run dev debug test deploy", "skaffold", "skaffold builds with docker"),
    ("act", "", "act", "act runs jobs in docker containers"),
    ("dive", "", "dive", "dive reads images out of the daemon"),
    ("earthly", "", "earthly", "earthly starts its builder with docker"),
    ("dagger", "", "dagger", "dagger starts its engine with docker"),
    ("tilt", "ci up", "tilt", "tilt builds with docker"),
    ("container-structure-test", "test", "container-structure-test", "it runs the image with docker"),
    ("dgoss", "", "dgoss", "dgoss runs the image with docker"),
    ("cibuildwheel", "", "cibuildwheel", "cibuildwheel builds in docker containers"),
    ("cross", "build test run check bench clippy rustc", "cross", "cross builds in docker containers"),
    ("slim", "build profile xray", "slim", "slim runs the image with docker"),
    ("docker-slim", "", "slim", "slim runs the image with docker"),
    ("docker-squash", "", "docker-squash", "docker-squash rewrites images of the daemon's"),
    ("ddev", "", "ddev", "ddev runs services in docker containers"),
    ("devcontainer", "up build exec run-user-commands", "devcontainer", "devcontainer runs docker containers"),
    ("localstack", "start", "localstack", "localstack runs in a docker container"),
    ("supabase", "start stop db", "supabase", "supabase runs in docker containers"),
    ("gitlab-runner", "exec", "gitlab-runner-exec", "gitlab-runner exec runs jobs in docker containers"),
    ("gitlab-ci-local", "", "gitlab-ci-local", "gitlab-ci-local runs jobs in docker containers"),
    ("nixpacks", "build", "nixpacks", "nixpacks builds with docker"),
    ("twistcli", "images", "twistcli", "twistcli scans images of the daemon's"),
    ("s2i", "build", "s2i", "s2i builds in docker containers"),
    ("kamal", "setup deploy redeploy build", "kamal", "kamal builds with docker"),
    ("lando", "", "lando", "lando runs services in docker containers"),
    ("astro", "dev", "astro", "astro runs Airflow in docker containers"),
    ("wp-env", "", "wp-env", "wp-env runs WordPress in docker containers"),
    ("repo2docker", "", "repo2docker", "repo2docker builds and runs an image with docker"),
    ("jupyter-repo2docker", "", "repo2docker", "repo2docker builds and runs an image with docker"),
    ("bentoml", "containerize", "bentoml", "bentoml containerize builds with docker"),
    ("cog", "build push predict train run", "cog", "cog builds and runs an image with docker"),
    ("cwltool", "", "cwltool", "cwltool runs steps in docker containers"),
    ("faas-cli", "build up publish", "faas-cli", "faas-cli builds with docker"),
    ("oscap-docker", "", "oscap-docker", "oscap-docker reads images out of the daemon"),
    ("clair-scanner", "", "clair-scanner", "clair-scanner reads images out of the daemon"),
    ("codeclimate", "analyze", "codeclimate", "codeclimate analyzes in docker containers"),
    ("talosctl", "cluster", "talosctl", "talosctl creates clusters in docker containers"),
    ("horusec", "start", "horusec", "horusec runs its tools in docker containers"),
    ("batect", "", "batect", "batect runs tasks in docker containers"),
    ("heroku", "container:push container:release", "heroku", "heroku builds with docker"),
    ("mega-linter-runner", "", "mega-linter", "it runs its linters in a docker container"),
    ("woodpecker-cli", "exec", "woodpecker", "it runs steps in docker containers"),
    ("drone", "exec", "drone", "it runs steps in docker containers"),
    ("kas-container", "", "kas-container", "it builds in a docker container"),
    ("miniwdl", "run", "miniwdl", "miniwdl runs tasks in docker containers"),
    ("linuxkit", "build", "linuxkit", "linuxkit builds with docker"),
    ("warden", "env", "warden", "warden runs services in docker containers"),
    ("nhost", "up", "nhost", "nhost runs services in docker containers"),
    ("dockerd", "", "dockerd", "the job starts a daemon of its own"),
    ("dockerd-entrypoint.sh", "", "dockerd", "the job starts a daemon of its own"),
];

/// The same by their names, of which every command is asked.
static BY_NAME: LazyLock<HashMap<&str, &User>> = LazyLock::new(|| USERS.iter().map(|user| (user.0, user)).collect());

/// The tool that a command runs in the end, without its folder and its version: `lerna` of `npx lerna@8 run build`.
pub fn invoked(command: &Command) -> Option<&str> {
    let name = base(command.words.get(tool_behind(&command.words, command.program_at()?))?.value()?);
    Some(name.split_once('@').map_or(name, |(name, _)| name))
}

pub(super) fn tool_at(words: &[Word]) -> Option<usize> {
    Some(tool_behind(words, target(words)?))
}

/// The tool that is run by the program at that word.
fn tool_behind(words: &[Word], at: usize) -> usize {
    if !matches!(words.get(at).and_then(Word::value), Some("npx" | "bunx" | "pnpx")) {
        return at;
    }
    let next = words.iter().skip(at + 1).position(|word| !word.display().starts_with('-'));
    at + next.map_or(0, |next| next + 1)
}

/// Why a command that is not docker needs docker's daemon. podman, buildah, kaniko, skopeo, crane and the like do not.
///
/// A mention of `docker.sock` counts in every command, docker's own too.
pub fn other_daemon_users(command: &Command) -> Option<Reason> {
    // A character is found much sooner than a word, here and below.
    let raw = command.raw();
    if raw.contains('.') && raw.contains("docker.sock") {
        return Some(Reason::new("docker-socket", "it uses the daemon's socket"));
    }
    if docker(command).is_some() {
        return None;
    }
    // docker's image of the daemon makes them (docker-library/docker, `dockerd-entrypoint.sh`).
    let folders = [
        "/certs/client",
        "$DOCKER_CERT_PATH/",
        "${DOCKER_CERT_PATH}/",
        "$DOCKER_TLS_CERTDIR/",
        "${DOCKER_TLS_CERTDIR}/",
    ];
    let sets = command.words.is_empty() || matches!(command.name(), Some("export" | "echo" | "printf"));
    if !sets && raw.contains('/') && folders.iter().any(|folder| raw.contains(folder)) {
        return Some(Reason::new("docker-certificates", "it reads the certificates that the daemon makes"));
    }
    let at = tool_behind(&command.words, command.program_at()?);
    let name = base(command.words.get(at)?.value()?);
    let rest = || command.words.iter().skip(at + 1).map(|word| word.display());
    let verb = rest().find(|word| !word.starts_with('-')).unwrap_or_default();
    if let Some((_, verbs, code, message)) = BY_NAME.get(name)
        && (verbs.is_empty() || is_in(verbs, verb))
    {
        return Some(Reason::new(code, *message));
    }
    // Build tools that are told to make an image with the daemon: Spring Boot's plugins, jib, Quarkus, sam, flyctl.
    let said = |word: &str| {
        let told = [
            "bootBuildImage",
            "build-image",
            "jib:dockerBuild",
            "jibDockerBuild",
            "container-image.build=true",
            "container-build=true",
        ];
        told.iter().any(|it| word.ends_with(it))
    };
    // It looks for a daemon with `docker ps` first (azure-cli, `acr/custom.py`).
    let has = |word: &str| rest().any(|other| other == word);
    if name == "az" && verb == "acr" && has("login") && !has("--expose-token") && !has("-t") {
        return Some(Reason::new("az-acr-login", "`az acr login` asks for a daemon; `--expose-token` does without"));
    }
    let builds = match name {
        // It loads the image into the daemon, unless it is told a registry (.NET SDK, "Containerize a .NET app").
        "dotnet" => {
            rest().any(|word| ["PublishContainer", "DefaultContainer", ".dcproj"].iter().any(|it| word.contains(it)))
                && !rest().any(|word| word.contains("ContainerRegistry"))
        }
        "aws" => verb == "lightsail" && has("push-container-image"),
        "doctl" => matches!(verb, "app" | "apps") && has("dev"),
        "gcloud" => verb == "docker" || verb == "functions" && has("local") || verb == "beta" && has("code"),
        "eb" => verb == "local",
        "eksctl" => verb == "anywhere",
        "gh" => verb == "act",
        "ibmcloud" => verb == "dev",
        "kustomize" => verb == "fn" || has("--enable-alpha-plugins"),
        "kubectl" => {
            let starts = |word: &str| word.starts_with("--start-kind") && !word.ends_with("=false");
            verb == "kustomize" && has("--enable-alpha-plugins") || verb == "kuttl" && rest().any(starts)
        }
        // Without an archive it has docker save the image (OSV-Scanner, "Container Scanning").
        "osv-scanner" => {
            has("--docker") || has("-D") || has("image") && !rest().any(|word| word.starts_with("--archive"))
        }
        "checkov" => has("--docker-image"),
        "mvn" | "mvnw" | "gradle" | "gradlew" => rest().any(said),
        "flyctl" | "fly" => rest().any(|word| word == "--local-only"),
        "ko" => rest().any(|word| word == "--local" || word == "-L"),
        "sam" => verb == "local" || rest().any(|word| word == "--use-container" || word == "-u"),
        _ => false,
    };
    if builds {
        return Some(Reason::new("image-by-build-tool", "it makes, runs or reads an image by docker"));
    }
    let starts = match name {
        "service" | "rc-service" => verb == "docker" && rest().any(|word| word.ends_with("start")),
        "systemctl" => verb.ends_with("start") && rest().any(|word| word.starts_with("docker")),
        _ => false,
    };
    if starts {
        return Some(Reason::new("dockerd", "the job starts a daemon of its own"));
    }
    let reads = match name {
        // The transports of containers/image and of anchore's tools that read from the daemon.
        "skopeo" | "buildah" | "podman" => Some("docker-daemon:"),
        "syft" | "grype" => Some("docker:"),
        "container-diff" => Some("daemon:"),
        "diffoci" => Some("docker:"),
        "buildctl" => Some("docker-container:"),
        _ => None,
    };
    let after = |option: &str| {
        let attached = rest().find_map(|word| word.strip_prefix(option)?.strip_prefix('='));
        attached.or_else(|| rest().skip_while(|word| *word != option).nth(1))
    };
    let set = command.assignments.iter().filter_map(|set| Some((set.name.as_str(), set.value.as_ref()?.display())));
    let exported = rest().filter(|_| name == "export").filter_map(|word| word.split_once('='));
    let scans = (name == "trivy" && after("--image-src").is_some_and(reads_from_daemon_only))
        || (matches!(name, "syft" | "grype") && after("--from").is_some_and(reads_from_daemon_only))
        || set.clone().chain(exported.clone()).any(|(name, value)| reads_from_daemon(name, value));
    // `DB_HOST=docker ./run.sh`, other than what docker itself is told.
    let mut hosts = set.chain(exported).filter(|(name, _)| !name.starts_with("DOCKER_"));
    let told = hosts.any(|(name, value)| names_host(name, value));
    if scans
        || reads.is_some_and(|transport| rest().any(|word| word.trim_start_matches("--addr=").starts_with(transport)))
    {
        return Some(Reason::new("docker-daemon-image", "it reads or writes an image of the daemon's"));
    }
    let probes = matches!(name, "nc" | "ncat" | "netcat" | "ping" | "telnet" | "getent" | "nslookup")
        && rest().any(|word| word == "docker")
        || raw.contains("/dev/tcp/docker/");
    // `export DOCKER_HOST=tcp://docker:2375` only prepares.
    let is_port = |word: &str| word.contains(":2375") || word.contains(":2376");
    let prints = matches!(name, "export" | "echo" | "printf" | "declare" | "local");
    let speaks = !prints && rest().any(|word| is_at_host(word) || is_port(word));
    (probes || speaks || told).then(|| {
        Reason::new("docker-host", "it talks to the host `docker`, the daemon's service or a port of its containers")
    })
}

/// Whether a text is an address at the host `docker`: `http://docker/`, `docker:5432`. What has the look of an image's name and tag is
/// none: `docker:27`.
fn is_at_host(text: &str) -> bool {
    let ends = |rest: &str| rest.is_empty() || rest.starts_with(['/', '?', ',']);
    let port = |text: &str| {
        text.strip_prefix("docker:").is_some_and(|rest| {
            let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            rest.len() - behind.len() > 2 && ends(behind)
        })
    };
    let url = |text: &str| {
        let authority = text.split('/').next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        host == "docker" || host.starts_with("docker:")
    };
    text.contains("docker")
        && (port(text)
            // `docker://` is no address of a host.
            || text.match_indices("://").any(|(at, mark)| !text[..at].ends_with("docker") && url(&text[at + mark.len()..]))
            || text.match_indices(['=', '@']).any(|(at, mark)| port(&text[at + mark.len()..])))
}

/// Whether a variable says where a program finds a service, and that is the host `docker`: `DB_HOST: docker`.
pub fn names_host(name: &str, value: &str) -> bool {
    let names = ["HOST", "HOSTNAME", "ADDR", "ADDRESS", "SERVER", "ENDPOINT", "URL", "URI", "PGHOST", "DBHOST"];
    let named = || name.split('_').any(|part| names.contains(&part)) && !name.contains("IMAGE");
    is_at_host(value) || value == "docker" && named()
}

/// Whether a variable tells a scanner to read images out of the daemon and from nowhere else (trivy, `--image-src`; anchore's syft
/// and grype, `default-image-pull-source`).
pub fn reads_from_daemon(name: &str, value: &str) -> bool {
    const SOURCES: [&str; 3] = ["TRIVY_IMAGE_SRC", "SYFT_DEFAULT_IMAGE_PULL_SOURCE", "GRYPE_DEFAULT_IMAGE_PULL_SOURCE"];
    SOURCES.contains(&name) && reads_from_daemon_only(value)
}

/// Whether a list of a scanner's sources has the daemon, and no registry to look in if there is none.
pub fn reads_from_daemon_only(sources: &str) -> bool {
    let is = |names: &[&str]| sources.split(',').any(|source| names.contains(&source.trim().trim_matches(['"', '\''])));
    is(&["docker"]) && !is(&["remote", "registry", "oci-registry"])
}

/// Whether a word of a script could be the name of one of those tools.
pub(super) fn is_user(name: &str) -> bool {
    BY_NAME.contains_key(name)
}
