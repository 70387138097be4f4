//! How far a value must move.

use std::marker::PhantomData;

use crate::model::FieldType;

/// How far a value of a `T` must move before it is a change. A type of its own, so that a field
/// that holds no number is reported at the number, not at the whole definition of the handler or the field.
pub struct Distance<T> {
    pub(crate) far: f64,
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

/// A field type that is a number: i64, f64.
#[diagnostic::on_unimplemented(
    message = "values of `{Self}` are no numbers",
    note = "`deadband` fits fields of type i64 and f64"
)]
pub trait Number {}

impl Number for i64 {}
impl Number for f64 {}
