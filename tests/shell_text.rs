//! Shell text of more than a line, as scripts and carried commands have it: what it starts is judged,
//! what it only says is not, and no text makes guard hang.
//!
//! The names and numbers are those of trackers where users of other guards told what they ran into.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "support/site.rs"]
mod site;

use serde_json::{Value, json};
use site::Site;

/// What `guardctl judge --offline` answers to `sh -c TEXT` on a terminal.
fn judged(texts: &[String]) -> Vec<Value> {
    let line = |text: &String| json!({ "argv": ["sh", "-c", text], "terminal": true }).to_string() + "\n";
    Site::new().judge(&["--offline"], &texts.iter().map(line).collect::<String>())
}

/// Asserts that each text is let through, or that none is.
#[track_caller]
fn all_are(texts: &[&str], allowed: bool) {
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    for (text, answer) in texts.iter().zip(judged(&texts)) {
        assert_eq!(answer["verdict"]["rung"] == "allow", allowed, "{text}\n{}", answer["verdict"]);
    }
}

#[test]
fn what_a_text_starts_is_judged() {
    all_are(
        &[
            // lshell 149: a newline ends a command as ';' does.
            "echo a\nrm -rf /etc",
            "echo a\\\n b\n\n\trm \\\n -rf \\\n /etc",
            // lshell 151: a function, under a harmless name.
            "ls() {\n    rm -rf /etc\n}\nls",
            "if true\nthen\n    while true; do\n        rm -rf /etc\n    done\nfi",
            "case $1 in\nstart) echo start ;;\nstop)\n    rm -rf /etc\n    ;;\nesac",
            "sh <<'END'\nrm -rf /etc\nEND",
            "ssh web1 sh <<END\nrm -rf /etc\nEND",
            "cat <<END\nsays $(rm -rf /etc)\nEND",
            // destructive_command_guard 231: an assignment, on its own line or in front.
            "what=/etc\nrm -rf \"$what\"",
            "(\n    cd /\n    A=b rm -rf etc\n) >/dev/null 2>&1",
            "trap 'rm -rf /etc' EXIT\ntrue",
        ],
        false,
    );
}

#[test]
fn what_a_text_only_says_is_not() {
    all_are(
        &[
            "# rm -rf /etc\necho done",
            "echo done # rm -rf /etc\n# kubectl delete ns shop",
            "cat <<'END'\nrm -rf /etc\nEND",
            "cat <<'END'\nsays $(rm -rf /etc)\nEND\necho done",
            "git commit -qm \"No more\n\nrm -rf /etc\nis gone\"",
            "ls() {\n    rm -rf /etc\n}\necho never called",
            "echo 'one\nrm -rf /etc\nthree'",
            "usage='\n    kubectl delete ns shop\n'\necho \"$usage\"",
        ],
        true,
    );
}

#[test]
fn no_text_takes_for_ever_and_none_is_let_through_for_being_long() {
    // destructive_command_guard 189: 90 bytes took exponential time, and were then let through.
    let openers =
        ["(", "$(", "`", "${a:-", "{a,", "{ ", "[[ (", "$((", "\"$(", "case a in (a) ", "if ", "f() { "];
    let texts: Vec<String> = openers
        .iter()
        .flat_map(|opener| [45, 90, 5000].map(|times| format!("{}\nrm -rf /etc", opener.repeat(times))))
        .collect();
    for (text, answer) in texts.iter().zip(judged(&texts)) {
        let start: String = text.chars().take(60).collect();
        assert_ne!(answer["verdict"]["rung"], "allow", "{start}… of {} bytes", text.len());
    }
}
