//! Commands that run another: `sudo`, `timeout 5m`, `ssh host`.

use super::super::Word;
use super::table;

/// A prefix that runs the words after its options.
pub(super) struct Prefix {
    pub(super) name: &'static str,
    /// As in [`table`].
    options: &'static str,
    /// How many words of its own come after the options: the duration of `timeout`.
    operands: usize,
    /// It takes `NAME=value` words.
    assigns: bool,
    /// What is run is what is written: `xargs` adds words, `eval` reads them again.
    pub(super) exact: bool,
}

const fn prefix(name: &'static str, options: &'static str) -> Prefix {
    Prefix { name, options, operands: 0, assigns: false, exact: true }
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
    Prefix { assigns: true, ..prefix("env", "i/ignore-environment 0/null u/unset= C/chdir= S/split-string= v/debug") },
    prefix("command", "p/path"),
    prefix("exec", "a/name= c/clear l/login"),
    prefix("nohup", ""),
    prefix("time", "a/append f/format= o/output= p/portability v/verbose q/quiet"),
    Prefix { operands: 1, ..prefix("timeout", "f/foreground k/kill-after= p/preserve-status s/signal= v/verbose") },
    prefix("nice", "n/adjustment="),
    prefix("ionice", "c/class= n/classdata= t/ignore"),
    prefix("setsid", "c/ctty f/fork w/wait"),
    prefix("stdbuf", "e/error= i/input= o/output="),
    Prefix { operands: 1, ..prefix("gosu", "") },
    Prefix { operands: 1, ..prefix("su-exec", "") },
    Prefix { exact: false, ..prefix("eval", "") },
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
pub(in crate::shell) const SPEAKERS: &str = "echo printf cat grep egrep fgrep sed awk apk apt apt-get yum dnf microdnf brew pip pip3 npm npx yarn pnpm which \
    type hash whereis man help cd ls mkdir touch chmod chown cp mv rm ln test [ curl wget tee export set read logger git alias unalias \
    declare local readonly typeset dpkg rpm systemctl service usermod addgroup adduser groupadd pgrep pkill killall make gmake task just \
    rake gradle gradlew mvn mvnw nx turbo lerna invoke fab";

/// The prefix of that name.
pub(super) fn prefix_called(name: &str) -> Option<&'static Prefix> {
    PREFIXES.iter().find(|prefix| prefix.name == name)
}

/// Whether a name is a prefix's.
pub(in crate::shell) fn is_prefix(name: &str) -> bool {
    prefix_called(name).is_some()
}

impl Prefix {
    /// The index of the word after the prefix, or `None` when it runs nothing (`command -v docker`).
    pub(super) fn end(
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
    let begins = letters.next().is_some_and(|first| first == '_' || first.is_ascii_alphabetic());
    (begins && letters.all(|letter| letter == '_' || letter.is_ascii_alphanumeric())).then_some((name, value))
}
