//! Entities that the tests share, and a journal of what handlers did and when.

use std::cell::RefCell;
use std::time::Duration;

use qlib::prelude::*;
use qlib::{TestApp, Transaction};

#[derive(Entity, Debug)]
pub(crate) struct Room {}

#[derive(Entity, Debug)]
pub(crate) struct Lamp {
    #[field(default = 0)]
    pub(crate) level: i64,
    #[field(default = 0)]
    pub(crate) echo: i64,
    #[field(default = 0.0)]
    pub(crate) heat: f64,
    pub(crate) room: Option<Ref<Room>>,
}

thread_local! {
    // An application and its test share one thread.
    static JOURNAL: RefCell<Vec<(i64, String)>> = const { RefCell::new(Vec::new()) };
}

/// 2026-01-01T00:00:00Z, in nanoseconds: where the clock of a test starts.
const START: i64 = 1_767_225_600_000_000_000;

/// Milliseconds since the test began.
pub(crate) fn at(time: Timestamp) -> i64 {
    (time.as_nanos() - START) / 1_000_000
}

/// Notes what happens, and when.
pub(crate) fn note(text: impl Into<String>) {
    let at = at(Timestamp::now());
    JOURNAL.with_borrow_mut(|journal| journal.push((at, text.into())));
}

/// What was noted since the last call, with its times.
pub(crate) fn timed() -> Vec<(i64, String)> {
    JOURNAL.take()
}

/// What was noted since the last call.
pub(crate) fn noted() -> Vec<String> {
    timed().into_iter().map(|(_, text)| text).collect()
}

/// When something was noted: forgets all that was.
pub(crate) fn times_of(text: &str) -> Vec<i64> {
    let journal = timed().into_iter();
    journal
        .filter(|(_, noted)| noted.starts_with(text))
        .map(|(at, _)| at)
        .collect()
}

/// Lamps that exist before the workers start.
pub(crate) fn lamps(tx: &mut Transaction<'_>) -> Result<()> {
    for name in ["a", "b"] {
        tx.create(EntityId::ROOT, name, Lamp::builder())?;
    }
    Ok(())
}

pub(crate) fn lamp(app: &TestApp, name: &str) -> EntityId {
    app.store().find(&format!("/{name}")).unwrap()
}

pub(crate) async fn level(app: &TestApp, lamp: EntityId, level: i64) {
    let mut lamp = app.store().entity::<Lamp>(lamp).unwrap();
    lamp.set_level(level).commit().await.unwrap();
}

pub(crate) async fn echo(app: &TestApp, lamp: EntityId, echo: i64) {
    let mut lamp = app.store().entity::<Lamp>(lamp).unwrap();
    lamp.set_echo(echo).commit().await.unwrap();
}

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
