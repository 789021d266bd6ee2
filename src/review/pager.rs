//! Long diffs, in the person's own pager.

use std::io::{self, IsTerminal, Write};
use std::process::{Command, Stdio};

use terminal_size::{Height, Width, terminal_size_of};

use super::editor::set;
use super::foreground::Screen;
use crate::report::coloured;

/// Puts a diff on stdout; where that is a terminal and the diff is longer, through `$PAGER` or `less`. What leads into it goes to
/// stderr, or before it in the pager, where it would be out of sight otherwise.
///
/// # Errors
/// It cannot be written.
pub fn page(lead: &str, diff: &str, colours: bool) -> io::Result<()> {
    let shown = if colours { coloured(diff) } else { diff.to_owned() };
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    if is_terminal && is_long(lead, diff) && through_pager(&format!("{lead}{shown}")) {
        return Ok(());
    }
    io::stderr().write_all(lead.as_bytes())?;
    let mut out = io::stdout().lock();
    match out.write_all(shown.as_bytes()).and_then(|()| out.flush()) {
        // A reader that has gone is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

fn is_long(lead: &str, diff: &str) -> bool {
    let Some((Width(width), Height(height))) = terminal_size_of(io::stdout()) else { return false };
    let rows =
        lead.lines().chain(diff.lines()).map(|line| line.chars().count().div_ceil(usize::from(width).max(1)).max(1));
    // The question wants some rows too.
    rows.sum::<usize>() + 4 > usize::from(height)
}

/// Whether a pager took it. One that is not there, as in small containers, is no failure.
fn through_pager(text: &str) -> bool {
    let words = set("PAGER").unwrap_or_else(|| "less".to_owned());
    let Ok(command) = shell_words::split(&words) else { return false };
    let [program, arguments @ ..] = command.as_slice() else { return false };
    if program == "cat" {
        return false;
    }
    let _screen = Screen::lend();
    let mut pager = Command::new(program);
    pager.args(arguments).stdin(Stdio::piped());
    if set("LESS").is_none() {
        // As git has it: colours pass, a short text is printed, and it stays when the pager ends.
        pager.env("LESS", "FRX");
    }
    let Ok(mut child) = pager.spawn() else { return false };
    if let Some(mut stdin) = child.stdin.take() {
        // A pager that is left early does not read to the end.
        let _ = stdin.write_all(text.as_bytes());
    }
    child.wait().is_ok_and(|ended| ended.success())
}
