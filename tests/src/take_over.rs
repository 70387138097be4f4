//! A process that commits is killed, and another one that stands by goes on in its place.

use std::path::Path;

use crate::crash::{Deed, Report, Running, STANDS_BY};

/// Kills the process that commits, again and again, while another one stands by to go on.
///
/// # Errors
/// What the operating system refuses, or the store.
pub fn campaign(
    program: &Path,
    deed: Deed,
    rounds: u64,
) -> Result<Report, Box<dyn std::error::Error>> {
    let mut report = Report::default();
    let folder = tempfile::tempdir()?;
    let mut writer = Running::start(program, deed, folder.path())?;
    writer.next()?;
    let mut before = 0;
    for round in 0..rounds {
        let mut standby = Running::start(program, deed, folder.path())?;
        let said = standby.next()?;
        if said != STANDS_BY {
            report
                .violations
                .push(format!("two write: one says {said}"));
        }
        for _ in 0..round % 50 {
            writer.next()?;
        }
        before = before.max(writer.kill()?.unwrap_or(0));
        report.kills += 1;
        let found: i64 = standby.next()?.parse()?;
        if found < before {
            let violation = format!("{before} was acknowledged, {found} was taken over");
            report.violations.push(violation);
        }
        report.acknowledged = found.unsigned_abs();
        before = found;
        writer = standby;
    }
    before = before.max(writer.kill()?.unwrap_or(0));
    deed.look(folder.path(), before, &mut report)?;
    Ok(report)
}
