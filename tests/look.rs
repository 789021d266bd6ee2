//! Scripts and Makefiles of the repository are looked into: what hides no docker stands in nobody's way.

mod common;

use common::Repository;

const PIPELINE: &str = "\
build:
  image: docker:29-cli
  services: [docker:29-dind]
  script:
    - CALL
    - docker build -t $IMAGE .
    - docker push $IMAGE
";

/// The outcome of the job, and its only reason.
fn outcome(call: &str, files: &[(&str, &str)]) -> (String, String) {
    let pipeline = PIPELINE.replace("CALL", call);
    let mut all = vec![(".gitlab-ci.yml", pipeline.as_str())];
    all.extend_from_slice(files);
    let status = Repository::with(&all).json(&["status", "--format", "json"]);
    let job = &status["jobs"][0];
    let reasons: Vec<String> = job["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| format!("{} [{}]", reason["message"].as_str().unwrap(), reason["code"].as_str().unwrap()))
        .collect();
    (job["outcome"].as_str().unwrap().to_owned(), reasons.join("; "))
}

#[test]
fn a_script_without_docker_hides_none() {
    let quiet = "#!/bin/sh\nset -e\n# docker is said only here\necho 1 > VERSION\n";
    assert_eq!(outcome("./prepare.sh", &[("prepare.sh", quiet)]).0, "pending");
    assert_eq!(outcome("bash tools/prepare.sh", &[("tools/prepare.sh", quiet)]).0, "pending");
    let caller = "#!/bin/sh\n./other.sh\n";
    let files = [("prepare.sh", caller), ("other.sh", quiet)];
    assert_eq!(outcome("$CI_PROJECT_DIR/prepare.sh", &files).0, "pending");
}

#[test]
fn what_a_script_does_with_docker_is_named() {
    let loud = "#!/bin/sh\necho begin\ndocker run --rm $IMAGE true\n";
    let (outcome_, reason) = outcome("./test.sh", &[("test.sh", loud)]);
    assert_eq!(outcome_, "left");
    assert_eq!(
        reason,
        "`./test.sh` may use docker where it cannot be seen: `docker run --rm $IMAGE true` stands in test.sh:3 [script]"
    );
    let (_, reason) = outcome("make image", &[("Makefile", "all:\n\ttrue\nimage:\n\tdocker build .\n")]);
    assert!(reason.contains("`docker build .` stands in Makefile:4"), "{reason}");
    let (_, reason) = outcome("./a.sh", &[("a.sh", "#!/bin/sh\n./b.sh\n"), ("b.sh", "#!/bin/sh\ndocker compose up\n")]);
    assert!(reason.contains("docker compose up"), "{reason}");
}

#[test]
fn what_is_not_understood_stays_hidden() {
    let code = |call: &str, files: &[(&str, &str)]| outcome(call, files).1;
    // Not there.
    assert!(code("./gone.sh", &[]).ends_with("[script]"));
    // Another folder.
    assert!(code("cd sub && ./x.sh", &[("x.sh", "#!/bin/sh\ntrue\n")]).ends_with("[script]"));
    // Another language.
    assert!(code("./x.py", &[("x.py", "#!/usr/bin/env python3\nprint(1)\n")]).ends_with("[script]"));
    // A script that calls what is not there, or itself.
    assert!(code("./x.sh", &[("x.sh", "#!/bin/sh\n./gone.sh\n")]).ends_with("[script]"));
    assert!(code("./x.sh", &[("x.sh", "#!/bin/sh\n./x.sh\n")]).ends_with("[script]"));
    // Outside of the repository.
    assert!(code("../x.sh", &[]).ends_with("[script]"));
}

#[test]
fn a_job_that_asks_its_own_daemon_is_left_with_it() {
    let pipeline =
        "job:\n  image: docker:29-cli\n  services: [docker:29-dind]\n  script:\n    - docker info\n    - ls\n";
    let repository = Repository::with(&[(".gitlab-ci.yml", pipeline)]);
    let job = repository.json(&["status", "--format", "json"])["jobs"][0].clone();
    assert_eq!((job["outcome"].as_str(), job["reasons"][0]["code"].as_str()), (Some("left"), Some("docker-info")));
    // Where all jobs inherit it, phase 5 looks at it.
    let pipeline = "image: docker:29-cli\nservices: [docker:29-dind]\njob:\n  script:\n    - npm ci\n";
    let repository = Repository::with(&[(".gitlab-ci.yml", pipeline)]);
    assert_eq!(repository.json(&["status", "--format", "json"])["jobs"][0]["outcome"], "none");
}

/// What phase 5 says on a job that inherits the daemon, with these files.
fn scoped(call: &str, files: &[(&str, &str)]) -> String {
    let pipeline = format!("image: docker:29-cli\nservices: [docker:29-dind]\njob:\n  script:\n    - {call}\n");
    let mut all = vec![(".gitlab-ci.yml", pipeline.as_str())];
    all.extend_from_slice(files);
    let repository = Repository::with(&all);
    repository.run(&["phase", "5", "--dry-run"]).err
}

#[test]
fn a_job_that_changes_is_not_said_to_be_left_alone() {
    let said = scoped("make lint", &[]);
    assert!(said.contains("Changes, to be looked at: job\n"), "{said}");
    assert!(!said.contains("Left alone"), "{said}");
}

#[test]
fn a_file_of_a_tool_that_holds_all_it_does_can_say_that_there_is_no_docker() {
    let plain = [("main.tf", "provider \"aws\" {}\n")];
    assert!(!scoped("terraform apply", &plain).contains("loses-daemon"));
    let called = [("main.tf", "provisioner \"local-exec\" {}\n")];
    assert!(scoped("terraform apply", &called).contains("loses-daemon"));
    assert!(scoped("terraform apply", &[]).contains("loses-daemon"));
    let config = [(".goreleaser.yml", "builds:\n  - goos: [linux]\n")];
    assert!(!scoped("goreleaser release", &config).contains("loses-daemon"));
    let hooks = [(".goreleaser.yml", "before:\n  hooks: [./x.sh]\n")];
    assert!(scoped("goreleaser release", &hooks).contains("loses-daemon"));
}

#[test]
fn a_script_finds_its_neighbours() {
    let quiet = ("ci/lib.sh", "say() { echo \"$1\"; }\n");
    let loud = ("ci/lib.sh", "stack() {\n  docker compose up -d\n}\n");
    for script in [
        ". \"$(dirname \"$0\")/lib.sh\"\n",
        "source \"${BASH_SOURCE%/*}/lib.sh\"\n",
        "HERE=\"$(cd \"$(dirname \"${BASH_SOURCE[0]}\")\" && pwd)\"\n. \"$HERE/lib.sh\"\n",
        "ROOT=$(cd $(dirname $0)/..; pwd)\n\"${ROOT}/ci/lib.sh\"\n",
        "root=$(git rev-parse --show-toplevel)\nbash $root/ci/lib.sh\n",
        "cd \"$(dirname \"$0\")\"\n. ./lib.sh\n",
        "cd \"$(dirname \"$0\")/..\"\n. ci/lib.sh\n",
        "cd ci && . ./lib.sh\n",
        "HERE=`dirname $0`\n. $HERE/lib.sh\n",
        "ROOT=$(cd \"$(dirname \"$0\")\"/.. && pwd)\n. $ROOT/ci/lib.sh\n",
        "CI=\"$(dirname \"$0\")/../ci\"\nbash \"$CI/lib.sh\"\n",
        "readonly HERE=\"$(cd -- \"$(dirname -- \"${BASH_SOURCE[0]}\")\" &>/dev/null && pwd)\"\n. \"$HERE/lib.sh\"\n",
    ] {
        let script = ("ci/e2e.sh", &*format!("#!/bin/bash\nset -e\n{script}"));
        assert_eq!(outcome("./ci/e2e.sh", &[script, quiet]).0, "pending", "{}", script.1);
        let (_, reason) = outcome("./ci/e2e.sh", &[script, loud]);
        assert!(reason.contains("for `docker compose up -d` stands in ci/e2e.sh:"), "{}{reason}", script.1);
    }
    // Which folder is meant is not known, or there is no such file.
    for script in [
        ". \"$(dirname \"$1\")/lib.sh\"\n",
        "HERE=$(dirname $0)\nHERE=$1\n. $HERE/lib.sh\n",
        "cd \"$(dirname \"$0\")\"\ncd x\n. ./lib.sh\n",
        "(cd \"$(dirname \"$0\")\" && ls)\n. ./lib.sh\n",
        ". \"$(dirname \"$0\")/../../lib.sh\"\n",
        "HERE=$(dirname $0)/..\n. $HERE/lib.sh\nHERE=$(dirname $0)\n. $HERE/lib.sh\n",
        "if [ -d x ]; then cd \"$(dirname \"$0\")\"; fi\n. ./lib.sh\n",
        "HERE=$(dirname $0)\nfor HERE in a b; do . $HERE/lib.sh; done\n",
        "HERE=\"$(cd \"$(dirname \"$0\")\" && cd .. && pwd)\"\n. $HERE/lib.sh\n",
        "HERE=\"$(cd \"$(dirname \"$0\")\" && git rev-parse --show-toplevel)\"\n. $HERE/lib.sh\n",
        "HERE=$(dirname \"${BASH_SOURCE[1]}\")\n. $HERE/lib.sh\n",
        "eval \"cd ci\"\n. ./lib.sh\n",
    ] {
        let script = ("ci/e2e.sh", &*format!("#!/bin/bash\n{script}"));
        assert!(outcome("./ci/e2e.sh", &[script, quiet]).1.ends_with("[script]"), "{}", script.1);
    }
    // A file that the job writes, and a folder that a sourced file changes to.
    let x = ("x.sh", "true\n");
    for call in [
        "cp templates/x.sh x.sh; ./x.sh",
        "sed -i s/a/b/ x.sh && ./x.sh",
        "echo $SCRIPT > x.sh; sh x.sh",
        ". ci/cd.sh; ./x.sh",
        "find sub -name x.sh -execdir ./x.sh {} +",
        "eval \"cd sub\"; ./x.sh",
        "git checkout $OTHER -- x.sh && ./x.sh",
    ] {
        let files = [x, ("ci/cd.sh", "cd sub\n"), ("sub/x.sh", "docker run x\n")];
        assert!(outcome(call, &files).1.ends_with("[script]"), "{call}: {}", outcome(call, &files).1);
    }
    // Where the caller stands, and whose `$0` it is.
    let root = ("lib.sh", "true\n");
    let (caller, called) = (("ci/e2e.sh", "cd \"$(dirname \"$0\")\"\n./b.sh\n"), ("ci/b.sh", ". ./lib.sh\n"));
    let (_, reason) = outcome("./ci/e2e.sh", &[caller, called, loud, root]);
    assert!(reason.contains("docker compose up -d"), "{reason}");
    let (caller, called) = (("e2e.sh", ". ci/b.sh\n"), ("ci/b.sh", ". \"$(dirname \"$0\")/lib.sh\"\n"));
    assert!(outcome("./e2e.sh", &[caller, called, quiet]).1.ends_with("[script]"));
}

#[test]
fn scripts_of_a_package_are_followed_by_their_names() {
    let package = r#"{"scripts": {"ci": "run-s lint e2e", "lint": "eslint .", "e2e": "concurrently \"npm:stack:*\"",
        "stack:db": "docker compose up -d db", "unit": "run-p lint"}}"#;
    let (outcome_, reason) = outcome("npm run ci", &[("package.json", package)]);
    assert_eq!(outcome_, "left");
    assert!(reason.contains(": `docker compose up -d db` stands in package.json:"), "{reason}");
    assert!(reason.contains("package.json:1"), "{reason}");
    let nested = [
        ("web/package.json", r#"{"scripts": {"prepare": "make gen", "postinstall": "./x.sh"}}"#),
        ("web/Makefile", "gen:\n\tdocker run gen\n"),
        ("x.sh", "true\n"),
    ];
    assert!(scoped("cd web && npm ci", &nested).contains("1 the same"));
    assert!(!scoped("cd web && npm ci", &nested[..1]).contains("1 the same"));
    let nested = [nested[0], ("web/x.sh", "docker run x\n"), nested[2]];
    assert!(scoped("cd web && npm ci", &nested).contains("1 the same"));
    let below = "{\"name\": \"e2e\",\n\"scripts\": {\n\"e2e\": \"docker run x\"}}";
    assert!(outcome("npm run e2e", &[("package.json", below)]).1.contains("package.json:3"));
    assert!(!outcome("npm run unit", &[("package.json", package)]).1.contains("docker compose"));
}

