//! What guard costs on top, beside other wrappers, in one run: whole-process wall time.
//!
//! `cargo bench --bench startup`. Every row is measured in turn, round after round, so that a busy
//! machine slows all of them alike; the median and the ratio to the first of its group are printed,
//! and instruction counts where valgrind is installed.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a bench prints")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const GUARD: &str = env!("CARGO_BIN_EXE_guard");
const GUARDCTL: &str = env!("CARGO_BIN_EXE_guardctl");
const ROUNDS: usize = 400;

/// One command of a group.
struct Row {
    name: &'static str,
    words: Vec<String>,
    /// Files to make before each run.
    touch: Option<String>,
    times: Vec<Duration>,
}

fn row(name: &'static str, words: &[&str]) -> Row {
    Row { name, words: words.iter().map(|w| (*w).to_owned()).collect(), touch: None, times: Vec::new() }
}

fn touching(file: &str, row: Row) -> Row {
    Row { touch: Some(file.to_owned()), ..row }
}

fn main() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("one-file").display().to_string();
    let home = scratch.path().join("home");
    fs::create_dir(&home).unwrap();
    println!("whole-process wall time, median of {ROUNDS} interleaved runs; {} cores", cores());
    let mut wrappers = vec![row("env true", &["/usr/bin/env", "true"]), row("guard true", &[GUARD, "true"])];
    wrappers.push(row("/bin/true", &["/bin/true"]));
    let shims = scratch.path().join("shims");
    fs::create_dir(&shims).unwrap();
    for name in ["true", "rm"] {
        std::os::unix::fs::symlink(GUARD, shims.join(name)).unwrap();
    }
    let shim = |name: &str| shims.join(name).display().to_string();
    wrappers.push(row("shim true", &[&shim("true")]));
    if runs(&["sudo", "-n", "true"], &home) {
        wrappers.push(row("sudo -n true", &["sudo", "-n", "true"]));
    }
    group("a harmless command (goal: at most 1.5 times env)", wrappers, &home);
    group(
        "one file removed (goal: at most 2 ms more)",
        vec![
            touching(&file, row("rm one-file", &["/bin/rm", &file])),
            touching(&file, row("guard rm one-file", &[GUARD, "/bin/rm", &file])),
            touching(&file, row("shim rm one-file", &[&shim("rm"), &file])),
        ],
        &home,
    );
    group(
        "a plan (goal: under 4 ms where /bin/true takes 1)",
        vec![
            row("/bin/true", &["/bin/true"]),
            touching(&file, row("guard --plan rm -rf one-file", &[GUARD, "--plan", "rm", "-rf", &file])),
        ],
        &home,
    );
    marker(&home);
    instructions(&file, &home);
}

/// The marker in a prompt, where there is something to mark.
fn marker(home: &Path) {
    fs::create_dir_all(home.join(".config/guard")).unwrap();
    fs::create_dir(home.join(".kube")).unwrap();
    let policy = "[environment.production]\ncontexts = [\"prod-*\"]\nraise = 1\n";
    fs::write(home.join(".config/guard/guard.toml"), policy).unwrap();
    fs::write(home.join(".kube/config"), "apiVersion: v1\ncurrent-context: prod-east\n").unwrap();
    group(
        "the marker of a prompt (goal: under 5 ms)",
        vec![row("/bin/true", &["/bin/true"]), row("guardctl prompt", &[GUARDCTL, "prompt"])],
        home,
    );
}

fn command(words: &[String], home: &Path) -> Command {
    let mut command = Command::new(&words[0]);
    command
        .args(&words[1..])
        .env("HOME", home)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("KUBECONFIG")
        .env("CI", "1");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn runs(words: &[&str], home: &Path) -> bool {
    let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
    command(&words, home).status().is_ok_and(|s| s.success())
}

fn group(title: &str, mut rows: Vec<Row>, home: &Path) {
    for round in 0..ROUNDS + 20 {
        for row in &mut rows {
            if let Some(file) = &row.touch {
                fs::write(file, "").unwrap();
            }
            let mut command = command(&row.words, home);
            let start = Instant::now();
            command.status().unwrap();
            if round >= 20 {
                row.times.push(start.elapsed());
            }
        }
    }
    println!("\n{title}");
    let first = median(&mut rows[0].times);
    for row in &mut rows {
        let time = median(&mut row.times);
        println!(
            "  {:<52} {:>8.3} ms   {:>5.2}x   {:+.3} ms",
            row.name,
            time * 1e3,
            time / first,
            (time - first) * 1e3
        );
    }
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Instructions in user space, which a busy machine does not change.
fn instructions(file: &str, home: &Path) {
    // A program that is not there: what is counted ends where the command would begin.
    println!("\ninstructions (callgrind)");
    for words in [vec!["/usr/bin/env", "none"], vec![GUARD, "none"], vec![GUARD, "--plan", "rm", "-rf", file]]
    {
        fs::write(file, "").unwrap();
        let mut all = vec!["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"];
        all.extend(&words);
        let all: Vec<String> = all.into_iter().map(str::to_owned).collect();
        let Ok(output) = command(&all, home).stderr(Stdio::piped()).output() else {
            println!("  valgrind is not installed");
            return;
        };
        let text = String::from_utf8_lossy(&output.stderr);
        let count = text.lines().find_map(|l| l.split("Collected : ").nth(1)).unwrap_or("?");
        println!("  {:<52} {count:>12}", words.join(" ").replace(file, "one-file").replace(GUARD, "guard"));
    }
}
