use super::*;

#[test]
fn reads_see_the_transactions_own_writes() {
    let store = store();
    let room = create(&store, EntityId::ROOT, "Hall", "Room");
    let device = create(&store, room, "Lamp", "Device");
    let outcome = done(store.transaction(|tx| {
        assert_eq!(tx.read(device, STATUS)?, 0);
        tx.set(device, STATUS, 5)?;
        assert_eq!(tx.read(device, STATUS)?, 5);
        tx.add(device, STATUS, 2)?;
        assert_eq!(tx.read(device, STATUS)?, 7);
        assert_eq!(tx.read(device, NOTE)?, None);
        tx.rename(device, "Light");
        assert_eq!(tx.find("/Hall/Light")?, device);
        assert!(tx.find("/Hall/Lamp").is_err());
        let made = tx.create_named(room, "Lamp", "Lamp", [("Note", "new".into())])?;
        assert_eq!(tx.value(made, "Note")?, Some("new".into()));
        assert_eq!(tx.value(made, "Hall->Name")?, Some("Hall".into()));
        tx.set_value(made, "Room", Value::EntityReference(room))?;
        tx.set_value(made, "Room->Floor", Value::Int(3))?;
        assert_eq!(tx.value(room, "Floor")?, Some(Value::Int(3)));
        tx.move_to(made, EntityId::ROOT);
        assert_eq!(tx.find("/Lamp")?, made);
        tx.delete(device);
        assert!(!tx.exists(device)?);
        assert!(tx.read(device, STATUS).is_err());
        assert!(tx.exists(made)?);
        Ok(made)
    }))
    .unwrap();
    assert_eq!(outcome.revision, store.revision());
    assert_eq!(store.find("/Lamp").unwrap(), outcome.value);
    assert!(!store.exists(device));
    assert_eq!(
        store.view().value(outcome.value, "Room->Floor").unwrap(),
        Some(Value::Int(3))
    );
}

#[test]
fn a_read_behind_a_write_that_is_refused_says_why_each_time() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "Lamp", "Device");
    let before = store.revision();
    let outcome = done(store.transaction(|tx| {
        tx.add(device, STATUS, 1)?;
        tx.set(device, NOTE, Some("much too long".into()))?;
        for _ in 0..2 {
            let error = tx.read(device, NOTE).unwrap_err();
            assert!(
                matches!(&error, Error::Constraint { field, .. } if field == "Note"),
                "{error}"
            );
            assert!(tx.exists(device).is_err());
        }
        Ok(())
    }));
    assert!(
        matches!(outcome, Err(Error::Constraint { .. })),
        "{outcome:?}"
    );
    assert_eq!(store.read(device, STATUS).unwrap(), 0);
    assert_eq!(store.revision(), before);
}

#[test]
fn all_or_nothing_and_one_revision() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "Lamp", "Device");
    let before = store.revision();
    let refused = done(store.transaction(|tx| {
        tx.set(device, STATUS, 1)?;
        tx.create_named(EntityId::ROOT, "Other", "Device", [])?;
        tx.rename(device, "a/b");
        Ok(())
    }));
    assert!(matches!(refused, Err(Error::BadName { .. })), "{refused:?}");
    assert_eq!(
        (store.revision(), store.read(device, STATUS).unwrap()),
        (before, 0)
    );
    assert!(store.find("/Other").is_err());

    let mut subscription = store.subscribe_named("Device", "Status").start().unwrap();
    let receipt = done(store.transaction(|tx| {
        let other = tx.create_named(EntityId::ROOT, "Other", "Device", [])?;
        tx.set(device, STATUS, 1)?;
        tx.set(other, STATUS, 2)
    }))
    .unwrap();
    assert_eq!(
        (receipt.revision, store.revision()),
        (before + 1, before + 1)
    );
    let revisions = std::iter::from_fn(|| subscription.try_next()).map(|event| match event {
        Event::Change(change) => (
            change.revision(),
            change.time(),
            say(&Event::Change(change)),
        ),
        other => panic!("{other:?}"),
    });
    let expected = |text: &str| (receipt.revision, receipt.time, text.to_string());
    assert_eq!(
        revisions.collect::<Vec<_>>(),
        [expected("-->2"), expected("0->1")]
    );
}

