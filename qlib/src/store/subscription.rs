//! Readers of the log: a position, a filter and a waker.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use smol_str::SmolStr;

use crate::model::{
    Applied, Change as Effect, EntityId, FieldChange, FieldId, Result, Revision, Stamp, TypeId,
    Value, ValueRef,
};
use crate::store::core::{Core, Reader, Shared};
use crate::store::event::{Delivery, Event, Lagged, current, previous, subject_of};
use crate::store::past::Past;
use crate::store::routes::Topic;
use crate::store::shape::{Shape, Shaped};
use crate::tree::{Lens, resolve};

/// What a subscription is about.
pub(crate) struct Interest {
    pub(crate) name: SmolStr,
    pub(crate) topic: Topic,
    /// Only this entity, of all that the topic is about.
    pub(crate) only: Option<EntityId>,
    /// Only entities of this type, or of one that extends it.
    pub(crate) entity_type: Option<TypeId>,
    /// Writes of an equal value too.
    pub(crate) writes: bool,
    /// Only the newest value of each field.
    pub(crate) latest: bool,
    /// Not the changes that this handler caused.
    pub(crate) not_by: Option<SmolStr>,
    /// Paths of fields to deliver with each change.
    pub(crate) context: Vec<SmolStr>,
    pub(crate) condition: Option<Condition>,
    pub(crate) shape: Option<Shape>,
    /// Deliver what exists already first.
    pub(crate) initial: bool,
}

/// Decides from a change and its context whether it is delivered.
pub(crate) type Condition = Box<dyn Fn(&Delivery) -> bool + Send>;

/// A reader of changes. Dropping it ends it.
pub struct Subscription {
    shared: Arc<Shared>,
    interest: Interest,
    reader: Arc<Reader>,
    position: Revision,
    /// Changes of the next revision of the topic that were read already.
    offset: usize,
    /// Where the reader had read everything last: what it saw of a merged field was the value then.
    base: Revision,
    seen_resync: Revision,
    first_values: Option<FirstValues>,
}

/// What existed when a subscription began, delivered from a snapshot.
struct FirstValues {
    tree: crate::tree::Tree,
    pending: VecDeque<EntityId>,
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "subscription {} at revision {}",
            self.interest.name, self.position
        )
    }
}

/// What a look at the log found.
enum Found {
    Event(Event),
    /// Nothing yet.
    CaughtUp,
}

impl Subscription {
    /// Begins to read behind the newest commit, or behind `from`.
    pub(crate) fn begin(
        shared: &Arc<Shared>,
        interest: Interest,
        from: Option<Revision>,
    ) -> Result<Self> {
        let (position, seen_resync, first_values) = shared.change(|core| {
            core.routes.open(interest.topic);
            let first_values = interest.initial.then(|| FirstValues::of(core, &interest));
            (
                from.unwrap_or(core.tree.revision()),
                core.resync,
                first_values,
            )
        })?;
        let reader = Arc::new(Reader {
            name: interest.name.clone(),
            position: AtomicU64::new(position),
        });
        shared.readers.lock().push(Arc::downgrade(&reader));
        let shared = Arc::clone(shared);
        Ok(Self {
            shared,
            interest,
            reader,
            position,
            offset: 0,
            base: position,
            seen_resync,
            first_values,
        })
    }

    /// The next event; waits until there is one.
    pub async fn next(&mut self) -> Event {
        loop {
            let due = self.interest.shape.as_ref().and_then(Shape::due);
            let event = std::future::poll_fn(|context| self.poll_next(context));
            match due {
                None => return event.await,
                Some(due) => {
                    if let Ok(event) = tokio::time::timeout_at(due, event).await {
                        return event;
                    }
                }
            }
        }
    }

    /// The next event, if there is one already.
    pub fn try_next(&mut self) -> Option<Event> {
        self.look(None)
    }

