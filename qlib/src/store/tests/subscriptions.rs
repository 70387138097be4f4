use super::*;
use crate::model::{Author, Cause};

#[test]
fn by_type_with_those_that_extend_it() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let lamp = create(&store, EntityId::ROOT, "L", "Lamp");
    let mut devices = store.subscribe_named("Device", "Status").start().unwrap();
    let mut lamps = store.subscribe_named("Lamp", "Status").start().unwrap();
    let mut one = store
        .subscribe_named("", "Status")
        .entity(device)
        .start()
        .unwrap();
    set(&store, device, "Status", 1);
    set(&store, lamp, "Status", 2);
    set(&store, lamp, "Note", "n");
    assert_eq!(all(&mut devices), ["0->1", "0->2"]);
    assert_eq!(all(&mut lamps), ["0->2"]);
    assert_eq!(all(&mut one), ["0->1"]);
    // A type that is declared later extends it too.
    done(store.set_schema(Schema::new("Spot").extends("Lamp"))).unwrap();
    let spot = create(&store, EntityId::ROOT, "S", "Spot");
    set(&store, spot, "Status", 3);
    assert_eq!(all(&mut lamps), ["-->0", "0->3"]);
}

#[test]
fn on_change_or_on_every_write() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let mut changes = store.subscribe_named("Device", "Status").start().unwrap();
    let mut writes = store
        .subscribe_named("Device", "Status")
        .writes()
        .start()
        .unwrap();
    set(&store, device, "Status", 0);
    set(&store, device, "Status", 1);
    done(store.bind(device).set_if_changed(STATUS, 1).commit()).unwrap();
    assert_eq!(all(&mut changes), ["0->1"]);
    assert_eq!(all(&mut writes), ["0->0", "0->1"]);
}

#[test]
fn the_first_write_has_no_previous() {
    let store = store();
    let mut notes = store.subscribe_named("Device", "Note").start().unwrap();
    let mut statuses = store.subscribe_named("Device", "Status").start().unwrap();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    set(&store, device, "Note", "a");
    set(&store, device, "Note", "b");
    done(store.bind(device).unset(NOTE).commit()).unwrap();
    assert_eq!(all(&mut notes), ["-->a", "a->b", "b->-"]);
    // A default is a first write.
    assert_eq!(all(&mut statuses), ["-->0"]);
}

#[test]
fn one_change_per_field_and_commit() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let mut statuses = store.subscribe_named("Device", "Status").start().unwrap();
    let mut writes = store
        .subscribe_named("Device", "Status")
        .writes()
        .start()
        .unwrap();
    let write = |values: &[i64]| {
        let mut binding = store.bind(device);
        for value in values {
            binding.set(STATUS, *value);
        }
        done(binding.commit()).unwrap();
    };
    write(&[1, 2, 3]);
    write(&[4, 3]);
    done(store.transaction(|tx| {
        let made = tx.create_named(EntityId::ROOT, "E", "Device", [])?;
        tx.set(made, STATUS, 8)?;
        tx.set(made, STATUS, 9)
    }))
    .unwrap();
    done(store.transaction(|tx| {
        let made = tx.create_named(EntityId::ROOT, "F", "Device", [])?;
        tx.set(made, STATUS, 8)?;
        tx.set(device, STATUS, 8)?;
        tx.delete(made);
        tx.delete(device);
        Ok(())
    }))
    .unwrap();
    assert_eq!(all(&mut statuses), ["0->3", "-->9"]);
    assert_eq!(all(&mut writes), ["0->3", "3->3", "-->9"]);
}

#[test]
fn names_and_parents_are_fields() {
    let store = store();
    let room = create(&store, EntityId::ROOT, "Hall", "Room");
    let mut names = store.subscribe_named("Device", "Name").start().unwrap();
    let mut parents = store.subscribe_named("Device", "Parent").start().unwrap();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    rename(&store, device, "E");
    rename(&store, room, "Foyer");
    move_to(&store, device, room);
    done(store.bind(device).rename("F").rename("E").commit()).unwrap();
    assert_eq!(all(&mut names), ["-->D", "D->E"]);
    let (root, room) = (EntityId::ROOT, room);
    assert_eq!(
        all(&mut parents),
        [format!("-->{root}"), format!("{root}->{room}")]
    );
}

