use std::ffi::OsString;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

/// A shell with a home, one variable and one folder with two files.
struct Plain;

impl Known for Plain {
    fn variable(&self, name: &str) -> Result<Option<OsString>, String> {
        Ok((name == "TWO").then(|| "a b".into()))
    }

    fn home(&self) -> Option<PathBuf> {
        Some("/home/op".into())
    }

    fn folder(&self, way: &Path) -> Option<PathBuf> {
        Some(if way.as_os_str().is_empty() { "/work".into() } else { Path::new("/work").join(way) })
    }

    fn matches(&self, pattern: &[u8], _way: &Path) -> Result<Vec<OsString>, String> {
        if pattern == b"*.log" { Ok(vec!["a.log".into(), "b.log".into()]) } else { Ok(Vec::new()) }
    }
}

/// A line a command: words with blanks between, `<text>` where unknown, then what else is told of it.
fn told(text: &str) -> Result<Vec<String>, Unread> {
    let word = |word: &Word| match word {
        Word::Known(text) if text.is_empty() => "''".to_owned(),
        Word::Known(text) => text.to_string_lossy().into_owned(),
        Word::Unknown { text, .. } => format!("<{}>", text.to_string_lossy()),
    };
    let line = |command: &Command| {
        let mut line: Vec<String> = command.words.iter().map(word).collect();
        line.extend(command.empties.iter().map(|file| format!(">{}", word(file))));
        line.extend(command.exported.iter().map(|(name, value)| format!("+{name}={}", word(value))));
        line.extend(command.repeats.map(|_| "(again)".to_owned()));
        match &command.folder {
            Folder::Way(way) if way.as_os_str().is_empty() => {}
            Folder::Way(way) => line.push(format!("@{}", way.display())),
            Folder::Unknown(_) => line.push("@?".to_owned()),
        }
        match &command.input {
            Input::Same => {}
            Input::Pipe => line.push("<|".to_owned()),
            Input::File => line.push("<file".to_owned()),
            Input::Text(text) => line.push(format!("<<{}", word(text).replace('\n', "/"))),
        }
        line.join(" ")
    };
    Ok(commands(text.as_bytes(), &Plain, None)?.list.iter().map(line).collect())
}

#[track_caller]
fn same(cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        assert_eq!(told(text).unwrap_or_else(|why| vec![why.to_string()]), *expected, "{text}");
    }
}

