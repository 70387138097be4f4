//! What a subscription yields.

use std::io;
use std::sync::Arc;

use smol_str::SmolStr;

use crate::model::{
    Applied, Cause, Cursor, Effect, EntityId, Error, FieldId, LogError, Position, Revision,
    Timestamp, TypeId, Value, ValueRef,
};

/// What a subscription yields.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// Something changed, or existed already when the subscription asked for first values.
    Change(Delivery),
    /// All that existed when the subscription began has been delivered.
    SnapshotEnd {
        /// The revision at which the subscription began.
        revision: Revision,
    },
    /// Changes were lost: the recent window passed before they were read, and the log on the disk, if
    /// there is one, does not reach back to them or cannot be read: [`Lagged::reason`] says which.
    Lagged(Lagged),
    /// The whole tree was replaced; one change for each field that differs follows, or, where the
    /// subscription merges changes, what is there now and [`Event::SnapshotEnd`].
    ///
    /// Or the subscription was to go on behind a position to which another line of commits leads, that of
    /// another store or of one that has since gone back to a copy; or the store is another process's, and
    /// was repaired or replaced before this one could follow. What it missed cannot be known: what
    /// is there now follows, and [`Event::SnapshotEnd`].
    Resync {
        /// The commit that replaced it; the newest one, where the position is of another line.
        revision: Revision,
    },
    /// The disk has failed: what was applied since will not become durable, so that a subscription
    /// [`after_durable`](crate::Subscribe::after_durable) has no further event.
    Failed(LogError),
}

/// Changes were lost: see [`Event::Lagged`].
#[derive(Clone, PartialEq, Debug)]
pub struct Lagged {
    /// The last revision that was read.
    pub read: Revision,
    /// The next revision that can be read.
    pub next: Revision,
    /// Why those between cannot.
    pub reason: LagReason,
}

/// Why changes were lost. What it prints says what to do.
///
/// ```
/// use qlib::{LagReason, Lagged};
///
/// fn report(lagged: &Lagged) {
///     match &lagged.reason {
///         LagReason::Failed(error) => eprintln!("the disk is to be looked at: {error}"),
///         reason => eprintln!("revisions {} to {}: {reason}", lagged.read + 1, lagged.next - 1),
///     }
/// }
/// ```
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LagReason {
    /// They have left the recent window, and there is no log behind it: the store is in memory, or was
    /// closed.
    #[error(
        "the recent window has passed them, and the store has no log to read them from; read faster, or give it a larger window"
    )]
    Window,
    /// The log does not reach back to them any more, within its retention or, for a durable cursor,
    /// within `cursor_max_lag`. So it is also for a reader in a process that stands by and could not
    /// keep up with what the writer removed.
    #[error("the log was removed up to revision {first}; keep more of it by a longer retention")]
    Retention {
        /// The oldest revision behind which it can still be read.
        first: Revision,
    },
    /// The log cannot be read.
    #[error("the log cannot be read: {0}")]
    Failed(LogError),
}

impl LagReason {
    pub(crate) fn of(error: Error) -> Self {
        match error {
            Error::Log(LogError::BeyondRetention { first, .. }) => Self::Retention { first },
            Error::Log(error) | Error::OutcomeUnknown { reason: error, .. } => Self::Failed(error),
            other => Self::Failed(LogError::io("the log", "read", &io::Error::other(other))),
        }
    }
}

/// One change, as a subscription delivers it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The commit as if it had done nothing else: whoever keeps a change keeps no more than that.
    pub(crate) commit: Arc<Applied>,
    /// The effect's place in the whole commit.
    pub(crate) index: usize,
    pub(crate) field: FieldId,
    /// What the reader saw before, where it skipped changes in between.
    pub(crate) seen: Option<Option<Value>>,
    pub(crate) context: Vec<Option<Value>>,
    pub(crate) first_value: bool,
}

impl Delivery {
    /// What happened.
    #[must_use]
    pub fn effect(&self) -> &Effect {
        &self.commit.effects[0]
    }

    /// The entity; the Root for a schema.
    #[must_use]
    pub fn id(&self) -> EntityId {
        subject_of(self.effect()).0
    }

    /// The type of the entity, or the type that was declared.
    #[must_use]
    pub fn entity_type(&self) -> TypeId {
        subject_of(self.effect()).1
    }

    /// The field that the subscription is about.
    #[must_use]
    pub fn field(&self) -> FieldId {
        self.field
    }

