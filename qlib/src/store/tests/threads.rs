use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[test]
fn counts_from_many_threads_lose_nothing() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let before = store.revision();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut last = 0;
                for _ in 0..100 {
                    let receipt = loop {
                        let counted = done(store.transaction(|tx| {
                            let value = tx.read(device, STATUS)?;
                            tx.set(device, STATUS, value + 1)?;
                            Ok(value + 1)
                        }));
                        match counted {
                            Ok(receipt) => break receipt,
                            // 16 in a row: unlikely, not impossible.
                            Err(error) => {
                                assert!(matches!(error, Error::Conflict { .. }), "{error}")
                            }
                        }
                    };
                    assert!(receipt.revision > last);
                    assert_eq!(receipt.value as u64, receipt.revision - before);
                    last = receipt.revision;
                }
            });
        }
    });
    assert_eq!(store.read(device, STATUS).unwrap(), 400);
    assert_eq!(store.revision(), before + 400);
}

#[test]
fn views_are_consistent_while_others_commit() {
    let store = store();
    let [a, b] = ["A", "B"].map(|name| create(&store, EntityId::ROOT, name, "Device"));
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let view = store.view();
                    let sum = view.read(a, STATUS).unwrap() + view.read(b, STATUS).unwrap();
                    assert_eq!(sum, 0);
                    // Further reads of the thread pass a writer that waits for this view.
                    assert_eq!(
                        store.read(a, STATUS).unwrap(),
                        view.read(a, STATUS).unwrap()
                    );
                }
            });
        }
        for value in 0..1000 {
            done(store.transaction(|tx| {
                tx.set(a, STATUS, value)?;
                tx.set(b, STATUS, -value)
            }))
            .unwrap();
        }
        over.store(true, Ordering::Relaxed);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn no_wake_is_lost_between_threads() {
    const COMMITS: i64 = 3000;
    let store = store();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let readers: Vec<_> = (0..4)
        .map(|number| {
            let subscribe = store.subscribe_named("Device", "Status");
            let latest = number % 2 == 1;
            let mut reader = if latest {
                subscribe.latest()
            } else {
                subscribe
            }
            .start()
            .unwrap();
            tokio::spawn(async move {
                let mut seen = 0;
                while seen < COMMITS {
                    let Event::Change(change) = reader.next().await else {
                        panic!("neither first values nor losses")
                    };
                    assert_eq!(change.previous(), Some(ValueRef::Int(seen)));
                    let Some(ValueRef::Int(now)) = change.current() else {
                        panic!("unset")
                    };
                    assert!(if latest { now > seen } else { now == seen + 1 });
                    seen = now;
                }
            })
        })
        .collect();
    let writer = std::thread::spawn(move || {
        for value in 1..=COMMITS {
            set(&store, device, "Status", value);
            if value % 7 == 0 {
                // So that the readers catch up and wait now and then.
                std::thread::yield_now();
            }
        }
    });
    for reader in readers {
        // A wake that is lost would be waited for for ever.
        let over = tokio::time::timeout(std::time::Duration::from_secs(60), reader).await;
        over.expect("a wake was lost").unwrap();
    }
    writer.join().unwrap();
}

#[test]
fn subscriptions_come_and_go_while_others_commit() {
    let store = store();
    let device = create(&store, EntityId::ROOT, "D", "Device");
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let mut reader = store.subscribe_named("Device", "Status").start().unwrap();
                    let first = store.revision();
                    if let Some(Event::Change(change)) = reader.try_next() {
                        assert!(change.revision() <= first + 2000);
                    }
                }
            });
        }
        for value in 0..2000 {
            set(&store, device, "Status", value);
        }
        over.store(true, Ordering::Relaxed);
    });
    create(&store, EntityId::ROOT, "E", "Room");
    assert_eq!(store.shared().read().routes.len(), 0);
}
