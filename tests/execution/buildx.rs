//! `docker buildx`: builders, and what is copied within the registry.

use crate::build::build;
use crate::compose::bake;
use crate::docker::{plain, values};
use crate::store::{Store, full, hash};

/// Runs `docker buildx` with its words; whether it passes.
pub fn buildx(store: &Store, words: &[String]) -> bool {
    let words = match words {
        [flag, _, rest @ ..] if flag == "--builder" => rest,
        _ => words,
    };
    let [verb, rest @ ..] = words else { return true };
    let named = |flag: &str| {
        let at = rest.iter().position(|word| word == flag).and_then(|at| rest.get(at + 1)).cloned();
        at.or_else(|| rest.iter().find_map(|word| word.strip_prefix(&format!("{flag}=")).map(str::to_owned)))
    };
    match verb.as_str() {
        "build" | "b" => build(store, rest, true),
        "bake" => bake(store, rest),
        "create" => {
            let driver = named("--driver").unwrap_or_else(|| "docker-container".into());
            if driver == "docker-container" && !store.has_daemon() {
                return false;
            }
            let name = named("--name").unwrap_or_else(|| "unnamed".into());
            store.put("builders", &name, &driver);
            if rest.iter().any(|word| word == "--use") {
                store.put("lists", "the current builder", &name);
            }
            println!("{name}");
            true
        }
        "use" => rest.last().is_some_and(|name| {
            store.put("lists", "the current builder", name);
            name == "default" || store.get("builders", name).is_some()
        }),
        "inspect" => {
            let name = rest.iter().find(|word| !word.starts_with('-')).cloned();
            let name = name.or_else(|| store.get("lists", "the current builder")).unwrap_or_else(|| "default".into());
            if name == "default" { store.has_daemon() } else { store.get("builders", &name).is_some() }
        }
        "rm" => {
            let name = rest.iter().find(|word| !word.starts_with('-')).cloned();
            let name = name.or_else(|| store.get("lists", "the current builder")).unwrap_or_default();
            store.remove("builders", &name)
        }
        "imagetools" => imagetools(store, rest),
        "version" | "ls" | "install" | "stop" | "prune" | "du" => true,
        _ => store.unknown(&format!("docker buildx {verb}")),
    }
}

fn imagetools(store: &Store, words: &[String]) -> bool {
    match words {
        [verb, rest @ ..] if verb == "inspect" => {
            let names = plain(rest, &["--format"]);
            let name = names.first().map(|name| full(name)).unwrap_or_default();
            store.passes(&format!("pull {name}"))
                && store.in_registry(&name).is_some_and(|image| {
                    println!("sha256:{}", hash(&image));
                    true
                })
        }
        [verb, rest @ ..] if verb == "create" => {
            let sources = plain(rest, &["-t", "--tag", "-f", "--file", "--annotation", "--platform"]);
            let tags: Vec<&String> = values(rest, &["-t", "--tag"]).collect();
            let images: Option<Vec<String>> = sources
                .iter()
                .map(|name| store.passes(&format!("pull {}", full(name))).then(|| store.in_registry(name)).flatten())
                .collect();
            images.is_some_and(|images| {
                let image = if images.len() == 1 { images[0].clone() } else { format!("list {}", images.join(",")) };
                tags.iter().all(|tag| store.push(tag, &image))
            })
        }
        _ => store.unknown("docker buildx imagetools"),
    }
}
