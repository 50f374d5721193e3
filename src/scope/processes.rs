//! Processes of this host: by pid, by name, or as a listing names them.
//!
//! Guard's own ancestors are marked: the shell, the ssh session and the script it runs under must
//! not be among the targets unnoticed.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use crate::read::Match;
use crate::tool::{Effect, Kinds, ProcessBy};
use crate::world::World;
use crate::world::processes::Process;

use super::listed;
use super::pgrep::Asked;
use super::target::{Certainty, Protected, Scope, Target};
use super::words::{Words, empty};

/// The first process, which all others come from.
const INIT: i32 = 1;

/// What the threads of the kernel come from.
const KERNEL: i32 = 2;

/// Counts the processes that an invocation would signal.
pub fn scope(found: &Match, words: &Words, kinds: &Kinds, world: &dyn World) -> Scope {
    if found.invocation.elsewhere() {
        return elsewhere(found, words, kinds);
    }
    let table = match world.processes() {
        Ok(table) => table,
        // Plain pids are a bound even where no table can be had.
        Err(why) => {
            let scope = plain_pids(found, words, kinds);
            let mut scope = scope.unwrap_or_else(|| listed::unknown("process", kinds, why));
            scope.protected.extend(by_words(found, words).flat_map(|pid| of_the_system(pid, found)));
            return scope;
        }
    };
    let own = world.own_pid();
    let (hit, absent) = match hit(found, words, &table, kinds, world) {
        Ok(hit) => hit,
        Err(why) => return listed::unknown("process", kinds, why),
    };
    // The command takes guard's place, and none of them signals itself.
    let hit: Vec<&Process> = hit.into_iter().filter(|p| p.pid != own && !p.zombie).collect();
    let above = above(own, &table);
    let ours = hit.iter().filter(|p| p.pid != INIT && above.contains(&p.pid)).map(|p| itself(p));
    let mut pids: Vec<i32> = hit.iter().map(|p| p.pid).chain(by_words(found, words)).collect();
    pids.sort_unstable();
    pids.dedup();
    let system = pids.into_iter().filter_map(|pid| of_the_system(pid, found));
    let mut protected: Vec<Protected> = ours.chain(system).collect();
    protected.extend(
        hit.iter().filter_map(|p| vital(p)).chain(absent.vital).filter(|_| !world.lists()).map(depended_on),
    );
    Scope {
        certainty: if absent.count > 0 { Certainty::AtMost } else { Certainty::Exact },
        count: hit.len() as u64 + absent.count,
        targets: hit.into_iter().map(target).collect(),
        protected,
        ..empty("process", kinds)
    }
}

/// Finds what is hit; where nothing is listed, also what is named and does not run.
fn hit<'t>(
    found: &Match,
    words: &Words,
    table: &'t [Process],
    kinds: &Kinds,
    world: &dyn World,
) -> Result<(Vec<&'t Process>, Absent), String> {
    let absent = || if world.lists() { Absent::default() } else { Absent::of(words, table) };
    match found.action().targets.by {
        // `kill -s 9 -1` has a second signal for one program, and everyone for another.
        ProcessBy::Pid | ProcessBy::Name if !world.lists() && words.targets.is_empty() => {
            Err("its words name no process".into())
        }
        ProcessBy::Pid if !world.lists() && words.targets.iter().any(|word| is_group_gone(word, table)) => {
            Err("the process group is not there to be counted".into())
        }
        ProcessBy::Pid => {
            Ok((by_pid(words, table, world.own_pid(), found.invocation.is_carried()), absent()))
        }
        ProcessBy::Name => Ok((by_name(words, table), absent())),
        ProcessBy::Listing if world.lists() => {
            let pids = listed_pids(found, kinds, world)?;
            Ok((table.iter().filter(|p| pids.contains(&p.pid)).collect(), Absent::default()))
        }
        ProcessBy::Listing => {
            let list = found.action().list.as_ref().ok_or("its tool file has no listing for it")?;
            let asked = Asked::read(&found.fill(list, &crate::read::Fill::default()), world)?;
            let hit = asked.of(table, world.own_pid());
            let vital = || VITAL.into_iter().find(|name| asked.names(name));
            let absent = if hit.is_empty() { Absent { count: 1, vital: vital() } } else { Absent::default() };
            Ok((hit, absent))
        }
    }
}

