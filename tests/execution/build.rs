//! A build: of the daemon's own builder, or of another one.

use std::path::{Path, PathBuf};

use crate::docker::{plain, values};
use crate::store::{Store, full, hash};

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
pub fn build(store: &Store, words: &[String], buildx: bool) -> bool {
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
        text += &format!("{} {}\n", place(file), std::fs::read_to_string(file).unwrap_or_default());
    }
    hash(&text)
}
