//! What `cargo xtask campaign` runs: faults that a seed chooses, for as long as it says; without a word
//! of it, a small sample. Each round is a script of 200 commits.

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::*;
use crate::log::Disk;
use crate::store::tests::disk::damage::{Found, reopen};

/// Rounds of a sample, and its seed.
const SAMPLE: u64 = 20;
const SEED: u64 = 3;

/// Numbers that a seed gives, by SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    fn leaves(&mut self) -> Leaves {
        match self.below(6) {
            0 => Leaves::Nothing,
            1 => Leaves::All,
            _ => Leaves::Some(self.below(u64::MAX)),
        }
    }

    /// Another store each time: large and small files, many snapshots and few.
    fn options(&mut self) -> impl Fn() -> StoreOptions + use<> {
        let first = 2048 << self.below(3);
        let most = first << self.below(2);
        let every = 500 << self.below(5);
        let bytes = 2048 << self.below(4);
        move || {
            options()
                .sizes(Sizes { first, most })
                .snapshot_every(every)
                .retention(Retention { bytes, ..SHORT })
        }
    }
}

/// What rounds injected and checked.
#[derive(Default)]
struct Done {
    faults: u64,
    checks: u64,
}

/// Runs rounds and prints what `cargo xtask campaign` promises.
fn campaign(faults: &str, checks: &str, round: impl Fn(&mut Random, &mut Done)) {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seconds = number("QLIB_CAMPAIGN_SECONDS");
    let seed = number("QLIB_CAMPAIGN_SEED").unwrap_or(SEED);
    let (start, mut done) = (Instant::now(), Done::default());
    let (mut rounds, mut violations) = (0, Vec::new());
    while match seconds {
        Some(seconds) => start.elapsed() < Duration::from_secs(seconds),
        None => rounds < SAMPLE,
    } {
        // Round n of a seed is round 0 of the seed n later.
        let of_round = seed.wrapping_add(rounds);
        let run = || round(&mut Random(of_round), &mut done);
        if catch_unwind(AssertUnwindSafe(run)).is_err() {
            violations.push(of_round);
        }
        rounds += 1;
    }
    println!("injected: {} {faults} in {rounds} rounds", done.faults);
    println!("checked: {} {checks}", done.checks);
    println!("violations: {}", violations.len());
    for seed in &violations {
        println!("  what the panic above says, with --seed {seed}");
    }
    println!("seed: {seed}");
    assert_eq!(violations, [0; 0]);
    assert!(done.faults > 0, "no fault fired");
}

/// The power goes off while the script runs, and again while what is left is opened or goes on, until
/// the script has ended.
#[test]
fn power() {
    let checks = "times that a store was a moment of the script, not before what was acknowledged";
    campaign("crashes", checks, |random, done| {
        let (mut disk, mut acknowledged) = (Simulated::default(), 0);
        let options = random.options();
        let open = |disk: &Simulated| options().open_disk(Arc::new(disk.clone()));
        loop {
            disk.set_faults(Faults {
                crash_at: Some(1 + random.below(150)),
                ..Faults::default()
            });
            if let Ok(store) = open(&disk) {
                let found = must_be_a_moment_of_the_script(&store);
                assert!(found >= acknowledged, "{found} of {acknowledged}");
                acknowledged = run(&store);
                done.checks += 1;
            }
            if disk.fired() == 0 {
                return assert_eq!(acknowledged, COMMITS + 2);
            }
            done.faults += 1;
            disk = disk.after_crash(random.leaves());
        }
    });
}

/// A bit flips in a file, or it is cut short.
#[test]
fn damage() {
    let checks = "stores that were whole, said what was cut, or were refused with a reason";
    campaign("flips and cuts", checks, |random, done| {
        let disk = Simulated::default();
        let options = random.options();
        let store = options().open_disk(Arc::new(disk.clone())).unwrap();
        assert_eq!(run(&store), COMMITS + 2);
        // Where nothing unsynced is left, nothing says how far the log was on the disk.
        let (said, disk) = match random.below(4) {
            0 => (false, disk.after_crash(Leaves::Nothing)),
            1 => (true, disk.after_crash(Leaves::All)),
            _ => {
                store.close().unwrap();
                (true, disk)
            }
        };
        let names = disk.list().unwrap();
        for _ in 0..50 {
            let name = &names[random.below(names.len() as u64) as usize];
            let mut bytes = disk.bytes(name);
            let Some(last) = bytes.iter().rposition(|byte| *byte != 0) else {
                continue;
            };
            let at = random.below(last as u64 + 1) as usize;
            let truncates = random.below(3) == 0;
            if truncates {
                bytes.truncate(at);
            } else {
                bytes[at] ^= 1 << random.below(8);
            }
            let damaged = disk.after_crash(Leaves::All);
            damaged.set_bytes(name, bytes);
            done.faults += 1;
            let what = format!("{name} at {at}, truncated: {truncates}, said: {said}");
            let found = reopen(&damaged, options(), &what);
            assert!(!said || !matches!(found, Found::Cut), "{what}");
            done.checks += 1;
        }
    });
}

/// A sync fails, or the disk is full for a while.
#[test]
fn refusals() {
    let checks = "stores that had what was acknowledged, before and after they were opened again";
    campaign("syncs and writes that failed", checks, |random, done| {
        let disk = Simulated::default();
        let options = random.options();
        let open = |disk: &Simulated| options().open_disk(Arc::new(disk.clone()));
        let mut acknowledged = 0;
        loop {
            let full = random.below(2) == 0;
            disk.set_faults(Faults {
                fail_sync: (!full).then(|| 1 + random.below(60)),
                capacity: full.then(|| 4096 << random.below(3)),
                ..Faults::default()
            });
            let opened = open(&disk);
            if let Ok(store) = &opened {
                acknowledged = acknowledged.max(run(store));
            }
            done.faults += disk.fired();
            let fired = disk.fired() > 0;
            disk.set_faults(Faults::default());
            if let Ok(store) = opened {
                let failed = store.health().failure.is_some();
                assert!(must_be_a_moment_of_the_script(&store) >= acknowledged);
                assert!(fired || !failed);
                if !failed {
                    // It has room again.
                    assert_eq!(run(&store), COMMITS + 2);
                    acknowledged = COMMITS + 2;
                }
                drop(store);
            }
            let found = open(&disk.after_crash(random.leaves())).unwrap();
            assert!(must_be_a_moment_of_the_script(&found) >= acknowledged);
            done.checks += 1;
            if acknowledged == COMMITS + 2 {
                return;
            }
        }
    });
}
