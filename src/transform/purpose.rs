//! What a command of a script is there for, as far as this migration is concerned.

use std::ops::Range;
use std::sync::Arc;

use super::images::demands;
use super::use_kubernetes_builder::DAEMON_VARIABLES;
use crate::shell::docker::{Compose, ContextVerb, Verb};
use crate::shell::{
    Command, Daemon, Docker, Hidden, Kind, Place, Redirect, Script, Statement, daemon, docker, hides_docker,
    other_daemon_users,
};

/// The purpose of one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Builds an image: `docker build`, `docker buildx build`.
    Build,
    /// Builds several images as a file says: `docker buildx bake`.
    Bake,
    /// Pushes, pulls or renames an image in the daemon's store.
    Image,
    /// Logs in to a registry, or out of it.
    Login,
    /// Makes, picks or shows the builder with the Kubernetes driver, or removes it.
    KubernetesBuilder,
    /// Serves a daemon that is about to go: contexts, `docker-container` builders, clean-up, probes (domain facts, 3).
    Plumbing,
    /// Works without a daemon: `imagetools`, `manifest`.
    Registry,
    /// Needs a daemon, and why.
    Needs { code: &'static str, message: String },
    /// May use docker where it cannot be seen, and how.
    Hidden { code: &'static str },
    /// Has nothing to do with docker, and does something.
    Other,
    /// Does nothing that lasts: `echo`, `sleep`, `true`, `set`.
    Idle,
}

/// What a command is for.
pub fn purpose(command: &Command) -> Purpose {
    understood(command).0
}

/// What a command is for, and the docker command that it is.
pub fn understood(command: &Command) -> (Purpose, Option<Arc<Docker>>) {
    if sets_only_the_daemon(command) {
        return (Purpose::Plumbing, None);
    }
    if let Some(docker) = docker(command) {
        let purpose = if only_tidies(command, &docker) { Purpose::Plumbing } else { of_docker(&docker) };
        // What a probe prints is kept: somebody reads it.
        return match command.redirects.iter().any(Redirect::is_to_file) && purpose == Purpose::Plumbing {
            true if let Daemon::Needed(why) = daemon(&docker) => {
                (Purpose::Needs { code: why.code, message: why.message }, Some(docker))
            }
            _ => (purpose, Some(docker)),
        };
    }
    let purpose = if let Some(reason) = other_daemon_users(command) {
        match reason.code == "docker-host" && is_probe(command) {
            true => Purpose::Plumbing,
            false => Purpose::Needs { code: reason.code, message: reason.message },
        }
    } else if let Some(hidden) = hides_docker(command) {
        match hidden.code {
            "expansion" | "shell-string" if logs_in(command) => Purpose::Login,
            "shell-string" if waits(command, &hidden) => Purpose::Plumbing,
            code => Purpose::Hidden { code },
        }
    } else if is_idle(command) {
        Purpose::Idle
    } else {
        Purpose::Other
    };
    (purpose, None)
}

/// Asks only whether the daemon answers: `nc -z docker 2375`, `curl http://docker:2375/_ping`.
fn is_probe(command: &Command) -> bool {
    let said = |text: &str| command.words.iter().any(|word| word.display().contains(text));
    let kept = command.context.substitution || command.context.pipeline.is_some();
    !kept
        && match command.name() {
            Some("nc" | "ncat" | "netcat" | "telnet") => said("237"),
            Some("ping" | "getent" | "nslookup") => true,
            Some("curl" | "wget") => said("/_ping"),
            _ => false,
        }
}

/// The login that version 1 of the AWS command line prints, to be run: `$(aws ecr get-login --no-include-email)`.
fn logs_in(command: &Command) -> bool {
    let mut words = command.words.iter().map(|word| word.raw().trim_start_matches('"'));
    let first = words.next();
    let printed = if first == Some("eval") { words.next() } else { first };
    let printed = printed.and_then(|raw| raw.strip_prefix("$(").or_else(|| raw.strip_prefix('`')));
    printed.is_some_and(|raw| raw.trim_start().starts_with("aws ecr get-login ")) && words.next().is_none()
}

/// A string for a shell that does nothing but wait for the daemon: `sh -c 'until docker info; do sleep 1; done'`.
fn waits(command: &Command, hidden: &Hidden) -> bool {
    let string = hidden.target.and_then(|word| command.words.get(word)).and_then(|word| word.value());
    let written = command.redirects.iter().any(Redirect::is_to_file);
    let kept = command.context.substitution || command.context.pipeline.is_some() || written;
    string.filter(|_| !kept).is_some_and(|string| {
        let script = Script::parse([string]);
        let top = || script.statements().iter().filter(|statement| statement.parent.is_none());
        let only_waits = |statement: &Statement| {
            let mut commands = statement.commands.iter().filter_map(|&number| script.commands().get(number));
            commands.all(|command| is_idle(command) && matches!(command.name(), Some("echo" | "sleep" | "true" | ":")))
        };
        let serves = |statement: &Statement| whole(&script, statement) == Whole::Plumbing;
        script.clean() && top().any(serves) && top().all(|statement| serves(statement) || only_waits(statement))
    })
}

/// Lists what a daemon holds for people to read, or removes it: of no use without one.
fn only_tidies(command: &Command, docker: &Docker) -> bool {
    let context = &command.context;
    let read = context.substitution || context.pipeline.is_some() || context.condition;
    let kept = command.redirects.iter().any(|redirect| redirect.target.display() != "/dev/null");
    let tidies = match &docker.verb {
        Verb::Images | Verb::Rmi => true,
        // Only shown, and not asked whether it is there.
        Verb::Inspect => context.chain.is_none() && !docker.operands.is_empty(),
        Verb::Other(name) => matches!(
            name.as_str(),
            "ps" | "history" | "image history" | "image prune" | "builder prune" | "container prune"
        ),
        _ => false,
    };
    let remote =
        matches!(daemon(docker), Daemon::Elsewhere(_)) || docker.globals.iter().any(|option| option.name == "context");
    // `docker rmi $(docker images -q)` asks the daemon what to remove: all of it is for a daemon.
    tidies && !read && !kept && !remote
}

/// What a docker command is for.
pub fn of_docker(docker: &Docker) -> Purpose {
    let verdict = daemon(docker);
    if let Daemon::Elsewhere(_) = verdict {
        return Purpose::Other;
    }
    let needs = |fallback: &'static str| match &verdict {
        Daemon::Needed(reason) | Daemon::Unknown(reason) => {
            Purpose::Needs { code: reason.code, message: reason.message.clone() }
        }
        _ => Purpose::Needs { code: fallback, message: "this needs a daemon".to_owned() },
    };
    let of_verb = of_verb(docker, &verdict, &needs);
    // What is said to another context by name is not this daemon's business.
    let context = |(name, value): &(String, Option<String>)| {
        name == "DOCKER_CONTEXT" && !matches!(value.as_deref(), None | Some("" | "default"))
    };
    let named = docker.globals.iter().any(|option| option.name == "context") || docker.environment.iter().any(context);
    let made = docker.verb == Verb::Context(ContextVerb::Create)
        && docker.options.iter().filter_map(|it| it.value.as_ref()).any(|value| value.display.contains("ssh://"));
    match of_verb {
        Purpose::Plumbing if named || made => Purpose::Needs {
            code: "remote-docker-host",
            message: "it may be for the daemon of another machine".to_owned(),
        },
        purpose => purpose,
    }
}