#[test]
fn an_error_of_the_closure_aborts() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "Lamp", "Device");
    let before = store.revision();
    let outcome: Result<Receipt> = done(store.transaction(|tx| {
        tx.set(device, STATUS, 1)?;
        Err(Error::other("no"))
    }));
    assert_eq!(outcome.unwrap_err(), Error::other("no"));
    assert_eq!(
        (store.revision(), store.read(device, STATUS).unwrap()),
        (before, 0)
    );
}

#[test]
fn without_a_write_there_is_no_commit() {
    let store = store();
    let before = store.revision();
    assert_eq!(
        done(store.transaction(|tx| tx.exists(EntityId::ROOT)))
            .unwrap()
            .revision,
        before
    );
    assert_eq!(
        done(store.bind(EntityId::ROOT).commit()).unwrap().revision,
        before
    );
    assert_eq!(store.revision(), before);
}

/// Commits a transaction while `disturb` commits behind each run of its closure, as often as it says
/// yes. Says how often the closure ran, and what came of it.
fn disturbed<T>(
    store: &Store,
    mut closure: impl FnMut(&mut Transaction<'_>) -> Result<T>,
    mut disturb: impl FnMut(usize),
) -> (usize, Result<Receipt<T>>) {
    let runs = std::cell::Cell::new(0);
    let outcome = store.transact_by(
        |tx| {
            runs.set(runs.get() + 1);
            closure(tx)
        },
        |ops, expect| {
            disturb(runs.get());
            store.submit_checked(ops, expect)
        },
    );
    (runs.get(), outcome)
}

#[test]
fn runs_again_when_what_it_read_has_changed() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "Lamp", "Device");
    let double = |tx: &mut Transaction<'_>| {
        let value = tx.read(device, STATUS)?;
        tx.set(device, STATUS, value * 2)
    };
    let (runs, outcome) = disturbed(&store, double, |run| {
        if run < 3 {
            set(&store, device, "Status", run as i64 * 10);
        }
    });
    assert_eq!((runs, outcome.unwrap().revision), (3, store.revision()));
    assert_eq!(store.read(device, STATUS).unwrap(), 40);
}

