//! `qlib`: what a store holds, and what happened to it, from the command line.

mod arguments;
mod command;
mod failure;
mod output;
mod progress;
mod session;
mod target;
mod value;

use std::process::ExitCode;

use failure::{Failure, USAGE};

fn main() -> ExitCode {
    let matches = match arguments::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(USAGE);
            // Help and mistakes alike; nothing is left to do if nobody reads them.
            let _ = error.print();
            return code.into();
        }
    };
    match command::run(&matches) {
        Ok(code) => code.into(),
        // Whoever read the output has seen enough.
        Err(Failure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("qlib: {failure}");
            failure.code().into()
        }
    }
}
