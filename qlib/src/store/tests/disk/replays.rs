//! Readers further back than the recent window.

use super::*;
use crate::model::{Effect, Position};
use crate::store::turns::{PLACES, Places};

/// A store with a small window, small files, and snapshots between.
fn small() -> StoreOptions {
    let options = options().window(commits(10)).buffered();
    options.snapshot_every(5000)
}

fn reopen(disk: &Simulated) -> Store {
    small().open_disk(Arc::new(disk.clone())).unwrap()
}

/// A lamp in a hall that is renamed, while the lamp moves, beside each of a thousand changes; and what
/// a reader of these must be told.
fn busy(store: &Store) -> (Position, Vec<String>) {
    let [hall, attic] = ["Hall", "Attic"].map(|name| create(store, EntityId::ROOT, name, "Room"));
    let lamp = create(store, hall, "Lamp", "Lamp");
    set(store, lamp, "Room", hall);
    let start = store.position();
    let mut expected = Vec::new();
    for value in 1..=1000 {
        set(store, lamp, "Status", value);
        let (name, room) = match value {
            1 => ("Hall".to_owned(), "Hall".to_owned()),
            _ if value % 2 == 1 => (format!("Hall {}", value - 1), format!("Hall {}", value - 1)),
            _ => (format!("Hall {}", value - 1), "Attic".to_owned()),
        };
        expected.push(format!("{}->{value} {name} {room}", value - 1));
        rename(store, hall, &format!("Hall {value}"));
        move_to(store, lamp, if value % 2 == 1 { attic } else { hall });
    }
    delete(store, lamp);
    delete(store, hall);
    (start, expected)
}

fn lamps(store: &Store) -> Subscribe {
    let lamps = store.subscribe_named("Device", "Status");
    lamps.context("Room->Name").context("Parent->Name")
}

#[test]
fn a_thousand_changes_behind_previous_and_context_are_as_they_were() {
    let disk = Simulated::default();
    let store = reopen(&disk);
    super::super::declare(&store);
    let mut early = lamps(&store).start().unwrap();
    let begun = early.position();
    let (start, mut expected) = busy(&store);
    let mut resumed = lamps(&store).from(start).start().unwrap();
    assert_eq!(all(&mut resumed), expected);
    store.close().unwrap();
    let again = reopen(&disk);
    assert_eq!(
        all(&mut lamps(&again).from(start).start().unwrap()),
        expected
    );
    // In the middle of it.
    let mut half = lamps(&again).from(start).start().unwrap();
    for text in &expected[..500] {
        assert_eq!(say(&next(&mut half).unwrap()), *text);
    }
    let place = half.position();
    again.close().unwrap();
    let last = reopen(&disk);
    let mut rest = lamps(&last).from(place).start().unwrap();
    assert_eq!(all(&mut rest), expected[500..]);
    assert_eq!(rest.position(), last.position());
    // One that listened before there was anything, and whose store has been closed since.
    expected.insert(0, "-->0 - Hall".into());
    assert_eq!(all(&mut early)[..1], ["lagged"]);
    let mut early = lamps(&last).from(begun).start().unwrap();
    assert_eq!(all(&mut early), expected);
}

/// A store without changes of names, on its disk; and the place before its `count` changes.
fn written(count: i64, options: impl Fn() -> StoreOptions) -> (Simulated, Store, Position) {
    let disk = Simulated::default();
    let store = options().open_disk(Arc::new(disk.clone())).unwrap();
    super::super::declare(&store);
    let lamp = create(&store, EntityId::ROOT, "Lamp", "Lamp");
    let start = store.position();
    for value in 1..=count {
        set(&store, lamp, "Status", value);
        // Each snapshot that is begun is finished before the next one is due.
        store.shared.read().checkpoints.as_ref().unwrap().wait();
    }
    (disk, store, start)
}

fn statuses(values: std::ops::RangeInclusive<i64>) -> Vec<String> {
    let status = |value| format!("{}->{value}", value - 1);
    values.map(status).collect()
}

fn status(store: &Store) -> Subscribe {
    store.subscribe_named("Lamp", "Status")
}

#[test]
fn a_reader_is_read_for_while_others_write() {
    let (_disk, store, start) = written(100, small);
    let lamp = store.find("/Lamp").unwrap();
    let mut reader = status(&store).from(start).start().unwrap();
    let mut seen = Vec::new();
    for value in 101..=400 {
        set(&store, lamp, "Status", value);
        // Slower than the writer, and now and then not at all.
        for _ in 0..usize::from(value % 3 > 0) {
            seen.extend(next(&mut reader).map(|event| say(&event)));
        }
    }
    seen.extend(all(&mut reader));
    assert_eq!(seen, statuses(1..=400));
    assert_eq!(store.readers()[0].behind, 0);
    // What it needed of the log may go.
    assert_eq!(held(&store), None);
}

/// The oldest revision behind which somebody keeps the log.
fn held(store: &Store) -> Option<Revision> {
    let core = store.shared.read();
    let replays = core.replays.as_ref().unwrap();
    let mut oldest = None;
    replays.archive.holds.keep_from(|held| {
        oldest = held;
        None
    });
    oldest
}

