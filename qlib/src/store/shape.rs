//! Rate shaping: at most one change per interval and entity, and none that is too small. The first
//! and the last value always arrive.

use std::collections::BTreeSet;
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::time::Instant;

use crate::model::{EntityId, Value, ValueRef};
use crate::store::event::Delivery;
use crate::tree::Tree;

/// How long a change within the deadband waits for a larger one, where no interval says.
const SETTLE: Duration = Duration::from_secs(1);
/// Entities that are remembered before those that are gone are looked for.
const MANY: usize = 1024;

/// The shaping of one subscription. It holds one change per entity at most: the last one.
#[derive(Debug)]
pub(crate) struct Shape {
    interval: Option<Duration>,
    deadband: f64,
    /// Equal values are delivered too.
    writes: bool,
    entities: FxHashMap<EntityId, Shaping>,
    /// When the changes that are held become due.
    due: BTreeSet<(Instant, EntityId)>,
    many: usize,
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
    pub(crate) fn new(interval: Option<Duration>, deadband: f64, writes: bool) -> Self {
        Self {
            interval,
            deadband,
            writes,
            entities: FxHashMap::default(),
            due: BTreeSet::new(),
            many: MANY,
        }
    }

    /// Passes a change on, or holds it in place of the one that was held before.
    pub(crate) fn pass(&mut self, mut delivery: Delivery) -> Shaped {
        let (now, id) = (Instant::now(), delivery.id());
        let Some(shaping) = self.entities.get_mut(&id) else {
            self.note(&delivery);
            return Shaped::Now(delivery);
        };
        delivery.seen = Some(shaping.value.clone());
        let early = self
            .interval
            .is_some_and(|interval| now < shaping.delivered + interval);
        let distance = match (
            shaping
                .value
                .as_ref()
                .and_then(|value| value.as_ref().as_number()),
            delivery.current().and_then(ValueRef::as_number),
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
            if let Some((before, _)) = shaping.held.replace((due, delivery)) {
                self.due.remove(&(before, id));
            }
            self.due.insert((due, id));
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
        let shaping = Shaping {
            delivered: Instant::now(),
            value: delivery.current().map(ValueRef::to_value),
            held: None,
        };
        let id = delivery.id();
        if let Some((due, _)) = self.entities.insert(id, shaping).and_then(|old| old.held) {
            self.due.remove(&(due, id));
        }
    }

    /// When the next change that is held is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due.first().map(|(due, _)| *due)
    }

    /// A held change whose time has come; one that ended where it began is dropped.
    pub(crate) fn take_due(&mut self) -> Option<Delivery> {
        let now = Instant::now();
        while let Some((due, id)) = self.due.first().copied().filter(|(due, _)| *due <= now) {
            self.due.remove(&(due, id));
            let Some(shaping) = self.entities.get_mut(&id) else {
                continue;
            };
            let Some((_, delivery)) = shaping.held.take() else {
                continue;
            };
            let differs = delivery.current() != shaping.value.as_ref().map(Value::as_ref);
            if self.writes || differs {
                self.note(&delivery);
                return Some(delivery);
            }
        }
        None
    }

    #[cfg(test)]
    pub(crate) fn remembered(&self) -> usize {
        self.entities.len()
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.entities.clear();
        self.due.clear();
    }

    /// Forgets entities that are gone, once there are many.
    pub(crate) fn prune(&mut self, tree: &Tree) {
        if self.entities.len() < self.many {
            return;
        }
        self.entities
            .retain(|id, shaping| shaping.held.is_some() || tree.entity(*id).is_some());
        self.many = MANY.max(self.entities.len() * 2);
    }
}
