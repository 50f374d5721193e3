//! guardctl's smaller subcommands, and guard-shell, as an operator meets them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "support/site.rs"]
mod site;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use guard::record::Word;
use guard::record::journal::{Fate, Frozen, Journal, Plan, State, VERSION, path};
use serde_json::{Value, json};
use site::Site;
use snapbox::{assert_data_eq, str};

fn json(site: &Site, args: &[&str]) -> Value {
    serde_json::from_slice(&site.guardctl(args).stdin(Stdio::null()).output().unwrap().stdout).unwrap()
}

#[test]
fn doctor_finds_nothing_wrong_in_a_good_home() {
    let site = Site::new();
    let found = json(&site, &["doctor", "--json"]);
    let found = found.as_array().unwrap();
    assert!(found.iter().all(|finding| finding["state"] != "wrong"), "{found:#?}");
    let texts: Vec<&str> = found.iter().filter_map(|finding| finding["text"].as_str()).collect();
    assert!(texts.iter().any(|text| text.ends_with("/.config/guard/guard.toml")), "{texts:#?}");
    assert!(texts.iter().any(|text| text.starts_with("not here: ") && text.contains("fleet")), "{texts:#?}");
    assert!(texts.iter().any(|text| text.starts_with("the audit log will be ")), "{texts:#?}");
    assert!(site.said(&["doctor"]).ends_with("nothing is wrong\n--- said\n--- exit 0\n"));
}

