//! Entities that come, go and move, and types that change: what handlers get.

use std::fmt;
use std::marker::PhantomData;

use crate::model::{Effect, EntityId, FieldId, Place, Schema, SchemaChange, Value, ValueRef};
use crate::store::event::{Delivery, commit_methods};

macro_rules! happening {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        pub struct $name<E> {
            delivery: Delivery,
            of: PhantomData<fn() -> E>,
        }

        impl<E> Clone for $name<E> {
            fn clone(&self) -> Self {
                Self {
                    delivery: self.delivery.clone(),
                    of: PhantomData,
                }
            }
        }

        impl<E> fmt::Debug for $name<E> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} {} ({})", stringify!($name), self.name(), self.id())
            }
        }

        impl<E> $name<E> {
            pub(crate) fn new(delivery: Delivery) -> Self {
                Self {
                    delivery,
                    of: PhantomData,
                }
            }

            /// The entity.
            #[must_use]
            pub fn id(&self) -> EntityId {
                self.delivery.id()
            }

            /// The entity's name: after the commit, or the last one it had.
            #[must_use]
            pub fn name(&self) -> &str {
                place(&self.delivery).map_or("", |place| &place.name)
            }

            /// The entity's parent: after the commit, or the last one it had.
            #[must_use]
            pub fn parent(&self) -> EntityId {
                place(&self.delivery).map_or(EntityId::ROOT, |place| place.parent)
            }

            commit_methods!();
        }
    };
}

happening!(
    Created,
    "An entity was made: an `E`, or one that extends it."
);
happening!(
    Deleted,
    "An entity was deleted: an `E`, or one that extends it."
);
happening!(
    Moved,
    "An entity was moved or renamed: an `E`, or one that extends it."
);

fn place(delivery: &Delivery) -> Option<&Place> {
    match delivery.effect() {
        Effect::Created(created) => Some(&created.place),
        Effect::Placed(placed) => Some(&placed.to),
        Effect::Deleted(deleted) => Some(&deleted.place),
        Effect::Field(_) | Effect::Schema(_) => None,
    }
}

impl<E> Moved<E> {
    /// The parent before.
    #[must_use]
    pub fn previous_parent(&self) -> Option<EntityId> {
        self.previous().map(|place| place.parent)
    }

    /// The name before.
    #[must_use]
    pub fn previous_name(&self) -> Option<&str> {
        self.previous().map(|place| place.name.as_str())
    }

    fn previous(&self) -> Option<&Place> {
        match self.delivery.effect() {
            Effect::Placed(placed) => Some(&placed.from),
            _ => None,
        }
    }
}

impl<E> Deleted<E> {
    /// The last value of a field, by its number.
    pub(crate) fn last_value(&self, field: FieldId) -> Option<ValueRef<'_>> {
        match self.delivery.effect() {
            Effect::Deleted(deleted) => deleted.value(field).map(Value::as_ref),
            _ => None,
        }
    }
}

/// A type was declared or redefined.
#[derive(Clone, Debug)]
pub struct SchemaChanged {
    delivery: Delivery,
}

impl SchemaChanged {
    pub(crate) fn new(delivery: Delivery) -> Self {
        Self { delivery }
    }

    /// The type as it is now.
    #[must_use]
    pub fn current(&self) -> Option<&Schema> {
        self.change().map(|change| &change.current)
    }

    /// The type as it was.
    #[must_use]
    pub fn previous(&self) -> Option<&Schema> {
        self.change()?.previous.as_ref()
    }

    commit_methods!();

    fn change(&self) -> Option<&SchemaChange> {
        match self.delivery.effect() {
            Effect::Schema(change) => Some(change),
            _ => None,
        }
    }
}
