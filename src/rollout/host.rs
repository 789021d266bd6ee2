//! One host: the first repository is a probe, and after a refusal the others are not asked.
//!
//! Source: GitLab, "Failed authentication ban": 30 failures in three minutes shut an address out for an hour.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::outcome::{Fault, Outcome};

/// What is known of the hosts.
#[derive(Default)]
pub struct Hosts {
    known: Mutex<HashMap<String, Host>>,
    changed: Condvar,
}

#[derive(Default)]
struct Host {
    state: State,
    without_options: bool,
}

#[derive(Default)]
enum State {
    #[default]
    Unknown,
    Probing,
    Open,
    Stopped(Fault),
}

impl Hosts {
    /// Waits for the probe of another repository, or is the probe. A host that was stopped gives its fault.
    pub fn enter(&self, host: Option<&str>) -> Result<(), Fault> {
        let Some(host) = host else { return Ok(()) };
        let mut known = self.lock();
        loop {
            let entry = known.entry(host.to_owned()).or_default();
            match &entry.state {
                State::Open => return Ok(()),
                State::Stopped(fault) => {
                    let message = format!("not asked, since {host} was stopped: {}", fault.message);
                    return Err(Fault::new(fault.outcome, message));
                }
                State::Unknown => {
                    entry.state = State::Probing;
                    return Ok(());
                }
                State::Probing => known = self.changed.wait(known).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Notes how it went with a host.
    pub fn leave<T>(&self, host: Option<&str>, result: &Result<T, Fault>) {
        let Some(host) = host else { return };
        let mut known = self.lock();
        let entry = known.entry(host.to_owned()).or_default();
        match (result, &entry.state) {
            (_, State::Stopped(_)) => {}
            (Err(fault), _) if fault.outcome == Outcome::Auth => entry.state = State::Stopped(fault.clone()),
            // One that cannot be reached at all, though it was tried several times.
            (Err(fault), State::Probing) if fault.is_passing => entry.state = State::Stopped(fault.clone()),
            (_, State::Probing) => entry.state = State::Open,
            _ => {}
        }
        self.changed.notify_all();
    }

    /// Whether a server takes no push options.
    pub fn is_without_options(&self, host: Option<&str>) -> bool {
        host.is_some_and(|host| self.lock().get(host).is_some_and(|host| host.without_options))
    }

    /// Notes that a server takes no push options.
    pub fn without_options(&self, host: Option<&str>) {
        if let Some(host) = host {
            self.lock().entry(host.to_owned()).or_default().without_options = true;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
