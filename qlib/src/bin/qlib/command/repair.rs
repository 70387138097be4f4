//! `repair`: a damaged store becomes one that opens, from a copy on.

use std::io::{IsTerminal, Write, stdin};
use std::path::Path;

use clap::ArgMatches;
use qlib::{Repair, Store};
use serde_json::json;

use crate::failure::{FINE, Failure, LOST};
use crate::output::Output;
use crate::progress;

pub(crate) fn run(
    directory: &Path,
    matches: &ArgMatches,
    output: &mut Output<impl Write>,
) -> Result<u8, Failure> {
    let options = Store::options().on_progress(progress::opening());
    let Some(repair) = options.repair(directory)? else {
        if output.json {
            output.json(&json!({ "damage": null }))?;
        } else {
            output.line("nothing is damaged, and nothing was changed")?;
        }
        return Ok(FINE);
    };
    let (damage, kept, lost) = (repair.damage().to_string(), repair.kept(), repair.lost());
    if !matches.get_flag("yes") && !agreed(&repair)? {
        return Err(Failure::Usage("nothing was changed".into()));
    }
    let copy = repair.carry_out()?;
    if output.json {
        output.json(&json!({
            "damage": damage,
            "kept": kept,
            "lost": lost.as_ref().map(|lost| [lost.start(), lost.end()]),
            "copy": copy,
        }))?;
    } else {
        output.line(&format!("kept: all up to revision {kept}"))?;
        if let Some(lost) = &lost {
            let (first, last) = (lost.start(), lost.end());
            output.line(&format!("lost: revisions {first} to {last}"))?;
        }
        output.line(&format!("a copy of what was there: {}", copy.display()))?;
    }
    Ok(if lost.is_some() { LOST } else { FINE })
}

/// Asks who sits at the terminal.
fn agreed(repair: &Repair) -> Result<bool, Failure> {
    if !stdin().is_terminal() {
        let what = "nobody can be asked whether to go on; write --yes";
        return Err(Failure::Usage(format!("{}\n{what}", repair.damage())));
    }
    eprintln!("qlib: {}", repair.damage());
    let kept = repair.kept();
    match repair.lost() {
        Some(lost) => eprintln!(
            "All up to revision {kept} can be kept; revisions {} to {} are lost.",
            lost.start(),
            lost.end()
        ),
        None => eprintln!("All can be kept."),
    }
    eprint!("Copy the directory, and then repair it? [y/N] ");
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
