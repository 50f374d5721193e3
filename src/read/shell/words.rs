//! Words of shell text: quotes, variables, substitutions. One pass, each byte once.

use std::rc::Rc;

use super::Unread;
use super::reader::{Reader, Stop};
use super::script::{Bit, Bits, Script, With};

/// Bytes that end a word without quotes.
pub const ENDS: &[u8] = b" \t\r\n;&|<>()";

impl Reader<'_> {
    /// Reads a word; `None` where none begins here.
    pub fn word(&mut self) -> Result<Option<Bits>, Unread> {
        let mut bits = Bits::new();
        let mut any = false;
        while let Some(byte) = self.peek() {
            match byte {
                b'<' | b'>' if self.peek_at(1) == Some(b'(') => {
                    self.at += 2;
                    bits.push(Bit::Pipe(self.enclosed()?));
                }
                // `?(…)`: a pattern of patterns.
                b'(' if matches!(self.before(&bits), Some(b'?' | b'*' | b'+' | b'@' | b'!')) => {
                    let inside = self.parentheses(false)?;
                    bits.push(Bit::Computed(inside));
                }
                byte if ENDS.contains(&byte) => break,
                _ => self.bit(&mut bits, false)?,
            }
            any = true;
        }
        Ok(any.then_some(bits))
    }

    fn before(&self, bits: &Bits) -> Option<u8> {
        matches!(bits.last(), Some(Bit::Bare(_))).then(|| self.text.get(self.at.wrapping_sub(1)).copied())?
    }

    /// Reads one bit without quotes, or within `${…}` (where blanks are text).
    fn bit(&mut self, bits: &mut Bits, within: bool) -> Result<(), Unread> {
        let Some(byte) = self.next() else { return Ok(()) };
        match byte {
            b'\'' => self.single(bits),
            b'"' => self.double(bits),
            b'\\' => {
                let escaped = self.next().ok_or(Unread("ends within an escape"))?;
                if escaped != b'\n' {
                    push(bits, Bit::Quoted(vec![escaped]));
                }
                Ok(())
            }
            b'$' => self.dollar(bits, false),
            b'`' => self.backquoted(bits, false),
            byte if within => {
                push(bits, Bit::Quoted(vec![byte]));
                Ok(())
            }
            byte => {
                push(bits, Bit::Bare(vec![byte]));
                Ok(())
            }
        }
    }

    fn single(&mut self, bits: &mut Bits) -> Result<(), Unread> {
        let rest = &self.text[self.at..];
        let end = rest.iter().position(|b| *b == b'\'').ok_or(Unread("has an open quote"))?;
        push(bits, Bit::Quoted(rest[..end].to_vec()));
        self.at += end + 1;
        Ok(())
    }

    fn double(&mut self, bits: &mut Bits) -> Result<(), Unread> {
        push(bits, Bit::Quoted(Vec::new()));
        loop {
            match self.peek().ok_or(Unread("has an open quote"))? {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => self.quoted_bit(bits, b"$`\"\\")?,
            }
        }
    }

    /// Reads one bit as double quotes and here-documents hold it; a backslash escapes `escapable`.
    fn quoted_bit(&mut self, bits: &mut Bits, escapable: &[u8]) -> Result<(), Unread> {
        let Some(byte) = self.next() else { return Ok(()) };
        match byte {
            b'$' => self.dollar(bits, true),
            b'`' => self.backquoted(bits, true),
            b'\\' => {
                match self.peek() {
                    Some(b'\n') => self.at += 1,
                    Some(next) if escapable.contains(&next) => {
                        self.at += 1;
                        push(bits, Bit::Quoted(vec![next]));
                    }
                    _ => push(bits, Bit::Quoted(vec![byte])),
                }
                Ok(())
            }
            byte => {
                push(bits, Bit::Quoted(vec![byte]));
                Ok(())
            }
        }
    }

    /// The bits of a here-document whose end mark has no quotes.
    pub fn document(&mut self) -> Result<Bits, Unread> {
        let mut bits = Bits::new();
        while self.peek().is_some() {
            self.quoted_bit(&mut bits, b"$`\\")?;
        }
        Ok(bits)
    }

    /// What follows a `$`.
    fn dollar(&mut self, bits: &mut Bits, quoted: bool) -> Result<(), Unread> {
        let plain = |name: &[u8]| Bit::Variable {
            name: String::from_utf8_lossy(name).into_owned(),
            with: With::Itself,
            quoted,
        };
        match self.peek() {
            Some(b'(') if self.peek_at(1) == Some(b'(') => {
                let inside = self.parentheses(true)?;
                bits.push(Bit::Computed(inside));
            }
            Some(b'(') => {
                self.at += 1;
                bits.push(Bit::Printed(self.enclosed()?));
            }
            Some(b'{') => {
                self.at += 1;
                let bit = self.deeper(|reader| reader.braced(quoted))?;
                bits.push(bit);
            }
            Some(b'\'') if !quoted => {
                self.at += 1;
                let text = self.ansi()?;
                push(bits, Bit::Quoted(text));
            }
            Some(b'"') if !quoted => {
                self.at += 1;
                self.double(bits)?;
            }
            Some(b'[') => return Err(Unread("holds arithmetic of an old form")),
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                let name = self.name();
                bits.push(plain(name));
            }
            Some(byte) if byte.is_ascii_digit() || b"@*#?$!-".contains(&byte) => {
                self.at += 1;
                bits.push(plain(&[byte]));
            }
            _ => push(bits, Bit::Quoted(b"$".to_vec())),
        }
        Ok(())
    }

    /// A name of a variable; empty where none stands here.
    pub fn name(&mut self) -> &[u8] {
        let rest = &self.text[self.at..];
        let long = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        self.at += long;
        &rest[..long]
    }

    /// `NAME…}`: the inside of `${…}`.
    fn braced(&mut self, quoted: bool) -> Result<Bit, Unread> {
        let mut more = false;
        if matches!(self.peek(), Some(b'#' | b'!')) && self.peek_at(1) != Some(b'}') {
            more = true;
            self.at += 1;
        }
        let mut name = String::from_utf8_lossy(self.name()).into_owned();
        if name.is_empty() {
            let sign =
                self.next().filter(|b| b"@*#?$!-".contains(b)).ok_or(Unread("has an odd expansion"))?;
            name = char::from(sign).to_string();
        }
        let all = [&b"[@]"[..], b"[*]"].iter().any(|all| self.text[self.at..].starts_with(all));
        if all {
            self.at += 3;
        }
        let (front, what) = match (self.peek(), self.peek_at(1)) {
            (Some(b':'), Some(what @ (b'-' | b'=' | b'?' | b'+'))) => (2, what),
            (Some(what @ (b'-' | b'=' | b'?')), _) => (1, what),
            (Some(what @ (b'#' | b'%')), Some(again)) if what == again => (2, what),
            (Some(what @ (b'#' | b'%')), _) => (1, what),
            (Some(b'}'), _) => (0, b'}'),
            _ => (0, 0),
        };
        self.at += front;
        let inside = self.up_to_brace(quoted)?;
        let with = match what {
            _ if more || all && what != b'}' => With::More(inside),
            b'}' if all => With::All,
            b'}' => With::Itself,
            b'-' | b'=' => With::Or(inside),
            b'?' => With::Must(inside),
            b'#' | b'%' => With::Cut { end: what == b'%', longest: front == 2, what: inside },
            _ => With::More(inside),
        };
        Ok(Bit::Variable { name, with, quoted })
    }

    fn up_to_brace(&mut self, quoted: bool) -> Result<Bits, Unread> {
        let mut bits = Bits::new();
        loop {
            match self.peek().ok_or(Unread("has an open brace"))? {
                b'}' => {
                    self.at += 1;
                    return Ok(bits);
                }
                b'\'' if quoted => {
                    self.at += 1;
                    push(&mut bits, Bit::Quoted(b"'".to_vec()));
                }
                _ => self.bit(&mut bits, true)?,
            }
        }
    }

    /// Commands up to a `)`.
    fn enclosed(&mut self) -> Result<Rc<Script>, Unread> {
        let script = self.deeper(|reader| reader.script(Stop::Parenthesis))?;
        self.expect(b')')?;
        Ok(Rc::new(script))
    }

    /// A balanced pair of parentheses from here, with the words in it; of `double` ones both must
    /// close together.
    pub fn parentheses(&mut self, double: bool) -> Result<Bits, Unread> {
        self.deeper(|reader| {
            let mut open = 0_u32;
            let mut bits = Bits::new();
            loop {
                match reader.peek().ok_or(Unread("has an open parenthesis"))? {
                    b'(' => open += 1,
                    b')' if double && open == 2 => {
                        reader.at += 1;
                        // `((a); b)` would be commands.
                        reader.expect(b')')?;
                        return Ok(bits);
                    }
                    b')' => open -= 1,
                    _ => {
                        reader.bit(&mut bits, true)?;
                        continue;
                    }
                }
                reader.at += 1;
                if open == 0 {
                    return Ok(bits);
                }
            }
        })
    }

    fn backquoted(&mut self, bits: &mut Bits, quoted: bool) -> Result<(), Unread> {
        let mut text = Vec::new();
        loop {
            match self.next().ok_or(Unread("has an open backquote"))? {
                b'`' => break,
                b'\\' => match self.peek() {
                    Some(next) if b"$`\\".contains(&next) || quoted && next == b'"' => {
                        self.at += 1;
                        text.push(next);
                    }
                    _ => text.push(b'\\'),
                },
                byte => text.push(byte),
            }
        }
        let script = self.deeper(|reader| Reader::new(&text, reader.depth).whole())?;
        bits.push(Bit::Printed(Rc::new(script)));
        Ok(())
    }

    /// The text of `$'…'`.
    fn ansi(&mut self) -> Result<Vec<u8>, Unread> {
        let mut text = Vec::new();
        loop {
            match self.next().ok_or(Unread("has an open quote"))? {
                b'\'' => return Ok(text),
                b'\\' => self.escape(&mut text)?,
                byte => text.push(byte),
            }
        }
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), Unread> {
        let letter = self.next().ok_or(Unread("has an open quote"))?;
        let byte = match letter {
            b'a' => 7,
            b'b' => 8,
            b'e' | b'E' => 27,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'\\' | b'\'' | b'"' | b'?' => letter,
            b'0'..=b'7' => {
                self.at -= 1;
                (self.digits(8, 3) & 0xff) as u8
            }
            b'x' => (self.digits(16, 2) & 0xff) as u8,
            b'u' | b'U' => {
                let code = self.digits(16, if letter == b'u' { 4 } else { 8 });
                let letter = char::from_u32(code).ok_or(Unread("has an odd escape"))?;
                text.extend(letter.to_string().bytes());
                return Ok(());
            }
            b'c' => self.next().ok_or(Unread("has an open quote"))? & 0x1f,
            other => {
                text.extend([b'\\', other]);
                return Ok(());
            }
        };
        text.push(byte);
        Ok(())
    }

    fn digits(&mut self, base: u32, most: usize) -> u32 {
        let mut value = 0_u32;
        for _ in 0..most {
            let Some(digit) = self.peek().and_then(|b| char::from(b).to_digit(base)) else { break };
            value = value.wrapping_mul(base).wrapping_add(digit);
            self.at += 1;
        }
        value
    }
}

/// Adds a bit; neighbours of the same kind grow together.
pub fn push(bits: &mut Bits, bit: Bit) {
    match (bits.last_mut(), bit) {
        (Some(Bit::Bare(text)), Bit::Bare(more)) | (Some(Bit::Quoted(text)), Bit::Quoted(more)) => {
            text.extend(more);
        }
        (_, bit) => bits.push(bit),
    }
}
