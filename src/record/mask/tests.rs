//! No secret passes.

use proptest::prelude::*;

use super::*;

fn named() -> Vec<OptionName> {
    ["--auth", "-k --key-phrase"].map(|name| OptionName::try_from(name.to_owned()).unwrap()).to_vec()
}

fn masked(words: &[&str]) -> Vec<String> {
    let argv: Vec<OsString> = words.iter().map(OsString::from).collect();
    mask(&argv, &named()).words.iter().map(|word| word.text().into_owned()).collect()
}

#[test]
fn masks_named_options() {
    assert_eq!(masked(&["t", "--auth", "S", "x"]), ["t", "--auth", "***", "x"]);
    assert_eq!(masked(&["t", "--auth=S", "--aut=S"]), ["t", "--auth=***", "--aut=***"]);
    assert_eq!(
        masked(&["t", "-k", "S", "-kS", "-vk", "S", "-k=S"]),
        ["t", "-k", "***", "-k***", "-vk", "***", "-k=***"]
    );
    assert_eq!(masked(&["t", "--key-ph", "S"]), ["t", "--key-ph", "***"]);
    assert_eq!(masked(&["sh", "-c", "t --auth 'a b' x; t -k S"]), ["sh", "-c", "t --auth *** x; t -k ***"]);
}

#[test]
fn masks_what_any_tool_would_call_secret() {
    assert_eq!(masked(&["t", "--password", "S", "--token=S"]), ["t", "--password", "***", "--token=***"]);
    assert_eq!(masked(&["env", "PGPASSWORD=a b", "MYSQL_PWD=S"]), ["env", "PGPASSWORD=***", "MYSQL_PWD=***"]);
    assert_eq!(
        masked(&["AWS_SECRET_ACCESS_KEY=a/b+c", "GH_TOKEN=x"]),
        ["AWS_SECRET_ACCESS_KEY=***", "GH_TOKEN=***"]
    );
    assert_eq!(masked(&["git", "push", "https://me:p@ss@host/x"]), ["git", "push", "https://me:***@host/x"]);
    assert_eq!(masked(&["-H", "Authorization: Basic aTpq"]), ["-H", "Authorization: ***"]);
    assert_eq!(
        masked(&["-d", r#"{"user":"u","password":"a \" b","n":1}"#]),
        ["-d", r#"{"user":"u","password":***,"n":1}"#]
    );
    assert_eq!(masked(&["AKIAABCDEFGHIJKLMNOP"]), ["***"]);
    assert_eq!(masked(&["x", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"]), ["x", "***"]);
    assert_eq!(masked(&["--set", "db.password=S"]), ["--set", "db.password=***"]);
}

#[test]
fn leaves_the_rest() {
    let words = [
        "kubectl",
        "delete",
        "secret",
        "web",
        "-n",
        "shop",
        "-l",
        "app=web",
        "--",
        "tokens",
        "https://host/x@y",
        "git@host:x",
        "--ask-pass",
        "compass=1",
        "-",
        "--",
        "",
    ];
    assert_eq!(masked(&words), words);
    let odd = OsString::from_vec(b"--x=\xff".to_vec());
    assert_eq!(mask(std::slice::from_ref(&odd), &named()).words[0].0, odd);
}

#[test]
fn says_which_words_changed() {
    let argv = ["t", "--auth", "S", "x", "-kS"].map(OsString::from);
    assert_eq!(mask(&argv, &named()).changed, [2, 4]);
}

/// Where a secret of any bytes may stand, the whole rest of a word or a word of its own.
const WHOLE: [&[&str]; 10] = [
    &["--password=@"],
    &["--db-password", "@"],
    &["PGPASSWORD=@"],
    &["--auth", "@"],
    &["--auth=@"],
    &["-k@"],
    &["-xk@"],
    &["--api-key", "@"],
    &["-k", "@"],
    &["client_secret=@"],
];

/// Where it holds no blanks and quotes.
const WITHIN: [&[&str]; 8] = [
    &["https://me:@@host/x"],
    &["redis://:@@host"],
    &["sh", "-c", "t --auth @ && t"],
    &["Authorization: Bearer @"],
    &["sh", "-c", "PASSWORD=@ t"],
    &[r#"{"token":"@"}"#],
    &["--set", "x=1,db.password=@"],
    &["X-Api-Key: @"],
];

fn carry(form: &[&str], secret: &[u8]) -> Vec<OsString> {
    form.iter()
        .map(|word| {
            let (front, back) = word.split_once('@').unwrap_or((word, ""));
            let secret = if word.contains('@') { secret } else { b"" };
            OsString::from_vec([front.as_bytes(), secret, back.as_bytes()].concat())
        })
        .collect()
}

fn leaks(argv: &[OsString], secret: &[u8]) -> bool {
    mask(argv, &named()).words.iter().any(|word| word.0.as_bytes().windows(secret.len()).any(|w| w == secret))
}

proptest! {
    #[test]
    fn a_whole_word_never_leaks(
        before in prop::collection::vec("[a-z./=-]{0,8}", 0..4),
        form in prop::sample::select(&WHOLE[..]),
        secret in prop::collection::vec(any::<u8>(), 6..20),
        after in prop::collection::vec("[a-z./=-]{0,8}", 0..4),
    ) {
        let argv: Vec<OsString> = before.into_iter().map(OsString::from)
            .chain(carry(form, &secret)).chain(after.into_iter().map(OsString::from)).collect();
        prop_assert!(!leaks(&argv, &secret), "{argv:?}");
    }

    #[test]
    fn a_part_of_a_word_never_leaks(
        form in prop::sample::select(&WITHIN[..]),
        secret in "[A-Za-z0-9+/=_.!@#%^*:~-]{6,20}",
    ) {
        let argv = carry(form, secret.as_bytes());
        prop_assert!(!leaks(&argv, secret.as_bytes()), "{argv:?} as {:?}", mask(&argv, &named()).words);
    }
}
