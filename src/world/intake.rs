//! Reads what a command would read from its standard input, and puts it back for the command.
//!
//! What was judged is what runs: the command finds a sealed copy of the very bytes that were read. A
//! file keeps its position; a pipe is read to its end, for so long and so far as [`Intake`] says.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, MemfdFlags, SealFlags, fcntl_add_seals, fstat, memfd_create};

/// How much of an input is read, and how long its end is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Intake {
    /// So many bytes at the most.
    pub bytes: usize,
    /// So long at the most, all in all.
    pub patience: Duration,
}

impl Default for Intake {
    fn default() -> Self {
        Self { bytes: 16 * 1024 * 1024, patience: Duration::from_secs(10) }
    }
}

/// Why an input is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfed {
    /// It is a terminal: what will be typed is not known yet.
    #[error("what will be typed is not known yet")]
    Typed,
    /// Nothing was taken from it: the command would find it as it was.
    #[error("{0}")]
    Whole(String),
    /// A part of it is gone, so the command must not run.
    #[error("{0}")]
    Broken(String),
}

impl Intake {
    /// Reads the standard input and puts a copy in its place.
    ///
    /// # Errors
    /// Where it does not end within the bounds, or nobody can say yet what it will be.
    pub fn take(&self) -> Result<Vec<u8>, Unfed> {
        let bytes = self.read(io::stdin().as_fd())?;
        replace(&bytes).map_err(|fault| Unfed::Broken(format!("it can't be kept: {fault}")))?;
        Ok(bytes)
    }

    /// Reads an input: a file from its position on, which stays; anything else to its end.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn read(self, input: BorrowedFd<'_>) -> Result<Vec<u8>, Unfed> {
        let whole = |fault: io::Error| Unfed::Whole(format!("it can't be read: {fault}"));
        match kind(input).map_err(whole)? {
            FileType::RegularFile => {
                let file = File::from(input.try_clone_to_owned().map_err(whole)?);
                self.rest_of(file).map_err(Unfed::Whole)
            }
            _ if rustix::termios::isatty(input) => Err(Unfed::Typed),
            _ => self.to_end(input).map_err(Unfed::Broken),
        }
    }

    /// Reads a file that a command would read by its name; anything but a plain file is left alone.
    ///
    /// # Errors
    /// Where it is none, or holds too much.
    pub fn file(&self, path: &Path) -> Result<Vec<u8>, String> {
        let fault = |fault: io::Error| format!("{} can't be read: {fault}", crate::ui::escape(path));
        if !std::fs::metadata(path).map_err(fault)?.is_file() {
            return Err(format!("{} is no plain file", crate::ui::escape(path)));
        }
        self.rest_of(File::open(path).map_err(fault)?)
    }

    /// What a file holds from its position on, which stays.
    fn rest_of(&self, mut file: File) -> Result<Vec<u8>, String> {
        let fault = |fault: io::Error| format!("it can't be read: {fault}");
        let mut at = file.stream_position().map_err(fault)?;
        let mut bytes = Vec::new();
        let mut chunk = vec![0; 64 * 1024];
        loop {
            match file.read_at(&mut chunk, at) {
                Ok(0) => return Ok(bytes),
                Ok(read) => {
                    at += read as u64;
                    bytes.extend_from_slice(&chunk[..read]);
                }
                Err(again) if again.kind() == io::ErrorKind::Interrupted => {}
                Err(other) => return Err(fault(other)),
            }
            if bytes.len() > self.bytes {
                return Err(self.too_much());
            }
        }
    }

    /// Reads what is no file up to its end.
    fn to_end(self, input: BorrowedFd<'_>) -> Result<Vec<u8>, String> {
        let fault = |fault: io::Error| format!("it can't be read: {fault}");
        let until = Instant::now() + self.patience;
        let mut file = File::from(input.try_clone_to_owned().map_err(fault)?);
        let mut bytes = Vec::new();
        let mut chunk = vec![0; 64 * 1024];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(format!("it did not end within {} seconds", self.patience.as_secs_f32()));
            }
            let left = Timespec::try_from(left).unwrap_or_default();
            match poll(&mut [PollFd::new(&input, PollFlags::IN)], Some(&left)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                Ok(_) => {}
                Err(other) => return Err(fault(other.into())),
            }
            match file.read(&mut chunk) {
                Ok(0) => return Ok(bytes),
                Ok(read) => bytes.extend_from_slice(&chunk[..read]),
                Err(again)
                    if matches!(again.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
                Err(other) => return Err(fault(other)),
            }
            if bytes.len() > self.bytes {
                return Err(self.too_much());
            }
        }
    }

    fn too_much(&self) -> String {
        format!("it holds more than {} MiB", self.bytes / (1024 * 1024))
    }
}

fn kind(input: BorrowedFd<'_>) -> io::Result<FileType> {
    Ok(FileType::from_raw_mode(fstat(input)?.st_mode))
}

/// Makes a copy that nobody can change the standard input of what runs.
fn replace(bytes: &[u8]) -> io::Result<()> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut copy = File::from(memfd_create("guard-items", flags)?);
    copy.write_all(bytes)?;
    fcntl_add_seals(&copy, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
    copy.seek(SeekFrom::Start(0))?;
    // SAFETY: both descriptors are open; 0 is only ever the standard input, which nobody here owns.
    if unsafe { libc::dup2(std::os::fd::AsRawFd::as_raw_fd(&copy), 0) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
