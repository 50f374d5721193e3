//! The outside of a rollout whose targets are frozen files: guard removes them itself.
//!
//! Each file is looked at again when its turn comes, by its identity, so a batch needs no listing: what
//! came later survives, what is gone is done. Which files were frozen stands in a file beside the
//! journal, sixteen bytes each.

use std::collections::{HashMap, VecDeque};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::read::Match;
use crate::record::journal::{CallsLock, Fate, Side, boot};
use crate::record::{Error, stamp};
use crate::tool::number_of;
use crate::ui::Ui;
use crate::world::{FileSet, RemoveEvent, World, remove};

use super::super::remove::{Manner, tell};
use super::health::Health;
use super::outside::{CallEnd, Floor, GoOn, Look, Outside, Woken};
use super::real::Watch;

/// Files in one call: between two of them a Ctrl-C is heeded, and the journal written.
pub const PER_CALL: usize = 1000;

/// Files in one batch.
pub const PER_BATCH: usize = 100_000;

/// No position: the file is gone.
const GONE: u32 = u32::MAX;

/// The outside of a rollout by handles.
pub struct Files<'a> {
    set: &'a FileSet,
    manner: Manner,
    /// Where each frozen file stands in the set by now; `None` where it is the set that was frozen.
    positions: Option<Vec<u32>>,
    found: &'a Match,
    health: Option<Health>,
    world: &'a dyn World,
    watch: Watch,
    ended: VecDeque<(usize, CallEnd)>,
    /// Held as calls of other rollouts hold it: a rollout in its own process needs no more.
    _lock: Option<CallsLock>,
}

impl<'a> Files<'a> {
    /// The outside for a set; `positions` where it was walked anew.
    pub fn new(
        (set, manner): (&'a FileSet, Manner),
        positions: Option<Vec<u32>>,
        (found, health): (&'a Match, Option<Health>),
        lock: Option<CallsLock>,
        world: &'a dyn World,
        watch: Watch,
    ) -> Self {
        Self { set, manner, positions, found, health, world, watch, ended: VecDeque::new(), _lock: lock }
    }

    fn position(&self, place: usize) -> Option<u64> {
        match &self.positions {
            None => Some(place as u64),
            Some(positions) => positions.get(place).filter(|at| **at != GONE).map(|at| u64::from(*at)),
        }
    }
}

/// Writes down which files are frozen, on disk when this returns.
///
/// # Errors
/// Where it cannot be written; nothing may be removed then.
pub fn freeze(set: &FileSet, journal: &Path) -> Result<(), Error> {
    let side = Side::new(journal);
    let mut file = std::io::BufWriter::new(side.create()?);
    let (seconds, nanoseconds) = set.taken();
    let mut written = file.write_all(&seconds.to_le_bytes());
    written = written.and_then(|()| file.write_all(&nanoseconds.to_le_bytes()));
    set.identities(&mut |identity| {
        if written.is_ok() {
            written = file.write_all(&identity);
        }
    });
    let synced = written.and_then(|()| file.flush()).and_then(|()| file.get_ref().sync_all());
    synced.map_err(|fault| side.fault(fault))
}

/// Finds the frozen files in a set that was walked anew: the position of each.
///
/// # Errors
/// Where what was frozen can't be read, or is not as many as the journal says.
pub fn thaw(set: &mut FileSet, journal: &Path, count: usize) -> Result<Vec<u32>, Error> {
    let side = Side::new(journal);
    let mut bytes = Vec::new();
    side.open()?.read_to_end(&mut bytes).map_err(|fault| side.fault(fault))?;
    let short = || side.fault(std::io::ErrorKind::UnexpectedEof.into());
    let (seconds, rest) = bytes.split_first_chunk::<8>().ok_or_else(short)?;
    let (nanoseconds, rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
    if rest.len() != count * 16 {
        return Err(short());
    }
    set.as_of((i64::from_le_bytes(*seconds), u32::from_le_bytes(*nanoseconds)));
    let mut now: HashMap<[u8; 16], u32> = HashMap::new();
    let mut position = 0;
    set.identities(&mut |identity| {
        now.insert(identity, position);
        position += 1;
    });
    Ok(rest.as_chunks::<16>().0.iter().map(|identity| now.get(identity).copied().unwrap_or(GONE)).collect())
}

/// The path of what is removed on disk when nothing is left of a rollout.
pub fn forget(journal: &Path) {
    let path: PathBuf = Side::new(journal).path().to_owned();
    let _ = std::fs::remove_file(path);
}

impl Outside for Files<'_> {
    fn stamp(&self) -> String {
        stamp(self.world.now())
    }

    fn boot(&self) -> String {
        boot()
    }

    fn look(&mut self, _batch: &[usize]) -> Result<Look, String> {
        Ok(Look::default())
    }

    fn floors(&mut self, _batch: &[usize]) -> Result<Vec<Floor>, String> {
        Ok(Vec::new())
    }

    fn settle(&mut self, targets: &[usize]) -> Vec<Fate> {
        // The set was walked just now: what is not in it is gone.
        targets.iter().map(|place| self.position(*place).map_or(Fate::Done, |_| Fate::Left)).collect()
    }

    fn check(&mut self, batch: &[usize]) -> Result<(), String> {
        let Some(health) = &self.health else { return Ok(()) };
        health.ask(self.found, &[], batch.len() as u64, self.world)
    }

    fn start(&mut self, call: usize, targets: &[usize]) -> Result<(), String> {
        // Never set: what is asked to stop stops between two calls.
        static STOP: AtomicBool = AtomicBool::new(false);
        let options = self.manner.options(&STOP);
        let mut kept = Vec::new();
        let mut ui = Ui;
        let mut at: Vec<(u64, usize)> =
            targets.iter().filter_map(|place| Some((self.position(*place)?, *place))).collect();
        at.sort_unstable();
        for run in at.chunk_by(|(a, _), (b, _)| a + 1 == *b) {
            let (Some((start, _)), Some((last, _))) = (run.first(), run.last()) else { continue };
            remove(self.set, *start..*last + 1, &options, &mut |event| match event {
                RemoveEvent::Kept(position) => {
                    let place = usize::try_from(position - start).ok().and_then(|at| run.get(at));
                    kept.extend(place.map(|(_, place)| (*place, Fate::Failed)));
                }
                event => tell(event, &mut ui),
            });
        }
        self.ended.push_back((call, CallEnd::Each(kept)));
        Ok(())
    }

    fn wait(&mut self, patience: Option<Duration>) -> Woken {
        match self.watch.wait(Some(patience.filter(|_| self.ended.is_empty()).unwrap_or(Duration::ZERO))) {
            Woken::Time => match self.ended.pop_front() {
                Some((call, end)) => Woken::Ended(call, end),
                None => Woken::Time,
            },
            other => other,
        }
    }

    fn end_calls(&mut self) {}

    fn go_on(&mut self, stage: usize, of: usize) -> GoOn {
        self.watch.go_on(stage, of)
    }

    fn names(&self, targets: &[usize]) -> String {
        number_of(targets.len(), "file")
    }
}
