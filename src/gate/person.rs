//! Somebody who can be asked.

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A line was typed.
    Line(String),
    /// Nobody answered in time.
    TimedOut,
    /// The question was interrupted by this signal.
    Interrupted(i32),
    /// The terminal went away, or was closed.
    Gone,
    /// A "no" a moment ago, to a command from the same script, holds for this one too.
    Remembered,
}

/// A person at a terminal.
pub trait Person {
    /// Waits until nobody else is asked on this terminal; returns what came instead.
    ///
    /// What is shown from then on belongs to one question. Asking waits for itself where this was
    /// not called before.
    fn turn(&mut self) -> Option<Answer>;

    /// Shows `text`, then asks `question`, and waits for one line.
    fn ask(&mut self, text: &str, question: &str) -> Answer;

    /// Shows a long text page by page; returns what else came than the keys that turn pages.
    fn page(&mut self, text: &str) -> Option<Answer>;

    /// Remembers that the answer was no.
    fn declined(&mut self);
}
