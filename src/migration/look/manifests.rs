//! What the files of build tools and package managers say of docker.

use std::collections::{BTreeMap, BTreeSet};

use globset::GlobBuilder;

use super::ground::{Ground, join};
use super::neighbours::Call;
use super::tools::{BY_FILE, CONTAINERS, DOUBTS, MANIFESTS, Says, TOOLS, Tool, Where};
use super::{Found, Looks, folder_of, mention};
use crate::shell::{
    Command, Hidden, Script, by_project_files, calls_own, docker, hides_docker, invoked, mentions_docker,
    other_daemon_users, package, program,
};
use crate::transform::{hangs_on_daemon, short};

/// The scripts that package managers run by themselves (npm, "Life cycle scripts"; Composer, "Scripts").
const LIFECYCLE: &[(&str, &str)] = &[
    (
        "package.json",
        "preinstall install postinstall prepublish preprepare prepare postprepare prepublishOnly prepack postpack publish postpublish \
         dependencies preversion version postversion",
    ),
    (
        "composer.json",
        "pre-install-cmd post-install-cmd pre-update-cmd post-update-cmd pre-autoload-dump post-autoload-dump post-root-package-install",
    ),
];

/// What a script of a package runs, and the scripts that it names: composer's `@other`.
fn lines_of(json: &serde_json::Value, name: &str, depth: usize) -> Vec<String> {
    let Some(script) = json.get("scripts").and_then(|scripts| scripts.get(name)) else { return Vec::new() };
    // Symfony's scripts are a mapping: the command, and who runs it.
    let keys = script.as_object().into_iter().flat_map(|map| map.keys().map(String::as_str));
    let lines = script.as_array().into_iter().flatten().chain([script]).filter_map(|line| line.as_str()).chain(keys);
    let whole = lines.flat_map(|line| match line.strip_prefix('@').filter(|_| depth > 0) {
        Some(other) => {
            let found = lines_of(json, other, depth - 1);
            if found.is_empty() { vec![other.to_owned()] } else { found }
        }
        None => vec![line.to_owned()],
    });
    whole.collect()
}

/// What a script runs, and the scripts that its lines name for something else to run, step by step: `run-s stack:up test`,
/// `concurrently "npm:stack:*"`.
fn with_named(json: &serde_json::Value, name: &str, depth: usize) -> String {
    let first = lines_of(json, name, depth).join("\n");
    let scripts: BTreeMap<&str, &str> = json
        .get("scripts")
        .and_then(serde_json::Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(name, run)| Some((name.as_str(), run.as_str()?)))
        .collect();
    let (mut seen, mut lines, mut read) = (BTreeSet::from([name]), vec![first], 0);
    while let Some(text) = lines.get(read).cloned() {
        read += 1;
        for word in text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')) {
            let word = word.trim_start_matches("npm:").trim_start_matches("yarn:");
            let prefix = word.strip_suffix('*').filter(|prefix| !prefix.is_empty());
            let all = scripts.iter().filter(|(name, _)| prefix.is_some_and(|prefix| name.starts_with(prefix)));
            let named = all.chain(scripts.get_key_value(word)).map(|(name, run)| (*name, *run)).collect::<Vec<_>>();
            lines.extend(named.into_iter().filter(|(name, _)| seen.insert(name)).map(|(_, run)| run.to_owned()));
        }
    }
    lines.join("\n")
}

/// The first of some command lines that speaks of docker.
fn docker_line(lines: &str) -> Option<&str> {
    lines.lines().find(|line| mentions_docker(line))
}

/// As many files of one kind are read.
const MOST: usize = 64;

/// And as many, where all have to be silent.
const ALL: usize = 1000;

