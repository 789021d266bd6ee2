//! What the questions need of a terminal.

use std::io::{self, Write};

use console::Term;
use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{MultiSelect, Select};

use super::editor::edit;

/// A key that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Char(char),
    Enter,
    /// Nobody is there any more.
    End,
    Other,
}

/// Somewhere to ask.
pub trait Terminal {
    /// Says something, without a line break.
    ///
    /// # Errors
    /// The terminal is gone.
    fn say(&mut self, text: &str) -> io::Result<()>;

    /// Waits for a key.
    ///
    /// # Errors
    /// [`io::ErrorKind::Interrupted`] for Ctrl-C.
    fn key(&mut self) -> io::Result<Key>;

    /// Lets one of several be chosen; none when nothing was.
    ///
    /// # Errors
    /// [`io::ErrorKind::Interrupted`] for Ctrl-C.
    fn choose(&mut self, prompt: &str, of: &[String]) -> io::Result<Option<usize>>;

    /// Lets some of several be picked; none when the question was left.
    ///
    /// # Errors
    /// [`io::ErrorKind::Interrupted`] for Ctrl-C.
    fn pick(&mut self, prompt: &str, of: &[String]) -> io::Result<Option<Vec<usize>>>;

    /// Lets a text be edited; none when it was left as it was.
    ///
    /// # Errors
    /// There is no editor, or what it wrote cannot be read.
    fn edit(&mut self, path: &str, text: &str) -> io::Result<Option<String>>;

    /// Shows a diff, and what leads into it.
    ///
    /// # Errors
    /// The terminal is gone.
    fn show(&mut self, lead: &str, diff: &str) -> io::Result<()>;
}

/// The terminal of the process: questions go to stderr.
pub struct Tty {
    term: Term,
    colours: bool,
    colourful: ColorfulTheme,
}

impl Tty {
    pub fn new(colours: bool) -> Tty {
        Tty { term: Term::stderr(), colours, colourful: ColorfulTheme::default() }
    }

    fn theme(&self) -> &dyn Theme {
        if self.colours { &self.colourful } else { &SimpleTheme }
    }
}

impl Terminal for Tty {
    fn say(&mut self, text: &str) -> io::Result<()> {
        let mut err = io::stderr().lock();
        err.write_all(text.as_bytes())?;
        err.flush()
    }

    fn key(&mut self) -> io::Result<Key> {
        match self.term.read_key() {
            Ok(console::Key::Char('\n' | '\r') | console::Key::Enter) => Ok(Key::Enter),
            // Ctrl-D
            Ok(console::Key::Char('\u{4}')) => Ok(Key::End),
            Ok(console::Key::Char(key)) => Ok(Key::Char(key)),
            Ok(_) => Ok(Key::Other),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(_) => Ok(Key::End),
        }
    }

    fn choose(&mut self, prompt: &str, of: &[String]) -> io::Result<Option<usize>> {
        let answer =
            Select::with_theme(self.theme()).with_prompt(prompt).items(of).default(0).interact_on_opt(&self.term);
        answer.map_err(|dialoguer::Error::IO(error)| error)
    }

    fn pick(&mut self, prompt: &str, of: &[String]) -> io::Result<Option<Vec<usize>>> {
        let answer = MultiSelect::with_theme(self.theme()).with_prompt(prompt).items(of).interact_on_opt(&self.term);
        answer.map_err(|dialoguer::Error::IO(error)| error)
    }

    fn edit(&mut self, path: &str, text: &str) -> io::Result<Option<String>> {
        edit(path, text)
    }

    fn show(&mut self, lead: &str, diff: &str) -> io::Result<()> {
        super::page(lead, diff, self.colours)
    }
}
