//! What the files of build tools and package managers say of docker.

use globset::GlobBuilder;

use super::ground::{Ground, join};
use super::{Found, Looks, mention};
use crate::shell::{Command, invoked, mentions_docker, package, program};
use crate::transform::short;

/// Where a tool's files are.
#[derive(Clone, Copy, PartialEq)]
enum Where {
    /// In the folders that the job is known to work in.
    Here,
    /// Anywhere in the repository: the tool finds them itself.
    Anywhere,
}

/// What in a file shows the need.
#[derive(Clone, Copy)]
enum Says {
    /// Any line that speaks of docker and is no comment.
    Docker,
    /// A line with one of these, in whatever case.
    One(&'static [&'static str]),
}

struct Tool {
    programs: &'static [&'static str],
    files: &'static [&'static str],
    place: Where,
    says: Says,
}

const fn tool(programs: &'static [&'static str], files: &'static [&'static str], place: Where, says: Says) -> Tool {
    Tool { programs, files, place, says }
}

/// Libraries and plugins that start containers.
const CONTAINERS: Says = Says::One(&[
    "testcontainers",
    "dockertest",
    "bollard",
    "shiplift",
    "docker.dotnet",
    "docker-java",
    "docker-maven-plugin",
    "dockerode",
    "bmuschko.docker",
    "palantir.docker",
    "gradle.docker-compose",
    "dockerfile-maven",
    "pytest-docker",
    "pytest_docker",
    "spatie/docker",
    "spring-boot-docker-compose",
    "io.micronaut.test-resources",
    "aspire.hosting.testing",
    "@pulumi/docker",
    "pulumi-docker",
    "docker-api",
    "\"docker-compose\":",
    "beluga-php/docker-php",
]);

/// How project files of .NET make an image with the daemon ("Containerize a .NET app with dotnet publish"), or run docker.
const DOTNET_IMAGES: &[&str] = &["defaultcontainer", "publishcontainer", "\"docker ", "docker-compose "];

const DOTNET_FILES: &[&str] =
    &["*.csproj", "*.fsproj", "*.vbproj", "Directory.Build.props", "Directory.Build.targets", "*.pubxml"];

const PYTHON: &[&str] = &["hatch", "pytest", "tox", "nox", "behave", "robot"];

/// Where Python projects say what their tests need.
const PYTHON_FILES: &[&str] =
    &["requirements*.txt", "requirements/*.txt", "pyproject.toml", "Pipfile", "setup.py", "setup.cfg"];

/// Which run the tests of any package of a workspace.
const NODE: &[&str] = &["npm", "yarn", "pnpm", "bun", "npx", "bunx", "pnpx", "lerna", "nx", "turbo", "jest", "vitest"];

/// How files of tools that run programs say docker.
const RUNS: Says = Says::One(&[
    "docker://",
    "docker run",
    "docker build",
    "docker compose",
    "docker-compose ",
    "\"docker\"",
    "'docker'",
    "command: docker",
]);

/// Tools that do what one file says, and are silent where it does not say docker.
const BY_FILE: &[Tool] = &[
    tool(&["atlas"], &["atlas.hcl"], Where::Anywhere, RUNS),
    tool(&["helmfile"], &["helmfile.yaml", "helmfile.yml", "helmfile.yaml.gotmpl"], Where::Anywhere, RUNS),
    tool(&["sphinx-build"], &["conf.py"], Where::Anywhere, RUNS),
    tool(&["mkdocs"], &["mkdocs.yml", "mkdocs.yaml"], Where::Anywhere, RUNS),
    tool(&["buf"], &["buf.gen.yaml", "buf.gen.*.yaml"], Where::Anywhere, RUNS),
    tool(&["netlify"], &["netlify.toml"], Where::Anywhere, RUNS),
    tool(&["doxygen"], &["Doxyfile", "Doxyfile.*"], Where::Anywhere, RUNS),
    tool(&["dotnet"], DOTNET_FILES, Where::Anywhere, Says::One(DOTNET_IMAGES)),
];

