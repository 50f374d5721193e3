//! The person at this terminal.

use crate::policy::Policy;
use crate::world::Session;

use super::person::{Answer, Person};

/// A person at `/dev/tty`.
#[derive(Debug)]
pub struct Terminal;

/// Finds the person at this terminal; `None` where nobody can be asked.
pub fn at_terminal(_session: &Session, _policy: &Policy) -> Option<Terminal> {
    None
}

impl Person for Terminal {
    fn ask(&mut self, _text: &str, _question: &str) -> Answer {
        Answer::Gone
    }

    fn page(&mut self, _text: &str) {}

    fn declined(&mut self) {}
}