#[test]
fn conditions() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let hot = |delivery: &Delivery| {
        matches!(delivery.current(), Some(ValueRef::Int(now)) if now > 10)
            && delivery.context()[0] == Some(Value::from("D"))
    };
    let mut changes = store
        .subscribe_named("Device", "Status")
        .context("Name")
        .when(hot)
        .start()
        .unwrap();
    for value in [11, 5, 12] {
        set(&store, device, "Status", value);
    }
    rename(&store, device, "E");
    set(&store, device, "Status", 13);
    assert_eq!(all(&mut changes), ["0->11 D", "5->12 D"]);
}

#[test]
fn first_values_then_the_end() {
    let store = store();
    let room = create(&store, EntityId::ROOT, "Hall", "Room");
    let ids = ["A", "B", "C"].map(|name| create(&store, room, name, "Device"));
    set(&store, ids[0], "Status", 1);
    set(&store, ids[1], "Note", "n");
    let begin = |field: &str| {
        store
            .subscribe_named("Device", field)
            .initial()
            .context("Hall->Name")
    };
    let mut statuses = begin("Status").start().unwrap();
    let mut notes = begin("Note").start().unwrap();
    let mut odd = begin("Status")
        .when(|delivery| delivery.current() == Some(ValueRef::Int(1)))
        .start()
        .unwrap();
    let mut one = store
        .subscribe_named("", "Status")
        .entity(ids[0])
        .initial()
        .start()
        .unwrap();
    let mut names = store.subscribe_named("", "Name").initial().start().unwrap();
    // What comes later is told later, and what was there is told as it was.
    set(&store, ids[0], "Status", 2);
    rename(&store, room, "Foyer");
    delete(&store, ids[2]);
    create(&store, room, "D", "Lamp");
    match statuses.try_next() {
        Some(Event::Change(change)) => {
            assert!(change.is_first_value());
            assert_eq!(say(&Event::Change(change)), "-->1 Hall");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        all(&mut statuses),
        ["-->0 Hall", "-->0 Hall", "end", "1->2 Hall", "-->0 -"]
    );
    assert_eq!(all(&mut notes), ["-->n Hall", "end"]);
    assert_eq!(all(&mut odd), ["-->1 Hall", "end"]);
    assert_eq!(all(&mut one), ["-->1", "end", "1->2"]);
    assert_eq!(
        all(&mut names),
        [
            "-->Root",
            "-->Hall",
            "-->A",
            "-->B",
            "-->C",
            "end",
            "Hall->Foyer",
            "-->D"
        ]
    );
    let mut empty = store
        .subscribe_named("Lamp", "Color")
        .initial()
        .start()
        .unwrap();
    assert_eq!(all(&mut empty), ["end"]);
}

#[test]
fn from_a_position_of_before_even_if_nobody_listened_then() {
    let store = with_window(commits(100));
    let start = store.shared().read().window.before();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let before = store.position();
    set(&store, device, "Status", 1);
    set(&store, device, "Note", "n");
    let between = store.position();
    let mut first = store.subscribe_named("Device", "Status").start().unwrap();
    set(&store, device, "Status", 2);
    let begin = |from| {
        store
            .subscribe_named("Device", "Status")
            .from(from)
            .start()
            .unwrap()
    };
    assert_eq!(all(&mut begin(before)), ["0->1", "1->2"]);
    assert_eq!(all(&mut begin(between)), ["1->2"]);
    assert_eq!(all(&mut begin(store.position())), [""; 0]);
    assert_eq!(all(&mut begin(start)), ["-->0", "0->1", "1->2"]);
    assert_eq!(all(&mut first), ["1->2"]);
    for value in 0..200 {
        set(&store, device, "Status", value);
    }
    let mut late = begin(before);
    assert_eq!(all(&mut late)[..2], ["lagged", "99->100"]);
}

#[test]
fn not_what_the_own_handler_did() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let mut others = store
        .subscribe_named("Device", "Status")
        .not_by("W::a".into())
        .start()
        .unwrap();
    let by = |handler: &str, value| {
        let cause = Some(Cause {
            handler: handler.into(),
            revision: 0,
        });
        let handle = store.on_behalf(Author {
            cause,
            ..Author::default()
        });
        set(&handle, device, "Status", value);
    };
    by("W::a", 1);
    by("W::b", 2);
    set(&store, device, "Status", 3);
    assert_eq!(all(&mut others), ["1->2", "2->3"]);
}

