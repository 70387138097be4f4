//! Durable cursors hold the log back, up to a limit.

use super::*;
use crate::log::Disk;
use crate::model::{Cursor, Position};
use crate::store::move_cursor;

/// Runs the script with a cursor that stands at its start. Gives where that is.
fn lag(disk: &Simulated, cursor_max_lag: Retention) -> (Store, Position) {
    let options = options().snapshot_every(2000).retention(SHORT);
    let options = options.window(commits(10)).cursor_max_lag(cursor_max_lag);
    let store = options.open_disk(Arc::new(disk.clone())).unwrap();
    declare(&store).unwrap();
    let start = store.position();
    let make = move_cursor("audit".into(), None, Some(Cursor::Changes(start)));
    store.submit_once(None, [make]).unwrap();
    for number in 1..=COMMITS {
        commit(&store, number).unwrap();
        store.shared.read().checkpoints.as_ref().unwrap().wait();
    }
    (store, start)
}

fn read(store: &Store, start: Position) -> Vec<Event> {
    let devices = store.subscribe_named("Device", "Status");
    let mut reader = devices.from(start).start().unwrap();
    std::iter::from_fn(|| next(&mut reader)).collect()
}

fn is_lagged(event: &Event) -> bool {
    matches!(event, Event::Lagged(_))
}

#[test]
fn what_is_behind_a_cursor_stays() {
    let disk = Simulated::default();
    let (store, start) = lag(&disk, Retention::default());
    assert!(disk.open("0000000001.log").is_ok());
    let events = read(&store, start);
    assert!(
        events.len() > 100 && !events.iter().any(is_lagged),
        "{events:?}"
    );

    // Once it has gone on, or is removed, the log follows.
    block_on(store.remove_cursor("audit")).unwrap();
    for number in COMMITS + 1..=COMMITS + 50 {
        store.submit(|tree, ops| step(number, tree, ops)).unwrap();
        store.shared.read().checkpoints.as_ref().unwrap().wait();
    }
    assert!(disk.open("0000000001.log").is_err());
}

#[test]
fn a_cursor_that_lags_too_far_holds_nothing() {
    let disk = Simulated::default();
    let least = Retention {
        bytes: 10_000,
        ..SHORT
    };
    let (store, start) = lag(&disk, least);
    assert!(disk.open("0000000001.log").is_err());
    let events = read(&store, start);
    assert!(is_lagged(&events[0]), "{events:?}");
}
