//! What GNU parallel makes of its words and inputs: the texts that it gives to a shell, one a job.
//!
//! Pure. The rules are those of GNU parallel 20221122, found by running it with `--dry-run`;
//! `tests/parallel.rs` holds them to the real one. Where they can't be followed, the sentence says
//! why, and what runs is unknown.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

use super::template::Template;
use super::{MOST_COMMANDS, MOST_ITEMS, cut};
use crate::read::invocation::{Given, Invocation};

/// The texts of all jobs together hold no more bytes than this.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// Options that change nothing of what the jobs are.
const ASIDE: [&str; 37] = [
    "-j",
    "-k",
    "--no-keep-order",
    "-t",
    "-v",
    "-u",
    "--bar",
    "--eta",
    "--progress",
    "--joblog",
    "--results",
    "--timeout",
    "--delay",
    "--halt",
    "--load",
    "--memfree",
    "--memsuspend",
    "--noswap",
    "--nice",
    "--retries",
    "--tmpdir",
    "--tag",
    "--tagstring",
    "--ctag",
    "--color",
    "--color-failed",
    "--line-buffer",
    "--group",
    "--compress",
    "--shuf",
    "--silent",
    "--no-notice",
    "--will-cite",
    "--plain",
    "--gnu",
    "--resume",
    "--resume-failed",
];

/// Where items come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The words after `:::`, as they stand in the command.
    Words(Vec<OsString>),
    /// A file.
    File(OsString),
    /// The standard input.
    Input,
}

/// How a GNU parallel reads and what it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jobs {
    /// The command.
    pub template: Template,
    /// Where its items come from, in order; the flag is true where one goes along with the one before.
    origins: Vec<(Origin, bool)>,
    delimiter: u8,
    column: Option<u8>,
    each: usize,
    /// As many items as fit go into one job.
    pub packed: bool,
}

/// What its options say, as far as they are read.
#[derive(Default)]
struct Options {
    files: Vec<OsString>,
    delimiter: Option<u8>,
    column: Option<u8>,
    mark: Option<Vec<u8>>,
    each: Option<usize>,
    packed: bool,
    joined: bool,
    quoted: bool,
}

impl Jobs {
    /// Reads the words of a parallel.
    ///
    /// # Errors
    /// Where they say what is not followed.
    pub fn of(parallel: &Invocation) -> Result<Self, String> {
        if let Some(unlisted) = parallel.unlisted.first() {
            return Err(format!("guard's tool file does not list its option {unlisted}"));
        }
        let mut options = Options::default();
        for given in parallel.options() {
            options.take(given)?;
        }
        let words: Vec<&OsStr> = parallel.words().collect();
        let end = words.iter().position(|word| separator(word).is_some()).unwrap_or(words.len());
        let template = Template::of(&words[..end], options.mark.as_deref(), options.quoted)?;
        let mut origins: Vec<(Origin, bool)> =
            options.files.iter().map(|file| (origin(file), false)).collect();
        let mut rest = &words[end..];
        while let Some((first, after)) = rest.split_first() {
            let (is_file, linked) = separator(first).unwrap_or_default();
            let end = after.iter().position(|word| separator(word).is_some()).unwrap_or(after.len());
            let group = &after[..end];
            if group.is_empty() {
                return Err(format!("nothing follows its {}", crate::ui::escape(first)));
            }
            if is_file {
                origins.extend(group.iter().map(|file| (origin(file), linked)));
            } else {
                origins.push((Origin::Words(group.iter().map(|word| (*word).to_owned()).collect()), linked));
            }
            rest = &after[end..];
        }
        if origins.is_empty() {
            origins.push((Origin::Input, false));
        }
        let jobs = Self {
            template,
            origins,
            delimiter: options.delimiter.unwrap_or(b'\n'),
            column: options.column,
            each: options.each.unwrap_or(1),
            packed: options.packed,
        };
        jobs.checked(&options)
    }

    fn checked(self, options: &Options) -> Result<Self, String> {
        let linked = self.origins.iter().any(|(_, linked)| *linked);
        let inputs = self.origins.iter().filter(|(origin, _)| *origin == Origin::Input).count();
        let several = self.origins.len() > 1;
        let odd = inputs > 1
            || linked && (!options.files.is_empty() || self.origins.first().is_some_and(|(_, first)| *first))
            || several && (self.each > 1 || self.packed || self.column.is_some())
            || self.column.is_some() && (self.each > 1 || self.packed)
            || self.packed && options.each.is_some()
            || options.quoted && (self.each > 1 || self.packed || several || self.column.is_some())
            || options.joined && !self.template.apart();
        if odd { Err("its options together are not followed".into()) } else { Ok(self) }
    }

