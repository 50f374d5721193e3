//! `guardctl SUBCOMMAND`: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use guard::ui::Ui;
use guard::world::arguments;
use guard::{ctl, exit};

fn main() -> ExitCode {
    match ctl::Ctl::try_parse_from(arguments()) {
        Ok(ctl) => ctl::run(&ctl, &mut Ui),
        Err(fault) => {
            let help = fault.exit_code() == 0;
            let _ = fault.print();
            if help { ExitCode::SUCCESS } else { ExitCode::from(exit::FAILURE) }
        }
    }
}
