//! `guardctl shims`: links that put guard before the tools of their names.

mod status;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::exit;
use crate::policy::{Places, Shelf, Stance, load};
use crate::tool::{ToolFile, number_of};
use crate::ui::Ui;
use crate::ui::escape::{escape, quote};
use crate::world::exec::find_program;
use crate::world::shims::links::{self, Placed, Standing};
use crate::world::shims::{Landing, MARK, landing, usual_folders};
use crate::world::{Real, World};

use super::Failure;
use super::configured;

/// Wrappers that reset `PATH` or gather many targets into one call. The others (`env`, `nice`, `timeout`…)
/// start the shims of what they run by themselves, so they are left alone.
const WRAPPERS: [&str; 7] = ["doas", "parallel", "runuser", "su", "sudo", "watch", "xargs"];

/// Shells start often, and what they start finds the shims by itself.
const SHELLS: [&str; 8] = ["ash", "bash", "busybox", "dash", "fish", "ksh", "sh", "zsh"];

/// Arguments of `guardctl shims`.
#[derive(Debug, Args)]
pub struct ShimsArgs {
    /// What to do
    #[command(subcommand)]
    pub command: ShimsCommand,
}

/// What to do about shims.
#[derive(Debug, Subcommand)]
pub enum ShimsCommand {
    /// Link tools to guard; without TOOLS those that are here and can do something risky
    Install(Which),
    /// Take guard's own links away; without TOOLS all of them
    Remove(Which),
    /// List the shims of a folder, one a line
    List(Shown),
    /// Say what is in the way of the shims of a folder; exit code 1 where something is
    Status(Shown),
}

/// Which shims, and where.
#[derive(Debug, Args)]
pub struct Which {
    /// The folder of shims; without it lib/guard/shims beside guard, else in ~/.local
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
    /// Names of tools
    pub tools: Vec<OsString>,
}

