//! Where a command acts: the context's name and its parts.
//!
//! Read from the command line, the environment and files; no process is started for it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::read::Match;
use crate::tool::{PlaceFrom, PlacePart};
use crate::world::World;

use super::target::Place;

/// Finds out where an invocation acts. The last resort is the name of the host it runs on. What
/// runs on another one does not see this one's files and variables.
pub fn place(found: &Match, world: &dyn World) -> Place {
    let mut place = Place::default();
    let far = found.invocation.far_place();
    for part in &found.tool().place {
        let value = match part.from {
            PlaceFrom::Given => None,
            _ if far.is_some() && part.from != PlaceFrom::Operand => None,
            PlaceFrom::Kubeconfig => kubeconfig(found, world),
            PlaceFrom::Operand => found.operands().first().map(|word| host(&word.to_string_lossy())),
            PlaceFrom::Folder => Some(world.session().cwd.display().to_string()),
        };
        let value = given(found, world, part).or(value).or_else(|| part.default.clone());
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            if place.name.is_empty() && part.names {
                place.name.clone_from(&value);
            }
            place.parts.push((part.part.clone(), value));
        }
    }
    if place.name.is_empty() {
        place.name = far.map_or_else(|| world.session().host.clone(), str::to_owned);
        place.parts.insert(0, ("host".into(), place.name.clone()));
    }
    place
}

/// The host in `user@host`, `ssh://user@host:22`.
fn host(word: &str) -> String {
    let (url, rest) = word.strip_prefix("ssh://").map_or((false, word), |rest| (true, rest));
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let rest = if url { rest.split(['/', ':']).next().unwrap_or(rest) } else { rest };
    rest.to_owned()
}

/// The value an option gives, else an environment variable, as the command itself would see it.
fn given(found: &Match, world: &dyn World, part: &PlacePart) -> Option<String> {
    let option = part.option.as_ref().and_then(|name| found.invocation.value(name));
    let text = |value: &OsStr| value.to_string_lossy().into_owned();
    option
        .map(text)
        .filter(|v| !v.is_empty())
        .or_else(|| part.env.iter().find_map(|name| variable(found, world, name).map(|v| text(&v))))
}

/// An environment variable: as a wrapper sets it, else guard's own.
fn variable(found: &Match, world: &dyn World, name: &str) -> Option<std::ffi::OsString> {
    let prefix = format!("{name}=");
    let set =
        found.invocation.assignments().filter_map(|word| word.as_bytes().strip_prefix(prefix.as_bytes()));
    let own = || world.variable(name).filter(|_| found.invocation.far_place().is_none());
    set.last().map(|value| OsStr::from_bytes(value).to_owned()).or_else(own)
}

/// The current context of the kubeconfig that kubectl would read.
fn kubeconfig(found: &Match, world: &dyn World) -> Option<String> {
    let option = crate::tool::OptionName::unlisted("--kubeconfig");
    let paths = match found.invocation.value(&option).map(OsStr::to_owned) {
        Some(path) => path,
        None => match variable(found, world, "KUBECONFIG").filter(|v| !v.is_empty()) {
            Some(paths) => paths,
            None => world.session().home.as_ref()?.join(".kube/config").into_os_string(),
        },
    };
    first_context(&paths, world)
}

/// The current context of the first kubeconfig in a list that names one.
fn first_context(paths: &OsStr, world: &dyn World) -> Option<String> {
    let files = paths.as_bytes().split(|b| *b == b':').filter(|p| !p.is_empty());
    files.map(|path| PathBuf::from(OsStr::from_bytes(path))).find_map(|path| {
        let text = String::from_utf8(world.file(&path)?).ok()?;
        context_of(&text)
    })
}

/// The context that kubectl would act in where its command line names none.
pub fn current_context(world: &dyn World) -> Option<String> {
    let named = world.variable("KUBECONFIG").filter(|paths| !paths.is_empty());
    let usual = || Some(world.session().home.as_ref()?.join(".kube/config").into_os_string());
    first_context(&named.or_else(usual)?, world)
}

/// The `current-context` of a kubeconfig's text, YAML as kubectl writes it or JSON.
fn context_of(text: &str) -> Option<String> {
    if text.trim_start().starts_with('{') {
        let value: serde_json::Value = serde_json::from_str(text).ok()?;
        return value.get("current-context")?.as_str().filter(|v| !v.is_empty()).map(str::to_owned);
    }
    let line = text.lines().find_map(|line| line.strip_prefix("current-context:"))?;
    let value = line.split(" #").next()?.trim().trim_matches(['"', '\'']);
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{context_of, host};

    #[test]
    fn a_host_is_named_without_user_and_port() {
        for word in ["web-1", "ops@web-1", "ssh://ops@web-1:22", "ssh://web-1", "a@b@web-1"] {
            assert_eq!(host(word), "web-1", "{word}");
        }
    }

    #[test]
    fn the_context_is_read_from_yaml_and_json() {
        assert_eq!(context_of("a: b\ncurrent-context: east\n").as_deref(), Some("east"));
        assert_eq!(context_of("current-context: \"east\" # x\n").as_deref(), Some("east"));
        assert_eq!(context_of("current-context: \"\"\n"), None);
        assert_eq!(context_of("{\"current-context\":\"east\"}").as_deref(), Some("east"));
        assert_eq!(context_of("  current-context: nested\n"), None);
    }
}
