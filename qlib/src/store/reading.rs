//! How a subscription finds its next event.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use smol_str::SmolStr;

use crate::model::{
    Applied, Author, CreatedEntity, Effect, EntityId, Error, FieldChange, FieldId, Place, Position,
    Revision, Stamp, Value,
};
use crate::store::behind::Behind;
use crate::store::core::Core;
use crate::store::durable::Waiting;
use crate::store::event::{Delivery, Event, LagReason, Lagged, current, previous, subject_of};
use crate::store::past::Past;
use crate::store::routes::{CREATED, DELETED, MOVED, Of, SCHEMA};
use crate::store::shape::Shaped;
use crate::store::subscription::{FirstValues, Interest, Subscription};
use crate::tree::{Lens, resolve};

impl Subscription {
    /// The next event, if there is one; if not, `waker` is woken when there may be.
    pub(super) fn look(&mut self, waker: Option<&Waker>) -> Option<Event> {
        let found = self.read(waker, |subscription, core| {
            let found = subscription.find(core);
            if found.is_none() && subscription.interest.after_durable {
                return subscription.find_durable(core, waker);
            }
            found
        });
        // What a shape holds back becomes due while the log is read, too.
        found.or_else(|| self.held())
    }

    fn held(&mut self) -> Option<Event> {
        let shape = self.interest.shape.as_mut()?;
        shape.take_due().map(Event::Change)
    }

    /// Makes known how far it has read.
    pub(super) fn note(&mut self, core: &Core) {
        self.reader.position.store(self.position, Ordering::Relaxed);
        let (newest, read) = match u32::try_from(self.offset) {
            Ok(0) | Err(_) => (self.position, None),
            Ok(read) => (self.position + 1, Some(read)),
        };
        if let Some(position) = core.position_at(newest) {
            self.place = Position { read, ..position };
        }
    }

    /// Begins anew with what is there now: nobody knows what it missed.
    pub(super) fn start_anew(&mut self, core: &Core) {
        let revision = core.tree.revision();
        self.skip_to(revision);
        self.late = false;
        self.seen_resync = revision;
        self.first_values = Some(FirstValues::of(core));
        self.interrupted = Some(Event::Resync { revision });
    }

    /// The next event, if one becomes durable meanwhile; if not, `waker` is woken when one does.
    fn find_durable(&mut self, core: &Core, waker: Option<&Waker>) -> Option<Event> {
        let shared = Arc::clone(&self.shared);
        let group = shared.group.get()?;
        let context = Context::from_waker(waker.unwrap_or(Waker::noop()));
        while let Some(next) = self.next_applied(core)
            && !self.told_failure
        {
            let same = self.waiting.take().filter(|same| same.revision() == next);
            let mut waiting = same.unwrap_or_else(|| Waiting::new(Arc::clone(group), next));
            match waiting.poll(&context) {
                Poll::Pending => {
                    self.waiting = Some(waiting);
                    return None;
                }
                Poll::Ready(Err(Error::OutcomeUnknown { reason, .. })) => {
                    self.told_failure = true;
                    return Some(Event::Failed(reason));
                }
                Poll::Ready(_) => {}
            }
            if let Some(found) = self.find(core) {
                return Some(found);
            }
        }
        None
    }

    /// The revision of what comes next, durable or not.
    fn next_applied(&self, core: &Core) -> Option<Revision> {
        if let Some(first) = &self.first_values {
            return Some(first.tree.revision());
        }
        let seen = self.seen_resync;
        let resync = core.resyncs.iter().copied().find(|resync| *resync > seen);
        let change = core.routes.after(self.interest.topic, self.position).next();
        resync.into_iter().chain(change).min()
    }

    /// The newest revision that may be delivered.
    fn limit(&self, core: &Core) -> Revision {
        let newest = core.tree.revision();
        match self.shared.group.get() {
            Some(group) if self.interest.after_durable => group.durable().min(newest),
            _ => newest,
        }
    }

    fn find(&mut self, core: &Core) -> Option<Event> {
        if let Some(event) = self.interrupted.take() {
            return Some(event);
        }
        if let Some(first) = &self.first_values
            && first.tree.revision() > self.limit(core)
        {
            return None;
        }
        if let Some(event) = self.first_value() {
            return Some(event);
        }
        loop {
            if let Some(held) = self.held() {
                return Some(held);
            }
            if let Some(event) = self.interruption(core) {
                return Some(event);
            }
            let found = self.scan(core, |subscription, commit, index| {
                match subscription.delivery(core, commit, index) {
                    Some(delivery) => ControlFlow::Break(delivery),
                    None => ControlFlow::Continue(()),
                }
            });
            let Some(delivery) = found else {
                if self.position < self.limit(core) {
                    continue;
                }
                return None;
            };
            match &mut self.interest.shape {
                None => return Some(Event::Change(delivery)),
                Some(shape) => {
                    shape.prune(&core.tree);
                    if let Shaped::Now(delivery) = shape.pass(delivery) {
                        return Some(Event::Change(delivery));
                    }
                }
            }
        }
    }

