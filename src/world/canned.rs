//! A world that is told, for tests of policies: what listings print and how many files there are.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::processes::Process;
use super::view::{Listing, Look, Session, World};
use super::{RootKind, Surroundings, Walk, WalkRequest};

/// A told world. Nothing in it comes from this host.
#[derive(Debug, Clone, Default)]
pub struct Canned {
    /// Who asks, and where.
    pub session: Session,
    /// What a listing prints that has this word, or why it fails.
    pub listings: Vec<(String, Result<Vec<u8>, String>)>,
    /// How many files a walk counts; one a root where not told.
    pub files: Option<u64>,
}

impl World for Canned {
    fn session(&self) -> &Session {
        &self.session
    }

    fn list(&self, listing: &Listing<'_>) -> Result<Vec<u8>, String> {
        let told = self.listings.iter().find(|(word, _)| listing.argv.iter().any(|w| w == word.as_str()));
        told.map_or_else(|| Err("the test does not tell what is listed".into()), |(_, output)| output.clone())
    }

    fn variable(&self, _name: &str) -> Option<OsString> {
        None
    }

    fn walk(&self, request: &WalkRequest<'_>) -> Walk {
        let mut walk = Walk::default();
        walk.entries = self.files.unwrap_or(request.roots.len() as u64);
        walk.files = walk.entries;
        walk.roots = vec![RootKind::File; request.roots.len()];
        walk.sample = request.roots.iter().take(request.sample).cloned().collect();
        walk
    }

    fn around(&self) -> Surroundings {
        let (home, cwd) = (self.session.home.clone(), self.session.cwd.clone());
        Surroundings { home, cwd, ..Surroundings::default() }
    }

    fn names(&self, _folder: &Path) -> Vec<OsString> {
        Vec::new()
    }

    fn processes(&self) -> Result<Vec<Process>, String> {
        Err("the test does not tell what runs".into())
    }

    fn own_pid(&self) -> i32 {
        0
    }

    fn file(&self, _path: &Path) -> Option<Vec<u8>> {
        None
    }

    fn piece(&self, _path: &Path, _from: u64, _length: usize) -> Option<Vec<u8>> {
        None
    }

    fn look(&self, _path: &Path) -> Option<Look> {
        None
    }

    fn real_path(&self, _path: &Path) -> Option<PathBuf> {
        None
    }
}
