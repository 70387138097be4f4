use super::*;
use crate::model::Quality;

#[test]
fn setters_of_every_mode() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "Lamp", "Device");
    let read = || {
        (
            store.read(device, STATUS).unwrap(),
            store.read(device, NOTE).unwrap(),
        )
    };
    let mut binding = store.bind(device);
    let before = store.revision();
    binding
        .set(STATUS, 5)
        .add(STATUS, 3)
        .subtract(STATUS, 1)
        .set(NOTE, Some("n".into()));
    assert_eq!(read(), (0, None));
    assert_eq!(
        (binding.get(STATUS).unwrap(), binding.get(NOTE).unwrap()),
        (7, Some("n".into()))
    );
    assert_eq!(done(binding.commit()).unwrap().revision, before + 1);
    assert_eq!(read(), (7, Some("n".into())));

    binding.set_if(STATUS, 7, 8).unset(NOTE);
    assert_eq!(
        (binding.get(STATUS).unwrap(), binding.get(NOTE).unwrap()),
        (8, None)
    );
    done(binding.commit()).unwrap();
    assert_eq!(read(), (8, None));
    let refused = done(
        binding
            .set_if(STATUS, 7, 9)
            .set(NOTE, Some("m".into()))
            .commit(),
    );
    assert!(
        matches!(refused, Err(Error::Expectation { .. })),
        "{refused:?}"
    );
    assert_eq!(read(), (8, None));
    // What was refused does not wait any more.
    done(binding.commit()).unwrap();
    assert_eq!(read(), (8, None));

    let status = field(&store, "Device", "Status");
    let stamp = || store.view().entity(device).unwrap().stamp(status).unwrap();
    let written = stamp();
    done(binding.set_if_changed(STATUS, 8).commit()).unwrap();
    assert_eq!(stamp(), written);
    done(binding.set(STATUS, 8).quality(Quality::Stale).commit()).unwrap();
    assert_eq!(
        (stamp().revision, stamp().quality),
        (store.revision(), Quality::Stale)
    );
}

#[test]
fn get_says_what_is_wrong_with_a_write_that_waits() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "Lamp", "Device");
    let mut binding = store.bind(device);
    binding
        .set(STATUS, i64::MAX)
        .add(STATUS, 1)
        .set(NOTE, Some("n".into()));
    assert!(matches!(binding.get(STATUS), Err(Error::Overflow { .. })));
    assert_eq!(binding.get(NOTE).unwrap(), Some("n".into()));
    let refused = done(binding.commit());
    assert!(
        matches!(refused, Err(Error::Overflow { .. })),
        "{refused:?}"
    );
    assert_eq!(store.read(device, NOTE).unwrap(), None);
}

#[test]
fn renames_and_moves() {
    let store = store();
    let room = create(&store, EntityId::ROOT, "Hall", "Room");
    let device = create(&store, EntityId::ROOT, "Lamp", "Device");
    let name: Field<Device, String> = system_fields::name();
    let mut binding = store.bind(device);
    assert_eq!(binding.rename("Light").get(name).unwrap(), "Light");
    done(binding.move_to(room).set(STATUS, 1).commit()).unwrap();
    assert_eq!(store.find("/Hall/Light").unwrap(), device);
    assert_eq!(store.read(device, name).unwrap(), "Light");
}

#[test]
fn writes_blindly() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "Lamp", "Device");
    let mut binding = store.bind(device);
    let seen = binding.get(STATUS).unwrap();
    set(&store, device, "Status", 7);
    done(binding.set(STATUS, seen + 1).commit()).unwrap();
    assert_eq!(store.read(device, STATUS).unwrap(), 1);
}

#[test]
fn the_order_of_calls_is_the_order_of_commits() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "Lamp", "Device");
    let mut subscription = store.subscribe_named("Device", "Status").start().unwrap();
    let commits: Vec<_> = (1..=3)
        .map(|value| store.bind(device).set(STATUS, value).commit())
        .collect();
    // They are applied already; awaiting or dropping them changes nothing.
    assert_eq!(all(&mut subscription), ["0->1", "1->2", "2->3"]);
    let revisions = commits
        .into_iter()
        .rev()
        .map(|commit| done(commit).unwrap().revision);
    let newest = store.revision();
    assert_eq!(
        revisions.collect::<Vec<_>>(),
        [newest, newest - 1, newest - 2]
    );
}

#[test]
fn what_is_missing_is_named() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "Lamp", "Device");
    delete(&store, device);
    let refused = done(store.bind(device).set(STATUS, 1).commit());
    assert!(
        matches!(&refused, Err(Error::Missing { entity }) if entity.id == device),
        "{refused:?}"
    );
    let room = create(&store, EntityId::ROOT, "Hall", "Room");
    let refused = done(store.bind(room).set(STATUS, 1).commit());
    assert!(matches!(&refused, Err(Error::UnknownField { field, .. }) if field == "Status"));
}
