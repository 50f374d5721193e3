//! The doors of `world` and `gate` as a program: what needs a process of its own to be tested.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "tests"
)]

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use guard::world::exec::{Launch, exec};

fn main() -> ExitCode {
    let mut words: Vec<OsString> = env::args_os().skip(1).collect();
    let door = words.remove(0);
    match door.to_str().unwrap() {
        "exec" => {
            let fault = exec(&Launch::new(&words));
            eprintln!("door: {fault}");
            ExitCode::from(fault.code())
        }
        other => panic!("no door {other}"),
    }
}