#[test]
fn typed_changes() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let subscription = store.subscribe_named("Device", "Note").start().unwrap();
    let mut notes = Changes::<Device, Option<String>>::new(subscription, NOTE);
    set(&store, device, "Note", "a");
    match notes.try_next().unwrap() {
        Some(FieldEvent::Change(change)) => {
            assert_eq!(
                (change.id(), change.current(), change.previous()),
                (device, Some("a"), None)
            );
        }
        other => panic!("{other:?}"),
    }
    // A handle of another type than the field's: an error of that change, and the next one goes on.
    let subscription = store.subscribe_named("Device", "Note").start().unwrap();
    let mut wrong = Changes::<Device, String>::new(subscription, handle!("Device", "Note"));
    done(store.bind(device).unset(NOTE).commit()).unwrap();
    set(&store, device, "Note", "b");
    assert!(matches!(wrong.try_next(), Err(Error::Unset { .. })));
    assert!(
        matches!(wrong.try_next(), Ok(Some(FieldEvent::Change(change))) if change.current() == "b")
    );
}

#[test]
fn what_cannot_be_subscribed_to() {
    let store = store();
    let start = |entity_type: &str, field: &str| store.subscribe_named(entity_type, field).start();
    assert!(matches!(
        start("Devise", "Status"),
        Err(Error::UnknownType { .. })
    ));
    assert!(matches!(
        start("Device", "Statuss"),
        Err(Error::UnknownField { .. })
    ));
    assert!(matches!(
        start("Device", "Children"),
        Err(Error::Refused { .. })
    ));
    let nobody = store
        .subscribe_named("", "Status")
        .entity(EntityId::new())
        .start();
    assert!(matches!(nobody, Err(Error::Missing { .. })));
    let children = store
        .subscribe_named("Device", "Status")
        .context("Room->Children")
        .start();
    assert!(matches!(children, Err(Error::Refused { .. })));
}

#[test]
fn ends_by_call_and_by_drop() {
    let store = store();
    let topics = || store.shared().read().routes.len();
    let begin = |field: &str| store.subscribe_named("Device", field).start().unwrap();
    let (a, b, c) = (begin("Status"), begin("Status"), begin("Note"));
    assert_eq!((topics(), store.readers().len()), (2, 3));
    a.unsubscribe();
    drop(c);
    // The next commit lets go of what they needed.
    create(&store, EntityId::ROOT, "D", "Device");
    assert_eq!((topics(), store.readers().len()), (1, 1));
    drop(b);
    create(&store, EntityId::ROOT, "E", "Device");
    assert_eq!((topics(), store.readers().len()), (0, 0));
    // So does the next subscription, and the list of readers does not grow with those that are gone.
    for _ in 0..10_000 {
        drop(begin("Status"));
    }
    assert_eq!(topics(), 1);
    assert!(store.shared().readers.lock().capacity() < 100);
}

#[test]
fn a_change_concerns_those_whose_type_its_entity_was_then() {
    let store = store();
    let start = store.position();
    let statuses = || store.subscribe_named("Device", "Status").from(start);
    let creations = || store.subscribe_created("Device").from(start);
    let (mut status, mut created) = (statuses().start().unwrap(), creations().start().unwrap());
    let seen = |created: &mut Subscription| {
        let mut names = Vec::new();
        while let Some(Event::Change(delivery)) = created.try_next() {
            names.push(Created::<Device>::new(delivery).name().to_owned());
        }
        names
    };
    // The lamp leaves the devices, and the room joins them, once there is none of it.
    for (name, entity_type) in [("L", "Lamp"), ("R", "Room")] {
        let id = create(&store, EntityId::ROOT, name, entity_type);
        if entity_type == "Lamp" {
            set(&store, id, "Status", 1);
        }
        delete(&store, id);
    }
    let bare = Schema::new("Lamp").field("Color", Kind::String);
    done(store.set_schema(bare)).unwrap();
    done(store.set_schema(Schema::new("Room").extends("Device"))).unwrap();
    create(&store, EntityId::ROOT, "M", "Lamp");
    create(&store, EntityId::ROOT, "S", "Room");
    let values = ["-->0", "0->1", "-->0"];
    assert_eq!(all(&mut status), values);
    assert_eq!(seen(&mut created), ["L", "S"]);
    // So it is for topics that nobody read before.
    drop((status, created));
    create(&store, EntityId::ROOT, "D", "Device");
    assert_eq!(all(&mut statuses().start().unwrap())[..3], values);
    assert_eq!(seen(&mut creations().start().unwrap()), ["L", "S", "D"]);
}
