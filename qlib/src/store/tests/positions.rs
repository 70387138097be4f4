//! Positions: readers that go on where another stopped.

use super::*;
use crate::model::Position;

fn changes(store: &Store) -> Subscribe {
    let changes = store.subscribe_named("Device", "Status");
    changes.writes().context("Name")
}

fn from(store: &Store, position: Position) -> Vec<String> {
    all(&mut changes(store).from(position).start().unwrap())
}

#[test]
fn a_reader_goes_on_behind_each_change_even_inside_a_commit() {
    let store = store();
    let ids = ["A", "B", "C"].map(|name| create(&store, EntityId::ROOT, name, "Device"));
    let start = store.position();
    for value in 1..=3 {
        let all_at_once = store.transaction(|tx| {
            tx.set_value(ids[0], "Note", Value::from("n"))?;
            ids.iter().try_for_each(|id| tx.set(*id, STATUS, value))
        });
        done(all_at_once).unwrap();
        rename(&store, ids[0], &format!("A{value}"));
    }
    let mut reader = changes(&store).from(start).start().unwrap();
    let expected = from(&store, start);
    assert_eq!(expected.len(), 9);
    for read in 1..=expected.len() {
        let Some(Event::Change(change)) = reader.try_next() else {
            panic!("{read} is missing");
        };
        let rest = &expected[read..];
        assert_eq!(from(&store, change.position().unwrap()), rest);
        let kept = reader.position().to_string();
        assert_eq!(from(&store, kept.parse().unwrap()), rest, "{kept}");
    }
    assert_eq!(reader.try_next().map(|event| say(&event)), None);
    assert_eq!(reader.position(), store.position());
    // A position is that of a commit: another reader, to whom its changes mean nothing, may use it.
    let mut notes = store.subscribe_named("Device", "Note").from(start);
    notes = notes.writes();
    let Some(Event::Change(note)) = notes.start().unwrap().try_next() else {
        panic!("no note");
    };
    assert_eq!(from(&store, note.position().unwrap()), expected);
}

#[test]
fn what_existed_is_not_delivered_again() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let mut reader = changes(&store).initial().start().unwrap();
    let Some(Event::Change(first)) = reader.try_next() else {
        panic!("no first value");
    };
    assert_eq!(first.position(), None);
    set(&store, device, "Status", 1);
    let resumed = changes(&store).initial().from(reader.position());
    assert_eq!(all(&mut resumed.start().unwrap()), ["0->1 D"]);
}

#[test]
fn a_position_of_another_line_begins_anew() {
    let (store, other) = (store(), store());
    let device = create(&store, EntityId::ROOT, "D", "Device");
    create(&other, EntityId::ROOT, "E", "Device");
    let anew = ["resync", "-->0 D", "end"];
    assert_eq!(from(&store, other.position()), anew);
    let own = store.position();
    let ahead = Position {
        revision: own.revision + 1,
        ..own
    };
    assert_eq!(from(&store, ahead), anew);
    let epoch = Position { epoch: 2, ..own };
    assert_eq!(from(&store, epoch), anew);
    assert_eq!(from(&store, own), [""; 0]);
    // It goes on with what comes then.
    let mut reader = changes(&store).from(ahead).start().unwrap();
    assert_eq!(reader.position(), own);
    set(&store, device, "Status", 1);
    assert_eq!(all(&mut reader), ["resync", "-->0 D", "end", "0->1 D"]);
}

#[test]
fn a_restore_begins_an_epoch_of_the_same_line() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let before = store.position();
    let snapshot = store.create_snapshot();
    set(&store, device, "Status", 1);
    done(store.restore_snapshot(&snapshot)).unwrap();
    assert_eq!(store.position().epoch, before.epoch + 1);
    assert_eq!(from(&store, before), ["0->1 D", "resync", "1->0 D"]);
    assert_eq!(from(&store, store.position()), [""; 0]);
}
