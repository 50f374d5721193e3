//! The ledger in a file: SQLite, shared by every guard that may write to it.
//!
//! Opened only where a rule needs it. WAL with `synchronous = NORMAL`: a commit outlives every
//! process, killed or not, and costs no flush; a power cut may lose the last of them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::rows::{self, Times};
use super::{Answered, Charge, Held, Judging, Keep, Ledger, LedgerError, Sum, Used};
use crate::record::place;
use crate::ui::escape;

/// How long a reservation holds that is neither spent nor given back.
pub const LEASE: Duration = Duration::from_secs(10 * 60);

/// How long guard waits for the others that write.
const PATIENCE: Duration = Duration::from_secs(5);

/// What marks the file as a ledger ("grdL"), and the version of its tables.
const MARK: i64 = 0x6772_644c;
const VERSION: i64 = 1;

type Clock = Box<dyn Fn() -> i64>;

/// A ledger in a file.
pub struct Sqlite {
    path: PathBuf,
    connection: std::cell::RefCell<Connection>,
    clock: Clock,
}

impl std::fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sqlite").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Milliseconds since 1970, by the system's clock.
fn system() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

impl Sqlite {
    /// Opens the ledger at `path`; makes it where there is none. One that `shared` names may be
    /// written by its group.
    ///
    /// # Errors
    /// Where its place is not safe, or it is no ledger that this guard can use.
    pub fn open(path: &Path, shared: bool) -> Result<Self, LedgerError> {
        if shared {
            place::checked_shared(path)?;
        }
        if !shared || !path.exists() {
            drop(place::open(path)?);
        }
        Self::at(path, Box::new(system))
    }

    /// Opens the ledger at `path` to look at it: one that is not there is empty.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn look(path: &Path, shared: bool) -> Result<Self, LedgerError> {
        if path.symlink_metadata().is_ok() {
            return Self::open(path, shared);
        }
        Self::at(Path::new(":memory:"), Box::new(system))
    }

    /// Opens a file that is known to be safe, with a clock.
    pub(super) fn at(path: &Path, clock: Clock) -> Result<Self, LedgerError> {
        let unusable = |fault: rusqlite::Error| unusable(path, &fault);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(unusable)?;
        patiently(|| prepare(&mut connection)).map_err(unusable)?;
        Ok(Self { path: path.to_owned(), connection: connection.into(), clock })
    }

    /// Runs `work` in one transaction that writes; what fails leaves nothing behind.
    fn transaction<T>(
        &self,
        work: impl FnOnce(&Connection, Times) -> rusqlite::Result<(T, bool)>,
    ) -> Result<T, LedgerError> {
        let unusable = |fault: rusqlite::Error| unusable(&self.path, &fault);
        let mut connection = self.connection.borrow_mut();
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(unusable)?;
        // Asked for inside: what others wrote while this one waited is not of the future.
        let times = Times { now: (self.clock)(), lease: millis(LEASE) };
        rows::not_of_the_future(&transaction, times).map_err(unusable)?;
        let (value, keep) = work(&transaction, times).map_err(unusable)?;
        match keep {
            true => transaction.commit(),
            false => transaction.rollback(),
        }
        .map_err(unusable)?;
        Ok(value)
    }
}

impl Ledger for Sqlite {
    fn reserve(&self, charges: &[(Charge, Vec<Sum>)], judge: &mut Judging<'_>) -> Result<Held, LedgerError> {
        self.transaction(|connection, times| {
            let (mut ids, mut answers) = (Vec::new(), Vec::new());
            for (charge, sums) in charges {
                let others = sums.iter().map(|sum| rows::others(connection, charge, sum, times));
                answers.push(others.collect::<rusqlite::Result<Vec<_>>>()?);
                rows::insert(connection, charge, times, &mut ids)?;
            }
            let keep = judge(&answers);
            if keep == Keep::Spent {
                rows::spend(connection, &ids, Answered::Nobody)?;
            }
            rows::forget(connection, times)?;
            let kept = keep != Keep::Nothing;
            Ok((Held(if kept { ids } else { Vec::new() }), kept))
        })
    }

    fn spend(&self, held: &Held, answered: Answered) -> Result<(), LedgerError> {
        if held.0.is_empty() {
            return Ok(());
        }
        let found =
            self.transaction(|connection, _| Ok((rows::spend(connection, &held.0, answered)?, true)))?;
        match found == held.0.len() {
            true => Ok(()),
            false => Err(LedgerError::Unusable {
                path: escape(&self.path).into_owned(),
                why: "what was reserved is gone".into(),
            }),
        }
    }

    fn release(&self, held: &Held) -> Result<(), LedgerError> {
        if held.0.is_empty() {
            return Ok(());
        }
        self.transaction(|connection, _| Ok((rows::delete(connection, &held.0)?, true)))
    }

    fn used(&self, window: Duration) -> Result<Vec<Used>, LedgerError> {
        self.transaction(|connection, times| Ok((rows::used(connection, window, times)?, false)))
    }
}

/// Makes a connection ready: WAL, patience, tables.
fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    // The last one to leave must not flush everything: that would be a wait at every command.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" {
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    }
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    if read(connection, "user_version")? == 0 {
        let made = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if read(&made, "user_version")? == 0 && read(&made, "schema_version")? == 0 {
            made.execute_batch(rows::TABLES)?;
            made.pragma_update(None, "application_id", MARK)?;
            made.pragma_update(None, "user_version", VERSION)?;
        }
        made.commit()?;
    }
    match (read(connection, "application_id")?, read(connection, "user_version")?) {
        (MARK, VERSION) => Ok(()),
        _ => Err(rusqlite::Error::InvalidParameterName(
            "it is no ledger, or one that another version of guard made".into(),
        )),
    }
}

fn read(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}

/// Tries again while others are in the way: turning to WAL does not wait by itself.
fn patiently<T>(mut work: impl FnMut() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    let since = Instant::now();
    loop {
        match work() {
            Err(fault) if is_busy(&fault) && since.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

fn is_busy(fault: &rusqlite::Error) -> bool {
    matches!(fault.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn unusable(path: &Path, fault: &rusqlite::Error) -> LedgerError {
    let why = match fault {
        rusqlite::Error::InvalidParameterName(why) => why.clone(),
        fault if is_busy(fault) => format!("it was locked for {} seconds", PATIENCE.as_secs()),
        fault => escape(&fault.to_string()).into_owned(),
    };
    LedgerError::Unusable { path: escape(path).into_owned(), why }
}

pub(super) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
