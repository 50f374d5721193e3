//! What the tests of processes and prompts share: the test program, and terminals.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::env;
use std::path::PathBuf;

/// The test program `door`, which `cargo test` builds with the examples.
pub fn door() -> PathBuf {
    let this = env::current_exe().unwrap();
    let built = this.parent().unwrap().parent().unwrap().join("examples/door");
    assert!(built.exists(), "build the test program first: cargo build --example door");
    built
}
