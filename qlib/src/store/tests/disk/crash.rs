//! The power goes off at every single operation.

use super::*;
use crate::log::{Disk, FollowedLog};
use crate::store::core::Shared;

/// What is found after a crash: a moment of the script, not before what was acknowledged, and a
/// store that goes on from there.
fn check(disk: &Simulated, acknowledged: Revision) {
    let store = open_with_snapshots(disk).unwrap();
    let found = must_be_a_moment_of_the_script(&store);
    assert!(found >= acknowledged, "{found} of {acknowledged}");
    store.close().unwrap();
}

/// Crashes at one operation after the other, until the script ends before. Returns how many.
fn crash_everywhere(leaves: impl Fn(u64) -> Vec<Leaves>) -> u64 {
    for crash_at in 1.. {
        let faults = Faults {
            crash_at: Some(crash_at),
            ..Faults::default()
        };
        let disk = Simulated::with(faults);
        let acknowledged = open_with_snapshots(&disk).map_or(0, |store| run(&store));
        if disk.fired() == 0 {
            assert_eq!(acknowledged, COMMITS + 2);
            return crash_at - 1;
        }
        for leaves in leaves(crash_at) {
            check(&disk.after_crash(leaves), acknowledged);
        }
    }
    unreachable!("the script ends")
}

#[test]
fn a_crash_at_every_operation_loses_nothing_that_was_acknowledged() {
    let crashes = crash_everywhere(|at| {
        let some = (0..3).map(|seed| Leaves::Some(at * 3 + seed));
        [Leaves::Nothing, Leaves::All]
            .into_iter()
            .chain(some)
            .collect()
    });
    assert!(crashes > 150, "{crashes} operations only");
}

#[test]
fn a_crash_while_opening_loses_nothing_either() {
    let mut crashes = 0;
    for at in (10..150).step_by(13) {
        let disk = Simulated::with(Faults {
            crash_at: Some(at),
            ..Faults::default()
        });
        let acknowledged = open_with_snapshots(&disk).map_or(0, |store| run(&store));
        for crash_at in 1.. {
            let found = disk.after_crash(Leaves::Some(at));
            found.set_faults(Faults {
                crash_at: Some(crash_at),
                ..Faults::default()
            });
            drop(open_with_snapshots(&found));
            if found.fired() == 0 {
                break;
            }
            crashes += 1;
            check(&found.after_crash(Leaves::Some(crash_at)), acknowledged);
        }
    }
    assert!(crashes > 30, "{crashes} crashes only");
}

#[test]
fn a_process_that_ends_without_closing_loses_nothing() {
    let disk = Simulated::default();
    let store = open_with_snapshots(&disk).unwrap();
    let acknowledged = run(&store);
    // The other process finds what was written, synced or not; then the power goes off.
    let found = disk.after_crash(Leaves::All);
    let again = open_with_snapshots(&found).unwrap();
    assert_eq!(must_be_a_moment_of_the_script(&again), acknowledged);
    assert_eq!(again.health().cut, None);
    check(&found.after_crash(Leaves::Nothing), acknowledged);
}

/// Follows what a process has left, and takes its place.
fn take_over(disk: &Simulated) -> Result<Store> {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let settings = options().snapshot_every(2000).retention(SHORT).settings;
    let found = settings.follow(&disk, true, None)?;
    let log = Box::new(FollowedLog(found.log.end()));
    let clock = settings.clock.clone();
    let shared = Shared::new(log, clock, found.tree, found.window, found.feeder);
    shared.change(|core| core.disk = Some(Arc::clone(&disk)))?;
    shared.take_over(settings.open(disk, None)?)?;
    Store::begin(shared)
}

#[test]
fn a_crash_at_every_operation_of_a_take_over_loses_nothing() {
    let mut crashes = 0;
    for at in (10..150).step_by(5) {
        let disk = Simulated::with(Faults {
            crash_at: Some(at),
            ..Faults::default()
        });
        let acknowledged = open_with_snapshots(&disk).map_or(0, |store| run(&store));
        // The process was killed, and the machine runs on; or it was the machine.
        for left in [Leaves::All, Leaves::Some(at)] {
            for crash_at in 1.. {
                let found = disk.after_crash(left);
                found.set_faults(Faults {
                    crash_at: Some(crash_at),
                    ..Faults::default()
                });
                let taken = take_over(&found);
                if let Ok(store) = &taken {
                    assert!(must_be_a_moment_of_the_script(store) >= acknowledged);
                }
                if found.fired() == 0 {
                    found.set_faults(Faults::default());
                    assert_eq!(run(&taken.unwrap()), COMMITS + 2);
                    break;
                }
                drop(taken);
                crashes += 1;
                for leaves in [Leaves::Nothing, Leaves::All, Leaves::Some(crash_at)] {
                    check(&found.after_crash(leaves), acknowledged);
                }
            }
        }
    }
    assert!(crashes > 100, "{crashes} crashes only");
}