#[test]
fn the_bare_log_reaches_as_far() {
    let (_disk, store, start) = written(100, small);
    let mut reader = status(&store).from(start).start().unwrap();
    let mut count = 0;
    while reader.position() != store.position() {
        let read = reader.read_ready(|_, effect| {
            count += 1;
            assert!(
                matches!(effect, Effect::Field(change) if change.current == Some(Value::Int(count)))
            );
        });
        if read == 0 && reader.is_waiting() {
            std::thread::yield_now();
        }
    }
    assert_eq!(count, 100);
}

#[test]
fn a_reader_that_merges_gets_one_change_a_stretch() {
    let (_disk, store, start) = written(100, small);
    let mut screen = status(&store).from(start).latest().start().unwrap();
    let events = all(&mut screen);
    assert!(events.len() <= 11, "{events:?}");
    // Each begins where the one before it ended, and the last ends with what is there now.
    let values = |text: &String| {
        let (from, to) = text.split_once("->").unwrap();
        [from, to].map(|value| value.parse::<i64>().unwrap())
    };
    let mut last = 0;
    for [from, to] in events.iter().map(values) {
        assert_eq!(from, last);
        last = to;
    }
    assert_eq!(last, 100);
}

#[test]
fn a_replay_holds_the_log_and_retention_passes_those_that_begin_later() {
    let options = || small().retention(SHORT).snapshot_every(2000);
    let (_disk, store, start) = written(10, options);
    let lamp = store.find("/Lamp").unwrap();
    let mut reader = status(&store).from(start).start().unwrap();
    set(&store, lamp, "Status", 11);
    assert_eq!(say(&next(&mut reader).unwrap()), "0->1");
    assert!(held(&store).is_some());
    let write = |values: std::ops::RangeInclusive<i64>| {
        for value in values {
            set(&store, lamp, "Status", value);
            store.shared.read().checkpoints.as_ref().unwrap().wait();
        }
    };
    write(12..=1500);
    // It is slow, and all is still there.
    assert_eq!(all(&mut reader), statuses(2..=1500));
    write(1501..=1600);
    let mut late = status(&store).from(start).start().unwrap();
    let Some(Event::Lagged(lagged)) = next(&mut late) else {
        panic!("retention has passed it");
    };
    assert_eq!(lagged.read, start.revision());
    assert_eq!(lagged.next, store.shared.read().window.first());
    let LagReason::Retention { first } = lagged.reason else {
        panic!("{lagged:?}");
    };
    assert!(first > start.revision());
    assert_eq!(all(&mut late), statuses(1591..=1600));
}

fn places(store: &Store) -> Arc<Places> {
    Arc::clone(&store.shared.read().replays.as_ref().unwrap().places)
}

#[test]
fn late_readers_take_turns_and_each_reads_all() {
    let (_disk, store, start) = written(100, small);
    let begin = |_| (status(&store).from(start).start().unwrap(), Vec::new());
    let mut readers: Vec<_> = (0..3 * PLACES).map(begin).collect();
    let mut most = 0;
    while readers.iter().any(|(_, seen)| seen.len() < 100) {
        for (reader, seen) in &mut readers {
            seen.extend(reader.try_next().map(|event| say(&event)));
            let taken = places(&store).taken();
            assert!(taken <= PLACES, "{taken}");
            most = most.max(taken);
        }
        std::thread::yield_now();
    }
    assert_eq!(most, PLACES, "they were late");
    assert!(readers.iter().all(|(_, seen)| *seen == statuses(1..=100)));
    assert_eq!((places(&store).taken(), held(&store)), (0, None));
}

#[test]
fn readers_that_stay_away_hold_nobody_up_and_miss_nothing() {
    let (_disk, store, start) = written(100, small);
    let begin = |_| status(&store).from(start).start().unwrap();
    let mut slow: Vec<_> = (0..PLACES).map(begin).collect();
    for reader in &mut slow {
        assert_eq!(say(&next(reader).unwrap()), "0->1");
    }
    places(&store).set_patience(std::time::Duration::ZERO);
    let mut late = begin(0);
    assert_eq!(say(&next(&mut late).unwrap()), "0->1");
    assert_eq!(places(&store).taken(), PLACES);
    for reader in slow.iter_mut().chain([&mut late]) {
        assert_eq!(all(reader), statuses(2..=100));
    }
}

#[test]
fn who_waits_for_a_place_ends_with_the_reader_or_the_store() {
    let (_disk, store, start) = written(100, small);
    let begin = |_| status(&store).from(start).start().unwrap();
    let mut slow: Vec<_> = (0..PLACES).map(begin).collect();
    for reader in &mut slow {
        assert_eq!(say(&next(reader).unwrap()), "0->1");
    }
    let [mut goes, mut stays] = [begin(0), begin(1)];
    assert!(goes.try_next().is_none() && stays.try_next().is_none());
    drop(goes);
    store.close().unwrap();
    assert_eq!(all(&mut stays)[0], "lagged");
}

