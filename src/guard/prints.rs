//! What a program prints into the words or the input of another, where that can be told without
//! running it: the processes that pgrep names, the number in a pid file.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::read::shell::{Command, Word};
use crate::read::{Match, program_name};
use crate::scope;
use crate::tool::OptionName;
use crate::world::{LookKind, World};

/// A file longer than this holds no process ids.
const LONGEST: usize = 4096;

/// A word for one process that nobody knows yet; no process and no file has this name.
const ONE: &str = "$(one-process)";

/// The words of a command that signals processes, with what programs print in their places.
pub fn told(command: &Command, world: &dyn World) -> Vec<Word> {
    let kills = |word: &Word| matches!(word, Word::Known(text) if program_name(text) == "kill");
    if command.printed.is_empty() || !command.words.iter().any(kills) {
        return command.words.clone();
    }
    let mut words = Vec::new();
    for word in &command.words {
        let from = match word {
            Word::Unknown { text, .. } => command.printed.iter().find(|(printed, _)| printed == text),
            Word::Known(_) => None,
        };
        match from.and_then(|(_, argv)| processes(argv, world)) {
            Some(pids) => words.extend(pids.into_iter().map(Word::Known)),
            None => words.push(word.clone()),
        }
    }
    words
}

/// The process ids that a program prints, or one word for a process that does not run now; `None`
/// where that can't be told.
pub fn processes(argv: &[OsString], world: &dyn World) -> Option<Vec<OsString>> {
    let (program, rest) = argv.split_first()?;
    let has =
        |word: &str| rest.iter().any(|one| one.as_bytes().windows(word.len()).any(|w| w == word.as_bytes()));
    match program_name(program) {
        "pgrep" => scope::pgrep(argv, world).ok().map(|found| or_one(found.pids, found.vital)),
        "pidof" => {
            let names: Vec<&OsStr> = rest
                .iter()
                .map(OsString::as_os_str)
                .filter(|word| !matches!(word.as_bytes(), b"-s" | b"-x" | b"-q"))
                .collect();
            let plain = !names.is_empty() && names.iter().all(|name| !name.as_bytes().starts_with(b"-"));
            plain
                .then(|| scope::pidof(&names, world).ok())
                .flatten()
                .map(|found| or_one(found.pids, found.vital))
        }
        "cat" => match rest {
            [file] => written(file, world),
            _ => None,
        },
        "lsof" => one_port(rest).then(|| vec![ONE.into()]),
        // One unit or container has one such process.
        "systemctl" if has("MainPID") && has("show") => Some(vec![ONE.into()]),
        "docker" | "podman" if has("State.Pid") && has("inspect") => Some(vec![ONE.into()]),
        // What this very shell has started.
        "jobs" if rest == ["-p"] => Some(vec![ONE.into()]),
        _ => None,
    }
}

/// What cat prints of files that are named.
pub fn held(argv: &[OsString], world: &dyn World) -> Option<Vec<u8>> {
    let (program, files) = argv.split_first().filter(|(_, files)| !files.is_empty())?;
    if program_name(program) != "cat" || files.iter().any(|file| file.as_bytes().starts_with(b"-")) {
        return None;
    }
    let mut all = Vec::new();
    for file in files {
        all.extend_from_slice(&world.fed(Some(Path::new(file))).ok()?);
    }
    Some(all)
}

/// The names that cat or ls prints, one a line. Of an ls whose lines pass through filters it is all of them.
pub fn names(argv: &[OsString], world: &dyn World) -> Option<Vec<u8>> {
    let (program, words) = argv.split_first()?;
    if program_name(program) != "ls" {
        return held(argv, world);
    }
    // What a folder holds is printed without its name, so only the working folder's can be told.
    let (options, operands): (Vec<_>, Vec<_>) =
        words.iter().partition(|word| word.as_bytes().starts_with(b"-") && word.len() > 1);
    let letters = |word: &&OsString| word.as_bytes()[1..].iter().all(|b| b"1trSUXvcuadA".contains(b));
    let bare = options.iter().any(|word| word.as_bytes().contains(&b'd'));
    let folder = |word: &&OsString| {
        !bare && world.look(Path::new(word)).is_some_and(|look| look.kind != LookKind::File)
    };
    let hidden = options.iter().any(|word| word.as_bytes().iter().any(|b| b"aA".contains(b)));
    if !options.iter().all(letters) || operands.iter().any(folder) {
        return None;
    }
    let names: Vec<OsString> = match operands.as_slice() {
        [] if bare => return None,
        [] => {
            let all = world.names(Path::new(".")).into_iter();
            all.filter(|name| hidden || !name.as_bytes().starts_with(b".")).collect()
        }
        some => some.iter().map(|word| (*word).clone()).collect(),
    };
    // A quote or an option among them makes the rest depend on their order.
    let odd = |name: &OsString| {
        name.as_bytes().starts_with(b"-") || name.as_bytes().iter().any(|b| b"'\"\\\n".contains(b))
    };
    if names.iter().any(odd) {
        return None;
    }
    let names = names.iter().filter(|name| !matches!(name.as_bytes(), b"." | b".."));
    Some(names.flat_map(|name| [name.as_bytes(), b"\n"].concat()).collect())
}

fn or_one(pids: Vec<i32>, vital: Option<&'static str>) -> Vec<OsString> {
    if pids.is_empty() {
        return vec![vital.unwrap_or(ONE).into()];
    }
    pids.iter().map(|pid| pid.to_string().into()).collect()
}

/// What a pid file holds now; one process where it is still to be written.
fn written(file: &OsStr, world: &dyn World) -> Option<Vec<OsString>> {
    let named = || file.as_bytes().ends_with(b".pid") || file.as_bytes().ends_with(b"/pid");
    let Some(text) = world.file(Path::new(file)) else { return named().then(|| vec![ONE.into()]) };
    let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    (text.len() <= LONGEST).then(|| words.map(|word| OsString::from_vec(word.to_vec())).collect())
}

