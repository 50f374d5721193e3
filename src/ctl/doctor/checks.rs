//! Layers, tools, records, terminal: looked at without changing anything.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};

use crate::ctl::configured::tools as names;
use crate::policy::{ConfigFault, Places, Shelf, Standing, load, parse_layer};
use crate::record;
use crate::ui::escape;
use crate::ui::escape::quote;
use crate::world::exec::find_here;
use crate::world::tty::Tty;
use crate::world::{FileFault, Real, World, read_trusted, shims, toml_files};

use super::{Finding, State};

/// The files that are read as layers, each read alone.
pub fn layers(places: &Places) -> Vec<Finding> {
    let mut found = vec![Finding::new("layers", State::Good, "built in".into())];
    let mut standing = Standing::Site;
    for folder in [&places.site, &places.operator].into_iter().flatten() {
        let files = toml_files(&folder.join("policies"));
        let mut files = match files {
            Ok(files) => files,
            Err(fault) => {
                found.push(refused(folder, &ConfigFault::File(fault)));
                Vec::new()
            }
        };
        files.push(folder.join("guard.toml"));
        found.extend(files.iter().filter_map(|file| layer(file, standing)));
        standing = Standing::Tighten;
    }
    found.extend(places.project.as_deref().and_then(|file| layer(file, Standing::Tighten)));
    // What no single file shows: a lower layer that says what only a site may say.
    if found.iter().all(|finding| finding.state != State::Wrong)
        && let Err(fault) = load(places)
    {
        found.push(Finding::new("layers", State::Wrong, escape(&fault.to_string()).into_owned()));
    }
    found
}

fn layer(file: &Path, standing: Standing) -> Option<Finding> {
    let text = match read_trusted(file) {
        Ok(text) => text?,
        Err(fault) => return Some(refused(file, &ConfigFault::File(fault))),
    };
    let path = escape(file);
    Some(match parse_layer(&path, &text, standing) {
        Ok(_) if standing == Standing::Tighten => {
            Finding::new("layers", State::Good, format!("{path} (may only tighten)"))
        }
        Ok(_) => Finding::new("layers", State::Good, path.into_owned()),
        Err(fault) => refused(file, &fault),
    })
}

/// A file that guard refuses, which makes it refuse every gated command.
fn refused(file: &Path, fault: &ConfigFault) -> Finding {
    let path = quote(&[file]);
    let mend = match fault {
        ConfigFault::File(FileFault::Untrusted { path, why }) if why.contains("write") => {
            format!("chmod go-w {}", quote(&[path]))
        }
        ConfigFault::File(FileFault::Untrusted { path, .. }) => {
            format!("chown \"$(id -u)\" {}", quote(&[path]))
        }
        ConfigFault::File(_) => format!("ls -l {path}"),
        _ => format!("guardctl policy check {path}"),
    };
    let text = escape(&fault.to_string()).into_owned();
    let text = if matches!(fault, ConfigFault::Text(_)) { format!("{}: {text}", escape(file)) } else { text };
    Finding::new("layers", State::Wrong, text).mended_by(mend)
}

