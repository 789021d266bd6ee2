//! The variables that a shell may set on its way.

use std::collections::BTreeSet;

use crate::shell::Command;

/// The variables that a command may set.
pub(super) enum Sets {
    These(BTreeSet<String>),
    Anything,
}

/// What a command sets by its name and its assignments.
pub(super) fn set_by(command: &Command) -> Sets {
    let words = || command.words.iter().skip(1).map(|word| word.display());
    let mut names: BTreeSet<String> = BTreeSet::new();
    if command.words.is_empty() {
        names.extend(command.assignments.iter().map(|set| set.name.clone()));
    }
    match command.name() {
        Some(
            "export" | "declare" | "local" | "readonly" | "typeset" | "unset" | "read" | "mapfile" | "readarray"
            | "getopts",
        ) => {
            names.extend(command.assignments.iter().map(|set| set.name.clone()));
            for name in words().map(|word| word.split(['=', '+']).next().unwrap_or(word)) {
                // `export "$NAME=$X"`, `export $(cat .env)`, another name for a variable: `declare -n NAME=X`
                let another = name.starts_with('-') && name.contains('n') && command.name() != Some("export");
                if name.contains(['$', '`']) || another {
                    return Sets::Anything;
                }
                names.insert(name.to_owned());
            }
        }
        Some("cd" | "pushd" | "popd") => names.extend(["PWD", "OLDPWD"].map(String::from)),
        Some("set" | "shift") => names.extend(('1'..='9').map(String::from)),
        Some("printf") => match words().next().and_then(|word| word.strip_prefix("-v")) {
            Some("") => names.extend(words().nth(1).map(str::to_owned)),
            Some(name) => names.extend([name.to_owned()]),
            None => {}
        },
        Some("eval" | "source" | "." | "let") => return Sets::Anything,
        _ => {}
    }
    Sets::These(names)
}

/// Whether the shell gives a variable another value each time that it is read, or with each command (bash, "Bash Variables").
pub(super) fn changes_by_itself(name: &str) -> bool {
    const CHANGING: &str =
        "RANDOM SRANDOM SECONDS EPOCHSECONDS EPOCHREALTIME LINENO BASHPID BASH_COMMAND FUNCNAME PIPESTATUS _";
    CHANGING.split(' ').any(|one| one == name)
}

/// Whether a command has another run before every one that follows, or after each that fails: `trap 'N=$((N + 1))' DEBUG`.
pub(super) fn runs_always(command: &Command) -> bool {
    let mut signals = command.words.iter().skip(2).map(|word| word.display());
    command.name() == Some("trap") && signals.any(|signal| matches!(signal, "DEBUG" | "ERR" | "RETURN"))
}

/// The variables that a text sets other than by a command of its own: `${NAME:=x}`, `$((NAME += 1))`, `for NAME in …`. More
/// may be named than are set.
pub(in crate::transform) fn set_within(text: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for (at, open) in text.match_indices("${") {
        let (name, rest) = name(&text[at + open.len()..]);
        if rest.starts_with(":=") || rest.starts_with('=') {
            names.insert(name);
        }
    }
    for (at, open) in text.match_indices("((") {
        let inner = &text[at + open.len()..];
        let inner = inner.split("))").next().unwrap_or(inner);
        if inner.contains('=') || inner.contains("++") || inner.contains("--") {
            names.extend(inner.split(|c: char| !is_name(c)).filter(|word| !word.is_empty()));
        }
    }
    let mut words = text.split_whitespace().map(|word| word.trim_start_matches([';', '(', '{']));
    while let Some(word) = words.next() {
        if matches!(word, "for" | "select") {
            names.extend(words.next());
        }
    }
    names
}

/// The name that a text begins with, and what follows.
fn name(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !is_name(c)).unwrap_or(text.len()))
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_are_seen_in_expansions_arithmetic_and_loops() {
        let set = |text| set_within(text).into_iter().collect::<Vec<_>>();
        assert_eq!(set("echo \"${A:=x}\" ${B=y} ${C:-z} ${D:?} ${E}"), ["A", "B"]);
        assert_eq!(set("sleep $((N += 1)); ((M++)); echo $((a + b))"), ["1", "M", "N"]);
        assert_eq!(set("x=1; for V in 1 2; do (select W in a; do :; done) done"), ["V", "W"]);
        assert!(set("docker push $IMAGE:$TAG").is_empty());
    }
}
