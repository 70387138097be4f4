use std::fs;

use crate::failing::log;
use crate::{home, run};

#[test]
fn a_damaged_store_is_copied_and_repaired() {
    let home = home();
    let (store, copy) = (home.path().join("home"), home.path().join("home.damaged"));
    let sound = run(&store, &["repair"]);
    assert_eq!(sound.code, Some(0));
    assert_eq!(sound.out, "nothing is damaged, and nothing was changed\n");
    assert!(!copy.exists());

    let (path, mut bytes, length) = log(&store);
    // The second commit of three.
    bytes[length / 2] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let damaged = run(&store, &["get", "/"]);
    assert_eq!(damaged.code, Some(5));
    assert!(damaged.err.contains("`qlib repair`"), "{}", damaged.err);
    let unasked = run(&store, &["repair"]);
    assert_eq!(unasked.code, Some(2));
    assert!(unasked.err.contains("write --yes"), "{}", unasked.err);
    assert_eq!(fs::read(&path).unwrap(), bytes);

    let repaired = run(&store, &["repair", "--yes"]);
    assert_eq!((repaired.code, repaired.err.as_str()), (Some(8), ""));
    let out = repaired.out.replace(&*home.path().to_string_lossy(), "");
    insta::assert_snapshot!(out);
    assert_eq!(
        fs::read(copy.join(path.file_name().unwrap())).unwrap(),
        bytes
    );
    let again = run(&store, &["open"]);
    assert_eq!((again.code, again.err.as_str()), (Some(0), ""));
    assert_eq!(run(&store, &["set", "/.Description", "x"]).code, Some(0));

    // The copy is as damaged as the store was, and keeps its name when that is repaired too.
    let json = run(&copy, &["repair", "--yes", "--json"]);
    assert_eq!(json.code, Some(8));
    let said: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert!(
        said["damage"]
            .as_str()
            .unwrap()
            .contains("is damaged at byte")
    );
    assert!(
        said["copy"]
            .as_str()
            .unwrap()
            .ends_with("home.damaged.damaged")
    );
}
