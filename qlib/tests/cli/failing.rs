use std::fs;
use std::path::{Path, PathBuf};

use crate::{fill, home, run};

/// The only file of the log, what is in it, and how much of it was written.
pub(crate) fn log(store: &Path) -> (PathBuf, Vec<u8>, usize) {
    let files = fs::read_dir(store)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let of_the_log = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name != "lock" && name != "durable" && !name.starts_with("history")
    };
    let mut written = files
        .filter(of_the_log)
        .map(|path| (fs::read(&path).unwrap(), path))
        .filter(|(bytes, _)| bytes.iter().any(|byte| *byte != 0));
    let (bytes, path) = written.next().unwrap();
    assert!(written.next().is_none());
    let length = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    (path, bytes, length)
}

#[test]
fn a_wrong_command_line_is_2() {
    let home = home();
    let store = home.path().join("home");
    for arguments in [
        &["three"][..],
        &["get"],
        &["set", "/Home/Other.Label"],
        &["set", "/Home/Other.Label", "new", "--unset"],
        &["set", "/Home/Other", "new"],
        &["set", "/Home/Other.Parent", "/"],
        &["tree", "--depth", "-1"],
    ] {
        let ran = run(&store, arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}");
    }
}

#[test]
fn what_does_not_exist_is_3() {
    let home = home();
    let store = home.path().join("home");
    let mut messages = String::new();
    for arguments in [
        &["get", "/Home/Cellar"][..],
        &["get", "/Home/Other.Brightnes"],
        &["get", "Home"],
        &["get", "01890a5d-ac96-774b-bcce-b302099a8057"],
        &["tree", "/Cellar"],
        &["set", "/Cellar.Label", "x"],
        &["schema", "Lam"],
        &["watch", "Lam"],
        &["watch", "Lamp", "Brightnes"],
        &["watch", "/Cellar"],
    ] {
        let ran = run(&store, arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(3), ""), "{arguments:?}");
        messages += &ran.err;
    }
    insta::assert_snapshot!(messages);
}

#[test]
fn no_command_begins_a_store() {
    let home = home();
    let (missing, empty) = (home.path().join("hom"), home.path().join("empty"));
    fs::create_dir(&empty).unwrap();
    for store in [&missing, &empty, &home.path().to_owned()] {
        for arguments in [
            &["open"][..],
            &["tree"],
            &["get", "/"],
            &["set", "/.Description", "x"],
            &["watch"],
            &["log"],
            &["schema"],
            &["stats"],
        ] {
            let ran = run(store, arguments);
            assert_eq!(ran.code, Some(3), "{arguments:?}: {}", ran.err);
            assert!(ran.err.contains("holds no store"), "{}", ran.err);
        }
    }
    assert!(!missing.exists());
    assert_eq!(fs::read_dir(empty).unwrap().count(), 0);
}

#[test]
fn what_the_store_refuses_is_4() {
    let home = home();
    let store = home.path().join("home");
    let mut messages = String::new();
    for (field, value) in [
        ("/Home/Lamp 1.5.Brightness", "101"),
        ("/Home/Lamp 1.5.Label", "taken"),
        ("/Home/Lamp 1.5.Room", "/Home/Other"),
        ("/Home/Other.Name", "Kitchen"),
        ("/Home/Other.Name", "a/b"),
        ("/.Name", "Trunk"),
    ] {
        let ran = run(&store, &["set", field, value]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(4), ""), "{}", ran.err);
        messages += &ran.err;
    }
    insta::assert_snapshot!(messages);
}

#[test]
fn damage_is_5() {
    let home = home();
    let store = home.path().join("home");
    let (path, mut bytes, length) = log(&store);
    bytes[length / 4] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let ran = run(&store, &["open"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(5), ""));
    assert!(ran.err.contains("is damaged at byte"), "{}", ran.err);
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_store_that_another_process_has_open_is_6_for_what_would_write() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("home");
    let open = fill(&path);
    for arguments in [
        &["open"][..],
        &["set", "/.Description", "x"],
        &["repair", "--yes"],
    ] {
        let ran = run(&path, arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(6), ""));
        let holder = format!("is open in process {}", std::process::id());
        assert!(ran.err.contains(&holder), "{}", ran.err);
    }
    open.close().unwrap();
    assert_eq!(run(&path, &["open"]).code, Some(0));
}

#[test]
fn what_was_cut_is_7_when_it_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let (path, copy) = (directory.path().join("home"), directory.path().join("copy"));
    let open = fill(&path);
    let (file, mut bytes, length) = log(&path);
    drop(open);
    // As a process leaves it that ends in the middle of a write.
    bytes[length - 2] ^= 1;
    for (store, arguments) in [("plain", &["open"][..]), ("json", &["open", "--json"])] {
        let store = copy.join(store);
        fs::create_dir_all(&store).unwrap();
        fs::write(store.join(file.file_name().unwrap()), &bytes).unwrap();
        let cut = run(&store, arguments);
        assert_eq!(cut.code, Some(7));
        insta::assert_snapshot!(format!("{}{}", cut.out, cut.err));
        let again = run(&store, &["open"]);
        assert_eq!((again.code, again.err.as_str()), (Some(0), ""));
    }
}

#[test]
fn a_damaged_snapshot_is_7_while_there_is_another_way() {
    let home = home();
    let store = home.path().join("home");
    fs::write(store.join("00000000000000000002.snapshot"), "not one").unwrap();
    for arguments in [&["open"][..], &["open", "--json"]] {
        let opened = run(&store, arguments);
        assert_eq!(opened.code, Some(7), "{}", opened.err);
        insta::assert_snapshot!(format!("{}{}", opened.out, opened.err));
    }
}
