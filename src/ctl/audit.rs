//! `guardctl audit`: shows the log of gated decisions and follows its chain.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::judge::Rung;
use crate::record::audit::{self, Batch, Decision, Filter, Outcome, Record};
use crate::record::chain::{Entry, Report};
use crate::record::{self, to_line};
use crate::scope::Certainty;
use crate::ui::escape;
use crate::ui::escape::{quote, shorten};

/// Columns of a table.
const WIDTH: usize = 80;

/// Arguments of `guardctl audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// What to do with the log
    #[command(subcommand)]
    pub command: AuditCommand,
    /// Read this log instead of the one guard writes
    #[arg(long, global = true, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// What `guardctl audit` does.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Show gated decisions and what came of them, oldest first
    Show(ShowArgs),
    /// Follow the digest chain; exit 1 where something is wrong
    Verify,
}

/// Arguments of `guardctl audit show`.
#[derive(Debug, Default, Args)]
pub struct ShowArgs {
    /// Print whole records, one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Not before: a time (2026-02-28T09:37:00Z), a day (2026-02-28) or how long ago (2h, 7d)
    #[arg(long, value_name = "WHEN", value_parser = parse_since)]
    pub since: Option<Since>,
    /// Of this tool
    #[arg(long)]
    pub tool: Option<String>,
    /// On this rung
    #[arg(long, value_parser = parse_rung)]
    pub rung: Option<Rung>,
    /// The last N decisions, 0 for all [default: 50; all with --json]
    #[arg(short, value_name = "N")]
    pub number: Option<usize>,
}

/// The begin of a span of time that ends now.
#[derive(Debug, Clone, Copy)]
pub enum Since {
    /// A moment.
    At(Timestamp),
    /// The begin of a day here.
    Day(Date),
    /// So long ago.
    Ago(Span),
}

impl Since {
    fn moment(self, now: Timestamp) -> Option<Timestamp> {
        let zone = TimeZone::system();
        match self {
            Self::At(time) => Some(time),
            Self::Day(day) => day.to_zoned(zone).ok().map(|begin| begin.timestamp()),
            Self::Ago(span) => now.to_zoned(zone).checked_sub(span.abs()).ok().map(|then| then.timestamp()),
        }
    }
}

fn parse_since(text: &str) -> Result<Since, String> {
    let at = text.parse().map(Since::At);
    let day = || text.parse().map(Since::Day);
    let ago = || text.parse().map(Since::Ago);
    at.or_else(|_| day())
        .or_else(|_| ago())
        .map_err(|_: jiff::Error| format!("{} is no time, no day and no span like 2h or 7d", escape(text)))
}

fn parse_rung(text: &str) -> Result<Rung, String> {
    let words = || Rung::ALL.map(Rung::word).join(", ");
    Rung::ALL.into_iter().find(|rung| rung.word() == text).ok_or_else(|| format!("one of {}", words()))
}

/// The log could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The log cannot be read.
    #[error(transparent)]
    Record(#[from] record::Error),
    /// What was found cannot be written.
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
    /// No such time.
    #[error("--since is out of range")]
    Since,
}

