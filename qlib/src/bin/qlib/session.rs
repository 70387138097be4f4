//! The store that a command works on.

use std::path::PathBuf;

use qlib::{Store, StoreOptions};

use crate::failure::Failure;
use crate::progress;

/// The directory that `--store` or `Q_STORE` names.
pub(crate) fn directory(address: &str) -> Result<PathBuf, Failure> {
    let (path, is_address) = match address.strip_prefix("file:") {
        Some(path) => (path, true),
        None => (address, false),
    };
    let elsewhere = !is_address && (path == "memory:" || path.contains("://"));
    if path.is_empty() || elsewhere {
        return Err(Failure::Usage(format!(
            "{address:?} names no directory; write --store DIR, or Q_STORE=file:DIR"
        )));
    }
    Ok(path.into())
}

/// Opens the store that an address names, and says what had to be cut or passed over.
pub(crate) fn open(address: &str, options: StoreOptions) -> Result<Store, Failure> {
    let options = options.on_progress(progress::opening());
    let store = options.open(directory(address)?)?.writing_as("qlib");
    let health = store.health();
    if let Some(cut) = health.cut {
        eprintln!("qlib: {cut}");
    }
    for snapshot in health.damaged_snapshots {
        eprintln!("qlib: {snapshot}; the store was opened without it");
    }
    Ok(store)
}

/// Opens the store that an address names to read it, whoever has it open, and changes nothing in it.
pub(crate) fn open_to_read(address: &str) -> Result<Store, Failure> {
    open(address, Store::options().read_only())
}
