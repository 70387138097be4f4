//! Subcommands of cargo that come from the registry.

use std::process::Stdio;

use anyhow::{Context, Result};

use crate::cargo::{in_workspace, run_in_workspace};

/// A subcommand of cargo, and the versions of it that we know how to call.
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
}

pub(crate) const NEXTEST: Tool = Tool::new("nextest", "^0.9");
pub(crate) const DENY: Tool = Tool::new("deny", "^0.20");
pub(crate) const MACHETE: Tool = Tool::new("machete", "^0.9");
pub(crate) const LLVM_COV: Tool = Tool::new("llvm-cov", "^0.9");
pub(crate) const PUBLIC_API: Tool = Tool::new("public-api", "^0.52");
pub(crate) const SEMVER_CHECKS: Tool = Tool::new("semver-checks", "^0.51");

impl Tool {
    const fn new(name: &'static str, version: &'static str) -> Self {
        Self { name, version }
    }

    pub(crate) fn is_installed(&self) -> bool {
        let mut command = in_workspace(self.name);
        command
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    /// Runs the tool in the folder of the workspace; installs it first where it is missing.
    ///
    /// # Errors
    ///
    /// It cannot be installed, or it fails.
    pub(crate) fn run(&self, arguments: &str) -> Result<()> {
        let Self { name, version } = self;
        if !self.is_installed() {
            eprintln!("cargo-{name} is not installed; installing it once, which takes minutes");
            run_in_workspace(&format!(
                "install --quiet --locked cargo-{name} --version {version}"
            ))
            .with_context(|| format!("cannot install cargo-{name}"))?;
        }
        run_in_workspace(&format!("{name} {arguments}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_brings_is_installed_and_what_it_lacks_is_not() {
        assert!(Tool::new("tree", "1").is_installed());
        assert!(!Tool::new("no-such-subcommand", "1").is_installed());
    }
}
