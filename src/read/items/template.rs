//! The command that GNU parallel is given, and the shell text it makes of it for some items.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// What stands for an item where nothing else is said.
const MARK: &[u8] = b"{}";

/// Which part of an item is put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    /// `{.}`
    NoExtension,
    /// `{/}`
    Name,
    /// `{//}`
    Folder,
    /// `{/.}`
    NameNoExtension,
}

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Bit {
    Text(Vec<u8>),
    /// A part of all items, or of the one at a position; below zero from the end.
    Item(Option<i32>, Part),
    /// The number of the command.
    Number,
}

/// A command with places for items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    words: Vec<Vec<Bit>>,
    /// Items stand in it as they are: they are (a part of) the program.
    raw: bool,
    /// Its own words are quoted.
    quoted: bool,
    /// Items follow the words, which name no place for them.
    pub appended: bool,
}

impl Template {
    /// Reads the words of a command; `mark` is what `-I` says, `quoted` whether `-q` is given.
    ///
    /// # Errors
    /// Where they hold what is not followed.
    pub fn of(words: &[&OsStr], mark: Option<&[u8]>, quoted: bool) -> Result<Self, String> {
        let mut read = Vec::new();
        for word in words {
            read.push(bits(word.as_bytes(), mark)?);
        }
        let appended = !read.iter().flatten().any(|bit| !matches!(bit, Bit::Text(_)));
        if appended {
            read.push(vec![Bit::Item(None, Part::Whole)]);
        }
        // In front of the first blank or `=`; what is assigned there is quoted.
        let mut first = read.first().into_iter().flatten();
        let raw = loop {
            match first.next() {
                Some(Bit::Text(text)) if text.iter().any(|b| b" \t\n=".contains(b)) => break false,
                Some(Bit::Text(_)) => {}
                Some(_) => break true,
                None => break false,
            }
        };
        Ok(Self { words: read, raw, quoted, appended })
    }

    /// True where each item's place is a word of its own.
    pub fn apart(&self) -> bool {
        self.words.iter().all(|word| word.len() == 1 || word.iter().all(|bit| matches!(bit, Bit::Text(_))))
    }

    /// The text for some items.
    ///
    /// # Errors
    /// Where parallel itself may read an item otherwise.
    pub fn text(&self, items: &[OsString], number: usize) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        for (at, word) in self.words.iter().enumerate() {
            if at > 0 {
                out.push(b' ');
            }
            let start = out.len();
            for bit in word {
                self.put(bit, items, number, &mut out)?;
            }
            if self.quoted {
                let own = quote(&out[start..]);
                out.splice(start.., own);
            }
        }
        Ok(out)
    }

    fn put(&self, bit: &Bit, items: &[OsString], number: usize, out: &mut Vec<u8>) -> Result<(), String> {
        let (at, part) = match bit {
            Bit::Text(text) => {
                return {
                    out.extend_from_slice(text);
                    Ok(())
                };
            }
            Bit::Number => {
                return {
                    out.extend(number.to_string().bytes());
                    Ok(())
                };
            }
            Bit::Item(at, part) => (at, *part),
        };
        let put = match at {
            None => items,
            Some(at) => {
                let from_end = items.len().checked_sub(at.unsigned_abs() as usize);
                let index = match usize::try_from(*at) {
                    Ok(at) => at.saturating_sub(1),
                    // In front of the first, parallel counts from the end again.
                    Err(_) => from_end.ok_or("a position is in front of the first item")?,
                };
                items.get(index).map_or(&[][..], std::slice::from_ref)
            }
        };
        for (nth, item) in put.iter().enumerate() {
            if nth > 0 {
                out.push(b' ');
            }
            let item = taken(item.as_bytes(), part)?;
            if self.raw || self.quoted { out.extend_from_slice(item) } else { out.extend(quote(item)) }
        }
        Ok(())
    }

    /// The text with `{}` in each place of an item; `None` where an item could be more than (a part
    /// of) one word of it.
    pub fn marked(&self) -> Option<Vec<u8>> {
        if self.raw {
            return None;
        }
        let mut out = Vec::new();
        let mut marks = Vec::new();
        for (at, word) in self.words.iter().enumerate() {
            if at > 0 {
                out.push(b' ');
            }
            let start = out.len();
            for bit in word {
                match bit {
                    Bit::Text(text) => out.extend_from_slice(text),
                    Bit::Number => out.push(b'1'),
                    Bit::Item(..) => {
                        marks.push(out.len());
                        out.extend_from_slice(MARK);
                    }
                }
            }
            if self.quoted {
                let own = quote(&out[start..]);
                out.splice(start.., own);
            }
        }
        let bare = self.quoted || is_bare(&out, &marks);
        bare.then_some(out)
    }
}

/// Tells whether every mark stands outside of quotes, in a text that quotes in no other way and runs
/// none of its own words as text.
fn is_bare(text: &[u8], marks: &[usize]) -> bool {
    let has = |part: &[u8]| text.windows(part.len()).any(|window| window == part);
    let odd: [&[u8]; 9] = [b"\\", b"`", b"<<", b"${", b"$'", b"$\"", b"eval", b"trap", b"alias"];
    if odd.iter().any(|part| has(part)) {
        return false;
    }
    let mut within = None;
    for (at, byte) in text.iter().enumerate() {
        if within.is_some() && marks.contains(&at) {
            return false;
        }
        match within {
            Some(quote) if quote == *byte => within = None,
            None if matches!(byte, b'\'' | b'"') => within = Some(*byte),
            _ => {}
        }
    }
    true
}

