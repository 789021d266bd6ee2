//! Who has the terminal, and how it was.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Who has the terminal.
#[derive(Clone, Copy)]
enum Holder {
    Us { since: Option<Instant> },
    Other,
}

static HOLDER: Mutex<Holder> = Mutex::new(Holder::Us { since: None });

/// A program that ends by Ctrl-C may be gone before we hear of the key.
const LATE: Duration = Duration::from_millis(300);

/// Whether a pager or an editor has the terminal, or had it a moment ago: Ctrl-C was for that program then.
pub fn is_lent() -> bool {
    match *holder() {
        Holder::Other => true,
        Holder::Us { since } => since.is_some_and(|since| since.elapsed() < LATE),
    }
}

fn holder() -> MutexGuard<'static, Holder> {
    HOLDER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The terminal, with what it takes to leave it as it was found.
pub struct Screen {
    #[cfg(unix)]
    modes: Option<rustix::termios::Termios>,
}

impl Screen {
    /// Notes how the terminal is.
    pub fn found() -> Screen {
        Screen {
            #[cfg(unix)]
            modes: rustix::termios::tcgetattr(std::io::stdin()).ok(),
        }
    }

    /// Leaves it as it was found: keys are shown again, and so is the cursor.
    pub fn restore(&self) {
        #[cfg(unix)]
        {
            use rustix::termios::{OptionalActions, tcgetpgrp, tcsetattr};
            let stdin = std::io::stdin();
            // In the background the terminal is another's, and to touch it would stop us.
            let is_ours = tcgetpgrp(&stdin).is_ok_and(|group| group == rustix::process::getpgrp());
            if let Some(modes) = self.modes.as_ref().filter(|_| is_ours) {
                // A terminal that is gone needs nothing.
                let _ = tcsetattr(&stdin, OptionalActions::Now, modes);
            }
        }
        let term = console::Term::stderr();
        if term.is_term() {
            let _ = term.show_cursor();
        }
    }

    /// Lends it to another program, until the answer goes.
    pub(super) fn lend() -> impl Drop {
        *holder() = Holder::Other;
        Back
    }
}

struct Back;

impl Drop for Back {
    fn drop(&mut self) {
        *holder() = Holder::Us { since: Some(Instant::now()) };
    }
}
