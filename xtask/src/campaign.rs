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
    /// The power goes off at any operation of the disk: what was not synced is lost, torn or reordered
    Power,
    /// Bits flip in the files of a store, and files are cut short
    Damage,
    /// Syncs fail, and the disk is full for a while
    Refusals,
}

pub(crate) fn run(name: Name, time: Duration, seed: Option<u64>) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = seed.unwrap_or(now.unwrap_or_default().as_secs());
    let seconds = time.as_secs();
    let test = match name {
        Name::Crash => {
            let run =
                format!("run --release --package qlib-tests --bin killed -- {seconds} {seed}");
            return become_command(&mut cargo(&run));
        }
        Name::Power => "power",
        Name::Damage => "damage",
        Name::Refusals => "refusals",
    };
    // On a disk in memory, which only qlib's own tests know.
    let run = format!(
        "test --release --package qlib --lib -- --exact --nocapture store::tests::disk::campaign::{test}"
    );
    let mut command = cargo(&run);
    command.env("QLIB_CAMPAIGN_SECONDS", seconds.to_string());
    command.env("QLIB_CAMPAIGN_SEED", seed.to_string());
    become_command(&mut command)
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
