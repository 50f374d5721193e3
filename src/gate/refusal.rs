//! Why a command does not run: the exit code, the sentence, and what to type next.

use crate::exit;

/// A command that was not let through. Nothing was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// guard's exit code.
    pub code: u8,
    /// How the record calls it: `denied`, `declined`, `no terminal`, `not as expected`.
    pub how: &'static str,
    /// What to say, several lines.
    pub message: String,
    /// The signal that guard ends of.
    pub signal: Option<i32>,
}

impl Refusal {
    /// Policy refuses it.
    pub fn denied(message: String) -> Self {
        Self { code: exit::DENIED, how: "denied", message, signal: None }
    }

    /// A person said no, or nobody answered.
    pub fn declined(message: String) -> Self {
        Self { code: exit::DECLINED, how: "declined", message, signal: None }
    }

    /// Counting or a question was interrupted: guard ends of the signal.
    pub fn interrupted(signal: i32) -> Self {
        let code = u8::try_from(128 + signal).unwrap_or(exit::DECLINED);
        let message = "guard: interrupted; nothing was run".into();
        Self { code, how: "interrupted", message, signal: Some(signal) }
    }

    /// Somebody would have to be asked, and nobody is there.
    pub fn nobody(message: String) -> Self {
        Self { code: exit::NEEDS_PERSON, how: "no terminal", message, signal: None }
    }

    /// The scope is not what was said beforehand.
    pub fn unexpected(message: String) -> Self {
        Self { code: exit::NOT_EXPECTED, how: "not as expected", message, signal: None }
    }
}
