//! What guard does step by step, on stderr, for whoever asks why: `--verbose`, or `GUARD_LOG`.
//!
//! Nothing is set up, and no event is put together, unless it was asked for. Neither changes what is
//! decided.

use std::ffi::OsStr;
use std::io;

use tracing::Level;

/// Starts telling each step where `verbose` or the value of `GUARD_LOG` asks for it.
///
/// `trace` tells most, `0`, `off` and the empty value nothing, any other value the steps.
pub fn start(verbose: bool, variable: Option<&OsStr>) {
    let level = match variable.and_then(OsStr::to_str).map(str::trim) {
        Some("trace") => Level::TRACE,
        None | Some("" | "0" | "off") if !verbose => return,
        _ => Level::DEBUG,
    };
    let told = tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(false).without_time();
    // Set up once; a second start in one process changes nothing.
    let _ = told.with_target(false).with_max_level(level).try_init();
}
