//! Rules on the files of the workspace.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// A longer file holds more than one idea.
const LONGEST: usize = 500;

/// Folders whose files nobody writes by hand.
const SKIPPED: [&str; 3] = ["target", "generated", "node_modules"];

/// Checks that no Rust file below `root` is longer than [`LONGEST`] lines, but for generated ones.
///
/// # Errors
///
/// Some are, or a file cannot be read.
pub(crate) fn check_lengths(root: &Path) -> Result<()> {
    let mut files = Vec::new();
    collect(root, &mut files)?;
    let mut long = Vec::new();
    for file in &files {
        let lines = read(file)?.lines().count();
        if lines > LONGEST {
            long.push(format!(
                "{}: {lines} lines",
                file.strip_prefix(root).unwrap_or(file).display()
            ));
        }
    }
    if !long.is_empty() {
        long.sort();
        bail!(
            "files of more than {LONGEST} lines, to be split by idea:\n{}",
            long.join("\n")
        );
    }
    eprintln!("{} files, none of more than {LONGEST} lines", files.len());
    Ok(())
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", folder.display()))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if !name.starts_with('.') && !SKIPPED.contains(&&*name) {
                collect(&entry.path(), files)?;
            }
        } else if name.ends_with(".rs") {
            files.push(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_workspace_is_short_enough() {
        check_lengths(&crate::cargo::root()).unwrap();
    }

    #[test]
    fn only_long_files_written_by_hand_are_named() {
        let root = std::env::temp_dir().join(format!("xtask-lengths-{}", std::process::id()));
        for (file, lines) in [
            ("a/long.rs", 501),
            ("a/longest.rs", 500),
            ("generated/x.rs", 900),
            ("a/notes.txt", 900),
        ] {
            let file = root.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, "//\n".repeat(lines)).unwrap();
        }
        let error = check_lengths(&root).unwrap_err().to_string();
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(
            error.lines().skip(1).collect::<Vec<_>>(),
            ["a/long.rs: 501 lines"]
        );
    }
}
