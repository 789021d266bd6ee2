//! What surrounds a job's own daemon, and a builder in another pod would not have.

use super::draft::Draft;
use super::environment::set_by;
use super::facts::Part;
use super::image::{expand, name_of, option_of_its_own};
use super::left::Reason;
use super::settings::Settings;
use super::use_kubernetes_builder::names_of;
use crate::pipeline::Setting;
use crate::shell::docker::Verb;
use crate::shell::{Command, docker, mentions_docker};

/// Why a job is left whose builds live on what stands beside them.
pub(super) fn obstacles(draft: &Draft<'_, '_>, settings: &Settings) -> Vec<Reason> {
    let found = [proxy(draft, settings), registry(draft), windows(draft), signs(draft), plugin(draft), hooks(draft)];
    found.into_iter().flatten().collect()
}

/// A buildx that the job installs for itself: the client takes it before the one of its image, and before 0.15 it knows some of the
/// options not that this needs (docker/buildx, release notes).
pub(super) fn plugin(draft: &Draft<'_, '_>) -> Option<Reason> {
    let facts = draft.facts;
    let value = |name: &str| facts.effective.variable(name).map(|v| v.setting.variable_text().into_owned());
    let is_new = |text: &str| {
        let said = ["v0.", "=0."].iter().find_map(|way| text.split(way).nth(1));
        let minor = said.map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
        minor.and_then(|minor| minor.parse::<u32>().ok()).is_some_and(|minor| minor >= 15)
    };
    let installs = |command: &Command| {
        let raw = expand(command.raw(), &value);
        let handles = matches!(command.name(), Some("mkdir" | "chmod" | "ls" | "echo"));
        let named = ["compose", "scout", "scan", "sbom"].iter().any(|plugin| raw.contains(plugin));
        let another = named && !raw.contains("buildx");
        let puts = raw.contains("cli-plugins") && !another || raw.contains("docker-cli-buildx=0.");
        puts && !handles && !is_new(&raw)
    };
    facts.parts.iter().enumerate().find_map(|(number, part)| {
        let command = part.script.commands().iter().find(|command| installs(command))?;
        let message = "installs a buildx of its own, which may be too old for what is written here".to_owned();
        Some(draft.reason_at_command(number, command, "buildx-plugin", message))
    })
}

/// Scripts that the runner runs before the job's own (<https://docs.gitlab.com/ci/yaml/#hooks>), and that speak of docker.
fn hooks(draft: &Draft<'_, '_>) -> Option<Reason> {
    let hooks = draft.facts.effective.get("hooks")?;
    let speaks = hooks.all_texts().iter().any(|text| mentions_docker(text));
    let message = || "`hooks:` speak of docker, and are not edited".to_owned();
    speaks.then(|| draft.reason_at_setting(Some(&hooks), "docker-unknown", message()))
}

/// A proxy that the job's variables name. GitLab hands them to the services as well
/// (<https://docs.gitlab.com/ci/services/#passing-cicd-variables-to-services>), so that the daemon pulls and pushes by it.
fn proxy(draft: &Draft<'_, '_>, settings: &Settings) -> Option<Reason> {
    const PROXIES: [&str; 3] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
    let given = |name: &str| {
        let options = settings.driver_options.iter().filter_map(|(option, _)| option.strip_prefix("env."));
        options.into_iter().any(|option| option.eq_ignore_ascii_case(name))
    };
    let variable = draft.facts.effective.variables().find(|variable| {
        let name = variable.key.to_ascii_uppercase();
        PROXIES.contains(&&*name) && !given(&name) && !variable.setting.variable_text().is_empty()
    })?;
    let message = format!("{} names a proxy, which the daemon uses and the builder would not know", variable.key);
    Some(draft.reason_at_setting(Some(&variable.setting), "proxy", message))
}

