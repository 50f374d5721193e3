//! What xargs adds to a command is judged with it, by the rules of the real xargs, and is what then runs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

#[path = "support/kube.rs"]
mod kube;
mod scene;
mod terminal;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use guard::policy::parse_tool;
use guard::read::{Feed, Invocation, readings};
use guard::world::{Intake, Unfed};
use proptest::prelude::*;
use scene::{GUARD, Ran, Scene, ran, words};
use serde_json::Value;
use terminal::Terminal;

/// The options of an xargs as guard reads them.
fn feed(options: &[&str]) -> Result<Feed, String> {
    let file = parse_tool("xargs", include_str!("../policies/tools/xargs.toml")).unwrap();
    let words: Vec<OsString> = options.iter().chain(&["printf"]).map(OsString::from).collect();
    let mut all = readings(&file.tool, &words).unwrap();
    assert_eq!(all.len(), 1);
    let reading = all.remove(0);
    Feed::of(&Invocation {
        wrappers: Vec::new(),
        program: "xargs".into(),
        pieces: reading.pieces,
        unlisted: reading.unlisted,
        style: file.tool.style,
    })
}

/// What the real xargs starts: for each command its words after `_`.
fn real(options: &[&str], last: &[&str], input: &[u8]) -> (bool, Vec<Vec<OsString>>) {
    let show = r#"printf '%s\0' "$#" "$@""#;
    let mut child = Command::new("xargs")
        .args(options)
        .args(["sh", "-c", show, "_"])
        .args(last)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(input);
    let out = child.wait_with_output().unwrap();
    let mut words = out.stdout.split(|b| *b == 0).map(|w| OsString::from_vec(w.to_vec()));
    let mut commands = Vec::new();
    while let Some(count) = words.next().filter(|count| !count.is_empty()) {
        let count: usize = count.to_str().unwrap().parse().unwrap();
        commands.push(words.by_ref().take(count).collect());
    }
    (out.status.success(), commands)
}

