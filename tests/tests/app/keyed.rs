//! Who waits while a change is tried again.

use std::cell::RefCell;

use qlib::TestApp;
use qlib::prelude::*;

use crate::common::{Lamp, lamp, lamps, level, ms, note, noted, timed};

thread_local! {
    /// The levels that fail, so often.
    static FAILS: RefCell<Vec<i64>> = const { RefCell::new(Vec::new()) };
}

fn handle(change: &Change<Lamp, i64>, name: &str) -> Result<()> {
    let level = change.current();
    let fails = FAILS.with_borrow_mut(|fails| {
        let at = fails.iter().position(|failing| *failing == level);
        at.map(|at| fails.remove(at)).is_some()
    });
    match fails {
        true => Err(Error::other("no luck")),
        false => {
            note(format!("{name} {level}"));
            Ok(())
        }
    }
}

#[on_change(Lamp.Level, keyed, context(name = Lamp.Name))]
async fn keyed(change: Change<Lamp, i64>, name: String) -> Result<()> {
    handle(&change, &name)
}

#[on_change(Lamp.Level, context(name = Lamp.Name))]
async fn whole(change: Change<Lamp, i64>, name: String) -> Result<()> {
    handle(&change, &name)
}

#[on_change(Lamp.Level, keyed, initial, context(name = Lamp.Name))]
async fn keyed_initial(change: Change<Lamp, i64>, name: String) -> Result<()> {
    handle(&change, &name)
}

#[on_change(Lamp.Level, keyed, min_interval = "1s", context(name = Lamp.Name))]
async fn keyed_shaped(change: Change<Lamp, i64>, name: String) -> Result<()> {
    handle(&change, &name)
}

#[qlib::test(workers(keyed), preload = lamps)]
async fn a_failing_entity_holds_up_only_itself(app: TestApp) {
    let (a, b) = (lamp(&app, "a"), lamp(&app, "b"));
    FAILS.set(vec![1, 1]);
    for (lamp, value) in [(a, 1), (b, 10), (a, 2), (a, 3), (b, 20)] {
        level(&app, lamp, value).await;
    }
    app.settle().await;
    assert_eq!(noted(), ["b 10", "b 20"]);
    level(&app, a, 4).await;
    app.advance(ms(499)).await;
    assert_eq!(noted(), [""; 0]);
    app.advance(ms(1)).await;
    assert_eq!(noted(), ["a 1", "a 2", "a 3", "a 4"]);
    // The lane has caught up: all goes its ordinary way again.
    for (lamp, value) in [(a, 5), (b, 30), (a, 6)] {
        level(&app, lamp, value).await;
    }
    app.settle().await;
    assert_eq!(noted(), ["a 5", "b 30", "a 6"]);
}

#[qlib::test(workers(keyed), preload = lamps)]
async fn a_lane_reads_what_came_before_it_was_opened(app: TestApp) {
    let (a, b) = (lamp(&app, "a"), lamp(&app, "b"));
    FAILS.set(vec![1, 2, 2, 3]);
    for value in 1..=4 {
        level(&app, a, value).await;
        level(&app, b, value * 10).await;
    }
    app.settle().await;
    for value in 5..=6 {
        level(&app, a, value).await;
        level(&app, b, value * 10).await;
    }
    app.advance(ms(5_000)).await;
    let (of_a, of_b): (Vec<_>, Vec<_>) =
        noted().into_iter().partition(|note| note.starts_with('a'));
    assert_eq!(of_a, ["a 1", "a 2", "a 3", "a 4", "a 5", "a 6"]);
    assert_eq!(of_b, ["b 10", "b 20", "b 30", "b 40", "b 50", "b 60"]);
    app.assert_dead_letters(0);
}

#[qlib::test(workers(keyed), preload = lamps)]
async fn a_lane_goes_on_behind_a_dead_letter(app: TestApp) {
    let a = lamp(&app, "a");
    FAILS.set(vec![1; 6]);
    for value in 1..=3 {
        level(&app, a, value).await;
    }
    app.advance(ms(8_500)).await;
    assert_eq!(
        timed(),
        [(8_500, "a 2".to_owned()), (8_500, "a 3".to_owned())]
    );
    // A letter that is tried again, and fails again, holds nothing up.
    let letters = app.assert_dead_letters(1);
    app.retry(letters[0].id).unwrap();
    app.settle().await;
    level(&app, a, 4).await;
    app.settle().await;
    assert_eq!(noted(), ["a 4"]);
    app.advance(ms(100)).await;
    assert_eq!(noted(), ["a 1"]);
    app.assert_dead_letters(0);
}