/// A registry, or a server that a build asks, that is a service of the job: only the pod of the job reaches it.
fn registry(draft: &Draft<'_, '_>) -> Option<Reason> {
    let facts = draft.facts;
    let services = facts.effective.get("services");
    let services = services.iter().flat_map(|services| services.items()).enumerate();
    let beside = services.filter(|(number, _)| !facts.dind.contains(number)).map(|(_, service)| service);
    let beside: Vec<String> = beside.flat_map(|service| names_of(&service)).collect();
    let value = |name: &str| facts.effective.variable(name).map(|v| v.setting.variable_text().into_owned());
    let pushed = facts.images.iter().filter(|image| image.docker.verb == Verb::Push);
    let uses = facts.builds.iter().map(|build| &build.at).chain(pushed);
    uses.filter_map(|at| Some((at, facts.command_of(at)?))).find_map(|(at, command)| {
        let words = command.words.iter().map(|word| expand(word.display(), &value));
        // The value of `--build-arg NAME` is the variable's.
        let taken = at.docker.all("build-arg").filter_map(|option| value(&option.value.as_ref()?.display));
        let (server, message) = words.chain(taken).find_map(|word| {
            let is_local = |host: &&str| matches!(*host, "localhost" | "127.0.0.1");
            let registry = host(&word).filter(|host| is_local(host) || beside.iter().any(|name| name == host));
            let registry = registry.map(|host| (host.to_owned(), "uses the registry"));
            let server = || Some((beside.iter().find(|name| asks(&word, name))?.clone(), "asks the service"));
            registry.or_else(server)
        })?;
        let message = format!("{message} `{server}` beside the job, which the builder would not reach");
        Some(draft.reason_at_command(at.part, command, "registry-beside", message))
    })
}

/// The host of an image reference with a port or by the name `localhost`, perhaps within an option.
fn host(word: &str) -> Option<&str> {
    let word = word.rsplit('=').next().unwrap_or(word);
    let (first, rest) = word.split_once('/')?;
    let (host, port) = first.split_once(':').map_or((first, None), |(host, port)| (host, Some(port)));
    let is_port = port.is_some_and(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    (!rest.starts_with('/') && (is_port || host == "localhost")).then_some(host)
}

/// Whether a word of a build names a server: `http://npm:4873`, `user@npm`, `NPM=npm:4873`, `DB_HOST=npm`, `--add-host npm:172.17.0.2`.
fn asks(word: &str, server: &str) -> bool {
    let is_end = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let found = word.match_indices(server).any(|(at, _)| {
        let (before, rest) = (&word[..at], &word[at + server.len()..]);
        let port = rest.strip_prefix(':').map_or(0, |port| port.bytes().take_while(u8::is_ascii_digit).count());
        let is_value = before.is_empty() || before.ends_with('=');
        let of_host = before.strip_suffix('=').is_some_and(|name| name.to_ascii_uppercase().ends_with("HOST"));
        let address =
            rest.strip_prefix(':').is_some_and(|rest| rest.matches('.').count() == 3 || rest.starts_with('$'));
        is_end(rest)
            && (before.ends_with("//") || before.ends_with('@') || is_value && (port > 2 || of_host || address))
    });
    !server.is_empty() && found
}

/// A job for a Windows runner: its shell is another one, and its images are not the builder's.
pub(super) fn windows(draft: &Draft<'_, '_>) -> Option<Reason> {
    let (image, setting) = name_of(&draft.facts.effective);
    let is_windows = |text: &str| {
        let words = text.to_ascii_lowercase();
        words.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "windows" || word == "nanoserver")
            || words.contains("windowsservercore")
    };
    let tags = draft.facts.effective.get("tags");
    let tagged = tags.iter().flat_map(|tags| tags.items()).any(|tag| tag.text().is_some_and(|text| is_windows(&text)));
    let at = if tagged { tags } else { setting.filter(|_| is_windows(&image)) }?;
    let message = "is a job for Windows, whose shell and images are others than the builder's".to_owned();
    Some(draft.reason_at_setting(Some(&at), "windows", message))
}

