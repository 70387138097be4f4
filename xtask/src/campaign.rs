//! `cargo xtask campaign`: faults for as long as one likes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::cargo::{become_command, cargo};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// A process that commits is killed, and what is left is compared with what was acknowledged
    Crash,
}

pub(crate) fn run(name: Name, time: Duration, seed: Option<u64>) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = seed.unwrap_or(now.unwrap_or_default().as_secs());
    let program = match name {
        Name::Crash => "killed",
    };
    let run = format!(
        "run --release --package qlib-tests --bin {program} -- {} {seed}",
        time.as_secs()
    );
    become_command(&mut cargo(&run))
}

/// A time such as `30s` or `10m`.
pub(crate) fn time(text: &str) -> Result<Duration> {
    let seconds = match text.split_at_checked(text.len().saturating_sub(1)) {
        Some((number, "s")) => number.parse().ok(),
        Some((number, "m")) => number.parse().ok().map(|minutes: u64| minutes * 60),
        Some((number, "h")) => number.parse().ok().map(|hours: u64| hours * 3600),
        _ => None,
    };
    let seconds = seconds.context("write a time like 30s, 10m or 2h")?;
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        assert_eq!(time("10m").unwrap(), Duration::from_secs(600));
        for wrong in ["", "m", "10", "-1s", "1d", "µ"] {
            assert!(time(wrong).is_err(), "{wrong:?}");
        }
    }
}
