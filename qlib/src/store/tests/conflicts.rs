//! What a transaction read, and what others do meanwhile.

use super::*;

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
fn runs_again_when_a_child_was_made_or_renamed_meanwhile() {
    let store = store();
    let find_or_make = |tx: &mut Transaction<'_>| match tx.child(EntityId::ROOT, "Hall")? {
        Some(hall) => Ok(hall),
        None => tx.create_named(EntityId::ROOT, "Hall", "Room", []),
    };
    let (runs, outcome) = disturbed(&store, find_or_make, |run| {
        if run == 1 {
            create(&store, EntityId::ROOT, "Hall", "Room");
        }
    });
    let hall = store.find("/Hall").unwrap();
    assert_eq!((runs, outcome.unwrap().value), (2, hall));

    let raise = |tx: &mut Transaction<'_>| match find_or_make(tx)? {
        found if found == hall => tx.set_value(found, "Floor", Value::Int(1)),
        _ => Ok(()),
    };
    let (runs, outcome) = disturbed(&store, raise, |run| {
        if run == 1 {
            done(store.bind(hall).rename("Cellar").commit()).unwrap();
        }
    });
    outcome.unwrap();
    assert_eq!(runs, 2);
    assert_eq!(store.view().value(hall, "Floor").unwrap(), None);
}
