//! `docker` and `buildx` as far as a build job uses them.

use std::path::{Path, PathBuf};

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

/// `docker compose`, whose file is not read here: only what cleans up is known.
pub fn compose(store: &Store, words: &[String]) -> bool {
    match words.iter().find(|word| !word.starts_with('-')).map(String::as_str) {
        Some("down" | "rm" | "stop" | "kill") => store.has_daemon(),
        Some("version") => true,
        _ => store.unknown(&format!("docker compose {}", words.join(" "))),
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
fn plain<'w>(words: &'w [String], valued: &[&str]) -> Vec<&'w String> {
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

fn buildx(store: &Store, words: &[String]) -> bool {
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

/// The values of a flag; with `=` they are split off before.
fn values<'w>(words: &'w [String], names: &'w [&str]) -> impl Iterator<Item = &'w String> {
    words.windows(2).filter(move |pair| names.contains(&pair[0].as_str())).map(|pair| &pair[1])
}

/// Flags of a build with a value.
const VALUED: &[&str] = &[
    "-t",
    "--tag",
    "-f",
    "--file",
    "--build-arg",
    "--target",
    "--label",
    "--platform",
    "--secret",
    "--ssh",
    "--network",
    "--cache-from",
    "--cache-to",
    "--output",
    "-o",
    "--progress",
    "--builder",
    "--build-context",
    "--iidfile",
    "--metadata-file",
    "--allow",
    "--annotation",
    "--attest",
    "--shm-size",
    "--ulimit",
    "--memory",
    "-m",
    "--add-host",
    "--cpuset-cpus",
    "--cpu-quota",
    "--no-cache-filter",
];

/// A build; an image is what went into it: the flags that matter, the files of the context, and the images it begins with.
fn build(store: &Store, words: &[String], buildx: bool) -> bool {
    let words: Vec<String> = words
        .iter()
        .flat_map(|word| match word.split_once('=') {
            Some((flag, value)) if VALUED.contains(&flag) => vec![flag.to_owned(), value.to_owned()],
            _ => match word.split_at_checked(2) {
                Some((flag @ ("-t" | "-f" | "-o"), value)) if !value.is_empty() => {
                    vec![flag.to_owned(), value.to_owned()]
                }
                _ => vec![word.clone()],
            },
        })
        .collect();
    let has = |flag: &str| words.iter().any(|word| word == flag || *word == format!("{flag}=true"));
    let value = |names: &'static [&'static str]| values(&words, names).last().cloned();
    let builder = value(&["--builder"])
        .or_else(|| std::env::var("BUILDX_BUILDER").ok())
        .or_else(|| store.get("lists", "the current builder"))
        .filter(|_| buildx);
    let own_images = match &builder {
        None => true,
        Some(name) if name == "default" => true,
        Some(name) if store.get("builders", name).is_some() => false,
        Some(name) => {
            eprintln!("stand-in: no builder {name}");
            return false;
        }
    };
    if own_images && !store.has_daemon() {
        return false;
    }
    let contexts = plain(&words, VALUED);
    let [context] = &contexts[..] else {
        eprintln!("stand-in: `docker build` wants one context");
        return false;
    };
    let mut facts: Vec<String> = words
        .windows(2)
        .filter(|pair| {
            matches!(pair[0].as_str(), "--build-arg" | "--target" | "--label" | "--platform" | "--secret" | "--network")
        })
        .map(|pair| match std::env::var(&pair[1]) {
            Ok(value) if pair[0] == "--build-arg" => format!("{} {}={value}", pair[0], pair[1]),
            _ => pair.join(" "),
        })
        .collect();
    facts.sort();
    facts.dedup();
    let piped = if context.as_str() == "-" {
        std::io::read_to_string(std::io::stdin()).unwrap_or_default()
    } else {
        String::new()
    };
    let file = value(&["-f", "--file"]).map_or_else(|| Path::new(context).join("Dockerfile"), PathBuf::from);
    let identity = format!("{} {} {} {facts:?}", place(Path::new(context)), place(&file), hash(&piped));
    if !store.passes(&format!("build {identity}")) {
        return false;
    }
    let text = if piped.is_empty() { std::fs::read_to_string(&file).unwrap_or_default() } else { piped };
    let remote = context.contains("://") || context.starts_with("git@") || context.as_str() == "-";
    if text.is_empty() && !remote {
        eprintln!("stand-in: no Dockerfile {}", file.display());
        return false;
    }
    let mut begins = Vec::new();
    for name in bases(&text, &words) {
        let pulled = has("--pull") || !own_images;
        let Some(image) = (!pulled).then(|| store.in_daemon(&name)).flatten().or_else(|| store.in_registry(&name))
        else {
            eprintln!("stand-in: no image {name}");
            return false;
        };
        begins.push(image);
    }
    let image = format!("image({identity} {} {begins:?})", contents(Path::new(context)));
    for flag in ["--iidfile", "--metadata-file"] {
        if let Some(at) = words.windows(2).find(|pair| pair[0] == flag) {
            let _ = std::fs::write(&at[1], hash(&image));
        }
    }
    let mut tags: Vec<String> = values(&words, &["-t", "--tag"]).map(|tag| full(tag)).collect();
    let outputs: Vec<&String> = values(&words, &["-o", "--output"]).collect();
    let exports = outputs
        .iter()
        .any(|out| (out.contains("type=registry") || out.contains("push=true")) && !out.contains("push=false"));
    for out in &outputs {
        if let Some((_, names)) = out.split_once("name=") {
            tags.push(full(names.split([',', '"']).next().unwrap_or_default()));
        }
        if !out.contains("type=image")
            && !out.contains("type=registry")
            && !out.contains("type=docker")
            && !out.contains("type=cacheonly")
        {
            store.trace(&format!("external output {out} {}", hash(&image)));
        }
    }
    let pushes = has("--push") || exports;
    if pushes && !tags.iter().all(|tag| store.push(tag, &image)) {
        return false;
    }
    // The daemon's own builder keeps what it pushes.
    if (own_images && (outputs.is_empty() || exports)) || has("--load") {
        for tag in &tags {
            store.put_in_daemon(tag, &image);
        }
        println!("Successfully built {}", hash(&image));
    }
    true
}

fn place(path: &Path) -> String {
    let whole = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let project = std::env::var("CI_PROJECT_DIR").unwrap_or_default();
    whole.to_string_lossy().replace(&project, "<project>")
}

/// The images that a Dockerfile begins with.
fn bases(text: &str, words: &[String]) -> Vec<String> {
    let mut stages: Vec<String> = Vec::new();
    let mut found = Vec::new();
    let mut arguments: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let mut line = line.split_whitespace();
        match line.next().map(str::to_ascii_uppercase).as_deref() {
            Some("ARG") => {
                let (name, default) = line.next().and_then(|word| word.split_once('=')).unwrap_or_default();
                arguments.push((name.to_owned(), default.to_owned()));
            }
            Some("FROM") => {
                let Some(name) = line.find(|word| !word.starts_with("--")) else { continue };
                let mut name = name.to_owned();
                for (argument, default) in &arguments {
                    let given = values(words, &["--build-arg"]).find_map(|v| v.strip_prefix(&format!("{argument}=")));
                    let value = given.unwrap_or(default);
                    name = name.replace(&format!("${{{argument}}}"), value).replace(&format!("${argument}"), value);
                }
                if !stages.contains(&name) && name != "scratch" {
                    found.push(name);
                }
                stages.extend(line.nth(1).map(str::to_owned));
            }
            _ => {}
        }
    }
    found
}

/// The files of a folder, in short.
fn contents(folder: &Path) -> String {
    let mut text = String::new();
    let mut open = vec![folder.to_path_buf()];
    let mut files = Vec::new();
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(at).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && entry.file_name() != ".docker" => open.push(entry.path()),
                Ok(kind) if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files.sort();
    for file in files.iter().filter(|file| {
        // What a build prints is another builder's, and no image.
        let name = file.to_string_lossy();
        !name.contains(".gitlab") && !name.ends_with("log")
    }) {
        text += &format!("{} {}\n", file.display(), std::fs::read_to_string(file).unwrap_or_default());
    }
    hash(&text)
}
