//! What a user of qlib compiles. Each crate is a commitment, so a change must show itself.

use std::collections::BTreeSet;
use std::env;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Builders of C: a build script that uses one needs more than a Rust toolchain.
const BUILDERS_OF_C: [&str; 6] = ["autotools", "bindgen", "cc", "cmake", "pkg-config", "vcpkg"];

/// Crates that are Rust throughout, whatever their name says.
const RUST_DESPITE_THE_NAME: [&str; 1] = ["linux-raw-sys"];

/// Names of the crates that a build of `qlib` compiles, proc-macros and build scripts included. The
/// platform is named so that the list is the same wherever the test runs.
fn crates() -> Result<BTreeSet<String>> {
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([
            "tree",
            "--locked",
            "--package",
            "qlib",
            "--edges",
            "normal,build",
        ])
        .args(["--prefix", "none", "--target", "x86_64-unknown-linux-gnu"])
        .output()
        .context("cannot start cargo")?;
    ensure!(
        output.status.success(),
        "cargo tree failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let names = String::from_utf8(output.stdout).context("cargo tree is not UTF-8")?;
    Ok(names
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect())
}

#[test]
fn the_crates_that_a_user_compiles() -> Result<()> {
    let crates = crates()?;
    let list = crates
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("\n");
    insta::assert_snapshot!(format!("{} crates\n\n{list}", crates.len()));
    Ok(())
}

#[test]
fn none_of_them_is_c() -> Result<()> {
    let mut crates = crates()?;
    crates.retain(|name| is_c(name));
    assert!(
        crates.is_empty(),
        "a user would need a C compiler for {crates:?}"
    );
    Ok(())
}

fn is_c(name: &str) -> bool {
    let library = name.ends_with("-sys") && !RUST_DESPITE_THE_NAME.contains(&name);
    library || BUILDERS_OF_C.contains(&name)
}
