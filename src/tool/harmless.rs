//! Programs that change nothing, by name and words: `policies/tools/harmless.toml`, and what a site
//! adds. Text that runs on many hosts may hold them; anything else there is a change of each host.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::Deserialize;

use super::condition::CommandPath;
use super::glob::Glob;

const BUILTIN: &str = include_str!("../../policies/tools/harmless.toml");

/// Folders whose programs are the ones that are meant by a name alone.
const SYSTEM: [&[u8]; 5] = [b"/bin/", b"/sbin/", b"/usr/bin/", b"/usr/sbin/", b"/usr/local/bin/"];

/// At the end of a path of operands: nothing may follow.
const END: &str = "$";

/// Programs, and the words with which they change nothing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Harmless {
    /// Program names; `*` is any program.
    pub names: Vec<String>,
    /// How the operands must begin, a glob a word, any of these; `$`: nothing may follow.
    #[serde(default)]
    pub commands: Vec<CommandPath>,
    /// Options that may stand before the first operand and take no value.
    #[serde(default)]
    pub switch: Vec<Glob>,
    /// One of the words must match one of these.
    #[serde(default)]
    pub needs: Vec<Glob>,
    /// None of the words may match any of these.
    #[serde(default)]
    pub unless: Vec<Glob>,
}

/// The words of a command, as far as this asks.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The program as typed.
    pub program: &'a OsStr,
    /// Every word after it.
    pub words: &'a [&'a OsStr],
    /// Its operands, where a tool file tells them from options.
    pub operands: Option<&'a [&'a OsStr]>,
    /// True where one of the words may stand for any other.
    pub open: bool,
}

#[derive(Default, Deserialize)]
struct File {
    harmless: Vec<Harmless>,
    /// What prints shell text that is meant to be run.
    #[serde(default)]
    code: Vec<Harmless>,
}

/// Tells whether a command prints text for the shell that it runs in: what sets it up.
pub fn prints_code(program: &OsStr, words: &[&OsStr]) -> bool {
    static LIST: OnceLock<Vec<Harmless>> = OnceLock::new();
    let list = LIST.get_or_init(|| toml::from_str::<File>(BUILTIN).unwrap_or_default().code);
    let Some(name) = plain_name(program) else { return false };
    let asked = Asked { program, words, operands: None, open: false };
    list.iter().any(|entry| entry.names.iter().any(|one| one == name || one == "*") && entry.holds(&asked))
}

/// The built-in list by program name. A file that could not be read would leave it empty: then every
/// program changes something.
fn builtin() -> &'static HashMap<String, Vec<Harmless>> {
    static LIST: OnceLock<HashMap<String, Vec<Harmless>>> = OnceLock::new();
    LIST.get_or_init(|| {
        let mut by_name: HashMap<String, Vec<Harmless>> = HashMap::new();
        for entry in toml::from_str::<File>(BUILTIN).unwrap_or_default().harmless {
            for name in &entry.names {
                by_name.entry(name.clone()).or_default().push(entry.clone());
            }
        }
        by_name
    })
}

/// Tells whether a command is known to change nothing, by the built-in list or by `more`.
pub fn is_harmless<'h>(asked: &Asked<'_>, more: impl IntoIterator<Item = &'h Harmless>) -> bool {
    let Some(name) = plain_name(asked.program) else { return false };
    let of = |name: &str| builtin().get(name).into_iter().flatten();
    let named = |entry: &&Harmless| entry.names.iter().any(|one| one == name || one == "*");
    of(name).chain(of("*")).chain(more.into_iter().filter(named)).any(|entry| entry.holds(asked))
}

/// The name of a program that is found by name, or in a folder of the system.
fn plain_name(program: &OsStr) -> Option<&str> {
    let bytes = program.as_bytes();
    let rest = SYSTEM.iter().find_map(|folder| bytes.strip_prefix(*folder)).unwrap_or(bytes);
    std::str::from_utf8(rest).ok().filter(|name| !name.is_empty() && !name.contains('/'))
}

impl Harmless {
    fn holds(&self, asked: &Asked<'_>) -> bool {
        let any = |globs: &[Glob], word: &OsStr| globs.iter().any(|glob| glob.matches(word.as_bytes()));
        let minds = !(self.commands.is_empty() && self.needs.is_empty() && self.unless.is_empty());
        if minds && asked.open || asked.words.iter().any(|word| any(&self.unless, word)) {
            return false;
        }
        if !self.needs.is_empty() && !asked.words.iter().any(|word| any(&self.needs, word)) {
            return false;
        }
        if self.commands.is_empty() {
            return true;
        }
        let operands = match asked.operands {
            Some(operands) => operands,
            None => {
                let switches = asked.words.iter().take_while(|word| any(&self.switch, word)).count();
                &asked.words[switches..]
            }
        };
        self.commands.iter().any(|path| begins(path, operands))
    }
}

