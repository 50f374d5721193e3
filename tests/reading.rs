//! Command lines are read as their programs read them, whatever is typed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::rc::Rc;

use guard::policy::{Places, Shelf, parse_tool};
use guard::read::{Library, Match, Piece, ReadFault, Understood, read};
use guard::tool::ToolFile;
use proptest::prelude::*;

/// The built-in files, and a `delete` tool in kubectl's style that no change of kubectl.toml moves.
struct Shelves(Shelf, Rc<ToolFile>);

const DEMO: &str = r#"
[tool]
names = ["demo"]
style = "pflag"
[tool.options]
value  = ["-n --namespace", "-l --selector"]
equals = ["--dry-run"]
switch = ["-A --all-namespaces", "--all", "-R --recursive"]
many   = ["--ids"]
[[action]]
name   = "delete"
match  = "delete"
effect = "destroy"
"#;

impl Shelves {
    fn new() -> Self {
        Self(Shelf::new(&Places::default()), Rc::new(parse_tool("demo.toml", DEMO).unwrap()))
    }
}

impl Library for Shelves {
    fn tool(&self, program: &str) -> Result<Option<Rc<ToolFile>>, String> {
        if program == "demo" { Ok(Some(Rc::clone(&self.1))) } else { self.0.tool(program) }
    }
}

fn words(text: &str) -> Vec<OsString> {
    shlex::split(text).unwrap().into_iter().map(OsString::from).collect()
}

/// Wrappers, program and pieces, as one line: `sudo:4 demo delete x [-n shop]`.
fn told(one: &Understood) -> String {
    let mut out = String::new();
    for wrapper in &one.invocation.wrappers {
        let carries = if wrapper.carries { "!" } else { "" };
        out.push_str(&format!("{}{carries}:{} ", wrapper.tool, wrapper.words.len()));
    }
    out.push_str(&one.invocation.program.to_string_lossy());
    for piece in &one.invocation.pieces {
        match piece {
            Piece::Operand(word) => out.push_str(&format!(" {}", word.to_string_lossy())),
            Piece::Assignment(word) => out.push_str(&format!(" ({})", word.to_string_lossy())),
            Piece::Separator => out.push_str(" --"),
            Piece::Option(given) => {
                let values: Vec<_> = given.values.iter().map(|v| v.to_string_lossy()).collect();
                let values = if values.is_empty() { String::new() } else { format!(" {}", values.join("|")) };
                out.push_str(&format!(" [{}{values}]", given.name));
            }
        }
    }
    out
}

fn tell(text: &str) -> Vec<String> {
    read(&words(text), &Shelves::new()).unwrap().iter().map(told).collect()
}

#[test]
fn wrappers_are_peeled_as_they_would_run() {
    for (typed, expected) in [
        ("sudo demo delete x", "sudo!:1 demo delete x"),
        ("sudo -u bob -- demo delete x", "sudo!:4 demo delete x"),
        ("sudo -ubob demo delete x", "sudo!:2 demo delete x"),
        ("sudo --user=bob demo delete x", "sudo!:2 demo delete x"),
        ("sudo --us bob -nE A=b demo delete x", "sudo!:5 demo delete x"),
        ("sudo -h other demo delete x", "sudo!:3 demo delete x"),
        ("sudo a-b=c demo delete x", "sudo!:2 demo delete x"),
        ("sudo --preserve-env=A,B demo delete x", "sudo!:2 demo delete x"),
        ("sudo -i demo delete x", "sudo!:2 demo delete x"),
        ("doas -nu bob demo delete x", "doas!:3 demo delete x"),
        ("env -i A=b demo delete x", "env!:3 demo delete x"),
        ("env - A=b demo delete x", "env!:3 demo delete x"),
        ("env -u KUBECONFIG -C / demo delete x", "env!:5 demo delete x"),
        ("env -uX --chdir / a.b=c -- demo delete x", "env!:6 demo delete x"),
        ("env -- A=b demo delete x", "env!:3 demo delete x"),
        ("env -S 'A=b demo delete' x", "env!:2 demo delete x"),
        ("env -vS'-u C demo' delete x", "env!:4 demo delete x"),
        ("env --split-string='-S demo delete x'", "env!:1 demo delete x"),
        ("nice demo delete x", "nice:1 demo delete x"),
        ("nice -n 5 demo delete x", "nice:3 demo delete x"),
        ("nice -n5 demo delete x", "nice:2 demo delete x"),
        ("nice -5 demo delete x", "nice:2 demo delete x"),
        ("nice -15 demo delete x", "nice:2 demo delete x"),
        ("nice --5 demo delete x", "nice:2 demo delete x"),
        ("nice -+5 demo delete x", "nice:2 demo delete x"),
        ("nohup demo delete x", "nohup:1 demo delete x"),
        ("setsid -fw demo delete x", "setsid:2 demo delete x"),
        ("timeout 5 demo delete x", "timeout:2 demo delete x"),
        ("timeout -s KILL 5 demo delete x", "timeout:4 demo delete x"),
        ("timeout -k 5 10 demo delete x", "timeout:4 demo delete x"),
        ("timeout --foreground --kill-after=5 -sINT 10 demo delete x", "timeout:5 demo delete x"),
        ("/usr/bin/time -p demo delete x", "time:2 demo delete x"),
        ("time -f %e -o out demo delete x", "time:5 demo delete x"),
        ("stdbuf -oL -e 0 demo delete x", "stdbuf:4 demo delete x"),
        ("ionice -c2 -n0 demo delete x", "ionice:3 demo delete x"),
        ("ionice -c idle -t demo delete x", "ionice:4 demo delete x"),
        ("A=b C= demo delete x", "env!:3 demo delete x"),
        (
            "A=b sudo nice -5 env -i X=y timeout 5 demo delete x",
            "env!:2 sudo!:1 nice:2 env!:3 timeout:2 demo delete x",
        ),
        (
            "stdbuf -oL ionice -c3 nohup setsid doas time demo delete x",
            "stdbuf:2 ionice:2 nohup:1 setsid:1 doas!:1 time:1 demo delete x",
        ),
    ] {
        assert_eq!(tell(typed), [expected], "{typed}");
    }
}

