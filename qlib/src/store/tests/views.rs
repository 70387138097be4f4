use super::*;
use crate::model::Create;

fn bound(store: &Store, device: EntityId) -> Bound<Device, i64> {
    store.view().bind(device, STATUS).unwrap()
}

/// Makes an entity with an id of the caller's.
fn create_as(store: &Store, id: EntityId, name: &str, entity_type: &str) {
    let made = store.submit(|tree, ops| {
        let create = Create {
            id,
            entity_type: tree.type_id(entity_type)?,
            parent: EntityId::ROOT,
            name: name.into(),
            values: [].into(),
        };
        ops.push(Op::Create(Box::new(create)));
        Ok(())
    });
    made.unwrap();
}

#[test]
fn a_bound_handle_sees_what_was_written_and_what_was_deleted() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "Lamp", "Device");
    let other = create(&store, EntityId::ROOT, "Fan", "Device");
    let status = bound(&store, device);
    assert_eq!(store.view().read_bound(&status).unwrap(), 0);
    set(&store, device, "Status", 7);
    assert_eq!(store.view().read_bound(&status).unwrap(), 7);
    delete(&store, other);
    assert_eq!(store.view().read_bound(&status).unwrap(), 7);
    delete(&store, device);
    let gone = store.view().read_bound(&status);
    assert!(matches!(gone, Err(Error::Missing { .. })));
}

#[test]
fn a_bound_handle_finds_an_entity_that_was_made_again() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "Lamp", "Device");
    let status = bound(&store, device);
    delete(&store, device);
    // The room takes the node, the fan the slot; then the node is free again.
    let den = create(&store, EntityId::ROOT, "Den", "Room");
    let fan = create(&store, EntityId::ROOT, "Fan", "Device");
    set(&store, fan, "Status", 9);
    delete(&store, den);
    create_as(&store, device, "Hall", "Room");
    let other_type = store.view().read_bound(&status);
    assert!(matches!(other_type, Err(Error::UnknownField { .. })));
    delete(&store, device);
    create_as(&store, device, "Lamp", "Device");
    set(&store, device, "Status", 5);
    assert_eq!(store.view().read_bound(&status).unwrap(), 5);
}

#[test]
fn a_bound_handle_outlives_a_new_schema() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "Lamp", "Lamp");
    set(&store, device, "Status", 3);
    let status = bound(&store, device);
    let room = store
        .schema("Device")
        .unwrap()
        .field("Since", Kind::Timestamp);
    done(store.set_schema(room)).unwrap();
    assert_eq!(store.view().read_bound(&status).unwrap(), 3);
}

#[test]
fn a_handle_of_another_kind_is_refused() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "Lamp", "Device");
    let wrong: Field<Device, String> = handle!("Device", "Status");
    let refused = store.read(device, wrong);
    assert!(matches!(refused, Err(Error::WrongType { .. })));
    let bound = store.view().bind(device, wrong).unwrap();
    let refused = store.view().read_bound(&bound).map(str::to_owned);
    assert!(matches!(refused, Err(Error::WrongType { .. })));
}
