//! A question on a real terminal: who answers, who does not, and how the terminal is left.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod terminal;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix::sys::termios::{InputFlags, LocalFlags, SetArg, Termios, cfmakeraw, tcsetattr};
use terminal::{Terminal, door, until};

/// A question being asked on a terminal.
struct Scene {
    terminal: Terminal,
    report: PathBuf,
    _folder: tempfile::TempDir,
}

impl Scene {
    fn new(options: &[&str], change: impl FnOnce(&mut Command) -> [bool; 3]) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report");
        let mut command = Command::new(door());
        command.arg("ask").args(options).env("REPORT", &report);
        let streams = change(&mut command);
        Scene { terminal: Terminal::start(command, streams), report, _folder: folder }
    }

    fn plain() -> Scene {
        let mut scene = Scene::new(&[], |_| [true; 3]);
        scene.terminal.expect("how many? ");
        scene
    }

    fn answer(&mut self) -> String {
        let report = until(|| fs::read_to_string(&self.report).ok().filter(|text| text.ends_with('\n')));
        self.terminal.end();
        report.trim().to_string()
    }
}

fn same(one: &Termios, other: &Termios) {
    assert_eq!(
        (one.input_flags, one.output_flags, one.control_flags, one.local_flags, one.control_chars),
        (other.input_flags, other.output_flags, other.control_flags, other.local_flags, other.control_chars)
    );
}

