//! What commands are known for, by their names.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::Word;
use super::docker::wrap::base;
use super::docker::{SPEAKERS, is_in};
use super::familiar::{is_familiar, is_named, is_of_the_system};

/// Tools that run what a file of theirs says.
pub(super) fn tool(name: &str) -> Option<&'static str> {
    Some(match name {
        "make" | "gmake" | "cmake" | "ninja" => "make",
        "task" | "go-task" | "robo" | "mage" => "task",
        "just" => "just",
        "rake" => "rake",
        "rails" => "task",
        "gulp" | "grunt" | "zx" | "doit" | "mise" | "devbox" | "lefthook" | "snakemake" | "semantic-release"
        | "release-it" => "task",
        "invoke" | "inv" | "fab" => "invoke",
        "gradle" | "gradlew" => "gradle",
        "mvn" | "mvnw" | "mvnd" => "maven",
        "sbt" | "ant" | "mill" => "sbt",
        "bazel" | "bazelisk" | "buck2" | "pants" => "bazel",
        "ansible" | "ansible-playbook" => "ansible",
        "serverless" | "sls" | "cdk" | "pulumi" | "copilot" | "werf" | "okteto" | "sam" | "chalice" | "heroku"
        | "packer" => "deployer",
        "pre-commit" | "prek" => "pre-commit",
        "poe" => "task",
        "nx" | "turbo" | "lerna" => "package-script",
        "npx" | "bunx" | "pnpx" | "uvx" => "package-runner",
        "pytest" | "tox" | "nox" | "rspec" | "phpunit" | "ctest" | "jest" | "vitest" | "mocha" | "playwright"
        | "cypress" | "behave" | "behat" | "robot" | "gotestsum" | "ginkgo" | "bats" | "lein" | "py.test"
        | "unittest" | "nosetests" | "nose2" | "ava" | "wdio" | "cucumber" | "parallel_rspec" | "codecept"
        | "prove" | "shellspec" | "karma" | "testcafe" | "kitchen" => "test-runner",
        "ts-node" | "tsx" | "nodemon" | "lua" | "Rscript" | "julia" | "groovy" | "jruby" => "interpreter",
        _ => return None,
    })
}

/// The words that a command which nobody knows hands to one that may hide docker: `xvfb-run make it`, `doppler run -- npm test`,
/// `coverage run -m pytest`, `wait-for db:1 -- ./ci/run.sh`.
pub(super) fn carried(words: &[Word], at: usize, name: &str) -> Option<usize> {
    const ANYWHERE: &str =
        "make gmake npm npx yarn pnpm bun sh bash ash dash zsh ksh mvn mvnw gradlew pytest tox nox rspec phpunit";
    // `virtualenv -p python3 venv` does not run it, and others are plain words.
    const HANDED: &str = "python python3 node ruby perl php go cargo";
    const HANDS: &str = "-- run exec -m ::: env";
    // Nearly all are known.
    if words.len() <= at + 1 || knows(name) {
        return None;
    }
    let rest = || words.iter().enumerate().skip(at + 1);
    let first = rest().find(|(_, word)| !word.display().starts_with('-')).map(|(index, _)| index);
    let handed = |index: usize| {
        let before = index.checked_sub(1).and_then(|before| words.get(before)).map_or("", Word::display);
        is_in(HANDS, before) || first == Some(index) && (index == at + 1 || !is_in("-p --python", before))
    };
    let runs = |index: usize, word: &Word| {
        let program = word.value().map(base).unwrap_or_default();
        let script = matches!(word.display().rsplit_once('.'), Some((path, "sh" | "bash")) if path.contains('/'));
        let own = word.display().starts_with("./");
        let known = script || tool(program).is_some() || is_in(HANDED, program);
        is_in(ANYWHERE, program) || known && handed(index) || (known || own) && hands_on(words, at)
    };
    let found = rest().find(|(index, word)| runs(*index, word))?.0;
    (!takes(words, at, found)).then_some(found)
}

/// Whether a command does nothing but run another, so that all of its words may be that.
pub(super) fn hands_on(words: &[Word], at: usize) -> bool {
    const HANDS_ON: &str = "xvfb-run doppler op infisical teller aws-vault sops direnv dotenv cross-env nix nix-shell flock fakeroot tini \
        dumb-init dockerize retry wait-for wait-for-it chronic unbuffer parallel runuser watch script concurrently newrelic-admin";
    words.get(at).and_then(Word::value).is_some_and(|name| is_in(HANDS_ON, base(name)))
}

/// Whether a command takes a word for what it is: `conda install make`, `poetry add docker`. Its first two words tell, other than the
/// values of options.
pub(super) fn takes(words: &[Word], at: usize, found: usize) -> bool {
    const TAKES: &str = "install add remove create uninstall enable disable use plugin update upgrade show list help which local global login \
        registry trust";
    let before = words.get(at..found).unwrap_or_default();
    let pairs = before.windows(2).filter(|pair| !pair.iter().any(|word| word.display().starts_with('-')));
    let operands = pairs.filter_map(|pair| pair.last()).map(Word::display).take(2);
    operands.take_while(|word| !matches!(*word, "run" | "exec")).any(|word| is_in(TAKES, word))
}

/// A program of the project's own, as far as its name tells: a script of `pyproject.toml` (`poetry run e2e`), a module in a folder
/// (`python -m ci.run`).
pub(super) fn own_program(words: &[Word], at: usize, name: &str) -> Option<&'static str> {
    let before =
        |back: usize| at.checked_sub(back).and_then(|before| words.get(before)).and_then(Word::value).map(base);
    match before(1)? {
        "run" if matches!(before(2), Some("poetry" | "pipenv" | "pdm" | "hatch" | "uv" | "rye")) => {
            // A script of the project's comes before a program of the system's: `pipenv run test`.
            let own = !is_familiar(words, at, name) || is_of_the_system(name) && !matches!(name, "pip" | "pip3");
            (own && !name.contains(['/', '.'])).then_some("package-script")
        }
        "-m" if matches!(before(2), Some("python" | "python3")) => {
            (!is_familiar(words, at, name)).then_some("interpreter")
        }
        _ => None,
    }
}

/// Whether what a command of that name does with its words is known.
fn knows(name: &str) -> bool {
    const OWN: &str = "go cargo dotnet mix deno npm yarn pnpm bun composer moon goreleaser terraform tofu terragrunt run-parts eval \
        sh bash ash dash zsh ksh su python python2 python3 node ruby perl php pwsh docker docker-compose bash_unit";
    tool(name).is_some() || is_in(OWN, name) || is_named(name)
}

/// Commands that have what they are told run by another machine.
const ELSEWHERE: &str = "ssh scp rsync mosh kubectl oc helm gcloud aws az doctl fly flyctl heroku glab gh release-cli jq yq \
    helmfile argocd cf eb kustomize yc";

static SPEAK: LazyLock<HashSet<&str>> =
    LazyLock::new(|| [SPEAKERS, ELSEWHERE].iter().flat_map(|list| list.split_ascii_whitespace()).collect());

/// Commands that take text for what it is, or have it run by another machine.
pub(super) fn speaks(name: &str) -> bool {
    SPEAK.contains(name)
}
