//! `guardctl tools`: which tools guard knows, what it knows of them, and whether that holds.

use std::path::PathBuf;
use std::rc::Rc;

use clap::{Args, Subcommand};

use crate::exit;
use crate::policy::{ConfigFault, Places, Shelf, kinds, parse_tool};
use crate::tool::{Action, EffectBy, Source, ToolFile, builtin, number_of};
use crate::ui::{Ui, escape};
use crate::world::{Real, World};

use super::Failure;
use super::configured::{places, tools};
use super::policy::{SchemaArgs, of_tools, schema};
use super::tool_tests;

/// Arguments of `guardctl tools`.
#[derive(Debug, Args)]
pub struct ToolsArgs {
    /// What to do with tool files [default: list]
    #[command(subcommand)]
    pub command: Option<ToolsCommand>,
}

/// What `guardctl tools` does.
#[derive(Debug, Subcommand)]
pub enum ToolsCommand {
    /// List the actions of every tool that guard knows
    List,
    /// Print the tool file that speaks for a program
    Show {
        /// The program's name
        tool: String,
    },
    /// Check tool files; exit 1 where one is wrong
    Check {
        /// Tool files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Run the examples in tool files, by default in all that hold here; exit 1 where one fails
    Test {
        /// Tool files
        files: Vec<PathBuf>,
    },
    /// Print the JSON Schema of tool files
    Schema(SchemaArgs),
}

/// Runs `guardctl tools`.
///
/// # Errors
/// Where a tool file can't be read or the output not written.
pub fn run(args: &ToolsArgs, ui: &mut Ui) -> Result<u8, Failure> {
    let world = Real::new(false);
    let places = places(&world, &world.session().cwd);
    let shelf = Shelf::new(&places);
    match args.command.as_ref().unwrap_or(&ToolsCommand::List) {
        ToolsCommand::List => list(&places, &shelf, ui),
        ToolsCommand::Show { tool } => show(tool, &places, &shelf, ui),
        ToolsCommand::Check { files } => check(files, ui),
        ToolsCommand::Test { files } => test(files, &places, &shelf, ui),
        ToolsCommand::Schema(args) => schema(args, &of_tools(), ui),
    }
}

fn list(places: &Places, shelf: &Shelf, ui: &mut Ui) -> Result<u8, Failure> {
    let mut lines = vec![line("ACTION", "EFFECT", "COUNTED BY", "FREEZE", "")];
    for name in tools(places)? {
        let Some(file) = shelf.get(&name)? else { continue };
        let note = if file.tool.unverified { "unverified" } else { "" };
        let name = &file.tool.names[0];
        if file.action.is_empty() {
            let what = if file.tool.wrapper.is_some() { "runs a command" } else { "nothing risky" };
            lines.push(line(&escape(name), "-", what, "-", note));
        }
        for action in &file.action {
            let name = format!("{name} {}", action.name);
            lines.push(line(&escape(&name), effect(action), counted(action), action.freeze.word(), note));
        }
    }
    ui.print(&lines.join("\n"))?;
    Ok(0)
}

fn line(name: &str, effect: &str, counted: &str, freeze: &str, note: &str) -> String {
    format!("{name:30} {effect:10} {counted:14} {freeze:8} {note}").trim_end().to_owned()
}

fn effect(action: &Action) -> &'static str {
    match &action.effect {
        None => "carried",
        Some(EffectBy::One(effect)) => effect.word(),
        Some(EffectBy::Chosen(_)) => "by words",
    }
}

fn counted(action: &Action) -> &'static str {
    match action.targets.source {
        _ if action.list.is_some() => "listing",
        Source::Operands | Source::Resources | Source::Refs => "words",
        Source::Files => "files",
        Source::Processes => "processes",
        Source::Host => "this host",
        Source::Listing => "-",
    }
}

fn show(tool: &str, places: &Places, shelf: &Shelf, ui: &mut Ui) -> Result<u8, Failure> {
    if shelf.get(tool)?.is_none() {
        ui.complain(&format!("guardctl: no tool file speaks for '{}'", escape(tool)));
        return Ok(exit::FOUND);
    }
    let site = places.ruling().map(|folder| folder.join("tools").join(format!("{tool}.toml")));
    let own = site.filter(|path| path.is_file());
    let (origin, text) = match (&own, builtin(tool)) {
        (Some(path), _) => (escape(path).into_owned(), std::fs::read_to_string(path)?),
        (None, Some(file)) => (format!("built in ({}.toml)", file.name), file.text.to_owned()),
        (None, None) => return Ok(exit::FOUND),
    };
    ui.print(&format!("# {origin}"))?;
    for line in text.lines() {
        // Escapes double backslashes, which a tool file may well hold.
        ui.print(&escape(line).replace("\\\\", "\\"))?;
    }
    Ok(0)
}

fn read(file: &PathBuf) -> Result<ToolFile, ConfigFault> {
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|fault| ConfigFault::whole(&shown, format!("it can't be read: {fault}")))?;
    parse_tool(&shown, &text)
}

fn check(files: &[PathBuf], ui: &mut Ui) -> Result<u8, Failure> {
    let mut code = 0;
    let kinds = kinds()?;
    for file in files {
        match read(file) {
            Ok(tool) => {
                let called = file.file_stem().unwrap_or_default().to_string_lossy();
                for remark in tool.remarks(&called, &kinds) {
                    ui.complain(&format!("warning: {}: {}", escape(file), escape(&remark)));
                }
                ui.print(&format!("{}: good", escape(file)))?;
            }
            Err(fault) => {
                code = exit::FOUND;
                ui.complain(&fault.render());
            }
        }
    }
    Ok(code)
}

fn test(files: &[PathBuf], places: &Places, shelf: &Shelf, ui: &mut Ui) -> Result<u8, Failure> {
    let kinds = kinds()?;
    let mut all: Vec<Rc<ToolFile>> = Vec::new();
    for file in files {
        all.push(Rc::new(read(file)?));
    }
    if files.is_empty() {
        for name in tools(places)? {
            all.extend(shelf.get(&name)?);
        }
    }
    let (mut ran, mut failed) = (0, 0);
    for file in &all {
        let library = With { file, shelf };
        let (number, failures) = tool_tests::run(file, &library, &kinds);
        ran += number;
        failed += failures.len();
        for failure in &failures {
            ui.complain(&format!("{}: {}", escape(&file.tool.names[0]), escape(failure)));
        }
    }
    ui.print(&format!("{}, {}", number_of(ran, "example"), number_of(failed, "failure")))?;
    Ok(if failed > 0 { exit::FOUND } else { 0 })
}

/// The tool files that hold here, with one in front of them.
struct With<'a> {
    file: &'a Rc<ToolFile>,
    shelf: &'a Shelf,
}

impl crate::read::Library for With<'_> {
    fn tool(&self, program: &str) -> Result<Option<Rc<ToolFile>>, String> {
        if self.file.tool.names.iter().any(|name| name == program) {
            return Ok(Some(Rc::clone(self.file)));
        }
        crate::read::Library::tool(self.shelf, program)
    }
}
