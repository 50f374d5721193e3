//! The world without the listings: files count, tools are not asked.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::file_rules::{FileRules, FileRulesError, PreparedRules};
use super::processes::Process;
use super::view::{Listing, Look, Session, World};
use super::{RootKind, Surroundings, Unfed, Walk, WalkRequest};

/// A world that lists nothing. What only a listing could tell is unknown.
pub struct Offline<'w>(pub &'w dyn World);

impl World for Offline<'_> {
    fn session(&self) -> &Session {
        self.0.session()
    }

    fn lists(&self) -> bool {
        false
    }

    fn list(&self, _listing: &Listing<'_>) -> Result<Vec<u8>, String> {
        Err("nothing is listed offline".into())
    }

    /// A path that is not there counts as one: what it was is judged by its text.
    fn walk(&self, request: &WalkRequest<'_>) -> Walk {
        let mut walk = self.0.walk(request);
        let gone = walk.roots.iter().zip(request.roots).filter(|(kind, _)| **kind == RootKind::Missing);
        let gone: Vec<PathBuf> = gone.map(|(_, root)| root.clone()).collect();
        walk.entries += gone.len() as u64;
        walk.files += gone.len() as u64;
        let room = request.sample.saturating_sub(walk.sample.len());
        walk.sample.extend(gone.into_iter().take(room));
        walk
    }

    fn around(&self) -> Surroundings {
        self.0.around()
    }

    fn prepared(&self, files: &Arc<FileRules>) -> Result<Arc<PreparedRules>, FileRulesError> {
        self.0.prepared(files)
    }

    fn names(&self, folder: &Path) -> Vec<OsString> {
        self.0.names(folder)
    }

    fn processes(&self) -> Result<Vec<Process>, String> {
        self.0.processes()
    }

    fn own_pid(&self) -> i32 {
        self.0.own_pid()
    }

    fn variable(&self, name: &str) -> Option<OsString> {
        self.0.variable(name)
    }

    /// A file that is named counts from here; nothing else is read.
    fn fed(&self, file: Option<&Path>) -> Result<Rc<Vec<u8>>, Unfed> {
        match file {
            Some(_) => self.0.fed(file),
            None => Err(Unfed::Whole("it is not known before it runs".into())),
        }
    }

    fn file(&self, path: &Path) -> Option<Vec<u8>> {
        self.0.file(path)
    }

    fn piece(&self, path: &Path, from: u64, length: usize) -> Option<Vec<u8>> {
        self.0.piece(path, from, length)
    }

    fn look(&self, path: &Path) -> Option<Look> {
        self.0.look(path)
    }

    fn real_path(&self, path: &Path) -> Option<PathBuf> {
        self.0.real_path(path)
    }
}
