use std::fs;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::{command, home, printed, run};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn what_was_exported_is_imported_again() {
    let home = home();
    let (store, file) = (home.path().join("home"), home.path().join("home.json"));
    let before = printed(&store, &["export", "/Home"]);
    insta::assert_snapshot!(before);
    assert_eq!(printed(&store, &["export", "/Home", text(&file)]), "");
    printed(&store, &["set", "/Home/Other.Label", "changed"]);
    assert_eq!(printed(&store, &["import", text(&file)]), "revision 5\n");
    assert_eq!(printed(&store, &["export", "/Home"]), before);

    let wrong = fs::read_to_string(&file).unwrap().replace("80", "101");
    fs::write(&file, wrong).unwrap();
    let refused = run(&store, &["import", text(&file)]);
    assert_eq!(refused.code, Some(4), "{}", refused.err);
    assert_eq!(printed(&store, &["export", "/Home"]), before);
}

#[test]
fn a_backup_is_restored_in_another_place() {
    let home = home();
    let path = |name| home.path().join(name);
    let (store, backup, other) = (path("home"), path("home.backup"), path("other"));
    printed(&store, &["backup", text(&backup)]);
    let again = printed(&store, &["backup", text(&backup), "--json"]);
    assert_eq!(again, "{\"revision\":3}\n");

    let restore = &["restore", text(&backup)];
    assert_eq!(run(&other, restore).code, Some(3));
    printed(&other, &["restore", text(&backup), "--new"]);
    printed(&other, restore);
    let tree = |store| printed(store, &["get", "/Home/Lamp 1.5"]);
    assert!(tree(&other).contains("/Home/Kitchen"));
}

#[test]
fn nothing_is_begun_for_a_backup_that_is_none() {
    let home = home();
    let path = |name| home.path().join(name);
    let (backup, other) = (path("home.backup"), path("other"));
    let restore = || run(&other, &["restore", text(&backup), "--new"]).code;
    assert_eq!(restore(), Some(3));
    fs::write(&backup, "no backup").unwrap();
    assert_eq!(restore(), Some(5));
    assert!(!other.exists());
    assert_eq!(
        run(&path("home"), &["restore", text(&backup)]).code,
        Some(5)
    );
}

#[test]
fn a_backup_on_standard_output_is_all_of_it() {
    let home = home();
    let path = |name| home.path().join(name);
    let (store, backup, link) = (path("home"), path("backup"), path("link"));
    printed(&store, &["backup", text(&backup)]);
    symlink("/dev/stdout", &link).unwrap();
    for name in ["/dev/stdout", "/dev/fd/1", text(&link)] {
        for (flags, said) in [
            (&[][..], "revision 3\n"),
            (&["--json"], "{\"revision\":3}\n"),
        ] {
            let mut command = command(&store);
            let output = command.args(["backup", name]).args(flags).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stderr), said);
            assert_eq!(output.stdout, fs::read(&backup).unwrap(), "{name}");
        }
    }
}

#[test]
fn a_pipe_and_a_link_are_written_to_and_stay() {
    let home = home();
    let path = |name| home.path().join(name);
    let (store, backup, pipe, link) = (path("home"), path("backup"), path("pipe"), path("link"));
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    // Also to write, so that opening it waits for nobody.
    let mut reader = fs::File::options()
        .read(true)
        .write(true)
        .open(&pipe)
        .unwrap();
    printed(&store, &["backup", text(&pipe)]);
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    let mut piped = vec![0; 1 << 16];
    let length = reader.read(&mut piped).unwrap();
    piped.truncate(length);
    fs::write(&backup, "older").unwrap();
    symlink(&backup, &link).unwrap();
    printed(&store, &["backup", text(&link)]);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read(&backup).unwrap(), piped);

    // It would be read twice, and there is something to read once.
    let other = path("other");
    let refused = run(&other, &["restore", text(&pipe), "--new"]);
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(!other.exists());
}

#[test]
fn types_are_compared_with_a_file_and_changed() {
    let home = home();
    let (store, file) = (home.path().join("home"), home.path().join("schema.toml"));
    printed(&store, &["schema", "export", text(&file)]);
    let types = fs::read_to_string(&file).unwrap();
    assert_eq!(printed(&store, &["schema", "export"]), types);
    assert_eq!(printed(&store, &["schema", "diff", text(&file)]), "");
    assert_eq!(printed(&store, &["schema", "plan", text(&file)]), "");

    fs::write(&file, types.replace("max = 100", "max = 200")).unwrap();
    let differs = run(&store, &["schema", "diff", text(&file)]);
    assert_eq!((differs.code, differs.err.as_str()), (Some(1), ""));
    let plan = printed(&store, &["schema", "plan", text(&file), "--json"]);
    insta::assert_snapshot!([differs.out, plan].concat());
    printed(&store, &["schema", "apply", text(&file)]);
    assert_eq!(printed(&store, &["schema", "diff", text(&file)]), "");
    printed(&store, &["set", "/Home/Other.Brightness", "200"]);

    fs::write(&file, types).unwrap();
    let refused = run(&store, &["schema", "apply", text(&file)]);
    assert_eq!(refused.code, Some(4));
    insta::assert_snapshot!(refused.err);
    fs::write(&file, "no types").unwrap();
    assert_eq!(run(&store, &["schema", "plan", text(&file)]).code, Some(4));
}