    /// Where its items come from, in order.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.origins.iter().map(|(origin, _)| origin)
    }

    /// The texts it gives to a shell, with what each of its origins holds; nothing for words.
    ///
    /// # Errors
    /// Where there are too many, or an item is not followed.
    pub fn texts(&self, held: &[Rc<Vec<u8>>]) -> Result<Vec<Vec<u8>>, String> {
        let mut items = Vec::new();
        for ((origin, linked), held) in self.origins.iter().zip(held) {
            items.push((self.items(origin, held)?, *linked));
        }
        let mut texts: Vec<Vec<u8>> = Vec::new();
        let mut bytes = 0;
        for arguments in self.arguments(items)? {
            let text = self.template.text(&arguments, texts.len() + 1)?;
            bytes += text.len();
            if bytes > MOST_BYTES {
                return Err("what it would run is too long to be followed".into());
            }
            texts.push(text);
        }
        Ok(texts)
    }

    fn items(&self, origin: &Origin, held: &[u8]) -> Result<Vec<OsString>, String> {
        let cut = match origin {
            Origin::Words(words) => {
                let ends = [self.delimiter];
                let text: Vec<u8> = words.iter().flat_map(|word| [word.as_bytes(), &ends].concat()).collect();
                cut::at(&text, self.delimiter, MOST_ITEMS)
            }
            Origin::File(_) | Origin::Input => cut::at(held, self.delimiter, MOST_ITEMS),
        };
        let words = cut.ok_or_else(|| format!("it reads more than {MOST_ITEMS} items"))?.words;
        if words.iter().any(|word| word.as_bytes().contains(&0)) {
            return Err("an item holds a NUL".into());
        }
        Ok(words)
    }

    /// The items of each job.
    fn arguments(&self, mut items: Vec<(Vec<OsString>, bool)>) -> Result<Vec<Vec<OsString>>, String> {
        let few = |jobs: usize| {
            (jobs <= MOST_COMMANDS)
                .then_some(())
                .ok_or_else(|| format!("it would start more than {MOST_COMMANDS} commands"))
        };
        if let [(all, _)] = &mut items[..] {
            let all = std::mem::take(all);
            few(all.len().div_ceil(self.each))?;
            if let Some(column) = self.column {
                return Ok(all.iter().map(|item| columns(item, column)).collect());
            }
            return Ok(all.chunks(self.each).map(<[OsString]>::to_vec).collect());
        }
        if items.iter().any(|(items, _)| items.is_empty()) {
            return Err("one of the sources of its items is empty".into());
        }
        let mut jobs: Vec<Vec<OsString>> = vec![Vec::new()];
        for group in grouped(items) {
            few(jobs.len().saturating_mul(group.len()))?;
            let with = |job: &Vec<OsString>| {
                let job = job.clone();
                group.iter().map(move |row| job.iter().chain(row).cloned().collect())
            };
            jobs = jobs.iter().flat_map(with).collect();
        }
        Ok(jobs)
    }
}

impl Options {
    fn take(&mut self, given: &Given) -> Result<(), String> {
        let value = given.values.last().map_or(&b""[..], |value| value.as_bytes());
        let is = |name: &str| given.name.has(name);
        if is("-a") {
            self.files.extend(given.values.last().cloned());
        } else if is("-0") {
            self.delimiter = Some(0);
        } else if is("-d") {
            self.delimiter = Some(one_byte(value).ok_or("the value of its option -d is no single byte")?);
        } else if is("-C") {
            // A regular expression: one byte that means itself is one that is followed.
            let plain = one_byte(value).filter(|byte| !b".^$*+?()[]{}|\\ \0".contains(byte));
            self.column = Some(plain.ok_or("the value of its option --colsep is no single byte")?);
        } else if is("-I") {
            let odd = value.is_empty() || value.starts_with(b"{") && value != b"{}" || value.contains(&0xaf);
            if odd {
                return Err("the value of its option -I is not followed".into());
            }
            self.mark = Some(value.to_vec()).filter(|mark| mark != b"{}");
        } else if is("-n") || is("-N") {
            let each = cut::number(value, &given.spelled)?;
            if self.each.is_some_and(|before| before != each) {
                return Err("its options -n and -N contradict each other".into());
            }
            self.each = Some(each);
        } else if is("-m") || is("--xargs") || is("-X") {
            self.packed = true;
            self.joined |= !is("-X");
        } else if is("-q") {
            self.quoted = true;
        } else if !(is("-r") || is("-p") || is("--tty") || ASIDE.iter().any(|name| is(name))) {
            return Err(format!("{} is not followed", given.spelled));
        }
        Ok(())
    }
}

/// `:::` and its kin: whether names of files follow, and whether they go along with those before.
fn separator(word: &OsStr) -> Option<(bool, bool)> {
    match word.as_bytes() {
        b":::" => Some((false, false)),
        b":::+" => Some((false, true)),
        b"::::" => Some((true, false)),
        b"::::+" => Some((true, true)),
        _ => None,
    }
}

fn origin(file: &OsStr) -> Origin {
    if file == "-" { Origin::Input } else { Origin::File(file.to_owned()) }
}

fn one_byte(value: &[u8]) -> Option<u8> {
    match value {
        [byte] if *byte != b'\\' => Some(*byte),
        [b'\\', b't'] => Some(b'\t'),
        [b'\\', b'n'] => Some(b'\n'),
        [b'\\', b'0'] => Some(0),
        _ => None,
    }
}

/// The columns of an item, without the blanks around them.
fn columns(item: &OsStr, column: u8) -> Vec<OsString> {
    let blank = |b: &u8| matches!(b, b' ' | b'\t'..=b'\r');
    let trimmed = |column: &[u8]| {
        let start = column.iter().position(|b| !blank(b)).unwrap_or(column.len());
        let end = column.iter().rposition(|b| !blank(b)).map_or(start, |at| at + 1);
        OsStr::from_bytes(&column[start..end]).to_owned()
    };
    item.as_bytes().split(|b| *b == column).map(trimmed).collect()
}

/// Sources that go along with each other, as rows: the shortest ends them.
fn grouped(items: Vec<(Vec<OsString>, bool)>) -> Vec<Vec<Vec<OsString>>> {
    let mut groups: Vec<Vec<Vec<OsString>>> = Vec::new();
    for (items, linked) in items {
        match groups.last_mut().filter(|_| linked) {
            Some(group) => {
                group.truncate(items.len());
                group.iter_mut().zip(items).for_each(|(row, item)| row.push(item));
            }
            None => groups.push(items.into_iter().map(|item| vec![item]).collect()),
        }
    }
    groups
}
