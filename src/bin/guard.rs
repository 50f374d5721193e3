//! `guard [OPTIONS] COMMAND [ARGS…]`: arguments in, exit code out.

use std::process::ExitCode;

use guard::ui::{Ui, diagnostics};
use guard::world::arguments;
use guard::{cli, exit, guard as way};

fn main() -> ExitCode {
    match cli::parse(arguments()) {
        Ok(options) => {
            diagnostics::start(options.verbose, std::env::var_os("GUARD_LOG").as_deref());
            way::run(&options, &mut Ui)
        }
        Err(fault) => {
            if fault.exit_code() == 0 {
                let _ = fault.print();
                return ExitCode::SUCCESS;
            }
            Ui.complain(&cli::wrong_usage("guard", &fault));
            ExitCode::from(exit::FAILURE)
        }
    }
}
