//! Images and services: which is a Docker-in-Docker daemon, and which is known to hold buildx.

use globset::Glob;

use super::environment::set_by;
use super::facts::Facts;
use super::settings::Settings;
use crate::pipeline::{Effective, Setting};
use crate::shell::Command;

/// Whether a service's image is a Docker-in-Docker daemon: `docker` with a tag that has `dind` in it, from any registry
/// or through a dependency proxy (domain facts, 1; <https://docs.gitlab.com/ci/docker/using_docker_build/>).
pub fn is_dind(image: &str) -> bool {
    let (name, tag) = split(image);
    let base = name.rsplit('/').next().unwrap_or(name);
    (matches!(base, "docker" | "dind") && tag.is_some_and(|tag| tag.contains("dind")))
        || base.ends_with("docker-dind")
        || (base == "dind")
}

/// Name of a job's image, its variables replaced where the files give them, and where it is set; empty if it is not.
pub fn name_of<'p>(effective: &Effective<'p>) -> (String, Option<Setting<'p>>) {
    let Some(image) = effective.get("image") else { return (String::new(), None) };
    (image_of(effective, &image), Some(image))
}

/// Name of a job's image or service, its variables replaced where the files give them.
pub fn image_of(effective: &Effective<'_>, setting: &Setting<'_>) -> String {
    let value = |name: &str| effective.variable(name).map(|variable| variable.setting.variable_text().into_owned());
    expand(&name(setting), &value)
}

/// The name that an image or a service is given by: itself, or its `name`.
pub fn name(setting: &Setting<'_>) -> String {
    named(setting).text().map(|text| text.into_owned()).unwrap_or_default()
}

/// What gives an image or a service its name.
pub fn named<'p>(setting: &Setting<'p>) -> Setting<'p> {
    let name = if setting.is_mapping() { setting.get("name") } else { None };
    name.unwrap_or_else(|| setting.clone())
}

/// The names that an image or a service may have, by all that is known of the inputs in it and in its variables.
pub fn versions(effective: &Effective<'_>, setting: &Setting<'_>) -> Vec<String> {
    let value = |name: &str| effective.variable(name).map(|variable| variable.setting.variable_text().into_owned());
    let written: Vec<String> = setting.versions();
    let mut all: Vec<String> = written.iter().map(|text| expand(text, &value)).collect();
    let variables = effective
        .variables()
        .filter(|variable| written.iter().any(|text| text.contains(&*variable.key)) && variable.setting.holds_input());
    for variable in variables {
        for version in variable.setting.versions() {
            let given = |name: &str| if name == variable.key { Some(version.clone()) } else { value(name) };
            all.extend(written.iter().map(|text| expand(text, &given)));
        }
    }
    all
}

/// The first option of a daemon's `command:`, or variable, that a builder would have to know of; none when all of them are only
/// about the daemon itself: where it listens, how it stores, what it prints.
pub fn option_of_its_own(service: &Setting<'_>) -> Option<String> {
    let variables = service.get("variables");
    let mut variables = variables.iter().flat_map(|variables| variables.entries());
    // What the health check of the runner's and the log read.
    let harmless = |name: &str| name.starts_with("DOCKER_") || matches!(name, "HEALTHCHECK_TCP_PORT" | "TZ");
    if let Some(variable) = variables.find(|variable| !harmless(&variable.key)) {
        return Some(variable.key.to_string());
    }
    let said = ["entrypoint", "command"].into_iter().filter_map(|key| service.get(key)).filter(|said| !said.is_null());
    let words: Vec<String> = said
        .flat_map(|said| match said.is_sequence() {
            true => said.items().filter_map(|item| item.text().map(|text| text.into_owned())).collect::<Vec<_>>(),
            false => said.text().unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
        })
        .collect();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let name = word.split('=').next().unwrap_or_default();
        if !DAEMON_OPTIONS.contains(&name) {
            return Some(word);
        }
        // `--mtu 1450`: the value is a word of its own.
        if !word.contains('=') && words.peek().is_some_and(|next| !next.starts_with('-') && !next.starts_with("docker"))
        {
            words.next();
        }
    }
    None
}

/// Of dockerd (<https://docs.docker.com/reference/cli/dockerd/>): its socket, its bridge, its store and its log. Mirrors,
/// insecure registries, proxies and name servers are not among them, since builds need them as well.
const DAEMON_OPTIONS: [&str; 22] = [
    "dockerd",
    "dockerd-entrypoint.sh",
    "/usr/local/bin/dockerd-entrypoint.sh",
    "--host",
    "-H",
    "--tls",
    "--tlsverify",
    "--tlscacert",
    "--tlscert",
    "--tlskey",
    "--mtu",
    "--storage-driver",
    "-s",
    "--experimental",
    "--debug",
    "-D",
    "--log-level",
    "-l",
    "--bip",
    "--max-concurrent-downloads",
    "--max-concurrent-uploads",
    "--data-root",
];

