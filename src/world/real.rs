//! The real world.

use std::cell::{Cell, OnceCell, RefCell};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use tracing::debug;

use super::file_rules::{FileRules, FileRulesError, PreparedRules};
use super::intake::{Intake, Unfed};
use super::listing::{ListRequest, ListingFault, list};
use super::processes::{self, Process};
use super::seen::Seen;
use super::view::{Listing, Look, LookKind, Session, World};
use super::{Surroundings, Walk, WalkRequest, walk};

/// A listing larger than this is no listing that a person meant.
const LARGEST_LISTING: usize = 256 * 1024 * 1024;

/// A file of facts (a kubeconfig) larger than this is not read.
const LARGEST_FILE: u64 = 16 * 1024 * 1024;

/// This host, this process, these files.
pub struct Real {
    session: Session,
    progress: Box<dyn Fn(u64)>,
    /// Variables that are told, not inherited.
    told: Vec<(OsString, Option<OsString>)>,
    /// True where the working folder is told.
    moved: bool,
    /// The signal that ended a listing.
    interrupted: Cell<Option<i32>>,
    /// What was seen, where it is kept.
    seen: Option<Rc<Seen>>,
    /// How far inputs are read, where they may be.
    intake: Option<Intake>,
    /// What was read from the standard input: it is read once.
    input: OnceCell<Result<Rc<Vec<u8>>, Unfed>>,
    /// The files that were read in the place of it.
    files: RefCell<Vec<(PathBuf, Rc<Vec<u8>>)>>,
}

impl Real {
    /// Looks at the process's own surroundings. `input` is false where nobody may be asked.
    pub fn new(input: bool) -> Self {
        let text =
            |name| env::var_os(name).map(|v| v.to_string_lossy().into_owned()).filter(|v| !v.is_empty());
        let host = nix::unistd::gethostname().map(|h| h.to_string_lossy().into_owned()).unwrap_or_default();
        let user =
            text("LOGNAME").or_else(|| text("USER")).unwrap_or_else(|| nix::unistd::getuid().to_string());
        Self {
            progress: Box::new(|_| {}),
            told: Vec::new(),
            moved: false,
            interrupted: Cell::new(None),
            seen: None,
            intake: None,
            input: OnceCell::new(),
            files: RefCell::default(),
            session: Session {
                host,
                user,
                home: env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute()),
                // Of a folder that is gone only this name is left; any other would be another folder.
                cwd: env::current_dir().unwrap_or_else(|_| PathBuf::from("/proc/self/cwd")),
                ssh: env::var_os("SSH_CONNECTION").is_some() || env::var_os("SSH_TTY").is_some(),
                terminal: input && env::var_os("CI").is_none(),
            },
        }
    }

    /// This host as a command would see it that is started with this folder, these variables and
    /// with or without a terminal. A variable without a value is unset.
    #[must_use]
    pub fn told(
        self,
        cwd: Option<PathBuf>,
        variables: Vec<(OsString, Option<OsString>)>,
        terminal: Option<bool>,
    ) -> Self {
        let mut session = self.session.clone();
        for (name, value) in &variables {
            match name.to_str() {
                Some("HOME") => {
                    session.home = value.as_ref().map(PathBuf::from).filter(|home| home.is_absolute());
                }
                Some("SSH_CONNECTION" | "SSH_TTY") if value.is_some() => session.ssh = true,
                _ => {}
            }
        }
        let moved = cwd.is_some();
        session.cwd = cwd.unwrap_or(session.cwd);
        session.terminal = terminal.unwrap_or(session.terminal);
        Self { session, told: variables, moved, ..self }
    }

    /// The same host again, and what was `seen` of it so far.
    #[must_use]
    pub fn again(&self, seen: &Rc<Seen>) -> Self {
        Self {
            session: self.session.clone(),
            progress: Box::new(|_| {}),
            told: self.told.clone(),
            moved: self.moved,
            interrupted: Cell::new(None),
            seen: Some(Rc::clone(seen)),
            intake: None,
            input: OnceCell::new(),
            files: RefCell::default(),
        }
    }
}

impl Real {
    /// Reads what the command would read, and puts it back for it.
    #[must_use]
    pub fn feeding(self, intake: Intake) -> Self {
        Self { intake: Some(intake), ..self }
    }

    /// Tells `progress` how many entries a count has seen so far.
    #[must_use]
    pub fn telling(self, progress: impl Fn(u64) + 'static) -> Self {
        Self { progress: Box::new(progress), ..self }
    }
}

impl Real {
    /// Returns why the standard input can't be put back, where guard took some of it.
    pub fn broken(&self) -> Option<&str> {
        match self.input.get() {
            Some(Err(Unfed::Broken(why))) => Some(why),
            _ => None,
        }
    }

    /// Returns a file of items that holds something else by now.
    pub fn changed(&self) -> Option<PathBuf> {
        let files = self.files.borrow();
        let now = |file: &Path| Intake::default().file(file);
        let changed = files.iter().find(|(file, seen)| now(file).as_ref() != Ok(&**seen));
        changed.map(|(file, _)| file.clone())
    }

    /// Returns the signal that reached guard during a listing. What was asked is off then, not unknown.
    pub fn interrupted(&self) -> Option<i32> {
        self.interrupted.get()
    }
}

