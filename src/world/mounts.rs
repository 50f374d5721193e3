//! What stands around the files of a command: home folders, mount points, the current folder.
//!
//! Plain values, so that rules on files can be tested without a machine of the right shape.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// The places of this machine that rules on files refer to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// `$HOME` of the operator, where it is set.
    pub home: Option<PathBuf>,
    /// Home folders of root and of every person in passwd.
    pub homes: Vec<PathBuf>,
    /// The folder the command runs in.
    pub cwd: PathBuf,
    /// Mount points, `/` left out.
    pub mounts: Vec<PathBuf>,
}

impl Surroundings {
    /// Reads passwd and the mount table; what can't be read is left empty.
    pub fn read(home: Option<PathBuf>, cwd: PathBuf) -> Self {
        let passwd = std::fs::read("/etc/passwd").unwrap_or_default();
        let mounts = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
        let home = home.filter(|home| home.is_absolute() && home != Path::new("/"));
        let mut homes = homes_of(&passwd);
        // Only the operator's own: looking at each home could make an automounter mount them all.
        homes.extend(
            home.iter()
                .filter_map(|home| home.canonicalize().ok())
                .filter(|real| home.as_ref() != Some(real)),
        );
        Self { home, homes, cwd, mounts: mounts_of(&mounts) }
    }

    /// Every home folder, the operator's first.
    pub fn all_homes(&self) -> impl Iterator<Item = &Path> {
        self.home.iter().chain(&self.homes).map(PathBuf::as_path)
    }
}

/// Home folders of root and of ordinary people (uid 1000 and up, without `nobody`).
fn homes_of(passwd: &[u8]) -> Vec<PathBuf> {
    let mut homes = Vec::new();
    for line in passwd.split(|&b| b == b'\n') {
        let fields: Vec<&[u8]> = line.split(|&b| b == b':').collect();
        let [_, _, uid, _, _, home, ..] = fields[..] else { continue };
        let uid = std::str::from_utf8(uid).ok().and_then(|uid| uid.parse::<u32>().ok());
        let person = uid.is_some_and(|uid| uid == 0 || (1000..65534).contains(&uid) || uid > 65535);
        let home = PathBuf::from(OsString::from_vec(home.to_vec()));
        let real = home.is_absolute() && home.components().count() > 1 && !home.starts_with("/dev");
        if person && real && !homes.contains(&home) {
            homes.push(home);
        }
    }
    homes
}

/// Mount points of a mountinfo table, without `/` and without repeats.
fn mounts_of(mountinfo: &[u8]) -> Vec<PathBuf> {
    let fields = |line: &[u8]| line.split(|&b| b == b' ').nth(4).map(unescape);
    let mut mounts: Vec<PathBuf> = mountinfo
        .split(|&b| b == b'\n')
        .filter_map(fields)
        .map(|path| PathBuf::from(OsString::from_vec(path)))
        .filter(|path| path != Path::new("/"))
        .collect();
    mounts.sort();
    mounts.dedup();
    mounts
}

/// Undoes the `\ooo` that the kernel writes for blanks, newlines and backslashes.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut at = 0;
    while at < field.len() {
        let code = field.get(at + 1..at + 4).filter(|_| field[at] == b'\\');
        match code.and_then(|code| std::str::from_utf8(code).ok()).and_then(|c| u8::from_str_radix(c, 8).ok())
        {
            Some(byte) => {
                out.push(byte);
                at += 4;
            }
            None => {
                out.push(field[at]);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_passwd() {
        let passwd = b"root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1::/usr/sbin:/x\nann:x:1000:1000::/home/ann:/bin/sh\n\
            nobody:x:65534:65534::/nonexistent:/x\nnull:x:1001:1::/dev/null:/x\nslash:x:1002:1::/:/x\nbroken:x\n";
        assert_eq!(homes_of(passwd), [Path::new("/root"), Path::new("/home/ann")]);
    }

    #[test]
    fn reads_mountinfo() {
        let table = b"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 22 0:5 / /mnt/my\\040disk rw,noatime shared:1 - ext4 x rw\n\
            31 22 0:5 / /mnt/a\\134b rw - ext4 x rw\n32 22 0:5 / /mnt/a\\134b rw - ext4 x rw\nshort line\n";
        assert_eq!(mounts_of(table), [Path::new("/mnt/a\\b"), Path::new("/mnt/my disk")]);
    }

    #[test]
    fn real_surroundings_hold_proc() {
        let around = Surroundings::read(None, PathBuf::from("/"));
        assert!(around.mounts.iter().any(|mount| mount == Path::new("/proc")), "{around:?}");
    }
}