#[test]
fn forms_that_run_no_command_stay_what_they_are() {
    for typed in [
        "sudo",
        "sudo -l demo delete x",
        "sudo -v",
        "sudo -e demo",
        "sudo -K",
        "sudo --help",
        "sudo -i",
        "sudo -s",
        "doas -s",
        "doas -C doas.conf demo delete x",
        "env",
        "env A=b",
        "env --help demo",
        "nice",
        "timeout --help",
        "timeout 5",
        "ionice -p 1 2",
        "ionice -c3 -p 12",
        "stdbuf --version demo",
        "time -V demo",
    ] {
        let readings = read(&words(typed), &Shelves::new()).unwrap();
        for one in &readings {
            assert!(one.invocation.wrappers.is_empty(), "{typed}: {}", told(one));
            assert!(Match::find(one).is_none(), "{typed}");
        }
    }
}

#[test]
fn text_that_env_splits_by_rules_of_its_own_is_not_passed_over() {
    for typed in ["env -S 'rm -rf ${HOME}'", r#"env -S "sh -c 'rm x'""#, r"env -S 'a\_b'"] {
        let readings = read(&words(typed), &Shelves::new()).unwrap();
        let found = Match::find(&readings[0]).unwrap();
        assert!(found.unknown().is_some(), "{typed}");
    }
}

#[test]
fn options_are_read_as_pflag_does() {
    for (typed, expected) in [
        ("demo delete x -n shop y", "demo delete x [--namespace shop] y"),
        ("demo -nshop delete x", "demo [--namespace shop] delete x"),
        ("demo delete -n=shop x", "demo delete [--namespace shop] x"),
        ("demo delete -An=shop x", "demo delete [--all-namespaces] [--namespace shop] x"),
        ("demo delete -n= x", "demo delete [--namespace =] x"),
        ("demo delete --namespace= x", "demo delete [--namespace ] x"),
        ("demo delete --dry-run none", "demo delete [--dry-run] none"),
        ("demo delete --dry-run=none x", "demo delete [--dry-run none] x"),
        ("demo delete -A=false x", "demo delete [--all-namespaces false] x"),
        ("demo delete --all_namespaces x", "demo delete [--all-namespaces] x"),
        ("demo delete -l --all x", "demo delete [--selector --all] x"),
        ("demo delete --ids a b --all", "demo delete [--ids a|b] [--all]"),
        ("demo delete -- -n x", "demo delete -- -n x"),
        ("demo delete - x", "demo delete - x"),
        ("demo delete x -n", "demo delete x [--namespace]"),
    ] {
        assert_eq!(tell(typed), [expected], "{typed}");
    }
}

#[test]
fn only_a_switch_can_be_switched_off() {
    let shelves = Shelves::new();
    let given = |text: &str, name: &str| {
        let one = read(&words(text), &shelves).unwrap().remove(0);
        one.invocation.option(&guard::tool::OptionName::unlisted(name)).is_some()
    };
    assert!(!given("demo delete --all --all=false", "--all"));
    assert!(!given("demo delete -A=0", "-A"));
    assert!(given("demo delete --all=false --all", "--all"));
    assert!(given("demo delete --all=true", "--all"));
    assert!(given("demo delete --namespace=0", "--namespace"), "a value is no switch");
}

