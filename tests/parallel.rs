//! What GNU parallel runs is judged by the very texts that the real one makes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

mod scene;

use std::ffi::OsString;
use std::io::Write;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::sync::OnceLock;

use guard::policy::parse_tool;
use guard::read::{Invocation, Jobs, Origin, readings};
use proptest::prelude::*;
use scene::{GUARD, Ran, Scene, ran, words};
use serde_json::Value;

/// Tells whether GNU parallel is here.
fn missing() -> bool {
    static MISSING: OnceLock<bool> = OnceLock::new();
    let missing = *MISSING.get_or_init(|| {
        let version = Command::new("parallel").arg("--version").output();
        !version.is_ok_and(|out| out.stdout.starts_with(b"GNU parallel"))
    });
    if missing {
        println!("skipped: GNU parallel is not installed");
    }
    missing
}

fn jobs(words: &[&str]) -> Result<Jobs, String> {
    let file = parse_tool("parallel", include_str!("../policies/tools/parallel.toml")).unwrap();
    let words: Vec<OsString> = words.iter().map(OsString::from).collect();
    let mut all = readings(&file.tool, &words).unwrap();
    let reading = all.remove(0);
    Jobs::of(&Invocation {
        wrappers: Vec::new(),
        program: "parallel".into(),
        pieces: reading.pieces,
        unlisted: reading.unlisted,
        style: file.tool.style,
    })
}

/// The texts as guard sees them, each with a line end.
fn ours(words: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
    let jobs = jobs(words)?;
    let held = |origin: &Origin| match origin {
        Origin::Input => Rc::new(input.to_vec()),
        Origin::Words(_) => Rc::default(),
        Origin::File(file) => Rc::new(std::fs::read(file).unwrap()),
    };
    let held: Vec<_> = jobs.origins().map(held).collect();
    let texts = jobs.texts(&held)?;
    Ok(texts.into_iter().flat_map(|text| [text, b"\n".to_vec()].concat()).collect())
}

/// What the real one would run.
fn real(words: &[&str], input: &[u8]) -> Vec<u8> {
    let home = tempfile::tempdir().unwrap();
    let mut child = Command::new("parallel")
        .args(["--plain", "--will-cite", "-k", "--dry-run"])
        .args(words)
        .env("HOME", home.path())
        .env("SHELL", "/bin/sh")
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap().stdout
}

fn shown(text: &[u8]) -> String {
    text.escape_ascii().to_string()
}

const COMMANDS: [&[&str]; 16] = [
    &["echo"],
    &["echo x", "{}y", "{.}", "{/}"],
    &["echo", "{//}", "{/.}", "{#}"],
    &["-n2", "echo", "{1}-{2}", "{-1.}"],
    &["-N", "3", "echo {}", "{2//}"],
    &["-q", "echo", "a  b$", "x{}", "\"{.}\""],
    &["-0", "echo", "{}"],
    &["-d", "_", "echo"],
    &["-C", ",", "echo", "{2}", "{1}{3}"],
    &["--colsep", "\\t", "echo"],
    &["-I", ",,", "echo", ",,x", "{}", "{.}"],
    &["V={}", "echo"],
    &["{}", "x"],
    &[],
    &["nice {} {/}"],
    &["--", "echo {{}} \"{1}\" $HOME/{}; echo"],
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn texts_are_those_of_the_real_parallel(
        input in prop::collection::vec(prop::sample::select(b" \t\n\n\n\\'\"aab.._-/\xff$(,,".to_vec()), 0..24),
        how in 0..COMMANDS.len(),
    ) {
        if missing() {
            return Ok(());
        }
        match ours(COMMANDS[how], &input) {
            Ok(ours) => prop_assert_eq!(shown(&ours), shown(&real(COMMANDS[how], &input))),
            // Only what is never followed.
            Err(why) => prop_assert!(why.contains("line end"), "{}", why),
        }
    }
}

