//! Subscribers that nobody polls cost nothing while others commit, and are told what was, late.

use std::alloc::{GlobalAlloc, Layout, System};
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll, Waker};

use qlib::{
    CommitFuture, EntityId, Event, FieldSchema, Kind, Receipt, Schema, Store, Value, ValueRef,
};

/// Counts the bytes that are in use. This program holds no other test, so that all of them are ours.
struct Counting;

static LIVE: AtomicI64 = AtomicI64::new(0);

#[allow(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: everything is handed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size() as i64, Ordering::Relaxed);
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as i64, Ordering::Relaxed);
        // SAFETY: the caller's promise is handed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const COMMITS: i64 = 100_000;

fn done<T>(commit: CommitFuture<T>) -> Receipt<T> {
    match pin!(commit.receipt()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(receipt)) => receipt,
        Poll::Ready(Err(error)) => panic!("{error}"),
        Poll::Pending => panic!("the memory log has nothing to wait for"),
    }
}

fn write(store: &Store, id: EntityId, field: &str, value: impl Into<Value>) {
    let value = value.into();
    done(store.transaction(|tx| tx.set_value(id, field, value.clone())));
}

/// Holds so many unpolled subscribers over all commits; says by how many bytes the memory grew during
/// those, and hands a late reader what happened before and after.
fn grown(subscribers: usize) -> i64 {
    let Ok(store) = Store::memory() else {
        panic!("a store in memory opens")
    };
    let (hall, device) = done(store.transaction(|tx| {
        tx.set_schema(Schema::new("Room"));
        let device = Schema::new("Device").field("Status", Kind::Int);
        tx.set_schema(device.field("Room", FieldSchema::reference("Room")));
        let hall = tx.create_named(EntityId::ROOT, "Hall", "Room", [])?;
        let room = [("Room", Value::EntityReference(hall))];
        Ok((hall, tx.create_named(hall, "Lamp", "Device", room)?))
    }))
    .value;
    let mut readers: Vec<_> = (0..subscribers)
        .map(|number| {
            let subscribe = store.subscribe_named("Device", "Status");
            let subscribe = match number % 5 {
                0 => subscribe,
                1 => subscribe.entity(device),
                2 => subscribe.latest(),
                3 => subscribe.context("Parent->Name").initial(),
                _ => subscribe.writes(),
            };
            match subscribe
                .context("Room->Name")
                .context("Hall->Name")
                .start()
            {
                Ok(subscription) => subscription,
                Err(error) => panic!("{error}"),
            }
        })
        .collect();
    // Some have waited once; nobody polls them again.
    for reader in &mut readers {
        if reader.position().revision() % 2 == 0 {
            let _ = reader.poll_next(&mut Context::from_waker(Waker::noop()));
        }
    }
    let before = LIVE.load(Ordering::Relaxed);
    for value in 1..=COMMITS {
        write(&store, device, "Status", value);
    }
    let grown = LIVE.load(Ordering::Relaxed) - before;

    done(store.transaction(|tx| {
        tx.rename(hall, "Foyer");
        tx.move_to(device, EntityId::ROOT);
        Ok(())
    }));
    let [late, _, screen, ..] = &mut readers[..] else {
        panic!("there are ten at least")
    };
    for value in 1..=COMMITS {
        let Some(Event::Change(change)) = late.try_next() else {
            panic!("{value} is missing")
        };
        assert_eq!(change.current(), Some(ValueRef::Int(value)));
        assert_eq!(
            change.context(),
            [Some(Value::from("Hall")), Some(Value::from("Hall"))]
        );
    }
    assert!(late.try_next().is_none());
    let Some(Event::Change(change)) = screen.try_next() else {
        panic!("the screen shows nothing")
    };
    assert_eq!(change.current(), Some(ValueRef::Int(COMMITS)));
    assert_eq!(change.context()[0], Some(Value::from("Hall")));
    write(&store, device, "Status", 0);
    let Some(Event::Change(change)) = late.try_next() else {
        panic!("the newest is missing")
    };
    assert_eq!(change.context(), [Some(Value::from("Foyer")), None]);
    grown
}

#[test]
fn memory_does_not_grow_with_the_number_of_unpolled_subscribers() {
    let (few, many) = (grown(10), grown(10_000));
    println!("{COMMITS} commits: {few} bytes for 10 subscribers, {many} for 10,000");
    // Less than one byte for each of them.
    assert!(
        (many - few).abs() < 10_000,
        "{few} bytes for 10 subscribers, {many} for 10,000"
    );
}
