//! `demo` and `bench` become the program that they run: signals and the exit code are its own.
#![cfg(unix)]

use std::process::{Command, Stdio};

use anyhow::Result;

/// Runs xtask with a stand-in for cargo, and returns what that one was given.
fn handed_over(arguments: &[&str]) -> Result<Vec<String>> {
    let child = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .env(
            "CARGO",
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fake-cargo"),
        )
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let process = child.id().to_string();
    let output = child.wait_with_output()?;
    assert_eq!(
        output.status.code(),
        Some(7),
        "the exit code is the program's"
    );
    let mut lines = String::from_utf8(output.stdout)?
        .lines()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    let given = lines.split_off(2);
    assert_eq!(
        lines,
        [process.as_str(), "none"],
        "the same process, of no package"
    );
    Ok(given)
}

#[test]
fn the_demo_becomes_the_example() -> Result<()> {
    let given = handed_over(&["demo", "--for", "30s"])?.join(" ");
    assert_eq!(
        given,
        "run --profile release --package qlib-examples --bin hostwatch -- --for 30s"
    );
    Ok(())
}

#[test]
fn the_bench_becomes_the_benches() -> Result<()> {
    let given = handed_over(&["bench", "--only", "create", "--json"])?.join(" ");
    assert_eq!(
        given,
        "run --profile bench --package qlib-benches --bin qlib-benches -- --only create --json"
    );
    Ok(())
}
