//! What reads the variables or the certificates of a daemon that goes.

use super::super::draft::Draft;
use super::super::environment;
use super::super::images::{demands, switches};
use super::super::left::Reason;
use super::super::purpose::{Purpose, purpose};
use super::DAEMON_VARIABLES;
use crate::shell::{Command, Place, Script};

/// What stays of the scripts, and reads a variable that is emptied or looks into the folder of the daemon's certificates, other than
/// to print it.
pub(in super::super) fn readers(draft: &Draft<'_, '_>) -> Vec<Reason> {
    let mut found = Vec::new();
    let folders = certificates(draft);
    // Another variable for the same folder: `CERTS: /certs/client`.
    let named = draft.facts.effective.variables().filter(|variable| {
        let text = variable.setting.variable_text();
        !DAEMON_VARIABLES.contains(&&*variable.key) && folders.iter().any(|folder| names_path(&text, folder))
    });
    let named: Vec<String> = named.map(|variable| variable.key.to_string()).collect();
    for (number, part) in draft.facts.parts.iter().enumerate() {
        for (index, item) in draft.items(part.section).iter().enumerate().filter(|(_, item)| !item.dropped) {
            let is_here = |command: &Command| command.span.as_ref().is_some_and(|span| span.item == index);
            let text = without_prints(item.result(), &part.script, is_here);
            let mut reason = |code, message| {
                let place = Place { item: index, range: 0..0 };
                found.push(draft.reason(number, Some(&place), code, message));
            };
            if let Some(name) = DAEMON_VARIABLES.iter().find(|name| text.contains(*name)) {
                reason("reads-daemon-variable", format!("uses `{name}`, which would be empty"));
            } else if let Some(folder) = folders.iter().chain(&named).find(|folder| names_path(&text, folder)) {
                let message = format!("looks into `{folder}`, where only the daemon puts its certificates");
                reason("docker-certificates", message);
            } else if text.contains("${!DOCKER")
                || part.script.commands().iter().any(|command| is_here(command) && searches(command))
            {
                reason("reads-daemon-variable", "searches the daemon's variables, which would be empty".to_owned());
            }
        }
    }
    found
}

/// What a script of the repository hangs on that only a daemon beside the job gives, or that decides which client and builder the job
/// has: the words that say so.
pub fn hangs_on_daemon(script: &Script) -> Option<&'static str> {
    const NAMES: [&str; 11] = [
        "${!DOCKER",
        "cli-plugins",
        "docker-buildx",
        "docker-cli-buildx",
        "DOCKER_CONTEXT",
        "DOCKER_CONFIG",
        "DOCKER_BUILDKIT",
        "DOCKER_DEFAULT_PLATFORM",
        "DOCKER_CONTENT_TRUST",
        "BUILDX_",
        "BUILDKIT_",
    ];
    let text = without_prints(script.text().to_owned(), script, |_| true);
    let lines = || text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let mut names = DAEMON_VARIABLES.into_iter().chain(NAMES);
    let named = names.find(|name| lines().any(|line| line.contains(name)));
    let certificates = || lines().any(|line| names_path(line, "/certs")).then_some("/certs");
    let searched = || script.commands().iter().any(searches).then_some("DOCKER");
    named.or_else(certificates).or_else(searched)
}

/// A text without those of its script's commands that only print something.
fn without_prints(text: String, script: &Script, is_here: impl Fn(&Command) -> bool) -> String {
    let commands = || script.commands().iter();
    // `exec > log` takes up what is printed behind it; `set -u` ends the job where a variable is gone.
    let taken = |command: &Command| {
        let all = command.words.len() == 1 && command.redirects.iter().any(|it| it.operator.contains('>'));
        command.name() == Some("exec") && all || switches(command, &['-'], ('u', "nounset"))
    };
    let strict = script.text().lines().next().is_some_and(|line| line.starts_with("#!") && line.contains(" -"));
    if strict || is_redirected(&text) || commands().any(taken) {
        return text;
    }
    let printed = commands().filter(|command| is_here(command) && prints(command));
    printed.fold(text, |text, print| text.replacen(print.raw(), "", 1))
}

/// Whether a command only prints its words, for people to read. A test decides by them.
fn prints(command: &Command) -> bool {
    let context = &command.context;
    let kept = context.substitution || context.pipeline.is_some() || context.condition || context.function.is_some();
    let variable = command.words.get(1).is_some_and(|word| word.display().starts_with("-v"));
    let prints = command.name() == Some("echo") || command.name() == Some("printf") && !variable;
    prints && !kept && !demands(command.raw()) && purpose(command) == Purpose::Idle
}

/// Whether a command looks for variables by the beginning of their names: `env | grep ^DOCKER`.
fn searches(command: &Command) -> bool {
    let is_beginning = |text: &str| {
        text.match_indices("DOCKER").any(|(at, name)| {
            let rest = &text[at + name.len()..];
            !rest.strip_prefix('_').unwrap_or(rest).starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        })
    };
    let selects = matches!(command.name(), Some("grep" | "egrep" | "fgrep" | "rg" | "awk" | "sed" | "compgen"));
    selects && command.words.iter().skip(1).any(|word| is_beginning(word.display()))
}

/// Whether what a group prints goes to a file or to another command: `{ …; } > x`, `done | grep y`.
fn is_redirected(text: &str) -> bool {
    ["}", ")", "fi", "done", "esac"].iter().any(|end| {
        text.match_indices(end).any(|(at, _)| {
            let rest = text[at + end.len()..].trim_start_matches([' ', '\t', '1', '2', '&']);
            rest.starts_with('>') || rest.starts_with('|') && !rest.starts_with("||")
        })
    })
}

/// The folders where the daemon puts its certificates: docker's image of it says `/certs`, unless it is told otherwise
/// (docker-library/docker, `dockerd-entrypoint.sh`).
fn certificates(draft: &Draft<'_, '_>) -> Vec<String> {
    let told = draft.facts.effective.variable("DOCKER_TLS_CERTDIR").map(|it| it.setting.variable_text().into_owned());
    let told = told.unwrap_or_else(|| "/certs".to_owned());
    let folders = environment::expansions(draft, told.trim_end_matches('/')).into_iter();
    folders.filter(|folder| folder.starts_with('/') && !folder.contains('$')).collect()
}

/// Whether a text names a folder, or what is below it; or a variable.
fn names_path(text: &str, folder: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '}');
    text.match_indices(folder).any(|(at, _)| {
        let before = &text[..at];
        // A quote may end what the path goes on from: `"$PWD"/certs`.
        let goes_on = before.strip_suffix(['"', '\'']).unwrap_or(before).ends_with(is_part);
        let behind = text[at + folder.len()..].chars().next();
        !goes_on && !behind.is_some_and(|c| !matches!(c, '/' | '}') && is_part(c))
    })
}
