//! The history of a store in a directory.

use super::*;
use crate::log::{Disk, Leaves, Retention, Simulated, Sizes};
use crate::store::StoreOptions;

fn options(clock: &Clock) -> StoreOptions {
    Store::options().clock(clock.clone())
}

/// Creates a boiler and lets a value follow another; gives what the history says then.
fn fill(store: &Store) -> String {
    let pressure = {
        let schema = Op::SetSchema(Box::new(boiler()));
        store.submit_checked(smallvec![schema], Vec::new()).unwrap();
        let view = store.view();
        let boiler = view.tree().type_id("Boiler").unwrap();
        (boiler, view.tree().field_id(boiler, "Pressure").unwrap())
    };
    let create = Create {
        id: entity(0),
        entity_type: pressure.0,
        parent: EntityId::ROOT,
        name: "Boiler".into(),
        values: [(pressure.1, 1.0.into())].into(),
    };
    let create = Op::Create(Box::new(create));
    store.submit_checked(smallvec![create], Vec::new()).unwrap();
    more(store, 2.0)
}

fn more(store: &Store, value: f64) -> String {
    store.clock().set(store.clock().now() + millis(1_000));
    drop(store.transaction(|tx| tx.set_value(entity(0), "Pressure", Value::Float(value))));
    say(store)
}

fn say(store: &Store) -> String {
    let history = store.history_named(entity(0), "Pressure", ..).unwrap();
    let samples = history.all().unwrap().samples;
    let words = samples
        .iter()
        .map(|sample| sample.value.clone().unwrap().to_string());
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn it_outlives_a_clean_close_and_can_still_be_read_behind_it() {
    let (clock, disk) = (Clock::driven(START), Arc::new(Simulated::default()));
    let store = options(&clock).open_disk(disk.clone()).unwrap();
    assert_eq!(fill(&store), "1 2");
    store.close().unwrap();
    assert_eq!(say(&store), "1 2");
    store.close().unwrap();
    drop(store);

    let store = options(&clock).open_disk(disk).unwrap();
    assert_eq!(say(&store), "1 2");
    assert_eq!(more(&store, 3.0), "1 2 3");
    assert_eq!(store.history_damage(), []);
}

#[test]
fn a_crash_takes_from_it_what_it_takes_from_the_log() {
    let (clock, disk) = (Clock::driven(START), Arc::new(Simulated::default()));
    let store = options(&clock).open_disk(disk.clone()).unwrap();
    fill(&store);
    store.close().unwrap();
    drop(store);
    let store = options(&clock).open_disk(disk.clone()).unwrap();
    more(&store, 3.0);
    let group = store.shared().group.get().unwrap().clone();
    group.wait_durable(store.revision()).unwrap();
    for leaves in [Leaves::Nothing, Leaves::All] {
        let found = disk.after_crash(leaves);
        let found = options(&clock).open_disk(Arc::new(found)).unwrap();
        assert_eq!(say(&found), "1 2 3");
        assert_eq!(more(&found, 4.0), "1 2 3 4");
        assert_eq!(found.history_damage(), []);
    }
}

#[test]
fn it_has_what_the_log_has_not_any_more() {
    let (clock, disk) = (Clock::driven(START), Arc::new(Simulated::default()));
    let small = || {
        let retention = Retention {
            bytes: 0,
            age: Duration::ZERO,
        };
        options(&clock)
            .sizes(Sizes {
                first: 4096,
                most: 4096,
            })
            .snapshot_every(4096)
            .retention(retention)
    };
    let store = small().open_disk(disk.clone()).unwrap();
    fill(&store);
    let mut expected = String::new();
    for round in 3..600 {
        expected = more(&store, f64::from(round));
        // Each checkpoint that is begun is finished before the next one is due.
        store.shared().read().checkpoints.as_ref().unwrap().wait();
    }
    let group = store.shared().group.get().unwrap().clone();
    group.wait_durable(store.revision()).unwrap();
    assert_eq!(store.health().snapshot_failure, None);
    assert!(disk.open("0000000001.log").is_err(), "the log was cut");
    assert_eq!(expected.split(' ').count(), 599);
    for leaves in [Leaves::Nothing, Leaves::All] {
        let found = disk.after_crash(leaves);
        let found = small().open_disk(Arc::new(found)).unwrap();
        assert_eq!(say(&found), expected);
        assert_eq!(found.history_damage(), []);
    }
    // A rename is not the end of it.
    let mut renamed = boiler();
    let pressure = &mut renamed.fields[1];
    pressure
        .was
        .push(std::mem::replace(&mut pressure.name, "Bar".into()));
    let renamed = Op::SetSchema(Box::new(renamed));
    store
        .submit_checked(smallvec![renamed], Vec::new())
        .unwrap();
    let bar = |store: &Store| {
        store
            .history_named(entity(0), "Bar", ..)
            .unwrap()
            .all()
            .unwrap()
            .samples
            .len()
    };
    assert_eq!(bar(&store), 599);
    group.wait_durable(store.revision()).unwrap();
    let found = small()
        .open_disk(Arc::new(disk.after_crash(Leaves::Nothing)))
        .unwrap();
    assert_eq!(bar(&found), 599);
}