impl World for Real {
    fn session(&self) -> &Session {
        &self.session
    }

    fn list(&self, listing: &Listing<'_>) -> Result<Vec<u8>, String> {
        let mut env = self.told.clone();
        env.extend(listing.variables.iter().map(|(name, value)| (name.clone(), Some(value.clone()))));
        let request = ListRequest {
            argv: listing.argv,
            program: None,
            env: &env,
            cwd: listing.folder.or(self.moved.then_some(self.session.cwd.as_path())),
            timeout: listing.patience,
            cap_bytes: LARGEST_LISTING,
            codes: listing.codes,
        };
        let started = Instant::now();
        let listed = list(&request);
        debug!(
            listing = %crate::ui::escape::quote(listing.argv),
            milliseconds = started.elapsed().as_millis() as u64,
            bytes = listed.as_ref().ok().map(Vec::len),
            "listed"
        );
        listed.map_err(|fault| {
            if let ListingFault::Interrupted(signal) = fault {
                self.interrupted.set(Some(signal));
            }
            let command = crate::ui::escape::quote(listing.argv);
            match &fault {
                ListingFault::NotFound(_) => crate::ui::escape(&fault.to_string()).into_owned(),
                // The command is quoted, which is as harmless: escaped again, nobody could paste it.
                _ => {
                    let fault = fault.to_string();
                    let command = crate::ui::escape::shorten(&command, 120);
                    format!("the listing ({command}): {}", crate::ui::escape(fault.trim_end()))
                }
            }
        })
    }

    fn walk(&self, request: &WalkRequest<'_>) -> Walk {
        let started = Instant::now();
        let walk = walk(request, &mut |entries| (self.progress)(entries));
        let milliseconds = started.elapsed().as_millis() as u64;
        debug!(roots = request.roots.len(), entries = walk.entries, milliseconds, "walked");
        walk
    }

    fn around(&self) -> Surroundings {
        Surroundings::read(self.session.home.clone(), self.session.cwd.clone())
    }

    fn prepared(&self, files: &Arc<FileRules>) -> Result<Arc<PreparedRules>, FileRulesError> {
        match &self.seen {
            Some(seen) => seen.rules(files, &self.session, || files.prepare(self.around())),
            None => files.prepare(self.around()).map(Arc::new),
        }
    }

    fn names(&self, folder: &Path) -> Vec<OsString> {
        let entries = fs::read_dir(self.session.cwd.join(folder)).into_iter().flatten();
        entries.filter_map(|entry| entry.ok().map(|e| e.file_name())).collect()
    }

    fn processes(&self) -> Result<Vec<Process>, String> {
        let table = self.seen.as_ref().map_or_else(processes::table, |seen| seen.processes());
        table.map_err(|fault| format!("the processes can't be listed: {fault}"))
    }

    fn own_pid(&self) -> i32 {
        processes::own_pid()
    }

    fn variable(&self, name: &str) -> Option<OsString> {
        match self.told.iter().rev().find(|(told, _)| told == name) {
            Some((_, value)) => value.clone(),
            None => env::var_os(name),
        }
    }

    fn fed(&self, file: Option<&Path>) -> Result<Rc<Vec<u8>>, Unfed> {
        if let Some(file) = file {
            let file = self.session.cwd.join(file);
            let bytes = Intake::default().file(&file).map(Rc::new).map_err(Unfed::Whole)?;
            self.files.borrow_mut().push((file, Rc::clone(&bytes)));
            return Ok(bytes);
        }
        match self.intake {
            None => Err(Unfed::Whole("it is not known before it runs".into())),
            Some(intake) => self.input.get_or_init(|| intake.take().map(Rc::new)).clone(),
        }
    }

    fn file(&self, path: &Path) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        fs::File::open(self.session.cwd.join(path)).ok()?.take(LARGEST_FILE).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    fn piece(&self, path: &Path, from: u64, length: usize) -> Option<Vec<u8>> {
        let file = fs::File::open(self.session.cwd.join(path)).ok()?;
        let mut bytes = vec![0; length];
        let read = file.read_at(&mut bytes, from).ok()?;
        bytes.truncate(read);
        Some(bytes)
    }

    fn look(&self, path: &Path) -> Option<Look> {
        let meta = fs::symlink_metadata(self.session.cwd.join(path)).ok()?;
        let kind = match meta.file_type() {
            kind if kind.is_dir() => LookKind::Folder,
            kind if kind.is_symlink() => LookKind::Symlink,
            kind if kind.is_file() => LookKind::File,
            kind if kind.is_block_device() => LookKind::Disk,
            _ => LookKind::Other,
        };
        let written = (meta.mtime(), u32::try_from(meta.mtime_nsec()).unwrap_or(0));
        Some(Look { kind, size: meta.size(), written, executable: meta.mode() & 0o100 != 0 })
    }

    fn real_path(&self, path: &Path) -> Option<PathBuf> {
        fs::canonicalize(self.session.cwd.join(path)).ok()
    }
}

/// Guard's own arguments, as the system handed them over.
pub fn arguments() -> Vec<OsString> {
    env::args_os().map(|word| OsString::from_vec(word.into_vec())).collect()
}
