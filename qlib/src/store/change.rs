//! A change of one field, typed.

use std::marker::PhantomData;

use crate::model::{EntityId, FieldType, Result, Subject, TypeId};
use crate::store::event::{Delivery, commit_methods};

/// A change of a field that holds a `T`, of an `E` or an entity that extends it.
pub struct Change<E, T> {
    delivery: Delivery,
    of: PhantomData<fn() -> (E, T)>,
}

impl<E, T> Clone for Change<E, T> {
    fn clone(&self) -> Self {
        Self {
            delivery: self.delivery.clone(),
            of: PhantomData,
        }
    }
}

impl<E, T> std::fmt::Debug for Change<E, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} from {:?} to {:?}",
            self.id(),
            self.delivery.previous(),
            self.delivery.current()
        )
    }
}

impl<E, T: FieldType> Change<E, T> {
    /// The delivery as a typed change of the field `name`.
    ///
    /// # Errors
    /// A value that `T` cannot hold: [`crate::Error::UnknownVariant`], [`crate::Error::Unset`].
    pub(crate) fn new(delivery: Delivery, name: &str) -> Result<Self> {
        let subject = || Subject {
            id: delivery.id(),
            path: "".into(),
        };
        T::view(delivery.current()).map_err(|fault| fault.at(subject(), name))?;
        if let Some(previous) = delivery.previous() {
            T::view(Some(previous)).map_err(|fault| fault.at(subject(), name))?;
        }
        Ok(Self {
            delivery,
            of: PhantomData,
        })
    }

    /// The value after the change.
    #[must_use]
    pub fn current(&self) -> T::View<'_> {
        match T::view(self.delivery.current()) {
            Ok(value) => value,
            Err(fault) => unreachable!("checked when the change was made: {fault:?}"),
        }
    }

    /// The value before the change; `None` if there was none.
    #[must_use]
    pub fn previous(&self) -> Option<T::View<'_>> {
        T::view(Some(self.delivery.previous()?)).ok()
    }
}

impl<E, T> Change<E, T> {
    /// The entity.
    #[must_use]
    pub fn id(&self) -> EntityId {
        self.delivery.id()
    }

    /// The entity's type: `E`, or one that extends it.
    #[must_use]
    pub fn entity_type(&self) -> TypeId {
        self.delivery.entity_type()
    }

    /// Whether this is a value that existed when the subscription began.
    #[must_use]
    pub fn is_first_value(&self) -> bool {
        self.delivery.is_first_value()
    }

    commit_methods!();
}
