//! Ctrl-C: no file is cut, and the terminal is as it was.

use std::io::Write;

use crate::apply::no_more_writing;
use crate::review::{Screen, is_lent};

/// Ends the process with 130 when it is interrupted: not while files are being replaced, and not while a pager or an editor has the
/// terminal, which is who the key was meant for.
pub fn listen() {
    let screen = Screen::found();
    // Without a handler the process ends all the same, only less tidily.
    let _ = ctrlc::set_handler(move || {
        if is_lent() {
            return;
        }
        let _still = no_more_writing();
        screen.restore();
        let _ = writeln!(std::io::stderr());
        std::process::exit(130);
    });
}

/// The terminal as it should be, after a question that was interrupted.
pub fn tidy() {
    Screen::found().restore();
}
