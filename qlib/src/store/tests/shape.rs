use std::time::Duration;

use tokio::time::{Instant, advance};

use super::*;

/// Reads everything that arrives until nothing is held back any more; with the time of each.
async fn drain(reader: &mut Subscription, start: Instant) -> Vec<(u128, String)> {
    let mut seen = Vec::new();
    loop {
        let Some(event) = reader.try_next() else {
            match reader.due() {
                Some(due) => tokio::time::sleep_until(due).await,
                None => return seen,
            }
            continue;
        };
        seen.push((start.elapsed().as_millis(), say(&event)));
    }
}

fn begin(store: &Store, field: &str) -> Subscribe {
    store.subscribe_named("Device", field)
}

fn expect(seen: Vec<(u128, String)>, expected: &[(u128, &str)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(at, text)| (*at, text.to_string()))
        .collect();
    assert_eq!(seen, expected);
}

#[tokio::test(start_paused = true)]
async fn at_most_one_change_per_interval_and_the_last_one_arrives() {
    let store = store();
    let [a, b] = ["A", "B"].map(|name| create(&store, EntityId::ROOT, name, "Device"));
    let mut reader = begin(&store, "Status")
        .min_interval(Duration::from_millis(100))
        .start()
        .unwrap();
    let start = Instant::now();
    for value in 1..=3 {
        set(&store, a, "Status", value);
    }
    // Each entity has an interval of its own.
    set(&store, b, "Status", 9);
    expect(
        drain(&mut reader, start).await,
        &[(0, "0->1"), (0, "0->9"), (100, "1->3")],
    );
    set(&store, a, "Status", 4);
    advance(Duration::from_millis(50)).await;
    set(&store, a, "Status", 5);
    expect(drain(&mut reader, start).await, &[(200, "3->5")]);
    advance(Duration::from_millis(100)).await;
    set(&store, a, "Status", 6);
    // There and back is nothing.
    set(&store, a, "Status", 7);
    set(&store, a, "Status", 6);
    expect(drain(&mut reader, start).await, &[(300, "5->6")]);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_waits_already_gets_the_last_value() {
    let store = store();
    let a = create(&store, EntityId::ROOT, "A", "Device");
    let mut reader = begin(&store, "Status")
        .min_interval(Duration::from_millis(100))
        .start()
        .unwrap();
    let start = Instant::now();
    set(&store, a, "Status", 1);
    assert_eq!(say(&reader.next().await), "0->1");
    let waiting = async {
        let event = reader.next().await;
        (start.elapsed().as_millis(), say(&event))
    };
    let writing = async {
        for value in 2..=4 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            set(&store, a, "Status", value);
        }
    };
    let (seen, ()) = tokio::join!(waiting, writing);
    assert_eq!(seen, (100, "1->4".to_string()));
}

#[tokio::test(start_paused = true)]
async fn small_changes_wait_until_nothing_larger_comes() {
    let store = store();
    let a = create(&store, EntityId::ROOT, "A", "Device");
    let mut reader = begin(&store, "Temperature").deadband(1.0).start().unwrap();
    let start = Instant::now();
    set(&store, a, "Temperature", 20.5);
    // The first value always arrives.
    expect(drain(&mut reader, start).await, &[(0, "20->20.5")]);
    set(&store, a, "Temperature", 21.0);
    assert!(reader.try_next().is_none());
    set(&store, a, "Temperature", 21.5);
    expect(drain(&mut reader, start).await, &[(0, "20.5->21.5")]);
    // The last one too, a second later.
    set(&store, a, "Temperature", 21.6);
    expect(drain(&mut reader, start).await, &[(1000, "21.5->21.6")]);
    set(&store, a, "Temperature", 21.7);
    assert!(reader.try_next().is_none());
    set(&store, a, "Temperature", 21.6);
    expect(drain(&mut reader, start).await, &[]);
}

#[tokio::test(start_paused = true)]
async fn an_interval_and_a_deadband() {
    let store = store();
    let a = create(&store, EntityId::ROOT, "A", "Device");
    let subscribe = begin(&store, "Temperature")
        .min_interval(Duration::from_millis(100))
        .deadband(1.0);
    let mut reader = subscribe.start().unwrap();
    let start = Instant::now();
    for value in [21.0, 30.0, 40.0] {
        set(&store, a, "Temperature", value);
    }
    expect(
        drain(&mut reader, start).await,
        &[(0, "20->21"), (100, "21->40")],
    );
    advance(Duration::from_millis(200)).await;
    set(&store, a, "Temperature", 40.5);
    expect(drain(&mut reader, start).await, &[(400, "40->40.5")]);
}

#[tokio::test(start_paused = true)]
async fn an_equal_write_arrives_where_writes_are_asked_for() {
    let store = store();
    let a = create(&store, EntityId::ROOT, "A", "Device");
    let mut reader = begin(&store, "Status")
        .writes()
        .min_interval(Duration::from_millis(100))
        .start()
        .unwrap();
    let start = Instant::now();
    set(&store, a, "Status", 1);
    set(&store, a, "Status", 1);
    expect(
        drain(&mut reader, start).await,
        &[(0, "0->1"), (100, "1->1")],
    );
}

#[tokio::test(start_paused = true)]
async fn first_values_count_as_delivered() {
    let store = store();
    let a = create(&store, EntityId::ROOT, "A", "Device");
    let interval = Duration::from_millis(100);
    let mut reader = begin(&store, "Status")
        .initial()
        .min_interval(interval)
        .start()
        .unwrap();
    let start = Instant::now();
    set(&store, a, "Status", 1);
    expect(
        drain(&mut reader, start).await,
        &[(0, "-->0"), (0, "end"), (100, "0->1")],
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_of_before_a_restore_arrives_behind_its_first_values() {
    let store = store();
    let a = create(&store, EntityId::ROOT, "A", "Device");
    let snapshot = store.create_snapshot();
    let interval = Duration::from_millis(100);
    let mut reader = begin(&store, "Status")
        .latest()
        .min_interval(interval)
        .start()
        .unwrap();
    let start = Instant::now();
    set(&store, a, "Status", 1);
    assert_eq!(all(&mut reader), ["0->1"]);
    set(&store, a, "Status", 2);
    assert!(reader.try_next().is_none());
    done(store.restore_snapshot(&snapshot)).unwrap();
    expect(
        drain(&mut reader, start).await,
        &[(0, "resync"), (0, "-->0"), (0, "end")],
    );
}

#[tokio::test(start_paused = true)]
async fn entities_that_are_gone_are_forgotten() {
    let store = store();
    let mut reader = begin(&store, "Status")
        .min_interval(Duration::from_millis(1))
        .start()
        .unwrap();
    for _ in 0..10 {
        for _ in 0..500 {
            let id = create(&store, EntityId::ROOT, "A", "Device");
            assert!(reader.try_next().is_some());
            delete(&store, id);
        }
        advance(Duration::from_millis(2)).await;
    }
    let shape = reader.interest.shape.as_ref().unwrap();
    assert!(shape.remembered() <= 1024, "{}", shape.remembered());
}