/// Runs `guardctl audit` on the log at `path` (or the one in `args`), and returns the exit code.
///
/// # Errors
/// Where the log cannot be read or the output not written. A fault in the log is no error.
pub fn run(
    args: &AuditArgs,
    path: &Path,
    now: Timestamp,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> Result<u8, Failure> {
    let path = args.file.as_deref().unwrap_or(path);
    match (&args.command, path.symlink_metadata()) {
        (AuditCommand::Show(_), Err(error)) if error.kind() == ErrorKind::NotFound => {
            writeln!(notes, "no gated decision has been recorded in {} yet", escape(path))?;
            Ok(0)
        }
        (AuditCommand::Verify, Err(error)) if error.kind() == ErrorKind::NotFound => {
            writeln!(out, "there is no audit log at {}", escape(path))?;
            Ok(1)
        }
        (AuditCommand::Show(show_args), _) => show(show_args, path, now, out, notes),
        (AuditCommand::Verify, _) => verify(&audit::verify(path)?, path, out),
    }
}

fn verify(report: &Report, path: &Path, out: &mut dyn Write) -> Result<u8, Failure> {
    let path = escape(path);
    for line in &report.torn {
        writeln!(out, "{path}: line {line} was cut short; the next record tells of it")?;
    }
    for fault in &report.faults {
        writeln!(out, "{path}: {fault}")?;
    }
    let records = match report.records {
        1 => "1 record".to_owned(),
        count => format!("{count} records"),
    };
    if !report.faults.is_empty() {
        writeln!(out, "{path}: {records}, and the chain is broken")?;
        return Ok(1);
    }
    writeln!(out, "{path}: {records}, and the chain holds")?;
    if let Some(last) = &report.last {
        writeln!(out, "the last line's digest is {last}")?;
    }
    Ok(0)
}

fn show(
    args: &ShowArgs,
    path: &Path,
    now: Timestamp,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> Result<u8, Failure> {
    let since = args.since.map(|since| since.moment(now).ok_or(Failure::Since)).transpose()?;
    let filter = Filter { since, tool: args.tool.clone(), rung: args.rung };
    let number = args.number.unwrap_or(if args.json { 0 } else { 50 });
    let mut damaged = 0_u64;
    let mut shown: VecDeque<Shown> = VecDeque::new();
    for entry in audit::read(path, filter)? {
        let entry = match entry {
            Ok(entry) => entry,
            Err(record::Error::Damaged { .. }) => {
                damaged += 1;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if args.json && number == 0 {
            json(&entry, out)?;
            continue;
        }
        match &entry.record {
            Record::Decision(_) => shown.push_back(Shown { decision: entry, after: Vec::new() }),
            Record::Outcome(Outcome { id, .. }) | Record::Batch(Batch { id, .. }) => {
                if let Some(row) = shown.iter_mut().rev().find(|row| row.is(id)) {
                    row.after.push(entry);
                }
            }
        }
        if number > 0 && shown.len() > number {
            shown.pop_front();
        }
    }
    if args.json {
        for row in &shown {
            std::iter::once(&row.decision).chain(&row.after).try_for_each(|entry| json(entry, out))?;
        }
    } else {
        table(&shown, out)?;
    }
    if damaged > 0 {
        let are = if damaged == 1 { "line is not a record" } else { "lines are not records" };
        writeln!(notes, "{damaged} {are}; `guardctl audit verify` says what is wrong")?;
    }
    Ok(0)
}

fn json(entry: &Entry<Record>, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(&to_line(entry)?)?;
    out.write_all(b"\n")
}

/// A decision with what came of it.
struct Shown {
    decision: Entry<Record>,
    after: Vec<Entry<Record>>,
}

impl Shown {
    fn is(&self, id: &str) -> bool {
        matches!(&self.decision.record, Record::Decision(decision) if decision.id == id)
    }

    fn parts(&self) -> Option<(&Decision, Option<&Outcome>)> {
        let Record::Decision(decision) = &self.decision.record else { return None };
        let outcome = self.after.iter().find_map(|entry| match &entry.record {
            Record::Outcome(outcome) => Some(outcome),
            Record::Decision(_) | Record::Batch(_) => None,
        });
        Some((decision, outcome))
    }
}

fn table(shown: &VecDeque<Shown>, out: &mut dyn Write) -> io::Result<()> {
    let mut row = |time: &str, rung: &str, came: &str, hits: &str, who: &str, command: &str| {
        let front = format!("{time:16} {rung:7} {came:9} {hits:>7} {} ", padded(who, 8));
        writeln!(out, "{front}{}", shorten(command, WIDTH - 51))
    };
    if !shown.is_empty() {
        row("TIME", "RUNG", "OUTCOME", "TARGETS", "WHO", "COMMAND")?;
    }
    let zone = TimeZone::system();
    for (decision, outcome) in shown.iter().filter_map(Shown::parts) {
        let time = decision.time.parse::<Timestamp>().map_or_else(
            |_| shorten(&escape(&decision.time), 16).into_owned(),
            |time| time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
        );
        let who = decision.who.login.clone().unwrap_or_else(|| decision.who.uid.to_string());
        let command = quote(decision.argv.words());
        row(&time, decision.rung.word(), &came(decision, outcome), &hits(decision), &escape(&who), &command)?;
    }
    Ok(())
}

/// Cuts or fills to `width` columns; [`format!`] fills by characters.
fn padded(text: &str, width: usize) -> String {
    let text = shorten(text, width);
    let columns = unicode_width::UnicodeWidthStr::width(text.as_ref());
    format!("{text}{}", " ".repeat(width.saturating_sub(columns)))
}

fn came(decision: &Decision, outcome: Option<&Outcome>) -> String {
    match (decision.granted, outcome) {
        (false, _) => "refused".to_owned(),
        (true, None) => "granted".to_owned(),
        (true, Some(Outcome { ran: false, .. })) => "not run".to_owned(),
        (true, Some(Outcome { signal: Some(signal), .. })) => format!("signal {signal}"),
        (true, Some(Outcome { code: Some(code), .. })) => format!("exit {code}"),
        (true, Some(_)) => "ran".to_owned(),
    }
}

fn hits(decision: &Decision) -> String {
    match decision.certainty {
        Certainty::Exact => decision.count.to_string(),
        Certainty::AtLeast => format!("≥{}", decision.count),
        Certainty::AtMost => format!("≤{}", decision.count),
        Certainty::Unknown => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests;
