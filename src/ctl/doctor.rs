//! `guardctl doctor`: what guard reads and finds here, what is wrong, and the command that mends it.

mod checks;
mod listings;

use clap::Args;
use serde::Serialize;

use crate::exit;
use crate::ui::Ui;
use crate::world::{Real, World};

use super::Failure;
use super::configured::places;

/// Arguments of `guardctl doctor`.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct DoctorArgs {
    /// Also run one listing of each tool that is here, to see whether it works
    #[arg(long)]
    pub listings: bool,
    /// Print one JSON array
    #[arg(long)]
    pub json: bool,
}

/// How a finding is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Good,
    /// Worth knowing.
    Note,
    /// Guard can't do its work as it should.
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: `layers`, `tools`, `listings`, `records`, `shims`, `terminal`.
    pub about: &'static str,
    /// How it is.
    pub state: State,
    /// One sentence, escaped.
    pub text: String,
    /// The command that mends it.
    pub mend: Option<String>,
}

impl Finding {
    fn new(about: &'static str, state: State, text: String) -> Self {
        Self { about, state, text, mend: None }
    }

    fn mended_by(self, command: String) -> Self {
        Self { mend: Some(command), ..self }
    }
}

/// Looks at everything; exit code 1 where something is wrong.
///
/// # Errors
/// Where the output can't be written.
pub fn run(args: &DoctorArgs, ui: &mut Ui) -> Result<u8, Failure> {
    let world = Real::new(true);
    let places = places(&world, &world.session().cwd);
    let mut found = checks::layers(&places);
    found.extend(checks::tools(&places));
    found.extend(if args.listings { listings::all(&places, &world) } else { vec![listings::not_run()] });
    found.extend(checks::records(&places, &world));
    found.push(checks::terminal(&world));
    let wrong = found.iter().any(|finding| finding.state == State::Wrong);
    if args.json {
        ui.print(&serde_json::to_string(&found).map_err(std::io::Error::other)?)?;
    } else {
        print(&found, wrong, ui)?;
    }
    Ok(if wrong { exit::FOUND } else { 0 })
}

fn print(found: &[Finding], wrong: bool, ui: &mut Ui) -> Result<(), Failure> {
    let mut about = "";
    for finding in found {
        if finding.about != about {
            about = finding.about;
            ui.print(about)?;
        }
        let mark = match finding.state {
            State::Good => "  ",
            State::Note => " -",
            State::Wrong => " !",
        };
        ui.print(&format!("{mark} {}", finding.text))?;
        if let Some(mend) = &finding.mend {
            ui.print(&format!("     mend it: {mend}"))?;
        }
    }
    ui.print(if wrong { "something is wrong" } else { "nothing is wrong" })?;
    Ok(())
}
