//! What stands before `docker` on a command line.

use super::super::{Command, Word};
use super::table;
use super::{Endpoint, Wrapper};

/// Where the program is, and what was before it.
pub(super) struct Found {
    pub(super) program: usize,
    pub(super) name: Program,
    pub(super) wrappers: Vec<Wrapper>,
    /// `NAME=value` words of `env` and `sudo`.
    pub(super) environment: Vec<(String, Option<String>)>,
    pub(super) endpoint: Option<Endpoint>,
}

/// The programs that this module understands.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Program {
    Docker,
    Compose,
    Buildx,
}

/// A prefix that runs the words after its options.
struct Prefix {
    name: &'static str,
    /// As in [`table`].
    options: &'static str,
    /// How many words of its own come after the options: the duration of `timeout`.
    operands: usize,
    /// It takes `NAME=value` words.
    assigns: bool,
    /// What is run is what is written: `xargs` adds words, `eval` reads them again.
    exact: bool,
}

const fn prefix(name: &'static str, options: &'static str) -> Prefix {
    Prefix {
        name,
        options,
        operands: 0,
        assigns: false,
        exact: true,
    }
}

/// From the manual pages of sudo, doas, coreutils, util-linux, findutils and bash.
const PREFIXES: &[Prefix] = &[
    Prefix {
        assigns: true,
        ..prefix(
            "sudo",
            "A/askpass b/background B/bell C/close-from= D/chdir= E/preserve-env g/group= H/set-home h/host= i/login \
             k/reset-timestamp n/non-interactive p/prompt= P/preserve-groups R/chroot= r/role= S/stdin s/shell T/command-timeout= \
             t/type= u/user= U/other-user=",
        )
    },
    prefix("doas", "C/config= L/L n/n s/s u/user="),
    Prefix {
        assigns: true,
        ..prefix(
            "env",
            "i/ignore-environment 0/null u/unset= C/chdir= S/split-string= v/debug",
        )
    },
    prefix("command", "p/path"),
    prefix("exec", "a/name= c/clear l/login"),
    prefix("nohup", ""),
    prefix(
        "time",
        "a/append f/format= o/output= p/portability v/verbose q/quiet",
    ),
    Prefix {
        operands: 1,
        ..prefix(
            "timeout",
            "f/foreground k/kill-after= p/preserve-status s/signal= v/verbose",
        )
    },
    prefix("nice", "n/adjustment="),
    prefix("ionice", "c/class= n/classdata= t/ignore"),
    prefix("setsid", "c/ctty f/fork w/wait"),
    prefix("stdbuf", "e/error= i/input= o/output="),
    Prefix {
        operands: 1,
        ..prefix("gosu", "")
    },
    Prefix {
        operands: 1,
        ..prefix("su-exec", "")
    },
    Prefix {
        exact: false,
        ..prefix("eval", "")
    },
    Prefix {
        exact: false,
        ..prefix(
            "xargs",
            "0/null a/arg-file= d/delimiter= E/eof= I/replace= i/i L/max-lines= l/l n/max-args= o/open-tty P/max-procs= \
             p/interactive r/no-run-if-empty s/max-chars= t/verbose x/exit",
        )
    },
    prefix("sshpass", "d/d= e/e f/f= P/P= p/p= v/v"),
    Prefix {
        operands: 1,
        ..prefix(
            "ssh",
            "4/4 6/6 A/A a/a B/B= b/b= C/C c/c= D/D= E/E= e/e= F/F= f/f G/G g/g I/I= i/i= J/J= K/K k/k L/L= l/l= M/M m/m= N/N n/n \
             O/O= o/o= P/P= p/p= Q/Q= q/q R/R= S/S= s/s T/T t/t V/V v/v W/W= w/w= X/X x/x Y/Y y/y",
        )
    },
];

/// Commands that take words for what they are: `apk add docker`, `echo docker push`, `make docker build`.
const SPEAKERS: &str = "echo printf cat grep egrep fgrep sed awk apk apt apt-get yum dnf microdnf brew pip pip3 npm npx yarn pnpm which \
    type hash whereis man help cd ls mkdir touch chmod chown cp mv rm ln test [ curl wget tee export set read logger git alias unalias \
    declare local readonly typeset dpkg rpm systemctl service usermod addgroup adduser groupadd pgrep pkill killall make gmake task just \
    rake gradle gradlew mvn mvnw nx turbo lerna invoke fab";

/// Finds the docker program of a command, behind any number of prefixes.
pub(super) fn find(command: &Command) -> Option<Found> {
    let words = &command.words;
    let mut found = Found {
        program: 0,
        name: Program::Docker,
        wrappers: Vec::new(),
        environment: Vec::new(),
        endpoint: None,
    };
    let mut at = 0;
    loop {
        let word = words.get(at)?;
        let name = word.value();
        if let Some(program) = name.and_then(program) {
            found.program = at;
            found.name = program;
            return Some(found);
        }
        let known = name.and_then(|name| {
            let name = base(name);
            PREFIXES.iter().find(|prefix| prefix.name == name)
        });
        let end = match known {
            Some(prefix) => prefix.end(words, at, &mut found.environment),
            None => None,
        };
        if known.is_some_and(|prefix| prefix.name == "ssh") {
            found.endpoint = Some(Endpoint::Ssh);
        }
        // A prefix with options that are in no table is as good as an unknown one.
        let exact = end.is_some() && known.is_some_and(|prefix| prefix.exact);
        let end = end.or_else(|| unknown(words, at))?;
        found.wrappers.push(Wrapper {
            name: name.unwrap_or(word.display()).to_owned(),
            known: exact,
            words: at..end,
        });
        at = end;
    }
}

