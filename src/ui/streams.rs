//! One owner of the streams: what guard prints goes through here.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use super::escape::{escape, visible};

/// Where guard writes: results to stdout, everything else to stderr.
#[derive(Debug, Default)]
pub struct Ui;

impl Ui {
    /// Prints a result.
    pub fn print(&mut self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        Self::line(&mut out, text)?;
        out.flush()
    }

    /// Writes a line of results to a stream of one's own keeping.
    pub fn line(out: &mut impl Write, text: &str) -> io::Result<()> {
        out.write_all(harmless(text).as_bytes())?;
        out.write_all(b"\n")
    }

    /// Returns true where a person sees both streams.
    pub fn is_seen() -> bool {
        io::stdout().is_terminal() && io::stderr().is_terminal()
    }

    /// The stream for results that are written piece by piece.
    pub fn out(&mut self) -> impl Write + use<> {
        io::stdout().lock()
    }

    /// The stream for what is said beside them.
    pub fn notes(&mut self) -> impl Write + use<> {
        io::stderr().lock()
    }

    /// Says something beside the result. A closed stderr is no reason to fail.
    pub fn complain(&mut self, text: &str) {
        let mut err = io::stderr().lock();
        let _ = err.write_all(harmless(text).as_bytes());
        let _ = err.write_all(b"\n");
    }
}

/// The text with what a terminal could obey written out. Names are escaped where they are put into
/// a sentence; this is for the one that was forgotten.
fn harmless(text: &str) -> Cow<'_, str> {
    let safe = |c: char| c == '\n' || visible(c);
    let plain = |b: u8| b == b'\n' || (b' '..=b'~').contains(&b);
    if text.bytes().all(plain) || text.chars().all(safe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if safe(c) { out.push(c) } else { out.push_str(&escape(c.encode_utf8(&mut [0; 4]))) }
    }
    Cow::Owned(out)
}