/// On another host the words are all there is: a name there may stand for any number.
fn elsewhere(found: &Match, words: &Words, kinds: &Kinds) -> Scope {
    let scope = plain_pids(found, words, kinds);
    let mut scope = scope
        .unwrap_or_else(|| listed::unknown("process", kinds, "the processes are on another host".into()));
    // In a container the first process is what it was started for: to end it is to restart one.
    if found.invocation.on_host() {
        scope.protected.extend(by_words(found, words).flat_map(|pid| of_the_system(pid, found)));
    }
    scope
}

/// The process ids that stand among the words.
fn by_words<'w>(found: &Match, words: &'w Words) -> impl Iterator<Item = i32> + 'w {
    let by_pid = found.action().targets.by == ProcessBy::Pid;
    words.targets.iter().filter(move |_| by_pid).filter_map(|target| number(target.name.as_bytes()))
}

/// The processes without which there is no system. The first one takes some signals for orders.
fn of_the_system(pid: i32, found: &Match) -> Option<Protected> {
    // Asked only where it matters: finding it looks at all words.
    let stops = || !matches!(found.effect(), Some(Effect::Restart | Effect::Change));
    let (why, deny) = match pid {
        INIT if stops() => ("what all else on the host runs under", true),
        INIT => ("what all else on the host runs under, and takes a signal for an order", false),
        KERNEL => ("what the kernel's own threads run under", false),
        _ => return None,
    };
    Some(Protected { what: format!("process {pid}").into(), why: why.into(), rule: "system", deny })
}

/// The bound that process ids alone give: no groups, no everyone, no names.
fn plain_pids(found: &Match, words: &Words, kinds: &Kinds) -> Option<Scope> {
    let plain = found.action().targets.by == ProcessBy::Pid && words.bounded;
    let counts = plain && words.targets.iter().all(|t| t.name.as_bytes().iter().all(u8::is_ascii_digit));
    counts.then(|| Scope { certainty: Certainty::AtMost, ..words.scope(kinds) })
}

/// Programs that a host, or the way into it, hangs on.
pub(super) const VITAL: [&str; 5] = ["sshd", "sshd-session", "dropbear", "systemd", "init"];

fn vital(process: &Process) -> Option<&'static str> {
    VITAL.into_iter().find(|name| is_called(process, name.as_bytes()))
}

fn depended_on(name: &str) -> Protected {
    let why = "what this host, or the way into it, hangs on".into();
    Protected { what: name.into(), why, rule: "vital", deny: false }
}

/// What is named and does not run, where commands are judged that ran elsewhere or at another time:
/// it counts as one, and its name tells what it was.
#[derive(Default)]
struct Absent {
    count: u64,
    vital: Option<&'static str>,
}

impl Absent {
    fn of(words: &Words, table: &[Process]) -> Self {
        let mut absent = Self::default();
        for word in &words.targets {
            let name = word.name.as_bytes();
            let pid = number(name);
            let runs = |p: &Process| match pid {
                Some(pid) if pid > 0 => p.pid == pid,
                Some(_) => true,
                None => is_called(p, name),
            };
            if !table.iter().any(runs) {
                absent.count += 1;
                absent.vital =
                    absent.vital.or_else(|| VITAL.into_iter().find(|vital| vital.as_bytes() == name));
            }
        }
        absent
    }
}

/// Tells whether a word is a process group without a member: how many it had nobody knows.
fn is_group_gone(word: &Target, table: &[Process]) -> bool {
    number(word.name.as_bytes())
        .is_some_and(|pid| pid < -1 && !table.iter().any(|p| Some(p.pgid) == pid.checked_neg()))
}

