//! `cargo xtask demo`: the main example.

use std::ffi::OsString;

use anyhow::Result;

use crate::cargo::{become_command, cargo};

pub(crate) fn run(args: &[OsString]) -> Result<()> {
    eprintln!("Building and running `hostwatch`: this machine as live objects. Ctrl-C ends it.");
    let run = "run --profile release --package qlib-examples --bin hostwatch --";
    become_command(cargo(run).args(args))
}