/// `-t -i:8080`, `-ti tcp:8080`: whoever has one port open.
fn one_port(words: &[OsString]) -> bool {
    let mut ids = false;
    let mut ports = 0;
    for word in words {
        let text = word.to_str().unwrap_or("?");
        let port = text.rsplit_once(':').map(|(_, port)| port);
        match (text, port) {
            ("-t" | "-ti" | "-n" | "-P" | "-i", None) => ids |= text.starts_with("-t"),
            (_, Some(port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
                ids |= text.starts_with("-ti");
                ports += 1;
            }
            ("-sTCP:LISTEN", _) => {}
            _ => return false,
        }
    }
    ids && ports == 1
}

/// The find that removes what another find hands to an rm which goes into no folder.
pub fn removing(feeder: &[OsString], words: &[OsString]) -> Option<Vec<OsString>> {
    let (program, rest) = words.split_first()?;
    let options = rest
        .iter()
        .all(|word| matches!(word.as_bytes(), b"-f" | b"-v" | b"-i" | b"--" | b"-fv" | b"--force"));
    let (find, tests) = feeder.split_first()?;
    let plain = |word: &&OsString| !matches!(word.as_bytes(), b"-print" | b"-print0");
    let acts = tests.iter().any(|word| {
        let word = word.as_bytes();
        word.starts_with(b"-exec")
            || word.starts_with(b"-ok")
            || word.starts_with(b"-fprint")
            || word == b"-delete"
            || word == b"-printf"
    });
    let fits = program_name(program) == "rm" && options && program_name(find) == "find" && !acts;
    fits.then(|| {
        std::iter::once(find)
            .chain(tests.iter().filter(plain))
            .cloned()
            .chain(std::iter::once("-delete".into()))
            .collect()
    })
}

/// For the rm of a find with names the find that removes: it hits nothing outside where that starts,
/// and can be bounded without a listing.
pub fn bounding(argv: &[OsString], find: &Match) -> Option<Vec<OsString>> {
    let (program, words) = argv.split_first()?;
    let (_, words) = words.split_last().filter(|(last, _)| *last == "{}")?;
    let given = |name: &str| find.invocation.option(&OptionName::unlisted(name)).is_some();
    if program_name(&find.invocation.program) != "find" || given("-L") || given("-follow") {
        return None;
    }
    let joined = ["-o", "-not", "(", ","].iter().any(|name| given(name));
    let flags = |letters: &[u8]| {
        words.iter().all(|word| {
            let word = word.as_bytes();
            word == b"--" || word.starts_with(b"-") && word[1..].iter().all(|b| letters.contains(b))
        })
    };
    match program_name(program) {
        "rm" if flags(b"rRfvI") && given("-name") && !joined => {
            let whole = find.invocation.argv();
            let at = whole.iter().position(|word| word == "-exec" || word == "-execdir")?;
            let ends = |word: &OsString| word == ";" || word == "+";
            let end = at + whole[at..].iter().position(ends)?;
            let mut words = whole[..at].to_vec();
            words.push("-delete".into());
            words.extend_from_slice(&whole[end + 1..]);
            Some(words)
        }
        _ => None,
    }
}

/// The word that a program prints, where this host tells it without being asked.
pub fn word(argv: &[OsString], folder: &Path, world: &dyn World) -> Option<OsString> {
    let words: Vec<&str> = argv.iter().map(|word| word.to_str()).collect::<Option<_>>()?;
    match words.as_slice() {
        ["whoami"] | ["id", "-un"] => Some(world.session().user.clone().into()),
        ["hostname"] => Some(world.session().host.clone().into()),
        ["basename", path] => Path::new(path).file_name().map(OsStr::to_owned),
        ["dirname", path] => {
            let folder = Path::new(path).parent()?;
            Some(if folder.as_os_str().is_empty() { ".".into() } else { folder.as_os_str().to_owned() })
        }
        ["git", "rev-parse", "--show-toplevel"] => {
            let top = folder.ancestors().find(|folder| world.look(&folder.join(".git")).is_some())?;
            Some(top.as_os_str().to_owned())
        }
        ["git", "branch", "--show-current"] | ["git", "rev-parse", "--abbrev-ref", "HEAD"] => {
            let head = folder.ancestors().find_map(|folder| world.file(&folder.join(".git/HEAD")))?;
            let head = std::str::from_utf8(&head).ok()?.trim_end();
            head.strip_prefix("ref: refs/heads/").map(OsString::from)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn one_port_is_one_port() {
        for line in
            ["-t -i:8080", "-ti:8080", "-ti tcp:8080", "-t -i tcp:3000", "-t -i TCP:8080 -sTCP:LISTEN"]
        {
            assert!(one_port(&words(line)), "{line}");
        }
        for line in [
            "-t",
            "-i:8080",
            "-t -i:1-9000",
            "-t -i:80,443",
            "-t -u bob",
            "-t -i",
            "-t -i:80 -i:443",
            "-t /srv",
        ] {
            assert!(!one_port(&words(line)), "{line}");
        }
    }

    #[test]
    fn a_find_for_rm_is_a_find_that_removes() {
        let find =
            |feeder: &str, rm: &str| removing(&words(feeder), &words(rm)).map(|w| w.join(" ".as_ref()));
        assert_eq!(find("find . -name *.o -print0", "rm -f"), Some("find . -name *.o -delete".into()));
        assert_eq!(find("find . -type d", "rm -rf"), None);
        assert_eq!(find("find . -printf %h", "rm"), None);
        assert_eq!(find("ls", "rm"), None);
    }
}
