//! `cargo xtask codegen`: the code of the formats in `proto/`.

use anyhow::Result;

use crate::cargo::run_in_workspace;

/// Writes the generated code, or only compares it with what is there.
///
/// # Errors
///
/// A format has a mistake, or, with `check`, the code that is there is not what would be written.
pub(crate) fn run(check: bool) -> Result<()> {
    let check = if check { " -- --check" } else { "" };
    run_in_workspace(&format!("run --package codegen{check}"))
}
