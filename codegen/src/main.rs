//! Writes `qlib/src/wire/generated` from `proto/`, the only source of wire and log formats. With
//! `--check` it writes nothing, and fails where what is there is not what it would write.
//!
//! It is a crate of its own so that the other commands of the project do not build a protobuf
//! compiler.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.parent().unwrap_or(here);
    let generated = generate(&root.join("proto"))?;
    let folder = root.join("qlib/src/wire/generated");
    let present = read(&folder)?;
    if present == generated {
        eprintln!("{} is up to date", folder.display());
        return Ok(());
    }
    if env::args().any(|argument| argument == "--check") {
        bail!("qlib/src/wire/generated is not what proto/ says: run `cargo xtask codegen`");
    }
    for name in present.keys().filter(|name| !generated.contains_key(*name)) {
        fs::remove_file(folder.join(name)).with_context(|| format!("cannot remove {name}"))?;
    }
    for (name, text) in &generated {
        fs::write(folder.join(name), text).with_context(|| format!("cannot write {name}"))?;
    }
    eprintln!("wrote {} files to {}", generated.len(), folder.display());
    Ok(())
}

/// The generated files by name.
fn generate(proto: &Path) -> Result<BTreeMap<String, String>> {
    let files = sources(proto)?;
    let descriptors = protox::compile(&files, [proto]).context("cannot read proto/")?;
    let scratch = env::temp_dir().join(format!("qlib-codegen-{}", std::process::id()));
    fs::create_dir_all(&scratch).context("cannot make a temporary folder")?;
    let written = prost_build::Config::new()
        .bytes(["."])
        .out_dir(&scratch)
        .compile_fds(descriptors)
        .context("cannot generate code")
        .and_then(|()| read(&scratch));
    fs::remove_dir_all(&scratch).context("cannot remove the temporary folder")?;
    written
}

/// The `.proto` files below a folder, in order.
fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        let path = entry.context("cannot read a folder")?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn read(folder: &Path) -> Result<BTreeMap<String, String>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files = BTreeMap::new();
    for entry in entries {
        let path = entry.context("cannot read a folder")?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        files.insert(name, text);
    }
    Ok(files)
}