#[test]
fn the_daemons_address_is_a_need_wherever_it_is_read() {
    let said = |script: &str| {
        let head = "image: alpine\nservices: [{name: docker:29-dind, alias: dind}]\nvariables: {DOCKER_HOST: tcp://dind:2375}\n";
        let pipeline = format!("{head}job:\n  script:\n    - '{script}'\n");
        Repository::with(&[(".gitlab-ci.yml", &pipeline)]).run(&["phase", "5", "--dry-run"]).err
    };
    for script in [
        "curl -s \"http://${DOCKER_HOST#tcp://}/info\"",
        "curl http://dind:2375/images/json",
        "H=$DOCKER_HOST; curl $H",
    ] {
        assert!(said(script).contains("1 the same"), "{script}: {}", said(script));
    }
    assert!(!said("echo $DOCKER_HOST").contains("1 the same"));
    // So is a variable of testcontainers for what runs tests, and a line that installs it.
    let tests = |job: &str| {
        let pipeline = format!("image: alpine\nservices: [docker:29-dind]\njob:\n{job}");
        Repository::with(&[(".gitlab-ci.yml", &pipeline)]).run(&["phase", "5", "--dry-run"]).err
    };
    let variable = "  variables: {TESTCONTAINERS_RYUK_DISABLED: \"true\"}\n";
    assert!(tests(&format!("{variable}  script: mvn verify\n")).contains("1 the same"));
    assert!(tests("  script: [pip install pytest testcontainers, pytest]\n").contains("1 the same"));
    assert!(!tests(&format!("{variable}  script: npm ci\n")).contains("1 the same"));
    assert!(!tests("  script: [pip install pytest, pytest]\n").contains("1 the same"));
}