const TOOLS: &[Tool] = &[
    tool(&["cargo"], &["Cargo.toml"], Where::Anywhere, CONTAINERS),
    tool(&["dotnet"], &["*.csproj", "*.fsproj", "*.vbproj", "Directory.Packages.props"], Where::Anywhere, CONTAINERS),
    tool(PYTHON, PYTHON_FILES, Where::Anywhere, Says::One(&["docker==", "docker>=", "docker~=", "docker = "])),
    tool(
        &["packer"],
        &["*.pkr.hcl", "*.json"],
        Where::Anywhere,
        Says::One(&["source \"docker\"", "\"type\": \"docker\""]),
    ),
    tool(&["pulumi"], &["requirements*.txt", "package.json"], Where::Anywhere, CONTAINERS),
    tool(
        &["sam"],
        &["template.yaml", "template.yml", "samconfig.toml"],
        Where::Anywhere,
        Says::One(&["packagetype: image", "use_container"]),
    ),
    tool(&["kitchen"], &[".kitchen.yml", "kitchen.yml"], Where::Here, Says::One(&["docker", "dokken"])),
    tool(&["go"], &["go.mod"], Where::Anywhere, CONTAINERS),
    tool(&["mvn", "mvnw"], &["pom.xml"], Where::Anywhere, CONTAINERS),
    tool(&["gradle", "gradlew"], &["*.gradle", "*.gradle.kts", "libs.versions.toml"], Where::Anywhere, CONTAINERS),
    tool(&["mix"], &["mix.exs"], Where::Here, CONTAINERS),
    tool(PYTHON, &["conftest.py"], Where::Anywhere, Says::Docker),
    tool(PYTHON, PYTHON_FILES, Where::Anywhere, CONTAINERS),
    tool(NODE, &["package.json"], Where::Anywhere, CONTAINERS),
    tool(&["sbt"], &["build.sbt", "project/*.scala", "project/*.sbt"], Where::Anywhere, CONTAINERS),
    tool(
        &["semantic-release"],
        &["package.json", ".releaserc", ".releaserc.json", ".releaserc.yml", ".releaserc.yaml", "release.config.*"],
        Where::Here,
        Says::One(&["docker"]),
    ),
    tool(&["tox"], &["tox.ini"], Where::Here, Says::Docker),
    tool(&["nox"], &["noxfile.py"], Where::Here, Says::Docker),
    tool(&["just"], &["justfile", "Justfile", ".justfile"], Where::Here, Says::Docker),
    tool(&["mage"], &["magefile.go", "magefiles/*.go"], Where::Here, Says::Docker),
    tool(&["invoke", "inv", "fab"], &["tasks.py", "tasks/*.py", "fabfile.py"], Where::Here, Says::Docker),
    tool(&["rake"], &["Rakefile", "rakefile", "Rakefile.rb"], Where::Here, Says::Docker),
    tool(&["task", "go-task"], &["Taskfile.yml", "Taskfile.yaml", "taskfile.yml"], Where::Here, Says::Docker),
    tool(&["make", "gmake"], &["GNUmakefile", "makefile", "Makefile"], Where::Here, Says::Docker),
    tool(&["make", "gmake"], &["*.mk"], Where::Anywhere, Says::Docker),
    tool(
        &["goreleaser"],
        &[".goreleaser.yml", ".goreleaser.yaml", "goreleaser.yml", "goreleaser.yaml", ".config/goreleaser.yaml"],
        Where::Here,
        Says::One(&["dockers:", "dockers_v2:", "docker_manifests:"]),
    ),
    tool(&["pre-commit", "prek"], &[".pre-commit-config.yaml"], Where::Here, Says::One(&["docker"])),
    tool(&["serverless", "sls"], &["serverless.yml", "serverless.yaml"], Where::Here, Says::One(&["docker"])),
    tool(
        &["terraform", "tofu", "terragrunt"],
        &["*.tf"],
        Where::Anywhere,
        Says::One(&["provider \"docker\"", "kreuzwerker/docker"]),
    ),
];

/// Where package managers are told what tests need.
const MANIFESTS: [&str; 10] = [
    "package.json",
    "composer.json",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "go.mod",
    "requirements.txt",
    "requirements-dev.txt",
    "pyproject.toml",
    "Gemfile",
];

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

/// The lines of the scripts that a line names for something else to run: `run-s stack:up test`, `concurrently "npm:stack:*"`.
fn named_by(scripts: &serde_json::Value, run: &str) -> String {
    let words: Vec<&str> = run.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).collect();
    let plain =
        words.iter().map(|word| word.trim_start_matches("npm:").trim_start_matches("yarn:")).collect::<Vec<_>>();
    let named = |name: &str| {
        plain.iter().any(|word| match word.strip_suffix('*') {
            Some(prefix) => !prefix.is_empty() && name.starts_with(prefix),
            None => *word == name,
        })
    };
    let all = scripts.as_object().into_iter().flatten();
    all.filter(|(name, _)| named(name)).filter_map(|(_, run)| Some(format!("\n{}", run.as_str()?))).collect()
}

