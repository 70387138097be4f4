//! Rate shaping: at most one change per interval and entity, and none that is too small. The first
//! and the last value always arrive.

use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::time::Instant;

use crate::model::{EntityId, Value, ValueRef};
use crate::store::event::Delivery;
use crate::store::subscription::number;

/// How long a change within the deadband waits for a larger one, where no interval says.
const SETTLE: Duration = Duration::from_secs(1);

/// The shaping of one subscription. It holds one change per entity at most: the last one.
#[derive(Debug)]
pub(crate) struct Shape {
    interval: Option<Duration>,
    deadband: f64,
    entities: FxHashMap<EntityId, Shaping>,
}

#[derive(Debug)]
struct Shaping {
    delivered: Instant,
    value: Option<Value>,
    held: Option<(Instant, Delivery)>,
}

/// What becomes of a change.
pub(crate) enum Shaped {
    Now(Delivery),
    Held,
}

impl Shape {
    pub(crate) fn new(interval: Option<Duration>, deadband: f64) -> Self {
        Self {
            interval,
            deadband,
            entities: FxHashMap::default(),
        }
    }

    /// Passes a change on, or holds it in place of the one that was held before.
    pub(crate) fn pass(&mut self, mut delivery: Delivery) -> Shaped {
        let now = Instant::now();
        let Some(shaping) = self.entities.get_mut(&delivery.id()) else {
            self.note(&delivery);
            return Shaped::Now(delivery);
        };
        delivery.seen = Some(shaping.value.clone());
        let early = self
            .interval
            .is_some_and(|interval| now < shaping.delivered + interval);
        let distance = match (
            number(shaping.value.as_ref().map(Value::as_ref)),
            number(delivery.current()),
        ) {
            (Some(before), Some(current)) => (current - before).abs(),
            _ => f64::INFINITY,
        };
        if early || distance < self.deadband {
            let due = match self.interval {
                Some(interval) if early => shaping.delivered + interval,
                Some(interval) => now + interval,
                None => now + SETTLE,
            };
            shaping.held = Some((due, delivery));
            return Shaped::Held;
        }
        self.note(&delivery);
        Shaped::Now(delivery)
    }

    /// Moves what is known of an entity, without what is held back.
    pub(crate) fn hand_over(&mut self, other: &mut Self, id: EntityId) {
        other.entities.remove(&id);
        if let Some(mut shaping) = self.entities.remove(&id) {
            shaping.held = None;
            other.entities.insert(id, shaping);
        }
    }

    /// Notes that a change is delivered.
    pub(crate) fn note(&mut self, delivery: &Delivery) {
        let value = delivery.current().map(ValueRef::to_value);
        self.entities.insert(
            delivery.id(),
            Shaping {
                delivered: Instant::now(),
                value,
                held: None,
            },
        );
    }

    /// When the next change that is held is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.entities
            .values()
            .filter_map(|shaping| Some(shaping.held.as_ref()?.0))
            .min()
    }

    /// A held change whose time has come; one that ended where it began is dropped.
    pub(crate) fn take_due(&mut self) -> Option<Delivery> {
        let now = Instant::now();
        loop {
            let due = |shaping: &Shaping| shaping.held.as_ref().is_some_and(|(due, _)| *due <= now);
            let shaping = self.entities.values_mut().find(|shaping| due(shaping))?;
            let (_, delivery) = shaping.held.take()?;
            if delivery.current() != shaping.value.as_ref().map(Value::as_ref) {
                self.note(&delivery);
                return Some(delivery);
            }
        }
    }
}