/// A text with its `$NAME` and `${NAME}` replaced, as GitLab does in images and services
/// (<https://docs.gitlab.com/ci/variables/where_variables_can_be_used/>). What has no value stays as it is written.
pub fn expand(text: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    expand_within(text, value, 5)
}

fn expand_within(text: &str, value: &dyn Fn(&str) -> Option<String>, depth: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let braced = after.strip_prefix('{');
        let inner = braced.unwrap_or(after);
        let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
        let closed = braced.is_none() || inner[end..].starts_with('}');
        let length = 1 + if braced.is_some() { end + 2 } else { end };
        match value(&inner[..end]).filter(|_| end > 0 && closed && depth > 0) {
            Some(text) => {
                out.push_str(&expand_within(&text, value, depth - 1));
                rest = &rest[at + length..];
            }
            None => {
                out.push('$');
                rest = after;
            }
        }
    }
    out + rest
}

/// What is known of the image that a job runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cli {
    /// Docker's own image, new enough to bring buildx, or one that the settings declare.
    WithBuildx,
    /// Docker's own image, from before it brought buildx (older than 23).
    TooOld,
    /// Another image: what it holds is not known.
    Unknown,
}

/// The tag of docker's own image, if it is that.
fn own_tag(image: &str) -> Option<Option<&str>> {
    let (name, tag) = split(image);
    let own = name.rsplit('/').next() == Some("docker") && (name.matches('/').count() == 0 || is_mirror(name));
    own.then_some(tag)
}

/// What is known of an image. Docker's own image brings the buildx plugin since 23.0.
pub fn cli(image: &str, settings: &Settings) -> Cli {
    let declared = |pattern: &String| Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(image));
    if image == settings.image || settings.images_with_buildx.iter().any(declared) {
        return Cli::WithBuildx;
    }
    let Some(tag) = own_tag(image) else { return Cli::Unknown };
    match tag {
        None => Cli::WithBuildx,
        Some("stable") => Cli::TooOld,
        Some(tag) => {
            let major: String = tag.chars().take_while(char::is_ascii_digit).collect();
            match major.parse::<u32>() {
                Ok(major) if major < 23 => Cli::TooOld,
                Ok(_) => Cli::WithBuildx,
                Err(_) if tag.contains('$') => Cli::Unknown,
                Err(_) if tag.starts_with("stable") => Cli::TooOld,
                Err(_) => Cli::WithBuildx,
            }
        }
    }
}

/// Whether a value switches something of docker's off (Go, `strconv.ParseBool`).
pub fn is_off(value: &str) -> bool {
    matches!(value, "0" | "f" | "F" | "false" | "False" | "FALSE")
}

/// Whether a job builds with a docker before 23.0, whose `docker build` is BuildKit's only where `DOCKER_BUILDKIT` says so.
pub fn is_before_buildkit(facts: &Facts<'_>, settings: &Settings) -> bool {
    let on = |value: &str| !value.is_empty() && !is_off(value);
    let variable = facts.effective.variable("DOCKER_BUILDKIT");
    if cli(&name_of(&facts.effective).0, settings) != Cli::TooOld
        || variable.is_some_and(|variable| on(&variable.setting.variable_text()))
    {
        return false;
    }
    let first = facts.builds.iter().map(|build| (build.at.part, build.at.command)).min();
    let parts = facts.parts.iter().enumerate();
    let commands =
        parts.flat_map(|(part, it)| it.script.commands().iter().enumerate().map(move |(n, c)| ((part, n), c)));
    let chosen = |(place, command): ((usize, usize), &Command)| {
        command.context.sequence == 0
            && command.context.chain.is_none()
            && first.is_none_or(|first| place < first)
            && set_by(command).iter().any(|(name, value)| name == "DOCKER_BUILDKIT" && value.as_deref().is_some_and(on))
    };
    let given = |build: &super::facts::Build| build.at.docker.variable("DOCKER_BUILDKIT").is_some_and(on);
    !commands.into_iter().any(chosen) && (facts.builds.is_empty() || !facts.builds.iter().all(given))
}

/// Whether an image is docker's own, with a buildx that knows `imagetools create --prefer-index`: that came with buildx 0.15.0
/// (its release notes), which docker 27 brings; 26.1.3 still has 0.14.0 (docker-library/docker, `26/cli/Dockerfile`). Of other
/// images nothing is known.
pub fn copies_alike(image: &str, settings: &Settings) -> bool {
    let major: String = split(image).1.unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
    let old = major.parse::<u32>().is_ok_and(|major| major < 27);
    !(old && image != settings.image && own_tag(image).is_some())
}

