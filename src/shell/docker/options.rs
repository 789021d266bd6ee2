//! Options and operands, as docker's own parser (spf13/pflag) reads them.

use std::ops::Range;

use super::super::{Command, Place, Word};
use super::table::{self, Table};
use super::{Opt, Value};

/// What stands after a verb, or between a program and its verb.
#[derive(Default)]
pub(super) struct Parsed {
    pub(super) options: Vec<Opt>,
    pub(super) operands: Vec<usize>,
    pub(super) dynamic: Vec<usize>,
    pub(super) unknown: Vec<usize>,
}

/// The options before a verb; the index of the verb comes second, the number of words if there is none.
pub(super) fn before_verb(command: &Command, from: usize, options: &str) -> (Parsed, usize) {
    let mut parsed = Parsed::default();
    let mut at = from;
    while let Some(word) = command.words.get(at) {
        if !looks_like_option(word) {
            break;
        }
        at = parsed.option(command, at, options);
    }
    (parsed, at)
}

/// Options and operands after a verb.
pub(super) fn after_verb(command: &Command, from: usize, table: &Table) -> Parsed {
    let mut parsed = Parsed::default();
    let mut at = from;
    while let Some(word) = command.words.get(at) {
        if word.value() == Some("--") {
            parsed.operands.extend(at + 1..command.words.len());
            break;
        }
        if looks_like_option(word) {
            at = parsed.option(command, at, table.options);
            continue;
        }
        if table.stops {
            parsed.operands.extend(at..command.words.len());
            break;
        }
        parsed.operands.push(at);
        at += 1;
    }
    // `docker build $ARGS -t x .`: more operands than there may be, so an expansion among them holds options.
    while parsed.operands.len() > table.operands {
        let Some(position) =
            parsed.operands.iter().position(|index| command.words.get(*index).is_some_and(may_hold_options))
        else {
            break;
        };
        parsed.dynamic.push(parsed.operands.remove(position));
    }
    if parsed.operands.len() > table.operands {
        parsed.unknown.extend(parsed.operands.drain(table.operands..));
    }
    parsed.dynamic.sort_unstable();
    parsed.unknown.sort_unstable();
    parsed
}

/// Begins with a dash that no expansion made, and is more than a dash.
fn looks_like_option(word: &Word) -> bool {
    let display = word.display();
    display.starts_with('-') && display.len() > 1
}

/// Begins with an expansion outside quotes, which may hold options, several words, or none.
fn may_hold_options(word: &Word) -> bool {
    word.may_split() && word.raw().starts_with(['$', '`'])
}

impl Parsed {
    /// Takes the option at `at`; returns the index of the word after it.
    fn option(&mut self, command: &Command, at: usize, options: &str) -> usize {
        let Some(word) = command.words.get(at) else {
            return at + 1;
        };
        match word.display().strip_prefix("--") {
            Some(long) => self.long(command, at, long, options),
            None => self.short(command, word, at, options),
        }
    }

    fn long(&mut self, command: &Command, at: usize, text: &str, options: &str) -> usize {
        let (name, attached) = match text.split_once('=') {
            Some((name, _)) => (name, true),
            None => (text, false),
        };
        let takes = if name == "help" { Some(false) } else { table::long(options, name) };
        let Some(takes) = takes else {
            self.unknown.push(at);
            return at + 1;
        };
        let (words, value) = if attached {
            (at..at + 1, value(command, at, "--".len() + name.len() + 1))
        } else if takes {
            (at..(at + 2).min(command.words.len()), value(command, at + 1, 0))
        } else {
            (at..at + 1, None)
        };
        let end = words.end;
        self.options.push(Opt { name: name.to_owned(), words, value });
        end
    }

    /// `-t x`, `-tx`, `-t=x`, `-qt x`: flags until one takes a value, which is the rest of the word or the next one.
    fn short(&mut self, command: &Command, word: &Word, at: usize, options: &str) -> usize {
        let display = word.display();
        for (offset, letter) in display.char_indices().skip(1) {
            let Some((name, takes)) = table::short(options, letter) else {
                self.unknown.push(at);
                return at + 1;
            };
            let rest = offset + letter.len_utf8();
            let assigned = display.get(rest..).is_some_and(|rest| rest.starts_with('='));
            let mut push = |words: Range<usize>, value| {
                let end = words.end;
                self.options.push(Opt { name: name.to_owned(), words, value });
                end
            };
            if assigned {
                return push(at..at + 1, value(command, at, rest + 1));
            }
            if !takes {
                push(at..at + 1, None);
                continue;
            }
            if rest < display.len() {
                return push(at..at + 1, value(command, at, rest));
            }
            let end = (at + 2).min(command.words.len());
            return push(at..end, value(command, at + 1, 0));
        }
        at + 1
    }
}

/// The value that begins `skip` bytes into the display of a word.
fn value(command: &Command, index: usize, skip: usize) -> Option<Value> {
    let word = command.words.get(index)?;
    let head = word.display().get(..skip)?;
    // As long as the option itself is written without quotes, what follows it is the value as written.
    let written = word.raw().strip_prefix(head);
    let place = written.and(word.place()).filter(|_| !word.is_doubtful());
    let place = place.map(|place| Place { item: place.item, range: place.range.start + skip..place.range.end });
    let display = word.display().get(skip..)?.to_owned();
    Some(Value {
        word: index,
        place,
        raw: written.unwrap_or(&display).to_owned(),
        literal: word.value().and_then(|value| value.get(skip..)).map(str::to_owned),
        may_split: word.may_split(),
        display,
    })
}