    /// The value after the change.
    #[must_use]
    pub fn current(&self) -> Option<ValueRef<'_>> {
        current(self.effect(), self.field)
    }

    /// The value before the change; for a subscription that merges changes, the value that it
    /// delivered before, or the oldest that the recent window still holds.
    #[must_use]
    pub fn previous(&self) -> Option<ValueRef<'_>> {
        match &self.seen {
            Some(seen) => seen.as_ref().map(Value::as_ref),
            None => previous(self.effect(), self.field),
        }
    }

    /// The values of the context fields at the change's revision, in the order in which they were
    /// asked for; `None` for one that could not be read.
    #[must_use]
    pub fn context(&self) -> &[Option<Value>] {
        &self.context
    }

    /// Whether this is a value that existed when the subscription began.
    #[must_use]
    pub fn is_first_value(&self) -> bool {
        self.first_value
    }

    /// The commit that made the change.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.commit.revision
    }

    /// When that commit was ordered.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.commit.time
    }

    /// Who made that commit.
    #[must_use]
    pub fn writer(&self) -> &SmolStr {
        &self.commit.author.writer
    }

    /// What provoked that commit.
    #[must_use]
    pub fn cause(&self) -> Option<&Cause> {
        self.commit.author.cause.as_ref()
    }

    /// The place behind the change, for [`crate::Subscribe::from`]; `None` for a value that existed
    /// when the subscription began.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        (!self.first_value).then(|| Position {
            read: u32::try_from(self.index + 1).ok(),
            ..self.commit.position()
        })
    }

    /// Its place among all changes: its revision, then as the commit has it, a creation before the
    /// fields of what it made.
    pub(crate) fn order(&self) -> (Revision, usize, usize) {
        let field = match self.effect() {
            Effect::Created(created) => {
                let mut fields = created.values.iter().map(|(field, _)| *field);
                fields
                    .position(|field| field == self.field)
                    .map_or(0, |at| at + 1)
            }
            _ => 0,
        };
        (self.revision(), self.index, field)
    }

    /// What a cursor says once this change, and all before it, are done.
    pub(crate) fn done(&self) -> Option<Cursor> {
        self.position().map(Cursor::Changes)
    }

    /// Whether the change came from replacing the whole tree.
    #[must_use]
    pub fn is_resync(&self) -> bool {
        self.commit.resync
    }
}

/// What the typed forms of a delivery say of the commit that it comes from.
macro_rules! commit_methods {
    () => {
        /// The commit that did it.
        #[must_use]
        pub fn revision(&self) -> crate::model::Revision {
            self.delivery.revision()
        }

        /// When that commit was ordered.
        #[must_use]
        pub fn time(&self) -> crate::model::Timestamp {
            self.delivery.time()
        }

        /// Who made that commit.
        #[must_use]
        pub fn writer(&self) -> &smol_str::SmolStr {
            self.delivery.writer()
        }

        /// What provoked that commit.
        #[must_use]
        pub fn cause(&self) -> Option<&crate::model::Cause> {
            self.delivery.cause()
        }

        /// Whether it came from replacing the whole tree.
        #[must_use]
        pub fn is_resync(&self) -> bool {
            self.delivery.is_resync()
        }

        /// The same without its types.
        #[must_use]
        pub fn delivery(&self) -> &crate::store::Delivery {
            &self.delivery
        }
    };
}

pub(crate) use commit_methods;

/// The entity and the type that an effect is about.
pub(crate) fn subject_of(effect: &Effect) -> (EntityId, TypeId) {
    match effect {
        Effect::Field(change) => (change.id, change.entity_type),
        Effect::Created(created) => (created.id, created.entity_type),
        Effect::Placed(placed) => (placed.id, placed.entity_type),
        Effect::Deleted(deleted) => (deleted.id, deleted.entity_type),
        Effect::Schema(change) => (EntityId::ROOT, change.entity_type),
    }
}

/// The value of `field` after an effect.
pub(crate) fn current(effect: &Effect, field: FieldId) -> Option<ValueRef<'_>> {
    match effect {
        Effect::Field(change) => change.current.as_ref().map(Value::as_ref),
        Effect::Created(created) => {
            let value = created.value(field).map(Value::as_ref);
            value.or_else(|| placed_value(&created.place, field))
        }
        Effect::Placed(placed) => placed_value(&placed.to, field),
        Effect::Deleted(_) | Effect::Schema(_) => None,
    }
}

/// The value of `field` before an effect.
pub(crate) fn previous(effect: &Effect, field: FieldId) -> Option<ValueRef<'_>> {
    match effect {
        Effect::Field(change) => change.previous.as_ref().map(Value::as_ref),
        Effect::Placed(placed) => placed_value(&placed.from, field),
        Effect::Created(_) | Effect::Deleted(_) | Effect::Schema(_) => None,
    }
}

fn placed_value(place: &crate::model::Place, field: FieldId) -> Option<ValueRef<'_>> {
    match field {
        FieldId::NAME => Some(ValueRef::String(&place.name)),
        FieldId::PARENT => Some(ValueRef::EntityReference(place.parent)),
        _ => None,
    }
}