#[test]
fn a_copy_that_went_on_by_itself_is_another_line() {
    let (disk, store, start) = written(30, small);
    store.close().unwrap();
    let copy = reopen(&disk.after_crash(Leaves::All));
    let store = reopen(&disk);
    let lamp = store.find("/Lamp").unwrap();
    let common = store.position();
    for value in 1..=30 {
        set(&copy, lamp, "Status", -value);
        set(&store, lamp, "Status", 30 + value);
    }
    let fork = copy.position();
    for store in [&copy, &store] {
        for value in 101..=130 {
            set(store, lamp, "Status", value);
        }
    }
    // Both go on behind what they have in common, and are told where the other went its own way,
    // inside the window or before it.
    let of = |store: &Store, from| all(&mut status(store).from(from).start().unwrap());
    assert_eq!(of(&store, start)[..60], statuses(1..=60));
    assert_eq!(of(&copy, common)[..2], ["30->-1", "-1->-2"]);
    for foreign in [fork, copy.position()] {
        assert_eq!(of(&store, foreign), ["resync", "-->130", "end"]);
    }
    // The one that fell behind the others is a position of the past of both.
    assert_eq!(of(&copy, fork).len(), 30);
}

#[test]
fn a_disk_that_fails_is_told() {
    let (disk, store, start) = written(100, small);
    let lamp = store.find("/Lamp").unwrap();
    let group = Arc::clone(store.shared.group.get().unwrap());
    let mut reader = status(&store).from(start).start().unwrap();
    for value in 1..=20 {
        assert_eq!(say(&next(&mut reader).unwrap()), statuses(value..=value)[0]);
    }
    let mut begins = status(&store).from(start).start().unwrap();
    group.wait_durable(store.revision()).unwrap();
    disk.set_faults(Faults {
        crash_at: Some(1),
        ..Faults::default()
    });
    set(&store, lamp, "Status", 101);
    group.wait_durable(store.revision()).unwrap_err();
    // What was read stays; then it is said that the rest is not there.
    let rest = all(&mut reader);
    let lagged = rest.iter().position(|text| text == "lagged").unwrap();
    assert_eq!(rest[..lagged], statuses(21..=20 + lagged as i64));
    assert_eq!(rest[lagged + 1..], statuses(92..=101));
    let lagged = next(&mut begins);
    assert!(
        matches!(&lagged, Some(Event::Lagged(lagged)) if matches!(lagged.reason, LagReason::Failed(_))),
        "{lagged:?}"
    );
    let mut rest = vec!["lagged".to_owned()];
    rest.extend(all(&mut begins));
    assert_eq!((&*rest[0], &rest[1..]), ("lagged", &statuses(92..=101)[..]));
    // It goes on.
    assert_eq!(all(&mut reader), [""; 0]);
}

#[test]
fn a_store_that_is_closed_has_let_go_of_its_disk() {
    let (_disk, store, start) = written(100, small);
    let [mut waiting, mut reading, never] =
        [(); 3].map(|()| status(&store).from(start).start().unwrap());
    assert_eq!(say(&next(&mut reading).unwrap()), "0->1");
    // Most often its thread is on its way when the store is closed.
    let _ = waiting.try_next();
    let disk = Arc::downgrade(&store.shared.read().replays.as_ref().unwrap().archive.disk);
    store.close().unwrap();
    assert_eq!(disk.strong_count(), 0);
    // What they have they read; then they are told.
    for mut reader in [waiting, reading, never] {
        let rest = all(&mut reader);
        assert!(rest.contains(&"lagged".to_owned()), "{rest:?}");
        assert_eq!(rest[rest.len() - 10..], statuses(91..=100));
    }
}

#[test]
fn a_restore_on_the_way_is_told_in_its_place() {
    let disk = Simulated::default();
    let store = reopen(&disk);
    super::super::declare(&store);
    let lamp = create(&store, EntityId::ROOT, "Lamp", "Lamp");
    let snapshot = store.create_snapshot();
    let start = store.position();
    set(&store, lamp, "Status", 7);
    done(store.restore_snapshot(&snapshot)).unwrap();
    for value in 1..=30 {
        set(&store, lamp, "Status", value);
    }
    let mut expected = vec!["0->7".to_owned(), "resync".into(), "7->0".into()];
    expected.extend(statuses(1..=30));
    for _ in 0..2 {
        assert_eq!(
            all(&mut status(&store).from(start).start().unwrap()),
            expected
        );
    }
    // A screen is served with what was there behind it, and goes on from there.
    let mut screen = status(&store).from(start).latest().start().unwrap();
    let events = all(&mut screen);
    assert_eq!(events[0], "resync");
    assert!(events.last().unwrap().ends_with("->30"), "{events:?}");
    store.close().unwrap();
    // Also where it is in the window since the store was opened.
    let wide = options().open_disk(Arc::new(disk.clone())).unwrap();
    assert_eq!(
        all(&mut status(&wide).from(start).start().unwrap()),
        expected
    );
}
