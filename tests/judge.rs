//! `guardctl judge`: a plan for every line, in order, whatever the line is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "support/site.rs"]
mod site;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::{Value, json};
use site::Site;
use snapbox::{assert_data_eq, str};

/// Rung, certainty, count and first rule of each answer, a line each.
fn told(answers: &[Value]) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |plan: &Value| {
        let (scope, verdict) = (&plan["scope"], &plan["verdict"]);
        let rule = &verdict["reasons"][0]["rule"];
        let count = scope["count"].as_u64().map_or("-".to_owned(), |n| n.to_string());
        format!("{} {} {} {}\n", text(&verdict["rung"]), text(&scope["certainty"]), count, text(rule))
    };
    answers.iter().map(line).collect()
}

#[test]
fn a_line_is_answered_by_one_whole_plan() {
    let site = Site::new();
    let answers = site.judge(&["--offline"], "fleet remove web-1 web-2 web-3\n");
    let [plan] = answers.as_slice() else { panic!("{answers:?}") };
    let mut part = plan.clone();
    part.as_object_mut().unwrap().remove("parts");
    assert_eq!(plan["parts"], json!([part]));
    assert_data_eq!(
        serde_json::to_string_pretty(&part).unwrap(),
        str![[r#"
{
  "action": "fleet remove",
  "argv": [
    "fleet",
    "remove",
    "web-1",
    "web-2",
    "web-3"
  ],
  "context": {
    "cluster": "here"
  },
  "effect": "destroy",
  "freeze": "names",
  "id": "[..]",
  "plan": 1,
  "scope": {
    "certainty": "at-most",
    "count": 3,
    "dependents": null,
    "digest": "[..]",
    "fleet": null,
    "kind": "host",
    "sample": [
      "web-1",
      "web-2",
      "web-3"
    ]
  },
  "stages": [],
  "tool": "fleet",
  "verdict": {
    "reasons": [
      {
        "rule": "limits.destroy.member.confirm",
        "text": "up to 3 hosts (confirm from 3)"
      }
    ],
    "rung": "confirm"
  },
  "wrappers": []
}
"#]]
    );
}

#[test]
fn every_line_gets_its_answer_in_order() {
    let site = Site::new();
    let input = concat!(
        "fleet remove web-1\n",
        "\n",
        "fleet remove $(cat list)\n",
        "true; fleet remove a b c d | cat 2>/dev/null\n",
        "fleet remove {a,b}\n",
        "fleet remove $UNSET_HERE\n",
        "# a comment\n",
        "fleet remove 'open\n",
        "{\"argv\":\n",
        "{\"argv\": \"fleet\"}\n",
        "{\"argv\": [\"fleet\", \"a\\u0000b\"]}\n",
        "{\"argv\": []}\n",
        "fleet remove ''\n",
        "uptime > log\n",
        "{\"argv\": [\"fleet\", \"remove\", \"a b\", \"$x\", \"*\"]}\n",
        "fleet drop all\n",
        "uptime"
    );
    let answers = site.judge(&["--offline"], input);
    assert_data_eq!(
        told(&answers),
        str![[r#"
allow at-most 1 -
deny unknown - unread
confirm unknown - unknown
confirm at-most 4 limits.destroy.member.confirm
allow at-most 2 -
confirm unknown - unknown
deny unknown - unread
confirm unknown - unknown
deny unknown - unread
deny unknown - unread
deny unknown - unread
deny unknown - unread
confirm unknown - blank
allow - - -
confirm at-most 3 limits.destroy.member.confirm
confirm unknown - unknown
allow - - -

"#]]
    );
    assert_eq!(answers[3]["parts"].as_array().unwrap().len(), 3);
}

#[test]
fn a_line_is_judged_in_its_own_folder_with_its_own_variables() {
    let site = Site::new();
    let project = site.home().join("project");
    std::fs::create_dir(&project).unwrap();
    std::fs::write(project.join(".guard.toml"), "[limits.destroy.member]\nconfirm = 1\n").unwrap();
    let line = |cwd: &str, env: Value| {
        json!({ "argv": ["fleet", "remove", "a"], "cwd": cwd, "env": env, "terminal": false }).to_string()
    };
    let folder = project.to_str().unwrap();
    let input = [
        line("/", json!({})),
        line(folder, json!({})),
        line("relative", json!({})),
        line("/", json!({ "FLEET": "prod-1" })),
        line("/", json!({ "FLEET": null })),
        format!("cd {folder} && fleet remove a"),
        format!("cd {folder} || fleet remove a"),
        "FLEET=prod-2 fleet remove a".to_owned(),
    ];
    let answers = site.judge(&["--offline"], &input.join("\n"));
    assert_data_eq!(
        told(&answers),
        str![[r#"
allow at-most 1 -
confirm at-most 1 limits.destroy.member.confirm
deny unknown - unread
dry-run at-most 1 environment
allow at-most 1 -
confirm at-most 1 limits.destroy.member.confirm
allow at-most 1 -
dry-run at-most 1 environment

"#]]
    );
    assert_eq!(answers[3]["context"], json!({ "cluster": "prod-1", "environment": "production" }));
}

#[test]
fn patterns_variables_and_home_are_what_the_shell_makes_of_them() {
    let site = Site::new();
    for name in ["a 1", "b1", ".hidden1", "sub/c1", "sub/c2", "[x]1"] {
        let path = site.home().join("d").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    let input = concat!(
        "cd d; fleet remove *1\n",
        "fleet remove d/*/c? '*'\n",
        "fleet remove ~/d/[a-b]*\n",
        "fleet remove \"$HOME\"/d/\\[x*\n",
        "fleet remove $HOME/x ${PWD}/y\n",
        "fleet remove '$HOME' ~\n",
        "fleet remove none*\n"
    );
    let answers = site.judge(&["--offline"], input);
    let home = site.home().to_str().unwrap();
    let argv: Vec<String> = answers
        .iter()
        .map(|plan| {
            plan["parts"].as_array().unwrap().last().unwrap()["argv"].to_string().replace(home, "HOME")
        })
        .collect();
    assert_data_eq!(
        argv.join("\n"),
        str![[r#"
["fleet","remove","[x]1","a 1","b1"]
["fleet","remove","d/sub/c1","d/sub/c2","*"]
["fleet","remove","HOME/d/a 1","HOME/d/b1"]
["fleet","remove","HOME/d/[x]1"]
["fleet","remove","HOME/x","HOME/y"]
["fleet","remove","$HOME","HOME"]
["fleet","remove","none*"]
"#]]
    );
}

#[test]
fn explain_tells_where_each_rule_stands() {
    let site = Site::new();
    let answers = site.judge(&["--offline", "--explain"], "fleet remove a b c; fleet remove ''\n");
    assert_data_eq!(
        serde_json::to_string_pretty(&answers[0]["explain"]).unwrap(),
        str![[r#"
[
  {
    "file": "built in: policies/default.toml",
    "line": [..],
    "rule": "limits.destroy.member.confirm",
    "rung": "confirm",
    "text": "confirm = 3"
  },
  {
    "file": null,
    "line": null,
    "rule": "blank",
    "rung": "confirm",
    "text": null
  },
  {
    "file": null,
    "line": null,
    "rule": "unknown",
    "rung": "confirm",
    "text": null
  }
]
"#]]
    );
}

#[test]
fn a_listing_is_run_in_the_line_s_folder_and_with_its_variables() {
    let site = Site::new();
    let answers = site.judge(
        &[],
        &json!({ "argv": ["fleet", "drop", "all"], "cwd": "/usr", "env": { "FLEET": "a b" } }).to_string(),
    );
    assert_eq!(answers[0]["scope"]["sample"], json!(["/usr", "a b"]));
    assert_eq!(answers[0]["scope"]["certainty"], "exact");
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let site = Site::new();
    let input = "fleet remove a b c\n".repeat(5000);
    let shell = format!("'{}' judge --offline | head -n 1 | wc -l", env!("CARGO_BIN_EXE_guardctl"));
    let run = site.command("sh").args(["-c", &shell]).stdin(site.file(&input)).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&run.stdout).trim(), "1");
    assert_eq!(String::from_utf8_lossy(&run.stderr), "");
}

#[test]
fn bytes_that_are_no_text_and_endless_lines_are_answered_too() {
    let site = Site::new();
    let mut input = b"fleet remove a\xff\xfe\x1b31m\n".to_vec();
    input.extend(b"x".repeat(17 * 1024 * 1024));
    input.extend(b"\nfleet remove a");
    let answers = site.judge_bytes(&["--offline"], &input);
    assert_eq!(answers[0]["argv"], json!(["fleet", "remove", "a\\xff\\xfe\\e31m"]));
    assert_eq!(answers[1]["verdict"]["rung"], "deny");
    assert_eq!(answers[2]["verdict"]["rung"], "allow");
    assert_eq!(answers.len(), 3);
}

#[test]
fn who_waits_for_an_answer_gets_the_next_one_from_a_new_look() {
    let site = Site::new();
    let project = site.home().join("a/project");
    fs::create_dir_all(project.join("build/deep")).unwrap();
    let mut judge = site.guardctl(&["judge", "--offline"]);
    let mut judge = judge.current_dir(&project).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut ask, mut answers) =
        (judge.stdin.take().unwrap(), BufReader::new(judge.stdout.take().unwrap()).lines());
    let mut count = || {
        ask.write_all(b"rm -r build\n").unwrap();
        let plan: Value = serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap();
        plan["scope"]["count"].as_u64()
    };
    assert_eq!(count(), Some(2));
    fs::write(project.join("Makefile"), "").unwrap();
    assert_eq!(count(), Some(0), "beside a Makefile it can be made again");
    fs::remove_file(project.join("Makefile")).unwrap();
    assert_eq!(count(), Some(2));
    drop(ask);
    assert!(judge.wait().unwrap().success());
}

#[test]
fn offline_what_find_deletes_is_bounded_by_what_lies_below_its_starts() {
    let site = Site::new();
    let folder = |name: &str, files: usize| {
        let folder = site.home().join("a").join(name);
        fs::create_dir_all(&folder).unwrap();
        (0..files).for_each(|at| fs::write(folder.join(at.to_string()), "").unwrap());
    };
    folder("few", 3);
    folder("many", 1200);
    let input = "find a/few -name '*.tmp' -delete\nfind a/many -name 1 -delete\nfind a/gone -delete\n\
                 find / -name nosuch -delete\nfind -L a/few -delete\nfind a/few -exec cat {} ';' -delete\n";
    let answers = site.judge(&["--offline"], input);
    assert_data_eq!(
        told(&answers),
        str![[r#"
allow at-most 4 -
confirm at-most 1201 limits.destroy.small.confirm
allow at-most 1 -
confirm unknown - unknown
confirm unknown - unknown
confirm unknown - unknown

"#]]
    );
}