#[test]
fn what_builds_a_project_runs_what_its_files_say() {
    let build = ("build.rs", "fn main() {\n    Command::new(\"docker\").arg(\"run\").status().unwrap();\n}\n");
    let setup = ("setup.py", "subprocess.run([\"docker\", \"run\", \"protoc\"])\n");
    for (call, loud) in [
        ("cargo build --release", build),
        ("cargo clippy", build),
        ("bash -c 'cargo build'", build),
        ("pip install .", setup),
        ("pip3 install -e ./api[test]", setup),
        ("python -m build", setup),
        ("poetry install", ("build.py", "os.system(\"docker build .\")\n")),
        ("uv sync", setup),
        ("bundle exec jekyll build", ("_plugins/a.rb", "`docker run x`\n")),
        ("mkdocs build", ("hooks/a.py", "run(\"docker run x\")\n")),
    ] {
        assert_eq!(outcome(call, &[]).0, "pending", "{call}");
        let quiet = (loud.0, "nothing\n");
        assert_eq!(outcome(call, &[quiet]).0, "pending", "{call}");
        let (outcome, reason) = outcome(call, &[loud]);
        assert_eq!(outcome, "left", "{call}");
        assert!(reason.contains(loud.0), "{call}: {reason}");
        assert!(!scoped(call, &[quiet]).contains("loses-daemon"), "{call}");
        let kept = scoped(call, &[loud]);
        assert!(kept.contains("1 jobs: 1 the same"), "{call}: {kept}");
    }
    // What the command says itself, and another file that it is told to go by.
    let said = |call: &str, files: &[(&str, &str)]| scoped(call, files);
    assert!(said("atlas migrate lint --dev-url docker://postgres/15/dev", &[]).contains("1 the same"));
    assert!(said("kubectl kuttl test --start-kind=true", &[]).contains("1 the same"));
    assert!(said("osv-scanner scan image app:1", &[]).contains("1 the same"));
    assert!(!said("osv-scanner scan image --archive app.tar", &[]).contains("1 the same"));
    assert!(said("kbld -f config/", &[("config/b.yml", "apiVersion: kbld.k14s.io/v1alpha1\n")]).contains("1 the same"));
    assert!(said("make -f ci/Build.mk it", &[("ci/Build.mk", "it:\n\tdocker run x\n")]).contains("1 the same"));
    for (call, files) in [
        ("helmfile -f deploy/hf.yaml sync", [("deploy/hf.yaml", "x: 1\n")]),
        ("goreleaser release -f ci/images.yml", [(".goreleaser.yml", "builds: []\n")]),
        ("cargo build", [("build.rs", "Command::new(\"sh\").arg(\"gen.sh\");\n")]),
        ("cargo build", [("Cargo.toml", "build = \"tools/main.rs\"\n")]),
        ("pip install packages/core", [("packages/core/setup.py", "subprocess.check_call(cmd)\n")]),
        ("uv pip install .", [("pyproject.toml", "backend-path = [\"_build\"]\n")]),
        ("dotnet build", [("a.csproj", "<Exec Command=\"bash gen.sh\"/>\n")]),
    ] {
        assert!(said(call, &files).contains("loses-daemon"), "{call}");
    }
    // What a string names is not looked for where the job may not stand.
    let other = [("x.sh", "true\n"), ("sub/x.sh", "docker run x\n")];
    assert_eq!(outcome("cd sub && bash -c './x.sh && cargo build'", &other).0, "left");
    // That a package of that name is needed is no docker.
    assert_eq!(outcome("pip install .", &[("setup.py", "setup(install_requires=[\"docker\"])\n")]).0, "pending");
    assert_eq!(outcome("pip install -r requirements.txt", &[setup]).0, "pending");
    // A job with kubectl that builds is left for another reason.
    assert!(!scoped("kubectl kuttl test", &[]).contains("loses-daemon"));
    assert!(scoped("kubectl kuttl test", &[("kuttl-test.yaml", "startKIND: true\n")]).contains("1 the same"));
}

