//! A file beside a journal that holds what would make its plan too large: the frozen files.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::record::{Error, place};

/// The file beside a journal.
#[derive(Debug)]
pub struct Side {
    path: PathBuf,
}

impl Side {
    /// The one beside this journal.
    pub fn new(journal: &Path) -> Self {
        Self { path: journal.with_extension("files") }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it, empty.
    ///
    /// # Errors
    /// Where it cannot be made, or is not safe.
    pub fn create(&self) -> Result<File, Error> {
        let file = place::open(&self.path)?;
        file.set_len(0).map_err(|fault| self.fault(fault))?;
        Ok(file)
    }

    /// Opens it to read; only the operator or root can have written it.
    ///
    /// # Errors
    /// Where it cannot be opened, or is not safe.
    pub fn open(&self) -> Result<File, Error> {
        place::open(&self.path)
    }

    /// Says what could not be done to it.
    pub fn fault(&self, fault: io::Error) -> Error {
        Error::io(&self.path, "used")(fault)
    }
}
