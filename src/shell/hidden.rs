//! Commands whose inside is not visible.

use std::ops::Range;

use super::docker::wrap::{base, target};
use super::{Command, Script, Word, docker, other_daemon_users};

/// A command that runs something that the script does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// Stable, kebab-case: `make`, `task`, `just`, `rake`, `invoke`, `package-script`, `package-runner`, `gradle`, `maven`, `sbt`,
    /// `bazel`, `test-runner`, `ansible`, `script`, `interpreter`, `shell-string`, `shell-input`, `expansion`.
    pub code: &'static str,
    /// Index of the word that names what runs (a target, a file, a string), if there is one.
    pub target: Option<usize>,
}

/// How deeply strings within strings are read: `sh -c "sh -c '…'"`.
const DEPTH: usize = 4;

/// Whether docker may be used where it cannot be seen: through make, scripts, package managers, build tools, test runners, strings.
///
/// The inside of a string that a shell is given (`sh -c '…'`, `eval`, `trap`) is read: only one that holds docker, a command that
/// needs its daemon, or a hidden one counts. What `ssh` runs is another machine's business.
pub fn hides_docker(command: &Command) -> Option<Hidden> {
    hides(command, DEPTH)
}

fn hides(command: &Command, depth: usize) -> Option<Hidden> {
    let words = &command.words;
    if docker(command).is_some() {
        return None;
    }
    let at = target(words)?;
    let Some(written) = words.get(at)?.value() else {
        return Some(Hidden { code: "expansion", target: Some(at) });
    };
    let name = base(written);
    let next = operand(words, at + 1);
    let argument = next.and_then(|index| words.get(index)).and_then(Word::value);
    let hidden = |code| Some(Hidden { code, target: next });
    if let Some(code) = tool(name) {
        return hidden(code);
    }
    match name {
        "go" | "cargo" | "dotnet" | "mix" | "deno" => match argument? {
            "test" | "nextest" => hidden("test-runner"),
            "run" | "generate" | "make" | "xtask" | "task" => hidden("task"),
            _ => None,
        },
        "npm" | "yarn" | "pnpm" | "bun" | "composer" => package(name, argument?).and_then(hidden),
        // A file of the system's sets variables: `. /etc/os-release`.
        "." | "source" if argument.is_some_and(is_system) => None,
        "." | "source" => hidden("script"),
        "eval" => again(words, at + 1..words.len(), depth),
        "trap" => again(words, at + 1..at + 2, depth),
        "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh" | "su" => shell(words, at, depth),
        "python" | "python2" | "python3" | "node" | "ruby" | "perl" | "php" | "pwsh" => {
            let inline = words.iter().skip(at + 1).any(|word| is_in("-c -e -p -r", word.display()));
            let shown = words.iter().any(|word| word.display().contains("docker"));
            (next.is_some() && (shown || !inline)).then_some(Hidden { code: "interpreter", target: next })
        }
        _ if written.contains('/') && !is_system(written) => Some(Hidden { code: "script", target: Some(at) }),
        _ => None,
    }
}

/// Tools that run what a file of theirs says.
fn tool(name: &str) -> Option<&'static str> {
    Some(match name {
        "make" | "gmake" | "cmake" | "ninja" => "make",
        "task" | "go-task" | "robo" | "mage" => "task",
        "just" => "just",
        "rake" => "rake",
        "invoke" | "inv" | "fab" => "invoke",
        "gradle" | "gradlew" => "gradle",
        "mvn" | "mvnw" => "maven",
        "sbt" | "ant" | "mill" => "sbt",
        "bazel" | "bazelisk" | "buck2" | "pants" => "bazel",
        "ansible" | "ansible-playbook" => "ansible",
        "nx" | "turbo" | "lerna" => "package-script",
        "npx" | "bunx" | "pnpx" | "uvx" => "package-runner",
        "pytest" | "tox" | "nox" | "rspec" | "phpunit" | "ctest" | "jest" | "vitest" | "mocha" | "playwright"
        | "cypress" | "behave" | "behat" | "robot" => "test-runner",
        _ => return None,
    })
}

fn is_in(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|one| one == word)
}

/// The first word that is no option.
fn operand(words: &[Word], from: usize) -> Option<usize> {
    let mut rest = words.iter().enumerate().skip(from);
    rest.find(|(_, word)| !word.display().starts_with('-')).map(|(index, _)| index)
}

/// A path of the system's, not the repository's own.
fn is_system(name: &str) -> bool {
    const SYSTEM: [&str; 8] =
        ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/opt/", "/kaniko/", "/etc/"];
    SYSTEM.iter().any(|prefix| name.starts_with(prefix))
}

/// Package managers run scripts by name, and some of their own verbs are not scripts.
fn package(manager: &str, verb: &str) -> Option<&'static str> {
    const OWN: &str = "install i ci add remove uninstall update upgrade audit cache config set get init link list ls login logout \
        outdated pack publish prune root version view why global info import dedupe fund whoami store fetch require dump-autoload \
        self-update validate show create diagnose self-upgrade workspaces licenses node bin help setup env patch rebuild";
    match verb {
        "exec" | "dlx" | "x" => Some("package-runner"),
        "run" | "run-script" | "test" | "t" | "start" | "stop" | "restart" => Some("package-script"),
        // The others run `yarn build` like `yarn run build`.
        _ if manager == "npm" || is_in(OWN, verb) => None,
        _ => Some("package-script"),
    }
}

/// Words that a shell reads once more.
fn again(words: &[Word], range: Range<usize>, depth: usize) -> Option<Hidden> {
    let target = Some(range.start);
    let read = words.get(range)?;
    // The one idiom that is everywhere, and prints assignments only.
    let agent = read.iter().any(|word| word.display().contains("ssh-agent"));
    (!agent && string(read, depth)).then_some(Hidden { code: "shell-string", target })
}

/// `sh -c '…'`, `bash script.sh`, `… | bash`.
fn shell(words: &[Word], at: usize, depth: usize) -> Option<Hidden> {
    let mut takes_string = false;
    let mut next = at + 1;
    while let Some(display) = words.get(next).map(Word::display) {
        let Some(letters) = display.strip_prefix(['-', '+']) else {
            // `su user -c '…'`
            let user = words.get(at).and_then(Word::value) == Some("su") && !takes_string;
            if user && words.get(next + 1).is_some() {
                next += 1;
                continue;
            }
            break;
        };
        if !letters.starts_with('-') {
            takes_string |= letters.contains('c');
            // `-o pipefail`, and nothing else that takes a word.
            next += usize::from(letters.ends_with('o'));
        }
        next += 1;
    }
    if next >= words.len() {
        return Some(Hidden { code: "shell-input", target: None });
    }
    if !takes_string {
        return Some(Hidden { code: "script", target: Some(next) });
    }
    again(words, next..next + 1, depth)
}

/// Whether words that a shell reads once more hold anything that matters here.
fn string(words: &[Word], depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return true;
    };
    let text = words.iter().map(Word::display).collect::<Vec<_>>().join(" ");
    let script = Script::parse([text]);
    !script.clean()
        || script.commands().iter().any(|command| {
            docker(command).is_some() || other_daemon_users(command).is_some() || hides(command, depth).is_some()
        })
}
