//! The commands.

mod files;
mod get;
mod history;
mod log;
mod open;
mod repair;
mod schema;
mod set;
mod stats;
mod tree;
mod watch;

use std::io::{self, BufWriter, Write, stdout};

use clap::ArgMatches;
use qlib::{CommitFuture, Store};
use serde_json::json;

use crate::failure::{FINE, Failure};
use crate::output::Output;
use crate::session;

/// Runs the command that the command line names; returns the exit code.
pub(crate) fn run(matches: &ArgMatches) -> Result<u8, Failure> {
    let Some((name, matches)) = matches.subcommand() else {
        return Err(Failure::Usage("name a command; see --help".into()));
    };
    let Some(address) = matches.get_one::<String>("store") else {
        let what = "which store? write --store DIR, or set Q_STORE=file:DIR";
        return Err(Failure::Usage(what.into()));
    };
    let mut output = Output::new(BufWriter::new(stdout().lock()), matches.get_flag("json"));
    if name == "repair" {
        let directory = session::directory(address)?;
        let code = repair::run(&directory, matches, &mut output)?;
        output.flush()?;
        return Ok(code);
    }
    let store = if only_reads(name, matches) {
        session::open_to_read(address)?
    } else if name == "restore" && matches.get_flag("new") {
        files::check_backup(matches)?;
        session::open(address, Store::options())?
    } else {
        session::open(address, Store::options().must_exist())?
    };
    let mut code = FINE;
    match name {
        "open" => code = open::run(&store, &mut output)?,
        "tree" => tree::run(&store, matches, &mut output)?,
        "get" => get::run(&store, matches, &mut output)?,
        "set" => set::run(&store, matches, &mut output)?,
        "watch" => watch::run(&store, matches, &mut output)?,
        "history" => history::run(&store, matches, &mut output)?,
        "log" => log::run(&store, matches, &mut output)?,
        "schema" => code = schema::run(&store, matches, &mut output)?,
        "export" => files::export(&store, matches, &mut output)?,
        "import" => files::import(&store, matches, &mut output)?,
        "backup" => files::backup(&store, matches, &mut output)?,
        "restore" => files::restore(&store, matches, &mut output)?,
        _ => stats::run(&store, &mut output)?,
    };
    output.flush()?;
    store.close()?;
    Ok(code)
}

/// Whether a command can do its work beside an application that has the store open.
fn only_reads(name: &str, matches: &ArgMatches) -> bool {
    match name {
        "schema" => matches.subcommand_name() != Some("apply"),
        "tree" | "get" | "watch" | "history" | "log" | "export" | "backup" | "stats" => true,
        _ => false,
    }
}

/// Waits until a commit is on the disk, and says which one it is.
fn finish<T>(commit: CommitFuture<T>, output: &mut Output<impl Write>) -> Result<(), Failure> {
    let receipt = runtime()?.block_on(commit.receipt())?;
    if output.json {
        output.json(&json!({
            "revision": receipt.revision,
            "time": receipt.time.to_string(),
        }))?;
    } else {
        output.line(&format!("revision {}", receipt.revision))?;
    }
    Ok(())
}

/// Where a command waits for the store.
fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
}
