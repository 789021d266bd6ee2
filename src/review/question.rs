//! Questions that one key answers, as in `git add -p`. Enter alone answers none of them.

use std::io;

use super::terminal::{Key, Terminal};

/// What a phase may be answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Apply,
    Skip,
    Jobs,
    Edit,
    Effective,
    Quit,
}

const KEYS: [(char, Answer, &str); 6] = [
    ('y', Answer::Apply, "apply it"),
    ('n', Answer::Skip, "skip this phase"),
    ('j', Answer::Jobs, "pick jobs, and see what it does to these only"),
    ('e', Answer::Edit, "edit the result by hand; it is proved again"),
    ('v', Answer::Effective, "see how a job differs in effect, before and after"),
    ('q', Answer::Quit, "quit; what was applied stays"),
];

/// Asks until one of the offered answers is given.
///
/// # Errors
/// [`io::ErrorKind::Interrupted`] for Ctrl-C.
pub fn ask(terminal: &mut dyn Terminal, question: &str, offered: &[Answer]) -> io::Result<Answer> {
    let keys: Vec<_> = KEYS.iter().filter(|(_, answer, _)| offered.contains(answer)).collect();
    let letters: Vec<String> = keys.iter().map(|(key, ..)| key.to_string()).collect();
    let help = || -> String { keys.iter().map(|(key, _, about)| format!("  {key}  {about}\n")).collect() };
    loop {
        terminal.say(&format!("{question} [{},?] ", letters.join(",")))?;
        match terminal.key()? {
            Key::End => {
                terminal.say("\n")?;
                return Ok(Answer::Quit);
            }
            Key::Char(pressed) => {
                terminal.say(&format!("{}\n", printable(pressed)))?;
                match keys.iter().find(|(key, ..)| *key == pressed.to_ascii_lowercase()) {
                    Some((_, answer, _)) => return Ok(*answer),
                    None => terminal.say(&help())?,
                }
            }
            Key::Enter | Key::Other => terminal.say(&format!("\n{}", help()))?,
        }
    }
}

/// Asks until it is answered with yes or no; whoever has gone said no.
///
/// # Errors
/// [`io::ErrorKind::Interrupted`] for Ctrl-C.
pub fn yes(terminal: &mut dyn Terminal, question: &str) -> io::Result<bool> {
    loop {
        terminal.say(&format!("{question} [y,n] "))?;
        let key = terminal.key()?;
        let shown = if let Key::Char(key) = key { printable(key) } else { String::new() };
        terminal.say(&format!("{shown}\n"))?;
        match key {
            Key::Char('y' | 'Y') => return Ok(true),
            Key::Char('n' | 'N' | 'q') | Key::End => return Ok(false),
            _ => {}
        }
    }
}

fn printable(key: char) -> String {
    if key.is_control() { String::new() } else { key.to_string() }
}