#[test]
fn a_line_answers() {
    let mut scene = Scene::plain();
    scene.terminal.send("12\n");
    assert_eq!(scene.answer(), r#"Line("12")"#);
}

#[test]
fn a_line_can_be_edited() {
    let mut scene = Scene::plain();
    scene.terminal.send("13\x7f2 x\x152\r");
    assert_eq!(scene.answer(), r#"Line("2")"#);
}

#[test]
fn it_is_asked_on_the_terminal_wherever_the_streams_go() {
    for streams in [[true, true, false], [false, true, true], [false, false, false]] {
        let mut scene = Scene::new(&[], |command| {
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            streams
        });
        scene.terminal.expect("how many? ");
        scene.terminal.send("12\n");
        assert_eq!(scene.answer(), r#"Line("12")"#, "{streams:?}");
    }
}

#[test]
fn what_the_input_holds_answers_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("yes"), "12\n".repeat(1000)).unwrap();
    let yes = fs::File::open(folder.path().join("yes")).unwrap();
    let mut scene = Scene::new(&["--timeout", "300"], |command| {
        command.stdin(yes);
        [false, true, true]
    });
    assert_eq!(scene.answer(), "TimedOut");
}

#[test]
fn closed_streams_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report");
    let mut command = Command::new("sh");
    command.args(["-c", r#""$DOOR" ask <&- >&- 2>&-"#]).env("REPORT", &report).env("DOOR", door());
    let mut terminal = Terminal::start(command, [true; 3]);
    terminal.expect("how many? ");
    terminal.send("12\n");
    terminal.end();
    assert_eq!(fs::read_to_string(report).unwrap(), "Line(\"12\")\n");
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report");
    let status =
        Command::new("setsid").arg("-w").arg(door()).arg("ask").env("REPORT", &report).status().unwrap();
    assert_eq!(status.code(), Some(122));
    assert_eq!(fs::read_to_string(report).unwrap(), "no terminal\n");
}

#[test]
fn what_was_typed_before_does_not_answer() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report");
    let mut command = Command::new("sh");
    // The script waits until the lines stand in the terminal's queue, unread.
    command
        .args([
            "-c",
            r#"printf ready; until [ -e "$REPORT.typed" ]; do :; done; exec "$DOOR" ask --timeout 500"#,
        ])
        .env("REPORT", &report)
        .env("DOOR", door());
    let mut terminal = Terminal::start(command, [true; 3]);
    terminal.expect("ready");
    terminal.send("12\n12\n1");
    terminal.expect("12\r\n12\r\n1");
    fs::write(folder.path().join("report.typed"), "").unwrap();
    terminal.expect("how many? ");
    terminal.end();
    assert_eq!(fs::read_to_string(report).unwrap(), "TimedOut\n");
}

#[test]
fn a_paste_answers_with_one_line_and_the_rest_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report");
    let mut command = Command::new("sh");
    command.args(["-c", r#""$DOOR" ask; printf 'after: '; read x; echo "got=$x=""#]);
    command.env("REPORT", &report).env("DOOR", door());
    let mut terminal = Terminal::start(command, [true; 3]);
    terminal.expect("how many? ");
    terminal.send("7\nrm -rf /\nrm -rf /home\nhalf a line");
    terminal.expect("after: ");
    terminal.send("typed later\n");
    terminal.expect("got=typed later=");
    assert_eq!(fs::read_to_string(report).unwrap(), "Line(\"7\")\n");
}

#[test]
fn silence_is_no_answer() {
    let mut scene = Scene::new(&["--timeout", "100"], |_| [true; 3]);
    assert_eq!(scene.answer(), "TimedOut");
    let mut scene = Scene::new(&["--timeout", "400"], |_| [true; 3]);
    scene.terminal.expect("how many? ");
    scene.terminal.send("1");
    assert_eq!(scene.answer(), "TimedOut", "half a line is none");
}

#[test]
fn a_terminal_that_takes_no_output_is_no_answer() {
    let mut command = Command::new("sh");
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report");
    command.args(["-c", r#"printf ready; read x; exec "$DOOR" ask --timeout 300"#]);
    command.env("REPORT", &report).env("DOOR", door());
    let mut terminal = Terminal::start(command, [true; 3]);
    terminal.expect("ready");
    terminal.send("\n\x13");
    terminal.end();
    assert_eq!(fs::read_to_string(report).unwrap(), "TimedOut\n");
}

#[test]
fn the_end_of_input_is_no_answer() {
    for keys in ["\x04", "12\x04\x04"] {
        let mut scene = Scene::plain();
        scene.terminal.send(keys);
        assert_eq!(scene.answer(), "Gone", "{keys:?}");
    }
    let mut scene = Scene::plain();
    scene.terminal.send("1\x04");
    scene.terminal.send("2\n");
    assert_eq!(scene.answer(), r#"Line("12")"#);
}

#[test]
fn a_lost_terminal_is_no_answer() {
    let mut scene = Scene::plain();
    scene.terminal.hang_up();
    let answer = scene.answer();
    assert!(["Gone", "Interrupted(1)"].contains(&answer.as_str()), "{answer}");

    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report");
    let mut command = Command::new("nohup");
    command.arg(door()).arg("ask").env("REPORT", &report);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut terminal = Terminal::start(command, [false; 3]);
    terminal.expect("how many? ");
    terminal.hang_up();
    terminal.end();
    assert_eq!(fs::read_to_string(report).unwrap(), "Gone\n", "with SIGHUP ignored");
}

#[test]
fn too_long_a_line_and_odd_bytes_are_no_answer() {
    let mut scene = Scene::plain();
    scene.terminal.send(&format!("{}\n", "1".repeat(4095)));
    assert_eq!(scene.answer(), "Unreadable");
    let mut scene = Scene::plain();
    scene.terminal.send(&format!("{}\n", "1".repeat(10_000)));
    assert_eq!(scene.answer(), "Unreadable");
    let mut scene = Scene::plain();
    scene.terminal.send(&format!("{}\n", "1".repeat(4094)));
    assert_eq!(scene.answer(), format!("Line({:?})", "1".repeat(4094)));
    let mut scene = Scene::plain();
    scene.terminal.send_bytes(b"1\xff2\n");
    assert_eq!(scene.answer(), "Unreadable");
}

#[test]
fn signals_end_the_question_with_the_terminal_as_it_was() {
    for (keys, signal) in [("12\x03", 2), ("\x1c", 3)] {
        let mut scene = Scene::plain();
        let during = scene.terminal.settings();
        scene.terminal.send(keys);
        assert_eq!(scene.answer(), format!("Interrupted({signal})"));
        same(&scene.terminal.settings(), &during);
    }
    for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGINT] {
        let mut scene = Scene::plain();
        // SAFETY: the child has not been waited for.
        unsafe { libc::kill(scene.terminal.child.id() as i32, signal) };
        assert_eq!(scene.answer(), format!("Interrupted({signal})"));
    }
}

/// A terminal that something left raw and silent.
fn raw(settings: &Termios) -> Termios {
    let mut raw = settings.clone();
    cfmakeraw(&mut raw);
    raw.control_chars[libc::VINTR] = 0;
    raw.input_flags |= InputFlags::IGNCR;
    raw
}

#[test]
fn a_raw_terminal_is_made_usable_and_left_as_found() {
    for (keys, answer) in
        [("12\r", r#"Line("12")"#), ("\x03", "Interrupted(2)"), ("\x04", "Gone"), ("\x1c", "Interrupted(3)")]
    {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report");
        let mut command = Command::new("sh");
        command.args(["-c", r#"printf ready; until [ -e "$REPORT.go" ]; do :; done; exec "$DOOR" ask"#]);
        command.env("REPORT", &report).env("DOOR", door());
        let mut terminal = Terminal::start(command, [true; 3]);
        terminal.expect("ready");
        let found = raw(&terminal.settings());
        tcsetattr(terminal.line(), SetArg::TCSANOW, &found).unwrap();
        let found = terminal.settings();
        fs::write(folder.path().join("report.go"), "").unwrap();
        terminal.expect("how many? ");
        assert!(
            terminal
                .settings()
                .local_flags
                .contains(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG)
        );
        terminal.send(keys);
        terminal.end();
        assert_eq!(fs::read_to_string(report).unwrap().trim(), answer);
        same(&terminal.settings(), &found);
    }
}

#[test]
fn a_resize_is_harmless() {
    let mut scene = Scene::plain();
    scene.terminal.send("1");
    let size = libc::winsize { ws_row: 10, ws_col: 20, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the descriptor is open and the place valid.
    unsafe { libc::ioctl(std::os::fd::AsRawFd::as_raw_fd(scene.terminal.line()), libc::TIOCSWINSZ, &size) };
    scene.terminal.send("2\n");
    assert_eq!(scene.answer(), r#"Line("12")"#);
}

#[test]
fn stopped_and_continued_it_asks_again() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report");
    let turns = folder.path().join("turns");
    fs::create_dir(&turns).unwrap();
    let mut terminal = Terminal::bash_with(&[("REPORT", report.as_os_str()), ("TURNS", turns.as_os_str())]);
    terminal.send("$DOOR turn one\n");
    terminal.expect("run one? ");
    terminal.send("ye");
    terminal.insist("\x1a", "Stopped");
    terminal.expect("$ ");
    // Another question may be asked meanwhile.
    terminal.insist("$DOOR turn two\n", "run two? ");
    terminal.send("yes\n");
    terminal.expect("$ ");
    terminal.insist("fg\n", "run one? ");
    terminal.send("yes\n");
    terminal.expect("$ ");
    assert_eq!(fs::read_to_string(report).unwrap(), "two ran\none ran\n");
}

#[test]
fn a_background_job_gets_a_value_and_is_not_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report");
    let mut terminal = Terminal::bash_with(&[("REPORT", report.as_os_str())]);
    terminal.insist("$DOOR ask & wait $!; echo =$?=\n", "=1=");
    assert_eq!(fs::read_to_string(&report).unwrap().lines().last(), Some("Background"));
}
