//! What a rollout costs beside `xargs`: planning a million targets, and ten thousand calls that do nothing.
//!
//! `cargo bench --bench rollout`; on a quiet machine.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a bench")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use guard::act::rollout::plan::{Item, Shape, batches};

const CALLS: usize = 10_000;

/// Guard and xargs in turn; the median of their ratios is told.
const ROUNDS: usize = 7;

const TOOL: &str = r#"
[tool]
names = ["true"]
[[action]]
name = "remove"
effect = "stop"
targets = { kind = "server", source = "listing" }
list = "seq 10000"
freeze = "names"
max_args = 1
narrow = "true {targets}"
"#;

fn main() {
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let (guard, memory) = rollout();
        let xargs = xargs();
        ratios.push(guard.as_secs_f64() / xargs.as_secs_f64());
        println!("{CALLS} calls, 64 at a time: guard {guard:?} ({memory} KiB), xargs {xargs:?}");
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio {:.2}", ratios[ROUNDS / 2]);
    // Last: the memory of this process would count as that of its children.
    planning();
}

fn planning() {
    let items: Vec<Item> =
        (0..1_000_000).map(|at| Item { together: at % 100, redundancy: at % 1000, bytes: 20 }).collect();
    let shape = Shape {
        stages: vec![1, 99_999, 400_000, 500_000],
        per_call: 1000,
        bytes_per_call: 100_000,
        per_batch: 1000,
        parallel: 1,
    };
    let started = Instant::now();
    let all = batches(&items, &|_| true, &shape);
    println!("planning 1,000,000 targets: {:?} ({} batches)", started.elapsed(), all.len());
}

fn rollout() -> (Duration, i64) {
    let folder = tempfile::tempdir().unwrap();
    let tools = folder.path().join("guard/tools");
    fs::create_dir_all(&tools).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(tools.join("true.toml"), TOOL).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_guard"));
    command.args(["--expect", "10000", "--stages", "100%", "--parallel", "64", "true"]);
    command.env("XDG_CONFIG_HOME", folder.path()).env("XDG_STATE_HOME", folder.path().join("state"));
    command.stdin(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    assert!(command.status().unwrap().success());
    (started.elapsed(), children())
}

fn xargs() -> Duration {
    let started = Instant::now();
    let script = "seq 10000 | xargs -P64 -n1 true";
    assert!(Command::new("sh").args(["-c", script]).status().unwrap().success());
    started.elapsed()
}

/// The most memory that any child so far held, in KiB.
fn children() -> i64 {
    // SAFETY: zeroed is a valid value, and the place is valid.
    unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        libc::getrusage(libc::RUSAGE_CHILDREN, &mut usage);
        usage.ru_maxrss
    }
}