/// Cuts a word at its places for items.
fn bits(word: &[u8], mark: Option<&[u8]>) -> Result<Vec<Bit>, String> {
    let mark = mark.unwrap_or(MARK);
    let odd =
        |why: &str| Err(format!("{} is not followed: {why}", crate::ui::escape(OsStr::from_bytes(word))));
    if word.windows(2).any(|pair| pair == b"{=") {
        return odd("it holds an expression");
    }
    // The byte that parallel itself marks places with.
    if word.contains(&0xaf) || word.is_empty() {
        return odd("it is read in a way of its own");
    }
    let named: [(&[u8], Part); 4] = [
        (b"{//}", Part::Folder),
        (b"{/.}", Part::NameNoExtension),
        (b"{/}", Part::Name),
        (b"{.}", Part::NoExtension),
    ];
    let (mut bits, mut text) = (Vec::new(), Vec::new());
    let mut rest = word;
    while let Some(first) = rest.first() {
        let found = named.iter().find(|(name, _)| rest.starts_with(name));
        let (bit, long) = if let Some((name, part)) = found {
            (Bit::Item(None, *part), name.len())
        } else if rest.starts_with(b"{#}") {
            (Bit::Number, 3)
        } else if rest.starts_with(b"{%}") {
            return odd("which command gets which slot is not known");
        } else if rest.starts_with(mark) {
            (Bit::Item(None, Part::Whole), mark.len())
        } else if *first == b'{' && rest.get(1).is_some_and(|b| b.is_ascii_digit() || *b == b'-') {
            if mark != MARK {
                return odd("positions beside -I");
            }
            match position(rest) {
                Some(found) => found,
                None => return odd("it names no position"),
            }
        } else {
            text.push(*first);
            rest = &rest[1..];
            continue;
        };
        if !text.is_empty() {
            bits.push(Bit::Text(std::mem::take(&mut text)));
        }
        bits.push(bit);
        rest = &rest[long..];
    }
    if !text.is_empty() {
        bits.push(Bit::Text(text));
    }
    Ok(bits)
}

/// `{2}`, `{-1/.}`: the place of one item, and how long it is.
fn position(text: &[u8]) -> Option<(Bit, usize)> {
    let end = text.iter().position(|b| *b == b'}')?;
    let inside = std::str::from_utf8(&text[1..end]).ok()?;
    let digits = inside.find(|c: char| !(c.is_ascii_digit() || c == '-')).unwrap_or(inside.len());
    let at: i32 = inside[..digits].parse().ok().filter(|at| *at != 0)?;
    let part = match &inside[digits..] {
        "" => Part::Whole,
        "." => Part::NoExtension,
        "/" => Part::Name,
        "//" => Part::Folder,
        "/." => Part::NameNoExtension,
        _ => return None,
    };
    Some((Bit::Item(Some(at), part), end + 1))
}

/// A part of an item, by the rules of parallel's own expressions.
fn taken(item: &[u8], part: Part) -> Result<&[u8], String> {
    if part != Part::Whole && item.contains(&b'\n') {
        return Err("an item holds a line end, and only a part of it is put in".into());
    }
    let name = |item: &'_ [u8]| item.iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
    let no_extension = |item: &[u8]| {
        let dot = item.iter().rposition(|b| matches!(b, b'.' | b'/')).filter(|at| item[*at] == b'.');
        dot.unwrap_or(item.len())
    };
    Ok(match part {
        Part::Whole => item,
        Part::NoExtension => &item[..no_extension(item)],
        Part::Name => &item[name(item)..],
        Part::NameNoExtension => {
            let base = &item[name(item)..];
            &base[..no_extension(base)]
        }
        Part::Folder => folder(item),
    })
}

/// What dirname prints: without the slashes at the end and the last name.
fn folder(path: &[u8]) -> &[u8] {
    let trimmed = |path: &[u8]| path.iter().rposition(|b| *b != b'/').map_or(0, |at| at + 1);
    let path_end = trimmed(path);
    let Some(slash) = path[..path_end].iter().rposition(|b| *b == b'/') else {
        return if path_end == 0 && !path.is_empty() { b"/" } else { b"." };
    };
    let end = trimmed(&path[..slash]);
    if end == 0 { b"/" } else { &path[..end] }
}

/// Quotes a word as parallel does for a shell of Bourne's kind.
fn quote(word: &[u8]) -> Vec<u8> {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-_.+/".contains(b);
    if word.is_empty() {
        return b"''".to_vec();
    }
    if word.iter().all(plain) {
        return word.to_vec();
    }
    let mut out = vec![b'\''];
    for byte in word {
        match byte {
            b'\'' => out.extend_from_slice(b"'\"'\"'"),
            _ => out.push(*byte),
        }
    }
    out.push(b'\'');
    let start = if out.starts_with(b"''") { 2 } else { 0 };
    let end = if out.len() >= start + 2 && out.ends_with(b"''") { out.len() - 2 } else { out.len() };
    out[start..end].to_vec()
}
