//! The digest chain: lines of JSON of which each holds the digest of the line before it.
//!
//! It shows a line that was edited, removed, added or moved, and one that was cut short by a kill or
//! a full disk. It cannot show that lines are missing at the *end* (nothing comes after them), nor
//! that the whole file was written anew: whoever may write the file can make another valid chain.
//! A copy of the last digest in another place (syslog) shows both.

use std::fs::{File, TryLockError};
use std::io::{self, BufRead, ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::line::to_line;

mod verify;

pub use verify::{Damage, Fault, Report, verify};

/// Version of the lines.
pub const VERSION: u32 = 1;

/// How long to wait for other guards that append. Each needs milliseconds; one that was stopped
/// in the middle must not hang the others for ever.
const PATIENCE: Duration = Duration::from_secs(5);

/// Lines longer than this are not read as records.
const LONGEST: u64 = 16 << 20;

/// One line.
///
/// Behind these fields stands `sum`, the SHA-256 of the line up to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry<R> {
    /// Version of the line, 1.
    pub audit: u32,
    /// Number of the record, from 1; it goes on over a change of files.
    pub seq: u64,
    /// True for the first record of a file.
    #[serde(default, skip_serializing_if = "is_false")]
    pub first: bool,
    /// SHA-256 (hex) of the line before, without its line end. In the first record of a file the
    /// last line of the file before it, or nothing where there was none.
    pub prev: Option<String>,
    /// True where the line before was cut short when its writer was killed or the disk was full.
    #[serde(default, skip_serializing_if = "is_false")]
    pub torn: bool,
    /// What was recorded.
    pub record: R,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Appends `record` to the chain in `file`; on disk when this returns.
///
/// Guards that append at the same time wait for one another. When writing fails, what was written
/// of the line is taken back where the file system allows it.
///
/// # Errors
/// What the system said; the record then counts as not written.
pub fn append(file: &File, record: &impl Serialize) -> io::Result<()> {
    lock(file, PATIENCE)?;
    let written = append_locked(file, record);
    let unlocked = file.unlock();
    written.and(unlocked)?;
    // Outside of the lock: the system syncs the lines of several guards at once.
    file.sync_data()
}

fn append_locked(mut file: &File, record: &impl Serialize) -> io::Result<()> {
    let length = file.metadata()?.len();
    let end = read_end(file, length)?;
    let mut line = to_line(&Entry {
        audit: VERSION,
        seq: end.seq.unwrap_or(0).saturating_add(1),
        first: end.seq.is_none(),
        prev: end.digest,
        torn: end.torn,
        record,
    })?;
    seal(&mut line);
    if end.torn {
        line.insert(0, b'\n');
    }
    file.write_all(&line).inspect_err(|_| _ = file.set_len(length))
}

/// Waits for the lock on `file` until `patience` ends.
fn lock(file: &File, patience: Duration) -> io::Result<()> {
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Interrupted => {}
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if began.elapsed() > patience => {
                return Err(io::Error::new(ErrorKind::TimedOut, "another process keeps it locked"));
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}

const SUM: &[u8] = b",\"sum\":\"";

/// Puts the line's own sum and its end behind a JSON object.
fn seal(line: &mut Vec<u8>) {
    line.pop();
    let sum = digest(line);
    line.extend_from_slice(SUM);
    line.extend_from_slice(sum.as_bytes());
    line.extend_from_slice(b"\"}\n");
}

/// Returns true where a line (without its end) is what was sealed.
fn is_sealed(line: &[u8]) -> bool {
    let sealed = line.strip_suffix(b"\"}").and_then(|line| line.split_last_chunk::<64>());
    sealed.is_some_and(|(front, sum)| {
        front.strip_suffix(SUM).is_some_and(|front| digest(front).as_bytes() == sum)
    })
}

fn digest(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes))
}

fn hex(digest: impl AsRef<[u8]>) -> String {
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the next record has to know about the file.
struct End {
    /// Digest of the last line, whole or torn.
    digest: Option<String>,
    /// The last line has no end.
    torn: bool,
    /// Number of the last record that can be read.
    seq: Option<u64>,
}

fn read_end(file: &File, length: u64) -> io::Result<End> {
    let Some(last) = length.checked_sub(1) else {
        return Ok(End { digest: None, torn: false, seq: None });
    };
    let mut byte = [0];
    file.read_exact_at(&mut byte, last)?;
    let torn = byte != *b"\n";
    let mut stop = if torn { length } else { last };
    let mut start = line_start(file, stop)?;
    let digest = Some(digest_between(file, start, stop)?);
    // A torn line's number is given again: what it should have allowed was never done.
    let mut seq = if torn { None } else { seq_between(file, start, stop)? };
    while seq.is_none() && start > 0 {
        stop = start - 1;
        start = line_start(file, stop)?;
        seq = seq_between(file, start, stop)?;
    }
    Ok(End { digest, torn, seq })
}

/// Returns where the line that ends at `stop` starts.
fn line_start(file: &File, stop: u64) -> io::Result<u64> {
    let mut block = [0; 8192];
    let mut to = stop;
    while to > 0 {
        let from = to.saturating_sub(block.len() as u64);
        let part = &mut block[..usize::try_from(to - from).unwrap_or(0)];
        file.read_exact_at(part, from)?;
        if let Some(at) = part.iter().rposition(|byte| *byte == b'\n') {
            return Ok(from + at as u64 + 1);
        }
        to = from;
    }
    Ok(0)
}

fn digest_between(file: &File, mut start: u64, stop: u64) -> io::Result<String> {
    let mut digest = Sha256::new();
    let mut block = [0; 8192];
    while start < stop {
        let part = &mut block[..usize::try_from((stop - start).min(8192)).unwrap_or(0)];
        file.read_exact_at(part, start)?;
        digest.update(&*part);
        start += part.len() as u64;
    }
    Ok(hex(digest.finalize()))
}

fn seq_between(file: &File, start: u64, stop: u64) -> io::Result<Option<u64>> {
    #[derive(Deserialize)]
    struct Number {
        seq: u64,
    }
    if stop - start > LONGEST {
        return Ok(None);
    }
    let mut line = vec![0; usize::try_from(stop - start).unwrap_or(0)];
    file.read_exact_at(&mut line, start)?;
    Ok(serde_json::from_slice(&line).ok().map(|number: Number| number.seq))
}

/// A line as it was read.
pub(super) struct Line {
    /// From 1.
    pub number: u64,
    pub bytes: Vec<u8>,
    /// It ends with a line end.
    pub whole: bool,
}

/// Reads lines one by one; a longer one than any record comes in pieces, which are no records.
pub(super) fn lines(mut from: impl BufRead) -> impl Iterator<Item = io::Result<Line>> {
    let mut number = 0;
    std::iter::from_fn(move || {
        let mut bytes = Vec::new();
        match io::Read::take(&mut from, LONGEST + 1).read_until(b'\n', &mut bytes) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => return Some(Err(error)),
        }
        number += 1;
        let whole = bytes.pop_if(|byte| *byte == b'\n').is_some();
        Some(Ok(Line { number, bytes, whole }))
    })
}
