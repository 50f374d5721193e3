//! Follows a chain from its first line to its last.

use std::fmt;
use std::io::{self, BufRead};

use serde::de::IgnoredAny;

use super::{Entry, Line, VERSION, digest, is_sealed, lines};

/// What following a chain brought to light.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Records in the chain.
    pub records: u64,
    /// What is wrong, in the order of the lines.
    pub faults: Vec<Fault>,
    /// Lines that were cut short and that the next record tells of: damage, but none that was hidden.
    pub torn: Vec<u64>,
    /// Digest of the last line, to be compared with a copy kept elsewhere.
    pub last: Option<String>,
}

/// One fault. Displays as one plain sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub what: Damage,
}

/// What can be wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// It is no record at all.
    NotARecord,
    /// Its version is not known here.
    Version(u32),
    /// It is not what was written.
    Edited,
    /// It was written after another line than the one that stands before it now.
    Replaced,
    /// Records before it are missing.
    Missing(u64),
    /// It is the first record left, but was not the first of its file.
    NoBeginning,
    /// It stands behind a later record, or twice.
    Moved,
    /// It says that it is the first of its file.
    SecondBeginning,
    /// The file ends in the middle of it.
    Torn,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line;
        match self.what {
            Damage::NotARecord => write!(f, "line {line} is not a record"),
            Damage::Version(version) => {
                write!(f, "line {line} is of version {version}, which this guard does not know")
            }
            Damage::Edited => write!(f, "line {line} was edited after it was written"),
            Damage::Replaced => {
                write!(f, "line {line} was written after another line than the one before it")
            }
            Damage::Missing(1) => write!(f, "a record is missing before line {line}"),
            Damage::Missing(count) => write!(f, "{count} records are missing before line {line}"),
            Damage::NoBeginning => write!(f, "the beginning of the file is missing before line {line}"),
            Damage::Moved => write!(f, "line {line} does not stand where it was written"),
            Damage::SecondBeginning => write!(f, "line {line} was the first of another file"),
            Damage::Torn => write!(f, "line {line}, the last one, was cut short"),
        }
    }
}

/// Follows the chain in `from`.
///
/// What cannot be seen: records missing at the end, and a file written anew as a whole.
///
/// # Errors
/// Only where the file cannot be read.
pub fn verify(from: impl BufRead) -> io::Result<Report> {
    let mut report = Report::default();
    let mut before = Before::default();
    let mut lines = lines(from).map(|line| line.map(Read::from)).peekable();
    while let Some(line) = lines.next() {
        let line = line?;
        let told = matches!(lines.peek(), Some(Ok(next)) if next.entry.as_ref().is_some_and(|e| e.torn));
        if told {
            report.torn.push(line.number);
            before.digest = Some(line.digest);
            continue;
        }
        let faults = &mut report.faults;
        let mut fault = |what| faults.push(Fault { line: line.number, what });
        match &line.entry {
            _ if !line.whole => fault(Damage::Torn),
            None => fault(Damage::NotARecord),
            Some(entry) if entry.audit != VERSION => fault(Damage::Version(entry.audit)),
            Some(entry) => {
                report.records += 1;
                // What an edited line says of its place is worth nothing.
                let damage = if line.sealed { before.check(entry) } else { Some(Damage::Edited) };
                damage.into_iter().for_each(&mut fault);
            }
        }
        before.step(line);
    }
    report.last = before.digest;
    Ok(report)
}

/// A line, read.
struct Read {
    number: u64,
    whole: bool,
    sealed: bool,
    digest: String,
    entry: Option<Entry<IgnoredAny>>,
}

impl From<Line> for Read {
    fn from(line: Line) -> Self {
        Self {
            number: line.number,
            whole: line.whole,
            sealed: is_sealed(&line.bytes),
            digest: digest(&line.bytes),
            entry: serde_json::from_slice(&line.bytes).ok(),
        }
    }
}

/// What the next line is held against.
#[derive(Default)]
struct Before {
    /// Digest of the line before, record or not.
    digest: Option<String>,
    /// Number of the record before.
    seq: Option<u64>,
    /// The line before was not what was written, which was said already.
    damaged: bool,
}

impl Before {
    fn check(&self, entry: &Entry<IgnoredAny>) -> Option<Damage> {
        let Some(seq) = self.seq else {
            // A file that starts with a torn line has no record before its first.
            let fits = entry.first && (self.digest.is_none() || entry.prev == self.digest);
            return (!fits && !self.damaged).then_some(Damage::NoBeginning);
        };
        let follows = entry.prev == self.digest;
        if entry.first {
            Some(Damage::SecondBeginning)
        } else if entry.seq <= seq {
            Some(Damage::Moved)
        } else if entry.seq > seq + 1 {
            Some(Damage::Missing(entry.seq - seq - 1))
        } else {
            (!follows && !self.damaged).then_some(Damage::Replaced)
        }
    }

    fn step(&mut self, line: Read) {
        self.damaged = !line.sealed || !line.whole;
        self.digest = Some(line.digest);
        self.seq = match line.entry {
            Some(entry) if line.sealed => Some(entry.seq),
            // What stood here was a record most likely; the next one is held against that.
            _ => Some(self.seq.unwrap_or(0).saturating_add(1)),
        };
    }
}
