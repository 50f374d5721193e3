//! One question a terminal at a time, and a "no" that holds for all of a job.
//!
//! Guards on one terminal take turns by a lock on a file named after the terminal's device. A guard that
//! is stopped at its question lets the next one in.
//!
//! A "no" also refuses, for ten minutes, every guard that waits or starts in the same job (`gate/job.rs`
//! has the rule). What the operator types next is another job, and is asked about anew. Records that
//! can't be read or written are forgotten, and what is forgotten is asked again, never let through.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::process::geteuid;
use rustix::time::{ClockId, clock_gettime};

use crate::gate::job::Job;
use crate::world::processes::own_pid;
use crate::world::signals::{Signals, poll, readable};
use crate::world::tty::{Answer, Tty, stop};

/// How long a "no" holds.
const HOLDS: Duration = Duration::from_secs(600);
/// How long a guard waits for its turn.
const PATIENCE: Duration = Duration::from_secs(900);
/// How often it looks whether its turn has come.
const LOOK: Duration = Duration::from_millis(50);
/// How many refusals one terminal remembers.
const REMEMBERED: usize = 32;

/// Why nothing was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTurn {
    /// Another guard of the same job was answered with no, this long ago.
    #[error("refused {} s ago for another command of the same job", .0.as_secs())]
    Refused(Duration),
    /// The other question stayed open for too long.
    #[error("another question on this terminal stayed open")]
    TimedOut,
    /// This signal reached guard while it waited.
    #[error("interrupted by signal {0}")]
    Interrupted(i32),
    /// Guard is in the background: another program has the terminal.
    #[error("guard is in the background")]
    Background,
}

/// The right to ask on a terminal, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    /// Locked. Without a folder to keep it in, questions may meet; each asks for its own answer still.
    file: Option<File>,
    job: Option<Job>,
}

/// Waits for the turn, asks, and returns the answer with the turn still held.
///
/// The question is all that belongs together on the terminal, what will be hit included: it is
/// written in one piece, and again after Ctrl-Z and `fg`. `folder` is where turns are kept ([`folder`]);
/// `held` is the turn of somebody who has it already.
///
/// # Errors
/// When nothing was asked: [`NoTurn`].
pub fn ask(
    tty: &mut Tty,
    folder: Option<&Path>,
    mut held: Option<Turn>,
    question: &str,
    timeout: Duration,
) -> Result<(Answer, Turn), NoTurn> {
    loop {
        let turn = match held.take() {
            Some(turn) => turn,
            None => Turn::wait(tty, folder)?,
        };
        match tty.ask(question, timeout) {
            Answer::Interrupted(libc::SIGTSTP) => {
                drop(turn);
                stop();
            }
            answer => return Ok((answer, turn)),
        }
    }
}

impl Turn {
    /// Waits until no other guard asks on this terminal.
    ///
    /// # Errors
    /// When the job has been refused, or the turn never came: [`NoTurn`].
    pub fn wait(tty: &Tty, folder: Option<&Path>) -> Result<Turn, NoTurn> {
        let job = Job::of(own_pid());
        let Some(mut file) = folder.and_then(|folder| open_file(folder, tty.device())) else {
            return Ok(Turn { file: None, job });
        };
        let caught = [libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP];
        let signals = Signals::catch(&caught).map_err(|_| NoTurn::TimedOut)?;
        let started = Instant::now();
        loop {
            if !tty.in_foreground() {
                return Err(NoTurn::Background);
            }
            let mine = flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
            if let Some(ago) = job.as_ref().and_then(|job| refused(&mut file, job)) {
                return Err(NoTurn::Refused(ago));
            }
            if mine {
                return Ok(Turn { file: Some(file), job });
            }
            if started.elapsed() > PATIENCE {
                return Err(NoTurn::TimedOut);
            }
            let _ = poll(&mut [readable(&signals)], Some(LOOK));
            if let Some(arrived) = signals.next() {
                return Err(NoTurn::Interrupted(arrived.signal));
            }
        }
    }

    /// Remembers that a person said no, for the other guards of this job.
    pub fn remember_no(&mut self) {
        let (Some(file), Some(job)) = (&mut self.file, &self.job) else { return };
        let now = seconds();
        let mut lines: Vec<String> = recent(file, now)
            .map(|(when, job)| job.line(when))
            .chain([Job::of(own_pid()).as_ref().unwrap_or(job).line(now)])
            .collect();
        let surplus = lines.len().saturating_sub(REMEMBERED);
        let text: String = lines.drain(surplus..).collect();
        // Best effort: what is forgotten is asked again.
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes()));
    }
}