#[qlib::test(workers(whole), preload = lamps)]
async fn without_keyed_the_handler_waits_as_a_whole(app: TestApp) {
    let (a, b) = (lamp(&app, "a"), lamp(&app, "b"));
    FAILS.set(vec![1]);
    for (lamp, value) in [(a, 1), (b, 10), (a, 2)] {
        level(&app, lamp, value).await;
    }
    app.advance(ms(99)).await;
    assert_eq!(noted(), [""; 0]);
    app.advance(ms(1)).await;
    assert_eq!(noted(), ["a 1", "b 10", "a 2"]);
}

fn two_lamps(tx: &mut qlib::Transaction<'_>) -> Result<()> {
    tx.create(EntityId::ROOT, "a", Lamp::builder().level(1))?;
    tx.create(EntityId::ROOT, "b", Lamp::builder().level(10))?;
    FAILS.set(vec![1]);
    Ok(())
}

#[qlib::test(workers(keyed_initial), preload = two_lamps)]
async fn a_first_value_that_fails_comes_once(app: TestApp) {
    let a = app.store().find("/a").unwrap();
    level(&app, a, 2).await;
    app.settle().await;
    assert_eq!(noted(), ["b 10"]);
    app.advance(ms(100)).await;
    assert_eq!(noted(), ["a 1", "a 2"]);
}

#[qlib::test(workers(keyed_shaped), preload = lamps)]
async fn a_lane_keeps_the_rate(app: TestApp) {
    let a = lamp(&app, "a");
    FAILS.set(vec![1]);
    for value in 1..=4 {
        level(&app, a, value).await;
    }
    app.advance(ms(10_000)).await;
    assert_eq!(
        timed(),
        [(100, "a 1".to_owned()), (1_000, "a 4".to_owned())]
    );
    level(&app, a, 5).await;
    level(&app, a, 6).await;
    app.advance(ms(10_000)).await;
    assert_eq!(
        timed(),
        [(10_000, "a 5".to_owned()), (11_000, "a 6".to_owned())]
    );
}

/// Fails now and then, in a way that only the numbers decide.
#[on_change(Lamp.Level, keyed, retry(times = 20, max = "200ms"), context(name = Lamp.Name))]
async fn unlucky(change: Change<Lamp, i64>, name: String) -> Result<()> {
    let level = change.current();
    let tries = FAILS.with_borrow_mut(|fails| {
        fails.push(level);
        fails.iter().filter(|tried| **tried == level).count()
    });
    let unlucky = usize::try_from(level.wrapping_mul(2_654_435_761) >> 7 & 7).unwrap();
    if tries <= unlucky.saturating_sub(4) {
        return Err(Error::other("no luck"));
    }
    note(format!("{name} {level}"));
    Ok(())
}

#[qlib::test(workers(unlucky), preload = lamps)]
async fn nothing_is_lost_or_comes_twice_while_others_write(app: TestApp) {
    let lamps = [lamp(&app, "a"), lamp(&app, "b")];
    let store = app.store().clone();
    let writer = std::thread::spawn(move || {
        for value in 1..=400 {
            let lamp = lamps[usize::try_from(value % 2).unwrap()];
            let written = store.transaction(|tx| tx.set(lamp, Lamp::FIELDS.Level, value));
            drop(written);
        }
    });
    while !writer.is_finished() {
        app.advance(ms(50)).await;
    }
    writer.join().unwrap();
    app.advance(ms(60_000)).await;
    let (of_a, of_b): (Vec<_>, Vec<_>) =
        noted().into_iter().partition(|note| note.starts_with('a'));
    let expected = |name: &str, from: i64| -> Vec<_> {
        (from..=400)
            .step_by(2)
            .map(|value| format!("{name} {value}"))
            .collect()
    };
    assert_eq!(of_a, expected("a", 2));
    assert_eq!(of_b, expected("b", 1));
    app.assert_dead_letters(0);
}
