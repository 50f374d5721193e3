//! What satisfies a rung, and the approval that comes of it.
//!
//! Only an [`Approval`] can be executed, and only this module makes one: at once for what is
//! allowed, else by what `--expect`, `--max`, `--stages` and `--plan-in` said beforehand, or by what
//! a person types. No terminal means that nothing is asked, and no is the answer.

mod admit;
mod job;
mod person;
mod planned;
mod refusal;
mod terminal;
pub mod turn;

pub use admit::{Approval, Asked, How, Preview, admit, readmit};
pub use person::{Answer, Person};
pub use planned::Planned;
pub use refusal::Refusal;
pub use terminal::{Terminal, at_terminal};
