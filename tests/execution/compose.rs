//! What compose builds and pushes by its file, and `docker buildx bake` by the same.

use std::collections::BTreeMap;

use yaml_rust2::{Yaml, YamlLoader};

use crate::build::build;
use crate::docker::{plain, values};
use crate::store::{Store, full};

/// What is built.
struct Service {
    name: String,
    image: Option<String>,
    /// The words of a build, without the image's name.
    words: Vec<String>,
}

/// `docker compose` with its words.
pub fn compose(store: &Store, words: &[String]) -> bool {
    let rest = plain(words, &["-f", "--file", "-p", "--project-name", "--profile", "--env-file", "--build-arg"]);
    let Some((verb, names)) = rest.split_first() else { return true };
    match verb.as_str() {
        "version" => return true,
        "down" | "rm" | "stop" | "kill" => return store.has_daemon(),
        _ => {}
    }
    let Some(services) = services(store, words).filter(|_| matches!(verb.as_str(), "build" | "push")) else {
        return store.unknown(&format!("docker compose {}", words.join(" ")));
    };
    if !store.has_daemon() || !are_known(&services, names) {
        return false;
    }
    let wanted = |service: &&Service| names.is_empty() || names.contains(&&service.name);
    let flags: Vec<String> = words.iter().filter(|word| is_for_builds(word)).cloned().collect();
    services.iter().filter(wanted).all(|service| match (verb.as_str(), &service.image) {
        ("build", image) => {
            let own = format!("project-{}", service.name);
            build(store, &service.build(image.as_ref().unwrap_or(&own), &flags), false)
        }
        (_, Some(image)) => store.in_daemon(image).is_some_and(|held| store.push(image, &held)),
        _ => true,
    })
}

/// `docker buildx bake` with its words, of compose files only.
pub fn bake(store: &Store, words: &[String]) -> bool {
    let names = plain(words, &["-f", "--file", "--set", "--builder", "--progress"]);
    let Some(services) = services(store, words) else {
        return store.unknown(&format!("docker buildx bake {}", words.join(" ")));
    };
    if !are_known(&services, &names) {
        return false;
    }
    let wanted = |service: &&Service| names.is_empty() || names.contains(&&service.name);
    let flags: Vec<String> = words.iter().filter(|word| is_for_builds(word) || *word == "--push").cloned().collect();
    services.iter().filter(wanted).all(|service| match &service.image {
        Some(image) => build(store, &service.build(image, &flags), true),
        None => build(store, &service.build("", &flags), true),
    })
}

fn is_for_builds(word: &str) -> bool {
    matches!(word, "--pull" | "--no-cache")
}

fn are_known(services: &[Service], names: &[&String]) -> bool {
    names.iter().all(|name| services.iter().any(|service| service.name == **name))
}

impl Service {
    fn build(&self, image: &str, flags: &[String]) -> Vec<String> {
        let named = (!image.is_empty()).then(|| ["-t".to_owned(), full(image)]).into_iter().flatten();
        flags.iter().cloned().chain(named).chain(self.words.iter().cloned()).collect()
    }
}

/// The services of a file that have a build; none where the file is not read here.
fn services(store: &Store, words: &[String]) -> Option<Vec<Service>> {
    let named: Vec<&String> = values(words, &["-f", "--file"]).collect();
    let path = match &named[..] {
        [] => ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"]
            .into_iter()
            .find(|name| std::fs::exists(name).unwrap_or_default())?,
        [one] => one.as_str(),
        _ => return None,
    };
    let text = std::fs::read_to_string(path).ok()?;
    let file = YamlLoader::load_from_str(&text).ok()?.into_iter().next()?;
    let files = std::fs::read_to_string(".env").unwrap_or_default();
    let own: BTreeMap<&str, &str> = files.lines().filter_map(|line| line.split_once('=')).collect();
    let mut found = Vec::new();
    for (name, service) in file["services"].as_hash()? {
        let put_in = |value: &Yaml| scalar(value).map(|text| interpolated(&text, &own));
        let made = &service["build"];
        let known = ["context", "dockerfile", "target", "args"];
        if made.as_hash().is_some_and(|made| made.keys().any(|key| !known.iter().any(|it| key.as_str() == Some(it)))) {
            store.unknown("a key of a compose file");
        }
        let Some(context) = put_in(made).or_else(|| put_in(&made["context"])) else { continue };
        let dockerfile = put_in(&made["dockerfile"]).unwrap_or_else(|| "Dockerfile".to_owned());
        let mut words = vec!["-f".to_owned(), format!("{context}/{dockerfile}")];
        if let Some(target) = put_in(&made["target"]) {
            words.extend(["--target".to_owned(), target]);
        }
        for (name, value) in made["args"].as_hash().into_iter().flatten() {
            let given = put_in(value).map_or_else(String::new, |value| format!("={value}"));
            words.extend(["--build-arg".to_owned(), scalar(name).unwrap_or_default() + &given]);
        }
        for value in made["args"].as_vec().into_iter().flatten() {
            words.extend(["--build-arg".to_owned(), put_in(value).unwrap_or_default()]);
        }
        words.push(context);
        found.push(Service { name: scalar(name)?, image: put_in(&service["image"]), words });
    }
    Some(found)
}

fn scalar(value: &Yaml) -> Option<String> {
    match value {
        Yaml::String(text) | Yaml::Real(text) => Some(text.clone()),
        Yaml::Integer(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A text with the variables of the environment and of `.env` put in.
fn interpolated(text: &str, own: &BTreeMap<&str, &str>) -> String {
    let held = |name: &str| std::env::var(name).ok().or_else(|| own.get(name).map(|value| (*value).to_owned()));
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out += before;
        if let Some((inner, behind)) = after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            let (name, default) = inner.split_once(":-").unwrap_or((inner, ""));
            out += &held(name).filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned());
            rest = behind;
        } else {
            let (name, behind) =
                after.split_at(after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len()));
            out += &held(name).unwrap_or_default();
            rest = behind;
        }
    }
    out + rest
}