    /// Polls for the next event. A change that is held back by a minimum interval becomes ready
    /// with time: whoever polls must do so again when [`Subscription::due`] says.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        match self.look(Some(context.waker())) {
            Some(event) => Poll::Ready(event),
            None => Poll::Pending,
        }
    }

    /// When a change that is held back becomes ready.
    #[must_use]
    pub fn due(&self) -> Option<tokio::time::Instant> {
        self.interest.shape.as_ref().and_then(Shape::due)
    }

    /// Reads all changes that are there, without waiting and without a copy of any. First values,
    /// context, conditions and rate shaping are for [`Subscription::next`]: this is the bare log.
    /// Returns how many there were.
    pub fn read_ready(&mut self, mut see: impl FnMut(&Applied, &Effect)) -> usize {
        let shared = Arc::clone(&self.shared);
        let core = shared.read();
        let mut count = 0;
        let _ = self.scan(&core, |_, commit, index| {
            see(commit, &commit.changes[index]);
            count += 1;
            ControlFlow::<()>::Continue(())
        });
        count
    }

    /// The revision up to which everything was read.
    #[must_use]
    pub fn position(&self) -> Revision {
        self.position
    }

    /// Lets another reader of the same field shape the changes of an entity from here on. What is
    /// held back goes: the other one reads it itself.
    pub(crate) fn hand_over_shape(&mut self, other: &mut Self, id: EntityId) {
        if let (Some(from), Some(to)) = (&mut self.interest.shape, &mut other.interest.shape) {
            from.hand_over(to, id);
        }
    }

    /// Ends the subscription; dropping it does the same.
    pub fn unsubscribe(self) {}

    fn look(&mut self, waker: Option<&Waker>) -> Option<Event> {
        let shared = Arc::clone(&self.shared);
        let core = shared.read();
        let found = self.find(&core);
        self.reader.position.store(self.position, Ordering::Relaxed);
        match found {
            Found::Event(event) => Some(event),
            Found::CaughtUp => {
                // No commit can come between the look and this: the core is locked.
                if let Some(waker) = waker {
                    core.routes.park(self.interest.topic, waker);
                }
                None
            }
        }
    }

    fn find(&mut self, core: &Core) -> Found {
        if let Some(event) = self.first_value(core) {
            return Found::Event(event);
        }
        loop {
            if let Some(held) = self.interest.shape.as_mut().and_then(Shape::take_due) {
                return Found::Event(Event::Change(held));
            }
            if let Some(event) = self.lost(core).or_else(|| self.resync(core)) {
                return Found::Event(event);
            }
            let found = self.scan(core, |subscription, commit, index| {
                match subscription.delivery(core, Arc::clone(commit), index) {
                    Some(delivery) => ControlFlow::Break(delivery),
                    None => ControlFlow::Continue(()),
                }
            });
            let Some(delivery) = found else {
                return Found::CaughtUp;
            };
            match &mut self.interest.shape {
                None => return Found::Event(Event::Change(delivery)),
                Some(shape) => {
                    if let Shaped::Now(delivery) = shape.pass(delivery) {
                        return Found::Event(Event::Change(delivery));
                    }
                }
            }
        }
    }

    /// Whether changes fell out of the window before they were read.
    fn lost(&mut self, core: &Core) -> Option<Event> {
        let first = core.window.first();
        if self.position + 1 >= first {
            return None;
        }
        let oldest = core.routes.after(self.interest.topic, self.position).next();
        let passed = core.routes.lost(self.interest.topic) > self.position
            || oldest.is_some_and(|oldest| oldest < first);
        let read = self.position;
        self.position = first - 1;
        self.offset = 0;
        passed.then_some(Event::Lagged(Lagged { read, next: first }))
    }

    /// Whether the whole tree was replaced before the next change.
    fn resync(&mut self, core: &Core) -> Option<Event> {
        let resync = core.resync;
        if self.seen_resync == resync {
            return None;
        }
        let next = core.routes.after(self.interest.topic, self.position).next();
        if next.is_some_and(|next| next < resync) {
            return None;
        }
        self.seen_resync = resync;
        if self.interest.latest {
            // A screen is better served by what is there now than by what differs.
            self.position = core.tree.revision();
            self.offset = 0;
            self.base = self.position;
            self.first_values = Some(FirstValues::of(core, &self.interest));
        }
        Some(Event::Resync { revision: resync })
    }

    /// Walks over the changes of the topic from the position on, until `visit` breaks.
    fn scan<B>(
        &mut self,
        core: &Core,
        mut visit: impl FnMut(&mut Self, &Arc<Applied>, usize) -> ControlFlow<B>,
    ) -> Option<B> {
        for revision in core.routes.after(self.interest.topic, self.position) {
            let Some(commit) = core.window.get(revision) else {
                continue;
            };
            let start = std::mem::take(&mut self.offset);
            for index in start..commit.changes.len() {
                if !self.concerns(core, commit, &commit.changes[index]) {
                    continue;
                }
                self.position = revision - 1;
                self.offset = index + 1;
                if let ControlFlow::Break(found) = visit(self, commit, index) {
                    return Some(found);
                }
            }
            self.position = revision;
            self.offset = 0;
        }
        self.position = core.tree.revision();
        self.base = self.position;
        None
    }

    #[inline]
    fn concerns(&self, core: &Core, commit: &Applied, effect: &Effect) -> bool {
        let interest = &self.interest;
        let (id, entity_type) = subject_of(effect);
        is_about(effect, interest.topic.what, interest.writes)
            && interest.topic.entity.is_none_or(|entity| entity == id)
            && interest.only.is_none_or(|entity| entity == id)
            && interest
                .entity_type
                .is_none_or(|wanted| core.tree.is_a(entity_type, wanted))
            && match (&interest.not_by, &commit.cause) {
                (Some(handler), Some(cause)) => cause.handler != *handler,
                _ => true,
            }
    }

    /// The change as it is delivered, unless merging or the condition drops it.
    fn delivery(&self, core: &Core, commit: Arc<Applied>, index: usize) -> Option<Delivery> {
        let field = self.interest.topic.what;
        let mut seen = None;
        if let (true, Effect::Field(change)) = (self.interest.latest, &commit.changes[index]) {
            let newest = core
                .tree
                .entity(change.id)
                .and_then(|entity| entity.stamp(field).ok());
            if newest.is_none_or(|newest| newest.revision != commit.revision) {
                return None;
            }
            seen = self
                .past(core, self.base)
                .column(change.id, field)
                .map(|(value, _)| value);
            if !self.interest.writes && seen.as_ref() == Some(&change.current) {
                return None;
            }
        }
        let mut delivery = Delivery {
            commit,
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
    fn first_value(&mut self, core: &Core) -> Option<Event> {
        let mut first = self.first_values.take()?;
        while let Some(id) = first.pending.pop_front() {
            let Some(delivery) = self.existing(&first, id) else {
                continue;
            };
            let concerns = self.concerns(core, &delivery.commit, delivery.effect());
            let wanted = self
                .interest
                .condition
                .as_ref()
                .is_none_or(|condition| condition(&delivery));
            if concerns && wanted {
                if let Some(shape) = &mut self.interest.shape {
                    shape.note(&delivery);
                }
                self.first_values = Some(first);
                return Some(Event::Change(delivery));
            }
        }
        Some(Event::SnapshotEnd {
            revision: first.tree.revision(),
        })
    }

    fn existing(&self, first: &FirstValues, id: EntityId) -> Option<Delivery> {
        let (entity, field) = (first.tree.entity(id)?, self.interest.topic.what);
        let current = entity.value(field).ok()??;
        let stamp = entity.stamp(field).ok()?;
        let change = FieldChange {
            id,
            entity_type: entity.entity_type(),
            field,
            previous: None,
            previous_stamp: Stamp::NEVER,
            current: Some(current),
        };
        let commit = Applied {
            revision: stamp.revision,
            time: stamp.time,
            writer: first.tree.writer(stamp.writer).clone(),
            cause: None,
            depth: 0,
            resync: false,
            changes: smallvec::smallvec![Effect::Field(change)],
        };
        let context = self.context(&first.tree, id);
        Some(Delivery {
            commit: Arc::new(commit),
            index: 0,
            field,
            seen: None,
            context,
            first_value: true,
        })
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.shared.close_later(self.interest.topic);
    }
}

impl FirstValues {
    fn of(core: &Core, interest: &Interest) -> Self {
        let tree = core.tree.clone();
        let pending = match (interest.topic.entity, interest.entity_type) {
            (Some(entity), _) => VecDeque::from([entity]),
            (None, Some(entity_type)) => tree
                .entities(entity_type)
                .map(|entity| entity.id())
                .collect(),
            (None, None) => VecDeque::new(),
        };
        Self { tree, pending }
    }
}

/// Whether an effect is about a field, or is an event of that kind.
#[inline]
fn is_about(effect: &Effect, what: FieldId, writes: bool) -> bool {
    use crate::store::routes::{CREATED, DELETED, MOVED, SCHEMA};
    match effect {
        Effect::Field(change) => change.field == what && (writes || change.is_change()),
        Effect::Created(_) => what == CREATED || current(effect, what).is_some(),
        Effect::Placed(_) => {
            what == MOVED
                || current(effect, what).is_some_and(|now| Some(now) != previous(effect, what))
        }
        Effect::Deleted(_) => what == DELETED,
        Effect::Schema(_) => what == SCHEMA,
    }
}

/// A value as a number, for a deadband.
pub(crate) fn number(value: Option<ValueRef<'_>>) -> Option<f64> {
    match value? {
        ValueRef::Int(value) => Some(value as f64),
        ValueRef::Float(value) => Some(value),
        _ => None,
    }
}
