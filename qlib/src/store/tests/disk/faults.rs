//! Disks that refuse: EIO, ENOSPC, and space that comes back.

use super::*;

fn faulty(faults: Faults) -> (Simulated, Result<Store>) {
    let disk = Simulated::with(faults);
    let store = open(&disk);
    (disk, store)
}

#[test]
fn a_sync_that_fails_ends_commits_and_not_reads() {
    let mut poisoned = 0;
    for sync in 1..50 {
        let (disk, store) = faulty(Faults {
            fail_sync: Some(sync),
            ..Faults::default()
        });
        let Ok(store) = store else {
            assert_eq!(disk.fired(), 1);
            continue;
        };
        let acknowledged = run(&store);
        assert_eq!(disk.fired(), 1, "sync {sync}");
        let health = store.health();
        poisoned += 1;
        assert!(health.durable >= acknowledged && health.durable < health.applied);
        let refused = store.submit(|tree, ops| step(1, tree, ops)).unwrap_err();
        assert!(matches!(refused, Error::StoreFailed(_)), "{refused}");
        assert!(
            refused.to_string().contains(".log cannot be written"),
            "{refused}"
        );
        assert!(store.exists(EntityId::ROOT));
        assert!(matches!(store.close(), Err(Error::StoreFailed(_))));

        // The process ends, another one reads from memory what the disk has lost, and says that it
        // is there: then it must stay, wherever the power goes off.
        disk.set_faults(Faults::default());
        let again = open(&disk).unwrap();
        let found = must_be_a_moment_of_the_script(&again);
        assert!(found >= acknowledged);
        let later = open(&disk.after_crash(Leaves::Nothing)).unwrap();
        assert_eq!(must_be_a_moment_of_the_script(&later), found);
    }
    assert!(poisoned > 40, "{poisoned}");
}

#[test]
fn commits_in_flight_have_an_unknown_outcome_when_the_disk_fails() {
    let (disk, store) = faulty(Faults::default());
    let store = store.unwrap();
    run(&store);
    disk.set_faults(Faults {
        fail_sync: Some(1),
        ..Faults::default()
    });
    let schema = Schema::new("Late").field("Some", Kind::Int);
    let outcome = block_on(store.set_schema(schema).receipt());
    let unknown = outcome.unwrap_err();
    assert!(matches!(unknown, Error::OutcomeUnknown { revision, .. } if revision == COMMITS + 3));
    assert!(store.schema("Late").is_ok(), "it was applied");
    assert!(block_on(store.failed()).to_string().contains("os error 5"));
}

#[test]
fn a_full_disk_refuses_commits_until_it_has_room() {
    let (disk, store) = faulty(Faults {
        capacity: Some(3 * 4096),
        ..Faults::default()
    });
    let store = store.unwrap();
    let acknowledged = run(&store);
    assert!(disk.fired() > 0);
    let number = store.revision() - 1;
    let refused = commit(&store, number);
    assert!(matches!(refused, Err(Error::StoreFull(_))), "{refused:?}");
    assert_eq!(
        must_be_a_moment_of_the_script(&store),
        number + 1,
        "nothing was applied"
    );
    assert!(acknowledged <= number + 1);
    assert_eq!(store.health().failure, None);

    disk.set_faults(Faults::default());
    assert_eq!(run(&store), COMMITS + 2);
    store.close().unwrap();
    let again = open(&disk).unwrap();
    assert_eq!(must_be_a_moment_of_the_script(&again), COMMITS + 2);
}

#[test]
fn a_commit_that_one_segment_cannot_hold_gets_a_larger_one() {
    let disk = Simulated::default();
    let store = open(&disk).unwrap();
    declare(&store).unwrap();
    store.submit(|tree, ops| step(1, tree, ops)).unwrap();
    let long = "x".repeat(100_000);
    let set = store.transaction(|tx| tx.set_value(device(0), "Long", Value::from(long.as_str())));
    block_on(set).unwrap();
    store.close().unwrap();
    let again = open(&disk).unwrap();
    let value = again.view().value(device(0), "Long").unwrap();
    assert_eq!(value, Some(Value::from(long.as_str())));
}
