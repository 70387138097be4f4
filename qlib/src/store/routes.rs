//! Who waits for what: for each topic that somebody reads, the revisions that concern it.
//!
//! A reader has a position and a topic. What lies between the position and now is found in the
//! topic's list, which all readers of the topic share; no reader has a queue of its own, and one
//! that reads rarely costs a writer nothing.

use std::collections::VecDeque;
use std::task::Waker;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use crate::model::{Applied, Change, EntityId, FieldId, Revision};

/// What a reader reads about: a field, or one of the events below; of all entities, or of one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Topic {
    pub(crate) what: FieldId,
    pub(crate) entity: Option<EntityId>,
}

/// Entities that are made.
pub(crate) const CREATED: FieldId = FieldId(u32::MAX);
/// Entities that are deleted.
pub(crate) const DELETED: FieldId = FieldId(u32::MAX - 1);
/// Entities that move below another parent or get another name.
pub(crate) const MOVED: FieldId = FieldId(u32::MAX - 2);
/// Types that are declared or redefined.
pub(crate) const SCHEMA: FieldId = FieldId(u32::MAX - 3);

#[derive(Debug, Default)]
struct Route {
    readers: usize,
    revisions: VecDeque<Revision>,
    /// The newest revision that fell out of the list with the window.
    lost: Revision,
    parked: Mutex<Vec<Waker>>,
}

/// All topics that somebody reads.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    by_topic: FxHashMap<Topic, Route>,
    /// Topics of one entity: while there are none, no change is looked up under its entity.
    of_entities: usize,
}

impl Routes {
    pub(crate) fn open(&mut self, topic: Topic) {
        let route = self.by_topic.entry(topic).or_default();
        route.readers += 1;
        self.of_entities += usize::from(topic.entity.is_some());
    }

    pub(crate) fn close(&mut self, topic: Topic) {
        let Some(route) = self.by_topic.get_mut(&topic) else {
            return;
        };
        route.readers -= 1;
        self.of_entities -= usize::from(topic.entity.is_some());
        if route.readers == 0 {
            self.by_topic.remove(&topic);
        }
    }

    /// The revisions after `position` that concern the topic, in order.
    #[inline]
    pub(crate) fn after(&self, topic: Topic, position: Revision) -> impl Iterator<Item = Revision> {
        self.by_topic
            .get(&topic)
            .into_iter()
            .flat_map(move |route| {
                let start = match route.revisions.back() {
                    Some(newest) if *newest > position => route
                        .revisions
                        .partition_point(|revision| *revision <= position),
                    _ => route.revisions.len(),
                };
                route.revisions.range(start..).copied()
            })
    }

    /// The newest revision of the topic that is no longer in its list; 0 if none was lost.
    pub(crate) fn lost(&self, topic: Topic) -> Revision {
        self.by_topic.get(&topic).map_or(0, |route| route.lost)
    }

    /// Wakes `waker` once, when the topic has something new.
    pub(crate) fn park(&self, topic: Topic, waker: &Waker) {
        if let Some(route) = self.by_topic.get(&topic) {
            let mut parked = route.parked.lock();
            if !parked.iter().any(|other| other.will_wake(waker)) {
                parked.push(waker.clone());
            }
        }
    }

    /// Enters a commit under its topics; adds those who waited for it to `woken`. `first` is the
    /// oldest revision that the window still holds.
    pub(crate) fn enter(&mut self, applied: &Applied, first: Revision, woken: &mut Vec<Waker>) {
        if self.by_topic.is_empty() {
            return;
        }
        for change in &applied.changes {
            match change {
                Change::Field(change) => {
                    self.note(change.field, change.id, applied.revision, first, woken)
                }
                Change::Created(placed) => {
                    for what in [CREATED, FieldId::NAME, FieldId::PARENT] {
                        self.note(what, placed.id, applied.revision, first, woken);
                    }
                }
                Change::Placed(placed) => {
                    for what in [MOVED, FieldId::NAME, FieldId::PARENT] {
                        self.note(what, placed.id, applied.revision, first, woken);
                    }
                }
                Change::Deleted(deleted) => {
                    self.note(DELETED, deleted.id, applied.revision, first, woken)
                }
                Change::Schema(_) => {
                    self.note(SCHEMA, EntityId::ROOT, applied.revision, first, woken)
                }
            }
        }
    }

    fn note(
        &mut self,
        what: FieldId,
        id: EntityId,
        revision: Revision,
        first: Revision,
        woken: &mut Vec<Waker>,
    ) {
        if let Some(route) = self.by_topic.get_mut(&Topic { what, entity: None }) {
            route.note(revision, first, woken);
        }
        if self.of_entities > 0
            && let Some(route) = self.by_topic.get_mut(&Topic {
                what,
                entity: Some(id),
            })
        {
            route.note(revision, first, woken);
        }
    }

    /// All who wait, for whatever: for events that concern everybody.
    pub(crate) fn wake_all(&mut self, woken: &mut Vec<Waker>) {
        for route in self.by_topic.values_mut() {
            woken.append(route.parked.get_mut());
        }
    }
}

impl Route {
    fn note(&mut self, revision: Revision, first: Revision, woken: &mut Vec<Waker>) {
        if self.revisions.back() != Some(&revision) {
            self.revisions.push_back(revision);
        }
        while let Some(oldest) = self
            .revisions
            .front()
            .copied()
            .filter(|oldest| *oldest < first)
        {
            self.lost = oldest;
            self.revisions.pop_front();
        }
        woken.append(self.parked.get_mut());
    }
}