fn target(process: &Process) -> Target {
    Target {
        kind: "process".into(),
        name: process.pid.to_string().into(),
        uid: Some(process.start_time.to_string()),
        since: Some(process.since.to_string()),
        group: Some(process.comm.to_string_lossy().into_owned()),
        weight: 1,
        ..Target::default()
    }
}

fn itself(process: &Process) -> Protected {
    let mut what = OsString::from(format!("process {} (", process.pid));
    what.push(&process.comm);
    what.push(")");
    Protected { what, why: "what this command itself runs under".into(), rule: "itself", deny: true }
}

/// Tells whether guard runs under a server that lets people in from elsewhere. Variables tell that
/// too, but sudo takes them away.
pub fn came_by_ssh(world: &dyn World) -> bool {
    // Offline the command line tells: it may be another host's.
    let Some(table) = world.processes().ok().filter(|_| world.lists()) else { return false };
    let above = above(world.own_pid(), &table);
    table.iter().any(|p| above.contains(&p.pid) && p.carries_session())
}

/// The processes that guard runs under, itself left out.
fn above(own: i32, table: &[Process]) -> Vec<i32> {
    let mut above = Vec::new();
    let mut at = own;
    while let Some(process) = table.iter().find(|p| p.pid == at) {
        if above.contains(&process.ppid) || process.ppid <= 0 {
            break;
        }
        above.push(process.ppid);
        at = process.ppid;
    }
    above
}

/// Pids as kill takes them: a number, 0 for its own group, -1 for everyone, -N for a group. What is
/// no number is refused by some kills and a program's name to others.
///
/// `carried` tells that a wrapper may change the user: everyone is then more than one's own.
fn by_pid<'t>(words: &Words, table: &'t [Process], own: i32, carried: bool) -> Vec<&'t Process> {
    let me = table.iter().find(|p| p.pid == own);
    let mine = |p: &Process| me.is_none_or(|me| me.euid == 0 || [me.uid, me.euid].contains(&p.uid));
    let mut hit = Vec::new();
    for word in &words.targets {
        let pid = number(word.name.as_bytes());
        let matches = |p: &&Process| match pid {
            None => is_called(p, word.name.as_bytes()),
            Some(0) => me.is_some_and(|me| p.pgid == me.pgid),
            Some(-1) => p.pid != 1 && (carried || mine(p)),
            Some(pid) if pid < 0 => Some(p.pgid) == pid.checked_neg(),
            Some(pid) => p.pid == pid,
        };
        hit.extend(table.iter().filter(matches));
    }
    hit.sort_by_key(|p| p.pid);
    hit.dedup_by_key(|p| p.pid);
    hit
}

/// A number as kill reads it: blanks in front are skipped, and of a long one the lower 32 bits
/// count, so that 4294967295 is -1.
fn number(word: &[u8]) -> Option<i32> {
    let text = std::str::from_utf8(word.trim_ascii_start()).ok()?;
    text.parse::<i64>().ok().map(|long| long as i32)
}

/// Program names as killall takes them: exact, the kernel keeps 15 bytes of each.
fn by_name<'t>(words: &Words, table: &'t [Process]) -> Vec<&'t Process> {
    table.iter().filter(|p| words.targets.iter().any(|w| is_called(p, w.name.as_bytes()))).collect()
}

fn is_called(process: &Process, name: &[u8]) -> bool {
    process.comm.as_bytes() == &name[..name.len().min(15)]
}

fn listed_pids(found: &Match, kinds: &Kinds, world: &dyn World) -> Result<Vec<i32>, String> {
    let template = found.action().list.as_ref().ok_or("its tool file has no listing for it")?;
    let output = listed::run(found, template, &crate::read::Fill::default(), world)?;
    let rows =
        super::rows::targets(&output, &found.action().read, "process", kinds).map_err(|f| f.to_string())?;
    let pid = |t: &Target| t.name.to_str().and_then(|n| n.parse::<i32>().ok());
    rows.iter()
        .map(|t| pid(t).ok_or_else(|| "the listing has something that is no process id".to_owned()))
        .collect()
}
