//! Ctrl-C: no file is cut, and the terminal is as it was.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::apply::no_more_writing;
use crate::review::{Screen, is_lent};
use crate::rollout::kill_all;

/// Whether the first Ctrl-C only asks to stop.
static IS_GENTLE: AtomicBool = AtomicBool::new(false);

static STOP: AtomicBool = AtomicBool::new(false);

/// Whether the line of the question was left.
static HAS_LEFT: AtomicBool = AtomicBool::new(false);

/// From here on, the first Ctrl-C only sets the flag that is returned; the second ends the process as ever.
pub fn gently() -> &'static AtomicBool {
    IS_GENTLE.store(true, Ordering::SeqCst);
    &STOP
}

/// From here on, Ctrl-C ends the process at once, as before [`gently`].
pub fn no_longer_gently() {
    IS_GENTLE.store(false, Ordering::SeqCst);
}

/// Ends the process with 130 when it is interrupted: not while files are being replaced, and not while a pager or an editor has the
/// terminal, which is who the key was meant for.
pub fn listen() {
    let screen = Screen::found();
    // Without a handler the process ends all the same, only less tidily.
    let _ = ctrlc::set_handler(move || {
        if is_lent() {
            return;
        }
        if IS_GENTLE.load(Ordering::SeqCst) && !STOP.swap(true, Ordering::SeqCst) {
            let _ = writeln!(
                std::io::stderr(),
                "\nStopping: what is under way comes to its end. Ctrl-C again stops at once."
            );
            return;
        }
        kill_all();
        let _still = no_more_writing();
        screen.restore();
        leave_the_line();
        std::process::exit(130);
    });
}

/// The terminal as it should be, after a question that was interrupted.
pub fn tidy() {
    Screen::found().restore();
    leave_the_line();
}

/// Goes on below the question, once: the key is met by whoever comes first.
fn leave_the_line() {
    if !HAS_LEFT.swap(true, Ordering::SeqCst) {
        let _ = writeln!(std::io::stderr());
    }
}
