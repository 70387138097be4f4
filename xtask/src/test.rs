//! `cargo xtask test`: every test.

use anyhow::Result;

use crate::cargo::{self, in_workspace, run_in_workspace};
use crate::steps::Steps;
use crate::tools;

pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::default();
    add_steps(&mut steps);
    steps.finish()
}

/// What the tests need from the machine, servers and a browser, is found here, in a step before
/// theirs.
pub(crate) fn add_steps(steps: &mut Steps) {
    steps.step("tests", || {
        if tools::NEXTEST.is_installed() {
            return run_in_workspace("nextest run --workspace --no-fail-fast");
        }
        eprintln!("cargo-nextest is not installed; `cargo test` runs the same tests");
        run_in_workspace("test --workspace --no-fail-fast --lib --bins --tests --examples")
    });
    steps.step("interleavings", || {
        let shuttle = "test --package qlib --lib interleavings --target-dir target/shuttle";
        cargo::run(in_workspace(shuttle).env("RUSTFLAGS", "--cfg shuttle"))
    });
    steps.step("doc-tests", || {
        run_in_workspace("test --workspace --no-fail-fast --doc")
    });
}