/// The tools that a file speaks for, where each is, and whether a shim stands before it.
pub fn tools(places: &Places) -> Vec<Finding> {
    let all = match names(places) {
        Ok(all) => all,
        Err(fault) => {
            return vec![Finding::new("tools", State::Wrong, escape(&fault.to_string()).into_owned())];
        }
    };
    let shelf = Shelf::new(places);
    let (mut found, mut missing, mut before) = (Vec::new(), Vec::new(), Vec::new());
    for name in all {
        let path = find_here(name.as_ref()).ok();
        if let Ok(Some(file)) = shelf.get(&name)
            && let Some(off) = file.switches_off()
            && let Some(folder) = places.ruling()
        {
            let own = folder.join("tools").join(format!("{name}.toml"));
            let text = format!("{}: {}", escape(&own), escape(&off));
            let mend = format!("guardctl tools check {}", quote(&[own]));
            found.push(Finding::new("tools", State::Wrong, text).mended_by(mend));
        }
        if let Err(fault) = shelf.get(&name) {
            let file = places.ruling().map(|folder| folder.join("tools").join(format!("{name}.toml")));
            let text = format!("{}: {}", escape(&name), escape(&fault.to_string()));
            let mend = file.map_or_else(
                || "guardctl tools".into(),
                |file| format!("guardctl tools check {}", quote(&[file])),
            );
            found.push(Finding::new("tools", State::Wrong, text).mended_by(mend));
        }
        match path {
            Some(path) => {
                if shims::is_shim(&path) {
                    before.push(name.clone());
                }
                found.push(Finding::new(
                    "tools",
                    State::Good,
                    format!("{} is {}", escape(&name), escape(&path)),
                ));
            }
            None => missing.push(escape(&name).into_owned()),
        }
    }
    if !missing.is_empty() {
        found.push(Finding::new("tools", State::Note, format!("not here: {}", missing.join(", "))));
    }
    let text = match before.as_slice() {
        [] => "no shims in PATH: guard judges only what is typed behind 'guard'".to_owned(),
        before => format!("shims in PATH: {} (guardctl shims status)", escape(&before.join(", "))),
    };
    found.push(Finding::new("shims", State::Note, text));
    found
}

/// The audit log and the folder for records.
pub fn records(places: &Places, world: &Real) -> Vec<Finding> {
    let site = load(places).ok().and_then(|policy| policy.site(|file| file.audit.path.clone()));
    let home = world.session().home.as_deref().map(Path::as_os_str);
    let state = world.variable("XDG_STATE_HOME");
    let mut found = Vec::new();
    match record::path(site.as_deref().map(Path::new), state.as_deref(), home) {
        Ok(path) => found.push(log(&path)),
        Err(fault) => found
            .push(Finding::new("records", State::Wrong, fault.to_string()).mended_by("export HOME=…".into())),
    }
    if let Ok(folder) = record::state_folder(state.as_deref(), home)
        && let Ok(about) = fs::metadata(&folder)
    {
        let mode = about.permissions().mode() & 0o777;
        let text = format!("{} has mode {mode:o}", escape(&folder));
        found.push(if mode & 0o077 == 0 {
            Finding::new("records", State::Good, text)
        } else {
            let mend = format!("chmod 700 {}", quote(&[&folder]));
            Finding::new("records", State::Wrong, format!("{text}: others may look into it")).mended_by(mend)
        });
    }
    found
}

/// Whether the log can be written, without writing it.
fn log(path: &Path) -> Finding {
    let shown = escape(path).into_owned();
    if path.symlink_metadata().is_ok() {
        return match record::Log::open(path) {
            Ok(_) => Finding::new("records", State::Good, format!("the audit log is {shown}")),
            Err(fault) => {
                Finding::new("records", State::Wrong, format!("{fault}; gated commands are refused"))
                    .mended_by(format!(
                        "ls -ld {} {}",
                        quote(&[path.parent().unwrap_or(path)]),
                        quote(&[path])
                    ))
            }
        };
    }
    let above: Option<PathBuf> = path.ancestors().skip(1).find(|up| up.exists()).map(Path::to_owned);
    let writable = above
        .as_ref()
        .is_some_and(|up| accessat(CWD, up, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS).is_ok());
    if writable {
        return Finding::new("records", State::Good, format!("the audit log will be {shown}"));
    }
    let above = above.unwrap_or_else(|| "/".into());
    let text = format!("the audit log {shown} can't be made, so gated commands are refused");
    Finding::new("records", State::Wrong, text).mended_by(format!("chmod u+wx {}", quote(&[above])))
}

/// Whether somebody could be asked.
pub fn terminal(world: &Real) -> Finding {
    let text = match (world.session().terminal, Tty::open().is_some()) {
        (_, false) => "there is no terminal: what has to be asked is refused (exit code 122)",
        (false, true) => "CI is set: what has to be asked is refused (exit code 122)",
        (true, true) => return Finding::new("terminal", State::Good, "questions are asked here".into()),
    };
    Finding::new("terminal", State::Note, text.into())
}
