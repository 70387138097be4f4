use super::*;
use crate::model::Quality;

fn house() -> (Store, EntityId, EntityId) {
    let store = store();
    let hall = create(&store, EntityId::ROOT, "Hall", "Room");
    let device = create(&store.writing_as("panel"), hall, "D", "Device");
    set(&store.writing_as("panel"), device, "Status", 1);
    (store, hall, device)
}

fn backup(store: &Store) -> Vec<u8> {
    let mut bytes = Vec::new();
    assert_eq!(store.backup(&mut bytes), Ok(store.revision()));
    bytes
}

fn export(store: &Store, top: EntityId) -> String {
    let mut text = Vec::new();
    store.export(top, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn a_backup_becomes_another_store() {
    let (store, _, device) = house();
    let other = Store::memory().unwrap();
    done(other.restore(&*backup(&store)).unwrap()).unwrap();
    assert_eq!(
        export(&other, EntityId::ROOT),
        export(&store, EntityId::ROOT)
    );
    let status = field(&other, "Device", "Status");
    let view = other.view();
    let stamp = view.entity(device).unwrap().stamp(status).unwrap();
    assert_eq!(view.tree().writer(stamp.writer), "panel");
    assert_eq!(stamp.quality, Quality::Restored);
}

#[test]
fn a_damaged_backup_changes_nothing() {
    let (store, ..) = house();
    let whole = backup(&store);
    let before = export(&store, EntityId::ROOT);
    let mut damaged = 0;
    let mut try_one = |bytes: &[u8]| {
        let refused = store.restore(bytes);
        assert!(
            matches!(refused, Err(Error::Snapshot { .. })),
            "{refused:?}"
        );
        damaged += 1;
    };
    for end in 0..whole.len() {
        try_one(&whole[..end]);
    }
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        try_one(&flipped);
    }
    assert_eq!(damaged, 2 * whole.len());
    assert_eq!(export(&store, EntityId::ROOT), before);
}

#[test]
fn an_import_puts_back_what_was_exported_and_leaves_the_rest() {
    let (store, hall, device) = house();
    let (text, other) = (
        export(&store, hall),
        create(&store, EntityId::ROOT, "Other", "Room"),
    );
    let note = create(&store, hall, "Late", "Device");
    rename(&store, device, "D2");
    set(&store, device, "Status", 2);
    let mut reader = store.subscribe_named("Device", "Status").start().unwrap();
    done(store.writing_as("tool").import(text.as_bytes()).unwrap()).unwrap();
    assert_eq!(export(&store, hall), text);
    assert!(!store.exists(note) && store.exists(other));
    assert_eq!(all(&mut reader), ["resync", "2->1"]);
    let status = field(&store, "Device", "Status");
    let stamp = |field| store.view().entity(device).unwrap().stamp(field).unwrap();
    assert_eq!(stamp(status).quality, Quality::Restored);
    let writer = store
        .view()
        .entity(device)
        .unwrap()
        .writer(status)
        .unwrap()
        .clone();
    assert_eq!(writer, "tool");
    // Once more: nothing differs, and nothing is written.
    let before = stamp(status);
    done(store.import(text.as_bytes()).unwrap()).unwrap();
    assert_eq!(stamp(status), before);
    // Where it was deleted, it comes back.
    delete(&store, hall);
    done(store.import(text.as_bytes()).unwrap()).unwrap();
    assert_eq!(export(&store, hall), text);
}

#[test]
fn an_import_that_the_store_refuses_changes_nothing() {
    let (store, hall, device) = house();
    let before = export(&store, EntityId::ROOT);
    let text = export(&store, hall).replace(&device.to_string(), &EntityId::ROOT.to_string());
    let refused = done(store.import(text.as_bytes()).unwrap());
    assert!(matches!(refused, Err(Error::Exists { .. })), "{refused:?}");
    let refused = store.import(&b"{"[..]);
    assert!(
        matches!(refused, Err(Error::Import { line: 1, .. })),
        "{refused:?}"
    );
    assert_eq!(export(&store, EntityId::ROOT), before);
}