#[test]
fn words_and_files_are_sources_as_for_the_real_parallel() {
    if missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list");
    std::fs::write(&list, "one\ntwo words\n").unwrap();
    let list = list.to_str().unwrap();
    for words in [
        &["echo", ":::", "a b", "", "c'd", "a\nb"] as &[&str],
        &["echo", "{2}", "{1}", ":::", "a", "b", ":::", "c", "d", ":::", "e"],
        &["echo", "{}", ":::", "a", "b", ":::+", "c", "d", "e"],
        &["echo", "{}", ":::", "a", "b", ":::+", "c", ":::", "x", "y"],
        &["echo", "{3}", "{-2}", ":::", "a", ":::", "b"],
        &["-a", list, "echo", "{1}-{2}", ":::", "x", "y"],
        &["echo", "::::", list],
        &["echo", "::::", list, "-"],
        &["echo", "{2}{1}", "::::", list, ":::", "z"],
        &["-a", "-", "echo"],
        &["-d", ",", "echo", ":::", "x,y", "z"],
        &["-C", ":", "mv", "{1}", "{2}", ":::", "a : b", "c", ":d:e"],
        &[":::", "rm a", "rm -r  b; c"],
        &["-j4", "-k", "--bar", "echo", "{#}", ":::", "a", "b"],
        &["echo", "--", "{}", ":::", "a"],
        &["-q", "echo", "'", "{}", ":::", "x y'"],
    ] {
        let input = b"in put\n";
        assert_eq!(shown(&ours(words, input).unwrap()), shown(&real(words, input)), "{words:?}");
    }
}

#[test]
fn what_is_not_followed_is_said_so() {
    for words in [
        &["echo", "{= s/a/b/ =}"] as &[&str],
        &["echo", "{%}"],
        &["echo", "{0}"],
        &["-S", "web1", "reboot"],
        &["--pipe", "sh"],
        &["--rpl", "{x} s/a/b/", "rm", "{x}"],
        &["--wd", "/", "rm"],
        &["--header", ":", "rm"],
        &["-L2", "rm"],
        &["--link", "rm", ":::", "a", ":::", "b"],
        &["-C", ".", "rm"],
        &["-C", "[,;]", "rm"],
        &["-d", "ab", "rm"],
        &["-n", "0", "rm"],
        &["-n2", "-N3", "rm"],
        &["-m", "rm", "x{}"],
        &["rm", ":::"],
        &["rm", ":::", "a", ":::"],
        &["--brand-new", "rm"],
        &["-a", "-", "rm", "::::", "-"],
    ] {
        assert!(jobs(words).is_err(), "{words:?}");
    }
    assert!(ours(&["rm", "{-3}", ":::", "a", ":::", "b"], b"").is_err());
    let many = jobs(&["rm"]).unwrap();
    assert!(many.texts(&[Rc::new(b"a\n".repeat(20_000))]).is_err());
    let product = jobs(&["rm", "::::", "x", "y"]).unwrap();
    assert!(product.texts(&[Rc::new(b"a\n".repeat(2000)), Rc::new(b"a\n".repeat(2000))]).is_err());
    let long = jobs(&[&format!("rm {}", "{}".repeat(2000))]).unwrap();
    assert!(long.texts(&[Rc::new([b"a".repeat(100_000), b"\n".to_vec()].concat())]).is_err());
}

/// Runs guard with an input from a pipe, and no options of parallel from elsewhere.
fn piped(scene: &Scene, argv: &[&str], input: &[u8]) -> Ran {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let input = input.to_vec();
    let writing = std::thread::spawn(move || drop(writer.write_all(&input)));
    let mut command = scene.command(GUARD);
    command.args(argv).stdin(reader).env("SHELL", "/bin/sh");
    let ran = ran(command);
    writing.join().unwrap();
    ran
}

fn plan(scene: &Scene, argv: &str, input: &[u8]) -> Value {
    let argv: Vec<&str> = ["--plan", "--json"].into_iter().chain(words(argv)).collect();
    let ran = piped(scene, &argv, input);
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{argv:?}: {ran:?}"))
}

fn files(names: &[&str]) -> Scene {
    let scene = Scene::new();
    for name in names {
        scene.write(&format!("work/{name}"), "");
    }
    scene
}

