use super::*;
use crate::model::Quality;

#[test]
fn a_snapshot_does_not_change() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let snapshot = store.create_snapshot();
    let (revision, entities) = (store.revision(), store.stats().entities);
    set(&store, device, "Status", 1);
    create(&store, EntityId::ROOT, "E", "Device");
    assert_eq!(snapshot.revision(), revision);
    assert_eq!(snapshot.entities().len(), entities);
    let status = snapshot
        .fields()
        .into_iter()
        .find(|(id, field)| *id == device && field.name == "Status");
    assert_eq!(status.unwrap().1.value, Value::Int(0));
    assert!(
        snapshot
            .schemas()
            .iter()
            .any(|schema| schema.name == "Lamp")
    );
}

#[test]
fn restores_values_with_their_stamps_and_a_quality_that_says_so() {
    let store = store();
    let device = create(&store.writing_as("panel"), EntityId::ROOT, "D", "Device");
    set(&store.writing_as("panel"), device, "Status", 1);
    let gone = create(&store, EntityId::ROOT, "G", "Device");
    let [status, note] = ["Status", "Note"].map(|name| field(&store, "Device", name));
    let stamp = |field| {
        let view = store.view();
        let stamp = view.entity(device).unwrap().stamp(field).unwrap();
        (
            stamp.time,
            view.tree().writer(stamp.writer).clone(),
            stamp.quality,
        )
    };
    let before = stamp(status);
    let snapshot = store.create_snapshot();
    set(&store, device, "Status", 2);
    set(&store, device, "Note", "n");
    delete(&store, gone);
    let late = create(&store, EntityId::ROOT, "L", "Device");
    let receipt = done(store.restore_snapshot(&snapshot)).unwrap();
    assert_eq!(receipt.revision, store.revision());
    assert_eq!(stamp(status), (before.0, "panel".into(), Quality::Restored));
    assert_eq!(store.read(device, STATUS).unwrap(), 1);
    assert_eq!(store.read(device, NOTE).unwrap(), None);
    assert_eq!(stamp(note).2, Quality::Unset);
    assert!(store.exists(gone) && !store.exists(late));
    // Handles go on, and commits too.
    set(&store, device, "Status", 3);
    assert_eq!(store.read(device, STATUS).unwrap(), 3);
}

#[test]
fn a_wrong_image_changes_nothing() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let mut reader = store.subscribe_named("Device", "Status").start().unwrap();
    let before = store.create_snapshot().image();
    let revision = store.revision();
    let mut image = before.clone();
    let wrong = image
        .entities
        .iter_mut()
        .find(|entity| entity.id == device)
        .unwrap();
    wrong
        .fields
        .iter_mut()
        .find(|field| field.name == "Status")
        .unwrap()
        .value = "text".into();
    let refused = done(store.restore_image(image));
    assert!(
        matches!(&refused, Err(Error::WrongType { field, .. }) if field == "Status"),
        "{refused:?}"
    );
    assert_eq!(
        (store.revision(), store.create_snapshot().image()),
        (revision, before)
    );
    assert_eq!(all(&mut reader), [""; 0]);
}

#[test]
fn each_reader_is_told() {
    let store = store();
    let [a, b] = ["A", "B"].map(|name| create(&store, EntityId::ROOT, name, "Device"));
    let snapshot = store.create_snapshot();
    let begin = || store.subscribe_named("Device", "Status").context("Name");
    let mut every = begin().start().unwrap();
    let mut screen = begin().latest().start().unwrap();
    let mut nobody = store.subscribe_named("Lamp", "Color").start().unwrap();
    set(&store, a, "Status", 1);
    rename(&store, a, "A2");
    delete(&store, b);
    done(store.restore_snapshot(&snapshot)).unwrap();
    let resync = store.revision();
    let c = create(&store, EntityId::ROOT, "C", "Device");
    assert_eq!(say(&every.try_next().unwrap()), "0->1 A");
    assert!(matches!(every.try_next(), Some(Event::Resync { revision }) if revision == resync));
    let mut told = Vec::new();
    while let Some(Event::Change(change)) = every.try_next() {
        told.push((change.id(), change.is_resync(), say(&Event::Change(change))));
    }
    told.sort();
    let expected = [
        (a, true, "1->0 A"),
        (b, true, "-->0 B"),
        (c, false, "-->0 C"),
    ];
    assert_eq!(
        told,
        expected.map(|(id, resync, text)| (id, resync, text.to_string()))
    );
    assert_eq!(
        all(&mut screen),
        ["resync", "-->0 A", "-->0 B", "-->0 C", "end"]
    );
    assert_eq!(all(&mut nobody), ["resync"]);
    // One that begins later has nothing to be told.
    assert_eq!(all(&mut begin().start().unwrap()), [""; 0]);
}

#[test]
fn a_late_reader_is_told_of_each_restore_in_its_place() {
    let store = store();
    let a = create(&store, EntityId::ROOT, "A", "Device");
    let snapshot = store.create_snapshot();
    let before = store.position();
    let mut reader = store.subscribe_named("Device", "Status").start().unwrap();
    for value in 1..=2 {
        set(&store, a, "Status", value);
        done(store.restore_snapshot(&snapshot)).unwrap();
    }
    set(&store, a, "Status", 3);
    let expected = ["0->1", "resync", "1->0", "0->2", "resync", "2->0", "0->3"];
    assert_eq!(all(&mut reader), expected);
    let mut again = store
        .subscribe_named("Device", "Status")
        .from(before)
        .start()
        .unwrap();
    assert_eq!(all(&mut again), expected);
}

#[test]
fn the_past_reaches_behind_a_restore() {
    let store = store();
    let hall = create(&store, EntityId::ROOT, "Hall", "Room");
    let empty = create(&store, EntityId::ROOT, "Empty", "Room");
    let snapshot = store.create_snapshot();
    let device = create(&store, empty, "D", "Device");
    set(&store, device, "Room", hall);
    set(&store, device, "Note", "n");
    rename(&store, hall, "Foyer");
    let paths = [
        "Room->Name",
        "Note",
        "Empty->Name",
        "Empty->D->Status",
        "Parent->Name",
    ];
    let subscribe = store.subscribe_named("Device", "Status");
    let mut reader = paths
        .into_iter()
        .fold(subscribe, Subscribe::context)
        .start()
        .unwrap();
    set(&store, device, "Status", 1);
    done(store.restore_snapshot(&snapshot)).unwrap();
    create(&store, empty, "D", "Device");
    assert_eq!(
        say(&reader.try_next().unwrap()),
        "0->1 Foyer n Empty 1 Empty"
    );
}
