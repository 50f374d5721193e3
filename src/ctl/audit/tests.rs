//! What `guardctl audit` prints.

use clap::Parser;
use unicode_width::UnicodeWidthStr;

use super::*;
use crate::record::Word;
use crate::record::audit::{Argv, Log, Who};

#[derive(Debug, Parser)]
struct Cli {
    #[command(flatten)]
    args: AuditArgs,
}

fn guardctl(path: &Path, words: &[&str]) -> (u8, String, String) {
    let cli = Cli::try_parse_from([&["audit"], words].concat()).unwrap();
    let now = "2026-02-03T12:00:00Z".parse().unwrap();
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let code = run(&cli.args, path, now, &mut out, &mut notes).unwrap();
    (code, String::from_utf8(out).unwrap(), String::from_utf8(notes).unwrap())
}

fn decision(id: &str, time: &str, argv: &[&str], rung: Rung, granted: bool) -> Record {
    let argv: Vec<_> = argv.iter().map(std::ffi::OsString::from).collect();
    Record::Decision(Box::new(Decision {
        id: id.into(),
        time: time.into(),
        who: Who { login: Some("ada".into()), ..Who::default() },
        host: Word::from("bastion"),
        cwd: Word::from("/"),
        argv: Argv::masked(&argv, &[]),
        tool: argv[0].to_str().unwrap().into(),
        action: None,
        effect: None,
        environment: None,
        context: String::new(),
        kind: "pod".into(),
        certainty: if granted { Certainty::Exact } else { Certainty::Unknown },
        count: 12,
        fleet: None,
        rung,
        reasons: vec![],
        freeze: "names".into(),
        granted,
        answered: None,
        plan: None,
        guard: "0".into(),
    }))
}

fn log() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guard/audit.jsonl");
    let mut log = Log::open(&path).unwrap();
    let long = format!("pod/{}\u{202e}", "日本".repeat(40));
    log.append(&decision(
        "a",
        "2026-02-01T09:00:00.000000Z",
        &["kubectl", "delete", &long],
        Rung::Confirm,
        true,
    ))
    .unwrap();
    log.append(&decision(
        "b",
        "2026-02-03T09:00:00.000000Z",
        &["rm", "-rf", "a\r\x1b[2K"],
        Rung::Deny,
        false,
    ))
    .unwrap();
    let outcome = Outcome { id: "a".into(), ran: true, code: Some(3), ..Outcome::default() };
    log.append(&Record::Outcome(outcome)).unwrap();
    (folder, path)
}

#[test]
fn shows_a_table_that_fits() {
    let (_folder, path) = log();
    let (code, out, notes) = guardctl(&path, &["show"]);
    assert_eq!((code, notes.as_str()), (0, ""));
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("TIME") && lines[0].ends_with("COMMAND"));
    assert!(lines[1].contains(" confirm exit 3") && lines[1].contains(" 12 ada "), "{out}");
    assert!(lines[2].contains(" deny    refused") && lines[2].ends_with("rm -rf $'a\\r\\033[2K'"), "{out}");
    assert!(lines.iter().all(|line| line.width() <= WIDTH), "{out}");
    assert!(out.chars().all(|c| c == '\n' || crate::ui::escape::visible(c)), "{out:?}");
}

#[test]
fn chooses() {
    let (_folder, path) = log();
    let rows = |words: &[&str]| guardctl(&path, words).1.lines().count();
    assert_eq!(rows(&["show", "--tool", "rm"]), 2);
    assert_eq!(rows(&["show", "--rung", "confirm"]), 2);
    assert_eq!(rows(&["show", "--rung", "stage"]), 0);
    assert_eq!(rows(&["show", "--since", "1d"]), 2);
    assert_eq!(rows(&["show", "--since", "2026-01-31"]), 3);
    assert_eq!(rows(&["show", "--since", "2026-02-03T09:00:01Z"]), 0);
    assert_eq!(rows(&["show", "-n", "1"]), 2);
    assert_eq!(rows(&["show", "--json"]), 3);
    assert_eq!(rows(&["show", "--json", "-n", "1"]), 1);
    assert_eq!(rows(&["show", "--json", "--tool", "kubectl"]), 2);
    assert!(Cli::try_parse_from(["audit", "show", "--rung", "maybe"]).is_err());
    assert!(Cli::try_parse_from(["audit", "show", "--since", "soon"]).is_err());
}

#[test]
fn verifies_in_sentences() {
    let (folder, path) = log();
    let (code, out, _) = guardctl(&path, &["verify"]);
    assert!(code == 0 && out.contains("3 records, and the chain holds"), "{out}");
    let text = std::fs::read_to_string(&path).unwrap().replace("\"count\":12", "\"count\":1");
    std::fs::write(&path, text + "half a li").unwrap();
    let (code, out, _) = guardctl(&path, &["verify"]);
    assert_eq!(code, 1);
    assert!(
        out.contains("line 1 was edited after it was written\n") && out.contains("line 4, the last one,"),
        "{out}"
    );
    let (_, _, notes) = guardctl(&path, &["show"]);
    assert!(notes.starts_with("1 line is not a record;"), "{notes}");

    let gone = folder.path().join("gone");
    assert_eq!(guardctl(&gone, &["verify"]).0, 1);
    assert_eq!(guardctl(&gone, &["show"]).0, 0);
    assert_eq!(guardctl(&gone, &["verify", "--file", path.to_str().unwrap()]).0, 1);
}