    /// What the reader must be told before the next change.
    pub(super) fn interruption(&mut self, core: &Core) -> Option<Event> {
        self.lost(core).or_else(|| self.resync(core))
    }

    /// Whether changes fell out of the window before they were read.
    fn lost(&mut self, core: &Core) -> Option<Event> {
        let first = core.window.first();
        if self.position + 1 >= first {
            return None;
        }
        let read = self.position;
        let reason = match std::mem::take(&mut self.behind) {
            Behind::Lost(reason) => Some(reason),
            _ => None,
        };
        let passed = core.routes.lost(self.interest.topic) > read || self.late || reason.is_some();
        self.late = false;
        self.skip_to(first - 1);
        passed.then(|| {
            Event::Lagged(Lagged {
                read,
                next: first,
                reason: reason.unwrap_or(LagReason::Window),
            })
        })
    }

    /// Whether the whole tree was replaced before the next change.
    fn resync(&mut self, core: &Core) -> Option<Event> {
        let revision = self.next_resync(core)?;
        let next = core.routes.after(self.interest.topic, self.position).next();
        if !self.interest.latest && next.is_some_and(|next| next < revision) {
            return None;
        }
        self.seen_resync = revision;
        if self.interest.latest {
            // A screen is better served by what is there now than by what differs.
            self.skip_to(core.tree.revision());
            self.first_values = Some(FirstValues::of(core));
            if let Some(shape) = &mut self.interest.shape {
                shape.clear();
            }
        }
        Some(Event::Resync { revision })
    }

    /// The commit that replaced the whole tree, of which the reader must be told next.
    fn next_resync(&self, core: &Core) -> Option<Revision> {
        let (seen, limit) = (self.seen_resync, self.limit(core));
        let resyncs = core.resyncs.iter().copied();
        let mut resyncs = resyncs.filter(|resync| *resync > seen && *resync <= limit);
        if self.interest.latest {
            resyncs.next_back()
        } else {
            resyncs.next()
        }
    }

    fn skip_to(&mut self, position: Revision) {
        self.position = position;
        self.base = position;
        self.head = position;
        self.offset = 0;
    }

    /// Walks over the changes of the topic from the position on, until `visit` breaks or a commit
    /// replaces the whole tree.
    pub(super) fn scan<B>(
        &mut self,
        core: &Core,
        mut visit: impl FnMut(&mut Self, &Applied, usize) -> ControlFlow<B>,
    ) -> Option<B> {
        let newest = match self.next_resync(core) {
            Some(resync) => resync - 1,
            // First values are of a revision that may not be durable yet.
            None => self.limit(core).max(self.position),
        };
        loop {
            if self.position == self.head {
                (self.base, self.head) = (self.position, newest);
            }
            for revision in core.routes.after(self.interest.topic, self.position) {
                if revision > self.head {
                    break;
                }
                let Some(commit) = core.window.get(revision) else {
                    continue;
                };
                let start = match self.position + 1 {
                    next if next == revision => self.offset,
                    _ => 0,
                };
                self.offset = 0;
                for index in start..commit.effects.len() {
                    if !self.concerns(core, commit, &commit.effects[index]) {
                        continue;
                    }
                    (self.position, self.offset) = if index + 1 == commit.effects.len() {
                        (revision, 0)
                    } else {
                        (revision - 1, index + 1)
                    };
                    if let ControlFlow::Break(found) = visit(self, commit, index) {
                        return Some(found);
                    }
                }
                self.position = revision;
                self.offset = 0;
            }
            self.position = self.head;
            self.offset = 0;
            if self.head == newest {
                self.base = newest;
                return None;
            }
        }
    }

    #[inline]
    fn concerns(&self, core: &Core, commit: &Applied, effect: &Effect) -> bool {
        let interest = &self.interest;
        let (id, entity_type) = subject_of(effect);
        is_about(effect, interest.topic.what, interest.writes)
            && match interest.topic.of {
                Of::All => true,
                Of::Type(wanted) => self
                    .past(core, commit.revision)
                    .lineage(entity_type)
                    .contains(&wanted),
                Of::Entity(wanted) => wanted == id,
            }
            && interest.only.is_none_or(|entity| entity == id)
            && match (&interest.not_by, &commit.author.cause) {
                (Some(handler), Some(cause)) => cause.handler != *handler,
                _ => true,
            }
    }

    /// The change as it is delivered, unless merging or the condition drops it.
    fn delivery(&self, core: &Core, commit: &Applied, index: usize) -> Option<Delivery> {
        let field = self.interest.topic.what;
        let effect = &commit.effects[index];
        let mut seen = None;
        if self.interest.latest && !is_event(field) {
            let (id, writes) = (subject_of(effect).0, self.interest.writes);
            let head = self.past(core, self.head);
            if !head.unchanged_since(id, field, commit.revision, writes) {
                return None;
            }
            // What it saw is known as far back as the window reaches.
            let base = self.base.max(core.window.first() - 1);
            let value = self.past(core, base).value(id, field);
            let same = value.as_ref().map(Value::as_ref) == current(effect, field);
            if same && !writes && base == self.base {
                return None;
            }
            seen = Some(value);
        }
        let mut delivery = Delivery {
            commit: Arc::new(Applied {
                author: Arc::clone(&commit.author),
                effects: smallvec::smallvec![effect.clone()],
                ..*commit
            }),
            index,
            field,
            seen,
            context: Vec::new(),
            first_value: false,
        };
        delivery.context = self.context(&self.past(core, delivery.revision()), delivery.id());
        match &self.interest.condition {
            Some(condition) if !condition(&delivery) => None,
            _ => Some(delivery),
        }
    }