#[test]
fn gives_up_after_sixteen_runs() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "Lamp", "Device");
    let double = |tx: &mut Transaction<'_>| {
        let value = tx.read(device, STATUS)?;
        tx.set(device, STATUS, value * 2)
    };
    let (runs, outcome) = disturbed(&store, double, |run| {
        set(&store, device, "Status", run as i64);
    });
    assert_eq!(runs, 16);
    match outcome {
        Err(Error::Conflict { entity, field }) => {
            assert_eq!((&*entity.path, &*field), ("/Lamp", "Status"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(store.read(device, STATUS).unwrap(), 16);
}

/// Whether a transaction that does `read` and then writes runs again when `disturb` comes between.
fn runs_twice<T>(
    read: impl Fn(&mut Transaction<'_>, &Home) -> Result<()>,
    disturb: impl Fn(&Home) -> T,
) -> bool {
    let home = Home::new();
    let write = |tx: &mut Transaction<'_>| {
        read(tx, &home)?;
        tx.set_value(home.other, "Floor", Value::Int(1))
    };
    let (runs, outcome) = disturbed(&home.store, write, |run| {
        if run == 1 {
            disturb(&home);
        }
    });
    outcome.unwrap();
    runs == 2
}

/// `/Hall`, `/Other` and `/Hall/Lamp`, which refers to the hall.
struct Home {
    store: Store,
    hall: EntityId,
    other: EntityId,
    lamp: EntityId,
}

impl Home {
    fn new() -> Self {
        let store = store();
        let hall = create(&store, EntityId::ROOT, "Hall", "Room");
        let other = create(&store, EntityId::ROOT, "Other", "Room");
        let lamp = create(&store, hall, "Lamp", "Device");
        set(&store, lamp, "Room", hall);
        Self {
            store,
            hall,
            other,
            lamp,
        }
    }
}

#[test]
fn expects_all_that_it_read_and_nothing_else() {
    let read = |tx: &mut Transaction<'_>, home: &Home| tx.read(home.lamp, STATUS).map(drop);
    assert!(runs_twice(read, |home| set(
        &home.store,
        home.lamp,
        "Status",
        1
    )));
    assert!(!runs_twice(read, |home| set(
        &home.store,
        home.lamp,
        "Note",
        "n"
    )));
    assert!(!runs_twice(read, |home| rename(
        &home.store,
        home.lamp,
        "Light"
    )));
    // An equal write is a write.
    assert!(runs_twice(read, |home| set(
        &home.store,
        home.lamp,
        "Status",
        0
    )));

    // A value that was not there.
    let unset = |tx: &mut Transaction<'_>, home: &Home| {
        assert!(tx.value(home.lamp, "Note")?.is_none());
        Ok(())
    };
    assert!(runs_twice(
        |tx, home| if tx.read(home.lamp, NOTE)?.is_none() {
            unset(tx, home)
        } else {
            Ok(())
        },
        |home| set(&home.store, home.lamp, "Note", "n"),
    ));
    // An entity that was not there, or was.
    let exists = |tx: &mut Transaction<'_>, home: &Home| tx.exists(home.lamp).map(drop);
    assert!(runs_twice(exists, |home| delete(&home.store, home.lamp)));
    assert!(!runs_twice(exists, |home| rename(
        &home.store,
        home.lamp,
        "Light"
    )));

    // The way to an address.
    let find = |tx: &mut Transaction<'_>, _: &Home| match tx.find("/Hall/Lamp") {
        Ok(_) | Err(Error::Path { .. }) => Ok(()),
        Err(error) => Err(error),
    };
    assert!(runs_twice(find, |home| rename(
        &home.store,
        home.lamp,
        "Light"
    )));
    assert!(runs_twice(find, |home| rename(
        &home.store,
        home.hall,
        "Foyer"
    )));
    assert!(!runs_twice(find, |home| rename(
        &home.store,
        home.other,
        "Foyer"
    )));

    // The way along a reference, a parent and a child.
    for path in ["Room->Name", "Hall->Name"] {
        let follow = |tx: &mut Transaction<'_>, home: &Home| match tx.value(home.lamp, path) {
            Ok(_) | Err(Error::Path { .. }) => Ok(()),
            Err(error) => Err(error),
        };
        assert!(
            runs_twice(follow, |home| rename(&home.store, home.hall, "Foyer")),
            "{path}"
        );
        assert!(!runs_twice(follow, |home| set(
            &home.store,
            home.hall,
            "Floor",
            1
        )));
    }
    let room = |tx: &mut Transaction<'_>, home: &Home| tx.value(home.lamp, "Room->Floor").map(drop);
    assert!(runs_twice(room, |home| set(
        &home.store,
        home.lamp,
        "Room",
        home.other
    )));
    let parent = |tx: &mut Transaction<'_>, home: &Home| {
        let found = tx.value(home.lamp, "Hall->Floor");
        assert!(found.is_ok() || matches!(found, Err(Error::Path { .. })));
        Ok(())
    };
    assert!(runs_twice(parent, |home| move_to(
        &home.store,
        home.lamp,
        home.other
    )));
    let child = |tx: &mut Transaction<'_>, home: &Home| {
        let found = tx.value(home.hall, "Lamp->Status");
        assert!(found.is_ok() || matches!(found, Err(Error::Path { .. })));
        Ok(())
    };
    assert!(runs_twice(child, |home| move_to(
        &home.store,
        home.lamp,
        home.other
    )));
    assert!(runs_twice(child, |home| set(
        &home.store,
        home.lamp,
        "Status",
        7
    )));
}

#[test]
fn makes_what_it_did_not_find_only_once() {
    let store = store();
    let find_or_make = |tx: &mut Transaction<'_>| match tx.find("/Hall") {
        Ok(hall) => Ok(hall),
        Err(_) => tx.create_named(EntityId::ROOT, "Hall", "Room", []),
    };
    let mut made = None;
    let (runs, outcome) = disturbed(&store, find_or_make, |_| {
        made = Some(create(&store, EntityId::ROOT, "Hall", "Room"));
    });
    assert_eq!((runs, Some(outcome.unwrap().value)), (2, made));

    // Nobody has come between: it would fail in the same way again.
    let again = |tx: &mut Transaction<'_>| tx.create_named(EntityId::ROOT, "Hall", "Room", []);
    let (runs, outcome) = disturbed(&store, again, |_| {});
    assert!(matches!(
        (runs, outcome),
        (1, Err(Error::DuplicateName { .. }))
    ));
}

