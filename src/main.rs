//! The program `posada`: everything it can do is a command of [`posada::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    posada::cli::run()
}
