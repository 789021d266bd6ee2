//! Whether `docker buildx bake` builds and pushes what a job has compose build and push, and what a bake file says.
//!
//! Bake reads compose files (<https://docs.docker.com/build/bake/compose-file/>): every service with a `build` is a target, its
//! `image` is the tag. It reads them as they are in the folder where it runs, takes every profile in, and knows nothing of what only
//! compose does with a build. Where any of that shows, the job is left, and the reason says what stands against it.

use globset::Glob;

use super::bases::Built;
use crate::pipeline::{Files, Project};
use crate::shell::docker::{Compose, Docker, Verb};
use crate::shell::{Command, Guard, docker};
use crate::transform::{Facts, Reason, Settings, Use, is_before_buildkit, is_off, reason, set_by};
use crate::yaml::{NodeId, Stream, Tree, is_merge};

/// The files that compose looks for by itself, in its order.
const NAMES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// The files that change what those say (compose-go, `cli.DefaultOverrideFileNames`).
const OVERRIDES: [&str; 4] =
    ["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];

/// What of a service's `build` bake reads as compose does.
const KEYS: [&str; 11] = [
    "context",
    "dockerfile",
    "dockerfile_inline",
    "args",
    "labels",
    "target",
    "cache_from",
    "cache_to",
    "no_cache",
    "pull",
    "shm_size",
];

/// Variables by which compose finds its files and its services.
const VARIABLES: [&str; 3] = ["COMPOSE_FILE", "COMPOSE_PROFILES", "COMPOSE_ENV_FILES"];

/// Looks at the files of every job that builds with compose or with bake.
pub(super) fn look_at_compose(facts: &mut [Facts<'_>], files: &dyn Files, project: &Project, settings: &Settings) {
    let made = match facts.iter().any(|facts| facts.compose) {
        true => facts.iter().flat_map(artifacts).collect(),
        false => Vec::new(),
    };
    for facts in facts.iter_mut().filter(|facts| facts.compose) {
        let old = is_before_buildkit(facts, settings);
        match baked(facts, files, &made, old) {
            Ok(file) => {
                facts.needs.retain(|reason| !is_compose(reason));
                facts.compose_reads = [file.as_str(), ".env"]
                    .into_iter()
                    .filter_map(|name| files.read(name).ok().flatten())
                    .map(|text| variables(&text))
                    .collect();
                facts.compose_file = Some(file);
            }
            Err(against) => {
                let needs = facts.needs.iter_mut().filter(|reason| is_compose(reason));
                needs.for_each(|reason| {
                    reason.message += &format!("; `docker buildx bake` may not take over: {against}")
                });
            }
        }
    }
    for facts in facts.iter_mut().filter(|facts| facts.bake && !facts.dind.is_empty()) {
        let against = facts.bakes.iter().filter_map(|bake| Some(at(facts, project, bake, plain(bake, files)?)));
        let local = facts.bakes.iter().filter(|bake| !bake.docker.flag("push"));
        let place = |it: &Use| (it.part, it.command);
        let makers = || facts.bakes.iter().chain(facts.builds.iter().map(|build| &build.at));
        let begins = local.filter_map(|bake| makers().find(|other| place(other) > place(bake))).map(|other| {
            let message = "may begin with what a bake before it left in the daemon".to_owned();
            at(facts, project, other, message)
        });
        let against: Vec<Reason> = against.chain(begins).collect();
        facts.needs.extend(against);
    }
}

/// The variables that a text names, each as `$NAME`.
fn variables(text: &str) -> String {
    let name = |behind: &str| -> String {
        let plain = behind.trim_start_matches('{').chars();
        plain.take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    };
    text.split('$').skip(1).map(name).filter(|name| !name.is_empty()).map(|name| format!("${name}")).collect()
}

/// The paths of a job's artifacts.
fn artifacts(facts: &Facts<'_>) -> Vec<String> {
    let paths = facts.effective.get("artifacts").and_then(|artifacts| artifacts.get("paths"));
    let items = paths.iter().flat_map(|paths| paths.items());
    items.filter_map(|item| item.text().map(|text| text.into_owned())).collect()
}

fn is_compose(reason: &Reason) -> bool {
    matches!(reason.code, "compose-build" | "compose-push")
}

fn at(facts: &Facts<'_>, project: &Project, bake: &Use, message: String) -> Reason {
    let place = facts.command_of(bake).and_then(|command| command.span.as_ref());
    match facts.parts.get(bake.part) {
        Some(part) => reason(project, part, place, "bake-file", message),
        None => Reason { code: "bake-file", message, file: String::new(), line: 0, column: 0 },
    }
}

/// The compose file that bake is to be given, or what stands against it.
fn baked(facts: &Facts<'_>, files: &dyn Files, made: &[String], old: bool) -> Result<String, String> {
    if facts.needs.iter().any(|reason| !is_compose(reason)) {
        return Err("the job needs a daemon for more than that".to_owned());
    }
    if !facts.builds.is_empty() || !facts.images.is_empty() {
        return Err("the job builds or pushes by other commands as well".to_owned());
    }
    if !facts.composes.iter().any(|it| it.docker.verb == Verb::Compose(Compose::Build)) {
        return Err("the job builds nothing".to_owned());
    }
    let commands = || facts.parts.iter().flat_map(|part| part.script.commands());
    if commands().any(|command| matches!(command.name(), Some("cd" | "pushd"))) {
        return Err("the job changes its folder".to_owned());
    }
    let installs = |command: &Command| {
        matches!(command.name(), Some("pip" | "pip3"))
            && command.words.iter().any(|word| word.display().starts_with("docker-compose"))
    };
    if commands().any(installs) {
        return Err("the job installs a compose of its own".to_owned());
    }
    let set = commands().flat_map(|command| &command.assignments).find(|set| VARIABLES.contains(&set.name.as_str()));
    let given = facts.effective.variables().find(|variable| VARIABLES.contains(&&*variable.key));
    if let Some(name) = set.map(|set| set.name.clone()).or_else(|| given.map(|variable| variable.key.to_string())) {
        return Err(format!("{name} says which files compose reads"));
    }
    let classic =
        |name: &str, value: &str| matches!(name, "DOCKER_BUILDKIT" | "COMPOSE_DOCKER_CLI_BUILD") && is_off(value);
    let said = facts.effective.variables().any(|it| classic(&it.key, &it.setting.variable_text()));
    if said || commands().flat_map(set_by).any(|(name, value)| classic(&name, value.as_deref().unwrap_or_default())) {
        return Err("it asks for the builder of the daemon".to_owned());
    }
    let mut named: Option<Option<String>> = None;
    let mut services: Vec<String> = Vec::new();
    let mut all = false;
    for it in &facts.composes {
        let command = facts.command_of(it).ok_or("a command is not understood")?;
        let (file, names) = understood(command, &it.docker)?;
        if named.replace(file.clone()).is_some_and(|before| before != file) {
            return Err("the commands name different files".to_owned());
        }
        all |= names.is_empty();
        services.extend(names);
    }
    let there = |name: &str| files.read(name).ok().flatten();
    let is_named = named.iter().flatten().next().is_some();
    let path = match named.flatten() {
        Some(path) => path,
        None => {
            let found = NAMES.into_iter().find(|name| there(name).is_some());
            let path = found.ok_or("no compose file is in the repository's root")?;
            if let Some(over) = OVERRIDES.into_iter().find(|name| there(name).is_some()) {
                return Err(format!("`{over}` changes what `{path}` says"));
            }
            path.to_owned()
        }
    };
    let looked_for = |name: &str| !is_named && (NAMES.contains(&name) || OVERRIDES.contains(&name));
    let is_read = |name: &str| name == path || name == ".env" || looked_for(name);
    if let Some(command) = commands().find(|command| writes(command, &is_read)) {
        return Err(format!("`{}` may change what compose reads", crate::transform::short(command.raw())));
    }
    let glob = |made: &String| Glob::new(made.trim_start_matches("./")).ok().map(|glob| glob.compile_matcher());
    let brings = |made: &&String| {
        let looked_for = NAMES.iter().chain(&OVERRIDES).filter(|_| !is_named);
        // A pattern takes what is there as it is; a path is for what the job makes.
        let is_path = !made.contains(['*', '?', '[']);
        let names = looked_for.chain(&[".env"]).filter(|name| is_path || there(name).is_none());
        glob(made).is_some_and(|glob| names.into_iter().any(|name| glob.is_match(name)))
    };
    if let Some(made) = made.iter().find(brings) {
        return Err(format!("`{made}` is an artifact of a job, and may change what compose reads"));
    }
    let of_files = |text: &String| VARIABLES.into_iter().find(|name| text.contains(name));
    if let Some(name) = there(".env").as_ref().and_then(of_files) {
        return Err(format!("`.env` sets {name}, which says which files compose reads"));
    }
    let text = there(&path).ok_or_else(|| format!("`{path}` is not in the repository"))?;
    let pushes = facts.composes.iter().any(|it| it.docker.verb == Verb::Compose(Compose::Push));
    let built = fits(&path, text, (!all).then_some(&services), pushes, files)?;
    match built.into_iter().flatten().next().filter(|_| old) {
        Some(stage) => Err(format!("the builder of this docker runs the stage `{stage}`, which bake leaves out")),
        None => Ok(path),
    }
}

/// Whether a command may write one of some files in the folder where the job is.
fn writes(command: &Command, is_one: &dyn Fn(&str) -> bool) -> bool {
    let reads =
        matches!(command.name(), Some("cat" | "grep" | "head" | "tail" | "ls" | "test" | "[" | "echo" | "printf"))
            || docker(command).is_some();
    let is_one = |text: &str| is_one(text.rsplit('/').next().unwrap_or(text));
    // `cp -r ci/. .`
    let here =
        command.words.last().is_some_and(|word| matches!(word.display(), "." | "./" | "$CI_PROJECT_DIR" | "$PWD"));
    let copies = here && matches!(command.name(), Some("cp" | "mv" | "rsync" | "ln" | "install"));
    let mut targets = command.redirects.iter().filter(|redirect| redirect.operator.contains('>'));
    copies
        || targets.any(|redirect| is_one(redirect.target.display()))
        || !reads && command.words.iter().skip(1).any(|word| is_one(word.display()))
}

/// The file and the services that a command names.
fn understood(command: &Command, docker: &Docker) -> Result<(Option<String>, Vec<String>), String> {
    let context = &command.context;
    let alone = context.pipeline.is_none()
        && !(context.condition || context.captured || context.background || context.negated)
        && context.guarded.is_none_or(|guard| guard == Guard::And)
        && command.redirects.is_empty()
        && command.assignments.is_empty()
        && command.span.is_some();
    if !alone || command.doubtful || !docker.certain() || !docker.wrappers.is_empty() || docker.endpoint.is_some() {
        return Err(format!("`{}` is not understood beyond doubt", crate::transform::short(command.raw())));
    }
    let known = ["pull", "no-cache", "parallel", "force-rm", "progress", "quiet"];
    if let Some(option) = docker.options.iter().find(|option| !known.contains(&option.name.as_str())) {
        return Err(format!("`--{}` has no counterpart in bake", option.name));
    }
    let mut file = None;
    for option in &docker.globals {
        let value = option.value.as_ref().and_then(|value| value.literal.clone());
        match (option.name.as_str(), value) {
            ("file", Some(path)) if file.is_none() && !path.contains(['/', ' ', '*']) => file = Some(path),
            ("file", Some(path)) if file.is_none() && path.starts_with("./") && path.matches('/').count() == 1 => {
                file = Some(path.trim_start_matches("./").to_owned());
            }
            ("ansi" | "progress" | "parallel", _) => {}
            ("file", _) => return Err("it names several compose files, or one in another folder".to_owned()),
            (name, _) => return Err(format!("`--{name}` has no counterpart in bake")),
        }
    }
    let words = docker.operands.iter().filter_map(|&word| command.words.get(word));
    let names: Option<Vec<String>> = words.map(|word| word.value().map(str::to_owned)).collect();
    Ok((file, names.ok_or("a service is named by a variable")?))
}

/// Whether bake builds the services of a compose file as compose does; the stages that only the builder of old docker runs, by service.
fn fits(
    path: &str,
    text: String,
    only: Option<&Vec<String>>,
    pushes: bool,
    files: &dyn Files,
) -> Result<Vec<Option<String>>, String> {
    if text.contains("COMPOSE_PROJECT_NAME") {
        return Err(format!("`{path}` reads COMPOSE_PROJECT_NAME, which is another one in bake"));
    }
    let stream = Stream::parse(text).map_err(|_| format!("`{path}` is not understood"))?;
    let tree = stream.tree();
    let root = tree.roots().first().copied().ok_or_else(|| format!("`{path}` is empty"))?;
    if tree.get(root, "include").is_some() {
        return Err(format!("`{path}` includes other files"));
    }
    let services = tree.get(root, "services").map(|services| tree.resolve(services));
    let services = services.ok_or_else(|| format!("`{path}` has no services"))?;
    let mut built: Vec<Built<'_>> = Vec::new();
    for (key, value) in tree.entries(services) {
        let Some(name) = tree.scalar(key) else { continue };
        let value = tree.resolve(value);
        // Bake reads those of all services (compose-go, `WithServicesEnvironmentResolved`), and compose of none that it builds.
        if let Some(missing) = env_files(tree, value).into_iter().find(|path| files.read(path).ok().flatten().is_none())
        {
            return Err(format!(
                "`{missing}`, an `env_file:` of `{name}`, is not in the repository, and bake reads it"
            ));
        }
        let wanted = only.is_none_or(|only| only.iter().any(|one| one == name));
        if !wanted && only.is_some() {
            continue;
        }
        if let Some(build) = service(tree, name, value, only.is_none(), pushes)? {
            built.push(Built::of(tree, name, value, build, files));
        }
    }
    if let Some((one, other)) = built.iter().find_map(|one| Some((one.name(), one.begins_with(&built)?))) {
        return Err(format!("`{one}` begins with the image of `{other}`, which bake does not build first"));
    }
    let missing = only.into_iter().flatten().find(|name| tree.get(services, name).is_none());
    match missing {
        Some(name) => Err(format!("`{path}` has no service `{name}`")),
        None if built.is_empty() => Err(format!("no service of `{path}` is built")),
        None => Ok(built.into_iter().map(|built| built.guard).collect()),
    }
}

/// How a service is built, if it is; an error when bake would build it otherwise.
fn service(tree: &Tree, name: &str, service: NodeId, all: bool, pushes: bool) -> Result<Option<NodeId>, String> {
    let merged = tree.entries(service).any(|(key, _)| is_merge(tree, key));
    let Some(build) = tree.get(service, "build").map(|build| tree.resolve(build)) else {
        return match merged || tree.get(service, "extends").is_some() || !all {
            true => Err(format!("it does not show at once how `{name}` is built")),
            false => Ok(None),
        };
    };
    for key in ["profiles", "extends", "platform"] {
        if tree.get(service, key).is_some() {
            return Err(format!("`{name}` has `{key}:`, which bake does not read as compose does"));
        }
    }
    if name.contains('.') {
        return Err(format!("`{name}` has a dot in its name, which bake does not keep"));
    }
    if merged {
        return Err(format!("`{name}` is written by `<<`"));
    }
    if pushes && tree.get(service, "image").and_then(|image| tree.scalar(tree.resolve(image))).is_none() {
        return Err(format!("`{name}` is built and has no `image:`, so that it is not known what is pushed"));
    }
    let context = if tree.is_mapping(build) { tree.get(build, "context") } else { Some(build) };
    let context = context.and_then(|context| tree.scalar(tree.resolve(context))).unwrap_or(".");
    let dockerfile = tree.get(build, "dockerfile").and_then(|it| tree.scalar(tree.resolve(it))).unwrap_or_default();
    if context.contains('$') || dockerfile.contains('$') {
        return Err(format!("`{name}` is built from a folder or by a Dockerfile that a variable names"));
    }
    if context.split('/').any(|part| part == "..") || context.starts_with(['/', '~']) {
        return Err(format!("`{name}` is built from a folder outside the repository"));
    }
    let outside = ["dockerfile", "cache_to", "cache_from"].into_iter().find(|key| {
        let value = tree.get(build, key).map(|value| tree.resolve(value));
        let texts = value.iter().flat_map(|&value| tree.items(value).iter().copied().chain([value]));
        texts
            .filter_map(|text| tree.scalar(tree.resolve(text)))
            .any(|text| text.contains("..") || text.contains("=/") || text.starts_with('/'))
    });
    if let Some(key) = outside {
        return Err(format!("`{key}:` of `{name}` is outside the repository, which bake may not read or write"));
    }
    // Bake takes it from the service's environment, and compose from the job's (docker/buildx, `bake/compose.go`).
    let keyed = |of: NodeId, key: &str| -> Vec<(String, bool)> {
        let Some(node) = tree.get(of, key).map(|node| tree.resolve(node)) else { return Vec::new() };
        let text = |node: NodeId| tree.scalar(tree.resolve(node)).unwrap_or("<<").to_owned();
        let entries = tree.entries(node).map(|(key, value)| (text(key), !tree.is_null(tree.resolve(value))));
        let items = tree.items(node).iter().map(|&item| match text(item).split_once('=') {
            Some((name, _)) => (name.to_owned(), true),
            None => (text(item), false),
        });
        entries.chain(items).collect()
    };
    let environment = keyed(service, "environment");
    let within = |name: &str| environment.iter().any(|(other, _)| other == name || other == "<<");
    let file = tree.get(service, "env_file").is_some();
    if keyed(build, "args")
        .iter()
        .any(|(name, has)| name == "<<" && (file || !environment.is_empty()) || !has && (file || within(name)))
    {
        return Err(format!(
            "an argument of `{name}` has no value, for which bake looks into the service's `environment:`"
        ));
    }
    let odd = tree.entries(build).map(|(key, _)| tree.scalar(key).unwrap_or("<<"));
    match odd.into_iter().find(|key| !KEYS.contains(key)) {
        Some(key) => Err(format!("the build of `{name}` has `{key}:`, which bake may not read as compose does")),
        None => Ok(Some(build)),
    }
}

/// The files of a service's `env_file:` that must be there.
fn env_files(tree: &Tree, service: NodeId) -> Vec<String> {
    let Some(all) = tree.get(service, "env_file").map(|all| tree.resolve(all)) else { return Vec::new() };
    let path = |file: NodeId| {
        let file = tree.resolve(file);
        let required = tree.get(file, "required").and_then(|it| tree.scalar(tree.resolve(it))) != Some("false");
        let path = tree.get(file, "path").filter(|_| required).map(|path| tree.resolve(path)).unwrap_or(file);
        tree.scalar(path).map(|path| path.trim_start_matches("./").to_owned())
    };
    tree.items(all).iter().copied().chain([all]).filter_map(path).collect()
}

/// What stands against a bake that the job runs already, if anything does.
fn plain(bake: &Use, files: &dyn Files) -> Option<String> {
    let docker = &bake.docker;
    if !docker.certain() || docker.last("set").is_some() || docker.last("builder").is_some() {
        return Some("not every option of this bake is understood".to_owned());
    }
    let named: Vec<Option<&str>> =
        docker.all("file").map(|option| option.value.as_ref().and_then(|value| value.literal.as_deref())).collect();
    let defaults = ["docker-bake.json", "docker-bake.hcl"].into_iter().chain(NAMES).map(Some);
    let there = |path: &str| files.read(path.trim_start_matches("./")).ok().flatten();
    let texts: Vec<Option<String>> = match named.is_empty() {
        true => defaults.filter_map(|path| path.and_then(there)).map(Some).collect(),
        false => named.into_iter().map(|path| path.and_then(there)).collect(),
    };
    if texts.is_empty() || texts.iter().any(Option::is_none) {
        return Some("what this bake builds is not in the repository's files".to_owned());
    }
    let says = |word: &str| texts.iter().flatten().any(|text| text.contains(word));
    if says("platform") {
        return Some("the bake file names platforms, which need emulation or nodes of each".to_owned());
    }
    // As HCL, YAML and JSON write it.
    let bare = |text: &String| text.replace(|c: char| c.is_whitespace() || matches!(c, '"' | '\''), "");
    let bare: Vec<String> = texts.iter().flatten().map(bare).collect();
    let sets = |name: &str, value: &str| {
        let written = [format!("{name}={value}"), format!("{name}:{value}")];
        bare.iter().any(|text| written.iter().any(|written| text.contains(written)))
    };
    if says("host-gateway") || sets("network", "host") {
        return Some("the bake file asks for the host's network, which the Kubernetes driver does not have".to_owned());
    }
    (says("output") && (!docker.flag("push") || sets("type", "docker")))
        .then(|| "the bake file names an output, which may be the daemon".to_owned())
}