#[test]
fn declares_a_type_and_makes_entities_of_it() {
    let store = store();
    let declare = |tx: &mut Transaction<'_>| {
        tx.set_schema(Schema::new("Valve").field("Open", Kind::Bool));
        let id = tx.create_named(EntityId::ROOT, "V1", "Valve", [("Open", Value::Bool(true))])?;
        assert_eq!(tx.value(id, "Open")?, Some(Value::Bool(true)));
        let handle: Field<(), bool> = handle!("Valve", "Open");
        tx.set(id, handle, false)?;
        assert!(!tx.read(id, handle)?);
        Ok(id)
    };
    // Another type takes the number that the transaction thought was free.
    let (runs, outcome) = disturbed(&store, declare, |run| {
        if run == 1 {
            done(store.set_schema(Schema::new("Pump").field("On", Kind::Bool))).unwrap();
        }
    });
    let id = outcome.unwrap().value;
    assert_eq!(runs, 2);
    assert_eq!(store.view().entity(id).unwrap().type_name(), "Valve");
    assert_eq!(
        store.view().value(id, "Open").unwrap(),
        Some(Value::Bool(false))
    );
}

#[test]
fn nothing_commits_inside_a_view() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "Lamp", "Device");
    let (before, other) = (store.revision(), super::store());
    let subscription = store.subscribe_named("Device", "Status").start().unwrap();
    let snapshot = store.create_snapshot();
    let inside = |outcome: Result<Receipt>| {
        assert!(matches!(outcome, Err(Error::InsideView)), "{outcome:?}")
    };
    let refuse_all = |store: &Store| {
        inside(done(store.bind(device).set(STATUS, 1).commit()));
        inside(done(store.transaction(|tx| tx.set(device, STATUS, 1))));
        inside(done(store.set_schema(Schema::new("Pump"))));
        inside(done(store.restore_snapshot(&snapshot)));
        inside(store.disconnect().map(|()| unreachable!()));
        let started = store.subscribe_named("Device", "Status").start();
        assert!(matches!(started, Err(Error::InsideView)), "{started:?}");
    };
    {
        let view = store.view();
        refuse_all(&store);
        // One thread's view of one store while another waits for it would be the other half of a
        // deadlock between two stores.
        inside(done(other.set_schema(Schema::new("Pump"))));
        // Reading, and dropping what reads, needs no guard of its own.
        assert_eq!(store.read(device, STATUS).unwrap(), 0);
        assert_eq!(store.view().tree().revision(), view.tree().revision());
        drop(subscription);
        drop(snapshot.clone());
    }
    done(store.transaction(|_| {
        refuse_all(&store);
        Ok(())
    }))
    .unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        drop(store.transaction(|_| -> Result<()> { panic!("of the application") }));
    }));
    assert!(panicked.is_err());
    assert_eq!(store.revision(), before);
    // The views are over, that of the panic too.
    set(&store, device, "Status", 1);
    assert_eq!(store.revision(), before + 1);
}

#[test]
fn names_its_writer() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "Lamp", "Device");
    let mut subscription = store.subscribe_named("Device", "Status").start().unwrap();
    set(&store.writing_as("hall panel"), device, "Status", 1);
    match subscription.try_next() {
        Some(Event::Change(change)) => assert_eq!(change.writer(), "hall panel"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_chain_that_is_too_deep_names_its_handlers() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "Lamp", "Device");
    let mut revision = 0;
    for depth in 1..=17 {
        let handler = format!("Worker::step{depth}").into();
        let cause = Some(Cause { handler, revision });
        let handle = store.on_behalf(Origin {
            depth,
            cause,
            ..Origin::default()
        });
        let commit = done(handle.bind(device).set(STATUS, 1).commit());
        match commit {
            Ok(receipt) => revision = receipt.revision,
            Err(Error::ChainTooDeep { chain, limit }) => {
                assert_eq!((depth, limit, chain.len()), (17, 16, 17));
                assert_eq!(
                    (&*chain[0], &*chain[16]),
                    ("Worker::step1", "Worker::step17")
                );
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(store.revision(), revision);
}