/// Returns the folder for turns: `guard` in the runtime folder of this user, else in `state`; made when it is missing.
///
/// A folder that belongs to someone else (`sudo -E`), or that others may write to, is passed over.
pub fn folder(runtime: Option<&Path>, state: Option<&Path>) -> Option<PathBuf> {
    let me = geteuid().as_raw();
    let login = PathBuf::from(format!("/run/user/{me}"));
    let own = |path: &Path| {
        fs::symlink_metadata(path)
            .is_ok_and(|meta| meta.is_dir() && meta.uid() == me && meta.mode() & 0o022 == 0)
    };
    let runtime =
        [runtime, Some(&login)].into_iter().flatten().filter(|path| path.is_absolute() && own(path));
    runtime.map(|path| path.join("guard")).chain(state.map(|path| path.join("turns"))).find(|path| {
        let _ = DirBuilder::new().recursive(true).mode(0o700).create(path);
        own(path)
    })
}

fn open_file(folder: &Path, device: u64) -> Option<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(libc::O_NOFOLLOW);
    options.open(folder.join(format!("terminal-{device}"))).ok()
}

/// Returns how long ago another guard of `job` was refused, where that still holds.
fn refused(file: &mut File, job: &Job) -> Option<Duration> {
    let now = seconds();
    recent(file, now)
        .filter(|(_, other)| job.is_same(other))
        .map(|(when, _)| Duration::from_secs(now - when))
        .min()
}

/// The refusals that still hold. A line that is no record is passed over.
fn recent(file: &mut File, now: u64) -> impl Iterator<Item = (u64, Job)> {
    let mut text = String::new();
    // At most what `remember_no` writes, should the file be anything else.
    let read = file.rewind().and_then(|()| Read::by_ref(file).take(65536).read_to_string(&mut text));
    let lines = if read.is_ok() { text } else { String::new() };
    let records: Vec<_> = lines.lines().filter_map(Job::parse).collect();
    records
        .into_iter()
        .filter(move |(when, _)| now.checked_sub(*when).is_some_and(|ago| ago < HOLDS.as_secs()))
}

/// Seconds since boot, sleep included: no clock that someone sets.
fn seconds() -> u64 {
    u64::try_from(clock_gettime(ClockId::Boottime).tv_sec).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    /// A job that shares nothing with one of another number.
    fn job(number: i32) -> Job {
        Job::parse(&format!("0 {number} 1 {number} 1 0 0 0")).unwrap().1
    }

    #[test]
    fn a_no_holds_for_ten_minutes_and_of_this_boot() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("terminal-1");
        let now = seconds();
        for (when, expected) in [
            (now, true),
            (now.saturating_sub(590), now > 590),
            (now.saturating_sub(601), false),
            (now + 60, false),
        ] {
            fs::write(&path, format!("garbage\n{}", job(1).line(when))).unwrap();
            let mut file = open_file(folder.path(), 1).unwrap();
            assert_eq!(refused(&mut file, &job(1)).is_some(), expected, "{when} of {now}");
            assert_eq!(refused(&mut file, &job(2)), None);
        }
        fs::write(&path, b"\xff\xfe".repeat(100_000)).unwrap();
        assert_eq!(refused(&mut open_file(folder.path(), 1).unwrap(), &job(1)), None);
    }

    #[test]
    fn refusals_are_kept_but_not_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..REMEMBERED + 5 {
            let mut turn = Turn { file: open_file(folder.path(), 1), job: Job::of(own_pid()) };
            turn.remember_no();
        }
        let text = fs::read_to_string(folder.path().join("terminal-1")).unwrap();
        assert_eq!(text.lines().count(), REMEMBERED);
        let mut file = open_file(folder.path(), 1).unwrap();
        assert!(refused(&mut file, &Job::of(own_pid()).unwrap()).is_some());
    }

    #[test]
    fn only_a_folder_of_ones_own_is_used() {
        let base = tempfile::tempdir().unwrap();
        let at = |name: &str, mode: u32| {
            let path = base.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        let good = at("good", 0o700);
        assert_eq!(folder(Some(&good), None), Some(good.join("guard")));
        assert_eq!(fs::metadata(good.join("guard")).unwrap().mode() & 0o777, 0o700);
        let open = at("open", 0o777);
        let link = base.path().join("link");
        symlink(&good, &link).unwrap();
        let state = at("state", 0o700);
        let fallback = folder(None, Some(&state));
        for bad in [open.as_path(), &link, Path::new("relative"), Path::new("/nowhere")] {
            assert_eq!(folder(Some(bad), Some(&state)), fallback, "{}", bad.display());
        }
        symlink("/etc/passwd", good.join("guard/terminal-5")).unwrap();
        assert!(open_file(&good.join("guard"), 5).is_none());
    }
}
