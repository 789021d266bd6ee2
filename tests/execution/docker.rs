//! `docker` as far as a build job uses it.

use std::path::PathBuf;

use crate::build::build;
use crate::buildx::buildx;
use crate::compose::compose;
use crate::store::{Store, file_name, full, hash};

/// Runs `docker` with its words; whether it passes.
pub fn run(store: &Store, words: &[String]) -> bool {
    let mut words = words;
    loop {
        match words {
            [flag, _, rest @ ..] if matches!(flag.as_str(), "--config" | "--host" | "-H" | "--context" | "-l") => {
                words = rest
            }
            [flag, rest @ ..] if flag.starts_with('-') => words = rest,
            _ => break,
        }
    }
    let [verb, rest @ ..] = words else { return true };
    match verb.as_str() {
        "image" | "container" | "builder" | "system" => management(store, verb, rest),
        "build" => store.has_daemon() && build(store, rest, false),
        "buildx" => buildx(store, rest),
        "push" | "pull" | "tag" | "rmi" | "images" | "inspect" => local(store, verb, rest),
        "login" => login(store, rest),
        "logout" => logout(rest),
        "manifest" => manifest(store, rest),
        "compose" => compose(store, rest),
        "context" | "trust" | "--version" => true,
        "info" | "version" | "ps" | "rm" | "stop" | "kill" | "volume" | "network" | "logs" | "history" => {
            store.has_daemon()
        }
        "run" | "create" | "exec" | "save" | "load" | "cp" | "commit" | "import" | "export" | "start" | "wait" => {
            store.has_daemon() && with_image(store, verb, rest)
        }
        _ => store.unknown(&format!("docker {verb}")),
    }
}

/// Where docker's configuration lies.
pub fn configuration() -> PathBuf {
    std::env::var_os("DOCKER_CONFIG")
        .map_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".docker"), PathBuf::from)
}

fn management(store: &Store, of: &str, words: &[String]) -> bool {
    let [verb, rest @ ..] = words else { return true };
    match (of, verb.as_str()) {
        ("image", "rm") => local(store, "rmi", rest),
        ("image", "ls") => local(store, "images", rest),
        ("image", "build") => store.has_daemon() && build(store, rest, false),
        ("image", "push" | "pull" | "tag" | "inspect") => local(store, verb, rest),
        ("image" | "system" | "builder" | "container", "prune") | ("system", "df" | "info") => store.has_daemon(),
        ("container", _) => store.has_daemon() && with_image(store, verb, rest),
        _ => store.unknown(&format!("docker {of} {verb}")),
    }
}

/// The words that are no flags; `valued` are the flags with a value of their own.
pub fn plain<'w>(words: &'w [String], valued: &[&str]) -> Vec<&'w String> {
    let mut found = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if valued.contains(&word.as_str()) {
            words.next();
        } else if !word.starts_with('-') || word == "-" {
            found.push(word);
        }
    }
    found
}

/// A command that the daemon does with its images.
fn local(store: &Store, verb: &str, words: &[String]) -> bool {
    if !store.has_daemon() {
        return false;
    }
    let names = plain(words, &["--platform", "--format", "-f", "--filter", "--type"]);
    match (verb, &names[..]) {
        ("push", [name]) if words.iter().any(|word| word == "-a" || word == "--all-tags") => {
            let images =
                store.daemon().into_iter().filter(|(tag, _)| tag.rsplit_once(':').is_some_and(|(n, _)| n == **name));
            images.fold(true, |passed, (tag, image)| store.push(&tag, &image) && passed)
        }
        ("push", [name]) => store.in_daemon(name).is_some_and(|image| {
            println!("{}: digest: sha256:{} size: 1", full(name), hash(&image));
            store.push(name, &image)
        }),
        ("pull", [name]) => {
            if !store.passes(&format!("pull {}", full(name))) {
                return false;
            }
            store.in_registry(name).is_some_and(|image| {
                store.put_in_daemon(name, &image);
                true
            })
        }
        ("tag", [from, to]) => store.in_daemon(from).is_some_and(|image| {
            store.put_in_daemon(to, &image);
            true
        }),
        // Whether there was anything to remove is not asked: what is gone with the daemon need not be cleaned up.
        ("rmi", names) => {
            names.iter().for_each(|name| store.remove_from_daemon(name));
            true
        }
        ("images", names) => {
            for (name, image) in store.daemon() {
                if names.is_empty() || names.iter().any(|wanted| full(wanted) == name) {
                    println!("{}", hash(&image));
                }
            }
            true
        }
        ("inspect", names) => names.iter().fold(true, |passed, name| {
            let image = store.in_daemon(name);
            println!("sha256:{}", image.as_deref().map(hash).unwrap_or_default());
            image.is_some() && passed
        }),
        _ => false,
    }
}

