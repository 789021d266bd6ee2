//! Commands whose inside is not visible.

use std::ops::Range;

use super::docker::is_in;
use super::docker::wrap::{base, target};
use super::familiar::{is_familiar, is_silent, verbs, without_version};
use super::package::verb;
use super::programs::{self, awk_runs, is_inline};
use super::tools::{hands_on, own_program, speaks, takes, tool};
use super::{Command, Script, Word, docker, mentions_docker, other_daemon_users, project_files};

/// A command that runs something that the script does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// Stable, kebab-case: `make`, `task`, `just`, `rake`, `invoke`, `package-script`, `package-runner`, `gradle`, `maven`, `sbt`,
    /// `bazel`, `test-runner`, `ansible`, `deployer`, `pre-commit`, `goreleaser`, `terraform`, `script`, `interpreter`, `shell-string`, `shell-input`, `alias`,
    /// `says-docker`, `unknown-command`, `expansion`.
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
    if docker(command).is_some() {
        None
    } else {
        of_program(&command.words, command.program_at(), depth).or_else(|| of_input(command))
    }
}

/// A language that reads its program from its input: `python3 - <<EOF`, `… | node`.
fn of_input(command: &Command) -> Option<Hidden> {
    let fed = command.redirects.iter().any(|redirect| redirect.operator.contains('<'))
        || command.context.pipeline.as_ref().is_some_and(|pipeline| pipeline.position > 0);
    let at = fed.then(|| command.program_at()).flatten()?;
    let name = without_version(base(command.words.get(at)?.value()?));
    let mut rest = command.words.iter().skip(at + 1).map(Word::display);
    let program = rest.any(|word| !word.starts_with('-') || is_inline(name, word));
    (is_language(name) && !program).then_some(Hidden { code: "interpreter", target: None })
}

/// Whether a program is a shell of the POSIX family.
pub(super) fn is_shell(name: &str) -> bool {
    matches!(name, "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh")
}

fn is_language(name: &str) -> bool {
    matches!(name, "python" | "node" | "ruby" | "perl" | "php" | "pwsh")
}

fn of_words(words: &[Word], depth: usize) -> Option<Hidden> {
    of_program(words, target(words), depth)
}

fn of_program(words: &[Word], at: Option<usize>, depth: usize) -> Option<Hidden> {
    let at = at?;
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
    if project_files::of_words(words, at).is_some() {
        return says_docker(words, at, name).or_else(|| hidden("task"));
    }
    match without_version(name) {
        "go" | "cargo" | "dotnet" | "mix" | "deno" => match argument.unwrap_or_default() {
            // `dotnet tool restore`, and not `dotnet tool run x`.
            "tool" if name == "dotnet" && !words.iter().any(|word| matches!(word.display(), "run" | "exec")) => None,
            "tool"
                if name == "go" && words.iter().any(|word| is_in("cover covdata nm objdump vet", word.display())) =>
            {
                None
            }
            "test" | "nextest" | "vstest" | "llvm-cov" | "tarpaulin" => hidden("test-runner"),
            _ if is_familiar(words, at, name) => None,
            _ => hidden("task"),
        },
        "npm" | "yarn" | "pnpm" | "bun" | "composer" => {
            let verb = verb(words, at, name)?;
            // `yarn workspaces list`
            let of_all = words.get(verb)?.display() == "workspaces";
            if of_all && words.get(verb + 1).is_none_or(|word| is_in("list info focus", word.display())) {
                return None;
            }
            let code = package(name, words.get(verb)?.value().unwrap_or_default())?;
            Some(Hidden { code, target: Some(verb) })
        }
        "moon" => (argument == Some("run")).then_some(()).and_then(|()| hidden("task")),
        "goreleaser" => matches!(argument, None | Some("build" | "release" | "continue" | "publish"))
            .then_some(())
            .and_then(|()| hidden("goreleaser")),
        "terraform" | "tofu" | "terragrunt" => {
            const ACTS: &str = "apply plan destroy import refresh test run run-all";
            words
                .iter()
                .skip(at + 1)
                .any(|word| is_in(ACTS, word.display()))
                .then_some(())
                .and_then(|()| hidden("terraform"))
        }
        "find" => executed(words, at, depth),
        "run-parts" => hidden("script"),
        "alias" => {
            let value = |word: &Word| text(word).split_once('=').map(|(_, value)| value.to_owned());
            let speaks = |value: String| mentions_docker(&value) || string(&value, depth);
            let mut words = words.iter().enumerate().skip(at + 1);
            let found = words.find(|(_, word)| value(word).is_some_and(speaks));
            found.map(|(index, _)| Hidden { code: "alias", target: Some(index) })
        }
        // A file of the system's or of a tool's sets variables: `. /etc/os-release`, `. .venv/bin/activate`.
        "." | "source" if next.and_then(|next| words.get(next)).is_some_and(|word| is_elsewhere(word.display())) => {
            None
        }
        "." | "source" => hidden("script"),
        "awk" | "gawk" | "mawk" => {
            let mut words = words.iter().enumerate().skip(at + 1);
            let found = words.find(|(_, word)| awk_runs(text(word)));
            found.map(|(index, _)| Hidden { code: "shell-string", target: Some(index) })
        }
        "git" if argument == Some("submodule") => {
            let from = words.iter().position(|word| word.display() == "foreach")?;
            again(words, operand(words, from + 1)?..words.len(), depth)
        }
        "eval" => again(words, at + 1..words.len(), depth),
        // `trap - EXIT` takes one away.
        "trap" => {
            let from = at + 1 + usize::from(words.get(at + 1).is_some_and(|word| word.display() == "--"));
            words.get(from).filter(|word| !word.display().starts_with('-'))?;
            again(words, from..from + 1, depth)
        }
        "su" | "sg" => shell(words, at, depth),
        name if is_shell(name) => shell(words, at, depth),
        language if is_language(language) => {
            let rest = || words.iter().skip(at + 1);
            let inline = rest().any(|word| is_inline(language, word.display()));
            let shown = rest().any(|word| programs::runs(language, word));
            // It looks for the tests itself.
            if language == "node" && next.is_none() && rest().any(|word| word.display() == "--test") {
                return Some(Hidden { code: "test-runner", target: None });
            }
            // PowerShell's own commands are not told from others.
            let shown = shown || inline && language == "pwsh";
            (next.is_some() && (shown || !inline)).then_some(Hidden { code: "interpreter", target: next })
        }
        _ if written.starts_with("/kaniko/") => None,
        _ if let Some(at) = programs::by_option(words, at, name) => {
            Some(Hidden { code: "shell-string", target: Some(at) })
        }
        _ if written.contains('/') && !is_system(written) => Some(Hidden { code: "script", target: Some(at) }),
        _ if let Some(code) = own_program(words, at, name) => Some(Hidden { code, target: Some(at) }),
        _ if speaks(name) => None,
        // One of the folders that `PATH` names.
        _ if written.ends_with(".sh") => Some(Hidden { code: "script", target: Some(at) }),
        _ => in_one_word(words, at, depth).or_else(|| says_docker(words, at, name)).or_else(|| {
            (!is_familiar(words, at, name)).then_some(Hidden { code: "unknown-command", target: Some(at) })
        }),
    }
}