#[test]
fn an_unlisted_option_is_read_both_ways() {
    let mut both = tell("demo --what delete x");
    both.sort();
    assert_eq!(both, ["demo [--what delete] x", "demo [--what] delete x"]);
    assert_eq!(tell("demo --what=delete x"), ["demo [--what delete] x"]);
    let typed = format!("nice {} demo delete x", "-Z nice ".repeat(14));
    assert!(matches!(read(&words(&typed), &Shelves::new()), Err(ReadFault::TooManyReadings(_))));
}

/// What an unlisted option takes is plain where no operands follow.
#[test]
fn an_unlisted_option_of_aws_takes_what_stands_before_the_next_one() {
    assert_eq!(
        tell(
            "aws iam delete-role --role-name a b --force --region=x --xa 1 --xb 2 --xc 3 --xd 4 --xe 5 --xf 6 --xg 7"
        ),
        [
            "aws iam delete-role [--role-name a|b] [--force] [--region x] [--xa 1] [--xb 2] [--xc 3] [--xd 4] [--xe 5] [--xf 6] [--xg 7]"
        ]
    );
    let mut before = tell("aws --what iam delete-role");
    before.sort();
    assert_eq!(before, ["aws [--what iam] delete-role", "aws [--what] iam delete-role"]);
}

#[test]
fn letters_behind_an_unlisted_one_are_read_as_they_are_listed() {
    let mut all = tell("demo delete pods -Xl app=web");
    all.sort();
    assert_eq!(all, ["demo delete pods [-X l] app=web", "demo delete pods [-X] [--selector app=web]"]);
    assert!(
        tell("demo delete pods -XYnshop web")
            .contains(&"demo delete pods [-X] [-Y] [--namespace shop] web".into())
    );
    assert!(
        tell("demo delete pods -XA=false").contains(&"demo delete pods [-X] [--all-namespaces false]".into())
    );
}

#[test]
fn too_much_is_a_fault_and_never_a_hang() {
    let shelves = Shelves::new();
    assert_eq!(read(&[], &shelves).unwrap_err(), ReadFault::Empty);
    assert_eq!(read(&vec!["sudo".into(); 100_000], &shelves).unwrap_err(), ReadFault::TooDeep);
    let many = |word: &str, times: usize| {
        let mut argv = words("demo delete");
        argv.extend(vec![OsString::from(word); times]);
        read(&argv, &shelves)
    };
    assert_eq!(many("pod", 100_000).unwrap()[0].invocation.operands(1).len(), 100_000);
    assert_eq!(many("--what", 10_000).unwrap().len(), 1);
    assert_eq!(many("-", 100_000).unwrap().len(), 1);
    assert!(many("-xyz", 10_000).is_err());
    let mut argv = words("demo delete");
    for _ in 0..10_000 {
        argv.extend(["--what".into(), "x".into()]);
    }
    assert!(matches!(read(&argv, &shelves), Err(ReadFault::TooManyReadings(_))));
}

/// A word of a command line: often one that means something, sometimes any bytes.
fn word() -> impl Strategy<Value = OsString> {
    let known = prop::sample::select(vec![
        "sudo",
        "env",
        "nice",
        "timeout",
        "demo",
        "delete",
        "ssh",
        "kubectl",
        "find",
        "rm",
        "-",
        "--",
        "-n",
        "-5",
        "-u",
        "-S",
        "--all",
        "-l",
        "-f",
        "-A",
        "-An=x",
        "--namespace=x",
        "--what",
        "-xyz",
        "A=b",
        "pods",
        "a b",
        "",
        "-S x",
        "-o",
        "-exec",
        ";",
        "--dry-run",
        "5",
    ]);
    prop_oneof![
        4 => known.prop_map(OsString::from),
        1 => prop::collection::vec(any::<u8>(), 0..8).prop_map(OsString::from_vec),
    ]
}

proptest! {
    #[test]
    fn any_words_are_read_without_a_panic(argv in prop::collection::vec(word(), 0..24)) {
        if let Ok(readings) = read(&argv, &Shelves::new()) {
            prop_assert!(!readings.is_empty());
            readings.iter().filter_map(Match::find).for_each(|found| {
                let _ = (found.blanks(), found.wide(), found.unknown().is_some(), found.kind());
            });
        }
    }

    /// What is written out again means what was read: a narrowed command is made that way.
    #[test]
    fn a_reading_written_out_again_means_the_same(argv in prop::collection::vec(word(), 1..12)) {
        let shelves = Shelves::new();
        for one in read(&argv, &shelves).unwrap_or_default() {
            if !one.invocation.unlisted.is_empty() || one.tool.is_none() {
                continue;
            }
            let again = read(&one.invocation.argv(), &shelves).unwrap();
            let same = again.iter().any(|other| {
                other.invocation.pieces == one.invocation.pieces && other.invocation.program == one.invocation.program
            });
            prop_assert!(same, "{:?} became {:?}", told(&one), again.iter().map(told).collect::<Vec<_>>());
        }
    }
}
