//! What commands a push may move over.

use crate::shell::{Command, Redirect};
use crate::transform::purpose::{Purpose, purpose};

/// Whether a push may move over a command: it only tells something, sets a variable, or handles images itself.
pub(super) fn is_harmless(command: &Command) -> bool {
    if demands(command.raw()) {
        return false;
    }
    if command.words.is_empty() {
        return command.assignments.iter().all(|set| {
            set.value.as_ref().is_some_and(|value| !value.raw().contains("$(") && !value.raw().contains('`'))
        });
    }
    // `$((1 / X))`
    if command.raw().match_indices("$((").any(|(at, _)| command.raw()[at..].contains(['/', '%'])) {
        return false;
    }
    let expands = command.words.iter().any(|word| word.raw().contains(['`', '(']));
    let tells = match command.name() {
        Some("echo" | "true" | ":" | "pwd" | "env" | "set") => true,
        // Each stops the job on what it cannot read.
        Some("printf") => {
            let format = command.words.get(1).map(|word| word.display().replace("%s", "").replace("%%", ""));
            format.is_some_and(|format| !format.starts_with('-') && !format.contains('%'))
        }
        Some("sleep") => command.words.iter().skip(1).all(|word| {
            let number = word.display().trim_end_matches(['s', 'm', 'h']);
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        }),
        Some("date") => command.words.iter().skip(1).all(|word| {
            word.display().starts_with('+') || matches!(word.display(), "-u" | "--utc" | "-R" | "-I" | "-Iseconds")
        }),
        // What is named may be missing.
        Some("ls" | "printenv") => command.words.iter().skip(1).all(|word| word.display().starts_with('-')),
        Some("export") => !expands,
        // What an `if` asks does not stop the job.
        Some("[" | "test") => command.context.condition && !expands,
        Some("[[" | "((") => {
            command.context.condition && !command.raw().contains(['`']) && !command.raw().contains("$(")
        }
        // Back to where the job began, which is there.
        Some("cd") => matches!(
            command.words.get(1).map(|word| word.display()),
            Some(".." | "-" | "$CI_PROJECT_DIR" | "${CI_PROJECT_DIR}" | "$OLDPWD")
        ),
        _ => false,
    };
    // What it reads may be missing.
    let reads = |it: &Redirect| it.operator.ends_with('<') && !it.operator.contains("<<");
    let touches_files = command.redirects.iter().any(|it| it.is_to_file() || reads(it));
    match purpose(command) {
        Purpose::Image | Purpose::Plumbing => true,
        _ => tells && !touches_files,
    }
}

/// Whether a command does nothing that lasts beyond the shell that it runs in, and takes no time: it sets a variable, tests, says by
/// which account a cloud is asked, or is a substitution that reads something.
pub(super) fn stays_in_the_shell(command: &Command) -> bool {
    const READERS: &str = "cat echo printf git date sed cut tr head tail grep awk jq basename dirname";
    let name = command.name().unwrap_or_default();
    let words = |known: &[&str]| command.words.iter().any(|word| known.contains(&word.display()));
    let own = command.words.is_empty()
        || matches!(name, "export" | "local" | "cd" | "set" | "test" | "[" | "[[" | "((" | "exit" | "return")
        || matches!(name, "break" | "continue" | "true" | "false" | ":" | "echo" | "printf");
    let reads = command.context.substitution && READERS.split(' ').any(|reader| reader == name);
    let account = matches!(name, "gcloud" | "aws" | "az") && words(&["auth", "config", "configure", "login", "sts"]);
    (own || reads || account) && !command.redirects.iter().any(Redirect::is_to_file)
}

/// Whether a name, or a part of it, is that of a test: `test`, `app:e2e`, `lint-web`.
pub(super) fn is_test_name(text: &str) -> bool {
    const WORDS: &str = "test tests tested testing lint check checks qa e2e spec unit integration verify";
    let mut parts = text.split(|c: char| !c.is_ascii_alphanumeric());
    let ends_so = |part: &str| part != "latest" && (part.ends_with("test") || part.ends_with("tests"));
    parts.any(|part| WORDS.split(' ').any(|word| part.eq_ignore_ascii_case(word)) || ends_so(part))
}

/// Whether a command switches an option of the shell by its letter or its name: `set -e`, `set +eu`, `set -o errexit`.
pub(in crate::transform) fn switches(command: &Command, signs: &[char], (letter, name): (char, &str)) -> bool {
    let named = command.words.iter().any(|word| word.display() == name);
    let is_one = |word: &str| {
        word.strip_prefix(signs).is_some_and(|flags| flags.contains(letter) || named && flags.contains('o'))
    };
    command.name() == Some("set") && command.words.iter().skip(1).any(|word| is_one(word.display()))
}

/// Whether a text stops the shell where a variable is missing: `${NAME:?why}` (POSIX, 2.6.2).
pub(in crate::transform) fn demands(text: &str) -> bool {
    text.match_indices("${").any(|(at, _)| {
        let name = text[at + 2..].trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "_[]@*".contains(c));
        name.starts_with(":?") || name.starts_with('?')
    })
}

/// Whether a variable has a value in every job (GitLab, "Predefined CI/CD variables"), or in every shell.
pub(super) fn always_set(name: &str) -> bool {
    const SOME: [&str; 9] = [
        "CI_COMMIT_TAG",
        "CI_COMMIT_BRANCH",
        "CI_MERGE_REQUEST",
        "CI_OPEN_MERGE",
        "CI_ENVIRONMENT",
        "CI_DEPLOY",
        "CI_EXTERNAL",
        "CI_KUBERNETES",
        "CI_RELEASE",
    ];
    let of_gitlab = name.starts_with("CI_") || name.starts_with("GITLAB_");
    matches!(name, "HOME" | "PWD" | "PATH" | "CI") || of_gitlab && !SOME.iter().any(|some| name.starts_with(some))
}

/// A text without the variables that have a value for when they are not set: `${NAME:-none}`.
pub(super) fn without_defaults(text: &str) -> String {
    let mut parts = text.split("${");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let has_default = [":-", "-", ":+", "+", ":=", "="].iter().any(|sign| rest.starts_with(sign));
        out.push_str(if has_default { rest } else { "${" });
        out.push_str(if has_default { "" } else { part });
    }
    out
}
