//! `killed DIRECTORY` commits until it is killed; `killed SECONDS SEED` kills itself doing so.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

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
    if let [directory] = arguments.as_slice() {
        qlib_tests::crash::commit_for_ever(Path::new(directory))?;
        return Ok(true);
    }
    let [seconds, seed] = arguments.as_slice() else {
        return Err("killed DIRECTORY, or killed SECONDS SEED".into());
    };
    let program = std::env::current_exe()?;
    let time = Duration::from_secs(seconds.parse()?);
    let report = qlib_tests::crash::campaign(&program, u64::MAX, time, seed.parse()?)?;
    println!("{report}");
    Ok(report.passed())
}