/// As many files of one kind are read.
const MOST: usize = 64;

impl Looks<'_> {
    /// What the files of the tool that a command calls show: a script that uses docker, or tests that start containers.
    pub(super) fn manifest(&mut self, command: &Command, ground: &Ground, depth: usize) -> Option<(String, Found)> {
        let root = MANIFESTS.into_iter().find_map(|path| self.says(path, CONTAINERS));
        // `make -C backend test` may run what the manifest there says.
        let told = root.or_else(|| {
            let folders = ground.folders(&folder_options(command));
            let paths = folders.iter().flat_map(|folder| MANIFESTS.iter().filter_map(|file| join(folder, file)));
            paths.collect::<Vec<_>>().into_iter().find_map(|path| self.says(&path, CONTAINERS))
        });
        told.or_else(|| self.package_script(command, ground, depth)).or_else(|| {
            let names = [invoked(command)?, program(command)?];
            let folders = ground.folders(&folder_options(command));
            let tools =
                TOOLS.iter().chain(BY_FILE).filter(|tool| names.iter().any(|name| tool.programs.contains(name)));
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
                    if mentions_docker(&run) {
                        return Some((path.clone(), Found::Docker(at, short(&run))));
                    }
                    match self.shell(&run, super::DEPTH) {
                        Found::Docker(_, what) => Some((path.clone(), Found::Docker(at, what))),
                        Found::Nothing | Found::Client(..) => None,
                        Found::Unknown => {
                            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                            let what = self.mentioned(&run, folder)?;
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
        let Ok(glob) = GlobBuilder::new(pattern).literal_separator(true).build() else { return Vec::new() };
        let glob = glob.compile_matcher();
        let own = |path: &&String| !path.contains("node_modules/") && !path.contains("vendor/") && glob.is_match(path);
        let mut found: Vec<String> = self.list().iter().filter(own).cloned().collect();
        found.sort_by_key(|path| path.matches('/').count());
        found.truncate(most);
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
        let verb = command.words.get(1).map(|word| word.display()).unwrap_or_default();
        let (patterns, doubts): (&[&str], &[&str]) = match program(command) {
            Some("dotnet") if !matches!(verb, "build" | "pack" | "publish") => return false,
            Some(name) if let Some(tool) = BY_FILE.iter().find(|tool| tool.programs.contains(&name)) => {
                return !self.tools_files(tool, &[]).iter().any(|path| self.says(path, tool.says).is_some());
            }
            Some("terraform" | "tofu") => (&["**/*.tf"], &["docker", "local-exec", "external", "module"]),
            Some("goreleaser") => (
                &[
                    ".goreleaser.yml",
                    ".goreleaser.yaml",
                    "goreleaser.yml",
                    "goreleaser.yaml",
                    ".config/goreleaser.yaml",
                ],
                &["docker", "hooks", "cmd", "includes", "kos", "custom_publishers", "publishers"],
            ),
            _ => return false,
        };
        let files: Vec<String> = patterns.iter().flat_map(|pattern| self.listed(pattern, MOST)).collect();
        let silent = |text: String| !doubts.iter().any(|doubt| text.contains(doubt));
        !files.is_empty() && files.len() < MOST && files.iter().all(|path| self.text(path).is_some_and(silent))
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
            let scripts = json.get("scripts")?;
            let names = [format!("pre{script}"), script.clone(), format!("post{script}")];
            names.iter().find_map(|name| {
                let run = lines_of(&json, name, depth).join("\n");
                if run.is_empty() {
                    return None;
                }
                let run = format!("{run}{}", named_by(scripts, &run));
                let run = run.as_str();
                let named = format!("\"{name}\"");
                let line = text.lines().position(|line| line.contains(&named)).map_or(0, |number| number + 1);
                if mentions_docker(run) {
                    return Some((path.clone(), Found::Docker(line, short(run))));
                }
                match self.shell(run, depth) {
                    Found::Docker(_, what) => Some((path.clone(), Found::Docker(line, what))),
                    _ => None,
                }
            })
        })
    }
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
