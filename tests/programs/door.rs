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

use guard::gate::turn::{self, NoTurn};
use guard::world::child::{Beside, Ended, Manner, die_of, run};
use guard::world::exec::{Launch, exec};
use guard::world::listing::{ListRequest, list};
use guard::world::tty::{Answer, Tty};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

fn main() -> ExitCode {
    let mut words: Vec<OsString> = env::args_os().skip(1).collect();
    let door = words.remove(0);
    match door.to_str().unwrap() {
        "exec" => {
            let fault = exec(&Launch::new(&words));
            eprintln!("door: {fault}");
            ExitCode::from(fault.code())
        }
        "run" => beside(words),
        "list" => listing(words),
        "ask" => ask(words),
        "turn" => take_turn(words),
        other => panic!("no door {other}"),
    }
}

/// Takes the option `name` and its value out of the words before `--`.
fn option(words: &mut Vec<OsString>, name: &str) -> Option<u64> {
    let at = words.iter().take_while(|word| *word != "--").position(|word| word == name)?;
    words.remove(at);
    words.remove(at).to_str().unwrap().parse().ok()
}

fn command(words: &[OsString]) -> &[OsString] {
    let at = words.iter().position(|word| word == "--").unwrap();
    &words[at + 1..]
}

fn beside(mut words: Vec<OsString>) -> ExitCode {
    let beside = Beside {
        manner: if option(&mut words, "--apart").is_some() { Manner::Apart } else { Manner::InFront },
        dies_with_guard: option(&mut words, "--dies").map(|signal| signal as i32),
        limit: option(&mut words, "--limit").map(Duration::from_millis),
    };
    match run(&Launch::new(command(&words)), beside) {
        Ok(outcome) => match outcome.ended {
            _ if outcome.timed_out => ExitCode::from(124),
            Ended::Code(code) => ExitCode::from(code as u8),
            Ended::Signal(signal) => die_of(signal),
        },
        Err(fault) => {
            eprintln!("door: {fault}");
            ExitCode::from(fault.code())
        }
    }
}

fn listing(mut words: Vec<OsString>) -> ExitCode {
    let timeout = Duration::from_millis(option(&mut words, "--timeout").unwrap_or(20_000));
    let cap_bytes = option(&mut words, "--cap").unwrap_or(1_000_000) as usize;
    let argv = command(&words);
    let request = ListRequest { argv, program: None, env: &[], cwd: None, timeout, cap_bytes, codes: &[] };
    match list(&request) {
        Ok(out) => println!("{}", String::from_utf8_lossy(&out)),
        Err(fault) => println!("{fault:?}: {fault}"),
    }
    ExitCode::SUCCESS
}

/// Appends to the file that the test reads: the streams may be anything here.
fn report(text: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(env::var_os("REPORT").unwrap()).unwrap();
    // In one piece: several of them may append at once.
    file.write_all(format!("{text}\n").as_bytes()).unwrap();
}

/// Asks once, without turns.
fn ask(mut words: Vec<OsString>) -> ExitCode {
    let timeout = Duration::from_millis(option(&mut words, "--timeout").unwrap_or(60_000));
    let Some(mut tty) = Tty::open() else {
        report("no terminal");
        return ExitCode::from(122);
    };
    let answer = tty.ask("how many? ", timeout);
    report(&format!("{answer:?}"));
    ExitCode::from(u8::from(!matches!(answer, Answer::Line(_))))
}

/// As guard asks: `yes` runs, everything else is remembered as no. Words: the name of the command.
fn take_turn(words: Vec<OsString>) -> ExitCode {
    let name = words[0].to_str().unwrap();
    let folder = PathBuf::from(env::var_os("TURNS").unwrap());
    let mut tty = Tty::open().unwrap();
    match turn::ask(&mut tty, Some(&folder), None, &format!("run {name}? "), Duration::from_secs(60)) {
        Ok((Answer::Line(line), _)) if line == "yes" => {
            report(&format!("{name} ran"));
            ExitCode::SUCCESS
        }
        Ok((Answer::Interrupted(signal), _)) => {
            report(&format!("{name} interrupted"));
            die_of(signal)
        }
        Ok((answer, mut turn)) => {
            turn.remember_no();
            report(&format!("{name} no {answer:?}"));
            ExitCode::from(121)
        }
        Err(NoTurn::Refused(_)) => {
            report(&format!("{name} refused"));
            ExitCode::from(121)
        }
        Err(fault) => {
            report(&format!("{name} {fault:?}"));
            ExitCode::from(121)
        }
    }
}
