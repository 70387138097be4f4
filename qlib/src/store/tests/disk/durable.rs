//! What leaves the process waits for the disk.

use std::pin::pin;

use super::*;
use crate::model::LogError;

/// A store with a device, all on the disk, and the disk, whose syncs wait from here on.
fn held() -> (Simulated, Store) {
    let disk = Simulated::default();
    let store = open(&disk).unwrap();
    declare(&store).unwrap();
    commit(&store, 1).unwrap();
    block_on(store.durable()).unwrap();
    disk.hold_syncs(true);
    (disk, store)
}

fn write(store: &Store, value: i64) -> Revision {
    let set = store.transaction(|tx| tx.set_value(device(0), "Status", Value::Int(value)));
    block_on(set.applied()).unwrap().revision
}

fn fail_next_sync(disk: &Simulated) {
    disk.set_faults(Faults {
        fail_sync: Some(1),
        ..Faults::default()
    });
    disk.hold_syncs(false);
}

fn status(event: Option<Event>) -> i64 {
    match event {
        Some(Event::Change(change)) => match change.current() {
            Some(ValueRef::Int(value)) => value,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn what_is_applied_is_told_apart_from_what_is_durable() {
    let (disk, store) = held();
    let revision = write(&store, 1);
    let health = store.health();
    assert_eq!((health.applied, health.durable), (revision, revision - 1));
    let mut durable = pin!(store.durable());
    assert!(poll(durable.as_mut()).is_pending());
    disk.hold_syncs(false);
    assert_eq!(block_on(durable), Ok(revision));
    assert_eq!(store.health().durable, revision);
}

#[test]
fn a_subscription_after_durable_waits_for_the_disk() {
    let (disk, store) = held();
    let subscribe = || store.subscribe_named("Device", "Status");
    let mut at_once = subscribe().start().unwrap();
    let mut after = subscribe().after_durable().start().unwrap();
    let mut latest = subscribe().after_durable().latest().start().unwrap();
    write(&store, 1);
    write(&store, 2);
    let mut first = subscribe().after_durable().initial().start().unwrap();
    assert_eq!(status(at_once.try_next()), 1);
    for reader in [&mut after, &mut latest, &mut first] {
        assert!(reader.try_next().is_none());
        assert_eq!(reader.read_ready(|_, _| ()), 0);
        assert!(poll(pin!(reader.next())).is_pending());
    }
    disk.hold_syncs(false);
    assert_eq!(status(Some(block_on(after.next()))), 1);
    assert_eq!(status(Some(block_on(after.next()))), 2);
    assert_eq!(status(Some(block_on(latest.next()))), 2);
    assert_eq!(status(Some(block_on(first.next()))), 2);
    assert!(matches!(block_on(first.next()), Event::SnapshotEnd { .. }));
    let revision = write(&store, 3);
    for reader in [&mut after, &mut latest, &mut first] {
        assert_eq!(status(Some(block_on(reader.next()))), 3);
        assert!(store.health().durable >= revision);
        assert!(reader.try_next().is_none());
    }
}

#[test]
fn a_restore_is_told_after_durable_once_it_is() {
    let (disk, store) = held();
    let subscribe = || store.subscribe_named("Device", "Status").after_durable();
    let mut every = subscribe().start().unwrap();
    let mut latest = subscribe().latest().start().unwrap();
    write(&store, 1);
    let before = store.create_snapshot();
    write(&store, 2);
    let restored = block_on(store.restore_snapshot(&before).applied()).unwrap();
    for reader in [&mut every, &mut latest] {
        assert!(poll(pin!(reader.next())).is_pending());
    }
    disk.hold_syncs(false);
    assert_eq!(status(Some(block_on(every.next()))), 1);
    assert_eq!(status(Some(block_on(every.next()))), 2);
    let resync =
        |event| matches!(event, Event::Resync { revision } if revision == restored.revision);
    assert!(resync(block_on(every.next())));
    assert_eq!(status(Some(block_on(every.next()))), 1);
    assert!(resync(block_on(latest.next())));
    assert_eq!(status(Some(block_on(latest.next()))), 1);
}

#[test]
fn nothing_is_delivered_or_written_out_that_the_disk_has_lost() {
    let (disk, store) = held();
    let after = store.subscribe_named("Device", "Status").after_durable();
    let mut after = after.start().unwrap();
    write(&store, 1);
    assert!(poll(pin!(after.next())).is_pending());
    fail_next_sync(&disk);
    let failed = block_on(after.next());
    assert!(
        matches!(&failed, Event::Failed(LogError::Io { .. })),
        "{failed:?}"
    );
    assert!(after.try_next().is_none(), "it is said once");

    let unknown = |error| matches!(error, Error::OutcomeUnknown { .. });
    assert!(unknown(block_on(store.durable()).unwrap_err()));
    let mut written = Vec::new();
    assert!(unknown(store.backup(&mut written).unwrap_err()));
    let export = store.export(EntityId::ROOT, &mut written);
    assert!(unknown(export.unwrap_err()));
    assert!(written.is_empty());
    let status = store.view().value(device(0), "Status");
    assert_eq!(status, Ok(Some(Value::Int(1))), "reads go on");
}
