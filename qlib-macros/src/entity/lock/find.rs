//! Where a crate says what its lock is.

use std::path::Path;

use super::Lock;
use super::text::LockFile;

/// Turns the lock off, so that a program can be built that exports what differs.
pub(super) const VARIABLE: &str = "QLIB_SCHEMA_LOCK";

impl Lock {
    /// The lock that the crate's `Cargo.toml` names.
    pub(crate) fn of_crate() -> Self {
        let Some(folder) = std::env::var_os("CARGO_MANIFEST_DIR") else {
            // Not built by cargo.
            return Self::default();
        };
        let folder = Path::new(&folder);
        let manifest = folder.join("Cargo.toml");
        let Ok(text) = std::fs::read_to_string(&manifest) else {
            return Self::default();
        };
        let mut lock = Self {
            watched: vec![manifest],
            file: None,
        };
        lock.file = match (std::env::var(VARIABLE).as_deref(), named_file(&text)) {
            (_, Ok(None)) | (Ok("off"), _) => None,
            (Ok(other), _) if !other.is_empty() => Some(Err(format!(
                "{VARIABLE} is {other:?}; write off, or leave it out"
            ))),
            (_, Err(fault)) => Some(Err(fault)),
            (_, Ok(Some(name))) => {
                let path = folder.join(&name);
                Some(match std::fs::read_to_string(&path) {
                    Ok(text) => {
                        lock.watched.push(path);
                        Ok(LockFile::new(name, &text))
                    }
                    Err(error) => {
                        let command = LockFile::new(name.clone(), "").command();
                        Err(format!(
                            "Cargo.toml names {name} as the schema lock, which cannot be read: {error}; to write it, run {command}"
                        ))
                    }
                })
            }
        };
        lock
    }
}

/// The file that `schema` in `[package.metadata.qlib]` names.
pub(super) fn named_file(manifest: &str) -> Result<Option<String>, String> {
    const WRITE: &str = "Cargo.toml: write the schema lock as a table, `[package.metadata.qlib]`, with `schema = \"schema.toml\"` below it";
    let mut table = String::new();
    let mut found = None;
    for line in manifest.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[') {
            table = name
                .split(']')
                .next()
                .unwrap_or_default()
                .replace([' ', '"'], "");
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let key = format!("{table}.{}", key.replace([' ', '"'], ""));
        match key.strip_prefix("package.metadata.") {
            Some("qlib.schema") if table == "package.metadata.qlib" => {
                let value = value
                    .trim()
                    .strip_prefix('"')
                    .and_then(|rest| rest.split_once('"'));
                let (name, _) = value.ok_or(WRITE)?;
                found = Some(name.to_owned());
            }
            Some(other) if other == "qlib" || other == "qlib.schema" => {
                return Err(WRITE.to_owned());
            }
            Some(other) if other.starts_with("qlib.") && !other[5..].contains('.') => {
                let key = &other[5..];
                return Err(format!(
                    "Cargo.toml: [package.metadata.qlib] has no key {key}; the only one is schema"
                ));
            }
            _ => {}
        }
    }
    Ok(found)
}
