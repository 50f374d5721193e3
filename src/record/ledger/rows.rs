//! The rows of the ledger: what is written, and how it is added up.
//!
//! A row is one target with its full key, so that a target that is hit twice within a window counts
//! once. Where targets are not named one by one, a row without a key holds their number.

use std::collections::HashSet;
use std::time::Duration;

use rusqlite::{Connection, named_params, params};

use super::sqlite::millis;
use super::{Answered, Charge, Sum, Used};
use crate::tool::Effect;

/// More targets than these are kept as a number.
const NAMED: usize = 1_000;

/// Rows older than this are of no window (policy allows windows of 31 days).
const OLDEST: i64 = 32 * 86_400_000;

/// The tables. `lease` is null once it is spent; `asked` is 0 where nobody answered, 1 where a person
/// did, 2 where an option had said the number.
pub const TABLES: &str = "
    CREATE TABLE hit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        time INTEGER NOT NULL,
        operator TEXT NOT NULL,
        environment TEXT NOT NULL,
        action TEXT NOT NULL,
        effect TEXT NOT NULL,
        kind TEXT NOT NULL,
        place TEXT NOT NULL,
        target TEXT,
        count INTEGER NOT NULL,
        asked INTEGER NOT NULL,
        lease INTEGER
    ) STRICT;
    CREATE INDEX of_action ON hit (action, kind, environment, time);
    CREATE INDEX of_effect ON hit (effect, kind, environment, time);
    CREATE INDEX of_time ON hit (time);";

/// The moment of a transaction.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// Milliseconds since 1970.
    pub now: i64,
    /// How long a reservation holds.
    pub lease: i64,
}

/// A clock that was set back leaves rows of the future: they were hit at the latest now.
pub fn not_of_the_future(connection: &Connection, times: Times) -> rusqlite::Result<()> {
    let Times { now, lease } = times;
    connection
        .prepare("UPDATE hit SET lease = ?1 + ?2 WHERE time > ?1 AND lease IS NOT NULL")?
        .execute([now, lease])?;
    connection.prepare("UPDATE hit SET time = ?1 WHERE time > ?1")?.execute([now])?;
    Ok(())
}

/// How many others than its own targets were hit before a charge, by one sum.
pub fn others(connection: &Connection, charge: &Charge, sum: &Sum, times: Times) -> rusqlite::Result<u64> {
    let by = if sum.action { "action = :key" } else { "effect = :key" };
    let who = if sum.everyone { ":operator IS NOT NULL" } else { "operator = :operator" };
    let same = format!("{by} AND kind = :kind AND environment = :environment AND time > :since AND {who}");
    let only = match sum.unasked {
        true => {
            format!(
                "AND asked = 0 AND id > (SELECT coalesce(max(id), 0) FROM hit WHERE {same} AND asked = 1)"
            )
        }
        false => String::new(),
    };
    let text = format!(
        "SELECT target, sum(count), max(count) FROM hit
         WHERE {same} {only} AND (lease IS NULL OR lease > :now) GROUP BY target"
    );
    let own: HashSet<&str> = named(charge).iter().map(|(key, _)| key.as_str()).collect();
    let mut statement = connection.prepare(&text)?;
    let mut rows = statement.query(named_params! {
        ":key": if sum.action { charge.action.as_str() } else { charge.effect.word() },
        ":kind": charge.kind,
        ":environment": charge.environment,
        ":since": times.now.saturating_sub(millis(sum.window)),
        ":operator": charge.operator,
        ":now": times.now,
    })?;
    let mut all = 0u64;
    while let Some(row) = rows.next()? {
        let key: Option<String> = row.get(0)?;
        let count: i64 = match &key {
            Some(key) if own.contains(key.as_str()) => 0,
            Some(_) => row.get(2)?,
            None => row.get(1)?,
        };
        all = all.saturating_add(u64::try_from(count).unwrap_or(0));
    }
    Ok(all)
}

