//! The journal of a rollout: what was planned, what was started, what came of it.
//!
//! One file of JSON lines a rollout, only ever appended to (a line that was cut short at the end is
//! cut off). That a call starts is on disk before it starts, so whatever happens to guard, a target
//! without such a line was never touched, and one whose outcome is missing is *in doubt*.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::line::to_line;
use super::{Error, place};
use crate::ui::escape;

mod calls;
mod places;
mod progress;
mod side;

pub use calls::CallsLock;
pub use places::Places;
pub use progress::{Fate, Frozen, Plan, Progress, Record, State, VERSION};
use progress::{damaged, replay};
pub use side::Side;

/// The journal of a rollout that this process drives. The lock on it ends with the process.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    length: u64,
    /// True where the file may hold more than `length`: half a line that could not be cut off.
    torn: bool,
    progress: Progress,
}

impl Journal {
    /// Begins a rollout; its plan is on disk when this returns.
    ///
    /// # Errors
    /// Where it cannot be written, or the file is another rollout's.
    pub fn create(path: &Path, plan: Plan) -> Result<Self, Error> {
        let (file, text) = open_locked(path)?;
        if !text.is_empty() {
            return Err(damaged(path, 1, "the file is there already"));
        }
        let record = Record::Plan(Box::new(plan.clone()));
        let mut journal =
            Self { path: path.to_owned(), file, length: 0, torn: false, progress: Progress::new(plan) };
        journal.write(&record)?;
        journal.sync()?;
        Ok(journal)
    }

    /// Goes on with a rollout. What was started and not ended is in doubt: ask the tool.
    ///
    /// # Errors
    /// [`Error::Driven`] while another process drives it; where it cannot be read or holds no plan.
    pub fn resume(path: &Path) -> Result<Self, Error> {
        place::open_to_read(path)?;
        let (file, text) = open_locked(path)?;
        let (progress, length) = replay(path, &text)?;
        let progress =
            progress.ok_or_else(|| damaged(path, 1, "the plan was never written: nothing was started"))?;
        let torn = length < text.len() as u64;
        Ok(Self { path: path.to_owned(), file, length, torn, progress })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How far it has come; targets that were started and not ended are in doubt or running.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Says that calls for `targets` are about to start; on disk when this returns.
    ///
    /// # Errors
    /// Where it cannot be written, or one of them is done: nothing may be started then.
    pub fn started(&mut self, batch: u64, targets: &[usize]) -> Result<(), Error> {
        self.append(&Record::Started { batch, targets: Places(targets.to_vec()) })?;
        self.sync()
    }

    /// Says that one call for `targets` starts now. Survives the process, not the machine.
    ///
    /// # Errors
    /// Where it cannot be written, or one of them was not started: the call must not start then.
    pub fn called(&mut self, targets: &[usize]) -> Result<(), Error> {
        self.append(&Record::Called { targets: Places(targets.to_vec()) })
    }

    /// Says that this process drives the rollout from now on; on disk when this returns.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn driven(&mut self, time: String, boot: String) -> Result<(), Error> {
        self.append(&Record::Driven { time, boot, pid: std::process::id() })?;
        self.sync()
    }

    /// Says what came of some targets. Survives the process; on disk with the next [`sync`](Self::sync),
    /// batch or state (one that is lost makes the target in doubt).
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn ended(&mut self, targets: &[usize], fate: Fate, detail: Option<String>) -> Result<(), Error> {
        if targets.is_empty() {
            return Ok(());
        }
        self.append(&Record::Ended { targets: Places(targets.to_vec()), fate, detail })
    }

    /// Says what has become of the rollout; on disk when this returns.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn state(&mut self, time: String, state: State, reason: Option<String>) -> Result<(), Error> {
        self.append(&Record::State { time, state, reason })?;
        self.sync()
    }

    /// Brings everything to disk.
    ///
    /// # Errors
    /// Where the system cannot.
    pub fn sync(&self) -> Result<(), Error> {
        self.file.sync_data().map_err(Error::io(&self.path, "written"))
    }

    fn append(&mut self, record: &Record) -> Result<(), Error> {
        self.progress.check(record)?;
        self.write(record)?;
        self.progress.take(record);
        Ok(())
    }

    fn write(&mut self, record: &Record) -> Result<(), Error> {
        let written = to_line(record).and_then(|mut line| {
            line.push(b'\n');
            // Half a line that an earlier failure left (or the end of a torn one) goes first.
            if self.torn {
                self.file.set_len(self.length)?;
                self.torn = false;
            }
            if let Err(fault) = self.file.write_all(&line) {
                self.torn = self.file.set_len(self.length).is_err();
                return Err(fault);
            }
            Ok(line.len() as u64)
        });
        self.length += written.map_err(Error::io(&self.path, "written"))?;
        Ok(())
    }
}

/// Reads how far a rollout has come; `None` where its plan was never wholly written.
///
/// # Errors
/// Where the file cannot be read, or a whole line in it is not a record that fits.
pub fn read(path: &Path) -> Result<Option<Progress>, Error> {
    let text = text(path, &place::open_to_read(path)?)?;
    Ok(replay(path, &text)?.0)
}

/// Returns true while a process drives the rollout.
///
/// # Errors
/// Where the file cannot be opened.
pub fn is_driven(path: &Path) -> Result<bool, Error> {
    Ok(place::open_to_read(path)?.try_lock_shared().is_err())
}

/// Names this start of the machine; empty where the system does not tell.
pub fn boot() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

/// Path of a rollout's journal in the folder for records.
pub fn path(state_folder: &Path, id: &str) -> PathBuf {
    state_folder.join("rollouts").join(format!("{id}.jsonl"))
}

fn open_locked(path: &Path) -> Result<(File, Vec<u8>), Error> {
    let file = place::open(path)?;
    file.try_lock().map_err(|_| Error::Driven { path: escape(path).into_owned() })?;
    let text = text(path, &file)?;
    Ok((file, text))
}

fn text(path: &Path, mut file: &File) -> Result<Vec<u8>, Error> {
    let mut text = Vec::new();
    file.read_to_end(&mut text).map_err(Error::io(path, "read"))?;
    Ok(text)
}
