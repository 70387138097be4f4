//! Projects that are written, built and measured, and are no members of this workspace.

use anyhow::{Context, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A folder with a package, which keeps what it is built into to itself.
pub(crate) struct Project {
    folder: PathBuf,
}

impl Project {
    /// Writes the package; files are named relative to its folder.
    pub(crate) fn write(
        folder: &Path,
        name: &str,
        dependencies: &str,
        files: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\n{dependencies}\n\
             [profile.release]\nopt-level = 3\nlto = \"thin\"\nstrip = true\n"
        );
        let this = Self {
            folder: folder.to_owned(),
        };
        this.put("Cargo.toml", &manifest)?;
        for (path, text) in files {
            this.put(path, text)?;
        }
        Ok(this)
    }

    /// Writes a file, unless it has that text already: cargo goes by its time.
    pub(crate) fn put(&self, path: &str, text: &str) -> anyhow::Result<()> {
        let path = self.folder.join(path);
        if std::fs::read_to_string(&path).is_ok_and(|there| there == text) {
            return Ok(());
        }
        let folder = path.parent().context("a file without a folder")?;
        std::fs::create_dir_all(folder)?;
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Runs cargo in the folder.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> anyhow::Result<(Duration, String)> {
        cargo(&self.folder, &self.folder.join("target"), arguments)
    }

    /// A program that a release build made.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join("target/release").join(name)
    }
}

/// Runs cargo in `folder`, building into `target`: how long it took and what it printed.
pub(crate) fn cargo(
    folder: &Path,
    target: &Path,
    arguments: &[&str],
) -> anyhow::Result<(Duration, String)> {
    let start = Instant::now();
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .context("cargo does not start")?;
    let elapsed = start.elapsed();
    ensure!(
        output.status.success(),
        "cargo {} failed:\n{}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok((
        elapsed,
        String::from_utf8_lossy(&output.stdout).into_owned(),
    ))
}