#[test]
fn what_starts_tests_is_looked_into() {
    for (call, file, line) in [
        ("go test ./...", "internal/db/db_test.go", "cmd := exec.Command(\"docker\", \"run\", \"postgres\")"),
        ("gotestsum -- ./...", "e2e/e2e_test.go", "out := exec.CommandContext(ctx, \"docker\", \"ps\")"),
        ("npx playwright test", "web/playwright.config.ts", "webServer: { command: 'docker compose up' }"),
        ("npx cypress run", "cypress.config.js", "execSync('docker run -d db')"),
        ("yarn test", "test/globalSetup.ts", "execSync(`docker compose up -d`)"),
        ("npx lhci autorun", "lighthouserc.js", "startServerCommand: 'docker run -p 80:80 site'"),
        ("bats -r test", "test/helpers/stack.bash", "docker compose up -d"),
        ("prove -r t", "t/db.t", "system('docker run -d mysql');"),
        ("ctest --output-on-failure", "CMakeLists.txt", "add_test(NAME e2e COMMAND sh -c \"docker run x\")"),
        ("bundle exec rspec", "spec/spec_helper.rb", "system('docker compose up -d')"),
        ("vendor/bin/phpunit", "tests/bootstrap.php", "exec('docker compose up -d');"),
        ("mix test", "test/test_helper.exs", "System.cmd(\"docker\", [\"run\", \"db\"])"),
        ("deno task e2e", "deno.json", "{\"tasks\": {\"e2e\": \"docker compose up\"}}"),
        ("npx cdk deploy", "lib/stack.ts", "new DockerImageAsset(this, 'Image', {directory: '.'})"),
        ("terraform apply", "modules/image/main.tf", "command = \"docker build -t x .\""),
    ] {
        let quiet = scoped(call, &[(file, "nothing\n")]);
        assert!(!quiet.contains("1 the same"), "{call}: {quiet}");
        let kept = scoped(call, &[(file, &format!("nothing\n{line}\n"))]);
        assert!(kept.contains("1 jobs: 1 the same"), "{call}: {kept}");
    }
}

