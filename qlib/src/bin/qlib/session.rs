//! The store that a command works on.

use std::path::PathBuf;

use qlib::{Progress, Store, StoreOptions};

use crate::failure::Failure;

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

/// How a store is opened that must be there already.
pub(crate) fn existing() -> StoreOptions {
    Store::options().must_exist().on_progress(tell)
}

fn tell(progress: Progress) {
    let percent = progress.read * 100 / progress.of.max(1);
    eprintln!(
        "qlib: opening: {percent} % (revision {})",
        progress.revision
    );
}

/// Opens the store that an address names, and says what had to be cut.
pub(crate) fn open(address: &str) -> Result<Store, Failure> {
    let store = existing().open(directory(address)?)?.writing_as("qlib");
    if let Some(cut) = store.health().cut {
        eprintln!("qlib: {cut}");
    }
    Ok(store)
}