/// The same as guard sees it.
fn ours(options: &[&str], last: &[&str], input: &[u8]) -> Vec<Vec<OsString>> {
    let feed = feed(options).unwrap();
    let words: Vec<OsString> = std::iter::once(&"_").chain(last).map(OsString::from).collect();
    let commands = feed.commands(&words, &feed.items(input).unwrap()).unwrap();
    commands.into_iter().map(|command| command[1..].to_vec()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn items_are_those_of_the_real_xargs(
        input in prop::collection::vec(prop::sample::select(b" \t\n\n\\'\"aab_-\0\x0b\x0c\r\xff".to_vec()), 0..24),
        how in 0_usize..13,
    ) {
        let (options, last): (&[&str], &[&str]) = [
            (&[] as &[&str], &[] as &[&str]),
            (&["-n1"], &[]),
            (&["-n", "2", "-r"], &["x"]),
            (&["-0"], &[]),
            (&["-0", "-L2"], &[]),
            (&["-d", "\\n", "-n1"], &[]),
            (&["-d_"], &[]),
            (&["-E", "_", "-n1"], &[]),
            (&["-I{}"], &["{}", "a{}b{}"]),
            (&["-I", "+", "-n1", "-E_"], &["+", "{}"]),
            (&["-0", "-i"], &["{}"]),
            (&["-L1"], &["x"]),
            (&["-L", "2", "-e_"], &[]),
        ][how];
        let (whole, theirs) = real(options, last, &input);
        let ours = ours(options, last, &input);
        if whole {
            prop_assert_eq!(ours, theirs);
        } else {
            // It stopped at a quote; what it had started by then is among what guard sees.
            for command in theirs {
                prop_assert!(ours.contains(&command), "{:?} not in {:?}", command, ours);
            }
        }
    }
}

#[test]
fn what_is_not_followed_is_said_so() {
    for options in [
        &["-J", "%"] as &[&str],
        &["-L2", "-n2"],
        &["-I{}", "-L1"],
        &["-d", "ab"],
        &["-n", "0"],
        &["-n", "x"],
        &["-I", ""],
        &["-S", "99"],
    ] {
        assert!(feed(options).is_err(), "{options:?}");
    }
    let many = feed(&["-n1"]).unwrap();
    let items = many.items(&b"a\n".repeat(20_000)).unwrap();
    assert!(many.commands(&["rm".into()], &items).is_err());
    assert!(many.items(&b"a\n".repeat(500_000)).is_err());
    let long = feed(&[]).unwrap();
    assert!(long.commands(&["mv".into()], &long.items(&b"abcdefgh\n".repeat(20_000)).unwrap()).is_err());
}

/// Says that the operator's policy does not rule on this machine.
fn skipped() -> bool {
    let skip = Scene::ruled_elsewhere();
    if skip {
        println!("skipped: this machine has a site of its own in /etc/guard");
    }
    skip
}

/// Runs guard with an input from a pipe.
fn piped(scene: &Scene, argv: &[&str], input: &[u8]) -> Ran {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let input = input.to_vec();
    let writing = std::thread::spawn(move || drop(writer.write_all(&input)));
    let mut command = scene.command(GUARD);
    command.args(argv).stdin(reader);
    let ran = ran(command);
    writing.join().unwrap();
    ran
}

/// The plan for a command with this input.
fn plan(scene: &Scene, argv: &str, input: &[u8]) -> Value {
    let argv: Vec<&str> = ["--plan", "--json"].into_iter().chain(words(argv)).collect();
    let ran = piped(scene, &argv, input);
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{argv:?}: {ran:?}"))
}

/// A scene with files in its working folder.
fn files(names: &[&str]) -> Scene {
    let scene = Scene::new();
    for name in names {
        scene.write(&format!("work/{name}"), "");
    }
    scene
}

#[test]
fn the_count_is_of_the_items_and_what_the_words_make_of_them() {
    let scene = files(&["a", "b b", "c'c", "d\nd", "-x", "tree/1", "tree/2", "tree/3", "list"]);
    fs::write(scene.at("work/list"), "a\n'b b'\n").unwrap();
    for (argv, input, count) in [
        ("xargs rm", "a list\n", 2),
        ("xargs -0 rm", "a\0b b\0d\nd\0", 3),
        ("xargs -n1 -P8 rm -f", "a list", 2),
        ("xargs rm", "-rf tree", 4),
        ("xargs -n1 rm -rf", "a\ntree", 5),
        ("xargs -d \\n rm -rf", "b b\ntree", 5),
        ("xargs -I% rm -r ./%", "b b\ntree\n", 5),
        ("xargs -I% sh -c 'rm", "", 0),
        ("xargs -a list rm", "tree", 2),
        ("nice xargs env A=1 rm", "a list", 2),
        ("xargs nice rm", "a list", 2),
        ("xargs", "a list", 0),
        ("xargs -r rm", "", 0),
        ("xargs echo", "rm -rf /", 0),
    ] {
        let plan = plan(&scene, argv, input.as_bytes());
        assert_eq!(plan["scope"]["count"].as_u64().unwrap_or(0), count, "{argv} with {input:?}: {plan}");
        assert_ne!(plan["scope"]["certainty"], "unknown", "{argv}: {plan}");
    }
    let ran = piped(&scene, &["--plan", "xargs", "sh", "-c", "rm -r \"$@\"", "_"], b"tree a");
    assert!(ran.stdout.starts_with(b"rm would destroy 5 files"), "{ran:?}");
    let ran = piped(&scene, &["--plan", "xargs", "-I{}", "sh", "-c", "rm -r {}"], b"tree; rm a\n");
    assert!(String::from_utf8_lossy(&ran.stdout).contains("destroy"), "{ran:?}");
}

#[test]
fn items_that_must_not_be_hit_stop_it_all() {
    let scene = files(&["a"]);
    for argv in ["xargs rm -rf", "xargs -n1 rm -rf", "xargs -I{} rm -rf {}", "xargs -n1 sudo rm -rf"] {
        let ran = piped(&scene, &words(argv), b"a\n/\n").is(120);
        assert!(ran.said().contains("the whole system"), "{ran:?}");
    }
    // Harmless by themselves; what they are given is not.
    for argv in ["xargs sudo", "xargs env", "xargs sh -c", "xargs -I{} nice {} -rf /"] {
        let ran = piped(&scene, &words(argv), if argv.contains('I') { b"rm\n" } else { b"'rm -rf /'\n" });
        assert_ne!(ran.code, Some(0), "{argv}: {ran:?}");
    }
    assert!(scene.at("work/a").exists());
}

#[test]
fn what_is_let_through_finds_all_it_would_have_read() {
    let names: [&[u8]; 5] = [b"a", b"b b", b"c'\"c", b"d\nd", b"\xff\x01"];
    let write = |scene: &Scene| {
        for name in names {
            fs::write(scene.at("work").join(OsString::from_vec(name.to_vec())), "").unwrap();
        }
    };
    let scene = Scene::new();
    let gone = |scene: &Scene| fs::read_dir(scene.at("work")).unwrap().count() == 0;
    let input = names.join(&0);
    write(&scene);
    let run = piped(&scene, &["xargs", "-0", "rm"], &input);
    assert!(run.code == Some(0) && gone(&scene), "{run:?}");
    // From a file, and behind what was read of it already.
    write(&scene);
    let mut file = File::open(scene.write("items", [b"first\n", &input[..]].concat())).unwrap();
    file.read_exact(&mut [0; 6]).unwrap();
    let mut command = scene.command(GUARD);
    command.args(["xargs", "-0", "rm"]).stdin(file);
    let run = ran(command);
    assert!(run.code == Some(0) && gone(&scene), "{run:?}");
    // Held to what was counted, by a number.
    if !skipped() {
        let scene = scene.policy("[limits.destroy.small]\nconfirm = 1\n");
        write(&scene);
        piped(&scene, &["xargs", "-0", "rm"], &input).is(122);
        piped(&scene, &["--expect", "4", "xargs", "-0", "rm"], &input).is(123);
        assert_eq!(fs::read_dir(scene.at("work")).unwrap().count(), 5);
        let run = piped(&scene, &["--expect", "5", "xargs", "-0", "rm"], &input);
        assert!(run.code == Some(0) && gone(&scene), "{run:?}");
    }
}

#[test]
fn many_small_commands_are_one_large_one() {
    let scene = Scene::new();
    scene.program("kill", "#!/bin/sh\necho \"$@\" >>\"$SCENE/killed\"\n");
    // Process 1 is always among them, and the stub alone would be run.
    for argv in ["xargs kill", "xargs -n1 -P8 kill", "xargs -I{} kill -9 {}", "xargs -L3 kill"] {
        let items: String = (1..=200).map(|pid| format!("{pid}\n")).collect();
        let run = piped(&scene, &words(argv), items.as_bytes()).is(120);
        assert!(run.said().contains("kill would stop"), "{run:?}");
    }
    assert!(!scene.at("killed").exists());
    // Not all of their words are targets, so each is read by itself, and they are summed.
    let names: Vec<String> = (0..60).map(|n| format!("f{n}")).collect();
    let scene = files(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let plan = plan(&scene, "xargs -n2 rm -f --", names.join("\n").as_bytes());
    assert_eq!(plan["scope"]["count"], 60, "{plan}");
    let each: String = names.iter().map(|name| format!("rm -f {name}\n")).collect();
    if !skipped() {
        let scene = scene.policy("[limits.destroy.small]\nconfirm = 60\n");
        let plan = self::plan(&scene, "xargs -L1 env", each.as_bytes());
        assert_eq!(plan["scope"]["count"], 60, "{plan}");
    }
}

#[test]
fn a_harmless_command_gets_its_input_as_it_comes() {
    let scene = Scene::new();
    let mut command = scene.command(GUARD);
    command.args(["xargs", "-n1", "echo"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    for word in ["one", "two"] {
        // The second word makes xargs start the command with the first.
        input.write_all(format!("{word}\n").as_bytes()).unwrap();
    }
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "one\n");
    drop(input);
    output.read_to_string(&mut line).unwrap();
    assert_eq!((line.as_str(), child.wait().unwrap().code()), ("one\ntwo\n", Some(0)));
}

#[test]
fn an_input_without_end_runs_nothing() {
    let scene = files(&["y"]);
    let endless = b"y\n".repeat(9 * 1024 * 1024);
    piped(&scene, &["xargs", "rm"], &endless).is(125);
    piped(&scene, &["--break-glass", "why", "xargs", "rm"], &endless).is(125);
    assert!(scene.at("work/y").exists());
    // A pipe that somebody holds open.
    let (reader, _writer) = std::io::pipe().unwrap();
    let intake = Intake { bytes: 100, patience: Duration::from_millis(50) };
    assert!(matches!(intake.read(reader.as_fd()), Err(Unfed::Broken(_))));
    // A file that holds too much is left as it was.
    let file = File::open(scene.write("long", vec![b'y'; 101])).unwrap();
    assert!(matches!(intake.read(file.as_fd()), Err(Unfed::Whole(_))));
    assert_eq!(intake.read(File::open(scene.write("short", "y")).unwrap().as_fd()), Ok(b"y".to_vec()));
}

#[test]
fn a_file_of_items_that_changes_while_the_question_waits_stops_it() {
    if skipped() {
        return;
    }
    let scene = files(&["a", "b"]).policy("[limits.destroy.small]\nconfirm = 1\n");
    for changes in [true, false] {
        let list = scene.write("work/list", "a\n");
        let mut command = scene.command(GUARD);
        command.args(["xargs", "-a", "list", "rm"]);
        let mut terminal = Terminal::start(command, [true; 3]);
        terminal.expect("to go on: ");
        if changes {
            fs::write(list, "a b\n").unwrap();
        }
        terminal.send("a\n");
        assert_eq!(terminal.end().code(), Some(if changes { 123 } else { 0 }));
    }
    assert!(!scene.at("work/a").exists() && scene.at("work/b").exists());
}

#[test]
fn kubectl_behind_a_pipe_is_one_judgement() {
    let Some(kube) = kube::start() else { return };
    let names = kube.kubectl(&["get", "pods", "-o", "name"]);
    let names: String = names.stdout.split_inclusive('\n').take(8).collect();
    let count = names.lines().count();
    assert_eq!(count, 8);
    let guard = |options: &[&str], command: &str| {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(names.as_bytes()).unwrap();
        drop(writer);
        let mut run = kube.command("timeout");
        run.args(["60", GUARD, "--no-input"]).args(options).args(words(command)).current_dir(kube.home());
        run.env_remove("XDG_CONFIG_HOME").env_remove("XDG_STATE_HOME").stdin(reader).output().unwrap()
    };
    for command in ["xargs kubectl delete", "xargs -n1 kubectl delete", "xargs -I{} kubectl delete {}"] {
        let before = kube.calls().len();
        let out = guard(&["--plan", "--json"], command);
        let plan: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{out:?}"));
        assert_eq!(plan["scope"]["count"], count, "{plan}");
        let calls = kube.calls().len() - before;
        assert!(calls <= count + 4, "{command}: {calls} calls");
        let out = guard(&[], command);
        assert_ne!(out.status.code(), Some(0), "{out:?}");
    }
    assert!(kube.deleted().is_empty());
}