#[test]
fn a_script_of_the_root_is_not_the_one_of_another_folder() {
    let quiet = [("t.sh", "#!/bin/sh\ntrue\n")];
    assert!(scoped("cd sub && ./t.sh", &quiet).contains("loses-daemon"));
    assert!(scoped("env -C sub ./t.sh", &quiet).contains("loses-daemon"));
    assert!(!scoped("./t.sh", &quiet).contains("loses-daemon"));
}

#[test]
fn a_command_that_the_team_declares_hides_none() {
    let said = |globs: &'static str| [(".ci-migrate.yml", globs)];
    for (call, globs) in [
        ("notify --done", "commands-without-docker: [notify]\n"),
        ("make lint", "commands-without-docker: ['make lint*']\n"),
        ("./ci/lint.sh x", "commands-without-docker:\n  - ./ci/*.sh\n"),
    ] {
        assert_ne!(outcome(call, &[]).0, "pending", "{call}");
        assert_eq!(outcome(call, &said(globs)).0, "pending", "{call}");
    }
    assert_ne!(outcome("make e2e", &said("commands-without-docker: ['make lint*']\n")).0, "pending");
    let script = "#!/bin/sh\nnotify --done\n";
    assert_ne!(outcome("./all.sh", &[("all.sh", script)]).0, "pending");
    let files = [("all.sh", script), (".ci-migrate.yml", "commands-without-docker: [notify]\n")];
    assert_eq!(outcome("./all.sh", &files).0, "pending");
    // Docker itself is not declared away.
    let shown = outcome("docker run a", &said("commands-without-docker: [docker]\n"));
    assert!(shown.1.contains("[docker-run]"), "{shown:?}");
}

