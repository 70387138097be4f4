//! What goes into files and comes from them: `export`, `import`, `backup` and `restore`.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use clap::ArgMatches;
use qlib::Store;
use serde_json::json;

use crate::command::{finish, runtime};
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::{Bar, Told};
use crate::target;

pub(crate) fn export(
    store: &Store,
    matches: &ArgMatches,
    output: &mut Output<impl Write>,
) -> Result<(), Failure> {
    let path = matches
        .get_one::<String>("path")
        .map_or("/", String::as_str);
    let top = target::entity(store.create_snapshot().tree(), path)?.id();
    match matches.get_one::<String>("file") {
        Some(file) => write("exporting", file, |to| Ok(store.export(top, to)?)),
        None => Ok(store.export(top, output)?),
    }
}

pub(crate) fn import(
    store: &Store,
    matches: &ArgMatches,
    output: &mut Output<impl Write>,
) -> Result<(), Failure> {
    finish(store.import(read("importing", file(matches))?)?, output)
}

pub(crate) fn backup(
    store: &Store,
    matches: &ArgMatches,
    output: &mut Output<impl Write>,
) -> Result<(), Failure> {
    let (mut revision, is_stdout) = (0, is_stdout(file(matches)));
    write("backing up", file(matches), |to| {
        revision = store.backup(to)?;
        Ok(())
    })?;
    let said = match output.json {
        true => json!({ "revision": revision }).to_string(),
        false => format!("revision {revision}"),
    };
    if is_stdout {
        // Standard output is the backup, and nothing else.
        eprintln!("{said}");
    } else {
        output.line(&said)?;
    }
    Ok(())
}

pub(crate) fn restore(
    store: &Store,
    matches: &ArgMatches,
    output: &mut Output<impl Write>,
) -> Result<(), Failure> {
    finish(store.restore(read("restoring", file(matches))?)?, output)
}

/// Whether the backup can be restored, before a store is begun for it.
pub(crate) fn check_backup(matches: &ArgMatches) -> Result<(), Failure> {
    let file = file(matches);
    if is_stream(file) {
        return Err(Failure::Usage(format!(
            "{file} is no file whose bytes stay, and --new reads it twice; write it to one first"
        )));
    }
    let restored = Store::memory()?.restore(read("checking", file)?)?;
    runtime()?.block_on(restored)?;
    Ok(())
}

fn file(matches: &ArgMatches) -> &str {
    matches.get_one::<String>("file").map_or("", String::as_str)
}

fn failure(file: &str, action: &'static str) -> impl FnOnce(std::io::Error) -> Failure {
    let file = file.to_owned();
    move |error| Failure::File {
        file,
        action,
        error,
    }
}

fn read(what: &'static str, file: &str) -> Result<BufReader<Told<File>>, Failure> {
    let opened = File::open(file).and_then(|opened| {
        let bar = Bar::new(what, Some(opened.metadata()?.len()));
        Ok(BufReader::new(Told::new(opened, bar)))
    });
    opened.map_err(failure(file, "read"))
}

pub(crate) fn read_text(file: &str) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(failure(file, "read"))
}

/// Writes a file beside the one that it replaces once it is whole and on the disk. A link stays: what
/// it leads to is replaced. A pipe or a device is written to.
pub(crate) fn write(
    what: &'static str,
    file: &str,
    fill: impl FnOnce(&mut BufWriter<Told<File>>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if is_stream(file) {
        let mut to = create(Path::new(file), what)?;
        fill(&mut to)?;
        return to.flush().map_err(failure(file, "written"));
    }
    let path = fs::canonicalize(file).unwrap_or_else(|_| file.into());
    let new = path.with_added_extension("new");
    let mut to = create(&new, what)?;
    let written = fill(&mut to).and_then(|()| {
        to.flush()
            .and_then(|()| to.get_ref().inner.sync_all())
            .and_then(|()| fs::rename(&new, &path))
            .and_then(|()| File::open(folder(&path))?.sync_all())
            .map_err(failure(file, "written"))
    });
    if written.is_err() {
        // What failed is told; what is left of it is in nobody's way.
        let _ = fs::remove_file(&new);
    }
    written
}

fn create(path: &Path, what: &'static str) -> Result<BufWriter<Told<File>>, Failure> {
    let created = File::create(path).map_err(failure(&path.to_string_lossy(), "made"))?;
    Ok(BufWriter::new(Told::new(created, Bar::new(what, None))))
}

/// Whether there is something of that name, and no file whose bytes stay.
fn is_stream(file: &str) -> bool {
    fs::metadata(file).is_ok_and(|found| !found.is_file())
}

/// Whether this is standard output, by whatever name.
fn is_stdout(file: &str) -> bool {
    let stdout = io::stdout().as_fd().try_clone_to_owned();
    let stdout = stdout.and_then(|stdout| File::from(stdout).metadata());
    let identity = |file: fs::Metadata| (file.dev(), file.ino());
    let found = fs::metadata(file).map(identity).ok();
    found.is_some() && found == stdout.map(identity).ok()
}

fn folder(path: &Path) -> &Path {
    let parent = path.parent();
    parent
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}
