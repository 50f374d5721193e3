//! One line of input: shell text, or JSON `{argv, cwd, env, terminal}`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use serde::Deserialize;

/// A line as it was said.
#[derive(Debug)]
pub struct Line {
    /// The command, or why there is none.
    pub said: Result<Said, String>,
    /// The text, for the answer to a line that can't be read.
    text: OsString,
    /// The folder it would start in.
    pub cwd: Option<PathBuf>,
    /// Variables over those of this process; one without a value is unset.
    pub env: Vec<(OsString, Option<OsString>)>,
    /// True where a person could be asked.
    pub terminal: bool,
}

/// What a line holds.
#[derive(Debug)]
pub enum Said {
    /// Words.
    Words(Vec<OsString>),
    /// Shell text.
    Shell(Vec<u8>),
}

#[derive(Debug, Deserialize)]
struct Json {
    argv: Vec<String>,
    #[serde(default)]
    cwd: Option<String>,
    #[serde(default)]
    env: BTreeMap<String, Option<String>>,
    #[serde(default)]
    terminal: Option<bool>,
}

impl Line {
    /// Reads a line; whatever it is, something comes of it.
    pub fn read(text: &[u8]) -> Self {
        let mut line = Self {
            said: Err("no command is given".into()),
            text: OsStr::from_bytes(text).to_owned(),
            cwd: None,
            env: Vec::new(),
            terminal: true,
        };
        if text == b"\0" {
            line.said = Err("the line is longer than any command line".into());
            line.text = OsString::new();
        } else if text.contains(&0) {
            line.said = Err("a word holds a NUL byte, which no command line can".into());
        } else if is_json(text) {
            line.said = line.json(text);
        } else if !text.trim_ascii().is_empty() {
            line.said = Ok(Said::Shell(text.to_owned()));
        }
        line
    }

    fn json(&mut self, text: &[u8]) -> Result<Said, String> {
        let json: Json = serde_json::from_slice(text)
            .map_err(|fault| format!("the line is no JSON object with argv, cwd, env, terminal: {fault}"))?;
        let all = json.argv.iter().chain(&json.cwd).chain(json.env.keys()).chain(json.env.values().flatten());
        if all.into_iter().any(|word| word.contains('\0')) {
            return Err("a word holds a NUL byte, which no command line can".into());
        }
        if let Some(name) = json.env.keys().find(|name| name.is_empty() || name.contains('=')) {
            return Err(format!("'{}' is no name of a variable", crate::ui::escape(name)));
        }
        self.cwd = json.cwd.map(PathBuf::from);
        if self.cwd.as_ref().is_some_and(|cwd| !cwd.is_absolute()) {
            self.cwd = None;
            return Err("cwd is no absolute path".into());
        }
        let os = OsString::from;
        self.env = json.env.into_iter().map(|(name, value)| (os(name), value.map(os))).collect();
        self.terminal = json.terminal.unwrap_or(true);
        if json.argv.is_empty() {
            return Err("no command is given".into());
        }
        Ok(Said::Words(json.argv.into_iter().map(OsString::from).collect()))
    }

    /// The words to show where the line can't be read: the line itself.
    pub fn words(&self) -> Vec<OsString> {
        match &self.said {
            Ok(Said::Words(argv)) => argv.clone(),
            _ if self.text.is_empty() => Vec::new(),
            _ => vec![self.text.clone()],
        }
    }
}

/// A shell's `{ …; }` needs a blank after the brace, and no name of a program starts with a quote.
fn is_json(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let rest = text.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    rest.is_some_and(|rest| rest.is_empty() || matches!(rest[0], b'"' | b'}'))
}
