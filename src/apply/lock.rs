//! One run at a time, and none that is interrupted while it writes.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::error::WriteError;

/// Held by whoever writes, in this process.
static WRITING: Mutex<()> = Mutex::new(());

/// Waits until nothing is being written; as long as the answer is kept, nothing will be. For one who is about to end the process.
pub fn no_more_writing() -> MutexGuard<'static, ()> {
    WRITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A repository that no other run writes to as long as this is there.
pub(super) struct Lock {
    /// None where the file system has no locks.
    root: Option<File>,
    _writing: MutexGuard<'static, ()>,
}

impl Lock {
    /// Keeps other runs out, where the file system has locks.
    pub fn of(root: &Path) -> Result<Lock, WriteError> {
        let writing = no_more_writing();
        let root = match File::open(root) {
            Ok(root) => match root.try_lock() {
                Ok(()) => Some(root),
                Err(TryLockError::WouldBlock) => return Err(WriteError::Busy),
                Err(TryLockError::Error(_)) => None,
            },
            Err(_) => None,
        };
        Ok(Lock { root, _writing: writing })
    }

    pub fn keeps_others_out(&self) -> bool {
        self.root.is_some()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(root) = &self.root {
            // Said, since a child process that is just being started still holds the folder open for a moment.
            let _ = root.unlock();
        }
    }
}
