//! `cargo xtask bench`: qlib beside its peers.

use std::ffi::OsString;

use anyhow::Result;

use crate::cargo::{become_command, cargo};

pub(crate) fn run(args: &[OsString]) -> Result<()> {
    eprintln!(
        "Building the benches and measuring; another load on the machine spoils the figures."
    );
    let run = "run --profile bench --package qlib-benches --bin qlib-benches --";
    become_command(cargo(run).args(args))
}
