//! Goes through the repositories: several at once, in waves, and stops where it should.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use super::data::Row;
use super::host::Hosts;
use super::journal::{Journal, Past, Step};
use super::make::{Made, Ready, Rules, make};
use super::outcome::{Fault, Outcome};
use super::push::{MergeRequest, push};
use super::target::Target;

/// How the repositories are gone through.
pub struct Pace<'a> {
    /// How many at once.
    pub jobs: usize,
    /// How many before a pause; none for no pause.
    pub wave: Option<(usize, Duration)>,
    /// After so many that failed, no other is begun.
    pub failures: Option<usize>,
    /// How often a fault of the network is met with another try.
    pub retries: u32,
    /// Set from outside: no other is begun.
    pub stop: &'a AtomicBool,
}

/// A repository and what is known of it from earlier runs.
pub struct Work {
    pub target: Target,
    pub past: Past,
}

/// One that was looked at: a row that is final, or commits to be pushed.
pub enum Looked {
    Settled(Box<Row>),
    Ready(Box<Ready>),
}

impl AsRef<Row> for Looked {
    fn as_ref(&self) -> &Row {
        match self {
            Looked::Settled(row) => row,
            Looked::Ready(ready) => &ready.row,
        }
    }
}

/// Where pushes go, and where they are noted.
pub struct Way<'a> {
    pub journal: &'a Journal,
    pub hosts: &'a Hosts,
    pub request: Option<&'a MergeRequest>,
    pub branch: &'a str,
}

impl Pace<'_> {
    /// Does something with each item, in order, several at once; results come as they are ready. An item that is not begun has none.
    pub fn each<T: Sync, R: Send>(&self, items: &[T], done: &Sender<(usize, R)>, one: impl Fn(&T) -> (bool, R) + Sync) {
        let failed = AtomicUsize::new(0);
        let size = self.wave.map_or(items.len().max(1), |(size, _)| size.max(1));
        let waves = items.len().div_ceil(size);
        for (number, wave) in items.chunks(size).enumerate() {
            let next = AtomicUsize::new(0);
            thread::scope(|scope| {
                for _ in 0..self.jobs.clamp(1, wave.len()) {
                    scope.spawn(|| {
                        while !self.is_over(&failed) {
                            let at = next.fetch_add(1, Ordering::Relaxed);
                            let Some(item) = wave.get(at) else { break };
                            let (good, result) = one(item);
                            failed.fetch_add(usize::from(!good), Ordering::Relaxed);
                            // Nobody listens any more when the process is about to end.
                            let _ = done.send((number * size + at, result));
                        }
                    });
                }
            });
            if let Some((_, pause)) = self.wave.filter(|_| number + 1 < waves) {
                self.sleep(pause, &failed);
            }
        }
    }

    /// Looks at a repository, again and again while it is the network's fault.
    pub fn look(&self, rules: &Rules<'_>, hosts: &Hosts, work: &Work) -> Looked {
        let Work { target, past } = work;
        let host = target.host.as_deref();
        let result = hosts.enter(host).and_then(|()| {
            // One pipeline that we cannot cope with must not take the others with it, nor let them wait for a probe.
            let make = || catch_unwind(AssertUnwindSafe(|| make(rules, target, past)));
            let fault = || Fault::new(Outcome::Failed, "ci-migrate itself failed here; please report the pipeline");
            let made = self.patiently(&target.id, || make().unwrap_or_else(|_| Err(fault())));
            hosts.leave(host, &made);
            made
        });
        match result {
            Ok(Made::Settled(row)) => Looked::Settled(row),
            Ok(Made::Ready(ready)) => Looked::Ready(ready),
            Err(fault) => Looked::Settled(Box::new(Row::fault(target, fault))),
        }
    }

    /// Notes what is meant, pushes it, and notes that. A kill at any moment loses nothing: the next run finds the branch at the commit
    /// that was meant, or does not find it.
    pub fn carry_out(&self, way: &Way<'_>, work: &Work, looked: &Looked) -> Row {
        let target = &work.target;
        let ready = match looked {
            Looked::Ready(ready) => ready,
            Looked::Settled(row) => {
                let mut row = Row::clone(row);
                row.merge_request = row.merge_request.or_else(|| work.past.merge_request.clone());
                // A run that was killed had pushed it.
                if let Some(commit) = row.commit.clone().filter(|commit| work.past.intents.contains(commit))
                    && work.past.pushed.is_none()
                {
                    let (repository, merge_request) = (target.id.clone(), row.merge_request.clone());
                    if let Err(fault) = noted(way.journal.add(&Step::Pushed { repository, commit, merge_request })) {
                        return Row { outcome: Some(fault.outcome), message: fault.message, ..row };
                    }
                }
                return note(way.journal, row);
            }
        };
        let repository = target.id.clone();
        let intent = Step::Intent {
            repository: repository.clone(),
            base: ready.base.clone(),
            commit: ready.commit.clone(),
            replaced: ready.replaced.clone(),
        };
        let host = target.host.as_deref();
        let pushed = noted(way.journal.add(&intent)).and_then(|()| {
            let pushed = way.hosts.enter(host).and_then(|()| {
                let pushed = self.patiently(&target.id, || push(ready, target, way.branch, way.request, way.hosts));
                way.hosts.leave(host, &pushed);
                pushed
            })?;
            let (commit, merge_request) = (ready.commit.clone(), pushed.merge_request.clone());
            noted(way.journal.add(&Step::Pushed { repository, commit, merge_request }))?;
            Ok(pushed)
        });
        let row = match pushed {
            Ok(pushed) => Row { message: pushed.note, merge_request: pushed.merge_request, ..ready.row.clone() },
            Err(fault) => {
                Row { outcome: Some(fault.outcome), message: fault.message, commit: None, ..ready.row.clone() }
            }
        };
        note(way.journal, row)
    }

    fn patiently<T>(&self, id: &str, act: impl Fn() -> Result<T, Fault>) -> Result<T, Fault> {
        let mut tries = 0;
        loop {
            match act() {
                Err(fault) if fault.is_passing && tries < self.retries && !self.stop.load(Ordering::Relaxed) => {
                    tries += 1;
                    // Not all at the same moment: the id decides by how much.
                    let jitter =
                        id.bytes().fold(0u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % 400;
                    self.sleep(Duration::from_millis((400 << tries) + jitter), &AtomicUsize::new(0));
                }
                result => return result,
            }
        }
    }

    fn is_over(&self, failed: &AtomicUsize) -> bool {
        let failed = failed.load(Ordering::Relaxed);
        self.stop.load(Ordering::Relaxed) || self.failures.is_some_and(|limit| failed >= limit)
    }

    fn sleep(&self, time: Duration, failed: &AtomicUsize) {
        const SLICE: Duration = Duration::from_millis(50);
        let mut left = time;
        while !left.is_zero() && !self.is_over(failed) {
            thread::sleep(left.min(SLICE));
            left = left.saturating_sub(SLICE);
        }
    }
}

fn note(journal: &Journal, row: Row) -> Row {
    match noted(journal.add(&Step::Done { row: Box::new(row.clone()) })) {
        Ok(()) => row,
        Err(fault) => Row { outcome: Some(fault.outcome), message: fault.message, ..row },
    }
}

/// Without a journal nothing is pushed.
fn noted(result: std::io::Result<()>) -> Result<(), Fault> {
    result.map_err(|error| Fault::new(Outcome::Failed, format!("the journal cannot be written: {}", error.kind())))
}
