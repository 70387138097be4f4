//! What reads needs no more than to be allowed to read.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::{READING, Ran, command, fill, home, ran};

/// A directory in which nothing can be changed.
struct Sealed(TempDir);

impl Sealed {
    fn new(home: TempDir) -> Self {
        let sealed = Self(home);
        for file in files(&sealed.store()).keys() {
            fs::set_permissions(file, Permissions::from_mode(0o444)).unwrap();
        }
        fs::set_permissions(sealed.store(), Permissions::from_mode(0o555)).unwrap();
        sealed
    }

    fn store(&self) -> std::path::PathBuf {
        self.0.path().join("home")
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        fs::set_permissions(self.store(), Permissions::from_mode(0o755)).unwrap();
    }
}

/// Each file with its bytes.
fn files(directory: &Path) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    let entries = fs::read_dir(directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

/// Runs a command as somebody whom permissions bind, even if this is root.
fn bound(command: &Command) -> Command {
    let mut bound = Command::new("setpriv");
    bound.arg("--bounding-set=-dac_override");
    bound.arg(command.get_program()).args(command.get_args());
    bound
}

/// Whether the operating system lets nobody write there.
fn is_sealed(store: &Path) -> bool {
    let mut touch = Command::new("touch");
    let touched = bound(touch.arg(store.join("probe"))).output();
    let refused = touched.is_ok_and(|touched| {
        let said = String::from_utf8_lossy(&touched.stderr).into_owned();
        !touched.status.success() && said.contains("Permission denied")
    });
    if !refused {
        println!("skipped: permissions do not bind who runs this test");
    }
    refused
}

fn read_only(store: &Path, arguments: &[&str]) -> Ran {
    ran(&mut bound(command(store).args(arguments)))
}

#[test]
fn who_may_only_read_reads_and_changes_nothing() {
    let home = home();
    let expected = READING.map(|arguments| crate::printed(&home.path().join("home"), arguments));
    let sealed = Sealed::new(home);
    let store = sealed.store();
    if !is_sealed(&store) {
        return;
    }
    let before = files(&store);
    for (arguments, expected) in READING.iter().zip(expected) {
        let read = read_only(&store, arguments);
        assert_eq!((read.code, &*read.err), (Some(0), ""), "{arguments:?}");
        assert_eq!(read.out, expected, "{arguments:?}");
    }
    for arguments in [&["open"][..], &["set", "/Home/Other.Label", "x"]] {
        let refused = read_only(&store, arguments);
        assert_eq!(refused.code, Some(1), "{arguments:?}");
        assert!(refused.err.contains("lock cannot be opened: Permission"));
    }
    assert_eq!(files(&store), before);
}

#[test]
fn a_copy_that_has_no_lock_is_read_too() {
    let home = home();
    let expected = crate::printed(&home.path().join("home"), &["tree"]);
    fs::remove_file(home.path().join("home/lock")).unwrap();
    fs::remove_file(home.path().join("home/durable")).unwrap();
    let sealed = Sealed::new(home);
    if is_sealed(&sealed.store()) {
        let read = read_only(&sealed.store(), &["tree"]);
        assert_eq!((read.code, read.out), (Some(0), expected));
    }
}

#[test]
fn who_may_only_read_reads_beside_a_writer() {
    let directory = tempfile::tempdir().unwrap();
    let open = fill(&directory.path().join("home"));
    let sealed = Sealed::new(directory);
    if is_sealed(&sealed.store()) {
        let read = read_only(&sealed.store(), &["get", "/Home/Lamp 1.5.Brightness"]);
        assert_eq!((read.code, &*read.out), (Some(0), "80\n"), "{}", read.err);
    }
    drop(sealed);
    drop(open);
}
