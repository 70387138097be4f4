//! Who waits for what: for each topic that somebody reads, the revisions that concern it.
//!
//! A reader has a position and a topic. What lies between the position and now is found in the
//! topic's list, which all readers of the topic share; no reader has a queue of its own, and one
//! that reads rarely costs a writer nothing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Waker;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use crate::model::{Applied, Effect, EntityId, FieldId, Revision, TypeId, Value};
use crate::store::event::subject_of;
use crate::store::past::Past;
use crate::store::window::Window;
use crate::tree::Tree;

/// What a reader reads about: a field, or one of the events below; of one entity, of a type and
/// those that extend it, or of all.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Topic {
    pub(crate) what: FieldId,
    pub(crate) of: Of,
}

/// Whom a topic is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Of {
    All,
    Type(TypeId),
    Entity(EntityId),
}

/// Entities that are made.
pub(crate) const CREATED: FieldId = FieldId(u32::MAX);
/// Entities that are deleted.
pub(crate) const DELETED: FieldId = FieldId(u32::MAX - 1);
/// Entities that move below another parent or get another name.
pub(crate) const MOVED: FieldId = FieldId(u32::MAX - 2);
/// Types that are declared or redefined.
pub(crate) const SCHEMA: FieldId = FieldId(u32::MAX - 3);

/// How far a subscription has read, and how it is woken.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) name: SmolStr,
    pub(crate) topic: Topic,
    pub(crate) position: AtomicU64,
    waker: Mutex<Option<Waker>>,
    /// Whether it is among those that its topic wakes.
    parked: AtomicBool,
}

impl Reader {
    pub(crate) fn new(name: SmolStr, topic: Topic, position: Revision) -> Self {
        Self {
            name,
            topic,
            position: AtomicU64::new(position),
            waker: Mutex::default(),
            parked: AtomicBool::new(false),
        }
    }

    /// Forgets whom to wake.
    pub(crate) fn silence(&self) -> Option<Waker> {
        self.waker.lock().take()
    }
}

/// How many commits fall out of the window before topics that nothing enters forget theirs.
const TIDY: Revision = 4096;

#[derive(Debug, Default)]
struct Route {
    readers: usize,
    /// The list is complete behind this revision, as far as the window reaches.
    since: Revision,
    revisions: VecDeque<Revision>,
    /// The newest revision that fell out of the list with the window.
    lost: Revision,
    parked: Mutex<Vec<Arc<Reader>>>,
}

/// All topics that somebody reads.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    by_topic: FxHashMap<Topic, Route>,
    /// The newest revision that fell out of the window.
    passed: Revision,
    /// Readers by whom their topics are about: where there are none, no change is looked up so.
    of_types: usize,
    of_entities: usize,
    of_all: usize,
}

impl Routes {
    /// Adds a reader of what comes behind `from`.
    pub(crate) fn open(&mut self, topic: Topic, from: Revision, tree: &Tree, window: &Window) {
        *self.count(topic.of) += 1;
        let route = self.by_topic.entry(topic).or_insert_with(|| Route {
            since: tree.revision(),
            ..Route::default()
        });
        route.readers += 1;
        if from < route.since {
            let first = (from + 1).max(window.first());
            for revision in (first..=route.since).rev() {
                let past = Past {
                    tree,
                    window,
                    revision,
                };
                let concerns = |applied: &Applied| {
                    let mut effects = applied.effects.iter();
                    effects.any(|effect| concerns(topic, effect, past))
                };
                if window.get(revision).is_some_and(concerns) {
                    route.revisions.push_front(revision);
                }
            }
            route.since = from;
        }
    }

    /// Removes a reader.
    pub(crate) fn close(&mut self, reader: &Arc<Reader>) {
        let Some(route) = self.by_topic.get_mut(&reader.topic) else {
            return;
        };
        route.readers -= 1;
        if route.readers == 0 {
            self.by_topic.remove(&reader.topic);
        } else if reader.parked.load(Ordering::Relaxed) {
            let parked = route.parked.get_mut();
            parked.retain(|other| !Arc::ptr_eq(other, reader));
        }
        *self.count(reader.topic.of) -= 1;
    }

    fn count(&mut self, of: Of) -> &mut usize {
        match of {
            Of::All => &mut self.of_all,
            Of::Type(_) => &mut self.of_types,
            Of::Entity(_) => &mut self.of_entities,
        }
    }

