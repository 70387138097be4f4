//! Ours beside the peers and the machine's limits, measured in one run.
//!
//! `cargo run --profile bench -p qlib-benches -- [--json] [--full] [--only SUBSTRING]`, or
//! `cargo xtask bench`. Every row is measured in five rounds in which ours and the peers take
//! turns; the median counts, of a p99 the best. A ratio is turned so that more is better, whatever
//! the unit, and a row is met when its ratio reaches the target within 5 %.
//!
//! What a run does not measure comes from `recorded.json` with its date: the later library, whose
//! source is not in the registry (`--later DIR` measures a checkout of it), whatever takes a peer
//! minutes, and the building. `--full` measures those as well and rewrites the record.

mod at_scale;
mod building;
mod in_process;
mod later;
mod limits;
mod on_disk;
mod ours;
mod project;
mod recorded;
mod registry;
mod report;
mod rounds;
mod row;
mod run;
mod work;

use clap::Parser;
use ours::Ours;
use registry::Registry;
use std::path::PathBuf;

/// Measures ours beside the peers and the limits of the machine.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Print an array of objects instead of a table.
    #[arg(long)]
    json: bool,
    /// Measure also what takes minutes, and rewrite the record.
    #[arg(long)]
    full: bool,
    /// Measure only rows whose work contains this; `building` measures the building.
    #[arg(long, value_name = "SUBSTRING")]
    only: Option<String>,
    /// A checkout of the later library, to be measured in this run.
    #[arg(long, value_name = "DIR")]
    later: Option<PathBuf>,
    /// Only measure memory and print the figure: who, and which work.
    #[arg(long, hide = true, num_args = 2)]
    memory: Vec<String>,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    if let [who, work] = options.memory.as_slice() {
        match who.as_str() {
            run::OURS => println!("{}", in_process::measure_memory::<Ours>(work)),
            run::REGISTRY => println!("{}", in_process::measure_memory::<Registry>(work)),
            _ => anyhow::bail!("nobody is called {who}"),
        }
        return Ok(());
    }
    run::run(&options)
}
