//! Handlers that the recent window passes read the log on the disk.

use std::cell::Cell;

use qlib::prelude::*;
use qlib::{TestApp, WindowLimits};
use tempfile::TempDir;

use crate::common::{Lamp, lamp, lamps, ms, note, noted};

thread_local! {
    // The test and its application share one thread; the folder goes with it.
    static FOLDER: TempDir = tempfile::tempdir().unwrap();
    /// How often the first level of `a` fails.
    static FAILS: Cell<u32> = const { Cell::new(0) };
}

/// A store whose window holds four commits.
fn open() -> Result<Store> {
    let window = WindowLimits {
        commits: 4,
        ..WindowLimits::default()
    };
    FOLDER.with(|folder| Store::options().window(window).open(folder.path()))
}

#[on_change(Lamp.Level, keyed, context(name = Lamp.Name))]
async fn named(change: Change<Lamp, i64>, name: String) -> Result<()> {
    if name == "a" && FAILS.get() > 0 {
        FAILS.set(FAILS.get() - 1);
        return Err(Error::other("no luck"));
    }
    note(format!(
        "{name} {}->{}",
        change.previous().unwrap_or(0),
        change.current()
    ));
    Ok(())
}

/// Sets levels and renames the lamp behind each, faster than any handler.
fn hurry(app: &TestApp, lamp: EntityId, name: &str, levels: std::ops::RangeInclusive<i64>) {
    for level in levels {
        let set = app
            .store()
            .transaction(|tx| tx.set(lamp, Lamp::FIELDS.Level, level));
        drop(set);
        let rename = app.store().transaction(|tx| {
            tx.rename(lamp, format!("{name}{level}"));
            Ok(())
        });
        drop(rename);
    }
}

fn told(name: &str, levels: std::ops::RangeInclusive<i64>) -> Vec<String> {
    let told = |level| match level {
        1 => format!("{name} 0->1"),
        _ => format!("{name}{before} {before}->{level}", before = level - 1),
    };
    levels.map(told).collect()
}

#[qlib::test(workers(named), preload = lamps, store = open)]
async fn a_handler_misses_nothing(app: TestApp) {
    hurry(&app, lamp(&app, "a"), "a", 1..=50);
    app.settle().await;
    assert_eq!(noted(), told("a", 1..=50));
}

#[qlib::test(workers(named), preload = lamps, store = open)]
async fn the_lane_of_an_entity_that_failed_misses_nothing(app: TestApp) {
    let (a, b) = (lamp(&app, "a"), lamp(&app, "b"));
    FAILS.set(2);
    hurry(&app, a, "a", 1..=1);
    app.settle().await;
    hurry(&app, b, "b", 1..=1);
    hurry(&app, a, "a", 2..=30);
    app.settle().await;
    assert_eq!(noted(), told("b", 1..=1));
    app.advance(ms(1_000)).await;
    assert_eq!(noted(), told("a", 1..=30));
}