    fn past<'a>(&self, core: &'a Core, revision: Revision) -> Past<'a> {
        Past {
            tree: &core.tree,
            window: &core.window,
            revision,
        }
    }

    fn context(&self, lens: &impl Lens, id: EntityId) -> Vec<Option<Value>> {
        let value = |path: &SmolStr| {
            let (entity, field) = resolve(lens, id, path).ok()?;
            let field = lens.tree().field_id(lens.type_of(entity)?, &field).ok()?;
            lens.value(entity, field)
        };
        self.interest.context.iter().map(value).collect()
    }

    /// The next of the first values, or their end.
    fn first_value(&mut self) -> Option<Event> {
        let mut first = self.first_values.take()?;
        let mut pending = first
            .pending
            .take()
            .unwrap_or_else(|| first.all(&self.interest));
        while let Some(id) = pending.pop_front() {
            let Some(delivery) = self.existing(&first, id) else {
                continue;
            };
            let wanted = |condition: &super::subscription::Condition| condition(&delivery);
            if self.interest.condition.as_ref().is_none_or(wanted) {
                if let Some(shape) = &mut self.interest.shape {
                    shape.note(&delivery);
                }
                first.pending = Some(pending);
                self.first_values = Some(first);
                return Some(Event::Change(delivery));
            }
        }
        Some(Event::SnapshotEnd {
            revision: first.tree.revision(),
        })
    }

    /// What exists already, as if it had just been written.
    fn existing(&self, first: &FirstValues, id: EntityId) -> Option<Delivery> {
        let (entity, field) = (first.tree.entity(id)?, self.interest.topic.what);
        let entity_type = entity.entity_type();
        let (effect, stamp) = if field == CREATED {
            let place = Place {
                parent: entity.parent()?.id(),
                name: entity.name().clone(),
                after: None,
                children_revision: 0,
            };
            let created = CreatedEntity {
                id,
                entity_type,
                place,
                values: Arc::default(),
            };
            let stamp = entity.stamp(FieldId::NAME).ok()?;
            (Effect::Created(Arc::new(created)), stamp)
        } else {
            let change = FieldChange {
                id,
                entity_type,
                field,
                previous: None,
                previous_stamp: Stamp::NEVER,
                current: Some(entity.value(field).ok()??),
            };
            (Effect::Field(change), entity.stamp(field).ok()?)
        };
        let commit = Applied {
            revision: stamp.revision,
            time: stamp.time,
            epoch: 0,
            chain: 0,
            author: Arc::new(Author {
                writer: first.tree.writer(stamp.writer).clone(),
                ..Author::default()
            }),
            resync: false,
            effects: smallvec::smallvec![effect],
        };
        Some(Delivery {
            commit: Arc::new(commit),
            index: 0,
            field,
            seen: None,
            context: self.context(&first.tree, id),
            first_value: true,
        })
    }
}

impl FirstValues {
    /// All that exists now. Who is asked about is found out when the first of it is read.
    pub(super) fn of(core: &Core) -> Self {
        Self {
            tree: core.tree.clone(),
            pending: None,
        }
    }

    fn all(&self, interest: &Interest) -> VecDeque<EntityId> {
        let of_type = |entity_type| self.tree.entities(entity_type).map(|entity| entity.id());
        match interest.topic.of {
            Of::Entity(entity) => VecDeque::from([entity]),
            Of::Type(entity_type) => of_type(entity_type).collect(),
            Of::All => {
                let is_base = |each: &_| self.tree.lineage(*each).len() == 1;
                let bases = self.tree.types().filter(is_base);
                bases.flat_map(of_type).collect()
            }
        }
    }
}

/// Whether a topic is about events, not about values.
fn is_event(what: FieldId) -> bool {
    matches!(what, CREATED | DELETED | MOVED | SCHEMA)
}

/// Whether an effect is about a field, or is an event of that kind.
#[inline]
fn is_about(effect: &Effect, what: FieldId, writes: bool) -> bool {
    match effect {
        Effect::Field(change) => change.field == what && (writes || change.is_change()),
        Effect::Created(_) => what == CREATED || current(effect, what).is_some(),
        Effect::Placed(placed) if what == MOVED => {
            let differs =
                |from: &Place| (from.parent, &from.name) != (placed.to.parent, &placed.to.name);
            differs(&placed.from)
        }
        Effect::Placed(_) => {
            current(effect, what).is_some_and(|now| Some(now) != previous(effect, what))
        }
        Effect::Deleted(_) => what == DELETED,
        Effect::Schema(_) => what == SCHEMA,
    }
}
