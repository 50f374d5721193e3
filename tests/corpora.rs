//! Corpora: everyday command lines that must ask nothing (corpora/quiet*.txt), judged as `guardctl
//! judge` judges them, in a scene that is lived in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "support/areas.rs"]
mod areas;
#[path = "support/corpus.rs"]
mod corpus;

use corpus::{Line, Scene, lines, reasons};
use serde_json::Value;

/// Answers that are told of at the most.
const SHOWN: usize = 40;

fn quiet() -> Vec<Line> {
    let named = |(file, text): (String, String)| {
        lines(&text).into_iter().map(move |line| Line { file: file.clone(), ..line })
    };
    areas::texts("quiet").into_iter().flat_map(named).collect()
}

/// Whether an answer only says that what a program prints, or hands to xargs, is not counted yet.
fn not_followed(answer: &Value) -> bool {
    let reasons = reasons(answer);
    ["is not known before it runs", "adds words that it reads from its input"]
        .iter()
        .any(|why| reasons.contains(why))
}

/// Fails with each line that would ask, and why, but those that are excused.
fn ask_nothing(lines: &[Line], answers: &[Value], excused: impl Fn(&Value) -> bool) {
    let asks = |answer: &Value| answer["verdict"]["rung"] != "allow" && !excused(answer);
    let asking: Vec<String> = lines
        .iter()
        .zip(answers)
        .filter(|(_, answer)| asks(answer))
        .map(|(line, answer)| {
            format!("{}:{}: {}\n    {}", line.file, line.number, line.text, reasons(answer))
        })
        .collect();
    let shown = asking.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("\n");
    assert!(asking.is_empty(), "{} of {} everyday lines ask:\n{shown}", asking.len(), lines.len());
}

#[test]
fn quiet_is_large_and_says_nothing_twice() {
    let lines = quiet();
    assert!(lines.len() >= 1000, "{} lines", lines.len());
    let mut texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    texts.sort_unstable();
    let twice: Vec<_> = texts.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    assert_eq!(twice, Vec::<&str>::new());
}

#[test]
fn everyday_lines_ask_nothing() {
    let lines = quiet();
    let answers = Scene::new().judge(&[], &lines);
    ask_nothing(&lines, &answers, not_followed);
}

#[test]
fn everyday_lines_ask_nothing_offline() {
    let lines = quiet();
    let answers = Scene::new().judge(&["--offline"], &lines);
    // What only a listing can count is judged with one, above.
    let uncounted = |answer: &Value| {
        let reasons = answer["verdict"]["reasons"].as_array().unwrap();
        let told = |reason: &Value| {
            reason["rule"] == "unknown" && reason["text"].as_str().unwrap().ends_with("listed offline")
        };
        reasons.iter().all(told)
    };
    ask_nothing(&lines, &answers, |answer| uncounted(answer) || not_followed(answer));
}

#[test]
fn what_programs_print_is_not_followed_yet() {
    let lines = quiet();
    let answers = Scene::new().judge(&["--offline"], &lines);
    let open = answers.iter().filter(|answer| not_followed(answer)).count();
    assert!(open <= 4, "{open} lines of {} are not followed", lines.len());
}
