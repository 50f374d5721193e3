//! What the runner does outside, as a trait: the order of its effects can be tested as a log.

use std::time::Duration;

use crate::record::journal::Fate;
use crate::world::child::Ended;

/// What a second look at the targets shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// Places, of those asked about, that are gone or stand for something else by now.
    pub gone: Vec<usize>,
    /// Targets that were not shown. They are not touched, whatever becomes of the rollout.
    pub appeared: u64,
    /// True where there are more now than were shown: why is told to a person.
    pub grown: Option<String>,
}

/// A role of which enough stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Floor {
    /// The role.
    pub role: String,
    /// Members healthy now, less what would be hit.
    pub left: u64,
    /// Members that must stay.
    pub keep: u64,
}

/// What the runner waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Woken {
    /// A call ended.
    Ended(usize, CallEnd),
    /// A person, or the system, asks to stop.
    Interrupt(i32),
    /// The terminal is gone.
    Lost,
    /// Calls printed something.
    Said(Vec<u8>),
    /// The time is over.
    Time,
    /// Guard can't watch any more.
    Failed(String),
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallEnd {
    /// As a program ends.
    Program(Ended),
    /// It took longer than it may, and was ended.
    Late,
    /// Guard did it itself, and knows of each target; what is not named is done.
    Each(Vec<(usize, Fate)>),
}

/// A person's answer between two stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoOn {
    /// Go on.
    Yes,
    /// Not now, or nobody is there.
    No,
}

/// The world of a rollout.
pub trait Outside {
    /// The time as records write it.
    fn stamp(&self) -> String;

    /// Names this start of the machine.
    fn boot(&self) -> String;

    /// Lists again, for a batch.
    fn look(&mut self, batch: &[usize]) -> Result<Look, String>;

    /// Holds the floors against what a batch would hit; an error says which does not hold, or why
    /// that can't be known.
    fn floors(&mut self, batch: &[usize]) -> Result<Vec<Floor>, String>;

    /// Asks the tool what became of targets whose outcome was lost, one answer each.
    fn settle(&mut self, targets: &[usize]) -> Vec<Fate>;

    /// Runs the health check once; an error is what it said, or why it said nothing.
    fn check(&mut self, batch: &[usize]) -> Result<(), String>;

    /// Starts a call.
    fn start(&mut self, call: usize, targets: &[usize]) -> Result<(), String>;

    /// Waits until something happens, or `patience` is over; `None` is for ever.
    fn wait(&mut self, patience: Option<Duration>) -> Woken;

    /// Asks every running call to end.
    fn end_calls(&mut self);

    /// Asks a person whether the next stage may begin.
    fn go_on(&mut self, stage: usize, of: usize) -> GoOn;

    /// Names of targets, folded, as far as a person reads them.
    fn names(&self, targets: &[usize]) -> String;
}
