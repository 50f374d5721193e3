//! `guard-shell [-c TEXT]`: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use guard::ui::Ui;
use guard::world::arguments;
use guard::{cli, exit, shell};

fn main() -> ExitCode {
    match cli::Shell::try_parse_from(arguments()) {
        Ok(shell) => shell::run(&shell, &mut Ui),
        Err(fault) => {
            if fault.exit_code() == 0 {
                let _ = fault.print();
                return ExitCode::SUCCESS;
            }
            Ui.complain(&cli::wrong_usage("guard-shell", &fault));
            ExitCode::from(exit::FAILURE)
        }
    }
}