/// Which folder to show, and how.
#[derive(Debug, Args)]
pub struct Shown {
    /// The folder of shims; without it lib/guard/shims beside guard, else in ~/.local
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Runs `guardctl shims`.
///
/// # Errors
/// Where the folder or guard itself can't be used.
pub fn run(args: &ShimsArgs, ui: &mut Ui) -> Result<u8, Failure> {
    match &args.command {
        ShimsCommand::Install(which) => install(which, ui),
        ShimsCommand::Remove(which) => remove(which, ui),
        ShimsCommand::List(shown) => list(shown, ui),
        ShimsCommand::Status(shown) => status::run(&folder(shown.dir.as_deref())?, shown.json, ui),
    }
}

fn install(which: &Which, ui: &mut Ui) -> Result<u8, Failure> {
    let guard = guard()?;
    let dir = match &which.dir {
        Some(dir) => std::path::absolute(dir)?,
        None => {
            let all = usual_folders();
            let first = all.iter().find(|dir| links::writable(dir)).or(all.first());
            first.cloned().ok_or_else(no_folder)?
        }
    };
    let cant = |fault| Failure::Usage(format!("{}: {fault}", quote(&[&dir])));
    fs::create_dir_all(&dir).map_err(cant)?;
    if let Some(why) = links::exposed(&dir) {
        return Err(Failure::Usage(format!("no shims are put where others may exchange them: {why}")));
    }
    let names = if which.tools.is_empty() { usual_tools(ui)? } else { judged(&which.tools)? };
    let (mut new, mut all, mut code) = (0, 0_usize, 0);
    for name in std::iter::once(MARK.into()).chain(names) {
        match links::place(&dir, &name, &guard).map_err(cant)? {
            Placed::Refused => {
                code = exit::FOUND;
                let file = dir.join(&name);
                ui.complain(&format!("guardctl: {} is not guard's own link: it stays", quote(&[file])));
            }
            placed if name != MARK => {
                all += 1;
                new += u32::from(placed == Placed::New);
            }
            _ => {}
        }
    }
    ui.print(&format!("{}: {}, {new} of them new", escape(&dir), number_of(all, "shim")))?;
    if !status::in_path(&dir) {
        let line = "eval \"$(guardctl init bash)\"";
        ui.complain(&format!(
            "guardctl: the folder is not in PATH; put this into ~/.bashrc: {line} (or zsh, fish)"
        ));
    }
    Ok(code)
}

fn remove(which: &Which, ui: &mut Ui) -> Result<u8, Failure> {
    let dir = folder(which.dir.as_deref())?;
    let cant = |fault| Failure::Usage(format!("{}: {fault}", quote(&[&dir])));
    let own = |standing: &Standing| matches!(standing, Standing::Shim(_) | Standing::Stale(_));
    let there = match links::all(&dir) {
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        there => there.map_err(cant)?,
    };
    let there: Vec<OsString> = there.into_iter().filter(|(_, s)| own(s)).map(|(name, _)| name).collect();
    let names = if which.tools.is_empty() { &there } else { &which.tools };
    let (mut gone, mut code) = (0_usize, 0);
    for name in names.iter().filter(|name| *name != MARK) {
        if is_name(name) && links::take(&dir, name).map_err(cant)? {
            gone += usize::from(there.contains(name));
        } else {
            code = exit::FOUND;
            let file = dir.join(name);
            ui.complain(&format!("guardctl: {} is not guard's own link: it stays", quote(&[file])));
        }
    }
    let left = there.iter().any(|name| name != MARK && fs::symlink_metadata(dir.join(name)).is_ok());
    if !left && !there.is_empty() {
        links::take(&dir, MARK.as_ref()).map_err(cant)?;
        // Only where it is empty now.
        let _ = fs::remove_dir(&dir);
    }
    ui.print(&format!("{}: {} removed", escape(&dir), number_of(gone, "shim")))?;
    Ok(code)
}

/// A shim, as `list --json` prints it.
#[derive(Debug, Serialize)]
struct Line {
    name: String,
    leads_to: String,
    stale: bool,
}

fn list(shown: &Shown, ui: &mut Ui) -> Result<u8, Failure> {
    let dir = folder(shown.dir.as_deref())?;
    let lines: Vec<Line> = of(&dir)?
        .into_iter()
        .filter_map(|(name, standing)| {
            let (target, stale) = match standing {
                Standing::Shim(target) => (target, false),
                Standing::Stale(target) => (target, true),
                _ => return None,
            };
            let name = escape(&name).into_owned();
            Some(Line { name, leads_to: escape(&target).into_owned(), stale })
        })
        .collect();
    if shown.json {
        ui.print(&serde_json::to_string(&lines).map_err(std::io::Error::other)?)?;
    } else if !lines.is_empty() {
        let names: Vec<&str> = lines.iter().map(|line| line.name.as_str()).collect();
        ui.print(&names.join("\n"))?;
    }
    Ok(0)
}

/// What stands in a folder, guard's mark left out; nothing where there is no folder.
fn of(dir: &Path) -> Result<Vec<(OsString, Standing)>, Failure> {
    match links::all(dir) {
        Ok(all) => Ok(all.into_iter().filter(|(name, _)| name != MARK).collect()),
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(fault) => Err(Failure::Usage(format!("{}: {fault}", quote(&[dir])))),
    }
}

/// The guard that shims lead to: the one beside this program.
fn guard() -> Result<PathBuf, Failure> {
    let guard = env::current_exe()?.with_file_name(MARK);
    if guard.is_file() {
        return Ok(guard);
    }
    Err(Failure::Usage(format!("there is no guard beside guardctl: {}", quote(&[guard]))))
}

/// The folder that is meant: the one named, else the first usual one that is there.
pub(super) fn folder(named: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(dir) = named {
        return Ok(std::path::absolute(dir)?);
    }
    let all = usual_folders();
    all.iter().find(|dir| dir.is_dir()).or(all.first()).cloned().ok_or_else(no_folder)
}

fn no_folder() -> Failure {
    Failure::Usage("there is no place for shims: say where with --dir".into())
}

/// Tells whether a word can be the name of a shim. Guard's own programs are none.
fn is_name(name: &OsString) -> bool {
    let bytes = name.as_encoded_bytes();
    let plain = !bytes.is_empty() && !bytes.contains(&b'/') && !bytes.starts_with(b".");
    plain && !["guardctl", "guard-shell"].iter().any(|own| name == own)
}

/// The tools as named, where a shim would do something: a name that is mistyped guards nothing.
fn judged(names: &[OsString]) -> Result<Vec<OsString>, Failure> {
    let world = Real::new(false);
    let places = configured::places(&world, &world.session().cwd);
    let shelf = Shelf::new(&places);
    let all = load(&places)?.unnamed().value != Stance::Allow;
    for name in names {
        if !is_name(name) {
            return Err(Failure::Usage(format!("{} is no name of a tool", quote(&[name]))));
        }
        if !all && name != MARK && shelf.get(&name.to_string_lossy())?.is_none() {
            let what = "no tool file speaks for it, so a shim would let all of it pass";
            return Err(Failure::Usage(format!("{}: {what}", quote(&[name]))));
        }
    }
    Ok(names.to_vec())
}

/// The tools worth a shim whose program is here. Others would make a missing program look present.
fn usual_tools(ui: &mut Ui) -> Result<Vec<OsString>, Failure> {
    let world = Real::new(false);
    let places = configured::places(&world, &world.session().cwd);
    let mut names = named(&places, ui)?;
    let path = env::var_os("PATH");
    let cwd = &world.session().cwd;
    names.retain(|name| match landing(name.as_ref(), path.as_deref(), cwd) {
        Landing::AsTyped => find_program(name.as_ref(), path.as_deref(), cwd).is_ok(),
        Landing::Behind(_) => true,
        Landing::OnlyShims => false,
    });
    Ok(names.into_iter().map(OsString::from).collect())
}

/// Every name that a tool file gives a tool worth a shim.
fn named(places: &Places, ui: &mut Ui) -> Result<Vec<String>, Failure> {
    let shelf = Shelf::new(places);
    let mut names = Vec::new();
    for tool in configured::tools(places)? {
        match shelf.get(&tool) {
            Ok(Some(file)) if is_worth(&file) => names.extend(file.tool.names.iter().cloned()),
            Ok(_) => {}
            // Shims for the others must not wait for one broken file.
            Err(fault) => ui.complain(&format!("guardctl: {}", fault.render())),
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

fn is_worth(file: &ToolFile) -> bool {
    let own = |list: &[&str]| list.contains(&file.tool.names[0].as_str());
    if file.tool.wrapper.is_some() { own(&WRAPPERS) } else { !file.action.is_empty() && !own(&SHELLS) }
}