/// Options of the daemon's that its successor would not have: a mirror, an insecure registry.
pub(super) fn options(draft: &Draft<'_, '_>) -> Vec<Reason> {
    let facts = draft.facts;
    let services = facts.effective.get("services");
    let services = services.iter().flat_map(|services| services.items()).enumerate();
    let daemons = services.filter(|(number, _)| facts.dind.contains(number)).map(|(_, service)| service);
    let of_its_own = |service: Setting<'_>| {
        let option = option_of_its_own(&service)?;
        let message = format!("the daemon is started with `{option}`, which the builder would not have");
        Some(draft.reason_at_setting(Some(&service), "dind-with-command", message))
    };
    daemons.filter_map(of_its_own).collect()
}

/// What a job installs, and may not install in a newer image than its own.
pub(super) fn installs(draft: &Draft<'_, '_>) -> Vec<Reason> {
    let name = name_of(&draft.facts.effective).0;
    let of_part = |(number, part): (usize, &Part<'_>)| {
        let command = part.script.commands().iter().find(|command| installs_for_this_image(command))?;
        let message = format!("the image `{name}` would become a newer one, in which this may not install as it did");
        Some(draft.reason_at_command(number, command, "image-too-old", message))
    };
    draft.facts.parts.iter().enumerate().filter_map(of_part).collect()
}

/// Installs what another version of the image's distribution may not take: by pip, which Alpine 3.19 and later reserve to its packages
/// (PEP 668), or in a version that is said.
fn installs_for_this_image(command: &Command) -> bool {
    let words: Vec<&str> = command.words.iter().map(|word| word.display()).collect();
    let installs = words.iter().any(|word| matches!(*word, "install" | "add"));
    let pip = words.iter().any(|word| matches!(*word, "pip" | "pip3")) && !words.contains(&"--break-system-packages");
    let pinned = || words.iter().skip(1).any(|word| !word.starts_with('-') && word.contains('='));
    // `python2`, `php7-cli`, `postgresql12-client`: of those a later Alpine has others.
    let ages = |word: &str| ["python2", "nodejs-npm"].contains(&word) || is_of_a_version(word);
    let aged = || words.iter().skip(1).any(|word| !word.starts_with('-') && ages(word));
    installs && (pip || command.name() == Some("apk") && (pinned() || aged()))
}

/// Whether a package of Alpine's is one that names its version.
fn is_of_a_version(package: &str) -> bool {
    const FAMILIES: [&str; 8] = ["php", "postgresql", "llvm", "clang", "openssl", "lua", "gcc", "ruby"];
    let version = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    FAMILIES.iter().any(|family| package.strip_prefix(family).is_some_and(version))
}

/// Docker Content Trust: `docker push` signs, and neither buildx nor a copy within the registry does
/// (<https://docs.docker.com/engine/security/trust/>).
pub(super) fn signs(draft: &Draft<'_, '_>) -> Option<Reason> {
    const NAME: &str = "DOCKER_CONTENT_TRUST";
    let on = |value: &str| !matches!(value, "" | "0" | "false");
    let facts = draft.facts;
    let message = || "signs images by Docker Content Trust, which buildx does not".to_owned();
    if let Some(variable) = facts.effective.variable(NAME).filter(|v| on(&v.setting.variable_text())) {
        return Some(draft.reason_at_setting(Some(&variable.setting), "content-trust", message()));
    }
    let signs = |command: &Command| {
        let said = docker(command).is_some_and(|docker| {
            let option = docker.last("disable-content-trust").and_then(|option| option.value.as_ref());
            docker.verb == Verb::Other("trust".to_owned())
                || option.is_some_and(|value| value.display == "false")
                || docker.environment.iter().any(|(name, value)| name == NAME && value.as_deref().is_some_and(on))
        });
        said || set_by(command).iter().any(|(name, value)| name == NAME && value.as_deref().is_some_and(on))
    };
    facts.parts.iter().enumerate().find_map(|(number, part)| {
        let command = part.script.commands().iter().find(|command| signs(command))?;
        Some(draft.reason_at_command(number, command, "content-trust", message()))
    })
}
