//! What happens in a rollout, one value each. The runner tells them; what shows them only reads.

use serde::Serialize;

use crate::ui::escape::escape;

/// Why a rollout stops when a person presses Ctrl-C.
pub const CTRL_C: &str = "Ctrl-C";

/// A signal that stops a rollout, as people call it.
pub fn came(signal: i32) -> String {
    use nix::sys::signal::Signal;
    match Signal::try_from(signal) {
        Ok(Signal::SIGINT) => CTRL_C.to_owned(),
        Ok(signal) => format!("{signal} came"),
        Err(_) => format!("signal {signal} came"),
    }
}

/// How many targets are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Nothing is left to do: acted on with success, or gone before their turn.
    pub done: u64,
    /// Acted on, with a failure.
    pub failed: u64,
    /// Acted on, and nobody knows how it ended.
    pub in_doubt: u64,
    /// Not touched.
    pub left: u64,
}

/// How a rollout ended for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// Nothing is left.
    Finished,
    /// Stopped before its end.
    Stopped,
    /// The terminal was lost; it waits for somebody to resume it.
    Parked,
}

/// One thing that happens in a rollout.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The plan is on disk.
    Planned {
        /// Names the rollout.
        id: String,
        /// What the targets are.
        kind: String,
        /// Targets by state; all are left at the beginning.
        tally: Tally,
        /// Sizes of the stages.
        stages: Vec<u64>,
        /// How many calls run at once.
        parallel: usize,
    },
    /// A stage begins.
    StageBegan {
        /// Its number, from 1.
        stage: usize,
        /// How many there are.
        of: usize,
        /// Targets in it that are left.
        targets: u64,
        /// Some of them, folded.
        sample: String,
    },
    /// The targets were listed again before a batch.
    Looked {
        /// Targets of the batch that are gone.
        gone: u64,
        /// Targets that were not shown; they are not touched.
        appeared: u64,
    },
    /// As many members as must stay will stay.
    FloorHeld {
        /// The role.
        role: String,
        /// Members healthy now, less the batch.
        left: u64,
        /// Members that must stay.
        keep: u64,
    },
    /// The calls of a batch begin; they are in the journal.
    BatchBegan {
        /// Its number, from 1.
        batch: usize,
        /// How many there are.
        of: usize,
        /// Targets in it.
        targets: u64,
    },
    /// A call started.
    CallStarted {
        /// Its number.
        call: usize,
        /// Targets that it acts on.
        targets: u64,
    },
    /// A call ended.
    CallEnded {
        /// Its number.
        call: usize,
        /// Targets by state now.
        tally: Tally,
        /// What went wrong, where anything did.
        failure: Option<String>,
    },
    /// No call of a batch runs any more.
    BatchEnded {
        /// Its number, from 1.
        batch: usize,
        /// How many there are.
        of: usize,
        /// Targets by state now.
        tally: Tally,
    },
    /// Calls printed something.
    Said {
        /// What, as it came.
        #[serde(serialize_with = "shown")]
        text: Vec<u8>,
    },
    /// The check spoke.
    Checked {
        /// Whether all is well.
        passed: bool,
        /// How often it was tried for this verdict.
        tries: u32,
        /// What it said where it failed.
        said: Option<String>,
    },
    /// Rests, between stages or until a check is worth anything.
    Soaking {
        /// For so many seconds.
        seconds: f64,
    },
    /// Time goes by, and nothing else happens; told only where somebody sees it.
    Ticked,
    /// Waits for a person to say that it may go on.
    Asking,
    /// No more calls are started; what runs may finish.
    Stopping {
        /// Why.
        why: String,
    },
    /// The rollout ended for now.
    Ended {
        /// How.
        end: End,
        /// Why, where it stopped before its end.
        why: Option<String>,
        /// Targets by state.
        tally: Tally,
        /// State and folded names, for each state that any target is in.
        sets: Vec<(String, String)>,
        /// What to type to go on, where anything is left.
        resume: Option<String>,
    },
}

fn shown<S: serde::Serializer>(text: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&escape(&*String::from_utf8_lossy(text)))
}