#[test]
fn scripts_that_package_managers_run_by_themselves_are_looked_for() {
    let uses = "{\n  \"scripts\": {\n    \"postinstall\": \"docker compose up -d db\"\n  }\n}\n";
    let (found, reasons) = outcome("npm ci", &[("package.json", uses)]);
    assert_ne!(found, "pending");
    assert!(reasons.contains("package.json:3 by itself [package-script]"), "{reasons}");
    assert_eq!(outcome("npm config get registry", &[("package.json", uses)]).0, "pending");
    let calls = uses.replace("docker compose up -d db", "sh ci/up.sh");
    let script = ("ci/up.sh", "docker compose up -d db\n");
    assert_ne!(outcome("npm ci", &[("package.json", &calls), script]).0, "pending");
    let composer = "{\"scripts\": {\"post-install-cmd\": [\"docker run x\"]}}";
    assert_ne!(outcome("composer install", &[("composer.json", composer)]).0, "pending");
    assert_eq!(outcome("npm ci --ignore-scripts", &[("package.json", uses)]).0, "pending");
    let silent = ".a: &d [docker:29-dind]\nservices: *d\ntest:\n  script: npm ci\nother:\n  script: echo hi\n";
    let status =
        Repository::with(&[(".gitlab-ci.yml", silent), ("package.json", uses)]).json(&["status", "--format", "json"]);
    let code = |job: usize| status["jobs"][job]["reasons"][0]["code"].clone();
    assert_eq!((code(0).as_str(), code(1).as_str()), (Some("package-script"), None), "{status}");
    assert_eq!(outcome("npm ci", &[("package.json", &uses.replace("docker compose", "echo"))]).0, "pending");
    let symfony =
        "{\"scripts\": {\"post-install-cmd\": [\"@auto-scripts\"], \"auto-scripts\": [\"docker compose up -d\"]}}";
    assert_ne!(outcome("composer install", &[("composer.json", symfony)]).0, "pending");
    assert_ne!(outcome("composer remove a/b", &[("composer.json", symfony)]).0, "pending");
    assert_eq!(
        outcome("composer install", &[("composer.json", &symfony.replace("[\"docker", "[\"echo"))]).0,
        "pending"
    );
    for run in ["node ci/up", "npx ts-node ci/up.ts"] {
        let named = uses.replace("docker compose up -d db", run);
        for path in ["ci/up.ts", "ci/up.js"].into_iter().filter(|path| run == "node ci/up" || path.ends_with(".ts")) {
            assert_ne!(
                outcome("npm ci", &[("package.json", &named), (path, "run('docker compose up')\n")]).0,
                "pending"
            );
            assert_eq!(outcome("npm ci", &[("package.json", &named), (path, "run('tsc')\n")]).0, "pending");
        }
    }
    assert_ne!(outcome("yarn --cwd frontend", &[("frontend/package.json", uses)]).0, "pending");
    // As another shell or another program reads it.
    for call in [
        "bash -c 'npm ci'",
        "sh -ec \"cd app && npm ci\"",
        "su node -c 'npm ci'",
        "eval npm ci",
        "eval 'npm ci'",
        "find . -name package.json -execdir npm ci +",
        "bash -c \"sh -c 'npm ci'\"",
        "sh -c yarn",
        "timeout 60 yarn",
        "corepack yarn",
        "node_modules/.bin/yarn",
        "npm r lodash",
    ] {
        assert_ne!(outcome(call, &[("package.json", uses)]).0, "pending", "{call}");
    }
    for call in [
        "apk add npm yarn",
        "bash -c 'npm config get registry'",
        "echo 'npm install is done'",
        "git commit -m 'npm install fix'",
        "npm ci --ignore-scripts=true",
        "corepack enable yarn",
        "which yarn",
    ] {
        assert_eq!(outcome(call, &[("package.json", uses)]).0, "pending", "{call}");
    }
    let install = ("ci/install.sh", "npm ci\n");
    assert_ne!(outcome("./ci/install.sh", &[("package.json", uses), install]).0, "pending");
    assert_eq!(outcome("./ci/install.sh", &[("package.json", "{}"), install]).0, "pending");
    assert_ne!(
        outcome("yarn up", &[("package.json", "{\"scripts\": {\"up\": \"docker compose up -d\"}}")]).0,
        "pending"
    );
}

