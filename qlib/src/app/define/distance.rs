//! How far a value must move.

use std::marker::PhantomData;

use crate::app::Number;
use crate::model::FieldType;

/// How far a value of a `T` must move before it is a change. A type of its own, so that a field
/// that holds no number is reported at the number, not at the whole definition of the handler.
pub struct Distance<T> {
    pub(super) far: f64,
    of: PhantomData<fn() -> T>,
}

impl<T: FieldType> Distance<T>
where
    T::Base: Number,
{
    /// So far.
    #[must_use]
    pub fn new(far: f64) -> Self {
        Self {
            far,
            of: PhantomData,
        }
    }
}
