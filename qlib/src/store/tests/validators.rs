use super::*;
use crate::model::Validator;

fn at_most_ten(value: ValueRef<'_>) -> Result<(), String> {
    match value {
        ValueRef::Int(value) if value > 10 => Err("it is more than ten".into()),
        _ => Ok(()),
    }
}

fn validated() -> (Store, EntityId) {
    let store = store();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let check: fn(ValueRef<'_>) -> Result<(), String> = at_most_ten;
    let validator = Validator {
        field: STATUS.key(),
        check,
    };
    store
        .shared()
        .validators
        .add(field(&store, "Device", "Status"), validator);
    (store, device)
}

fn refuse<T>(store: &Store, outcome: Result<Receipt<T>>) {
    match outcome.map(|_| ()) {
        Err(Error::Constraint {
            entity,
            field,
            reason,
        }) => {
            assert_eq!(&*field, "Status");
            assert!(reason.contains("more than ten"), "{reason}");
            assert!(entity.path.starts_with('/'), "{entity}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        store
            .view()
            .value(store.find("/D").unwrap(), "Status")
            .unwrap(),
        Some(Value::Int(5))
    );
}

#[test]
fn whatever_the_mode() {
    let (store, device) = validated();
    set(&store, device, "Status", 5);
    let bind = || store.bind(device);
    refuse(&store, done(bind().set(STATUS, 11).commit()));
    refuse(&store, done(bind().set_if_changed(STATUS, 11).commit()));
    refuse(&store, done(bind().set_if(STATUS, 5, 11).commit()));
    refuse(&store, done(bind().add(STATUS, 6).commit()));
    refuse(&store, done(bind().subtract(STATUS, -6).commit()));
    refuse(&store, done(bind().add(STATUS, 3).add(STATUS, 3).commit()));
    refuse(&store, done(bind().set(STATUS, 8).add(STATUS, 3).commit()));
    refuse(
        &store,
        done(store.transaction(|tx| tx.add(device, STATUS, 6))),
    );
    let eleven = [("Status", Value::Int(11))];
    refuse(
        &store,
        done(
            store.transaction(|tx| tx.create_named(EntityId::ROOT, "E", "Device", eleven.clone())),
        ),
    );
    refuse(
        &store,
        done(store.transaction(|tx| {
            let made = tx.create_named(EntityId::ROOT, "E", "Lamp", [])?;
            tx.add(made, STATUS, 11)
        })),
    );
    let overflow = done(bind().subtract(STATUS, i64::MIN).commit());
    assert!(
        matches!(overflow, Err(Error::Overflow { .. })),
        "{overflow:?}"
    );
    done(bind().add(STATUS, 5).commit()).unwrap();
    assert_eq!(store.read(device, STATUS).unwrap(), 10);
}

#[test]
fn a_default_is_checked_too() {
    let (store, device) = validated();
    set(&store, device, "Status", 5);
    let mut schema = store.schema("Device").unwrap();
    schema.fields[0].default = Some(Value::Int(11));
    done(store.set_schema(schema)).unwrap();
    refuse(
        &store,
        done(store.transaction(|tx| tx.create_named(EntityId::ROOT, "E", "Lamp", []))),
    );
    refuse(
        &store,
        done(store.transaction(|tx| tx.set_value(device, "Status", None))),
    );
}

#[test]
fn others_may_add_meanwhile() {
    let (store, device) = validated();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    // A blind addition; a conflict shows only after 16 in a row.
                    while let Err(error) = done(store.bind(device).add(STATUS, -1).commit()) {
                        assert!(matches!(error, Error::Conflict { .. }), "{error}");
                    }
                }
            });
        }
    });
    assert_eq!(store.read(device, STATUS).unwrap(), -200);
}

#[test]
fn the_check_may_read_but_not_commit() {
    thread_local! {
        static STORE: std::cell::RefCell<Option<Store>> = const { std::cell::RefCell::new(None) };
    }
    fn curious(_: ValueRef<'_>) -> Result<(), String> {
        STORE.with_borrow(|store| {
            let store = store.as_ref().unwrap();
            let found = store.find("/D").unwrap();
            let refused = done(store.bind(found).set(STATUS, 1).commit());
            assert!(matches!(refused, Err(Error::InsideView)), "{refused:?}");
        });
        Err("never".into())
    }
    let (store, device) = validated();
    let check: fn(ValueRef<'_>) -> Result<(), String> = curious;
    let validator = Validator {
        field: NOTE.key(),
        check,
    };
    store
        .shared()
        .validators
        .add(field(&store, "Device", "Note"), validator);
    STORE.set(Some(store.clone()));
    let refused = done(store.bind(device).set(NOTE, Some("n".into())).commit());
    assert!(
        matches!(refused, Err(Error::Constraint { .. })),
        "{refused:?}"
    );
}

#[test]
fn of_a_field_that_is_given_twice_the_last_value() {
    let (store, device) = validated();
    set(&store, device, "Status", 5);
    let make = |name: &str, values: [i64; 2]| {
        let values = values.map(|value| ("Status", Value::Int(value)));
        done(
            store.transaction(|tx| tx.create_named(EntityId::ROOT, name, "Device", values.clone())),
        )
    };
    refuse(&store, make("E", [1, 11]));
    assert!(make("E", [11, 1]).is_ok());
}
