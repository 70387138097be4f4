//! A small sample of `cargo xtask campaign crash`.
#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use qlib_tests::crash::Deed;

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    let program = Path::new(env!("CARGO_BIN_EXE_killed"));
    let report = qlib_tests::crash::campaign(program, 50, Duration::MAX, 3).unwrap();
    assert!(report.passed() && report.kills == 50, "{report}");
}

#[test]
fn what_was_acknowledged_is_taken_over() {
    let program = Path::new(env!("CARGO_BIN_EXE_killed"));
    for deed in [Deed::Commits, Deed::Once] {
        let report = qlib_tests::take_over::campaign(program, deed, 20).unwrap();
        assert!(report.violations.is_empty(), "{deed:?}: {report}");
        assert!(report.kills == 20 && report.acknowledged > 0, "{report}");
    }
}
