//! The `docent` command: parses the command line, runs the command, maps its error to an exit code.

mod cli;

use std::process::ExitCode;

use crate::cli::Cli;

fn main() -> ExitCode {
    match Cli::read().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.report();
            ExitCode::from(error.exit_code())
        }
    }
}
