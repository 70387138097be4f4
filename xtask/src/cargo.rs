//! Running cargo, and handing over to a program.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// The cargo that started us, with arguments that spaces separate, in the folder of the caller.
///
/// It does not see what `cargo run` told us of our own package: `cargo machete`, for one, takes
/// that as a sign that it was not started by cargo.
pub(crate) fn cargo(arguments: &str) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments.split_whitespace());
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
    command
}

/// The same in the folder of the workspace.
pub(crate) fn in_workspace(arguments: &str) -> Command {
    let mut command = cargo(arguments);
    command.current_dir(root());
    command
}

/// Runs a command, after saying so.
///
/// # Errors
///
/// The command cannot be started, or it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = announce(command);
    let status = command
        .status()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

/// Runs cargo in the folder of the workspace.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn run_in_workspace(arguments: &str) -> Result<()> {
    run(&mut in_workspace(arguments))
}

/// Becomes the command, after saying so: one process, so that Ctrl-C and every other signal reach
/// it, and the caller gets its exit code. `cargo run` in turn becomes the program that it runs.
///
/// # Errors
///
/// The command cannot be started.
#[cfg(unix)]
pub(crate) fn become_command(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;

    let line = announce(command);
    Err(command.exec()).with_context(|| format!("cannot start `{line}`"))
}

/// Runs the command to its end, after saying so, and exits with its code. The console sends Ctrl-C
/// to both.
///
/// # Errors
///
/// The command cannot be started.
#[cfg(not(unix))]
pub(crate) fn become_command(command: &mut Command) -> Result<()> {
    let line = announce(command);
    let status = command
        .status()
        .with_context(|| format!("cannot start `{line}`"))?;
    std::process::exit(status.code().unwrap_or(1));
}

fn announce(command: &Command) -> String {
    let line = line(command);
    eprintln!("$ {line}");
    line
}

/// The command as one would type it.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_stem()
        .unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_holds_the_workspace() {
        assert!(root().join("xtask/Cargo.toml").is_file());
    }

    #[test]
    fn a_failing_command_is_named() {
        let error = run_in_workspace("no-such-subcommand")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("`cargo no-such-subcommand` failed: "),
            "{error}"
        );
    }
}