/// The image of the settings in place of docker's own, from where that one came: a mirror or a dependency proxy.
pub fn newer(image: &str, settings: &Settings) -> String {
    let (name, _) = split(image);
    match name.strip_suffix("docker") {
        Some(place) if is_mirror(name) && name.contains('/') && !settings.image.contains('/') => {
            format!("{place}{}", settings.image)
        }
        _ => settings.image.clone(),
    }
}

/// Docker's own image under another address: Docker Hub's full name, or GitLab's dependency proxy.
fn is_mirror(name: &str) -> bool {
    let prefix = name.trim_end_matches("docker").trim_end_matches('/').trim_end_matches("/library");
    matches!(prefix, "docker.io" | "index.docker.io" | "registry-1.docker.io" | "library")
        || prefix.contains("CI_DEPENDENCY_PROXY")
        || prefix.ends_with("dependency_proxy/containers")
}

/// Name and tag of an image reference; a digest is no tag.
fn split(image: &str) -> (&str, Option<&str>) {
    let image = image.split('@').next().unwrap_or(image);
    let slash = image.rfind('/').map_or(0, |i| i + 1);
    match image[slash..].find(':') {
        Some(colon) => (&image[..slash + colon], Some(&image[slash + colon + 1..])),
        None => (image, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_where_they_are_known() {
        let value = |name: &str| match name {
            "A" => Some("docker:$B".to_owned()),
            "B" => Some("29".to_owned()),
            "LOOP" => Some("$LOOP".to_owned()),
            _ => None,
        };
        assert_eq!(expand("${A}-dind", &value), "docker:29-dind");
        assert_eq!(expand("$A-dind/$C/${D}", &value), "docker:29-dind/$C/${D}");
        assert_eq!(expand("$LOOP ${A:-x} $", &value), "$LOOP ${A:-x} $");
    }

    #[test]
    fn daemons_are_known_by_image_and_not_by_a_word_in_it() {
        for image in [
            "docker:dind",
            "docker:29-dind",
            "docker:24.0.5-dind-rootless",
            "registry.example.com/mirror/docker:20.10-dind",
            "${CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX}/docker:27-dind",
            "docker:29-dind@sha256:abc",
            "example.com:5000/docker-dind:1",
        ] {
            assert!(is_dind(image), "{image}");
        }
        for image in ["docker:29-cli", "docker", "postgres:16", "my-docker:dinder", "docker.io/library/docker:29"] {
            assert!(!is_dind(image), "{image}");
        }
    }

    #[test]
    fn a_newer_image_comes_from_the_same_place() {
        let settings = Settings::default();
        let proxy = "${CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX}/";
        assert_eq!(newer(&format!("{proxy}docker:20.10"), &settings), format!("{proxy}{}", settings.image));
        assert_eq!(newer("docker.io/library/docker:19", &settings), format!("docker.io/library/{}", settings.image));
        assert_eq!(newer("docker:19", &settings), settings.image);
        let own = Settings { image: "ci/tools:1".into(), ..Settings::default() };
        assert_eq!(newer("docker.io/docker:19", &own), "ci/tools:1");
    }

    #[test]
    fn copies_want_a_docker_of_27_or_later() {
        let settings = Settings::default();
        for image in ["docker:23", "docker:24.0.5-cli", "docker.io/library/docker:26.1"] {
            assert!(!copies_alike(image, &settings), "{image}");
        }
        for image in ["docker:27", "docker:29-cli", "docker", "docker:cli", "example.com/tools:1", "$IMAGE"] {
            assert!(copies_alike(image, &settings), "{image}");
        }
    }

    #[test]
    fn buildx_is_known_in_dockers_own_image_since_23() {
        let settings = Settings { images_with_buildx: vec!["ci/tools*".into()], ..Settings::default() };
        for image in [
            "docker:29-cli",
            "docker:23.0.1",
            "docker",
            "docker:latest",
            "docker:cli",
            "docker.io/library/docker:27",
            "ci/tools:1",
        ] {
            assert_eq!(cli(image, &settings), Cli::WithBuildx, "{image}");
        }
        for image in ["docker:19.03.12", "docker:20.10-git", "docker:stable"] {
            assert_eq!(cli(image, &settings), Cli::TooOld, "{image}");
        }
        for image in ["alpine", "example.com/docker:29", "docker:$VERSION", "$IMAGE"] {
            assert_eq!(cli(image, &settings), Cli::Unknown, "{image}");
        }
    }
}
