//! `guardctl policy schema` and `guardctl tools schema`: what the files may hold, for editors.

use std::path::PathBuf;

use clap::Args;
use schemars::schema_for;
use serde_json::Value;

use crate::exit;
use crate::policy::LayerFile;
use crate::tool::ToolFile;
use crate::ui::{Ui, escape};

use crate::ctl::Failure;

/// Arguments of the schema subcommands.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Print nothing; exit 1 unless FILE holds this schema
    #[arg(long, value_name = "FILE")]
    pub check: Option<PathBuf>,
}

/// The schema of a policy file, guard.toml or .guard.toml.
pub fn of_policies() -> Value {
    schema_for!(LayerFile).to_value()
}

/// The schema of a tool file.
pub fn of_tools() -> Value {
    schema_for!(ToolFile).to_value()
}

/// Prints a schema, or holds a file against it.
///
/// # Errors
/// Where the file can't be read or the output not written.
pub fn run(args: &SchemaArgs, schema: &Value, ui: &mut Ui) -> Result<u8, Failure> {
    let text = serde_json::to_string_pretty(schema).map_err(std::io::Error::other)?;
    let Some(path) = &args.check else {
        ui.print(&text)?;
        return Ok(0);
    };
    if std::fs::read_to_string(path)?.trim_end() == text {
        return Ok(0);
    }
    ui.complain(&format!(
        "guardctl: {} is not the schema that this guard reads: write it anew",
        escape(path)
    ));
    Ok(exit::FOUND)
}
