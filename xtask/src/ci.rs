//! `cargo xtask ci`: everything that a change must pass.

use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo::{self, in_workspace, root, run_in_workspace};
use crate::steps::Steps;
use crate::{codegen, files, test, tools};

pub(crate) fn run(full: bool) -> Result<()> {
    let mut steps = Steps::default();
    steps.step("format", || run_in_workspace("fmt --all --check"));
    steps.step("file lengths", || files::check_lengths(&root()));
    steps.step("generated code", || codegen::run(true));
    steps.step("lints", || {
        run_in_workspace("clippy --workspace --all-targets --all-features -- -D warnings")
    });
    steps.step("docs", || {
        let mut doc = in_workspace("doc --workspace --all-features --no-deps");
        cargo::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
    });
    steps.step("dependencies", || {
        tools::DENY.run("check licenses bans sources")
    });
    test::add_steps(&mut steps);
    if full {
        add_slow_steps(&mut steps);
    }
    steps.finish()
}

/// What installs and runs too slowly for every change.
fn add_slow_steps(steps: &mut Steps) {
    steps.step("unused dependencies", || {
        tools::MACHETE.run("--skip-target-dir")
    });
    steps.step("coverage", || {
        tools::LLVM_COV.run("--workspace --summary-only")
    });
    steps.step("public interface", || {
        tools::PUBLIC_API.run("--package qlib --simplified")
    });
    steps.step("compatibility", check_compatibility);
}

/// Compares the public interface with that of the last release, once there is one.
fn check_compatibility() -> Result<()> {
    match last_tag()? {
        Some(tag) => tools::SEMVER_CHECKS.run(&format!("--package qlib --baseline-rev {tag}")),
        None => {
            eprintln!("nothing was released yet: no tag to compare with");
            Ok(())
        }
    }
}

/// The newest tag that leads here.
fn last_tag() -> Result<Option<String>> {
    let output = Command::new("git")
        .current_dir(root())
        .args(["describe", "--tags", "--abbrev=0"])
        .output()
        .context("cannot start git")?;
    let tag = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok((output.status.success() && !tag.is_empty()).then_some(tag))
}
