//! Where the objects of an application are kept, as `Q_STORE` says.

use std::path::{Path, PathBuf};

use crate::app::registry::boot;
use crate::model::{Error, LogError, Result};
use crate::store::{Progress, Store, StoreOptions};

/// Opens the store at an address, as `describe` says where it is a directory; without an address, that
/// of the application in the user's data directory.
pub(super) fn open(
    address: Option<&str>,
    application: &str,
    describe: fn(StoreOptions) -> StoreOptions,
) -> Result<Store> {
    let address = address.unwrap_or("file:");
    if address == "memory:" {
        return Store::memory();
    }
    let Some(path) = address.strip_prefix("file:") else {
        return Err(Error::usage(format!(
            "this version has no store for {address:?}; write file:PATH or memory:"
        )));
    };
    let path = match path {
        "" => data_directory(application)?,
        path => PathBuf::from(path),
    };
    describe(Store::options().on_progress(tell(path.clone()))).open(&path)
}

/// Opens the store at an address to read it, whoever has it open; an empty one where there is none.
pub(super) fn open_to_read(address: Option<&str>, application: &str) -> Result<Store> {
    match open(address, application, StoreOptions::read_only) {
        Err(Error::Log(LogError::Missing { .. })) => Store::memory(),
        opened => opened,
    }
}

fn tell(path: PathBuf) -> impl FnMut(Progress) {
    move |progress| {
        let percent = progress.read * 100 / progress.of.max(1);
        let store = path.display();
        tracing::info!(%store, revision = progress.revision, "opening: {percent} %");
    }
}

/// Where the platform wants what an application keeps for its user.
fn data_directory(application: &str) -> Result<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = |below| variable("HOME").map(|home| Path::new(&home).join(below));
    let data = if cfg!(target_os = "macos") {
        home("Library/Application Support")
    } else {
        let set = variable("XDG_DATA_HOME").map(PathBuf::from);
        set.filter(|data| data.is_absolute())
            .or_else(|| home(".local/share"))
    };
    let data = data.ok_or_else(|| {
        boot("there is no home directory to keep the objects in; write --store file:PATH".into())
    })?;
    Ok(data.join("qlib").join(application))
}
