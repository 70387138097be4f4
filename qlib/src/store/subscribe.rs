//! Asking for changes.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;

use crate::model::{Entity, EntityId, Field, FieldId, FieldType, Position, Result, Value};
use crate::store::change::Change;
use crate::store::core::Shared;
use crate::store::event::{Delivery, Event, Lagged};
use crate::store::routes::{CREATED, DELETED, MOVED, Of, SCHEMA, Topic};
use crate::store::shape::Shape;
use crate::store::subscription::{Condition, Interest, Subscription};

/// A subscription that is being described; [`Subscribe::start`] begins it.
///
/// ```
/// # use qlib::*;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let store = Store::memory()?;
/// # store.set_schema(Schema::new("Lamp").field("Brightness", Kind::Int)).await?;
/// # let desk = store.transaction(|tx| tx.create_named(EntityId::ROOT, "Desk", "Lamp", [])).await?;
/// store.transaction(|tx| tx.set_value(desk, "Brightness", Value::Int(7))).await?;
/// let mut screen = store
///     .subscribe_named("Lamp", "Brightness")
///     .latest()
///     .initial()
///     .context("Name")
///     .when(|change| change.current() != Some(ValueRef::Int(0)))
///     .start()?;
/// let Event::Change(first) = screen.next().await else { unreachable!() };
/// assert_eq!(first.context(), [Some(Value::from("Desk"))]);
/// assert!(matches!(screen.next().await, Event::SnapshotEnd { .. }));
/// # Ok(())
/// # }
/// ```
#[must_use = "a subscription begins with `start`"]
pub struct Subscribe {
    shared: Arc<Shared>,
    name: SmolStr,
    about: About,
    entity: Option<EntityId>,
    entity_type: Option<SmolStr>,
    writes: bool,
    latest: bool,
    initial: bool,
    after_durable: bool,
    not_by: Option<SmolStr>,
    context: Vec<SmolStr>,
    condition: Option<Condition>,
    interval: Option<Duration>,
    deadband: f64,
    from: Option<Position>,
    only: Option<EntityId>,
}

impl std::fmt::Debug for Subscribe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "subscribe {}", self.name)
    }
}

/// What the changes are about.
#[derive(Clone, Debug)]
pub(crate) enum About {
    Field(SmolStr),
    Created,
    Deleted,
    Moved,
    Schema,
}

impl Subscribe {
    pub(crate) fn new(shared: &Arc<Shared>, about: About, entity_type: Option<SmolStr>) -> Self {
        Self {
            shared: Arc::clone(shared),
            name: SmolStr::new_static("subscription"),
            about,
            entity: None,
            entity_type,
            writes: false,
            latest: false,
            initial: false,
            after_durable: false,
            not_by: None,
            context: Vec::new(),
            condition: None,
            interval: None,
            deadband: 0.0,
            from: None,
            only: None,
        }
    }

    /// Calls the subscription so where it is listed.
    pub fn named(mut self, name: impl Into<SmolStr>) -> Self {
        self.name = name.into();
        self
    }

    /// Only this entity.
    pub fn entity(mut self, id: impl Into<EntityId>) -> Self {
        self.entity = Some(id.into());
        self
    }

    /// Writes of an equal value too.
    pub fn writes(mut self) -> Self {
        self.writes = true;
        self
    }

    /// Only the newest value of each field: what lies between is skipped when the reader is slower
    /// than the writers. For screens.
    pub fn latest(mut self) -> Self {
        self.latest = true;
        self
    }

    /// What exists already first, then [`Event::SnapshotEnd`].
    pub fn initial(mut self) -> Self {
        self.initial = true;
        self
    }

    /// Each event once its revision outlives the process: for readers that pass it on. If the disk
    /// fails, [`Event::Failed`] is the last event. On the memory log nothing waits.
    pub fn after_durable(mut self) -> Self {
        self.after_durable = true;
        self
    }

    /// Not the changes that the handler of this name causes.
    pub(crate) fn not_by(mut self, handler: SmolStr) -> Self {
        self.not_by = Some(handler);
        self
    }

