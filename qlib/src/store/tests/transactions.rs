use super::*;
use crate::model::{Author, Cause};

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
        tx.subtract(device, STATUS, 3)?;
        tx.set_if(device, STATUS, 4, 7)?;
        assert_eq!(tx.read(device, STATUS)?, 7);
        tx.set(device, NOTE, Some("n".into()))?;
        tx.unset(device, NOTE)?;
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
        assert_eq!(tx.child(room, "Lamp")?, Some(made));
        assert_eq!(tx.child(room, "Nothing")?, None);
        assert!(tx.child(EntityId::new(), "Lamp").is_err());
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
        let handle = store.on_behalf(Author {
            depth,
            cause,
            ..Author::default()
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
