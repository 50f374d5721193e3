//! `guardctl shims status`: what keeps shims from standing before their tools.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::exit;
use crate::tool::number_of;
use crate::ui::Ui;
use crate::ui::escape::{escape, quote};
use crate::world::exec::find_here;
use crate::world::shims::links::{self, Standing};
use crate::world::shims::{self, Landing, landing};

use super::super::Failure;

/// What is printed with `--json`.
#[derive(Debug, Serialize)]
struct Status {
    folder: String,
    in_path: bool,
    shims: Vec<Shim>,
    /// One sentence for each thing that is in the way.
    wrong: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Shim {
    name: String,
    /// The real program; nothing where there is none.
    program: Option<String>,
    /// True where the shim is what a shell finds.
    in_front: bool,
    stale: bool,
}

/// Tells whether a folder is in guard's own `PATH`.
pub fn in_path(dir: &Path) -> bool {
    env::var_os("PATH").is_some_and(|path| shims::entries(&path).any(|entry| same(Path::new(entry), dir)))
}

fn same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    one == other || real(one).is_some_and(|one| Some(one) == real(other))
}

/// Prints how the shims of a folder stand.
///
/// # Errors
/// Where the folder can't be read.
pub fn run(dir: &Path, json: bool, ui: &mut Ui) -> Result<u8, Failure> {
    let (mut all, mut wrong) = (Vec::new(), Vec::new());
    let in_path = in_path(dir);
    for (name, standing) in super::of(dir)? {
        if standing == Standing::Foreign {
            wrong.push(format!("{} is not guard's: the folder is no folder of shims alone", escape(&name)));
            continue;
        }
        all.push(shim(dir, &name, &standing, in_path, &mut wrong));
    }
    if all.is_empty() {
        wrong.push("there are no shims: guardctl shims install".into());
    } else if !in_path {
        wrong.push(format!("the folder is not in PATH: export PATH={}:$PATH", quote(&[dir])));
    }
    wrong.extend(links::exposed(dir).map(|why| escape(&why).into_owned()));
    let code = if wrong.is_empty() { 0 } else { exit::FOUND };
    let status = Status { folder: escape(dir).into_owned(), in_path, shims: all, wrong };
    if json {
        ui.print(&serde_json::to_string(&status).map_err(std::io::Error::other)?)?;
        return Ok(code);
    }
    let front = status.shims.iter().filter(|shim| shim.in_front).count();
    ui.print(&format!(
        "{}: {}, {front} in front of their program",
        status.folder,
        number_of(status.shims.len(), "shim")
    ))?;
    for sentence in &status.wrong {
        ui.print(&format!(" ! {sentence}"))?;
    }
    Ok(code)
}

/// How one shim stands. Where the folder is not in `PATH` at all that is said once.
fn shim(dir: &Path, name: &OsStr, standing: &Standing, in_path: bool, wrong: &mut Vec<String>) -> Shim {
    let shown = escape(name).into_owned();
    let stale = if let Standing::Stale(target) = standing {
        wrong.push(format!("{shown} leads to {}, which is gone: guardctl shims install", escape(target)));
        true
    } else {
        false
    };
    let first = find_here(name).ok();
    let in_front = !stale && first.as_deref().is_some_and(|file| same_link(file, &dir.join(name)));
    let program = program(name);
    if program.is_none() {
        wrong.push(format!("{shown} has no program behind it: guardctl shims remove {}", quote(&[name])));
    } else if in_path
        && !in_front
        && !stale
        && let Some(first) = first.filter(|file| !shims::is_shim(file))
    {
        wrong.push(format!("{shown} comes too late: {} is found before it", escape(&first)));
    }
    Shim { name: shown, program: program.map(|file| escape(&file).into_owned()), in_front, stale }
}

/// The same name in the same folder, however the folder is spelled.
fn same_link(one: &Path, other: &Path) -> bool {
    one.file_name() == other.file_name()
        && one.parent().zip(other.parent()).is_some_and(|(one, other)| same(one, other))
}

/// The real program of a name.
fn program(name: &OsStr) -> Option<PathBuf> {
    let cwd = env::current_dir().unwrap_or_default();
    match landing(name, env::var_os("PATH").as_deref(), &cwd) {
        Landing::AsTyped => find_here(name).ok(),
        Landing::Behind(file) => Some(file),
        Landing::OnlyShims => None,
    }
}
