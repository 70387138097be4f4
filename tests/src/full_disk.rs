//! `full_disk DIRECTORY` fills the small file system that the directory is on, makes room again, and
//! looks at what is there. `full_disk DIRECTORY read-only` opens the same where nothing can be written,
//! to write and to read.

use std::fs;
use std::path::Path;

use qlib::prelude::*;

/// A thing of many bytes.
#[derive(Entity)]
struct Page {
    text: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let Some(directory) = arguments.next() else {
        return Err("full_disk DIRECTORY [read-only]".into());
    };
    let directory = Path::new(&directory);
    match arguments.next() {
        None => fill(directory),
        Some(_) => refuse(directory),
    }
}

fn refuse(directory: &Path) -> Result<(), Box<dyn std::error::Error>> {
    for folder in ["store", "another"] {
        match Store::open(directory.join(folder)) {
            Err(Error::Log(error)) => println!("{error}"),
            other => return Err(format!("{folder}: {other:?}").into()),
        }
    }
    let store = Store::options().read_only().open(directory.join("store"))?;
    println!("read: {} pages", store.select::<Page>().count()?);
    Ok(())
}

fn fill(directory: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let ballast = directory.join("ballast");
    fs::write(&ballast, vec![1; 2 << 20])?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let folder = directory.join("store");
    let store = Store::open(&folder)?;
    runtime.block_on(async { store.set_schema(Page::schema()).await })?;
    let write = |name: String| {
        let text = "x".repeat(100_000);
        runtime.block_on(store.transaction(|tx| {
            let page = Page::builder().text(text.clone());
            tx.create(EntityId::ROOT, name.clone(), page)
        }))
    };
    let mut pages = 0;
    let full = loop {
        match write(format!("page {pages}")) {
            Ok(_) => pages += 1,
            Err(full) => break full,
        }
    };
    if !matches!(full, Error::StoreFull(_)) {
        return Err(full.into());
    }
    if store.health().failure.is_some() || store.select::<Page>().count()? != pages {
        return Err("a full disk is no failure, and changes nothing".into());
    }
    fs::remove_file(&ballast)?;
    write("one more".into())?;
    store.close()?;
    let again = Store::open(&folder)?;
    if again.select::<Page>().count()? != pages + 1 {
        return Err("what was acknowledged is not there".into());
    }
    println!("full after {pages} pages: {full}");
    Ok(())
}