impl Looks<'_> {
    /// What the files of the tool that a command calls show: a script that uses docker, or tests that start containers.
    pub(super) fn manifest(&mut self, command: &Command, ground: &Ground, depth: usize) -> Option<(String, Found)> {
        // What starts the tests of a project, and not what deploys or builds it.
        let deploys = hides_docker(command)
            .is_some_and(|it| matches!(it.code, "terraform" | "goreleaser" | "ansible" | "deployer"));
        let tests = !deploys && by_project_files(command).is_none();
        let root = MANIFESTS.into_iter().filter(|_| tests).find_map(|path| self.says(path, CONTAINERS));
        // `make -C backend test` may run what the manifest there says.
        let told = root.or_else(|| {
            let folders = ground.folders(&folder_options(command));
            let paths = folders.iter().flat_map(|folder| MANIFESTS.iter().filter_map(|file| join(folder, file)));
            paths.filter(|_| tests).collect::<Vec<_>>().into_iter().find_map(|path| self.says(&path, CONTAINERS))
        });
        let told = told.or_else(|| {
            let script = Script::parse([whole_string(command)?]);
            script.commands().iter().find_map(|command| self.manifest(command, ground, depth.checked_sub(1)?))
        });
        told.or_else(|| self.package_script(command, ground, depth)).or_else(|| {
            let names = [invoked(command)?, program(command)?];
            let folders = ground.folders(&folder_options(command));
            let tools =
                BY_FILE.iter().chain(TOOLS).filter(|tool| names.iter().any(|name| tool.programs.contains(name)));
            tools.into_iter().find_map(|tool| {
                self.tools_files(tool, &folders).into_iter().find_map(|path| self.says(&path, tool.says))
            })
        })
    }

    /// Docker in a script that package managers run by themselves when they install, pack or publish.
    pub(super) fn lifecycle(&mut self) -> Option<(String, Found)> {
        LIFECYCLE.iter().find_map(|(file, names)| {
            self.listed(&format!("**/{file}"), MOST).into_iter().find_map(|path| {
                let text = self.text(&path)?;
                let json: serde_json::Value = serde_json::from_str(&text).ok()?;
                names.split_ascii_whitespace().find_map(|name| {
                    let run = lines_of(&json, name, super::DEPTH).join("\n");
                    if run.is_empty() {
                        return None;
                    }
                    let named = format!("\"{name}\"");
                    let at = text.lines().position(|line| line.contains(&named)).map_or(0, |number| number + 1);
                    if let Some(said) = docker_line(&run) {
                        return Some((path.clone(), Found::Docker(at, short(said))));
                    }
                    match self.shell(&run, "", &Call::in_folder(folder_of(&path)), super::DEPTH) {
                        Found::Docker(_, what) => Some((path.clone(), Found::Docker(at, what))),
                        Found::Nothing | Found::Client(..) => None,
                        Found::Unknown => {
                            let what = self.mentioned(&run, folder_of(&path))?;
                            Some((path.clone(), Found::Docker(at, what)))
                        }
                    }
                })
            })
        })
    }

    /// The first line that speaks of docker in the scripts which the words of a command line name, from a folder.
    fn mentioned(&mut self, run: &str, from: &str) -> Option<String> {
        let words = run.split_whitespace().map(|word| word.trim_matches(['"', '\'']).trim_start_matches("./"));
        let paths = words.filter(|word| !word.is_empty() && !word.starts_with(['-', '/', '@'])).flat_map(|word| {
            ["", ".js", ".ts", ".mjs", ".cjs", "/index.js"].map(|ending| join(from, &format!("{word}{ending}")))
        });
        paths.flatten().take(MOST).find_map(|path| match self.text(&path).as_deref().and_then(mention)? {
            Found::Docker(_, what) => Some(what),
            _ => None,
        })
    }

    fn tools_files(&mut self, tool: &Tool, folders: &[String]) -> Vec<String> {
        if tool.place == Where::Anywhere {
            return tool.files.iter().flat_map(|pattern| self.listed(&format!("**/{pattern}"), MOST)).collect();
        }
        let paths = folders.iter().flat_map(|folder| tool.files.iter().filter_map(|file| join(folder, file)));
        let of = |path: String| if path.contains('*') { self.listed(&path, MOST) } else { vec![path] };
        paths.flat_map(of).collect()
    }

    /// The files of the repository that match, in order; those nearest to the root first.
    pub(super) fn listed(&self, pattern: &str, most: usize) -> Vec<String> {
        let mut known = self.listed.borrow_mut();
        let found = known.entry(pattern.to_owned()).or_insert_with(|| self.matching(pattern));
        found.iter().take(most).cloned().collect()
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        let Ok(glob) = GlobBuilder::new(pattern).literal_separator(true).build() else { return Vec::new() };
        let glob = glob.compile_matcher();
        let own = |path: &&String| !path.contains("node_modules/") && !path.contains("vendor/") && glob.is_match(path);
        let mut found: Vec<String> = self.list().iter().filter(own).cloned().collect();
        found.sort_by_key(|path| path.matches('/').count());
        found
    }

    fn says(&mut self, path: &str, says: Says) -> Option<(String, Found)> {
        let found = match says {
            Says::Docker => self.text(path).and_then(|text| mention(&text)),
            Says::One(names) => self.text(path).and_then(|text| {
                let one = |line: &str| {
                    let line = line.to_lowercase();
                    !line.trim_start().starts_with(['#', '/']) && names.iter().any(|name| line.contains(name))
                };
                let (number, line) = text.lines().enumerate().find(|(_, line)| one(line))?;
                Some(Found::Docker(number + 1, short(line)))
            }),
        };
        Some((path.to_owned(), found?))
    }

    /// Whether a tool that does nothing but what its files say finds no docker in them, and nothing that they only name.
    pub(super) fn is_without_docker(&mut self, command: &Command) -> bool {
        if let Some(name) = by_project_files(command) {
            let said = hides_docker(command).is_some_and(|hidden| hidden.code != "task");
            let by_variable = command.words.iter().any(|word| self.values.docker(word.display()).is_some());
            return !said && !by_variable && !names_file(name, command) && self.is_silent(name);
        }
        if let Some(text) = whole_string(command) {
            return self.is_quiet(&text);
        }
        let (patterns, doubts): (&[&str], &[&str]) = match program(command) {
            Some("terraform" | "tofu") => {
                (&["**/*.tf", "**/*.tofu", "**/*.tf.json"], &["docker", "local-exec", "external", "module"])
            }
            Some("goreleaser") if names_file("goreleaser", command) => return false,
            Some("goreleaser") => (
                &[
                    ".goreleaser.yml",
                    ".goreleaser.yaml",
                    "goreleaser.yml",
                    "goreleaser.yaml",
                    ".config/goreleaser.yaml",
                ],
                &["docker", "hooks", "cmd", "includes", "kos", "custom_publishers", "publishers", "tool:", "builder:"],
            ),
            _ => return false,
        };
        let files: Vec<String> = patterns.iter().flat_map(|pattern| self.listed(pattern, MOST)).collect();
        let silent = |text: String| !doubts.iter().any(|doubt| text.contains(doubt));
        !files.is_empty() && files.len() < MOST && files.iter().all(|path| self.text(path).is_some_and(silent))
    }

    /// Whether the files by which a tool goes say nothing of docker, and of nothing that is not known.
    fn is_silent(&mut self, name: &str) -> bool {
        if let Some(known) = self.by_file.get(name) {
            return *known;
        }
        let tools = BY_FILE.iter().chain(DOUBTS).filter(|tool| tool.programs.contains(&name));
        let silent = tools.into_iter().all(|tool| {
            let patterns = tool.files.iter().map(|pattern| format!("**/{pattern}"));
            let files: Vec<String> = patterns.flat_map(|pattern| self.listed(&pattern, usize::MAX)).collect();
            files.len() <= ALL && !files.iter().any(|path| self.says(path, tool.says).is_some())
        });
        self.by_file.insert(name.to_owned(), silent);
        silent
    }

    /// Whether a string that a shell is handed uses no docker, without a look at files that it names: where it runs is not known.
    fn is_quiet(&mut self, text: &str) -> bool {
        let script = Script::parse([text]);
        let shown = |it: &Command| docker(it).is_some() || other_daemon_users(it).is_some();
        script.clean()
            && hangs_on_daemon(&script).is_none()
            && script.commands().iter().all(|it| {
                let hidden = hides_docker(it).is_some() && !calls_own(&script, it) && !self.is_declared(it);
                !shown(it) && (!hidden || self.is_without_docker(it))
            })
    }

    /// The script of a `package.json`: by its line, or by what its commands run.
    fn package_script(&mut self, command: &Command, ground: &Ground, depth: usize) -> Option<(String, Found)> {
        let package = package(command)?;
        let script = package.script?;
        let folders = ground.folders(&package.folders);
        let file = if program(command) == Some("composer") { "composer.json" } else { "package.json" };
        let mut paths: Vec<String> = folders.iter().filter_map(|folder| join(folder, file)).collect();
        if package.is_elsewhere {
            paths.extend(self.listed("**/package.json", MOST));
        }
        let depth = depth.checked_sub(1)?;
        paths.into_iter().find_map(|path| {
            let text = self.text(&path)?;
            let json: serde_json::Value = serde_json::from_str(&text).ok()?;
            let names = [format!("pre{script}"), script.clone(), format!("post{script}")];
            names.iter().find_map(|name| {
                let run = with_named(&json, name, depth);
                if run.is_empty() {
                    return None;
                }
                let named = format!("\"{name}\"");
                // A package may be named like a script of its own.
                let above = text.lines().position(|line| line.contains("\"scripts\"")).unwrap_or_default();
                let line = text.lines().skip(above).position(|line| line.contains(&named));
                let line = line.map_or(0, |number| above + number + 1);
                if let Some(said) = docker_line(&run) {
                    return Some((path.clone(), Found::Docker(line, short(said))));
                }
                match self.shell(&run, "", &Call::in_folder(folder_of(&path)), depth) {
                    Found::Docker(_, what) => Some((path.clone(), Found::Docker(line, what))),
                    _ => None,
                }
            })
        })
    }
}

