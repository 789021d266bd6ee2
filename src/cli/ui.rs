//! What is said, and where: what was asked for goes to stdout, all that is said to a person to stderr.

use std::io::{self, BufWriter, IsTerminal, Write};

use anstyle::{AnsiColor, Style};

use super::fail::Fail;
use super::{Color, Format};
use crate::report::{Look, Problem, render};

const TITLE: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const ODD: Style = AnsiColor::Yellow.on_default();
const QUIET: Style = Style::new().dimmed();

/// The terminal, or what stands in its place.
pub struct Ui {
    out: BufWriter<io::Stdout>,
    /// Colours on stdout and on stderr.
    colour: (bool, bool),
    json: bool,
    /// Only errors and what was asked for.
    terse: bool,
    /// The reader of stdout has gone: nobody is answered any more, and the work goes on.
    closed: bool,
}

impl Ui {
    pub(super) fn new(color: Color, format: Format, terse: bool) -> Ui {
        // `anstream` knows NO_COLOR, CLICOLOR and dumb terminals.
        let auto = |choice| choice != anstream::ColorChoice::Never;
        let colour = match color {
            Color::Always => (true, true),
            Color::Never => (false, false),
            Color::Auto => {
                (auto(anstream::AutoStream::choice(&io::stdout())), auto(anstream::AutoStream::choice(&io::stderr())))
            }
        };
        Ui { out: BufWriter::new(io::stdout()), colour, json: format == Format::Json, terse, closed: false }
    }

    /// Whether the answer is for programs.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether stdout takes colours.
    pub fn colours(&self) -> bool {
        self.colour.0
    }

    /// Whether only errors and what was asked for are said.
    pub fn is_terse(&self) -> bool {
        self.terse
    }

    /// Whether stderr takes colours.
    pub fn spoken_colours(&self) -> bool {
        self.colour.1
    }

    /// What was asked for. A reader that has gone is no failure: what was to be written is written all the same.
    pub fn answer(&mut self, text: &str) -> Result<(), Fail> {
        if self.closed {
            return Ok(());
        }
        let written = self.out.write_all(text.as_bytes());
        self.unless_closed(written)
    }

    /// The same as JSON.
    pub fn json(&mut self, value: &impl serde::Serialize) -> Result<(), Fail> {
        if self.closed {
            return Ok(());
        }
        let written = serde_json::to_writer_pretty(&mut self.out, value).map_err(io::Error::from);
        self.unless_closed(written)?;
        self.answer("\n")
    }

    /// Sends what was answered so far, before something is said or asked.
    pub fn finish(&mut self) -> Result<(), Fail> {
        if self.closed {
            return Ok(());
        }
        let flushed = self.out.flush();
        self.unless_closed(flushed)
    }

    /// A title, something usual and something quiet, a line each, to be said later; nothing if little is to be said.
    pub fn lead(&self, title: &str, note: &str, quiet: &str) -> String {
        if self.terse {
            return String::new();
        }
        let styles = if self.colour.1 { [TITLE, Style::new(), QUIET] } else { [Style::new(); 3] };
        let lines = styles.iter().zip([title, note, quiet]);
        lines.map(|(style, text)| format!("{style}{}{style:#}\n", wrapped(text))).collect()
    }

    pub fn title(&self, text: &str) {
        self.say(TITLE, text);
    }

    pub fn good(&self, text: &str) {
        self.say(GOOD, text);
    }

    pub fn odd(&self, text: &str) {
        self.say(ODD, text);
    }

    pub fn quiet(&self, text: &str) {
        self.say(QUIET, text);
    }

    pub fn note(&self, text: &str) {
        self.say(Style::new(), text);
    }

    /// A message with its place marked.
    pub fn problem(&self, problem: &Problem<'_>) {
        let text = render(problem, Look { colour: self.colour.1, width: self.width() });
        // A message that cannot be written has no other way out.
        let _ = io::stderr().write_all(text.as_bytes());
    }

    /// Raw text on stderr, such as a diff that was not asked for.
    pub fn aside(&self, text: &str) {
        let _ = io::stderr().write_all(text.as_bytes());
    }

    /// Columns of the terminal; 100 where there is none.
    pub fn width(&self) -> usize {
        terminal_size::terminal_size_of(io::stderr()).map_or(100, |(terminal_size::Width(width), _)| width.into())
    }

    /// Columns of the terminal on stdout; none where there is none.
    pub fn answer_width(&self) -> Option<usize> {
        terminal_size::terminal_size_of(io::stdout()).map(|(terminal_size::Width(width), _)| width.into())
    }

    /// Whether somebody is there to be asked.
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Whether somebody looks on at a terminal while work goes on.
    pub fn is_watched(&self) -> bool {
        !self.terse && io::stderr().is_terminal()
    }

    /// Asks a question whose default changes nothing.
    pub fn confirm(&self, question: &str) -> Result<bool, Fail> {
        let answer = dialoguer::Confirm::new().with_prompt(question).default(false).interact_opt();
        match answer {
            Ok(answer) => Ok(answer.unwrap_or(false)),
            Err(dialoguer::Error::IO(error)) => Err(error.into()),
        }
    }

    fn unless_closed(&mut self, done: io::Result<()>) -> Result<(), Fail> {
        match done {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.closed = true,
            done => done?,
        }
        Ok(())
    }

    fn say(&self, style: Style, text: &str) {
        if self.terse {
            return;
        }
        let style = if self.colour.1 { style } else { Style::new() };
        let _ = writeln!(io::stderr(), "{style}{}{style:#}", wrapped(text));
    }
}

/// Words as wide as the terminal; what goes elsewhere stays on one line. What goes on is indented a little more.
fn wrapped(text: &str) -> String {
    let Some((terminal_size::Width(width), _)) = terminal_size::terminal_size_of(io::stderr()) else {
        return text.to_owned();
    };
    let indent = text.len() - text.trim_start_matches(' ').len();
    let indent = " ".repeat(if indent > 0 { indent + 2 } else { 0 });
    let options = textwrap::Options::new(width.into())
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .break_words(false)
        .subsequent_indent(&indent);
    textwrap::fill(text, options)
}
