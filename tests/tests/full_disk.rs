//! A file system that is full, and has room again; and one that cannot be written.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used)]

use std::process::Command;

/// Runs a command as root of a namespace of its own.
fn alone(script: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
    command
}

/// What the program says on a small file system, in which `script` is the last step; `None` where
/// none can be mounted.
fn on_small_disk(script: impl Fn(&str) -> String) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let mount = format!("mount -t tmpfs -o size=8m tmpfs {path}");
    if !alone(&mount)
        .output()
        .is_ok_and(|done| done.status.success())
    {
        println!("skipped: no small file system can be mounted here");
        return None;
    }
    let program = env!("CARGO_BIN_EXE_full_disk");
    let script = format!("{mount} && {program} {path} && {}", script(&path));
    let output = alone(&script).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{error}");
    Some(said)
}

#[test]
fn a_full_disk_refuses_and_goes_on_with_room() {
    if let Some(said) = on_small_disk(|_| "true".to_owned()) {
        assert!(said.contains("No space left on device"), "{said}");
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_read_and_refused_by_name() {
    let program = env!("CARGO_BIN_EXE_full_disk");
    let read_only =
        |path: &str| format!("mount -o remount,ro {path} && {program} {path} read-only");
    if let Some(said) = on_small_disk(read_only) {
        let refused = said
            .lines()
            .filter(|line| line.contains("Read-only file system"));
        let refused: Vec<_> = refused.collect();
        assert!(refused[0].contains("store/lock cannot be opened"), "{said}");
        assert!(refused[1].contains("another cannot be made"), "{said}");
        let full = said.strip_prefix("full after ").unwrap();
        let (pages, _) = full.split_once(' ').unwrap();
        let pages: u32 = pages.parse().unwrap();
        // One more was written when there was room again.
        assert!(
            said.contains(&format!("read: {} pages", pages + 1)),
            "{said}"
        );
    }
}