/// What a docker command is for by its verb.
fn of_verb(docker: &Docker, verdict: &Daemon, needs: &dyn Fn(&'static str) -> Purpose) -> Purpose {
    match &docker.verb {
        Verb::Login | Verb::Logout => Purpose::Login,
        Verb::Build | Verb::BuildxBuild => Purpose::Build,
        Verb::BuildxBake if *verdict == Daemon::Builder => Purpose::Bake,
        Verb::Push | Verb::Pull | Verb::Tag => Purpose::Image,
        Verb::Imagetools(_) | Verb::Manifest => Purpose::Registry,
        Verb::BuildxCreate if creates_kubernetes(docker) => Purpose::KubernetesBuilder,
        Verb::BuildxCreate | Verb::BuildxUse | Verb::BuildxLs | Verb::BuildxVersion => Purpose::Plumbing,
        Verb::BuildxRm | Verb::BuildxInspect => Purpose::Plumbing,
        Verb::BuildxOther(name) if matches!(name.as_str(), "stop" | "du" | "prune") => Purpose::Plumbing,
        Verb::Context(ContextVerb::Create | ContextVerb::Use | ContextVerb::Rm | ContextVerb::Ls) => Purpose::Plumbing,
        // Behind a command that nobody knows, `docker` may be any word.
        Verb::None if docker.wrappers.iter().any(|wrapper| !wrapper.known) => needs("docker-unknown"),
        Verb::Info | Verb::Version | Verb::None => Purpose::Plumbing,
        Verb::Compose(Compose::Down | Compose::Version) => Purpose::Plumbing,
        Verb::System if docker.verb_words.len() + docker.operands.len() > 1 && docker.flag("force") => {
            Purpose::Plumbing
        }
        _ => match verdict {
            Daemon::NotNeeded => Purpose::Registry,
            _ => needs("docker-unknown"),
        },
    }
}

/// What a whole statement is for: what all of its commands agree on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whole {
    /// Only serves the daemon.
    Plumbing,
    /// Only makes or removes the Kubernetes builder.
    KubernetesBuilder,
    /// Serves the daemon among other things.
    Mixed,
    /// Nothing in it serves the daemon.
    Other,
}

