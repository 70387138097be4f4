use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use super::*;

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Count {
    fn woken(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Polls a reader that has nothing to say.
fn wait(reader: &mut Subscription) -> Arc<Count> {
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    assert!(
        reader
            .poll_next(&mut Context::from_waker(&waker))
            .is_pending()
    );
    count
}

#[test]
fn wakes_once_whoever_waits_and_nobody_else() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let begin = |of: &str, field: &str| store.subscribe_named(of, field).start().unwrap();
    let mut readers = [
        begin("Device", "Status"),
        begin("Device", "Note"),
        begin("Lamp", "Status"),
    ];
    let counts = readers.each_mut().map(wait);
    let woken = || counts.each_ref().map(|count| count.woken());
    let mut unpolled = begin("Device", "Status");
    set(&store, device, "Status", 1);
    assert_eq!(woken(), [1, 0, 0]);
    set(&store, device, "Status", 2);
    assert_eq!(woken(), [1, 0, 0]);
    assert_eq!(all(&mut readers[0]), ["0->1", "1->2"]);
    assert_eq!(all(&mut unpolled), ["0->1", "1->2"]);
    // A refused commit wakes nobody.
    let again = wait(&mut readers[0]);
    drop(
        store
            .bind(device)
            .set(STATUS, 3)
            .set(NOTE, Some("much too long".into()))
            .commit(),
    );
    assert_eq!(again.woken(), 0);
    // A restore concerns everybody.
    done(store.restore_snapshot(&store.create_snapshot())).unwrap();
    assert_eq!((woken(), again.woken()), ([1, 1, 1], 1));
}

#[test]
fn an_idle_reader_among_ten_thousand_topics_is_not_woken() {
    let store = store();
    let devices: Vec<EntityId> = done(store.transaction(|tx| {
        (0..10_000)
            .map(|number| tx.create_named(EntityId::ROOT, format!("D{number}"), "Device", []))
            .collect()
    }))
    .unwrap()
    .value;
    let begin = |id: &EntityId| {
        store
            .subscribe_named("", "Status")
            .entity(*id)
            .start()
            .unwrap()
    };
    let mut readers: Vec<_> = devices.iter().map(begin).collect();
    let counts: Vec<_> = readers.iter_mut().map(wait).collect();
    for value in 1..=100 {
        set(&store, devices[7], "Status", value);
    }
    let woken: Vec<_> = counts
        .iter()
        .enumerate()
        .filter(|(_, count)| count.woken() > 0)
        .collect();
    assert_eq!(woken.len(), 1);
    assert_eq!((woken[0].0, woken[0].1.woken()), (7, 1));
    assert_eq!(all(&mut readers[7]).len(), 100);
}

#[test]
fn the_newest_waker_is_the_one_that_counts() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let mut reader = store.subscribe_named("Device", "Status").start().unwrap();
    let counts: Vec<_> = (0..1000).map(|_| wait(&mut reader)).collect();
    // Those of before are let go.
    assert!(
        counts[..999]
            .iter()
            .all(|count| Arc::strong_count(count) == 1)
    );
    set(&store, device, "Status", 1);
    assert_eq!(counts.iter().map(|count| count.woken()).sum::<usize>(), 1);
    assert_eq!(counts[999].woken(), 1);
    let last = wait_after(&mut reader);
    drop(reader);
    assert_eq!(Arc::strong_count(&last), 1);
    set(&store, device, "Status", 2);
    assert_eq!(last.woken(), 0);
}

fn wait_after(reader: &mut Subscription) -> Arc<Count> {
    all(reader);
    wait(reader)
}

#[test]
fn readers_that_come_and_go_leave_nothing_with_a_quiet_topic() {
    let store = store();
    let _stays = store.subscribe_named("Device", "Status").start().unwrap();
    for _ in 0..1000 {
        let mut reader = store.subscribe_named("Device", "Status").start().unwrap();
        let count = wait(&mut reader);
        drop(reader);
        assert_eq!(Arc::strong_count(&count), 1);
    }
    drop(store.subscribe_named("Device", "Status").start());
    let core = store.shared().read();
    assert!(core.routes.parked() <= 1, "{}", core.routes.parked());
}
