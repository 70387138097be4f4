//! A file system that is full, and has room again.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used)]

use std::process::Command;

/// Runs a command as root of a namespace of its own.
fn alone(script: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
    command
}

#[test]
fn a_full_disk_refuses_and_goes_on_with_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    let mount = format!("mount -t tmpfs -o size=8m tmpfs {path}");
    if !alone(&mount)
        .output()
        .is_ok_and(|done| done.status.success())
    {
        println!("skipped: no small file system can be mounted here");
        return;
    }
    let program = env!("CARGO_BIN_EXE_full_disk");
    let output = alone(&format!("{mount} && {program} {path}"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{error}");
    assert!(said.contains("No space left on device"), "{said}");
}
