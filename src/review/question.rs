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

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys that are pressed one after the other, and what was said in between.
    struct Script {
        keys: Vec<io::Result<Key>>,
        said: String,
    }

    impl Script {
        fn of(keys: impl IntoIterator<Item = io::Result<Key>>) -> Script {
            let mut keys: Vec<_> = keys.into_iter().collect();
            keys.reverse();
            Script { keys, said: String::new() }
        }
    }

    impl Terminal for Script {
        fn say(&mut self, text: &str) -> io::Result<()> {
            self.said.push_str(text);
            Ok(())
        }

        fn key(&mut self) -> io::Result<Key> {
            self.keys.pop().unwrap_or(Ok(Key::End))
        }

        fn choose(&mut self, _: &str, _: &[String]) -> io::Result<Option<usize>> {
            Ok(None)
        }

        fn pick(&mut self, _: &str, _: &[String]) -> io::Result<Option<Vec<usize>>> {
            Ok(None)
        }

        fn edit(&mut self, _: &str, _: &str) -> io::Result<Option<String>> {
            Ok(None)
        }

        fn show(&mut self, lead: &str, diff: &str) -> io::Result<()> {
            self.say(lead)?;
            self.say(diff)
        }
    }

    const OFFERED: [Answer; 3] = [Answer::Apply, Answer::Skip, Answer::Quit];

    #[test]
    fn only_an_offered_key_is_an_answer() {
        for (key, answer) in [('y', Answer::Apply), ('Y', Answer::Apply), ('n', Answer::Skip), ('q', Answer::Quit)] {
            let others = [Key::Enter, Key::Other, Key::Char('j'), Key::Char('?'), Key::Char('\u{7}'), Key::Char(key)];
            let mut script = Script::of(others.map(Ok));
            assert_eq!(ask(&mut script, "Apply?", &OFFERED).unwrap(), answer);
            assert_eq!(script.said.matches("Apply? [y,n,q,?] ").count(), 6);
            assert_eq!(script.said.matches("  y  apply it\n").count(), 5);
            assert!(!script.said.contains("pick jobs") && !script.said.contains('\u{7}'), "{}", script.said);
        }
    }

    #[test]
    fn whoever_has_gone_quits_and_ctrl_c_is_passed_on() {
        assert_eq!(ask(&mut Script::of([]), "Apply?", &OFFERED).unwrap(), Answer::Quit);
        assert!(!yes(&mut Script::of([]), "Go on?").unwrap());
        let interrupt = || [Err(io::Error::from(io::ErrorKind::Interrupted))];
        assert_eq!(ask(&mut Script::of(interrupt()), "?", &OFFERED).unwrap_err().kind(), io::ErrorKind::Interrupted);
        assert_eq!(yes(&mut Script::of(interrupt()), "?").unwrap_err().kind(), io::ErrorKind::Interrupted);
    }

    #[test]
    fn enter_is_no_yes() {
        assert!(yes(&mut Script::of([Key::Enter, Key::Other, Key::Char('y')].map(Ok)), "Go on?").unwrap());
        assert!(!yes(&mut Script::of([Key::Enter, Key::Char('n')].map(Ok)), "Go on?").unwrap());
    }
}