/// Whether a command tells such a tool to go by a file of another name.
fn names_file(name: &str, command: &Command) -> bool {
    let by_letter = matches!(name, "atlas" | "helmfile" | "mkdocs" | "sphinx-build" | "buf" | "goreleaser" | "kubectl");
    let long = ["--config", "--file", "--template", "--state-values-file"];
    let names = |word: &str| {
        let option = word.split('=').next().unwrap_or_default();
        long.contains(&option) || option == "--config-file" || by_letter && matches!(option, "-c" | "-f")
    };
    !matches!(name, "dotnet" | "cargo") && command.words.iter().skip(1).any(|word| names(word.display()))
}

/// What `sh -c '…'` reads, where that is its last word and all of it is written there.
fn whole_string(command: &Command) -> Option<String> {
    let Hidden { code: "shell-string", target: Some(target) } = hides_docker(command)? else { return None };
    program(command).filter(|name| matches!(*name, "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh"))?;
    let text = command.words.get(target)?.value()?;
    let last = command.words.len() == target + 1 && command.redirects.is_empty();
    (last && text.contains(' ')).then(|| text.to_owned())
}

/// The folders that make, task, just and terraform are told to work in.
fn folder_options(command: &Command) -> Vec<String> {
    let words: Vec<&str> = command.words.iter().map(|word| word.display()).collect();
    let beside = words.windows(2).filter_map(|pair| match pair {
        ["-C" | "-d" | "--dir" | "--directory" | "--working-directory", folder] => Some((*folder).to_owned()),
        _ => None,
    });
    let within = words.iter().filter_map(|word| match word.split_once('=') {
        Some(("-chdir" | "--dir" | "--directory" | "--working-directory", folder)) => Some(folder.to_owned()),
        _ => None,
    });
    beside.chain(within).collect()
}
