//! `cargo xtask demo | test | bench | campaign | codegen | ci`: the project's own commands.
//!
//! Each does its own set-up on a machine that has only a Rust toolchain, and says on standard error
//! what it does, so that standard output belongs to the program it runs.

mod bench;
mod campaign;
mod cargo;
mod ci;
mod codegen;
mod demo;
mod files;
mod steps;
mod test;
mod tools;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser, Debug)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "The project's own commands"
)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand, Debug)]
enum Task {
    /// Build and run the main example, which shows this machine as live objects
    #[command(disable_help_flag = true)]
    Demo {
        /// Handed on to the example: `--for 30s` ends it by itself, `--help` lists the rest
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Run every test
    Test,
    /// Measure qlib beside its peers
    #[command(disable_help_flag = true)]
    Bench {
        /// Handed on to the benches: `--json`, `--full`, `--only NAME`, `--help`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Let things go wrong, and check what must hold all the same
    Campaign {
        /// What goes wrong
        name: campaign::Name,
        /// How long: 30s, 10m or 2h
        #[arg(long = "for", value_name = "TIME", default_value = "1m", value_parser = campaign::time)]
        time: std::time::Duration,
        /// By which what goes wrong is chosen; a new one unless given
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Write the code of the formats in proto/
    Codegen {
        /// Write nothing; fail where the code is not what proto/ says
        #[arg(long)]
        check: bool,
    },
    /// Everything that a change must pass: format, lints, docs, dependencies, tests
    Ci {
        /// Unused dependencies, coverage and the public interface too
        #[arg(long)]
        full: bool,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    match task {
        Task::Demo { args } => demo::run(&args),
        Task::Test => test::run(),
        Task::Bench { args } => bench::run(&args),
        Task::Campaign { name, time, seed } => campaign::run(name, time, seed),
        Task::Codegen { check } => codegen::run(check),
        Task::Ci { full } => ci::run(full),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_demo_gets_every_argument_as_it_was_given() {
        for args in [
            &["--for", "30s", "-v", "x"][..],
            &["--help"],
            &["-h"],
            &["x", "--", "y"],
            &[],
        ] {
            let line = ["cargo xtask", "demo"].iter().chain(args);
            match Cli::try_parse_from(line).unwrap().task {
                Task::Demo { args: handed } => assert_eq!(handed, args),
                other => panic!("parsed as {other:?}"),
            }
        }
    }

    #[test]
    fn the_benches_get_every_argument_as_it_was_given() {
        match Cli::try_parse_from(["cargo xtask", "bench", "--only", "create", "--json"])
            .unwrap()
            .task
        {
            Task::Bench { args } => assert_eq!(args, ["--only", "create", "--json"]),
            other => panic!("parsed as {other:?}"),
        }
    }

    #[test]
    fn tests_take_no_arguments_that_would_be_ignored() {
        assert!(Cli::try_parse_from(["cargo xtask", "test", "--full"]).is_err());
    }
}
