//! What was agreed on for a rollout: rests, checks, failures that may be.

use std::time::Duration;

use crate::tool::Span;

/// How long a rollout rests between two stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pause {
    /// Not at all.
    #[default]
    None,
    /// For a time.
    For(Duration),
    /// Until a person says so.
    Ask,
}

/// What was agreed on for a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// How many calls run at once.
    pub parallel: usize,
    /// The rest between stages.
    pub pause: Pause,
    /// How long each batch is left alone before it is checked.
    pub soak: Duration,
    /// True where there is a check.
    pub checked: bool,
    /// True where the check is about the targets of the batch: before it, it could say nothing.
    pub only_after: bool,
    /// How long to wait before a check that failed is tried again.
    pub every: Duration,
    /// How often it is tried again.
    pub retries: u32,
    /// More failures than this stop it.
    pub max_failures: u64,
    /// How often it is told that time goes by while nothing else happens.
    pub ticks: Option<Duration>,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            parallel: 1,
            pause: Pause::None,
            soak: Duration::ZERO,
            checked: false,
            only_after: false,
            every: Duration::from_secs(5),
            retries: 0,
            max_failures: 0,
            ticks: None,
        }
    }
}

/// Reads `30s`, `ask`.
impl std::str::FromStr for Pause {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ask" => Ok(Self::Ask),
            "" => Ok(Self::None),
            text => {
                let span = Span::try_from(text.to_owned()).map_err(|fault| fault.to_string())?;
                Ok(Self::For(span.0))
            }
        }
    }
}

impl std::fmt::Display for Pause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Ask => f.write_str("ask"),
            Self::For(span) => write!(f, "{}ms", span.as_millis()),
        }
    }
}
