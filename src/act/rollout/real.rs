//! The real outside of a rollout whose targets are named on command lines.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::time::Duration;

use crate::judge::Part;
use crate::read::Match;
use crate::record::journal::{CallsLock, Fate, boot};
use crate::record::stamp;
use crate::scope::{Certainty, Scope, Target, calls, fleets};
use crate::tool::{Effect, grouped};
use crate::ui::escape::escape;
use crate::ui::fold::sample;
use crate::ui::plan::shown_name;
use crate::world::World;
use crate::world::calls::{Calls, Happened, Output};
use crate::world::tty::{Answer, Tty};

use super::super::carry::Scene;
use super::super::drift::look_again;
use super::health::Health;
use super::outside::{CallEnd, Floor, GoOn, Look, Outside, Woken};

/// Columns that the names of a stage may take.
const WIDTH: usize = 50;

/// Names that are looked at for that.
const LOOKED_AT: usize = 10_000;

/// How long a person may think between two stages.
const THINKING: Duration = Duration::from_secs(24 * 3600);

/// What happens in this process while a rollout runs: calls, signals, the terminal.
pub struct Watch {
    calls: Calls,
    terminal: bool,
}

impl Watch {
    /// Watches from now on.
    ///
    /// # Errors
    /// When there is no descriptor left.
    pub fn new(output: Output, limit: Option<Duration>, world: &dyn World) -> std::io::Result<Self> {
        Ok(Self { calls: Calls::new(output, limit)?, terminal: world.session().terminal })
    }

    /// Waits, as [`Outside::wait`] does.
    pub fn wait(&mut self, patience: Option<Duration>) -> Woken {
        match self.calls.wait(patience) {
            Ok(Happened::Ended(call, ended)) => Woken::Ended(call, CallEnd::Program(ended)),
            Ok(Happened::Late(call)) => Woken::Ended(call, CallEnd::Late),
            Ok(Happened::Signal(arrived)) if arrived.signal == libc::SIGHUP => Woken::Lost,
            Ok(Happened::Signal(arrived)) => Woken::Interrupt(arrived.signal),
            Ok(Happened::Said(text)) => Woken::Said(text),
            Ok(Happened::Time) => Woken::Time,
            Err(fault) => Woken::Failed(format!("the calls can't be watched: {fault}")),
        }
    }

    /// Asks a person, who types the number of the stage.
    pub fn go_on(&self, stage: usize, of: usize) -> GoOn {
        let asked = self.terminal.then(Tty::open).flatten();
        let Some(mut tty) = asked else { return GoOn::No };
        let question = format!("to begin stage {stage} of {of}, type {stage}: ");
        match tty.ask(&question, THINKING) {
            Answer::Line(line) if line.trim() == stage.to_string() => GoOn::Yes,
            _ => GoOn::No,
        }
    }
}

/// What tells one target from any other.
type Key = (String, Option<String>, OsString, Option<String>);

fn key(target: &Target) -> Key {
    (target.kind.clone(), target.namespace.clone(), target.name.clone(), target.uid.clone())
}

/// The outside of a rollout by names.
pub struct Names<'a> {
    part: &'a Part,
    found: &'a Match,
    scene: &'a Scene<'a>,
    targets: Vec<Target>,
    places: HashMap<Key, usize>,
    /// How many of each role must stay: what was so at the beginning, or more by now.
    keep: BTreeMap<String, u64>,
    health: Option<Health>,
    lock: Option<CallsLock>,
    watch: Watch,
}

impl<'a> Names<'a> {
    /// The outside for these frozen targets; of each role in `keep` so many must stay.
    pub fn new(
        (part, found): (&'a Part, &'a Match),
        (targets, keep): (Vec<Target>, BTreeMap<String, u64>),
        health: Option<Health>,
        lock: Option<CallsLock>,
        scene: &'a Scene<'a>,
        watch: Watch,
    ) -> Self {
        let places = targets.iter().enumerate().map(|(place, target)| (key(target), place)).collect();
        Self { part, found, scene, targets, places, keep, health, lock, watch }
    }

    fn picked(&self, places: &[usize]) -> Vec<Target> {
        places.iter().map(|place| self.targets[*place].clone()).collect()
    }