fn program(name: &str) -> Option<Program> {
    // `./docker` is a script of the repository's own.
    match if name.starts_with('/') {
        base(name)
    } else {
        name
    } {
        "docker" => Some(Program::Docker),
        "docker-compose" => Some(Program::Compose),
        "docker-buildx" => Some(Program::Buildx),
        _ => None,
    }
}

/// The last part of a path.
pub(in crate::shell) fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

impl Prefix {
    /// The index of the word after the prefix, or `None` when it runs nothing (`command -v docker`).
    fn end(
        &self,
        words: &[Word],
        at: usize,
        environment: &mut Vec<(String, Option<String>)>,
    ) -> Option<usize> {
        let mut next = at + 1;
        let mut operands = self.operands;
        while let Some(word) = words.get(next) {
            let display = word.display();
            if display == "--" {
                next += 1;
                continue;
            }
            if display.len() > 1 && display.starts_with('-') {
                next += self.option(display)?;
                continue;
            }
            if self.assigns
                && let Some((name, value)) = assignment(word)
            {
                environment.push((name.to_owned(), Some(value.to_owned())));
                next += 1;
                continue;
            }
            if operands == 0 {
                return Some(next);
            }
            operands -= 1;
            next += 1;
            if operands == 0 {
                return Some(next);
            }
        }
        None
    }

    /// How many words an option takes; `None` if it is not known, as `-v` of `command`.
    fn option(&self, display: &str) -> Option<usize> {
        if let Some(long) = display.strip_prefix("--") {
            return match long.split_once('=') {
                Some((name, _)) => table::long(self.options, name).map(|_| 1),
                None => table::long(self.options, long).map(|takes| 1 + usize::from(takes)),
            };
        }
        // `nice -10`
        if display.bytes().skip(1).all(|byte| byte.is_ascii_digit()) && self.name == "nice" {
            return Some(1);
        }
        let letters = display.get(1..)?;
        for (offset, letter) in letters.char_indices() {
            let (_, takes) = table::short(self.options, letter)?;
            if takes {
                let attached = offset + letter.len_utf8() < letters.len();
                return Some(if attached { 1 } else { 2 });
            }
        }
        Some(1)
    }
}

fn assignment(word: &Word) -> Option<(&str, &str)> {
    let (name, value) = word.display().split_once('=')?;
    let mut letters = name.chars();
    let begins = letters
        .next()
        .is_some_and(|first| first == '_' || first.is_ascii_alphabetic());
    (begins && letters.all(|letter| letter == '_' || letter.is_ascii_alphanumeric()))
        .then_some((name, value))
}

/// `retry 3 docker push x`: a command that nobody knows, with a docker command among its words. Returns where that begins.
fn unknown(words: &[Word], at: usize) -> Option<usize> {
    let mut rest = words.iter().enumerate().skip(at + 1);
    let found = rest.find_map(|(index, word)| {
        let program = program(word.value()?)?;
        let next = words.get(index + 1)?.value()?;
        let verb = match program {
            Program::Docker => super::verb::is_docker(next),
            Program::Compose => super::verb::is_compose(next),
            Program::Buildx => super::verb::is_buildx(next),
        };
        (verb || next.starts_with('-')).then_some(index)
    })?;
    // An expansion may be nothing, or a prefix: `$SUDO docker build`.
    let name = words.get(at).and_then(Word::value).map(base);
    let speaks = SPEAKERS
        .split_ascii_whitespace()
        .any(|speaker| name == Some(speaker));
    (!speaks).then_some(found)
}

/// Programs that run another by its name, with the word that makes them.
const CARRIERS: &[(&str, &str)] = &[
    ("poetry", "run"),
    ("uv", "run"),
    ("pipenv", "run"),
    ("pdm", "run"),
    ("hatch", "run"),
    ("pipx", "run"),
    ("bundle", "exec"),
    ("python", "-m"),
    ("python3", "-m"),
];

/// The index of the program that a command runs in the end, behind prefixes that run words as they are.
pub(in crate::shell) fn target(words: &[Word]) -> Option<usize> {
    let mut at = 0;
    loop {
        let Some(name) = words.get(at)?.value().map(base) else {
            return Some(at);
        };
        let prefix = PREFIXES
            .iter()
            .find(|prefix| prefix.name == name && prefix.name != "ssh");
        let carried = words.get(at + 1).and_then(Word::value);
        let next = if let Some(prefix) = prefix.filter(|prefix| prefix.name != "eval") {
            prefix.end(words, at, &mut Vec::new())
        } else if CARRIERS
            .iter()
            .any(|(carrier, verb)| *carrier == name && carried == Some(verb))
        {
            Some(at + 2)
        } else {
            None
        };
        match next {
            Some(next) if next < words.len() => at = next,
            _ => return Some(at),
        }
    }
}
