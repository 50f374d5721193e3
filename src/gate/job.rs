//! Tells which guards were started in one go, for the "no" that holds for all of them.
//!
//! Two guards belong to one job when
//!
//! 1. an ancestor below the shell is common to both (xargs, make, a script with its subshells): the
//!    ancestors of a guard that share its process group, except the leader of the session; or
//! 2. they share a process group that is not the session leader's (both ends of a pipe); or
//! 3. the shell above the job is the same, and *has read nothing in between*: it still runs what it
//!    was given then, a loop typed at the prompt, or a script without job control. The kernel
//!    counts what a process has read; an operator who types on makes the shell read at least one byte.
//!
//! A shell that reads for another reason (`$(…)` in a typed loop) counts as typed on: the next guard asks.
//! A program in which someone types commands (an editor's `:!`) is one job, by the first rule.

use std::fs;

use crate::world::processes::{Process, ancestors, find};

/// One process for as long as it lives: its number and its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Life {
    pid: i32,
    start: u64,
}

impl Life {
    fn of(process: &Process) -> Life {
        Life { pid: process.pid, start: process.start_time }
    }
}

/// What the operator started in one go, as far as it can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    /// The oldest ancestor in guard's process group, below the shell; guard itself where there is none.
    root: Life,
    /// The process group and its leader's start (0: gone); number 0 when the session's leader is in it.
    group: Life,
    /// The process above the job, and how many bytes it had read by itself.
    shell: Option<(Life, u64)>,
}

impl Job {
    pub(super) fn of(pid: i32) -> Option<Job> {
        let me = find(pid)?;
        let mut root = Life::of(&me);
        let mut shell = None;
        for process in ancestors(pid) {
            if process.pgid != me.pgid || process.pid == me.sid {
                shell = bytes_read(process.pid).map(|read| (Life::of(&process), read));
                break;
            }
            root = Life::of(&process);
        }
        let group = if me.pgid == me.sid {
            Life { pid: 0, start: 0 }
        } else {
            Life { pid: me.pgid, start: find(me.pgid).map_or(0, |leader| leader.start_time) }
        };
        Some(Job { root, group, shell })
    }

    pub(super) fn is_same(&self, other: &Job) -> bool {
        let (group, before) = (self.group, other.group);
        let same_group =
            group.pid != 0 && group.pid == before.pid && (group.start == before.start || group.start == 0);
        self.root == other.root || same_group || (self.shell.is_some() && self.shell == other.shell)
    }

    pub(super) fn line(&self, when: u64) -> String {
        let (shell, read) = self.shell.unwrap_or((Life { pid: 0, start: 0 }, 0));
        let Job { root, group, .. } = self;
        format!(
            "{when} {} {} {} {} {} {} {read}\n",
            root.pid, root.start, group.pid, group.start, shell.pid, shell.start
        )
    }

    pub(super) fn parse(line: &str) -> Option<(u64, Job)> {
        let numbers: Option<Vec<u64>> = line.split(' ').map(|word| word.parse().ok()).collect();
        let [when, root, root_start, group, group_start, shell, shell_start, read] = numbers?[..] else {
            return None;
        };
        let life = |pid, start| Some(Life { pid: i32::try_from(pid).ok()?, start });
        let shell = life(shell, shell_start)?;
        let job = Job {
            root: life(root, root_start)?,
            group: life(group, group_start)?,
            shell: (shell.pid != 0).then_some((shell, read)),
        };
        Some((when, job))
    }
}

/// What the main thread of a process has read. Of the thread, since what a process has read
/// includes what its ended children had.
fn bytes_read(pid: i32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/io")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(pid: i32, start: u64) -> Life {
        Life { pid, start }
    }

    fn job(root: i32, group: i32, shell: Option<u64>) -> Job {
        Job { root: life(root, 1), group: life(group, 1), shell: shell.map(|read| (life(7, 1), read)) }
    }

    #[test]
    fn a_job_is_the_same_by_root_or_group_or_an_idle_shell() {
        let first = job(1, 1, Some(100));
        assert!(first.is_same(&first));
        assert!(job(1, 2, None).is_same(&first));
        assert!(job(2, 1, Some(200)).is_same(&first));
        assert!(job(2, 2, Some(100)).is_same(&first));
        assert!(!job(2, 2, Some(101)).is_same(&first), "the shell was typed into");
        assert!(!job(2, 0, None).is_same(&job(1, 0, None)), "what is not known is not the same");
        let reused = Job { root: life(1, 2), group: life(1, 2), shell: None };
        assert!(!reused.is_same(&first), "the numbers are used again");
        let leaderless = Job { root: life(2, 1), group: life(1, 0), shell: None };
        assert!(leaderless.is_same(&first), "the leader of the group has ended");
    }

    #[test]
    fn a_record_is_read_as_it_was_written_and_nothing_else_is_one() {
        for job in [job(1, 2, Some(3)), job(1, 0, None)] {
            assert_eq!(Job::parse(job.line(12).trim_end()), Some((12, job)));
        }
        for odd in [
            "",
            "1 2 3",
            "1 2 3 4 5 6 7 x",
            "1 2 3 4 5 6 7 8 9",
            "1 99999999999 3 4 5 6 7 8",
            "-1 2 3 4 5 6 7 8",
            "\u{1b}[2J",
        ] {
            assert_eq!(Job::parse(odd), None, "{odd:?}");
        }
    }
}
