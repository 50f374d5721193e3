//! Shell text to commands: lists, pipelines and blocks, in one pass that never goes back.
//!
//! Linear in the text, and bounded in depth, whatever the text is: a text that nests deeper or is
//! longer than a person writes comes back as [`Unread`].

use std::cell::OnceCell;
use std::rc::Rc;

use super::Unread;
use super::script::{
    Assigned, Assignment, Bit, Bits, Block, Form, Item, Joint, Pipeline, Redirection, Script,
};
use super::words::{ENDS, push};

/// The longest text that is read.
const LONGEST: usize = 1 << 20;

/// More than this many openers inside one another are not followed.
const DEEPEST: u32 = 100;

/// Where a list ends, besides the end of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// At the end of the text only.
    End,
    /// Before a `)`.
    Parenthesis,
    /// Before one of these words where a command could begin.
    Words(&'static [&'static str]),
    /// Before `;;` and its kin, and before `esac`.
    Branch,
}

/// A here-document that the next line begins.
struct Awaited {
    end: Vec<u8>,
    tabs: bool,
    quoted: bool,
    text: Rc<OnceCell<Bits>>,
}

/// Reads a text from its start to its end.
pub struct Reader<'t> {
    pub(super) text: &'t [u8],
    pub(super) at: usize,
    pub(super) depth: u32,
    awaited: Vec<Awaited>,
}

/// Reads a whole text.
pub fn script(text: &[u8]) -> Result<Script, Unread> {
    if text.len() > LONGEST {
        return Err(Unread("is longer than any that a person writes"));
    }
    Reader::new(text, 0).whole()
}

impl<'t> Reader<'t> {
    /// A reader that stands this deep in other texts already.
    pub fn new(text: &'t [u8], depth: u32) -> Self {
        Self { text, at: 0, depth, awaited: Vec::new() }
    }

    /// Reads all of it.
    pub fn whole(&mut self) -> Result<Script, Unread> {
        let script = self.script(Stop::End)?;
        if self.peek().is_some() {
            return Err(Unread("closes what it did not open"));
        }
        Ok(script)
    }

