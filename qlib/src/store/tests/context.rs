use super::*;

/// What a late reader of `Status` sees beside the first change, after `later` has been done.
fn late(path: &str, later: impl FnOnce(&Store, EntityId, EntityId)) -> String {
    let store = store();
    let hall = create(&store, EntityId::ROOT, "Hall", "Room");
    let device = create(&store, hall, "Lamp", "Device");
    set(&store, device, "Room", hall);
    set(&store, hall, "Floor", 2);
    let mut reader = store
        .subscribe_named("Device", "Status")
        .context(path)
        .start()
        .unwrap();
    set(&store, device, "Status", 1);
    later(&store, hall, device);
    say(&reader.try_next().unwrap())
}

#[test]
fn follows_references_parents_and_children() {
    for (path, value) in [
        ("Name", "Lamp"),
        ("Room->Name", "Hall"),
        ("Room->Floor", "2"),
        ("Hall->Name", "Hall"),
        ("Hall->Floor", "2"),
        ("Parent->Name", "Hall"),
        ("Room->Lamp->Status", "1"),
        ("Room->Lamp->Room->Name", "Hall"),
    ] {
        assert_eq!(late(path, |_, _, _| {}), format!("0->1 {value}"), "{path}");
        // As of the change's revision, whatever came later.
        let later = |store: &Store, hall, lamp| {
            let other = create(store, EntityId::ROOT, "Other", "Room");
            set(store, lamp, "Room", other);
            rename(store, hall, "Foyer");
            rename(store, hall, "Lobby");
            set(store, hall, "Floor", 3);
            move_to(store, lamp, other);
            rename(store, lamp, "Light");
            set(store, lamp, "Status", 9);
            let hall_again = create(store, EntityId::ROOT, "Hall", "Room");
            set(store, hall_again, "Floor", 4);
            create(store, hall, "Lamp", "Device");
            create(store, hall_again, "Lamp", "Device");
        };
        assert_eq!(late(path, later), format!("0->1 {value}"), "{path} later");
        // Even if all of it is gone.
        let later = |store: &Store, hall, lamp| {
            rename(store, lamp, "Light");
            move_to(store, lamp, EntityId::ROOT);
            rename(store, hall, "Foyer");
            delete(store, hall);
            delete(store, lamp);
            let hall = create(store, EntityId::ROOT, "Hall", "Room");
            create(store, hall, "Lamp", "Device");
        };
        assert_eq!(late(path, later), format!("0->1 {value}"), "{path} gone");
        // At once.
        let later = |store: &Store, hall, lamp| {
            done(store.transaction(|tx| {
                tx.move_to(lamp, EntityId::ROOT);
                tx.rename(lamp, "Light");
                tx.delete(hall);
                let hall = tx.create_named(EntityId::ROOT, "Hall", "Room", [])?;
                tx.create_named(hall, "Lamp", "Device", [])?;
                tx.move_to(lamp, hall);
                tx.delete(lamp);
                Ok(())
            }))
            .unwrap();
        };
        assert_eq!(late(path, later), format!("0->1 {value}"), "{path} at once");
    }
}

#[test]
fn what_cannot_be_read_is_none_in_its_place() {
    let store = store();
    let hall = create(&store, EntityId::ROOT, "Hall", "Room");
    let device = create(&store, hall, "Lamp", "Device");
    let mut reader = store
        .subscribe_named("Device", "Status")
        .context("Room->Name")
        .context("Name")
        .context("Nowhere->Name")
        .context("Nothing")
        .context("Note")
        .context("Hall->Name")
        .start()
        .unwrap();
    set(&store, device, "Status", 1);
    // What is there now was not there then.
    set(&store, device, "Room", hall);
    set(&store, device, "Note", "n");
    create(&store, device, "Nowhere", "Room");
    assert_eq!(all(&mut reader), ["0->1 - Lamp - - - Hall"]);
}

#[test]
fn children_change_places_within_one_commit() {
    let store = store();
    let hall = create(&store, EntityId::ROOT, "Hall", "Room");
    let other = create(&store, EntityId::ROOT, "Other", "Room");
    let third = create(&store, EntityId::ROOT, "Third", "Room");
    let [x, y] = ["x", "y"].map(|name| create(&store, hall, name, "Device"));
    set(&store, x, "Status", 1);
    set(&store, y, "Status", 2);
    let z = create(&store, other, "z", "Device");
    set(&store, z, "Status", 3);
    let mut reader = store
        .subscribe_named("Room", "Floor")
        .context("x->Status")
        .context("y->Status")
        .context("z->Status")
        .start()
        .unwrap();
    set(&store, hall, "Floor", 1);
    set(&store, other, "Floor", 1);
    set(&store, third, "Floor", 1);
    done(store.transaction(|tx| {
        // The names are swapped.
        tx.rename(x, "t");
        tx.rename(y, "x");
        tx.rename(x, "y");
        Ok(())
    }))
    .unwrap();
    done(store.transaction(|tx| {
        // Through a place where nothing stays: the commit does not say that it was there.
        tx.move_to(z, third);
        tx.move_to(z, hall);
        Ok(())
    }))
    .unwrap();
    done(store.transaction(|tx| {
        tx.move_to(z, third);
        tx.move_to(z, other);
        tx.move_to(z, third);
        Ok(())
    }))
    .unwrap();
    set(&store, hall, "Floor", 2);
    set(&store, other, "Floor", 2);
    set(&store, third, "Floor", 2);
    delete(&store, z);
    delete(&store, third);
    delete(&store, x);
    assert_eq!(
        all(&mut reader),
        [
            "-->1 1 2 -",
            "-->1 - - 3",
            "-->1 - - -",
            "1->2 2 1 -",
            "1->2 - - -",
            "1->2 - - 3"
        ]
    );
}

#[test]
fn a_long_past_of_one_field_stays_readable() {
    let store = store();
    let hall = create(&store, EntityId::ROOT, "Hall", "Room");
    let device = create(&store, hall, "Lamp", "Device");
    set(&store, device, "Room", hall);
    let mut reader = store
        .subscribe_named("Device", "Status")
        .context("Room->Floor")
        .context("Room->Name")
        .start()
        .unwrap();
    for step in 0..50 {
        rename(&store, hall, &format!("Hall{step}"));
        set(&store, hall, "Floor", step);
        set(&store, device, "Status", step + 1);
    }
    let expected: Vec<_> = (0..50)
        .map(|step| format!("{step}->{} {step} Hall{step}", step + 1))
        .collect();
    assert_eq!(all(&mut reader), expected);
}

#[test]
fn what_only_passed_a_place_does_not_hide_who_was_there() {
    let store = store();
    let [hall, other, third] =
        ["Hall", "Other", "Third"].map(|name| create(&store, EntityId::ROOT, name, "Room"));
    let was = create(&store, third, "x", "Device");
    let passing = create(&store, hall, "x", "Device");
    let subscribe = store.subscribe_named("Room", "Floor").context("x->Status");
    let mut reader = subscribe.start().unwrap();
    set(&store, was, "Status", 7);
    set(&store, third, "Floor", 1);
    rename(&store, was, "y");
    delete(&store, was);
    done(store.transaction(|tx| {
        tx.move_to(passing, third);
        tx.move_to(passing, other);
        Ok(())
    }))
    .unwrap();
    assert_eq!(all(&mut reader), ["-->1 7"]);
}