#[test]
fn scripts_that_hang_on_the_daemons_variables_are_seen() {
    let guards = [
        "if [ -z \"$DOCKER_HOST\" ]; then exit 1; fi",
        "test -d \"$DOCKER_CERT_PATH\" || exit 1",
        "echo $DOCKER_HOST | grep -q tcp",
        ": \"${DOCKER_HOST:?}\"",
        "case $DOCKER_HOST in tcp*) ;; *) exit 1 ;; esac",
        "{ echo $DOCKER_HOST; } > host.env",
        "wget -qO ~/.docker/cli-plugins/docker-buildx https://example.com/buildx-v0.8.2",
        "P=~/.docker/cli-plugins; wget -qO $P/docker-buildx https://example.com/buildx-v0.8.2",
        "apk add docker-cli-buildx=0.9.1-r0",
        "echo \"${DOCKER_HOST?is not set}\"",
        "set -u; echo \"$DOCKER_HOST\"",
        "[ -d /certs ] || exit 1",
        "exec > host.env; echo \"$DOCKER_HOST\"",
        "printf -v HOST %s \"$DOCKER_HOST\"; curl $HOST",
        "env | grep -q ^DOCKER",
        "for name in ${!DOCKER_*}; do curl $name; done",
        "export BUILDX_BUILDER=mine",
        "export KUBECONFIG=$PWD/cluster.yml",
        "export HOME=/tmp/home",
    ];
    for guard in guards {
        let text = format!("set -e\n{guard}\n");
        let (found, reasons) = outcome("./g.sh", &[("g.sh", &text)]);
        assert_ne!(found, "pending", "{guard}");
        assert!(reasons.contains("g.sh:2"), "{guard}: {reasons}");
    }
    let harmless = [
        "echo \"Docker host: $DOCKER_HOST\"",
        "# DOCKER_HOST is set by the pipeline",
        "echo $DOCKER_IMAGE > image.env",
        "grep DOCKER_IMAGE versions.env",
        "mkdir certs",
    ];
    for harmless in harmless {
        assert_eq!(outcome("./g.sh", &[("g.sh", harmless)]).0, "pending", "{harmless}");
    }
}

#[test]
fn files_that_are_exported_are_looked_into() {
    let file = "# the services\nDOCKER_HOST=tcp://docker:2375\n";
    for call in ["export $(grep -v '^#' .env | xargs)", "export $(cat ./.env)", "export `cat .env`"] {
        let (found, reasons) = outcome(call, &[(".env", file)]);
        assert_ne!(found, "pending", "{call}");
        assert!(reasons.contains(".env says DOCKER_HOST [client-environment]"), "{call}: {reasons}");
        assert_eq!(outcome(call, &[(".env", "IMAGE=app\n")]).0, "pending", "{call}");
        assert_eq!(outcome(call, &[]).0, "pending", "{call}");
    }
}

#[test]
fn scripts_of_the_project_come_before_programs_of_the_system() {
    for call in ["pipenv run test", "pdm run install", "hatch run test", "uv run test", "poetry run test"] {
        let (found, reasons) = outcome(call, &[]);
        assert_ne!(found, "pending", "{call}");
        assert!(reasons.contains("[package-script]"), "{call}: {reasons}");
    }
    for call in ["pipenv run flake8", "poetry run pip list", "test -f Dockerfile"] {
        assert_eq!(outcome(call, &[]).0, "pending", "{call}");
    }
}
