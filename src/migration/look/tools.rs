//! The tools whose files are looked into, and what in them shows the need of a daemon.

/// Where a tool's files are.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Where {
    /// In the folders that the job is known to work in.
    Here,
    /// Anywhere in the repository: the tool finds them itself.
    Anywhere,
}

/// What in a file shows the need.
#[derive(Clone, Copy)]
pub(super) enum Says {
    /// Any line that speaks of docker and is no comment.
    Docker,
    /// A line with one of these, in whatever case.
    One(&'static [&'static str]),
}

pub(super) struct Tool {
    pub(super) programs: &'static [&'static str],
    pub(super) files: &'static [&'static str],
    pub(super) place: Where,
    pub(super) says: Says,
}

const fn tool(programs: &'static [&'static str], files: &'static [&'static str], place: Where, says: Says) -> Tool {
    Tool { programs, files, place, says }
}

/// Libraries and plugins that start containers.
pub(super) const CONTAINERS: Says = Says::One(&[
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
const DOTNET_IMAGES: &[&str] = &[
    "defaultcontainer",
    "publishcontainer",
    "\"docker ",
    "'docker ",
    "docker-compose ",
    "docker run",
    "docker build",
    "docker compose",
];

const DOTNET_FILES: &[&str] = &["*.csproj", "*.fsproj", "*.vbproj", "*.props", "*.targets", "*.pubxml", "*.sln"];

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
pub(super) const BY_FILE: &[Tool] = &[
    tool(&["atlas"], &["atlas.hcl"], Where::Anywhere, Says::One(&["docker://", "docker+", "docker \""])),
    tool(&["helmfile"], HELMFILES, Where::Anywhere, RUNS),
    // Its builder is docker unless it is told another (kbld, "Building images").
    tool(&["kbld"], &["*.yml", "*.yaml"], Where::Anywhere, Says::One(&["kbld.k14s.io"])),
    tool(&["sphinx-build"], &["conf.py", "_ext/*.py", "ext/*.py", "_extensions/*.py"], Where::Anywhere, RUNS),
    tool(&["mkdocs"], &["mkdocs.yml", "mkdocs.yaml", "*hooks*.py", "hooks/*.py"], Where::Anywhere, RUNS),
    tool(&["buf"], &["buf.gen.yaml", "buf.gen.*.yaml"], Where::Anywhere, RUNS),
    tool(&["netlify"], &["netlify.toml"], Where::Anywhere, RUNS),
    tool(&["doxygen"], &["Doxyfile*"], Where::Anywhere, RUNS),
    tool(&["jekyll"], &["_plugins/*.rb", "_plugins/**/*.rb"], Where::Anywhere, RUNS),
    tool(&["dotnet"], DOTNET_FILES, Where::Anywhere, Says::One(DOTNET_IMAGES)),
    tool(&["cargo"], CARGO_BUILDS, Where::Anywhere, Says::One(&["docker", "bollard", "shiplift"])),
    tool(PYTHON_BUILDS, PYTHON_BUILD_FILES, Where::Anywhere, PYTHON_RUNS),
    tool(&["kubectl"], &["kuttl-test.yaml", "kuttl-test.yml"], Where::Anywhere, KUTTL_RUNS),
];

/// What in those files runs something that stands elsewhere: then nobody knows.
pub(super) const DOUBTS: &[Tool] = &[
    tool(&["helmfile"], HELMFILES, Where::Anywhere, Says::One(&["hooks:", "command:", "exec \""])),
    tool(&["sphinx-build"], &["conf.py"], Where::Anywhere, Says::One(&["subprocess", "os.system", "popen"])),
    tool(&["mkdocs"], &["mkdocs.yml", "mkdocs.yaml"], Where::Anywhere, Says::One(&["hooks:"])),
    tool(&["netlify"], &["netlify.toml"], Where::Anywhere, Says::One(&["command"])),
    tool(&["dotnet"], DOTNET_FILES, Where::Anywhere, Says::One(&["<exec ", ".dcproj"])),
    tool(&["cargo"], CARGO_BUILDS, Where::Anywhere, Says::One(&["\"sh\"", "\"bash\"", "\"make\"", ".sh\""])),
    tool(&["cargo"], &["Cargo.toml"], Where::Anywhere, Says::One(&["build = \"", "build=\""])),
    tool(PYTHON_BUILDS, PYTHON_BUILD_FILES, Where::Anywhere, Says::One(&["subprocess", "os.system", "popen"])),
    tool(
        PYTHON_BUILDS,
        &["pyproject.toml"],
        Where::Anywhere,
        Says::One(&["backend-path", "hooks.custom]", "[tool.poetry.build]"]),
    ),
    tool(&["kubectl"], &["kuttl-test.yaml", "kuttl-test.yml"], Where::Anywhere, Says::One(&["command", "script"])),
];

const HELMFILES: &[&str] = &["helmfile.yaml", "helmfile.yml", "helmfile.yaml.gotmpl", "helmfile.d/*"];

/// What `cargo build` compiles to run it, and what it runs as a linker or in place of the compiler.
const CARGO_BUILDS: &[&str] = &["build.rs", "build/*.rs", ".cargo/config.toml", ".cargo/config"];

const PYTHON_BUILD_FILES: &[&str] = &["setup.py", "build.py", "*_build.py", "_build/*.py"];

const KUTTL_RUNS: Says = Says::One(&["startkind: true", "docker run", "docker compose", "docker-compose "]);

/// How a test in Go runs docker.
const GO_RUNS: Says = Says::One(&["command(\"docker", "commandcontext(ctx, \"docker", "\"docker-compose\""]);

/// Which start what they test as their configuration says.
const NODE_TESTS: &[&str] =
    &["npm", "yarn", "pnpm", "bun", "jest", "vitest", "playwright", "cypress", "mocha", "wdio", "testcafe", "lhci"];

const NODE_TEST_FILES: &[&str] = &[
    "playwright.config.*",
    "cypress.config.*",
    "jest.config.*",
    "vitest.config.*",
    "wdio.conf.*",
    ".mocharc.*",
    "lighthouserc.*",
    ".lighthouserc.*",
    "global-setup.*",
    "globalSetup.*",
];

/// What the AWS CDK builds with docker (its `DockerImageAsset` and the constructs that bundle in a container).
const CDK_IMAGES: Says =
    Says::One(&["dockerimage", "containerimage.fromasset", "containerimage.from_asset", "fromimageasset"]);

/// How Maven's plugins run docker, or make an image with it.
const MAVEN_RUNS: &[&str] =
    &["<executable>docker", "<goal>build-image", "<goal>dockerbuild", "docker compose", "docker run"];

/// What builds a package of Python's.
const PYTHON_BUILDS: &[&str] = &["pip", "pip3", "build", "hatch", "pdm", "poetry", "rye", "uv"];

/// How such a build runs docker. That it needs the package `docker` says nothing.
const PYTHON_RUNS: Says = Says::One(&[
    "docker run",
    "docker build",
    "docker compose",
    "docker-compose ",
    "[\"docker\",",
    "['docker',",
    "([\"docker\"",
    "import docker",
    "from docker",
]);

pub(super) const TOOLS: &[Tool] = &[
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
    tool(&["go", "gotestsum", "ginkgo"], &["*_test.go"], Where::Anywhere, GO_RUNS),
    tool(NODE_TESTS, NODE_TEST_FILES, Where::Anywhere, RUNS),
    tool(&["bats"], &["*.bats", "*.bash"], Where::Anywhere, RUNS),
    tool(&["prove"], &["*.t"], Where::Anywhere, RUNS),
    tool(&["ctest", "cmake"], &["CMakeLists.txt"], Where::Anywhere, RUNS),
    tool(&["rspec"], &["spec_helper.rb", "rails_helper.rb", "spec/support/*.rb"], Where::Anywhere, RUNS),
    tool(&["phpunit", "codecept", "behat"], &["bootstrap.php", "_bootstrap.php"], Where::Anywhere, RUNS),
    tool(&["deno"], &["deno.json", "deno.jsonc"], Where::Here, RUNS),
    tool(&["cdk"], &["lib/*", "bin/*", "app.py", "*_stack.py", "stacks/*"], Where::Anywhere, CDK_IMAGES),
    tool(&["mvn", "mvnw"], &["pom.xml"], Where::Anywhere, CONTAINERS),
    tool(&["gradle", "gradlew"], &["*.gradle", "*.gradle.kts", "libs.versions.toml"], Where::Anywhere, CONTAINERS),
    tool(&["mix"], &["mix.exs"], Where::Here, CONTAINERS),
    tool(&["mix"], &["mix.exs", "test/test_helper.exs"], Where::Here, RUNS),
    tool(PYTHON, &["conftest.py"], Where::Anywhere, Says::Docker),
    tool(PYTHON, PYTHON_FILES, Where::Anywhere, CONTAINERS),
    tool(NODE, &["package.json"], Where::Anywhere, CONTAINERS),
    tool(&["gradle", "gradlew"], &["*.gradle", "*.gradle.kts"], Where::Anywhere, RUNS),
    tool(&["mvn", "mvnw"], &["pom.xml"], Where::Anywhere, Says::One(MAVEN_RUNS)),
    tool(&["poe"], &["pyproject.toml", "poe_tasks.toml"], Where::Anywhere, RUNS),
    tool(&["lefthook"], &["lefthook.yml", ".lefthook.yml"], Where::Here, RUNS),
    tool(&["mise"], &["mise.toml", ".mise.toml"], Where::Here, RUNS),
    tool(&["devbox"], &["devbox.json"], Where::Here, RUNS),
    tool(&["doit"], &["dodo.py"], Where::Here, RUNS),
    tool(&["snakemake"], &["Snakefile", "*.smk"], Where::Anywhere, RUNS),
    tool(&["ant"], &["build.xml"], Where::Here, Says::One(&["executable=\"docker", "docker run", "docker compose"])),
    tool(&["gulp", "grunt"], &["gulpfile.*", "Gruntfile.*"], Where::Here, RUNS),
    tool(&["nx"], &["project.json", "nx.json"], Where::Anywhere, RUNS),
    tool(&["release-it"], &[".release-it.*"], Where::Here, RUNS),
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
    tool(
        &["task", "go-task"],
        &["Taskfile.yml", "Taskfile.yaml", "taskfile.yml", "Taskfile.dist.yml"],
        Where::Here,
        Says::Docker,
    ),
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
    tool(&["terraform", "tofu", "terragrunt"], &["*.tf", "terragrunt.hcl"], Where::Anywhere, RUNS),
];

/// Where package managers are told what tests need.
pub(super) const MANIFESTS: [&str; 10] = [
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
