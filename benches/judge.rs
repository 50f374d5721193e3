//! How many command lines a second `guardctl judge --offline` reads and judges, on one core.
//!
//! `cargo bench --bench judge`. The lines are everyday ones, made here, in a scratch folder that has
//! the files they name. Then hostile text of growing length, on one line each: what it costs per
//! byte should stay the same.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a bench prints")]

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const GUARDCTL: &str = env!("CARGO_BIN_EXE_guardctl");
const LINES: usize = 200_000;
const ROUNDS: usize = 3;

/// Everyday lines; `%` is a number that changes from line to line.
const EVERYDAY: &[&str] = &[
    "ls -la",
    "cd src && ls",
    "git status",
    "git log --oneline -%",
    "git commit -m 'change % of the parser'",
    "git push origin feature-%",
    "git push -f origin feature-%",
    "git branch -D topic-%",
    "git checkout -b topic-%",
    "cargo build --release",
    "make -j8 && make test",
    "npm run build",
    "rm file-%",
    "rm -f notes-%.txt src/gone-%.o",
    "rm -rf target",
    "rm -rf node_modules",
    "mv notes-%.txt notes.old",
    "cp notes-%.txt /tmp/copy",
    "chmod 644 notes-%.txt",
    "chmod -R u+w src",
    "kubectl get pods -n shop",
    "kubectl get pod web-% -o yaml | grep image",
    "kubectl logs -f web-% -c app --tail=100",
    "kubectl delete pod web-%",
    "kubectl rollout restart deployment/web-% -n shop",
    "kubectl scale deployment web --replicas=%",
    "systemctl status nginx",
    "sudo systemctl restart nginx",
    "sudo systemctl reload app-%.service",
    "journalctl -u app-% -n 50 --no-pager",
    "ssh web-%.example.org uptime",
    "ssh web-% 'systemctl restart app'",
    "find . -name '*.tmp' -mtime +%",
    "grep -rn \"pattern %\" src | head -%",
    "tail -f /var/log/syslog",
    "docker ps -a",
    "ps aux | grep java | head -5",
    "env RUST_LOG=debug cargo test case_%",
    "timeout 30 curl -s http://localhost:80%/health",
    "sudo -u deploy cp notes-%.txt /srv/app",
    "echo $HOME && pwd",
    "vim src/main.rs",
    "apt-get install -y jq",
    "nice -n 10 make",
    "kill %00000",
    "df -h / && free -m",
    "for f in a b c; do rm $f; done",
    "sh -c 'rm -f notes-%.txt'",
];

fn main() {
    let scratch = tempfile::tempdir().unwrap();
    let project = scratch.path().join("project");
    furnish(&project);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("guardctl judge --offline; held to one core of {cores}, best of {ROUNDS}");
    let mixed: String = (0..LINES).map(|at| line(EVERYDAY[at % EVERYDAY.len()], at)).collect();
    let start = judged(scratch.path(), &project, "true\n");
    let time = judged(scratch.path(), &project, &mixed);
    let rate = LINES as f64 / time.as_secs_f64();
    println!("{LINES} mixed lines: {:.2} s, {rate:.0} lines a second (goal: 50,000)", time.as_secs_f64());
    println!("one line, with the start: {:.2} ms", start.as_secs_f64() * 1e3);
    if std::env::var_os("EACH").is_some() {
        each(scratch.path(), &project);
    }
    hostile(scratch.path(), &project);
}

/// What each kind of line costs alone (with EACH set).
fn each(scratch: &Path, project: &Path) {
    for pattern in EVERYDAY {
        let text: String = (0..2_000).map(|at| line(pattern, at)).collect();
        let time = judged(scratch, project, &text);
        println!("  {:>8.1} µs  {pattern}", time.as_secs_f64() * 1e6 / 2_000.0);
    }
}

fn line(pattern: &str, at: usize) -> String {
    let mut line = pattern.replace('%', &(at % 100).to_string());
    line.push('\n');
    line
}

/// A small project in git, with what the lines name.
fn furnish(project: &Path) {
    for folder in ["src", "target/debug", "node_modules/left-pad", ".git/refs/heads"] {
        fs::create_dir_all(project.join(folder)).unwrap();
    }
    fs::write(project.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    fs::write(project.join(".gitignore"), "target\nnode_modules\n").unwrap();
    fs::write(project.join("Cargo.toml"), "").unwrap();
    for at in 0..40 {
        fs::write(project.join(format!("file-{at}")), "").unwrap();
        fs::write(project.join(format!("notes-{at}.txt")), "").unwrap();
        fs::write(project.join(format!("src/{at}.rs")), "").unwrap();
        fs::write(project.join(format!("target/debug/{at}.o")), "").unwrap();
    }
}

/// The best time that judging a text takes.
fn judged(scratch: &Path, project: &Path, text: &str) -> Duration {
    let input = scratch.join("input");
    fs::write(&input, text).unwrap();
    let run = || {
        let pinned = Command::new("taskset").arg("--version").output().is_ok();
        let mut command = if pinned {
            let mut command = Command::new("taskset");
            command.args(["-c", "0", GUARDCTL]);
            command
        } else {
            Command::new(GUARDCTL)
        };
        command.args(["judge", "--offline"]).current_dir(project).env("HOME", scratch);
        command.env_remove("XDG_CONFIG_HOME").stdin(File::open(&input).unwrap()).stdout(Stdio::null());
        let start = Instant::now();
        assert!(command.status().unwrap().success(), "judge failed");
        start.elapsed()
    };
    (0..ROUNDS).map(|_| run()).min().unwrap()
}

/// A way to make a text of about this many bytes.
type Maker = fn(usize) -> String;

fn hostile(scratch: &Path, project: &Path) {
    let makers: [(&str, Maker); 8] = [
        ("nested parentheses", |n| "(".repeat(n)),
        ("nested substitutions", |n| format!("echo {}", "$(".repeat(n / 2))),
        ("open quotes", |n| format!("echo {}", "'\"".repeat(n / 2))),
        ("backslashes", |n| format!("echo {}", "\\".repeat(n))),
        ("braces", |n| format!("echo {}", "{a,".repeat(n / 3))),
        ("separators", |n| "rm a;".repeat(n / 5)),
        ("operands", |n| {
            (0..n / 8).fold("rm".to_owned(), |mut line, at| {
                write!(line, " f{:06}", at).unwrap();
                line
            })
        }),
        ("wrappers", |n| format!("{}rm a", "nice ".repeat(n / 5))),
    ];
    println!("\nhostile text on one line: time, and ns a byte");
    let start = judged(scratch, project, "true\n");
    for (name, make) in makers {
        let mut row = format!("  {name:<22}");
        for size in [1 << 10, 1 << 14, 1 << 17, 1 << 20] {
            let text = make(size);
            let time = judged(scratch, project, &format!("{text}\n")).saturating_sub(start);
            let each = time.as_secs_f64() * 1e9 / text.len() as f64;
            write!(row, " {:>8} KB {:>8.2} ms {each:>7.1}", size >> 10, time.as_secs_f64() * 1e3).unwrap();
        }
        println!("{row}");
    }
}
