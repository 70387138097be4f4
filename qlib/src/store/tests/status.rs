use super::*;

#[test]
fn while_disconnected_reads_go_on_and_commits_do_not() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let mut reader = store
        .subscribe_named("Device", "Status")
        .initial()
        .start()
        .unwrap();
    let connection = store.connection();
    let before = store.revision();
    assert!(store.is_connected());
    store.disconnect().unwrap();
    assert!(!store.is_connected() && !*connection.borrow());
    let refused = done(store.bind(device).set(STATUS, 1).commit());
    assert_eq!(refused.unwrap_err(), Error::Disconnected);
    assert!(!Error::Disconnected.is_permanent());
    assert_eq!(store.revision(), before);
    assert_eq!(store.read(device, STATUS).unwrap(), 0);
    assert_eq!(
        done(store.transaction(|tx| tx.read(device, STATUS)))
            .unwrap()
            .value,
        0
    );
    assert_eq!(all(&mut reader), ["-->0", "end"]);
    let mut late = store.subscribe_named("Device", "Status").start().unwrap();
    store.connect().unwrap();
    store.connect().unwrap();
    assert!(store.is_connected() && *connection.borrow());
    set(&store, device, "Status", 1);
    assert_eq!(all(&mut reader), ["0->1"]);
    assert_eq!(all(&mut late), ["0->1"]);
}

#[test]
fn who_lags_can_be_seen() {
    let store = with_window(commits(20));
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let begin = |field: &str| {
        store
            .subscribe_named("Device", field)
            .named(field)
            .start()
            .unwrap()
    };
    let mut statuses = begin("Status");
    let _notes = begin("Note");
    let start = store.revision();
    let behind = || {
        store
            .readers()
            .iter()
            .map(|reader| (reader.position - start, reader.behind))
            .collect::<Vec<_>>()
    };
    assert_eq!(behind(), [(0, 0), (0, 0)]);
    for value in 1..=3 {
        set(&store, device, "Status", value);
    }
    // One that nothing concerns does not lag.
    assert_eq!(behind(), [(0, 3), (3, 0)]);
    statuses.try_next();
    assert_eq!(behind(), [(1, 2), (3, 0)]);
    all(&mut statuses);
    assert_eq!(behind(), [(3, 0), (3, 0)]);
    for value in 1..=30 {
        set(&store, device, "Status", value);
    }
    assert_eq!(behind(), [(3, 30), (33, 0)]);
    assert_eq!(store.readers()[0].name, "Status");
}

#[test]
fn types_and_schemas() {
    let store = store();
    assert_eq!(
        store.types(),
        ["Root", "Service", "DeadLetter", "Room", "Device", "Lamp"]
    );
    assert_eq!(store.schema("Lamp").unwrap().base.unwrap(), "Device");
    assert!(
        matches!(store.schema("Lump"), Err(Error::UnknownType { suggestion: Some(name), .. }) if name == "Lamp")
    );
    done(store.set_schema(Schema::new("Pump").field("On", Kind::Bool))).unwrap();
    assert_eq!(store.schema("Pump").unwrap().fields[0].name, "On");
    create(&store, EntityId::ROOT, "D", "Device");
    let refused = done(store.set_schema(Schema::new("Device")));
    assert!(matches!(refused, Err(Error::Schema { .. })), "{refused:?}");
    assert_eq!(store.schema("Device").unwrap().fields.len(), 4);
}

#[test]
fn a_view_reads_at_one_revision() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let bound = {
        let view = store.view();
        assert_eq!(view.read(device, STATUS).unwrap(), 0);
        assert_eq!(view.read(device, TEMPERATURE).unwrap(), 20.0);
        assert_eq!(view.find("/D").unwrap(), device);
        view.bind(device, STATUS).unwrap()
    };
    set(&store, device, "Status", 1);
    assert_eq!(store.view().read_bound(&bound).unwrap(), 1);
    // Another layout, then no entity.
    done(store.set_schema(Schema::new("Room").field("Area", Kind::Float))).unwrap();
    assert_eq!(store.view().read_bound(&bound).unwrap(), 1);
    delete(&store, device);
    assert!(matches!(
        store.view().read_bound(&bound),
        Err(Error::Missing { .. })
    ));
}
