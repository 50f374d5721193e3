//! A world seen from another folder and with other variables, as a command in shell text sees it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::intake::Unfed;
use super::processes::Process;
use super::view::{Listing, Look, Session, World};
use super::{Surroundings, Walk, WalkRequest};

/// What the shell changed before a command.
pub struct Moved<'w> {
    world: &'w dyn World,
    session: Session,
    variables: Vec<(OsString, OsString)>,
}

impl<'w> Moved<'w> {
    /// `folder` is absolute.
    pub fn new(world: &'w dyn World, folder: PathBuf, variables: Vec<(OsString, OsString)>) -> Self {
        let session = Session { cwd: folder, ..world.session().clone() };
        Self { world, session, variables }
    }
}

impl World for Moved<'_> {
    fn session(&self) -> &Session {
        &self.session
    }

    fn lists(&self) -> bool {
        self.world.lists()
    }

    fn list(&self, listing: &Listing<'_>) -> Result<Vec<u8>, String> {
        let variables = listing.variables.iter().chain(&self.variables).cloned().collect::<Vec<_>>();
        let folder = listing.folder.or(Some(&self.session.cwd));
        self.world.list(&Listing { folder, variables: &variables, ..*listing })
    }

    fn variable(&self, name: &str) -> Option<OsString> {
        let own = self.variables.iter().rev().find(|(own, _)| own == name);
        own.map(|(_, value)| value.clone()).or_else(|| self.world.variable(name))
    }

    fn walk(&self, request: &WalkRequest<'_>) -> Walk {
        self.world.walk(request)
    }

    fn around(&self) -> Surroundings {
        Surroundings { cwd: self.session.cwd.clone(), ..self.world.around() }
    }

    fn names(&self, folder: &Path) -> Vec<OsString> {
        self.world.names(&self.session.cwd.join(folder))
    }

    fn processes(&self) -> Result<Vec<Process>, String> {
        self.world.processes()
    }

    fn own_pid(&self) -> i32 {
        self.world.own_pid()
    }

    fn fed(&self, file: Option<&Path>) -> Result<Rc<Vec<u8>>, Unfed> {
        let file = file.map(|file| self.session.cwd.join(file));
        self.world.fed(file.as_deref())
    }

    fn file(&self, path: &Path) -> Option<Vec<u8>> {
        self.world.file(&self.session.cwd.join(path))
    }

    fn piece(&self, path: &Path, from: u64, length: usize) -> Option<Vec<u8>> {
        self.world.piece(&self.session.cwd.join(path), from, length)
    }

    fn look(&self, path: &Path) -> Option<Look> {
        self.world.look(&self.session.cwd.join(path))
    }

    fn real_path(&self, path: &Path) -> Option<PathBuf> {
        self.world.real_path(&self.session.cwd.join(path))
    }
}