#[test]
fn words_are_what_the_shell_makes_of_them() {
    same(&[
        ("rm -rf a", &["rm -rf a"]),
        (r#"rm 'a b' "c d" e\ f ''"#, &["rm a b c d e f ''"]),
        (r#"echo "a\"b\$c\d" ~/x "~" a~"#, &["echo a\"b$c\\d /home/op/x ~ a~"]),
        (r"$'\x72\x6d' -rf $'a\tb\u00e9\101'", &["rm -rf a\tbéA"]),
        ("echo $TWO \"$TWO\" '$TWO'", &["echo a b a b $TWO"]),
        (
            "echo {a,b}{1..3} {x} {} HEAD@{1} a{,b} {03..01} {a..e..2}",
            &["echo a1 a2 a3 b1 b2 b3 {x} {} HEAD@{1} a ab 03 02 01 a c e"],
        ),
        ("rm *.log '*.log' \\*.log no*", &["rm a.log b.log *.log *.log no*"]),
        ("rm $UNSET/x \"$UNSET\" ${UNSET:-/tmp} ${TWO:-x}", &["rm <$UNSET/x> <$UNSET> /tmp a b"]),
        (
            "rm \"$(cat list)\" x$((1+1)) ${TWO#a} ${TWO/a/b}",
            &["cat list", "rm <$(cat list)> <x$((...))> b <${TWO...}>"],
        ),
        ("cat $(pwd)/x", &["pwd", "cat /work/x"]),
        ("diff <(sort a) b", &["sort a", "diff /dev/fd/63 b"]),
        ("a 2>/dev/null >&2 b &> /dev/null", &["a b >/dev/null >/dev/null"]),
        ("find . -exec rm {} \\; # why", &["find . -exec rm {} ;"]),
        ("  # nothing", &[]),
        ("", &[]),
    ]);
}

#[test]
fn what_is_set_is_known_later() {
    same(&[
        ("X=/; rm -rf \"$X\"", &["rm -rf /"]),
        ("X=/ rm $X", &["X=/ rm <$X>"]),
        ("export A=b; run", &["export A=b", "run +A=b"]),
        ("X='a b'; rm $X \"$X\"", &["rm a b a b"]),
        ("X=*.log; rm $X", &["rm a.log b.log"]),
        ("hosts=(a 'b c'); f \"${hosts[@]}\"", &["f a b c"]),
        ("if t; then X=a; else X=b; fi; rm $X", &["t", "rm <$X>"]),
        ("read X; rm $X", &["read X", "rm <$X>"]),
        ("set -- a b; rm \"$@\" $2; shift; rm $1", &["set -- a b", "rm a b b", "shift", "rm b"]),
        ("cd d; rm x; cd /e && rm y", &["cd d", "rm x @d", "cd /e @d", "rm y @/e"]),
        ("(cd d; rm x); rm y", &["cd d", "rm x @d", "rm y"]),
        ("cd d || exit 1; rm x", &["cd d", "exit 1 @?", "rm x @d"]),
        ("cd d || rm x", &["cd d", "rm x @?"]),
        ("cd \"$(x)\"; rm y", &["x", "cd <$(x)>", "rm y @?"]),
        ("exit; rm x", &["exit"]),
        ("die() { echo no; exit 1; }; cd d || die; rm x", &["cd d", "echo no @?", "exit 1 @?", "rm x @d"]),
    ]);
}

#[test]
fn blocks_and_loops_are_followed() {
    same(&[
        ("a; b && c || d | e & f", &["a", "b", "c", "d", "e <|", "f"]),
        ("! a |& { b; c; }", &["a", "b <|", "c <|"]),
        ("for h in a b; do ssh $h reboot; done", &["ssh a reboot", "ssh b reboot"]),
        ("for f in $(ls); do rm $f; done", &["ls", "rm <$f> (again)"]),
        ("while read f; do rm $f; done < list", &["read f (again) <file", "rm <$f> (again) <file"]),
        ("for ((i=0;i<3;i++)); do rm $i; done", &["rm <$i> (again)"]),
        (
            "while a; do rm $D; cd $D; D=/; done",
            &["a (again) @?", "rm <$D> (again) @?", "cd <$D> (again) @?"],
        ),
        ("case $1 in a|b) rm x;; *) rm y; esac", &["rm x", "rm y"]),
        ("[[ -f a && $(b) =~ (c|d) ]] && rm x", &["b", "rm x"]),
        ("(( x = 5 )); if ((x)); then rm $x; fi", &["rm <$x>"]),
        ("rm() { echo no; }; rm x; command rm y; \\rm z", &["echo no", "rm y", "echo no"]),
        ("f() { rm \"$1\" $#; }; f a; unused() { rm b; }", &["rm a <$#>"]),
        ("function f { rm \"$@\"; }\nf a b", &["rm a b"]),
        ("eval 'rm x; rm y'; eval \"$(x)\"", &["rm x", "rm y", "x", "<$(x)>"]),
        ("exec -a name rm x; rm y", &["rm x"]),
        ("trap 'rm t' EXIT; a", &["trap rm t EXIT", "rm t", "a"]),
        ("echo `ls \\`pwd\\``", &["pwd", "ls /work", "echo <$(...)>"]),
        ("alias rm=ls\nrm x", &["alias rm=ls", "<rm> x"]),
        ("sudo -u x time -p rm y", &["sudo -u x time -p rm y"]),
        ("time rm y", &["rm y"]),
    ]);
}

#[test]
fn redirections_and_texts_are_told() {
    same(&[
        ("a > f >>g 2>&1 3>|h <i", &["a >f >h <file"]),
        ("> f", &[">f"]),
        ("{ a; b; } > f", &[">f", "a", "b"]),
        ("sh <<'E'\nrm $X\nE\nnext", &["sh <<rm $X/", "next"]),
        ("sh <<-E\n\trm $TWO\n\tE\n", &["sh <<rm a b/"]),
        ("sh <<E\nrm $X\nE", &["sh <<<rm $X/>"]),
        ("sh <<< 'rm x'", &["sh <<rm x"]),
        ("cat <<A <<B; x\n1\nA\n2\nB\ny", &["cat <<2/", "x", "y"]),
        ("echo hi >&2; a 5>&1 2>&-", &["echo hi", "a"]),
    ]);
}

#[test]
fn what_can_not_be_followed_is_said() {
    for text in [
        "rm 'open",
        "rm \"open",
        "rm \\",
        "rm `x",
        "rm $(x",
        "a | ",
        "a && ",
        "; a",
        "(a",
        "a)",
        "{ a; ",
        "if a; fi",
        "for i in a; do b",
        "case x in a) b",
        "rm !$",
        "a ;; b",
        "f() ",
        "[[ a",
        "((a); b)",
        "rm (a)",
        "a > ",
        ":(){ :|:& };:",
        "coproc a",
        "echo {1..99999999}",
    ] {
        assert!(told(text).is_err(), "{text}: {:?}", told(text));
    }
}

/// Openers of all kinds, as many as there is room for, on a stack as small as any thread's.
#[test]
fn no_text_is_too_much() {
    let openers = [
        "(",
        "{ ",
        "[",
        "$(",
        "`",
        "'",
        "\"",
        "((",
        "$((",
        "case x in x) ",
        "<<A\n",
        "${a:-",
        "\"$(",
        "if ",
        "while a; do ",
        "for i in a b; do ",
        "f() { ",
        "{a,",
        "a{b,c}",
        "[[ ",
        "`\\`",
        "<(",
        "! ",
        "a || ",
        "a | ",
        "x=(",
        "$'",
        "eval ",
        "command ",
        "for i in {1..900}; do ",
        "while read x; do ",
        "X=$X$X\n",
        "\\",
        "#",
        "*",
        "${",
        "f() { f2; f2; }\n",
    ];
    for opener in openers {
        for long in [32, 1000, 100_000] {
            let text = opener.repeat(long / opener.len() + 1);
            let _ = told(&text);
            let _ = told(&format!("{text}a b; rm x"));
            let _ = told(&format!("{text} {}", "; done } ) fi ;; esac \" ' ` ))".repeat(100)));
        }
    }
}

proptest! {
    #[test]
    fn nothing_panics(text in "(\\PC|[\\n(){}\\[\\]$`'\"\\\\;&|<>#*! =]|if|fi|do|done|for i in|case x in|esac|eval|\\$\\(|<<E\\nE\\n){0,60}") {
        let _ = told(&text);
    }

    #[test]
    fn more_text_tells_no_less(first in "[a-z$ ={},;|&>]{0,20}", second in "[a-z$ ={};|&>]{0,20}") {
        let (alone, both) = (told(&first), told(&format!("{first}\n{second}")));
        if let (Ok(alone), Ok(both)) = (alone, both) {
            prop_assert!(both.starts_with(&alone), "{alone:?} {both:?}");
        }
    }
}

#[test]
fn what_is_cut_off_costs_no_more_than_can_be_followed() {
    let long = |value: usize, pattern: usize| {
        let text = format!("a={}; rm ${{a#*{}y}}", "x".repeat(value), "x".repeat(pattern));
        commands(text.as_bytes(), &Plain, None).map(|all| all.list.len())
    };
    assert_eq!(long(100, 40), Ok(1));
    assert!(long(10_000, 4_000).is_err(), "each of ten thousand parts goes back ten thousand times");
    same(&[("a={x}y; rm ${a#\"{x}\"} $a", &["rm <${a...}> {x}y"])]);
}
