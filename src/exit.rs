//! The exit codes that are guard's own. Everything else is the command's.

/// A rollout stopped before its end.
pub const STOPPED: u8 = 119;
/// Policy refuses the command.
pub const DENIED: u8 = 120;
/// A person said no, or nobody answered.
pub const DECLINED: u8 = 121;
/// A terminal, an option or a person could have satisfied the rung, and was not there.
pub const NEEDS_PERSON: u8 = 122;
/// The scope is not what `--expect`, `--max` or `--plan-in` said.
pub const NOT_EXPECTED: u8 = 123;
/// guard's own failure, or wrong usage; nothing was run.
pub const FAILURE: u8 = 125;
/// The program is there and can't be run.
pub const NOT_RUNNABLE: u8 = 126;
/// There is no such program.
pub const NOT_FOUND: u8 = 127;

/// guardctl: it did its work and found what is wrong.
pub const FOUND: u8 = 1;
/// guardctl: whoever read its output went away (128 + SIGPIPE).
pub const CLOSED_OUTPUT: u8 = 141;
