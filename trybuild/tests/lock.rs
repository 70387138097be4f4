//! What the schema lock says to those that do not agree with it. A lock belongs to a package, so each
//! case is one: a folder of `lock/`, whose message stands in it.
//!
//! `TRYBUILD=overwrite` writes the messages anew, as it does for the other cases.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const CASES: [&str; 4] = ["types", "words", "missing", "manifest"];

/// A workspace of all cases, with the versions that this one is locked to.
fn workspace() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lock");
    let qlib = own.join("../qlib");
    for case in CASES {
        let (from, to) = (own.join("lock").join(case), root.join(case));
        fs::create_dir_all(&to).expect("a folder is made");
        for entry in fs::read_dir(&from).expect("the case is there") {
            let from = entry.expect("the case is read").path();
            copy(
                &from,
                &to.join(from.file_name().expect("a file has a name")),
            );
        }
        let metadata = fs::read_to_string(from.join("metadata.toml")).expect("it has metadata");
        let manifest = format!(
            "[package]\nname = {case:?}\nversion = \"0.0.0\"\nedition = \"2024\"\n\n{metadata}\n[[bin]]\nname = {case:?}\npath = \"main.rs\"\n\n[dependencies]\nqlib = {{ path = {qlib:?} }}\n"
        );
        write(&to.join("Cargo.toml"), &manifest);
    }
    let members = format!("[workspace]\nresolver = \"3\"\nmembers = {CASES:?}\n");
    write(&root.join("Cargo.toml"), &members);
    copy(&own.join("../Cargo.lock"), &root.join("Cargo.lock"));
    root
}

/// Writes a file that is not so already: cargo looks at the times.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).ok().as_deref() != Some(text) {
        fs::write(path, text).expect("a file is written");
    }
}

fn copy(from: &Path, to: &Path) {
    write(to, &fs::read_to_string(from).expect("a file is read"));
}

fn check(root: &Path, case: &str, lock: &str) -> Output {
    Command::new(env!("CARGO"))
        .args([
            "check",
            "--offline",
            "--quiet",
            "--color=never",
            "--package",
            case,
        ])
        .current_dir(root)
        .env("CARGO_TARGET_DIR", root.join("target"))
        .env("RUSTFLAGS", "")
        .env("QLIB_SCHEMA_LOCK", lock)
        .output()
        .expect("cargo runs")
}

/// What the compiler said of the case itself, without the place of the workspace.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let blocks = text.split("\n\n").filter(|block| {
        let own = block.contains("--> types") || block.contains("main.rs");
        block.starts_with("error") && own
    });
    let blocks: Vec<_> = blocks.collect();
    blocks.join("\n\n") + "\n"
}

#[test]
fn those_that_do_not_agree_are_told() {
    let root = workspace();
    let mut wrong = Vec::new();
    for case in CASES {
        let output = check(&root, case, "");
        assert!(!output.status.success(), "{case} compiles");
        let said = said(&output);
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("lock")
            .join(case)
            .join("stderr");
        if std::env::var("TRYBUILD").as_deref() == Ok("overwrite") {
            write(&path, &said);
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if said != expected {
            wrong.push(format!(
                "{case}, expected:\n{expected}\nsaid:\n{said}\nof:\n{}",
                String::from_utf8_lossy(&output.stderr)
            ));
        }
        // The variable turns the lock off, and cargo notices.
        let off = check(&root, case, "off");
        assert!(off.status.success(), "{case}: {off:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