    /// Reads on behind this position instead of behind the newest commit; what existed already is not
    /// delivered then.
    ///
    /// On the disk the position may be as old as the log is kept: what has left the recent window is
    /// read from there, by a thread, with a tree of its own meanwhile; previous values and context are as
    /// they were. So it is, too, for a subscription that falls behind the window. One that merges
    /// changes ([`Subscribe::latest`]) gets those of a few thousand commits merged at a time. In memory,
    /// and behind what is kept, [`Event::Lagged`] comes first, and what the window has. If another line
    /// of commits leads to the position, [`Event::Resync`] comes first, and what exists.
    ///
    /// ```
    /// # use qlib::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let store = Store::memory()?;
    /// # store.set_schema(Schema::new("Lamp").field("Brightness", Kind::Int)).await?;
    /// # let desk = store.transaction(|tx| tx.create_named(EntityId::ROOT, "Desk", "Lamp", [])).await?;
    /// let kept = store.position().to_string();
    /// store.transaction(|tx| tx.set_value(desk, "Brightness", Value::Int(7))).await?;
    /// let mut changes = store.subscribe_named("Lamp", "Brightness").from(kept.parse()?).start()?;
    /// let Event::Change(change) = changes.next().await else { unreachable!() };
    /// assert_eq!(change.current(), Some(ValueRef::Int(7)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn from(mut self, position: Position) -> Self {
        self.from = Some(position);
        self
    }

    /// Why what it delivers cannot be told by a position in the log.
    pub(crate) fn unfit_for_cursor(&self) -> Option<&'static str> {
        let shaped = self.interval.is_some() || self.deadband > 0.0;
        if self.latest {
            Some("`latest` skips changes, and a cursor is for those that want each")
        } else if self.initial {
            Some("`initial` delivers what exists, which is no change that a cursor could stand at")
        } else {
            shaped.then_some("`min_interval` and `deadband` hold changes back, which would be lost")
        }
    }

    /// Reads on with the changes of one entity behind this position, beside a reader that has the
    /// topic open since before.
    pub(crate) fn of_entity_from(mut self, id: EntityId, position: Position) -> Self {
        self.only = Some(id);
        self.from(position)
    }

    /// With each change the value at the end of this path of names, as of the change's revision.
    pub fn context(mut self, path: impl Into<SmolStr>) -> Self {
        self.context.push(path.into());
        self
    }

    /// Only changes of which this says yes. It must be quick and must not call the store.
    pub fn when(mut self, condition: impl Fn(&Delivery) -> bool + Send + 'static) -> Self {
        self.condition = Some(Box::new(condition));
        self
    }

    /// At most one change per entity in this time; the first and the last value always arrive.
    pub fn min_interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// Only changes that are at least so far from the value delivered before; the last value arrives
    /// once nothing has come for the minimum interval, or for a second.
    pub fn deadband(mut self, distance: f64) -> Self {
        self.deadband = distance;
        self
    }

    /// Begins the subscription behind the newest commit.
    ///
    /// # Errors
    /// [`crate::Error::UnknownType`], [`crate::Error::UnknownField`], [`crate::Error::Missing`],
    /// [`crate::Error::InsideView`]; `Children` is refused: subscribe to creations, deletions and moves,
    /// and as context too, because the children of before are not kept.
    pub fn start(self) -> Result<Subscription> {
        let topic = {
            let core = self.shared.read();
            let tree = &core.tree;
            let entity_type = match (&self.entity_type, self.entity) {
                (Some(name), _) => Some(tree.type_id(name)?),
                (None, Some(id)) => Some(tree.existing(id)?.entity_type()),
                (None, None) => None,
            };
            let what = match (&self.about, entity_type) {
                (About::Field(name), Some(entity_type)) => tree.field_id(entity_type, name)?,
                (About::Field(name), None) => tree.field_id(tree.type_id("Root")?, name)?,
                (About::Created, _) => CREATED,
                (About::Deleted, _) => DELETED,
                (About::Moved, _) => MOVED,
                (About::Schema, _) => SCHEMA,
            };
            if what == FieldId::CHILDREN {
                let reason =
                    "Children is not written; subscribe to creations, deletions and moves".into();
                return Err(crate::Error::Refused {
                    what: "a subscription to Children".into(),
                    reason,
                });
            }
            let of = match (self.entity, entity_type) {
                (Some(entity), _) => Of::Entity(entity),
                (None, Some(entity_type)) => Of::Type(entity_type),
                (None, None) => Of::All,
            };
            let is_children =
                |path: &&SmolStr| path.rsplit("->").next().map(str::trim) == Some("Children");
            if let Some(path) = self.context.iter().find(is_children) {
                return Err(crate::Error::Refused {
                    what: format!("the context {path}").into(),
                    reason: "the children of before are not kept; read them in a view".into(),
                });
            }
            Topic { what, of }
        };
        let shaped = self.interval.is_some() || self.deadband > 0.0;
        let interest = Interest {
            name: self.name,
            topic,
            only: self.only,
            writes: self.writes,
            latest: self.latest,
            not_by: self.not_by,
            context: self.context,
            condition: self.condition,
            shape: shaped.then(|| Shape::new(self.interval, self.deadband, self.writes)),
            initial: self.initial && self.from.is_none(),
            after_durable: self.after_durable,
        };
        Subscription::begin(&self.shared, interest, self.from)
    }
}