    /// Lists again: for each frozen target whether it stands, and how many others do.
    fn listed(&self) -> Result<(Vec<bool>, u64), String> {
        let Scene { policy, kinds, world, .. } = self.scene;
        let now = look_again(self.part, policy, kinds, *world).ok_or("nothing is known of it")?;
        if now.certainty == Certainty::Unknown || now.unknown.is_some() {
            let why = now.unknown.as_deref().unwrap_or("the listing is not complete");
            return Err(format!("what it hits could not be listed again: {why}"));
        }
        let mut standing = vec![false; self.targets.len()];
        let mut appeared = 0;
        for target in &now.targets {
            match self.places.get(&key(target)) {
                Some(place) => standing[*place] = true,
                None => appeared += 1,
            }
        }
        Ok((standing, appeared))
    }
}

impl Outside for Names<'_> {
    fn stamp(&self) -> String {
        stamp(self.scene.world.now())
    }

    fn boot(&self) -> String {
        boot()
    }

    fn look(&mut self, batch: &[usize]) -> Result<Look, String> {
        let (standing, appeared) = self.listed()?;
        let gone = batch.iter().copied().filter(|place| !standing[*place]).collect();
        // One that another replaced is no growth: a deployment makes new pods for those deleted.
        let missing = standing.iter().filter(|standing| !**standing).count() as u64;
        let grown = (appeared > missing)
            .then(|| format!("{} appeared since this was shown", grouped(appeared - missing)));
        Ok(Look { gone, appeared, grown })
    }

    fn floors(&mut self, batch: &[usize]) -> Result<Vec<Floor>, String> {
        let Scene { policy, kinds, world, .. } = self.scene;
        if !policy.has_floors(&self.found.file.tool.names[0]) {
            return Ok(Vec::new());
        }
        let kind = self.part.scope.as_ref().map_or("", |scope| scope.kind.as_str());
        let targets = self.picked(batch);
        let count = targets.iter().map(|target| target.weight).fold(0, u64::saturating_add);
        let mut next = Scope { count, targets, ..crate::scope::empty(kind, kinds) };
        fleets(self.found, &mut next, policy, *world);
        if let Some(why) = next.unknown {
            return Err(why);
        }
        let mut held = Vec::new();
        for fleet in &next.fleets {
            let left = fleet.left();
            let alone = next.fleets.iter().filter(|other| other.role == fleet.role).count() == 1;
            let before = self.keep.get(&fleet.role).copied().filter(|_| alone);
            let Some(keep) = fleet.keep.max(before) else { continue };
            if alone {
                self.keep.insert(fleet.role.clone(), keep);
            }
            if left < keep && fleet.hit > fleet.ill {
                return Err(format!(
                    "{} {} would be left, and at least {} must stay",
                    grouped(left),
                    escape(fleet.called(kind)),
                    grouped(keep)
                ));
            }
            held.push(Floor { role: fleet.called(kind).to_owned(), left, keep });
        }
        Ok(held)
    }

    fn settle(&mut self, targets: &[usize]) -> Vec<Fate> {
        let Ok((standing, _)) = self.listed() else { return vec![Fate::InDoubt; targets.len()] };
        // What is stopped or restarted may stand as before, so that tells nothing.
        let tells = self.part.effect == Some(Effect::Destroy);
        let fate = |place: &usize| match standing[*place] {
            false => Fate::Done,
            true if tells => Fate::Left,
            true => Fate::InDoubt,
        };
        targets.iter().map(fate).collect()
    }

    fn check(&mut self, batch: &[usize]) -> Result<(), String> {
        let Some(health) = &self.health else { return Ok(()) };
        health.ask(self.found, &self.picked(batch), batch.len() as u64, self.scene.world)
    }

    fn start(&mut self, call: usize, targets: &[usize]) -> Result<(), String> {
        let picked = self.picked(targets);
        let calls = calls(self.found, &picked).map_err(|fault| fault.to_string())?;
        let [one] = calls.as_slice() else { return Err("its targets do not fit into one call".into()) };
        let held = self.lock.as_ref().map(std::os::fd::AsFd::as_fd);
        let started = self.watch.calls.start(call, &self.scene.launch(&one.argv), held);
        started.map_err(|fault| fault.to_string())
    }

    fn wait(&mut self, patience: Option<Duration>) -> Woken {
        self.watch.wait(patience)
    }

    fn end_calls(&mut self) {
        self.watch.calls.end_all();
    }

    fn go_on(&mut self, stage: usize, of: usize) -> GoOn {
        self.watch.go_on(stage, of)
    }

    fn names(&self, targets: &[usize]) -> String {
        let names = targets.iter().take(LOOKED_AT).map(|place| shown_name(&self.targets[*place]));
        let names: Vec<OsString> = names.map(OsString::from).collect();
        sample(&names, WIDTH, targets.len() as u64)
    }
}
