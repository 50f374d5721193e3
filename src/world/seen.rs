//! What one look at this host saw, kept while commands that came together are judged.
//!
//! Only what judges many commands and runs none of them keeps it, and drops it before it waits for
//! more: an answer is never older than the question.

use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::file_rules::{FileRules, FileRulesError, PreparedRules};
use super::processes::{self, Process};
use super::view::Session;

/// Folders that are kept at once; commands mostly start in the same few.
const MOST: usize = 16;

/// Rules on files, as they hold for one folder and home.
#[derive(Debug)]
struct Known {
    files: Arc<FileRules>,
    home: Option<PathBuf>,
    cwd: PathBuf,
    rules: Arc<PreparedRules>,
}

/// What was seen so far.
#[derive(Debug, Default)]
pub struct Seen {
    rules: RefCell<Vec<Known>>,
    processes: RefCell<Option<Vec<Process>>>,
}

impl Seen {
    /// Drops what was seen.
    pub fn forget(&self) {
        self.rules.borrow_mut().clear();
        self.processes.borrow_mut().take();
    }

    /// Returns the process table, read once.
    pub(super) fn processes(&self) -> io::Result<Vec<Process>> {
        let mut known = self.processes.borrow_mut();
        if known.is_none() {
            *known = Some(processes::table()?);
        }
        Ok(known.clone().unwrap_or_default())
    }

    /// Returns the rules as they hold for a session, made ready once.
    pub(super) fn rules(
        &self,
        files: &Arc<FileRules>,
        session: &Session,
        make: impl FnOnce() -> Result<PreparedRules, FileRulesError>,
    ) -> Result<Arc<PreparedRules>, FileRulesError> {
        let mut all = self.rules.borrow_mut();
        // The text of the folder is compared, not what a path means: `a/.` is read as another one.
        let same = |known: &&Known| {
            Arc::ptr_eq(&known.files, files)
                && known.cwd.as_os_str() == session.cwd.as_os_str()
                && known.home.as_deref().map(|h| h.as_os_str())
                    == session.home.as_deref().map(|h| h.as_os_str())
        };
        if let Some(known) = all.iter().find(same) {
            return Ok(Arc::clone(&known.rules));
        }
        let rules = Arc::new(make()?);
        if all.len() >= MOST {
            all.remove(0);
        }
        let (home, cwd) = (session.home.clone(), session.cwd.clone());
        all.push(Known { files: Arc::clone(files), home, cwd, rules: Arc::clone(&rules) });
        Ok(rules)
    }
}