/// A subscription to one field, typed.
pub struct Changes<E, T> {
    subscription: Subscription,
    field: Field<E, T>,
    of: PhantomData<fn() -> (E, T)>,
}

impl<E, T> std::fmt::Debug for Changes<E, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.subscription.fmt(f)
    }
}

/// What a typed subscription yields.
#[non_exhaustive]
pub enum FieldEvent<E, T> {
    /// The field changed, or had a value when the subscription began.
    Change(Change<E, T>),
    /// All values that existed when the subscription began have been delivered.
    SnapshotEnd,
    /// Changes were lost: see [`Event::Lagged`].
    Lagged(Lagged),
    /// The whole tree was replaced, or the subscription was to go on behind a position of another
    /// line of commits: see [`Event::Resync`].
    Resync,
}

impl<E, T> Clone for FieldEvent<E, T> {
    fn clone(&self) -> Self {
        match self {
            Self::Change(change) => Self::Change(change.clone()),
            Self::SnapshotEnd => Self::SnapshotEnd,
            Self::Lagged(lagged) => Self::Lagged(lagged.clone()),
            Self::Resync => Self::Resync,
        }
    }
}

impl<E, T> std::fmt::Debug for FieldEvent<E, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Change(change) => change.fmt(f),
            Self::SnapshotEnd => f.write_str("SnapshotEnd"),
            Self::Lagged(lagged) => lagged.fmt(f),
            Self::Resync => f.write_str("Resync"),
        }
    }
}

impl<E, T: FieldType> Changes<E, T> {
    pub(crate) fn new(subscription: Subscription, field: Field<E, T>) -> Self {
        Self {
            subscription,
            field,
            of: PhantomData,
        }
    }

    /// The next event; waits until there is one.
    ///
    /// # Errors
    /// The change has a value that `T` cannot hold: [`crate::Error::UnknownVariant`],
    /// [`crate::Error::Unset`]. Later changes can still be read. [`crate::Error::StoreFailed`] stands
    /// for [`Event::Failed`].
    pub async fn next(&mut self) -> Result<FieldEvent<E, T>> {
        let event = self.subscription.next().await;
        self.typed(event)
    }

    /// The next event, if there is one already.
    ///
    /// # Errors
    /// Those of [`Changes::next`].
    pub fn try_next(&mut self) -> Result<Option<FieldEvent<E, T>>> {
        self.subscription
            .try_next()
            .map(|event| self.typed(event))
            .transpose()
    }

    /// The subscription without its types.
    pub fn untyped(&mut self) -> &mut Subscription {
        &mut self.subscription
    }

    fn typed(&self, event: Event) -> Result<FieldEvent<E, T>> {
        Ok(match event {
            Event::Change(delivery) => {
                FieldEvent::Change(Change::new(delivery, self.field.name())?)
            }
            Event::SnapshotEnd { .. } => FieldEvent::SnapshotEnd,
            Event::Lagged(lagged) => FieldEvent::Lagged(lagged),
            Event::Resync { .. } => FieldEvent::Resync,
            Event::Failed(failure) => return Err(crate::Error::StoreFailed(failure)),
        })
    }
}

/// A typed subscription that is being described; [`SubscribeField::start`] begins it.
#[must_use = "a subscription begins with `start`"]
#[derive(Debug)]
pub struct SubscribeField<E, T> {
    inner: Subscribe,
    field: Field<E, T>,
}

impl<E: Entity, T: FieldType> SubscribeField<E, T> {
    pub(crate) fn new(shared: &Arc<Shared>, field: Field<E, T>) -> Self {
        let about = About::Field(field.name().into());
        Self {
            inner: Subscribe::new(shared, about, Some(E::TYPE.into())),
            field,
        }
    }

    /// Changes how the subscription is described: `.with(|subscribe| subscribe.latest().initial())`.
    pub fn with(self, describe: impl FnOnce(Subscribe) -> Subscribe) -> Self {
        Self {
            inner: describe(self.inner),
            field: self.field,
        }
    }

    /// Begins the subscription behind the newest commit.
    ///
    /// # Errors
    /// Those of [`Subscribe::start`].
    pub fn start(self) -> Result<Changes<E, T>> {
        Ok(Changes::new(self.inner.start()?, self.field))
    }
}

/// Reads the `index`-th context value as a `T`; one that cannot be read is unset.
pub(crate) fn context_value<T: FieldType>(
    values: &[Option<Value>],
    index: usize,
) -> Result<T, crate::model::Misfit> {
    T::decode(
        values
            .get(index)
            .and_then(Option::as_ref)
            .map(Value::as_ref),
    )
}
