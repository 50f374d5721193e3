//! Whether listings work here: one a tool, taken from the examples in its file.

use std::ffi::OsString;
use std::rc::Rc;
use std::time::Duration;

use crate::ctl::configured::tools;
use crate::policy::{Places, Shelf};
use crate::read::{Fill, Match, read};
use crate::tool::ToolFile;
use crate::ui::escape;
use crate::ui::escape::quote;
use crate::world::exec::find_here;
use crate::world::{Listing, Real, World};

use super::{Finding, State};

/// How long a listing may take for this.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is said where nothing was run.
pub fn not_run() -> Finding {
    let text = "no listing was run; 'guardctl doctor --listings' runs one of each tool";
    Finding::new("listings", State::Note, text.into())
}

/// Runs one listing of each tool that is here.
pub fn all(places: &Places, world: &Real) -> Vec<Finding> {
    let shelf = Shelf::new(places);
    let names = tools(places).unwrap_or_default();
    let here = names.iter().filter(|name| find_here(name.as_ref()).is_ok());
    here.filter_map(|name| one(&shelf.get(name).ok()??, &shelf, world)).collect()
}

/// The first example that says what it lists.
fn one(file: &Rc<ToolFile>, shelf: &Shelf, world: &Real) -> Option<Finding> {
    let (found, codes) = file.action.iter().find_map(|action| {
        let test = action.test.iter().find(|test| test.matches && test.lists.is_some())?;
        let argv: Vec<OsString> = shlex::split(&test.run)?.into_iter().map(OsString::from).collect();
        let found = read(&argv, shelf).ok()?.iter().find_map(Match::find)?;
        (found.action().name == action.name).then_some((found, action.read.codes.clone()))
    })?;
    // Through no wrapper: nobody is asked for a password to see whether a listing works.
    let argv = found.fill(found.action().list.as_ref()?, &Fill::default());
    let command = quote(&argv);
    Some(
        match world.list(&Listing {
            argv: &argv,
            patience: PATIENCE,
            codes: &codes,
            folder: None,
            variables: &[],
        }) {
            Ok(_) => Finding::new("listings", State::Good, format!("{command} works")),
            Err(why) => Finding::new("listings", State::Wrong, escape(&why).into_owned()).mended_by(command),
        },
    )
}