/// A command line in one word, handed to a command that nobody knows: `sops exec-env x "docker compose up"`,
/// `busybox sh -c 'docker run x'`, `nix-shell --run='docker run x'`.
fn in_one_word(words: &[Word], at: usize, depth: usize) -> Option<Hidden> {
    let mut rest = words.iter().enumerate().skip(at + 1);
    let found = rest.find(|(_, word)| {
        let text = text(word);
        let line = text.strip_prefix("--").and_then(|option| option.split_once('=')).map_or(text, |(_, value)| value);
        line.contains(' ') && (mentions_docker(line) || hands_on(words, at)) && string(line, depth)
    });
    found.map(|(index, _)| Hidden { code: "shell-string", target: Some(index) })
}

/// A command that nobody knows and that is told to use docker: `nextflow run x -profile docker`, `mlflow models build-docker`,
/// `sam build --use-docker`, `inspec exec . -t docker://x`.
fn says_docker(words: &[Word], at: usize, name: &str) -> Option<Hidden> {
    let told = |text: &str| {
        let text = if text.starts_with("--") { text.split_once('=').map_or(text, |(_, value)| value) } else { text };
        let other =
            text.contains(['/', '.', '$', ' ', '=']) || text.contains("dockerfile") || text.contains("docker-image");
        text.starts_with("docker:") || text.contains("docker") && !other
    };
    let mut rest = words.iter().enumerate().skip(at + 1);
    let found = rest.find(|(_, word)| told(word.display())).filter(|_| !is_silent(name))?.0;
    (!takes(words, at, found)).then_some(Hidden { code: "says-docker", target: Some(found) })
}

/// The first word that is no option.
fn operand(words: &[Word], from: usize) -> Option<usize> {
    let mut rest = words.iter().enumerate().skip(from);
    rest.find(|(_, word)| !word.display().starts_with(['-', '+'])).map(|(index, _)| index)
}

/// A path of the system's, not the repository's own.
fn is_system(name: &str) -> bool {
    const SYSTEM: [&str; 8] =
        ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/opt/", "/kaniko/", "/etc/"];
    SYSTEM.iter().any(|prefix| name.starts_with(prefix))
}

/// A file that is none of the repository's: the system's, the user's, what `venv` makes.
fn is_elsewhere(file: &str) -> bool {
    let home = ["~/", "$HOME/", "${HOME}/", "/root/", "$NVM_DIR/", "${NVM_DIR}/"];
    is_system(file) || file.ends_with("/bin/activate") || home.iter().any(|prefix| file.starts_with(prefix))
}

/// Package managers run scripts by name, `yarn e2e` like `yarn run e2e`, and their own verbs are not scripts.
fn package(manager: &str, verb: &str) -> Option<&'static str> {
    match verb {
        "exec" | "dlx" | "x" | "create" => Some("package-runner"),
        _ => (!is_in(verbs(manager)?, verb)).then_some("package-script"),
    }
}