#[test]
fn the_count_is_of_what_the_texts_hit() {
    let scene = files(&["a", "b b", "a.bak", "tree/1", "tree/2", "tree/3"]);
    scene.write("work/list", "a\nb b\n");
    for (argv, input, count) in [
        ("parallel rm ::: a list", "", 2),
        ("parallel rm", "a\nb b\n", 2),
        ("parallel -j8 rm -f {}.bak", "a\n", 1),
        ("parallel rm -r {} ::: tree a", "", 5),
        ("parallel rm -r ./{1}/{2} ::: tree ::: 1 2 3", "", 3),
        ("parallel rm :::: list", "", 2),
        ("parallel -a list rm", "", 2),
        ("parallel", "rm -r tree a\n", 5),
        ("parallel -X rm", "a\nlist\n", 2),
        ("parallel nice rm {.} ::: a.bak", "", 1),
        ("nice parallel -k rm ::: a", "", 1),
        ("parallel echo rm -rf", "/\n", 0),
        ("parallel rm", "", 0),
    ] {
        let plan = plan(&scene, argv, input.as_bytes());
        assert_eq!(plan["scope"]["count"].as_u64().unwrap_or(0), count, "{argv} with {input:?}: {plan}");
        assert_ne!(plan["scope"]["certainty"], "unknown", "{argv}: {plan}");
    }
}

#[test]
fn items_that_must_not_be_hit_stop_it_all() {
    let scene = files(&["a"]);
    for (argv, input) in [
        ("parallel rm -rf", "a\n/\n"),
        ("parallel -X rm -rf", "a\n/\n"),
        ("parallel rm -rf ::: a /", ""),
        ("parallel sudo rm -rf {//} ::: /x", ""),
        ("parallel", "rm -rf /\n"),
        ("parallel ::: 'rm", ""),
        ("parallel {} -rf / ::: rm", ""),
        ("parallel sh -c {}", "rm -rf /\n"),
    ] {
        let ran = piped(&scene, &words(argv), input.as_bytes());
        if argv.contains('\'') {
            assert_ne!(ran.code, Some(0), "{argv}: {ran:?}");
        } else {
            assert!(ran.is(120).said().contains("the whole system"), "{argv}");
        }
    }
    // An item in quotes of the text's own can be any command.
    let ran = piped(&scene, &["parallel", "echo \"{}\""], b"$(rm -rf /)\n");
    assert_ne!(ran.code, Some(0), "{ran:?}");
    let run = piped(&scene, &["env", "PARALLEL=--pipe", "parallel", "rm", ":::", "a"], b"");
    assert_ne!(run.code, Some(0), "{run:?}");
    scene.write(".parallel/config", "--pipe\n");
    assert!(scene.at("work/a").exists());
}

#[test]
fn what_is_let_through_runs_as_it_was_judged() {
    if missing() {
        return;
    }
    let scene = files(&["a", "b b", "c'c", "kept"]);
    let run = piped(&scene, &["parallel", "--plain", "--will-cite", "rm"], b"a\nb b\nc'c\n");
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(std::fs::read_dir(scene.at("work")).unwrap().count(), 1);
    // Harmless: it gets its input as it comes, however much that is.
    let run = piped(&scene, &["parallel", "--plain", "--will-cite", "-X", "echo"], &b"word\n".repeat(20_000));
    assert_eq!((run.code, run.stdout.len()), (Some(0), 100_000), "{}", run.said());
}

#[test]
fn many_jobs_of_one_target_each_are_one_command() {
    let scene = Scene::new();
    scene.program("kill", "#!/bin/sh\necho \"$@\" >>\"$SCENE/killed\"\n");
    let items: String = (1..=200).map(|pid| format!("{pid}\n")).collect();
    for argv in ["parallel kill", "parallel -j8 kill -9 {}", "parallel -X kill"] {
        let run = piped(&scene, &words(argv), items.as_bytes()).is(120);
        assert!(run.said().contains("kill would stop"), "{run:?}");
    }
    assert!(!scene.at("killed").exists());
}

#[test]
fn in_a_pipe_of_shell_text_what_it_is_fed_is_not_small() {
    let scene = files(&["a"]);
    for (text, allowed) in [
        ("ls | parallel gzip", true),
        ("ls | parallel 'gzip -c {} > {.}.gz'", true),
        ("cat list | parallel rm -rf", false),
        ("cat list | parallel", false),
        ("cat list | parallel ssh web1 {}", false),
        ("parallel gzip ::: *", true),
        ("parallel rm -rf {} ::: a /etc", false),
    ] {
        let mut command = scene.command(GUARD);
        command.args(["--plan", "--json", "sh", "-c", text]).stdin(Stdio::null());
        let ran = ran(command);
        let plan: Value = serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
        assert_eq!(plan["verdict"]["rung"] == "allow", allowed, "{text}: {plan}");
    }
}
