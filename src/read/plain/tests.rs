use proptest::prelude::*;

use super::*;

/// The words of each command, variables written `<NAME>`.
fn words(text: &str) -> Result<Vec<Vec<String>>, NotPlain> {
    let word = |bits: &Vec<Bit>| {
        let bits = bits.iter().map(|bit| match bit {
            Bit::Quoted(text) | Bit::Bare(text) => String::from_utf8_lossy(text).into_owned(),
            Bit::Variable { name, .. } => format!("<{name}>"),
        });
        bits.collect::<String>()
    };
    let commands = plain(text.as_bytes())?;
    Ok(commands.iter().map(|command| command.words.iter().map(word).collect()).collect())
}

#[test]
fn words_quotes_and_lists_are_read_as_a_shell_does() {
    for (text, expected) in [
        ("rm -rf a", vec![vec!["rm", "-rf", "a"]]),
        (r#"rm 'a b' "c d" e\ f ''"#, vec![vec!["rm", "a b", "c d", "e f", ""]]),
        (r#"echo "a\"b\$c\d" $HOME/x "${A}b""#, vec![vec!["echo", "a\"b$c\\d", "<HOME>/x", "<A>b"]]),
        ("a; b && c || d | e & f", vec![vec!["a"], vec!["b"], vec!["c"], vec!["d"], vec!["e"], vec!["f"]]),
        ("a 2>/dev/null >&2 b &> /dev/null", vec![vec!["a", "b"]]),
        ("git reset HEAD@{1} # why", vec![vec!["git", "reset", "HEAD@{1}"]]),
        ("find . -exec rm {} \\;", vec![vec!["find", ".", "-exec", "rm", "{}", ";"]]),
        ("grep 'x$' a", vec![vec!["grep", "x$", "a"]]),
        ("a |& b", vec![vec!["a"], vec!["b"]]),
        ("  # nothing", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(words(text).unwrap(), expected, "{text}");
    }
}

#[test]
fn what_is_more_than_plain_is_said_and_not_guessed() {
    for text in [
        "rm $(cat list)",
        "rm `cat list`",
        "rm \"$(x)\"",
        "rm {a,b}",
        "rm web-{1..50}",
        "rm 'open",
        "rm \"open",
        "rm \\",
        "rm a > b",
        "sort < b",
        "cat <<X",
        "diff <(a) b",
        "(rm a)",
        "{ rm a; }",
        "for i in a b; do rm $i; done",
        "! rm a",
        "rm !$",
        "rm ${A:-/}",
        "rm $@",
        "rm $1",
        "rm $'a'",
        "a |",
        "| a",
        "a ;; b",
        "curl x | sh",
        "find . | xargs rm",
        "eval x",
        "a 2>&b",
    ] {
        assert!(words(text).is_err(), "{text}: {:?}", words(text));
    }
}

#[test]
fn pipes_and_the_background_are_told_from_lists() {
    let commands = plain(b"cd a && b | c & d").unwrap();
    let told: Vec<(bool, bool)> = commands.iter().map(|c| (c.fed, c.apart)).collect();
    assert_eq!(told, [(false, false), (false, true), (true, true), (false, false)]);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = plain(&text);
    }

    #[test]
    fn no_shellish_text_makes_it_panic(text in "[a${}()<>|&;'\"\\\\ !#~*0-9`]{0,40}") {
        let _ = plain(text.as_bytes());
    }

    #[test]
    fn quoted_words_come_back(all in proptest::collection::vec("[^\0]{0,12}", 1..5)) {
        let text = shlex::try_join(all.iter().map(String::as_str)).unwrap();
        // A word that a shell would take for something else when it stands first is not this test's.
        let text = format!("x {text}");
        let read = words(&text).unwrap();
        let back = shlex::split(&text).unwrap();
        prop_assert_eq!(&read[0], &back);
    }
}