/// The targets that are kept by name: none where they are too many, or do not make up the count.
fn named(charge: &Charge) -> &[(String, u64)] {
    let weights: u64 = charge.targets.iter().fold(0, |all, (_, weight)| all.saturating_add(*weight));
    if charge.targets.len() <= NAMED && weights == charge.count { &charge.targets } else { &[] }
}

/// Writes a charge as reserved.
pub fn insert(
    connection: &Connection,
    charge: &Charge,
    times: Times,
    ids: &mut Vec<i64>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(
        "INSERT INTO hit (time, operator, environment, action, effect, kind, place, target, count, asked, lease)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10)",
    )?;
    let mut one = |target: Option<&str>, count: u64| {
        let count = i64::try_from(count).unwrap_or(i64::MAX >> 16).min(i64::MAX >> 16);
        ids.push(statement.insert(params![
            times.now,
            charge.operator,
            charge.environment,
            charge.action,
            charge.effect.word(),
            charge.kind,
            charge.place,
            target,
            count,
            times.now.saturating_add(times.lease),
        ])?);
        Ok(())
    };
    match named(charge) {
        [] if charge.count == 0 => Ok(()),
        [] => one(None, charge.count),
        targets => targets.iter().try_for_each(|(key, weight)| one(Some(key), *weight)),
    }
}

/// Ends the leases of rows because they are hit now; returns how many of them are there.
pub fn spend(connection: &Connection, ids: &[i64], answered: Answered) -> rusqlite::Result<usize> {
    let asked = match answered {
        Answered::Nobody => 0,
        Answered::Person => 1,
        Answered::Beforehand => 2,
    };
    let mut statement = connection.prepare("UPDATE hit SET lease = NULL, asked = ?2 WHERE id = ?1")?;
    ids.iter().try_fold(0, |found, id| Ok(found + statement.execute(params![id, asked])?))
}

/// Takes rows out again.
pub fn delete(connection: &Connection, ids: &[i64]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("DELETE FROM hit WHERE id = ?1")?;
    ids.iter().try_for_each(|id| statement.execute([id]).map(drop))
}

/// Takes out what no window reaches any more, a few at a time so that nobody waits for it.
pub fn forget(connection: &Connection, times: Times) -> rusqlite::Result<()> {
    let text = "DELETE FROM hit WHERE id IN (SELECT id FROM hit WHERE time < ?1 ORDER BY time LIMIT 100)";
    connection.prepare(text)?.execute([times.now.saturating_sub(OLDEST)]).map(drop)
}

/// What everyone used in a window, the most first.
pub fn used(connection: &Connection, window: Duration, times: Times) -> rusqlite::Result<Vec<Used>> {
    let mut statement = connection.prepare(
        "SELECT operator, environment, action, effect, kind, sum(hits) FROM (
             SELECT operator, environment, action, effect, kind,
                    CASE WHEN target IS NULL THEN sum(count) ELSE max(count) END AS hits
             FROM hit WHERE time > ?1 AND (lease IS NULL OR lease > ?2)
             GROUP BY operator, environment, action, effect, kind, target)
         GROUP BY operator, environment, action, effect, kind ORDER BY 6 DESC, 1, 3",
    )?;
    let rows = statement.query_map([times.now.saturating_sub(millis(window)), times.now], |row| {
        let effect: String = row.get(3)?;
        let effect = Effect::ALL.into_iter().find(|known| known.word() == effect);
        let count: i64 = row.get(5)?;
        Ok(Used {
            operator: row.get(0)?,
            environment: row.get(1)?,
            action: row.get(2)?,
            effect: effect
                .ok_or_else(|| rusqlite::Error::InvalidParameterName("an unknown effect".into()))?,
            kind: row.get(4)?,
            count: u64::try_from(count).unwrap_or(0),
        })
    })?;
    rows.collect()
}
