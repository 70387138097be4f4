use super::*;

fn begin(store: &Store, field: &str) -> Subscription {
    store.subscribe_named("Device", field).start().unwrap()
}

#[test]
fn a_reader_that_the_window_has_passed_is_told() {
    let store = with_window(commits(10));
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let mut reader = begin(&store, "Status");
    let read = store.revision();
    for value in 1..=20 {
        set(&store, device, "Status", value);
    }
    match reader.try_next() {
        Some(Event::Lagged(lagged)) => {
            assert_eq!(
                lagged,
                Lagged {
                    read,
                    next: store.revision() - 9,
                    reason: LagReason::Window,
                }
            );
        }
        other => panic!("{other:?}"),
    }
    let rest = all(&mut reader);
    assert_eq!((rest.len(), &*rest[0], &*rest[9]), (10, "10->11", "19->20"));
}

#[test]
fn a_reader_of_a_type_is_told_of_changes_whose_type_extends_it_no_more() {
    let store = with_window(commits(10));
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let lamp = create(&store, EntityId::ROOT, "L", "Lamp");
    let mut reader = begin(&store, "Status");
    let read = store.revision();
    set(&store, lamp, "Status", 1);
    delete(&store, lamp);
    done(store.set_schema(Schema::new("Lamp").field("Color", Kind::String))).unwrap();
    let lagged = |reader: &mut Subscription| match reader.try_next() {
        Some(Event::Lagged(lagged)) => lagged.read,
        other => panic!("{other:?}"),
    };
    for floor in 1..=10 {
        create(&store, EntityId::ROOT, &format!("{floor}"), "Room");
    }
    assert_eq!(lagged(&mut reader), read);
    assert_eq!(all(&mut reader), [""; 0]);
    let read = store.revision();
    for value in 1..=20 {
        set(&store, device, "Status", value);
    }
    assert_eq!(lagged(&mut reader), read);
}

#[test]
fn nobody_is_told_of_what_did_not_concern_them() {
    let store = with_window(commits(10));
    let room = create(&store, EntityId::ROOT, "Hall", "Room");
    let [a, b] = ["A", "B"].map(|name| create(&store, room, name, "Device"));
    let mut notes = begin(&store, "Note");
    let mut one = store
        .subscribe_named("", "Status")
        .entity(b)
        .start()
        .unwrap();
    let mut lamps = store.subscribe_named("Lamp", "Status").start().unwrap();
    let mut names = begin(&store, "Name");
    let mut created = store.subscribe_created("Lamp").start().unwrap();
    for value in 1..=20 {
        set(&store, a, "Status", value);
        rename(&store, room, &format!("Hall{value}"));
        create(&store, EntityId::ROOT, &format!("R{value}"), "Room");
    }
    for reader in [&mut notes, &mut one, &mut lamps, &mut names, &mut created] {
        assert_eq!(all(reader), [""; 0], "{reader:?}");
        assert_eq!(reader.position(), store.position());
    }
    set(&store, b, "Status", 1);
    assert_eq!(all(&mut one), ["0->1"]);
}

#[test]
fn the_window_may_pass_in_the_middle_of_a_commit() {
    let store = with_window(commits(3));
    let ids = ["A", "B", "C"].map(|name| create(&store, EntityId::ROOT, name, "Device"));
    let mut reader = begin(&store, "Status");
    done(store.transaction(|tx| ids.iter().try_for_each(|id| tx.set(*id, STATUS, 1)))).unwrap();
    assert_eq!(say(&reader.try_next().unwrap()), "0->1");
    for value in 2..=5 {
        set(&store, ids[0], "Status", value);
    }
    assert_eq!(all(&mut reader), ["lagged", "2->3", "3->4", "4->5"]);
}

#[test]
fn bytes_limit_the_window_and_the_newest_commit_always_stays() {
    let store = with_window(WindowLimits {
        bytes: 1000,
        commits: 1000,
    });
    done(store.set_schema(Schema::new("File").field("Bytes", Kind::BinaryFile))).unwrap();
    let file = create(&store, EntityId::ROOT, "F", "File");
    let mut reader = store.subscribe_named("File", "Bytes").start().unwrap();
    set(&store, file, "Bytes", vec![1; 100_000]);
    assert_eq!(all(&mut reader), ["-->100000 bytes"]);
    assert_eq!(store.stats().window_commits, 1);
    set(&store, file, "Bytes", vec![1; 10]);
    set(&store, file, "Bytes", vec![1; 20]);
    assert_eq!(all(&mut reader), ["lagged", "10 bytes->20 bytes"]);
}

#[test]
fn a_merging_reader_that_lags() {
    let store = with_window(commits(10));
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let mut reader = store
        .subscribe_named("Device", "Status")
        .latest()
        .start()
        .unwrap();
    for value in 1..=20 {
        set(&store, device, "Status", value);
    }
    // What it saw has passed; it goes on from the oldest value that is left.
    assert_eq!(all(&mut reader), ["lagged", "10->20"]);
}

#[test]
fn the_bare_log_stops_where_something_else_must_be_said() {
    let store = with_window(commits(10));
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let mut reader = begin(&store, "Status");
    let count = |reader: &mut Subscription| reader.read_ready(|_, _| {});
    assert_eq!(count(&mut reader), 0);
    for value in 1..=5 {
        set(&store, device, "Status", value);
    }
    assert_eq!(count(&mut reader), 5);
    assert_eq!(store.readers()[0].behind, 0);
    for value in 1..=20 {
        set(&store, device, "Status", value);
    }
    assert_eq!((count(&mut reader), count(&mut reader)), (0, 0));
    assert_eq!(say(&reader.try_next().unwrap()), "lagged");
    assert_eq!(count(&mut reader), 10);
    done(store.restore_snapshot(&store.create_snapshot())).unwrap();
    assert_eq!(count(&mut reader), 0);
    assert_eq!(all(&mut reader), ["resync"]);
}
