//! `schema`: the types of an application, and what they would make of its store.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::app::Registry;
use crate::model::{Error, Result, Schema};
use crate::store::{Store, WantedSchemas, differences, plan};

/// The command and those below it.
pub(crate) fn command() -> Command {
    let below = |name: &'static str, about: &'static str| Command::new(name).about(about);
    let allow_removal = || {
        Arg::new("allow-removal")
            .long("allow-removal")
            .action(ArgAction::SetTrue)
            .help("Take away fields that the application's types do not have, with what they hold")
    };
    let file = |help: &'static str| {
        let path = value_parser!(PathBuf);
        Arg::new("file")
            .value_name("FILE")
            .value_parser(path)
            .help(help)
    };
    Command::new("schema")
        .about("Compare the application's types with those of its store")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            below(
                "plan",
                "Print what a start changes in the store, or why it cannot start",
            )
            .arg(allow_removal()),
        )
        .subcommand(below("apply", "Change the store as `plan` prints it").arg(allow_removal()))
        .subcommand(
            below(
                "export",
                "Write the application's types as a file that diffs well",
            )
            .arg(file("Where to write; standard output unless it is given")),
        )
        .subcommand(
            below(
                "diff",
                "Print what differs, and exit with 1 if anything does",
            )
            .arg(file("What `export` wrote; the store unless it is given")),
        )
}

/// Runs one of the commands. It is false if `diff` found a difference.
pub(crate) fn run(
    matches: &ArgMatches,
    name: &str,
    registry: &Registry,
    store: impl FnOnce() -> Result<Store>,
) -> Result<bool> {
    let Some((command, matches)) = matches.subcommand() else {
        // clap has asked for one.
        return Ok(true);
    };
    let file = || matches.get_one::<PathBuf>("file");
    let wanted = || -> Result<WantedSchemas> {
        Ok(WantedSchemas {
            allow_removal: matches.get_flag("allow-removal"),
            ..registry.wanted()?
        })
    };
    match command {
        "plan" => {
            let made = plan(store()?.create_snapshot().tree(), &wanted()?)
                .map_err(|refusals| Error::RefusedSchemas { refusals })?;
            say(&or_nothing(made.to_string(), "nothing is to be done\n"))?;
        }
        "apply" => {
            let store = store()?;
            let made = store.writing_as(name).evolve(&wanted()?)?;
            store.close()?;
            say(&or_nothing(made.to_string(), "nothing was to be done\n"))?;
        }
        "export" => {
            let text = Schema::write_all(&registry.ordered_schemas()?);
            let text = format!("# The types of {name}, as `schema export` wrote them.\n\n{text}");
            match file() {
                Some(path) => std::fs::write(path, text).map_err(|error| at(path, &error))?,
                None => say(&text)?,
            }
        }
        _ => {
            let types = registry.ordered_schemas()?;
            let before = match file() {
                Some(path) => {
                    let text = std::fs::read_to_string(path).map_err(|error| at(path, &error))?;
                    Schema::read_all(&text)?
                }
                None => known(&store()?, &types),
            };
            let lines = differences(&before, &types);
            lines
                .iter()
                .try_for_each(|line| say(&format!("{line}\n")))?;
            return Ok(lines.is_empty());
        }
    }
    Ok(true)
}

/// The types of the store that the application knows.
fn known(store: &Store, types: &[Schema]) -> Vec<Schema> {
    types
        .iter()
        .filter_map(|schema| store.schema(&schema.name).ok())
        .collect()
}

fn or_nothing(text: String, nothing: &str) -> String {
    if text.is_empty() {
        nothing.to_owned()
    } else {
        text
    }
}

fn at(path: &Path, error: &std::io::Error) -> Error {
    Error::File {
        path: path.display().to_string().into(),
        reason: error.to_string().into(),
    }
}

/// Writes to standard output. A reader that has seen enough is no fault.
fn say(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(at(Path::new("standard output"), &error))
        }
        _ => Ok(()),
    }
}
