//! `killed DEED DIRECTORY` does it until it is killed; `killed SECONDS SEED` kills itself doing so.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use qlib_tests::crash::{Deed, campaign};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool, Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [first, second] = arguments.as_slice() else {
        return Err("killed DEED DIRECTORY, or killed SECONDS SEED".into());
    };
    if let Some(deed) = Deed::named(first) {
        deed.run(Path::new(second))?;
        return Ok(true);
    }
    let (seconds, seed) = (first, second);
    let program = std::env::current_exe()?;
    let time = Duration::from_secs(seconds.parse()?);
    let report = campaign(&program, u64::MAX, time, seed.parse()?)?;
    println!("{report}");
    Ok(report.passed())
}