/// Tells whether operands begin with a path, or are it where that ends in `$`.
fn begins(path: &CommandPath, operands: &[&OsStr]) -> bool {
    let whole = path.words.last().is_some_and(|last| last.text() == END);
    let words = &path.words[..path.words.len() - usize::from(whole)];
    (operands.len() == words.len() || !whole && operands.len() > words.len())
        && words.iter().zip(operands).all(|(glob, word)| glob.matches(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(line: &str) -> bool {
        let words: Vec<&OsStr> = line.split(' ').map(OsStr::new).collect();
        let asked = Asked { program: words[0], words: &words[1..], operands: None, open: false };
        is_harmless(&asked, [])
    }

    #[test]
    fn the_list_can_be_read() {
        toml::from_str::<File>(BUILTIN).unwrap();
        assert!(builtin().len() > 100);
    }

    #[test]
    fn reading_is_harmless() {
        for line in [
            "uptime",
            "/usr/bin/df -h /",
            "systemctl status nginx",
            "systemctl",
            "journalctl -u shop -n 50",
            "ip -br a",
            "ip addr show eth0",
            "date +%F",
            "dpkg -l nginx",
            "rpm -qa",
            "docker ps -a",
            "nginx -t",
            "curl -fsS http://localhost/health",
            "sysctl vm.swappiness",
            "our-tool --version",
            "crontab -l",
            "sed -n 1,5p /etc/hosts",
            "awk {print$1} a",
            "git log --oneline",
            "hostname -f",
            "mount",
            "iptables -nvL",
        ] {
            assert!(known(line), "{line}");
        }
    }

    #[test]
    fn what_can_write_or_is_not_listed_is_not() {
        for line in [
            "./uptime",
            "/tmp/cat x",
            "systemctl start nginx",
            "systemctl daemon-reload",
            "journalctl --vacuum-time=1d",
            "ip a d 10.0.0.1/8 dev eth0",
            "ip link set eth0 down",
            "ip -n show link delete eth0",
            "date -s 12:00",
            "date 010112002026",
            "hostname web-2",
            "dpkg -i x.deb",
            "docker pull nginx",
            "nginx -s stop",
            "curl -XPOST http://localhost/",
            "curl -sd x http://localhost/",
            "curl --request DELETE http://localhost/",
            "sysctl -w vm.swappiness=1",
            "sort -uo /etc/hosts",
            "our-tool --version --install",
            "our-tool",
            "crontab",
            "crontab -r",
            "sed -i s/a/b/ x",
            "sed -ni s/a/b/ x",
            "awk {print>1} a",
            "git pull",
            "git branch new",
            "mount -a",
            "iptables -F",
            "iptables -Z -L",
            "find . -fprint x",
        ] {
            assert!(!known(line), "{line}");
        }
    }

    #[test]
    fn a_word_that_is_not_known_may_be_any() {
        let asked =
            |program, words| Asked { program: OsStr::new(program), words, operands: None, open: true };
        let words = [OsStr::new("$x")];
        assert!(is_harmless(&asked("cat", &words), []));
        assert!(!is_harmless(&asked("sort", &words), []));
        assert!(!is_harmless(&asked("systemctl", &words), []));
    }

    #[test]
    fn what_sets_up_a_shell_prints_code() {
        let code = |line: &str| {
            let words: Vec<&OsStr> = line.split(' ').map(OsStr::new).collect();
            prints_code(words[0], &words[1..])
        };
        for line in [
            "ssh-agent -s",
            "direnv hook bash",
            "starship init bash",
            "brew shellenv",
            "minikube docker-env",
            "rbenv init -",
            "dircolors",
        ] {
            assert!(code(line), "{line}");
        }
        for line in [
            "curl -s https://example.com/install",
            "cat x",
            "base64 -d x",
            "echo rm",
            "./x init",
            "ssh web1 init",
            "python3 env",
        ] {
            assert!(!code(line), "{line}");
        }
    }

    #[test]
    fn a_site_adds_its_own() {
        let own: File =
            toml::from_str("[[harmless]]\nnames = [\"fleetctl\"]\ncommands = [\"status\"]\n").unwrap();
        let program = OsStr::new("fleetctl");
        let words = [OsStr::new("status"), OsStr::new("index-1")];
        let asked = Asked { program, words: &words, operands: None, open: false };
        assert!(!is_harmless(&asked, []));
        assert!(is_harmless(&asked, &own.harmless));
    }
}
