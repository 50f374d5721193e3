//! What `pgrep` would list, where nothing is listed: its commonest options, held against the process table.
//!
//! Options and expressions that are not followed here are a fault: unknown, never nobody.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use regex::bytes::{Regex, RegexBuilder};

use crate::world::World;
use crate::world::processes::Process;

use super::processes::VITAL;

/// What pgrep and its kin would name.
#[derive(Debug)]
pub struct Found {
    /// The processes.
    pub pids: Vec<i32>,
    /// Where there are none: the program they would be, if a host hangs on it.
    pub vital: Option<&'static str>,
}

/// The processes that a pgrep prints.
///
/// # Errors
/// A sentence on what is not followed.
pub fn pgrep(argv: &[OsString], world: &dyn World) -> Result<Found, String> {
    let asked = Asked::read(argv, world)?;
    let table = world.processes()?;
    let pids = asked.of(&table, world.own_pid()).iter().map(|process| process.pid).collect();
    Ok(Found { pids, vital: VITAL.into_iter().find(|name| asked.names(name)) })
}

/// The processes that a pidof prints for some names.
///
/// # Errors
/// Where no table can be had.
pub fn pidof(names: &[&OsStr], world: &dyn World) -> Result<Found, String> {
    let called = |process: &&Process| {
        let started = process.cmdline.first().map(Path::new).and_then(Path::file_name);
        names.iter().any(|name| {
            let kept = &name.as_bytes()[..name.len().min(15)];
            process.comm.as_bytes() == kept || started == Some(*name)
        })
    };
    let pids = world.processes()?.iter().filter(called).map(|process| process.pid).collect();
    Ok(Found {
        pids,
        vital: VITAL.into_iter().find(|vital| names.iter().any(|name| *name == OsStr::new(vital))),
    })
}

/// What is asked of the process table.
#[derive(Debug, Default)]
pub(super) struct Asked {
    full: bool,
    exact: bool,
    any_case: bool,
    newest: bool,
    oldest: bool,
    effective: Option<Vec<u32>>,
    real: Option<Vec<u32>>,
    pattern: Option<Regex>,
}

impl Asked {
    /// Reads the words of a pgrep listing.
    ///
    /// # Errors
    /// A sentence on what is not followed.
    pub(super) fn read(argv: &[OsString], world: &dyn World) -> Result<Self, String> {
        let not_followed = || "only the tool knows which processes are meant, and nothing is listed offline";
        let mut words = argv.iter().map(OsString::as_os_str);
        if words.next() != Some(OsStr::new("pgrep")) {
            return Err(not_followed().into());
        }
        let mut asked = Self::default();
        let mut expressions = Vec::new();
        while let Some(word) = words.next() {
            let text = word.to_str().ok_or_else(not_followed)?;
            let (option, value) = match text.split_once('=') {
                Some((option, value)) if option.starts_with("--") => (option, Some(value)),
                _ if text.starts_with("-u") || text.starts_with("-U") => {
                    (&text[..2], text.get(2..).filter(|value| !value.is_empty()))
                }
                _ => (text, None),
            };
            match option {
                "-f" | "--full" => asked.full = true,
                "-x" | "--exact" => asked.exact = true,
                "-i" | "--ignore-case" => asked.any_case = true,
                "-n" | "--newest" => asked.newest = true,
                "-o" | "--oldest" => asked.oldest = true,
                "-u" | "--euid" | "-U" | "--uid" => {
                    let given = value.or_else(|| words.next().and_then(OsStr::to_str));
                    let users = users(given.ok_or_else(not_followed)?, world).ok_or_else(not_followed)?;
                    let list = if matches!(option, "-u" | "--euid") {
                        &mut asked.effective
                    } else {
                        &mut asked.real
                    };
                    list.get_or_insert_default().extend(users);
                }
                "--" => expressions.extend(words.by_ref()),
                _ if text.len() > 1 && text.starts_with('-') => return Err(not_followed().into()),
                _ => expressions.push(word),
            }
        }
        match expressions.as_slice() {
            [] if asked.effective.is_some() || asked.real.is_some() => {}
            [one] => asked.pattern = Some(asked.compiled(one).ok_or_else(not_followed)?),
            _ => return Err(not_followed().into()),
        }
        Ok(asked)
    }

    /// The processes of a table that are meant.
    pub(super) fn of<'t>(&self, table: &'t [Process], own: i32) -> Vec<&'t Process> {
        let mut hit: Vec<&Process> = table.iter().filter(|p| p.pid != own && self.means(p)).collect();
        if self.newest {
            hit = hit.into_iter().max_by_key(|p| (p.start_time, p.pid)).into_iter().collect();
        }
        if self.oldest {
            hit = hit.into_iter().min_by_key(|p| (p.start_time, p.pid)).into_iter().collect();
        }
        hit
    }

    /// Tells whether a program of that name would be meant.
    pub(super) fn names(&self, name: &str) -> bool {
        self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(name.as_bytes()))
    }

    fn means(&self, process: &Process) -> bool {
        let among = |users: &Option<Vec<u32>>, user| users.as_ref().is_none_or(|all| all.contains(&user));
        if !among(&self.effective, process.euid) || !among(&self.real, process.uid) {
            return false;
        }
        let Some(pattern) = &self.pattern else { return true };
        // Of a long name the kernel keeps 15 bytes, and versions of pgrep differ in what they make of
        // that: both count.
        let first = process.cmdline.first().map(Path::new);
        let long = process.comm.len() >= 15;
        let name = first.filter(|_| long).and_then(Path::file_name);
        pattern.is_match(process.comm.as_bytes())
            || name.is_some_and(|name| pattern.is_match(name.as_bytes()))
            || self.full && pattern.is_match(process.cmdline.join(OsStr::new(" ")).as_bytes())
    }

    /// Compiles an expression whose meaning both dialects share.
    fn compiled(&self, expression: &OsStr) -> Option<Regex> {
        let text = expression.to_str()?;
        let shared = |c: char| !matches!(c, '\\' | '{' | '}' | '&' | '~') && !c.is_control();
        let classes = text.split('[').skip(1).all(|class| {
            !class.starts_with([']', ':', '.', '=']) && !class.starts_with("^]") && !class.contains("--")
        });
        if !text.chars().all(shared) || !classes || text.contains("(?") || text.contains("[[") {
            return None;
        }
        let text = if self.exact { format!("^(?:{text})$") } else { text.to_owned() };
        RegexBuilder::new(&text)
            .unicode(false)
            .dot_matches_new_line(true)
            .case_insensitive(self.any_case)
            .size_limit(1 << 20)
            .build()
            .ok()
    }
}

/// Users by number, or by their names in passwd; `None` where one is not there.
fn users(text: &str, world: &dyn World) -> Option<Vec<u32>> {
    let passwd = world.file(Path::new("/etc/passwd")).unwrap_or_default();
    let passwd = String::from_utf8_lossy(&passwd);
    let named = |name: &str| {
        let mut entries = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
        entries.find(|entry| entry.first() == Some(&name))?.get(2)?.parse().ok()
    };
    text.split(',').map(|user| user.parse().ok().or_else(|| named(user))).collect()
}
