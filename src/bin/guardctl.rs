//! `guardctl SUBCOMMAND`: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand as MISSING;
use guard::ui::{Ui, diagnostics};
use guard::world::arguments;
use guard::{cli, ctl, exit};

fn main() -> ExitCode {
    match ctl::Ctl::try_parse_from(arguments()) {
        Ok(ctl) => {
            diagnostics::start(ctl.verbose, std::env::var_os("GUARD_LOG").as_deref());
            ctl::run(&ctl, &mut Ui)
        }
        Err(fault) => {
            // Help that was not asked for stands in for a missing subcommand.
            if fault.exit_code() == 0 || fault.kind() == MISSING {
                let _ = fault.print();
                return ExitCode::from(if fault.exit_code() == 0 { 0 } else { exit::FAILURE });
            }
            Ui.complain(&cli::wrong_usage("guardctl", &fault));
            ExitCode::from(exit::FAILURE)
        }
    }
}
