use super::*;
use crate::model::{Effect, OnDelete};

fn effects(subscription: &mut Subscription) -> Vec<Effect> {
    std::iter::from_fn(|| subscription.try_next())
        .map(|event| match event {
            Event::Change(delivery) => delivery.effect().clone(),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn entities_that_come_and_go() {
    let store = store();
    let room = create(&store, EntityId::ROOT, "Hall", "Room");
    let mut created = store
        .subscribe_created("Device")
        .context("Hall->Name")
        .start()
        .unwrap();
    let mut deleted = store.subscribe_deleted("Device").start().unwrap();
    let lamp = create(&store, room, "L", "Lamp");
    create(&store, EntityId::ROOT, "Other", "Room");
    set(&store, lamp, "Note", "n");
    delete(&store, room);
    assert_eq!(all(&mut created), ["-->- Hall"]);
    match &effects(&mut deleted)[..] {
        [Effect::Deleted(gone)] => {
            assert_eq!(
                (gone.id, &*gone.place.name, gone.place.parent),
                (lamp, "L", room)
            );
            assert_eq!(
                gone.value(field(&store, "Device", "Note")),
                Some(&Value::from("n"))
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn creation_comes_before_the_fields_and_deletion_comes_alone() {
    let store = store();
    let mut created = store.subscribe_created("").start().unwrap();
    let mut statuses = store.subscribe_named("Device", "Status").start().unwrap();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let (revision, event) = (store.revision(), created.try_next());
    assert!(
        matches!(event, Some(Event::Change(change)) if change.revision() == revision && change.id() == device)
    );
    assert!(
        matches!(statuses.try_next(), Some(Event::Change(change)) if change.revision() == revision)
    );
    delete(&store, device);
    assert_eq!(all(&mut statuses), [""; 0]);
}

#[test]
fn those_that_exist_count_as_created_at_first() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let mut created = store.subscribe_created("Device").initial().start().unwrap();
    let next = created.try_next();
    assert!(
        matches!(next, Some(Event::Change(change)) if change.is_first_value() && change.id() == device)
    );
    assert_eq!(all(&mut created), ["end"]);
}

#[test]
fn moves_and_renames() {
    let store = store();
    let room = create(&store, EntityId::ROOT, "Hall", "Room");
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let mut moved = store.subscribe_moved("Device").start().unwrap();
    rename(&store, device, "E");
    move_to(&store, device, room);
    done(
        store
            .bind(device)
            .rename("F")
            .move_to(EntityId::ROOT)
            .commit(),
    )
    .unwrap();
    // There and back is nowhere.
    done(store.bind(device).rename("G").rename("F").commit()).unwrap();
    rename(&store, room, "Foyer");
    let places: Vec<_> = effects(&mut moved)
        .into_iter()
        .map(|effect| match effect {
            Effect::Placed(placed) => {
                let from = &placed.from;
                (
                    from.name.to_string(),
                    placed.to.name.to_string(),
                    from.parent,
                    placed.to.parent,
                )
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let root = EntityId::ROOT;
    let expected = [
        ("D", "E", root, root),
        ("E", "E", root, room),
        ("E", "F", room, root),
    ];
    assert_eq!(
        places,
        expected.map(|(a, b, c, d)| (a.to_string(), b.to_string(), c, d))
    );
}

#[test]
fn schemas() {
    let store = store();
    let mut schemas = store.subscribe_schemas().start().unwrap();
    done(store.set_schema(Schema::new("Pump"))).unwrap();
    // The same again changes nothing.
    done(store.set_schema(Schema::new("Pump"))).unwrap();
    done(store.set_schema(Schema::new("Pump").field("On", Kind::Bool))).unwrap();
    let changes = effects(&mut schemas);
    let fields = changes.iter().map(|effect| match effect {
        Effect::Schema(change) => (
            change.previous.as_ref().map(|schema| schema.fields.len()),
            change.current.fields.len(),
        ),
        other => panic!("{other:?}"),
    });
    assert_eq!(fields.collect::<Vec<_>>(), [(None, 0), (Some(0), 1)]);
}

#[test]
fn a_new_default_is_a_change_of_each_entity() {
    let store = store();
    create(&store, EntityId::ROOT, "Hall", "Room");
    let mut floors = store.subscribe_named("Room", "Floor").start().unwrap();
    let floor = FieldSchema::new(Kind::Int).default_value(1);
    done(store.set_schema(Schema::new("Room").field("Floor", floor))).unwrap();
    assert_eq!(all(&mut floors), ["-->1"]);
}

#[test]
fn a_reference_that_a_deletion_unsets_is_a_change() {
    let store = store();
    let list = FieldSchema {
        target: Some("Room".into()),
        ..FieldSchema::new(Kind::EntityList)
    };
    let near = FieldSchema::reference("Room").on_delete(OnDelete::Unset);
    done(store.set_schema(Schema::new("Plan").field("Rooms", list).field("Near", near))).unwrap();
    let rooms = ["A", "B"].map(|name| create(&store, EntityId::ROOT, name, "Room"));
    let plan = create(&store, EntityId::ROOT, "P", "Plan");
    set(&store, plan, "Rooms", rooms.to_vec());
    set(&store, plan, "Near", rooms[0]);
    let mut lists = store.subscribe_named("Plan", "Rooms").start().unwrap();
    let mut nears = store.subscribe_named("Plan", "Near").start().unwrap();
    delete(&store, rooms[0]);
    assert_eq!(all(&mut lists), ["2 entities->1 entities"]);
    assert_eq!(all(&mut nears), [format!("{}->-", rooms[0])]);
}
