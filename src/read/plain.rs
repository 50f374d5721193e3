//! Shell text that is plain: words, quotes, variables, and lists of commands.
//!
//! What this does not follow (substitutions, redirections, compound commands) comes back as
//! [`NotPlain`] with a sentence: the scope of such a line is unknown, never small.

/// A command of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plain {
    /// Its words, none of them without a bit.
    pub words: Vec<Vec<Bit>>,
    /// True where it reads the output of the command before it.
    pub fed: bool,
    /// True where it runs only when the one before it failed.
    pub otherwise: bool,
    /// True where it runs in a process of its own (a pipeline, the background).
    pub apart: bool,
}

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bit {
    /// Quoted text.
    Quoted(Vec<u8>),
    /// Text without quotes: `*`, `?` and `[` make patterns of it, a leading `~` is a home folder.
    Bare(Vec<u8>),
    /// `$NAME`, within double quotes or not.
    Variable {
        /// Its name.
        name: String,
        /// True within double quotes.
        quoted: bool,
    },
}

/// Why a text is not plain; follows "the shell text".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the shell text {0}, which this build of guard does not follow")]
pub struct NotPlain(pub &'static str);

/// Words that begin something other than a plain command.
const RESERVED: [&str; 24] = [
    "!", "{", "}", "[[", "if", "then", "elif", "else", "fi", "for", "while", "until", "do", "done", "case",
    "esac", "select", "function", "coproc", "eval", "source", ".", "exec", "alias",
];

/// Commands that run what they read.
const FED: [&str; 10] = ["sh", "bash", "dash", "zsh", "ksh", "fish", "xargs", "parallel", "sudo", "ssh"];

/// Splits shell text into commands.
///
/// # Errors
/// [`NotPlain`] where the text is more than words, quotes, variables and lists.
pub fn plain(text: &[u8]) -> Result<Vec<Plain>, NotPlain> {
    let mut reader = Reader { text, at: 0, done: Vec::new(), command: Plain::default(), word: None };
    reader.read()?;
    reader.done.iter().try_for_each(check)?;
    Ok(reader.done)
}

/// Refuses words that make more of a command than its words say.
fn check(command: &Plain) -> Result<(), NotPlain> {
    for word in &command.words {
        if has_braces(word) {
            return Err(NotPlain("has braces to expand"));
        }
        if let Some(Bit::Bare(text)) = word.first()
            && text[0] == b'!'
            && (text.len() > 1 || word.len() > 1)
            && text.get(1) != Some(&b'=')
        {
            return Err(NotPlain("refers to an earlier command"));
        }
    }
    let Some([Bit::Bare(first)]) = command.words.first().map(Vec::as_slice) else { return Ok(()) };
    let is_first = |word: &&str| word.as_bytes() == first.as_slice();
    if RESERVED.iter().any(is_first) {
        return Err(NotPlain("has more than plain commands"));
    }
    if command.fed && FED.iter().any(is_first) {
        return Err(NotPlain("runs what a pipe brings"));
    }
    Ok(())
}

/// `{a,b}` and `{1..9}` without quotes; `{}` and `HEAD@{1}` stay as they are.
fn has_braces(word: &[Bit]) -> bool {
    let bare = word.iter().flat_map(|bit| match bit {
        Bit::Bare(text) => text.as_slice(),
        Bit::Quoted(_) | Bit::Variable { .. } => b"x",
    });
    let bare: Vec<u8> = bare.copied().collect();
    let Some(open) = bare.iter().position(|b| *b == b'{') else { return false };
    let inside = &bare[open + 1..];
    inside.contains(&b'}') && (inside.contains(&b',') || inside.windows(2).any(|two| two == b".."))
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    done: Vec<Plain>,
    command: Plain,
    word: Option<Vec<Bit>>,
}

impl Reader<'_> {
    fn read(&mut self) -> Result<(), NotPlain> {
        while let Some(byte) = self.next() {
            match byte {
                b' ' | b'\t' | b'\r' => self.end_word(),
                b'#' if self.word.is_none() => break,
                b'\'' => self.single()?,
                b'"' => self.double()?,
                b'\\' => {
                    let escaped = self.next().ok_or(NotPlain("ends within an escape"))?;
                    self.push(Bit::Quoted(vec![escaped]));
                }
                b'$' => self.variable(false)?,
                b'`' => return Err(NotPlain("holds a command substitution")),
                b'(' | b')' => return Err(NotPlain("has parentheses")),
                b'<' => return Err(NotPlain("redirects input")),
                b'>' => self.redirection()?,
                b';' | b'&' | b'|' | b'\n' => self.separator(byte)?,
                byte => self.push(Bit::Bare(vec![byte])),
            }
        }
        self.end_word();
        if !self.command.words.is_empty() {
            self.end_command();
        } else if self.command.fed {
            return Err(NotPlain("ends with a pipe"));
        }
        Ok(())
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.text.get(self.at).copied();
        self.at += usize::from(byte.is_some());
        byte
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Adds to the current word; neighbours of the same kind grow together.
    fn push(&mut self, bit: Bit) {
        let word = self.word.get_or_insert_default();
        match (word.last_mut(), bit) {
            (Some(Bit::Bare(text)), Bit::Bare(more)) | (Some(Bit::Quoted(text)), Bit::Quoted(more)) => {
                text.extend(more);
            }
            (_, bit) => word.push(bit),
        }
    }

    fn end_word(&mut self) {
        self.command.words.extend(self.word.take());
    }

    fn end_command(&mut self) {
        self.done.push(std::mem::take(&mut self.command));
    }

    fn single(&mut self) -> Result<(), NotPlain> {
        let rest = &self.text[self.at..];
        let end = rest.iter().position(|b| *b == b'\'').ok_or(NotPlain("has an open quote"))?;
        self.push(Bit::Quoted(rest[..end].to_vec()));
        self.at += end + 1;
        Ok(())
    }

    fn double(&mut self) -> Result<(), NotPlain> {
        self.push(Bit::Quoted(Vec::new()));
        loop {
            match self.next().ok_or(NotPlain("has an open quote"))? {
                b'"' => return Ok(()),
                b'$' => self.variable(true)?,
                b'`' => return Err(NotPlain("holds a command substitution")),
                b'\\' if matches!(self.peek(), Some(b'$' | b'`' | b'"' | b'\\')) => {
                    let escaped = self.next().unwrap_or(b'\\');
                    self.push(Bit::Quoted(vec![escaped]));
                }
                byte => self.push(Bit::Quoted(vec![byte])),
            }
        }
    }

    /// `$NAME` and `${NAME}`; a `$` before anything else that means nothing stays one.
    fn variable(&mut self, quoted: bool) -> Result<(), NotPlain> {
        let braced = self.peek() == Some(b'{');
        let start = self.at + usize::from(braced);
        let rest = self.text.get(start..).unwrap_or_default();
        let long = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let name = &rest[..long];
        if long == 0 || name[0].is_ascii_digit() {
            return match self.peek() {
                None | Some(b' ' | b'\t' | b'/' | b'.' | b',' | b':' | b'=' | b'%') => {
                    self.push(Bit::Quoted(b"$".to_vec()));
                    Ok(())
                }
                Some(b'"') if quoted => {
                    self.push(Bit::Quoted(b"$".to_vec()));
                    Ok(())
                }
                Some(b'(') => Err(NotPlain("holds a command substitution")),
                Some(_) => Err(NotPlain("holds an expansion")),
            };
        }
        self.at = start + long;
        if braced && self.next() != Some(b'}') {
            return Err(NotPlain("holds an expansion"));
        }
        self.push(Bit::Variable { name: String::from_utf8_lossy(name).into_owned(), quoted });
        Ok(())
    }

    /// What goes to nowhere or to another open stream hits nothing; a file would be emptied.
    fn redirection(&mut self) -> Result<(), NotPlain> {
        // `2>`: the number is no word of the command.
        if let Some([Bit::Bare(number)]) = self.word.as_deref() {
            if number.iter().all(u8::is_ascii_digit) {
                self.word = None;
            } else {
                self.end_word();
            }
        } else {
            self.end_word();
        }
        if self.peek() == Some(b'>') {
            self.at += 1;
        }
        let rest = &self.text[self.at..];
        let blanks = rest.iter().take_while(|b| **b == b' ').count();
        let rest = &rest[blanks..];
        let long = rest.iter().take_while(|b| !b" \t\r\n;|<>()".contains(b)).count();
        let (target, duplicated) = match rest[..long].strip_prefix(b"&") {
            Some(stream) => (stream, true),
            None => (&rest[..long], false),
        };
        let stream = |t: &[u8]| !t.is_empty() && t.iter().all(|b| b.is_ascii_digit() || *b == b'-');
        if if duplicated { stream(target) } else { target == b"/dev/null" } {
            self.at += blanks + long;
            return Ok(());
        }
        Err(NotPlain("redirects output to a file"))
    }

    fn separator(&mut self, byte: u8) -> Result<(), NotPlain> {
        if byte == b'&' && self.peek() == Some(b'>') {
            self.at += 1;
            self.end_word();
            return self.redirection();
        }
        self.end_word();
        if self.command.words.is_empty() {
            // A lone newline or `;` at the end of nothing is what a person means by nothing.
            return if byte == b'\n' { Ok(()) } else { Err(NotPlain("has a separator without a command")) };
        }
        let double = self.peek() == Some(byte) && byte != b'\n';
        let piped = byte == b'|' && !double;
        if double {
            if byte == b';' {
                return Err(NotPlain("has more than plain commands"));
            }
            self.at += 1;
        } else if piped && self.peek() == Some(b'&') {
            self.at += 1;
        }
        let background = byte == b'&' && !double;
        self.command.apart |= piped || background;
        self.end_command();
        self.command.fed = piped;
        self.command.apart = piped;
        self.command.otherwise = byte == b'|' && double;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