#[test]
fn doctor_names_what_is_wrong_and_what_mends_it() {
    let site = Site::new();
    let folder = site.home().join(".config/guard");
    site.write("policies/open.toml", "");
    fs::set_permissions(folder.join("policies/open.toml"), fs::Permissions::from_mode(0o666)).unwrap();
    site.write("policies/torn.toml", "[limits\n");
    site.write("tools/fleet.toml", "[tool]\n");
    let state = site.home().join(".local/state/guard");
    fs::create_dir_all(&state).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).unwrap();
    let found = json(&site, &["doctor", "--json"]);
    let wrong = found.as_array().unwrap().iter().filter(|finding| finding["state"] == "wrong");
    let told: Vec<String> = wrong
        .map(|finding| format!("{}: {}\n  {}\n", finding["about"], finding["text"], finding["mend"]))
        .collect();
    let told = told.concat().replace(site.home().to_str().unwrap(), "HOME");
    assert_data_eq!(
        told,
        str![[r#"
"layers": "HOME/.config/guard/policies/open.toml may be written by others (anyone may write): run 'chmod go-w' on it, or check its owner"
  "chmod go-w HOME/.config/guard/policies/open.toml"
"layers": "HOME/.config/guard/policies/torn.toml: [..]"
  "guardctl policy check HOME/.config/guard/policies/torn.toml"
"tools": "fleet: [..]"
  "guardctl tools check HOME/.config/guard/tools/fleet.toml"
"records": "HOME/.local/state/guard has mode 755: others may look into it"
  "chmod 700 HOME/.local/state/guard"

"#]]
    );
    assert!(site.said(&["doctor"]).ends_with("something is wrong\n--- said\n--- exit 1\n"));
}

fn rollout(site: &Site, id: &str, time: &str) -> Journal {
    let target = |name: &str| Frozen { kind: "host".into(), name: Word(name.into()), ..Frozen::default() };
    let who = serde_json::from_value(
        json!({ "login": "ada", "uid": 1, "user": null, "tty": null, "remote": null }),
    );
    let plan = Plan {
        journal: VERSION,
        id: id.into(),
        time: time.into(),
        who: who.unwrap(),
        cwd: Word("/".into()),
        argv: ["fleet", "remove", "web-[1-4]"].map(|word| Word(word.into())).into(),
        masked: Vec::new(),
        action: "fleet remove".into(),
        context: "here".into(),
        targets: ["web-1", "web-2", "web-3", "web-4"].map(target).into(),
        stages: vec![1, 3],
        policy: "x".into(),
        ..Plan::default()
    };
    Journal::create(&path(&site.home().join(".local/state/guard"), id), plan).unwrap()
}

#[test]
fn rollouts_are_listed_newest_first_and_shown() {
    let site = Site::new();
    assert_eq!(json(&site, &["rollout", "list", "--json"]), json!([]));
    let mut old = rollout(&site, "old", "2026-02-28T09:37:00.000000Z");
    old.started(0, &[0]).unwrap();
    old.ended(&[0], Fate::Done, None).unwrap();
    old.started(1, &[1, 2]).unwrap();
    old.ended(&[1], Fate::Failed, None).unwrap();
    old.state("2026-02-28T09:38:00.000000Z".into(), State::Stopped, None).unwrap();
    let new = rollout(&site, "new", "2026-03-01T00:00:00.000000Z");
    let row = |id, state, done, failed, in_doubt, left| {
        json!({ "id": id, "argv": ["fleet", "remove", "web-[1-4]"], "state": state,
                "done": done, "failed": failed, "in_doubt": in_doubt, "left": left })
    };
    let rows = |state| json!([row("new", state, 0, 0, 0, 4), row("old", "stopped", 1, 1, 1, 1)]);
    assert_eq!(json(&site, &["rollout", "list", "--json"]), rows("running"));
    drop((new, old));
    assert_eq!(json(&site, &["rollout", "list", "--json"]), rows("parked"));
    assert_data_eq!(
        site.said(&["rollout", "show", "old"]),
        str![[r#"
old of 2026-02-28T09:37:00.000000Z, stopped
  fleet remove 'web-[1-4]'
  fleet remove in here
  1 done: web-1
  1 failed: web-2
  1 in doubt: web-3
  1 left: web-4
--- said
--- exit 0

"#]]
    );
    assert_data_eq!(
        site.said(&["rollout", "show"]),
        str![[r#"
--- said
guardctl: which rollout? 'guardctl rollout list' lists them
--- exit 125

"#]]
    );
}

#[test]
fn every_page_and_completion_is_written() {
    let site = Site::new();
    let folder = site.home().join("man");
    assert_eq!(site.said(&["man", folder.to_str().unwrap()]), "--- said\n--- exit 0\n");
    for page in ["guard.1", "guardctl.1", "guardctl-judge.1", "guard-shell.1"] {
        assert!(fs::read_to_string(folder.join(page)).unwrap().starts_with(".ie"), "{page}");
    }
    for (page, program) in [("guard.1", "119"), ("guardctl.1", "141")] {
        let text = fs::read_to_string(folder.join(page)).unwrap();
        for section in ["\"EXIT STATUS\"", "ENVIRONMENT", "FILES", "EXAMPLES"] {
            assert!(text.contains(&format!("\n.SH {section}\n")), "{page}: {section}");
        }
        assert!(text.contains(program) && text.contains("guard.toml"), "{page}");
    }
    assert!(fs::read_to_string(folder.join("guard-shell.1")).unwrap().contains("not ready in this build"));
    for shell in ["bash", "zsh", "fish"] {
        for program in ["guard", "guardctl", "guard-shell"] {
            assert!(site.said(&["completions", shell, program]).contains(program), "{shell} {program}");
        }
    }
}

/// What bash would offer behind some words.
fn offered(site: &Site, words: &[&str]) -> String {
    let run = site.guardctl(&["completions", "bash", "guard"]).output().unwrap();
    fs::write(site.home().join("guard.bash"), run.stdout).unwrap();
    let script = r#". ./guard.bash; _command_offset() { COMPREPLY=("offset $1"); }
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _guard; printf '%s\n' "${COMPREPLY[@]}""#;
    let run = site.command("bash").args(["-c", script, "bash", "guard"]).args(words).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&run.stderr), "");
    String::from_utf8(run.stdout).unwrap()
}

#[test]
fn bash_completes_the_guarded_command_as_itself() {
    let site = Site::new();
    assert_eq!(offered(&site, &["--pl"]), "--plan\n--plan-out\n--plan-in\n");
    assert_eq!(offered(&site, &["kub"]), "offset 1\n");
    assert_eq!(offered(&site, &["--max", "3", "kubectl", "--na"]), "offset 3\n");
    assert_eq!(offered(&site, &["--plan", "--outcome", "guard.ba"]), "guard.bash\n");
}

#[test]
fn wrong_usage_is_guard_s_own_failure() {
    let site = Site::new();
    for args in [&["nonsense"][..], &["judge", "--nonsense"], &[]] {
        assert!(site.said(args).ends_with("--- exit 125\n"), "{args:?}");
    }
    assert_data_eq!(
        site.said(&["version"]),
        str![[r#"
guardctl 0.1.0
--- said
--- exit 0

"#]]
    );
}

#[test]
fn guard_says_in_a_line_what_is_missing_or_unknown() {
    let site = Site::new();
    for (args, line) in [
        (&[][..], "guard: no command was given\n\nUsage: guard [OPTIONS] <COMMAND>...\n"),
        (&["--plan"], "guard: no command was given\n\n"),
        (&["--zzz", "true"], "guard: there is no option '--zzz'\n\nUsage: "),
        (
            &["--pln", "true"],
            "guard: unexpected argument '--pln' found\n\n  tip: a similar argument exists: '--plan'\n",
        ),
    ] {
        let run = site.command(env!("CARGO_BIN_EXE_guard")).args(args).output().unwrap();
        let said = String::from_utf8(run.stderr).unwrap();
        assert!(said.starts_with(line) && run.status.code() == Some(125), "{args:?}: {said:?}");
    }
}

#[test]
fn every_help_fits_a_terminal_of_80_columns() {
    let site = Site::new();
    let folder = site.home().join("man");
    site.said(&["man", folder.to_str().unwrap()]);
    let mut wide = Vec::new();
    for page in fs::read_dir(&folder).unwrap() {
        // There is a page for each: guardctl-policy-check.1.
        let page = page.unwrap().file_name().into_string().unwrap();
        let (program, words) = match page.trim_end_matches(".1").split_once('-') {
            Some(("guardctl", words)) => (env!("CARGO_BIN_EXE_guardctl"), words.splitn(2, '-').collect()),
            Some(_) => (env!("CARGO_BIN_EXE_guard-shell"), Vec::new()),
            None if page == "guard.1" => (env!("CARGO_BIN_EXE_guard"), Vec::new()),
            None => (env!("CARGO_BIN_EXE_guardctl"), Vec::new()),
        };
        for help in ["-h", "--help"] {
            let run = site.command(program).env("COLUMNS", "200").args(&words).arg(help).output().unwrap();
            let text = String::from_utf8(run.stdout).unwrap();
            assert!(run.status.success() && text.contains("Usage: "), "{page} {help}");
            let lines = text.lines().filter(|line| line.chars().count() > 80);
            wide.extend(lines.map(|line| format!("{page}: {line}")));
        }
    }
    assert_eq!(wide, Vec::<String>::new());
}

#[test]
fn steps_are_told_where_that_is_asked_for_and_change_nothing() {
    let site = Site::new();
    let run = |args: &[&str], variable: &str| {
        let mut command = site.command(env!("CARGO_BIN_EXE_guard"));
        let run = command.args(args).env("GUARD_LOG", variable).stdin(Stdio::null()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (text(run.stdout), text(run.stderr), run.status.code())
    };
    let plan = ["--plan", "--json", "fleet", "drop", "\x1b[31m"];
    let plain = run(&plan, "");
    assert_eq!(plain.1, "");
    let verbose = [&["-v"][..], &plan].concat();
    for told in [run(&plan, "1"), run(&plan, "trace"), run(&verbose, "")] {
        assert_eq!((&told.0, told.2), (&plain.0, plain.2));
        for step in ["decide", "read", "listed", "verdict"] {
            assert!(told.1.contains(step), "{step}: {}", told.1);
        }
        assert!(!told.1.contains('\x1b'), "{}", told.1);
    }
    assert_eq!(run(&["-v", "true"], "").2, Some(0));
}

#[test]
fn the_login_shell_runs_one_plain_command_and_refuses_the_rest() {
    let site = Site::new();
    let said = |args: &[&str]| {
        let mut command = site.command(env!("CARGO_BIN_EXE_guard-shell"));
        let run = command.args(args).stdin(Stdio::null()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        format!("{}{}{}", text(run.stdout), text(run.stderr), run.status.code().unwrap())
    };
    assert_eq!(said(&["-c", "echo 'a b'"]), "a b\n0");
    assert_eq!(said(&["-c", "sh -c 'exit 7'"]), "7");
    assert!(said(&["-c", "fleet remove a b c"]).ends_with("122"));
    for text in ["echo a; echo b", "echo $HOME", "echo *", "echo a >b", ""] {
        let said = said(&["-c", text]);
        assert!(said.starts_with("guard-shell: ") && said.ends_with("and nothing else\n125"), "{said}");
    }
    assert_data_eq!(
        said(&[]),
        str!["guard-shell: no session is opened: the login shell of this build runs one plain command (-c 'COMMAND WORDS') and nothing else
125"]
    );
}
