//! A small sample of `cargo xtask campaign crash`.
#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    let program = Path::new(env!("CARGO_BIN_EXE_killed"));
    let report = qlib_tests::crash::campaign(program, 50, Duration::MAX, 3).unwrap();
    assert!(report.passed() && report.kills == 50, "{report}");
}

#[test]
fn what_was_acknowledged_is_taken_over() {
    let program = Path::new(env!("CARGO_BIN_EXE_killed"));
    let report = qlib_tests::crash::take_over(program, 30).unwrap();
    assert!(report.passed() && report.kills == 30, "{report}");
}
