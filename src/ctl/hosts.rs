//! `guardctl hosts`: what a set of hosts means to a tool. Nothing is run but the tool's own resolver, where
//! a set names a group.

use std::ffi::OsString;
use std::io::{self, BufWriter, Read, Write};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};

use crate::hosts::{Dialect, Fault, Hosts, read};
use crate::scope::Resolver;
use crate::ui::Ui;
use crate::world::Real;

use super::Failure;

/// Arguments of `guardctl hosts`.
#[derive(Debug, Args)]
pub struct HostsArgs {
    /// What to do
    #[command(subcommand)]
    pub command: HostsCommand,
}

/// What to tell of the hosts.
#[derive(Debug, Subcommand)]
pub enum HostsCommand {
    /// Print the hosts, one a line, in the tool's own order
    List(Which),
    /// Print how many they are; one that a list names twice counts twice where the tool goes to it twice
    Count(Which),
    /// Print the hosts as one set, each once
    Fold(Which),
}

/// Which hosts.
#[derive(Debug, Args)]
pub struct Which {
    /// Whose grammar the sets are written in
    #[arg(long, value_name = "DIALECT", ignore_case = true, value_parser = dialects())]
    pub dialect: Dialect,
    /// Where groups and all hosts stand: Ansible's inventory, ClusterShell's groups, or a list of hosts
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub inventory: Option<OsString>,
    /// The sets, together; - reads one a line from stdin
    #[arg(value_name = "SET", required = true)]
    pub sets: Vec<OsString>,
}

fn dialects() -> impl TypedValueParser<Value = Dialect> {
    PossibleValuesParser::new(Dialect::NAMES).try_map(|name| Dialect::named(&name).ok_or("not a dialect"))
}

/// Tells what was asked.
///
/// # Errors
/// Where a set can't be read, or nobody knows what it means.
pub fn run(args: &HostsArgs, ui: &mut Ui) -> Result<u8, Failure> {
    let (HostsCommand::List(which) | HostsCommand::Count(which) | HostsCommand::Fold(which)) = &args.command;
    let hosts = hosts(which)?;
    match &args.command {
        HostsCommand::Count(_) => ui.print(&hosts.count().map_err(unread)?.to_string())?,
        HostsCommand::Fold(_) => ui.print(&hosts.set().fold())?,
        HostsCommand::List(_) => {
            let (mut out, mut written) = (BufWriter::with_capacity(1 << 16, ui.out()), Ok(()));
            hosts.visit(|name| {
                written = Ui::line(&mut out, name);
                written.is_ok()
            });
            written?;
            out.flush()?;
        }
    }
    Ok(0)
}

fn hosts(which: &Which) -> Result<Hosts, Failure> {
    let world = Real::new(false);
    let known = Resolver::new(which.dialect, which.inventory.clone(), &world);
    let text = |set: &OsString| {
        set.clone()
            .into_string()
            .map_err(|set| Failure::Usage(format!("'{}' is no text", set.to_string_lossy())))
    };
    let mut sets = Vec::new();
    for set in &which.sets {
        if set == "-" {
            let mut lines = String::new();
            io::stdin().lock().read_to_string(&mut lines)?;
            sets.extend(lines.lines().map(str::to_owned));
        } else {
            sets.push(text(set)?);
        }
    }
    read(which.dialect, &sets, &known).map_err(unread)
}

fn unread(fault: Fault) -> Failure {
    Failure::Usage(fault.to_string())
}