/// A command that does something with images; which ones is told by the words that name any.
fn with_image(store: &Store, verb: &str, words: &[String]) -> bool {
    let images: Vec<String> = words.iter().filter_map(|word| store.in_daemon(word)).map(|image| hash(&image)).collect();
    let step = format!("external docker {verb} {}", words.join(" "));
    let passed = store.passes(&step);
    store.trace(&format!("{step} {images:?} [{}] {}", store.registry(), if passed { "" } else { "failed" }));
    println!("said-by-{verb}");
    passed
}

fn login(store: &Store, words: &[String]) -> bool {
    let value = |long: &str, short: &str| {
        let at = words.iter().position(|word| word == long || word == short);
        let next = at.and_then(|at| words.get(at + 1)).cloned();
        next.or_else(|| words.iter().find_map(|word| word.strip_prefix(&format!("{long}="))).map(str::to_owned))
            .or_else(|| words.iter().find_map(|w| w.strip_prefix(short).filter(|v| !v.is_empty())).map(str::to_owned))
    };
    let mut password = value("--password", "-p").unwrap_or_default();
    if words.iter().any(|word| word == "--password-stdin") {
        password = std::io::read_to_string(std::io::stdin()).unwrap_or_default().trim_end_matches('\n').to_owned();
    }
    let host = plain(words, &["-u", "-p", "--username", "--password"]).first().map_or("docker.io", |host| host);
    let host = host.trim_start_matches("https://").split('/').next().unwrap_or_default();
    let host = if host == "index.docker.io" { "docker.io" } else { host };
    if !store.passes(&format!("login {host}")) {
        return false;
    }
    let _ = std::fs::create_dir_all(configuration());
    let who = format!("{}:{password}", value("--username", "-u").unwrap_or_default());
    std::fs::write(configuration().join(format!("login-{}", file_name(host))), who).is_ok()
}

fn logout(words: &[String]) -> bool {
    let host = words.first().map_or("docker.io", String::as_str);
    let _ = std::fs::remove_file(configuration().join(format!("login-{}", file_name(host))));
    true
}

fn manifest(store: &Store, words: &[String]) -> bool {
    let names = plain(words, &["--os", "--arch", "--variant"]);
    match &names[..] {
        [verb, name] if *verb == "inspect" => store.in_registry(name).is_some(),
        [verb, list, of @ ..] if *verb == "create" => {
            let images: Option<Vec<String>> = of.iter().map(|name| store.in_registry(name)).collect();
            images.is_some_and(|images| {
                store.put("lists", &full(list), &images.join(","));
                true
            })
        }
        [verb, list] if *verb == "push" => {
            store.get("lists", &full(list)).is_some_and(|images| store.push(list, &format!("list {images}")))
        }
        _ => true,
    }
}

/// The values of a flag; with `=` they are split off before.
pub fn values<'w>(words: &'w [String], names: &'w [&str]) -> impl Iterator<Item = &'w String> {
    words.windows(2).filter(move |pair| names.contains(&pair[0].as_str())).map(|pair| &pair[1])
}
