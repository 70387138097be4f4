use super::*;

fn latest(store: &Store) -> Subscription {
    store
        .subscribe_named("Device", "Status")
        .latest()
        .start()
        .unwrap()
}

#[test]
fn merges_and_the_previous_value_is_the_one_that_the_reader_saw() {
    let store = store();
    let [a, b] = ["A", "B"].map(|name| create(&store, EntityId::ROOT, name, "Device"));
    let mut reader = latest(&store);
    for value in 1..=5 {
        set(&store, a, "Status", value);
        set(&store, b, "Status", value * 10);
    }
    assert_eq!(all(&mut reader), ["0->5", "0->50"]);
    // There and back is nothing.
    set(&store, a, "Status", 6);
    set(&store, a, "Status", 5);
    set(&store, b, "Status", 51);
    assert_eq!(all(&mut reader), ["50->51"]);
}

#[test]
fn a_reader_in_the_middle_sees_what_comes_meanwhile() {
    let store = store();
    let [a, b] = ["A", "B"].map(|name| create(&store, EntityId::ROOT, name, "Device"));
    let mut reader = latest(&store);
    set(&store, a, "Status", 1);
    set(&store, b, "Status", 10);
    assert_eq!(say(&reader.try_next().unwrap()), "0->1");
    // Back to what it was when the reader had read everything: it saw a 1 since.
    set(&store, a, "Status", 0);
    set(&store, b, "Status", 11);
    let rest = all(&mut reader);
    assert_eq!(
        rest.iter()
            .filter(|text| text.ends_with("->0"))
            .collect::<Vec<_>>(),
        ["1->0"],
        "{rest:?}"
    );
    assert_eq!(rest.last().unwrap(), "10->11");
}

#[test]
fn an_equal_write_behind_a_change_hides_nothing() {
    let store = store();
    let a = create(&store, EntityId::ROOT, "A", "Device");
    let mut reader = latest(&store);
    let mut writes = store
        .subscribe_named("Device", "Status")
        .latest()
        .writes()
        .start()
        .unwrap();
    set(&store, a, "Status", 1);
    set(&store, a, "Status", 1);
    assert_eq!(all(&mut reader), ["0->1"]);
    assert_eq!(all(&mut writes), ["0->1"]);
    set(&store, a, "Status", 1);
    assert_eq!(all(&mut reader), [""; 0]);
    assert_eq!(all(&mut writes), ["1->1"]);
}

#[test]
fn names_and_parents_merge_too() {
    let store = store();
    let room = create(&store, EntityId::ROOT, "Hall", "Room");
    let a = create(&store, EntityId::ROOT, "A", "Device");
    let begin = |field: &str| {
        store
            .subscribe_named("Device", field)
            .latest()
            .start()
            .unwrap()
    };
    let (mut names, mut parents) = (begin("Name"), begin("Parent"));
    rename(&store, a, "B");
    rename(&store, a, "C");
    move_to(&store, a, room);
    assert_eq!(all(&mut names), ["A->C"]);
    assert_eq!(all(&mut parents), [format!("{}->{room}", EntityId::ROOT)]);
}

#[test]
fn entities_that_come_and_go() {
    let store = store();
    let a = create(&store, EntityId::ROOT, "A", "Device");
    let mut reader = latest(&store);
    set(&store, a, "Status", 1);
    delete(&store, a);
    let b = create(&store, EntityId::ROOT, "B", "Device");
    set(&store, b, "Status", 2);
    let c = create(&store, EntityId::ROOT, "C", "Device");
    delete(&store, c);
    assert_eq!(all(&mut reader), ["-->2"]);
}

#[test]
fn begins_with_first_values() {
    let store = store();
    let a = create(&store, EntityId::ROOT, "A", "Device");
    let mut reader = store
        .subscribe_named("Device", "Status")
        .latest()
        .initial()
        .start()
        .unwrap();
    set(&store, a, "Status", 1);
    set(&store, a, "Status", 2);
    assert_eq!(all(&mut reader), ["-->0", "end", "0->2"]);
}