/// What a statement is for.
pub fn whole(script: &Script, statement: &Statement) -> Whole {
    let (mut plumbing, mut kubernetes, mut other) = (0, 0, 0);
    for command in statement.commands.iter().filter_map(|&index| script.commands().get(index)) {
        match purpose(command) {
            Purpose::Plumbing => plumbing += 1,
            Purpose::KubernetesBuilder => kubernetes += 1,
            Purpose::Idle if ends_for_another_reason(script, statement, command) || decides(statement, command) => {
                other += 1
            }
            Purpose::Idle => {}
            Purpose::Other if counts(script, statement, command) => {}
            _ => other += 1,
        }
    }
    let goes_on = |it: &&Command| it.context.captured && !it.context.substitution && purpose(it) == Purpose::Plumbing;
    let mut commands = statement.commands.iter().filter_map(|&number| script.commands().get(number));
    let mut kept = || commands.any(|it| goes_on(&it)) || script.sends_all() || is_kept(script, statement);
    if plumbing > 0 && (kept() || counter_is_read(script, statement)) {
        other += 1;
    }
    match (plumbing, kubernetes, other) {
        (0, 0, _) => Whole::Other,
        // `buildx inspect` and `buildx rm` beside a Kubernetes builder belong to it.
        (_, 1.., 0) => Whole::KubernetesBuilder,
        (1.., 0, 0) => Whole::Plumbing,
        _ => Whole::Mixed,
    }
}

/// Ends the job where it fails, as nothing in a loop that waits does but to give up; or looks for a file.
fn decides(statement: &Statement, command: &Command) -> bool {
    let name = command.name().unwrap_or_default();
    let files = ["-f", "-e", "-s", "-d", "-r", "-x"];
    let of_daemon = |text: &str| text.contains("docker.sock") || text.contains("/certs");
    let seeks = command.words.iter().any(|word| files.contains(&word.display())) && !of_daemon(command.raw());
    let fails = matches!(name, "test" | "[" | "[[" | "((" | "false") && command.context.guarded.is_none();
    demands(command.raw()) || fails && (statement.kind != Kind::Loop || seeks) || seeks && command.context.condition
}

/// Whether what a group or a loop prints goes to a file: `{ docker version; docker info; } > docker.txt`.
fn is_kept(script: &Script, statement: &Statement) -> bool {
    let Some(place) = statement.place() else { return false };
    let spans = statement.commands.iter().filter_map(|&number| script.commands().get(number)?.span.as_ref());
    let mut ends: Vec<Range<usize>> = spans.filter(|it| it.item == place.item).map(|it| it.range.clone()).collect();
    ends.sort_by_key(|range| range.start);
    ends.push(place.range.end..place.range.end);
    // What stands between the commands: brackets, keywords, and where a whole group is sent.
    let mut at = place.range.start;
    ends.into_iter().any(|command| {
        let text = script.slice(&Place { item: place.item, range: at.min(command.start)..command.start });
        at = at.max(command.end);
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        lines.flat_map(|line| line.split('>').skip(1)).any(|target| {
            let target = target.trim_start_matches('>').trim_start();
            !target.is_empty() && !target.starts_with('&') && !target.starts_with("/dev/null")
        })
    })
}