    /// Reads something that may hold its own kind.
    pub fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Unread>) -> Result<T, Unread> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Unread("nests deeper than can be followed"));
        }
        let done = read(self);
        self.depth -= 1;
        done
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    pub(super) fn next(&mut self) -> Option<u8> {
        let byte = self.peek();
        self.at += usize::from(byte.is_some());
        byte
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Unread> {
        if self.next() == Some(byte) { Ok(()) } else { Err(Unread("leaves something open")) }
    }

    fn takes(&mut self, text: &[u8]) -> bool {
        let found = self.text[self.at..].starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    /// Passes over blanks and a comment.
    fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\\') if self.peek_at(1) == Some(b'\n') => self.at += 2,
                Some(b'#') => {
                    let rest = &self.text[self.at..];
                    self.at += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
                }
                _ => return,
            }
        }
    }

    /// Passes over blanks and ends of lines, and takes the here-documents that begin there.
    fn lines(&mut self) -> Result<(), Unread> {
        self.blanks();
        while self.peek() == Some(b'\n') {
            self.at += 1;
            self.documents()?;
            self.blanks();
        }
        Ok(())
    }

    fn documents(&mut self) -> Result<(), Unread> {
        for awaited in std::mem::take(&mut self.awaited) {
            let mut body = Vec::new();
            while self.at < self.text.len() {
                let rest = &self.text[self.at..];
                let long = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |end| end + 1);
                self.at += long;
                let mut line = &rest[..long];
                if awaited.tabs {
                    line = &line[line.iter().take_while(|b| **b == b'\t').count()..];
                }
                if line.strip_suffix(b"\n").unwrap_or(line) == awaited.end {
                    break;
                }
                body.extend_from_slice(line);
            }
            let bits = if awaited.quoted {
                vec![Bit::Quoted(body)]
            } else {
                self.deeper(|reader| Reader::new(&body, reader.depth).document())?
            };
            let _ = awaited.text.set(bits);
        }
        Ok(())
    }

    /// The reserved word that stands here, if one does.
    fn reserved(&self) -> Option<&'static str> {
        const WORDS: [&str; 20] = [
            "{", "}", "[[", "if", "then", "elif", "else", "fi", "for", "while", "until", "do", "done",
            "case", "esac", "select", "function", "coproc", "!", "time",
        ];
        let rest = self.text.get(self.at..)?;
        WORDS.into_iter().find(|word| {
            rest.starts_with(word.as_bytes()) && rest.get(word.len()).is_none_or(|b| ENDS.contains(b))
        })
    }

    fn stands(&mut self, word: &str) -> Result<(), Unread> {
        self.lines()?;
        if self.reserved() != Some(word) {
            return Err(Unread("leaves something open"));
        }
        self.at += word.len();
        Ok(())
    }

    /// A list of commands up to where `stop` says.
    pub fn script(&mut self, stop: Stop) -> Result<Script, Unread> {
        let mut items = Vec::new();
        loop {
            self.lines()?;
            let ends = match (stop, self.peek()) {
                (_, None) => true,
                (_, Some(b')')) => stop == Stop::Parenthesis,
                (Stop::Words(words), _) => self.reserved().is_some_and(|word| words.contains(&word)),
                (Stop::Branch, Some(byte)) => byte == b';' || self.reserved() == Some("esac"),
                _ => false,
            };
            if ends {
                break;
            }
            items.push(self.item()?);
        }
        if self.peek().is_none() {
            self.documents()?;
        }
        Ok(Script(items))
    }

    fn item(&mut self) -> Result<Item, Unread> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            self.blanks();
            let joint = match (self.peek(), self.peek_at(1)) {
                (Some(b'&'), Some(b'&')) => Joint::And,
                (Some(b'|'), Some(b'|')) => Joint::Or,
                _ => break,
            };
            self.at += 2;
            self.lines()?;
            rest.push((joint, self.pipeline()?));
        }
        let background = self.peek() == Some(b'&');
        match (self.peek(), self.peek_at(1)) {
            (Some(b';'), Some(b';' | b'&')) => {}
            (Some(b'&' | b';'), _) => self.at += 1,
            _ => {}
        }
        Ok(Item { first, rest, background })
    }

    fn pipeline(&mut self) -> Result<Pipeline, Unread> {
        self.blanks();
        while let Some(word @ ("!" | "time")) = self.reserved() {
            self.at += word.len();
            self.blanks();
            if word == "time" && self.takes(b"-p ") {
                self.blanks();
            }
        }
        let mut pipeline = vec![self.block()?];
        loop {
            self.blanks();
            if self.peek() != Some(b'|') || self.peek_at(1) == Some(b'|') {
                return Ok(pipeline);
            }
            self.at += 1;
            self.takes(b"&");
            self.lines()?;
            pipeline.push(self.block()?);
        }
    }

    fn block(&mut self) -> Result<Block, Unread> {
        let form = match (self.reserved(), self.peek()) {
            (_, Some(b'(')) if self.peek_at(1) == Some(b'(') => Form::Test(vec![self.parentheses(true)?]),
            (_, Some(b'(')) => {
                self.at += 1;
                let script = self.deeper(|reader| reader.script(Stop::Parenthesis))?;
                self.expect(b')')?;
                Form::Subshell(script)
            }
            (Some("coproc"), _) => return Err(Unread("starts a coprocess")),
            (Some(word), _) => {
                self.at += word.len();
                self.deeper(|reader| reader.compound(word))?
            }
            (None, _) => return self.plain(),
        };
        let mut redirections = Vec::new();
        loop {
            self.blanks();
            if !self.redirection(&mut redirections)? {
                return Ok(Block { form, redirections });
            }
        }
    }

    fn compound(&mut self, word: &str) -> Result<Form, Unread> {
        match word {
            "{" => {
                let script = self.script(Stop::Words(&["}"]))?;
                self.stands("}")?;
                Ok(Form::Group(script))
            }
            "if" => self.branches(),
            "while" | "until" => {
                let condition = self.script(Stop::Words(&["do"]))?;
                Ok(Form::Loop(condition, self.body()?))
            }
            "for" | "select" => self.each(),
            "case" => self.case(),
            "[[" => self.test(),
            "function" => {
                self.blanks();
                let name = self.word()?.as_ref().and_then(literal).ok_or(Unread("has an odd function"))?;
                self.blanks();
                if self.takes(b"(") {
                    self.blanks();
                    self.expect(b')')?;
                }
                self.function(name)
            }
            _ => Err(Unread("closes what it did not open")),
        }
    }

    fn branches(&mut self) -> Result<Form, Unread> {
        let mut branches = Vec::new();
        loop {
            let condition = self.script(Stop::Words(&["then"]))?;
            self.stands("then")?;
            let then = self.script(Stop::Words(&["elif", "else", "fi"]))?;
            branches.push((condition, then));
            match self.reserved() {
                Some("elif") => self.at += 4,
                Some("else") => {
                    self.at += 4;
                    let other = self.script(Stop::Words(&["fi"]))?;
                    self.stands("fi")?;
                    return Ok(Form::If(branches, Some(other)));
                }
                _ => {
                    self.stands("fi")?;
                    return Ok(Form::If(branches, None));
                }
            }
        }
    }

    fn body(&mut self) -> Result<Script, Unread> {
        self.stands("do")?;
        let body = self.script(Stop::Words(&["done"]))?;
        self.stands("done")?;
        Ok(body)
    }

    fn each(&mut self) -> Result<Form, Unread> {
        self.blanks();
        if self.peek() == Some(b'(') {
            let counted = self.parentheses(true)?;
            self.semicolon()?;
            let condition = Block { form: Form::Test(vec![counted]), redirections: Vec::new() };
            let condition = Item { first: vec![condition], rest: Vec::new(), background: false };
            return Ok(Form::Loop(Script(vec![condition]), self.body()?));
        }
        let name = self.word()?.as_ref().and_then(literal).ok_or(Unread("has an odd loop"))?;
        self.lines()?;
        let mut words = None;
        if self.text[self.at..].starts_with(b"in") && self.peek_at(2).is_none_or(|b| ENDS.contains(&b)) {
            self.at += 2;
            self.blanks();
            let all: &mut Vec<Bits> = words.insert(Vec::new());
            while let Some(word) = self.word()? {
                all.push(word);
                self.blanks();
            }
        }
        self.semicolon()?;
        Ok(Form::For(name, words, self.body()?))
    }

    fn semicolon(&mut self) -> Result<(), Unread> {
        self.blanks();
        self.takes(b";");
        self.lines()
    }

    fn case(&mut self) -> Result<Form, Unread> {
        self.blanks();
        let subject = self.word()?.ok_or(Unread("has an odd case"))?;
        self.lines()?;
        if !self.takes(b"in") {
            return Err(Unread("has an odd case"));
        }
        let mut branches = Vec::new();
        loop {
            self.lines()?;
            if self.reserved() == Some("esac") {
                self.at += 4;
                return Ok(Form::Case(subject, branches));
            }
            self.takes(b"(");
            let mut patterns = Vec::new();
            loop {
                self.blanks();
                patterns.push(self.word()?.ok_or(Unread("has an odd case"))?);
                self.blanks();
                match self.next() {
                    Some(b'|') => {}
                    Some(b')') => break,
                    _ => return Err(Unread("has an odd case")),
                }
            }
            branches.push((patterns, self.script(Stop::Branch)?));
            if self.takes(b";") {
                let _ = self.takes(b";&") || self.takes(b";") || self.takes(b"&");
            }
        }
    }

    fn test(&mut self) -> Result<Form, Unread> {
        let mut words = Vec::new();
        loop {
            self.lines()?;
            if self.takes(b"]]") {
                return Ok(Form::Test(words));
            }
            match self.word()? {
                Some(word) => words.push(word),
                None => match self.next().ok_or(Unread("leaves something open"))? {
                    b'&' | b'|' | b'(' | b')' | b'<' | b'>' => {}
                    _ => return Err(Unread("has an odd test")),
                },
            }
        }
    }

    fn function(&mut self, name: String) -> Result<Form, Unread> {
        self.lines()?;
        let body = self.deeper(Self::block)?;
        Ok(Form::Function(name, Rc::new(body)))
    }

    /// Assignments, words and redirections, in whatever order; or a function.
    fn plain(&mut self) -> Result<Block, Unread> {
        let (mut assignments, mut words, mut redirections) = <(Vec<_>, Vec<Bits>, Vec<_>)>::default();
        loop {
            self.blanks();
            if self.redirection(&mut redirections)? {
                continue;
            }
            if self.peek() == Some(b'(') {
                let name = match words.as_slice() {
                    [word] if assignments.is_empty() => literal(word),
                    _ => None,
                };
                let name = name.ok_or(Unread("has parentheses where no command can stand"))?;
                self.at += 1;
                self.blanks();
                self.expect(b')')?;
                let form = self.deeper(|reader| reader.function(name))?;
                return Ok(Block { form, redirections });
            }
            if words.is_empty()
                && let Some(assignment) = self.assignment()?
            {
                assignments.push(assignment);
                continue;
            }
            let Some(mut word) = self.word()? else { break };
            refers_back(&word)?;
            // `declare -a x=(…)`
            if self.peek() == Some(b'(') && matches!(word.last(), Some(Bit::Bare(t)) if t.ends_with(b"=")) {
                word.push(Bit::Computed(self.list()?.concat()));
            }
            words.push(word);
        }
        if assignments.is_empty() && words.is_empty() && redirections.is_empty() {
            return Err(Unread("has an operator without a command"));
        }
        Ok(Block { form: Form::Plain { assignments, words }, redirections })
    }

    fn assignment(&mut self) -> Result<Option<Assignment>, Unread> {
        let start = self.at;
        let name = String::from_utf8_lossy(self.name()).into_owned();
        let mut more = Vec::new();
        let member =
            self.peek() == Some(b'[') && self.text[self.at..].windows(2).take(200).any(|w| w == b"]=");
        let begins = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit());
        if !begins || !(member || matches!(self.peek(), Some(b'=' | b'+'))) {
            self.at = start;
            return Ok(None);
        }
        let adds = member || self.peek() == Some(b'+');
        if member {
            while let Some(byte) = self.next().filter(|b| *b != b'=') {
                push(&mut more, Bit::Quoted(vec![byte]));
            }
        } else {
            self.takes(b"+");
            if !self.takes(b"=") {
                self.at = start;
                return Ok(None);
            }
        }
        if self.peek() == Some(b'(') {
            let list = self.list()?;
            let value = if adds { Assigned::More(list) } else { Assigned::List(list) };
            return Ok(Some(Assignment { name, value }));
        }
        let word = self.word()?.unwrap_or_default();
        let value = if adds { Assigned::More(vec![word]) } else { Assigned::Word(word) };
        Ok(Some(Assignment { name, value }))
    }

    /// `(word …)`
    fn list(&mut self) -> Result<Vec<Bits>, Unread> {
        self.deeper(|reader| {
            reader.expect(b'(')?;
            let mut words = Vec::new();
            loop {
                reader.lines()?;
                match reader.word()? {
                    Some(word) => words.push(word),
                    None => break,
                }
            }
            reader.expect(b')')?;
            Ok(words)
        })
    }

    /// Reads a redirection; false where none stands here.
    fn redirection(&mut self, into: &mut Vec<Redirection>) -> Result<bool, Unread> {
        let digits = self.text[self.at..].iter().take(6).take_while(|b| b.is_ascii_digit()).count();
        let both = self.peek() == Some(b'&') && self.peek_at(1) == Some(b'>');
        let start = self.at + if both { 1 } else { digits };
        let (Some(sign @ (b'<' | b'>')), second) = (self.text.get(start).copied(), self.text.get(start + 1))
        else {
            return Ok(false);
        };
        if second == Some(&b'(') && digits == 0 {
            return Ok(false);
        }
        self.at = start + 1;
        if sign == b'<' && self.takes(b"<") {
            return self.read_text(into).map(|()| true);
        }
        let appends = self.takes(b">");
        let duplicates = !appends && self.takes(b"&");
        self.takes(b"|");
        self.blanks();
        let word = self.word()?.ok_or(Unread("redirects to nothing"))?;
        let stream = literal(&word).is_some_and(|w| w.bytes().all(|b| b.is_ascii_digit() || b == b'-'));
        into.extend(match (sign, appends, duplicates) {
            (_, _, true) if stream => None,
            (b'<', false, _) => Some(Redirection::Reads(word)),
            (_, true, _) => Some(Redirection::Writes(word)),
            _ => Some(Redirection::Empties(word)),
        });
        Ok(true)
    }

    /// What follows `<<`.
    fn read_text(&mut self, into: &mut Vec<Redirection>) -> Result<(), Unread> {
        let text = Rc::new(OnceCell::new());
        into.push(Redirection::Text(Rc::clone(&text)));
        let string = self.takes(b"<");
        let tabs = !string && self.takes(b"-");
        self.blanks();
        let word = self.word()?.ok_or(Unread("redirects to nothing"))?;
        if string {
            let _ = text.set(word);
            return Ok(());
        }
        let quoted = word.iter().any(|bit| !matches!(bit, Bit::Bare(_)));
        let end = literal(&word).ok_or(Unread("has an odd here-document"))?.into_bytes();
        self.awaited.push(Awaited { end, tabs, quoted, text });
        Ok(())
    }
}

/// The text of a word that is text only.
pub fn literal(word: &Bits) -> Option<String> {
    let mut text = Vec::new();
    for bit in word {
        match bit {
            Bit::Bare(part) | Bit::Quoted(part) => text.extend_from_slice(part),
            _ => return None,
        }
    }
    String::from_utf8(text).ok()
}

/// `!!`, `!$` and their kin, which a shell at a terminal fills in.
fn refers_back(word: &Bits) -> Result<(), Unread> {
    match word.first() {
        Some(Bit::Bare(text))
            if text[0] == b'!' && (text.len() > 1 || word.len() > 1) && text.get(1) != Some(&b'=') =>
        {
            Err(Unread("refers to an earlier command"))
        }
        _ => Ok(()),
    }
}
