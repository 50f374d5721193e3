//! What the way of a command may ask of the world, as a trait: real, or canned for tests and
//! `--offline`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::file_rules::{FileRules, FileRulesError, PreparedRules};
use super::intake::Unfed;
use super::processes::Process;
use super::{Surroundings, Walk, WalkRequest};

/// A listing command to run.
#[derive(Debug, Clone, Copy)]
pub struct Listing<'a> {
    /// Its words, wrappers in front.
    pub argv: &'a [OsString],
    /// How long it may take.
    pub patience: Duration,
    /// Exit codes other than 0 that are no failure.
    pub codes: &'a [i32],
    /// The folder to run in; where not given, the world's own.
    pub folder: Option<&'a Path>,
    /// Variables over those of the world.
    pub variables: &'a [(OsString, OsString)],
}

/// What one look at a path tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// What it is.
    pub kind: LookKind,
    /// Bytes.
    pub size: u64,
    /// When it was last written: seconds since 1970, and nanoseconds.
    pub written: (i64, u32),
    /// True where its owner may execute it.
    pub executable: bool,
}

/// What a path is, as far as writing over it cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookKind {
    /// A folder.
    Folder,
    /// A symlink.
    Symlink,
    /// A file that holds something of its own.
    File,
    /// A block device: a disk, or a part of one.
    Disk,
    /// A pipe, a socket or another device.
    Other,
}

/// Who is asking, and from where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// This host's name.
    pub host: String,
    /// The login name; the user id where there is none.
    pub user: String,
    /// The home folder.
    pub home: Option<PathBuf>,
    /// The working folder.
    pub cwd: PathBuf,
    /// True where the session came over ssh.
    pub ssh: bool,
    /// True where a person can be asked.
    pub terminal: bool,
}

/// The only door out for the steps that count.
pub trait World {
    /// Who is asking, and from where.
    fn session(&self) -> &Session;

    /// False where nothing is listed, and only bounds can be had.
    fn lists(&self) -> bool {
        true
    }

    /// Runs a listing and returns its whole output, or one sentence on why there is none.
    fn list(&self, listing: &Listing<'_>) -> Result<Vec<u8>, String>;

    /// The time by the wall clock, which may jump: records are stamped with it, and nothing waits by it.
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// Returns an environment variable.
    fn variable(&self, name: &str) -> Option<OsString>;

    /// Counts what lies below some paths.
    fn walk(&self, request: &WalkRequest<'_>) -> Walk;

    /// Returns what the rules on files need to know of this host.
    fn around(&self) -> Surroundings;

    /// Makes rules on files ready for this host.
    ///
    /// # Errors
    /// Where they make no sense.
    fn prepared(&self, files: &Arc<FileRules>) -> Result<Arc<PreparedRules>, FileRulesError> {
        files.prepare(self.around()).map(Arc::new)
    }

    /// Returns the names in a folder; none where it can't be read.
    fn names(&self, folder: &Path) -> Vec<OsString>;

    /// Returns the processes of this host.
    fn processes(&self) -> Result<Vec<Process>, String>;

    /// Returns guard's own process id, which the command will have.
    fn own_pid(&self) -> i32;

    /// Returns what a command would read from its standard input, or from a file that it names.
    ///
    /// # Errors
    /// Where that is not known.
    fn fed(&self, _file: Option<&Path>) -> Result<Rc<Vec<u8>>, Unfed> {
        Err(Unfed::Whole("it is not known before it runs".into()))
    }

    /// Returns what a file holds; `None` where it can't be read.
    fn file(&self, path: &Path) -> Option<Vec<u8>>;

    /// Returns up to so many bytes of a file from a place in it; `None` where it can't be read.
    fn piece(&self, path: &Path, from: u64, length: usize) -> Option<Vec<u8>>;

    /// Looks at a path itself; what a symlink leads to is not looked at. `None` where there is nothing.
    fn look(&self, path: &Path) -> Option<Look>;

    /// Returns a path without symlinks; `None` where it leads nowhere.
    fn real_path(&self, path: &Path) -> Option<PathBuf>;
}