/// Whether something else reads the variable of a `for` loop.
fn counter_is_read(script: &Script, statement: &Statement) -> bool {
    let text: String = statement.places.iter().map(|place| script.slice(place)).collect();
    let Some(rest) = text.trim_start().strip_prefix("for").filter(|_| statement.kind == Kind::Loop) else {
        return false;
    };
    let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
    let name = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
    let reads = |text: &str| text.matches(&format!("${name}")).count() + text.matches(&format!("${{{name}")).count();
    !name.is_empty() && reads(script.text()) > reads(&text)
}

/// Ends the job, and not because the daemon does not answer: `if [ "$BRANCH" != main ]; then docker image prune -f; exit 0; fi`.
/// A loop that waits may give up after a while.
fn ends_for_another_reason(script: &Script, statement: &Statement, command: &Command) -> bool {
    if !matches!(command.name(), Some("exit" | "return")) {
        return false;
    }
    let inside = |other: &Statement| {
        let around = std::iter::successors(other.parent, |&number| script.statements().get(number)?.parent);
        around.filter_map(|number| script.statements().get(number)).any(|around| std::ptr::eq(around, statement))
    };
    let decides = |other: &Statement| matches!(other.kind, Kind::Test | Kind::Case);
    let mut all = script.statements().iter().filter(|other| std::ptr::eq(*other, statement) || inside(other));
    let mut commands = statement.commands.iter().filter_map(|&number| script.commands().get(number));
    let tested = all.any(decides) || commands.any(|command| matches!(command.name(), Some("test" | "[" | "[[")));
    let fails = command.words.get(1).is_some_and(|code| !matches!(code.display(), "0" | "$?"));
    tested && !(statement.kind == Kind::Loop && fails)
}

/// Sets variables that nothing outside the statement reads, such as the counter of a loop that waits.
fn counts(script: &Script, statement: &Statement, command: &Command) -> bool {
    let plain = |value: &str| !value.contains('`') && !value.replace("$((", "").contains("$(");
    let own = |name: &str| {
        let reads =
            |text: &str| text.matches(&format!("${name}")).count() + text.matches(&format!("${{{name}")).count();
        let inside: usize = statement.places.iter().map(|place| reads(script.slice(place))).sum();
        inside == reads(script.text())
    };
    statement.kind == Kind::Loop
        && command.words.is_empty()
        && command
            .assignments
            .iter()
            .all(|set| set.value.as_ref().is_some_and(|value| plain(value.raw())) && own(&set.name))
}

/// Whether a `buildx create` makes a builder with the Kubernetes driver.
pub fn creates_kubernetes(docker: &Docker) -> bool {
    docker.verb == Verb::BuildxCreate
        && docker
            .last("driver")
            .and_then(|option| option.value.as_ref())
            .is_some_and(|value| value.display == "kubernetes")
}

/// `export DOCKER_HOST=…`, `unset DOCKER_TLS_VERIFY`, `DOCKER_HOST=…`: of the client's daemon and of nothing else.
fn sets_only_the_daemon(command: &Command) -> bool {
    let is_one = |name: &str| DAEMON_VARIABLES.contains(&name.split('=').next().unwrap_or(name));
    match command.words.split_first() {
        None => {
            !command.assignments.is_empty() && command.assignments.iter().all(|assignment| is_one(&assignment.name))
        }
        Some((name, rest)) => {
            let sets = matches!(name.value(), Some("export" | "unset" | "declare"));
            let words = rest.iter().all(|word| is_one(word.display()));
            sets && words
                && command.assignments.iter().all(|a| is_one(&a.name))
                && rest.len() + command.assignments.len() > 0
        }
    }
}

fn is_idle(command: &Command) -> bool {
    if command.words.is_empty() {
        return false;
    }
    let idle = matches!(
        command.name(),
        Some(
            "echo"
                | "printf"
                | "sleep"
                | "true"
                | ":"
                | "false"
                | "test"
                | "["
                | "[["
                | "(("
                | "date"
                | "seq"
                | "exit"
                | "break"
                | "continue"
        )
    );
    idle && !command.redirects.iter().any(Redirect::is_to_file)
}