    /// How many topics somebody reads.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.by_topic.len()
    }

    #[cfg(test)]
    pub(crate) fn parked(&self) -> usize {
        self.by_topic
            .values()
            .map(|route| route.parked.lock().len())
            .sum()
    }

    /// The revisions after `position` that concern the topic, in order.
    #[inline]
    pub(crate) fn after(&self, topic: Topic, position: Revision) -> impl Iterator<Item = Revision> {
        self.by_topic
            .get(&topic)
            .into_iter()
            .flat_map(move |route| route.revisions.range(route.start(position)..).copied())
    }

    /// The newest revision of the topic that fell out of the window; 0 if none did.
    pub(crate) fn lost(&self, topic: Topic) -> Revision {
        let lost = |route: &Route| {
            let rest = route.revisions.iter().copied();
            let passed = rest.take_while(|revision| *revision <= self.passed);
            passed.last().unwrap_or(route.lost)
        };
        self.by_topic.get(&topic).map_or(0, lost)
    }

    /// Wakes `waker` once, when the reader's topic has something new.
    pub(crate) fn park(&self, reader: &Arc<Reader>, waker: &Waker) {
        let mut slot = reader.waker.lock();
        if !slot.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *slot = Some(waker.clone());
        }
        drop(slot);
        if !reader.parked.swap(true, Ordering::Relaxed)
            && let Some(route) = self.by_topic.get(&reader.topic)
        {
            route.parked.lock().push(Arc::clone(reader));
        }
    }

    /// Enters a commit under its topics; adds those who waited for it to `woken`. `past` is the tree
    /// behind it.
    pub(crate) fn enter(&mut self, applied: &Applied, past: Past<'_>, woken: &mut Vec<Waker>) {
        let (revision, passed) = (applied.revision, self.passed);
        self.visit(&applied.effects, past, |route| {
            if route.revisions.back() != Some(&revision) {
                route.forget(passed);
                route.revisions.push_back(revision);
            }
            route.wake(woken);
        });
    }

    /// Takes a commit that fell out of the window from its topics, the oldest one. A topic forgets it
    /// when something enters there: looking up which those are costs as much as entering did.
    pub(crate) fn forget(&mut self, revision: Revision) {
        self.passed = revision;
        // Nothing may ever enter again.
        if revision.is_multiple_of(TIDY) {
            for route in self.by_topic.values_mut() {
                route.forget(revision);
            }
        }
    }

    /// Begins anew with another window: what lies before it is lost to those who have not read it.
    pub(crate) fn restart(&mut self, window: &Window, tree: &Tree, woken: &mut Vec<Waker>) {
        let lost = window.first() - 1;
        self.passed = lost;
        for route in self.by_topic.values_mut() {
            route.revisions.clear();
            (route.lost, route.since) = (lost, lost);
        }
        self.enter_behind(lost, window, tree, woken);
        self.wake_all(woken);
    }

    /// Enters the commits of a window behind a revision.
    pub(crate) fn enter_behind(
        &mut self,
        behind: Revision,
        window: &Window,
        tree: &Tree,
        woken: &mut Vec<Waker>,
    ) {
        for revision in behind + 1..=tree.revision() {
            if let Some(applied) = window.get(revision) {
                let past = Past {
                    tree,
                    window,
                    revision,
                };
                self.enter(applied, past, woken);
            }
        }
    }

    /// Visits the topics of each effect of a commit; `past` is the tree behind it.
    #[inline]
    fn visit(&mut self, effects: &[Effect], past: Past<'_>, mut visit: impl FnMut(&mut Route)) {
        if self.by_topic.is_empty() {
            return;
        }
        let (of_types, of_entities, of_all) =
            (self.of_types > 0, self.of_entities > 0, self.of_all > 0);
        for effect in effects {
            let (id, entity_type) = subject_of(effect);
            for what in whats(effect) {
                let mut look = |of| {
                    if let Some(route) = self.by_topic.get_mut(&Topic { what, of }) {
                        visit(route);
                    }
                };
                if of_types {
                    for each in past.lineage(entity_type).iter() {
                        look(Of::Type(*each));
                    }
                }
                if of_entities {
                    look(Of::Entity(id));
                }
                if of_all {
                    look(Of::All);
                }
            }
        }
    }

    /// All who wait, for whatever: for events that concern everybody.
    pub(crate) fn wake_all(&mut self, woken: &mut Vec<Waker>) {
        for route in self.by_topic.values_mut() {
            route.wake(woken);
        }
    }
}

impl Route {
    /// Where the revisions after `position` begin.
    #[inline]
    fn start(&self, position: Revision) -> usize {
        let revisions = &self.revisions;
        let newest = revisions.back().copied().unwrap_or(0);
        let Some(behind @ 1..) = newest.checked_sub(position) else {
            return revisions.len();
        };
        // There are so many at most. Where each commit concerns the topic, they are all of them.
        let earliest = revisions.len().saturating_sub(behind as usize);
        if revisions[earliest] > position {
            return earliest;
        }
        revisions.partition_point(|revision| *revision <= position)
    }

    /// Forgets the revisions up to `until`.
    fn forget(&mut self, until: Revision) {
        while let Some(revision) = self.revisions.pop_front_if(|it| *it <= until) {
            self.lost = revision;
        }
    }

    fn wake(&mut self, woken: &mut Vec<Waker>) {
        for reader in self.parked.get_mut().drain(..) {
            reader.parked.store(false, Ordering::Relaxed);
            woken.extend(reader.silence());
        }
    }
}

/// What an effect is about.
#[inline]
fn whats(effect: &Effect) -> impl Iterator<Item = FieldId> {
    let (events, values): (&[FieldId], &[(FieldId, Value)]) = match effect {
        Effect::Field(change) => (std::slice::from_ref(&change.field), &[]),
        Effect::Created(created) => (&[CREATED, FieldId::NAME, FieldId::PARENT], &created.values),
        Effect::Placed(_) => (&[MOVED, FieldId::NAME, FieldId::PARENT], &[]),
        Effect::Deleted(_) => (&[DELETED], &[]),
        Effect::Schema(_) => (&[SCHEMA], &[]),
    };
    let fields = values.iter().map(|(field, _)| *field);
    events.iter().copied().chain(fields)
}

/// Whether an effect concerned a topic.
fn concerns(topic: Topic, effect: &Effect, past: Past<'_>) -> bool {
    let (id, entity_type) = subject_of(effect);
    whats(effect).any(|what| what == topic.what)
        && match topic.of {
            Of::All => true,
            Of::Type(wanted) => past.is_a(entity_type, wanted),
            Of::Entity(wanted) => id == wanted,
        }
}
