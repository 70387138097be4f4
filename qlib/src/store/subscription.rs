//! Readers of the log: a position, a filter and a waker.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::task::{Context, Poll};

use smol_str::SmolStr;

use crate::model::{Applied, Effect, EntityId, Position, Result, Revision};
use crate::store::behind::Behind;
use crate::store::core::Shared;
use crate::store::durable::Waiting;
use crate::store::event::{Delivery, Event};
use crate::store::routes::{Reader, Topic};
use crate::store::shape::Shape;

/// What a subscription is about.
pub(crate) struct Interest {
    pub(crate) name: SmolStr,
    pub(crate) topic: Topic,
    /// Only this entity, of all that the topic is about.
    pub(crate) only: Option<EntityId>,
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
    /// Only what outlives the process.
    pub(crate) after_durable: bool,
}

/// Decides from a change and its context whether it is delivered.
pub(crate) type Condition = Box<dyn Fn(&Delivery) -> bool + Send>;

/// A reader of changes: a position in the log, a filter and a waker. Dropping it ends it.
///
/// ```
/// # use qlib::*;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let store = Store::memory()?;
/// # store.set_schema(Schema::new("Lamp").field("Brightness", Kind::Int)).await?;
/// # let desk = store.transaction(|tx| tx.create_named(EntityId::ROOT, "Desk", "Lamp", [])).await?;
/// let mut changes = store.subscribe_named("Lamp", "Brightness").start()?;
/// store.transaction(|tx| tx.set_value(desk, "Brightness", Value::Int(7))).await?;
/// let Event::Change(change) = changes.next().await else { unreachable!() };
/// assert_eq!((change.id(), change.current()), (desk, Some(ValueRef::Int(7))));
/// assert!(changes.try_next().is_none());
/// # Ok(())
/// # }
/// ```
pub struct Subscription {
    pub(super) shared: Arc<Shared>,
    pub(super) interest: Interest,
    pub(super) reader: Arc<Reader>,
    pub(super) position: Revision,
    /// Changes of the next revision of the topic that were read already.
    pub(super) offset: usize,
    /// Merged changes are read from one revision to another: what the reader saw of a field is its
    /// value at `base`, what it is to see is the value at `head`.
    pub(super) base: Revision,
    pub(super) head: Revision,
    /// The window had passed `position` already when the subscription began.
    pub(super) late: bool,
    pub(super) seen_resync: Revision,
    pub(super) first_values: Option<FirstValues>,
    /// What is to be said before anything else.
    pub(super) interrupted: Option<Event>,
    /// Where that is in the log.
    pub(super) place: Position,
    /// The line of commits that it reads, as the core counts them.
    pub(super) line: u64,
    /// Where it reads, when it is behind the window.
    pub(super) behind: Behind,
    /// What has to be durable before there is more to deliver.
    pub(super) waiting: Option<Waiting>,
    /// The reader was told that nothing more becomes durable.
    pub(super) told_failure: bool,
}

/// What existed when a subscription began, delivered from a snapshot.
pub(super) struct FirstValues {
    pub(super) tree: crate::tree::Tree,
    /// Who comes next; `None` before the first.
    pub(super) pending: Option<VecDeque<EntityId>>,
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

impl Subscription {
    /// Begins to read behind the newest commit, or behind `from` and so many changes of the next one.
    pub(crate) fn begin(
        shared: &Arc<Shared>,
        interest: Interest,
        from: Option<Position>,
    ) -> Result<Self> {
        shared.change(|core| {
            let newest = core.position();
            let is_foreign = from.is_some_and(|from| {
                let own = core.position_at(from.revision);
                from.revision > newest.revision || own.is_some_and(|own| !own.is_beside(&from))
            });
            let place = from.filter(|_| !is_foreign).unwrap_or(newest);
            let position = place.revision();
            let (topic, name) = (interest.topic, interest.name.clone());
            core.routes.open(topic, position, &core.tree, &core.window);
            let reader = Arc::new(Reader::new(name, topic, position));
            shared.list(&reader);
            let resyncs = core.resyncs.iter().rev();
            let mut subscription = Self {
                shared: Arc::clone(shared),
                reader,
                position,
                offset: place.offset(),
                base: position,
                head: position,
                late: position + 1 < core.window.first(),
                seen_resync: resyncs
                    .copied()
                    .find(|resync| *resync <= place.revision)
                    .unwrap_or(0),
                first_values: interest.initial.then(|| FirstValues::of(core)),
                interrupted: None,
                place,
                line: core.lines,
                behind: Behind::No,
                waiting: None,
                told_failure: false,
                interest,
            };
            if is_foreign {
                subscription.start_anew(core);
            }
            subscription
        })
    }

    /// The next event; waits until there is one. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Event {
        loop {
            let due = self.due();
            let event = std::future::poll_fn(|context| match self.poll_next(context) {
                Poll::Ready(event) => Poll::Ready(Some(event)),
                // A change was held back meanwhile: the timer is to be set for it.
                Poll::Pending if self.due() != due => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            });
            let event = match due {
                None => event.await,
                Some(due) => tokio::time::timeout_at(due, event).await.unwrap_or(None),
            };
            if let Some(event) = event {
                return event;
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

    /// Reads all changes that are there, without waiting and without a copy of any: the effects that
    /// hold them, where an [`Effect::Created`] holds the values that an entity began with. First values,
    /// context, merging, conditions and rate shaping are for [`Subscription::next`]: this is the bare
    /// log. Returns how many there were; none where [`Subscription::try_next`] has something else to
    /// say first: that changes were lost, or that the whole tree was replaced.
    pub fn read_ready(&mut self, mut see: impl FnMut(&Applied, &Effect)) -> usize {
        let count = self.read(None, |subscription, core| {
            if subscription.interrupted.is_none() {
                subscription.interrupted = subscription.interruption(core);
            }
            if subscription.interrupted.is_some() {
                return Some(0);
            }
            let mut count = 0;
            let _ = subscription.scan(core, |_, commit, index| {
                see(commit, &commit.effects[index]);
                count += 1;
                ControlFlow::<()>::Continue(())
            });
            (count > 0).then_some(count)
        });
        count.unwrap_or(0)
    }

    /// The place up to which everything was read, for [`crate::Subscribe::from`]. First values that
    /// are still to come, and what a minimum interval or a deadband holds back, are not counted: to
    /// miss none of these, go on behind [`Delivery::position`] of the last change that came.
    #[must_use]
    pub fn position(&self) -> Position {
        self.place
    }

    /// Whether it reads the log with a thread: where it is pending, more is to come.
    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.behind, Behind::Reading(_))
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
}

impl Drop for Subscription {
    fn drop(&mut self) {
        drop(self.reader.silence());
        self.shared.close_later(Arc::clone(&self.reader));
    }
}
