//! A store of rooms and devices, and what its users must see.

#![allow(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

macro_rules! handle {
    ($type:literal, $name:literal) => {
        Field::new($type, $name, || {
            static CACHE: FieldCache = FieldCache::new();
            &CACHE
        })
    };
}

mod backup;
mod binding;
mod conflicts;
mod context;
mod disk;
mod events;
mod history;
mod lagging;
mod latest;
mod positions;
mod restore;
mod shape;
mod status;
mod subscriptions;
mod threads;
mod transactions;
mod validators;
mod views;
mod waking;

use std::future::Future;
use std::task::{Context, Poll, Wake, Waker};

use super::*;
use crate::model::{FieldCache, FieldId, FieldSchema, Kind, Receipt, Value, ValueRef};

/// The typed handles that a derive would make.
pub(super) struct Device;
pub(super) const STATUS: Field<Device, i64> = handle!("Device", "Status");
pub(super) const NOTE: Field<Device, Option<String>> = handle!("Device", "Note");
pub(super) const TEMPERATURE: Field<Device, f64> = handle!("Device", "Temperature");

/// A store with the types `Room`, `Device` and `Lamp`, which extends `Device`.
pub(super) fn store() -> Store {
    with_window(WindowLimits::default())
}

pub(super) fn with_window(window: WindowLimits) -> Store {
    let store = Store::memory_with(Clock::current(), window).unwrap();
    declare(&store);
    store
}

pub(super) fn declare(store: &Store) {
    let device = Schema::new("Device")
        .field(
            "Status",
            FieldSchema::new(Kind::Int).default_value(0).required(),
        )
        .field(
            "Temperature",
            FieldSchema::new(Kind::Float).default_value(20.0),
        )
        .field("Note", FieldSchema::new(Kind::String).max_length(10))
        .field("Room", FieldSchema::reference("Room"));
    let declared = store.transaction(|tx| {
        tx.set_schema(Schema::new("Room").field("Floor", Kind::Int));
        tx.set_schema(device.clone());
        tx.set_schema(
            Schema::new("Lamp")
                .extends("Device")
                .field("Color", Kind::String),
        );
        Ok(())
    });
    done(declared).unwrap();
}

/// A window of so many commits.
pub(super) fn commits(commits: usize) -> WindowLimits {
    WindowLimits {
        commits,
        ..WindowLimits::default()
    }
}

/// What came of a commit on the memory log, which has nothing to wait for.
pub(super) fn done<T>(commit: CommitFuture<T>) -> Result<Receipt<T>> {
    let mut receipt = std::pin::pin!(commit.receipt());
    match receipt
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("the memory log has nothing to wait for"),
    }
}

pub(super) fn create(store: &Store, parent: EntityId, name: &str, entity_type: &str) -> EntityId {
    done(store.transaction(|tx| tx.create_named(parent, name, entity_type, [])))
        .unwrap()
        .value
}

pub(super) fn set(store: &Store, id: EntityId, field: &str, value: impl Into<Value>) -> Revision {
    let value = value.into();
    done(store.transaction(|tx| tx.set_value(id, field, value.clone())))
        .unwrap()
        .revision
}

pub(super) fn delete(store: &Store, id: EntityId) {
    done(store.transaction(|tx| {
        tx.delete(id);
        Ok(())
    }))
    .unwrap();
}

pub(super) fn rename(store: &Store, id: EntityId, name: &str) {
    done(store.bind(id).rename(name).commit()).unwrap();
}

pub(super) fn move_to(store: &Store, id: EntityId, parent: EntityId) {
    done(store.bind(id).move_to(parent).commit()).unwrap();
}

/// An event as text: `1->2`, `end`, `lagged`, `resync`; context values behind a change.
pub(super) fn say(event: &Event) -> String {
    match event {
        Event::Change(delivery) => {
            let value =
                |value: Option<ValueRef<'_>>| value.map_or("-".into(), |value| value.to_string());
            let context = delivery
                .context()
                .iter()
                .map(|context| format!(" {}", value(context.as_ref().map(Value::as_ref))));
            format!(
                "{}->{}{}",
                value(delivery.previous()),
                value(delivery.current()),
                context.collect::<String>()
            )
        }
        Event::SnapshotEnd { .. } => "end".into(),
        Event::Lagged(_) => "lagged".into(),
        Event::Resync { .. } => "resync".into(),
        Event::Failed(failure) => format!("failed: {failure}"),
    }
}

/// All that a subscription has to say now.
pub(super) fn all(subscription: &mut Subscription) -> Vec<String> {
    std::iter::from_fn(|| next(subscription).map(|event| say(&event))).collect()
}

struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The next event that there is; waits while a thread reads the log for the subscription.
pub(super) fn next(subscription: &mut Subscription) -> Option<Event> {
    let waker = Arc::new(Unpark(std::thread::current())).into();
    loop {
        match subscription.poll_next(&mut Context::from_waker(&waker)) {
            Poll::Ready(event) => return Some(event),
            Poll::Pending if subscription.is_waiting() => std::thread::park(),
            Poll::Pending => return None,
        }
    }
}

pub(super) fn field(store: &Store, entity_type: &str, name: &str) -> FieldId {
    let view = store.view();
    view.tree()
        .field_id(view.tree().type_id(entity_type).unwrap(), name)
        .unwrap()
}
