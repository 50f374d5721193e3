//! A lock that lives as long as any call of a rollout runs, though its guard was killed.
//!
//! The journal's own lock ends with the process that drives it; its calls may run on. They inherit
//! this one, so whoever resumes knows whether a call of the guard before is still at work.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use crate::record::{Error, place};

/// The lock, to be handed to every call.
#[derive(Debug)]
pub struct CallsLock {
    file: File,
}

impl CallsLock {
    /// Takes the lock beside a journal; `None` while a call of an earlier guard holds it.
    ///
    /// # Errors
    /// Where its file cannot be made.
    pub fn take(journal: &Path) -> Result<Option<Self>, Error> {
        let file = place::open(&journal.with_extension("calls"))?;
        Ok(file.try_lock().is_ok().then_some(Self { file }))
    }
}

impl AsFd for CallsLock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