/// Words that a shell reads once more.
fn again(words: &[Word], range: Range<usize>, depth: usize) -> Option<Hidden> {
    let target = Some(range.start);
    let read = words.get(range)?;
    // The one idiom that is everywhere, and prints assignments only.
    let agent = read.iter().any(|word| word.display().contains("ssh-agent"));
    (!agent && string(&joined(read), depth)).then_some(Hidden { code: "shell-string", target })
}

/// `sh -c '…'`, `bash script.sh`, `… | bash`.
fn shell(words: &[Word], at: usize, depth: usize) -> Option<Hidden> {
    let mut takes_string = false;
    let mut next = at + 1;
    while let Some(display) = words.get(next).map(Word::display) {
        let Some(letters) = display.strip_prefix(['-', '+']) else {
            // `su user -c '…'`
            let user = matches!(words.get(at).and_then(Word::value), Some("su" | "sg")) && !takes_string;
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

/// Whether a command calls a function that a script defines, itself or by `trap cleanup EXIT`, and hides nothing else.
pub fn calls_own(script: &Script, command: &Command) -> bool {
    let traps = || {
        let trapped = command.words.get(1).filter(|_| command.name() == Some("trap"))?;
        let trapped = Script::parse([text(trapped)]);
        let shown = |it: &Command| docker(it).is_some() || other_daemon_users(it).is_some();
        let fine = |it: &Command| script.defines(it) || !shown(it) && hides_docker(it).is_none();
        Some(trapped.clean() && trapped.commands().iter().all(fine))
    };
    script.defines(command) || traps().unwrap_or_default()
}

/// The program that a command runs in the end, without its folder: `pytest` of `poetry run pytest`.
pub fn program(command: &Command) -> Option<&str> {
    command.words.get(command.program_at()?)?.value().map(base)
}

/// What `find` runs for each file that it finds: `find ci -name '*.sh' -exec sh {} \;`.
fn executed(words: &[Word], at: usize, depth: usize) -> Option<Hidden> {
    let starts = words.iter().enumerate().skip(at + 1);
    let starts = starts.filter(|(_, word)| matches!(word.display(), "-exec" | "-execdir" | "-ok" | "-okdir"));
    starts.map(|(index, _)| index + 1).find_map(|from| {
        let rest = words.get(from..)?;
        let is_end = |word: &Word| word.value() == Some(";") || word.value() == Some("+");
        let rest = rest.get(..rest.iter().position(is_end).unwrap_or(rest.len()))?;
        // The file itself is run.
        if rest.first()?.display() == "{}" {
            return Some(Hidden { code: "script", target: Some(from) });
        }
        let Hidden { code, target } = of_words(rest, depth)?;
        Some(Hidden { code, target: target.map(|target| target + from) })
    })
}

/// What stands in command position, as written, where it is an expansion: `$DC` of `timeout 60 $DC up`, of `sh -c "$DC up"`
/// and of `eval "$DC up"`.
pub fn expansions_run(command: &Command) -> Vec<String> {
    let mut found = Vec::new();
    gather(&command.words, DEPTH, &mut found);
    found
}

fn gather(words: &[Word], depth: usize, found: &mut Vec<String>) {
    let (Some(at), Some(depth)) = (target(words), depth.checked_sub(1)) else { return };
    for word in words.iter().skip(at).take_while(|word| word.value().is_none()) {
        found.push(word.display().to_owned());
        // A variable alone may be nothing, or a prefix: `$SUDO $DC up`.
        if word.display().contains('/') {
            break;
        }
    }
    let again = match words.get(at).and_then(Word::value).map(base) {
        Some("eval" | "trap") => words.get(at + 1..),
        Some(name) if name == "su" || is_shell(name) => {
            let string = words.iter().skip(at + 1).position(|word| {
                word.display()
                    .strip_prefix('-')
                    .is_some_and(|letters| !letters.starts_with('-') && letters.contains('c'))
            });
            string.and_then(|option| words.get(at + option + 2..at + option + 3))
        }
        Some("find") => {
            let run = words.iter().position(|word| matches!(word.display(), "-exec" | "-execdir" | "-ok" | "-okdir"));
            if let Some(words) = run.and_then(|option| words.get(option + 1..)) {
                gather(words, depth, found);
            }
            None
        }
        _ => None,
    };
    if let Some(words) = again {
        let script = Script::parse([joined(words)]);
        script.commands().iter().for_each(|command| gather(&command.words, depth, found));
    }
}

/// What a shell that is given this word reads.
fn text(word: &Word) -> &str {
    word.value().unwrap_or(word.display())
}

fn joined(words: &[Word]) -> String {
    words.iter().map(text).collect::<Vec<_>>().join(" ")
}

/// Whether a text that a shell reads once more holds anything that matters here.
fn string(text: &str, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return true;
    };
    let script = Script::parse([text]);
    !script.clean()
        || script.commands().iter().any(|command| {
            let hidden = || hides(command, depth).is_some() && !calls_own(&script, command);
            docker(command).is_some() || other_daemon_users(command).is_some() || hidden()
        })
}
