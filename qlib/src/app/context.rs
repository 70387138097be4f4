//! Typed paths to context fields: `Device.Room -> Room.Name`.

use std::marker::PhantomData;

use smol_str::{SmolStr, format_smolstr};

use crate::model::{Entity, EntityId, Field, FieldType, Misfit, Ref, Value};
use crate::store::context_value;

/// A path from an `E` to a field that holds a `T`.
pub struct Path<E, T> {
    text: SmolStr,
    leads: PhantomData<fn() -> (E, T)>,
}

impl<E, T> std::fmt::Debug for Path<E, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl<E, T: FieldType> Field<E, T> {
    /// The path that is this field alone.
    #[must_use]
    pub fn path(self) -> Path<E, T> {
        Path {
            text: self.name().into(),
            leads: PhantomData,
        }
    }
}

/// Follows the reference at the end of a path to a field of what it refers to.
#[must_use]
pub fn then<E, H: LeadsTo<R, T, X>, R, T, X>(path: Path<E, H>, field: Field<R, T>) -> Path<E, X> {
    Path {
        text: format_smolstr!("{}->{}", path.text, field.name()),
        leads: PhantomData,
    }
}

/// A field type that leads to an `R`: `Ref<R>`, `Option<Ref<R>>`, or the parent. A field that holds
/// a `T` over there is an `X` here: an `Option` behind an `Option`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not refer to a `{R}`",
    label = "no field leads to a `{R}` here",
    note = "`->` follows a field that is a `Ref<{R}>` or an `Option<Ref<{R}>>`"
)]
pub trait LeadsTo<R, T, X> {}

impl<R: Entity, T> LeadsTo<R, T, T> for Ref<R> {}
impl<R: Entity, T: FieldType> LeadsTo<R, T, Option<T::Base>> for Option<Ref<R>> {}
impl<R: Entity, T: FieldType> LeadsTo<R, T, Option<T::Base>> for Option<EntityId> {}

/// One value of a handler's context: a path from the entity that changes.
#[diagnostic::on_unimplemented(
    message = "a context value does not start at the entity of the change",
    label = "this starts at another entity",
    note = "write `{E}.Field`, or `{E}.Reference -> Other.Field`"
)]
pub trait ContextValue<E> {
    /// What the path leads to.
    type Value: FieldType;

    /// The path as text.
    fn text(&self) -> SmolStr;
}

impl<E: Entity, T: FieldType> ContextValue<E> for Path<E, T> {
    type Value = T;

    fn text(&self) -> SmolStr {
        self.text.clone()
    }
}

/// The context of a handler: a tuple of paths.
pub trait ContextOf<E> {
    /// The tuple of their values.
    type Values: 'static;

    /// The paths as text.
    fn texts(&self) -> Vec<SmolStr>;
}

/// The values of a handler's context.
pub trait ContextValues: Sized + 'static {
    /// The values from those that were delivered.
    ///
    /// # Errors
    /// One of them does not fit its type.
    fn read(values: &[Option<Value>]) -> Result<Self, Misfit>;
}

macro_rules! context_of {
    ($($path:ident $value:ident $index:tt),*) => {
        impl<E, $($path: ContextValue<E>),*> ContextOf<E> for ($($path,)*) {
            type Values = ($($path::Value,)*);

            fn texts(&self) -> Vec<SmolStr> {
                vec![$(self.$index.text()),*]
            }
        }

        impl<$($value: FieldType),*> ContextValues for ($($value,)*) {
            #[allow(unused_variables)]
            fn read(values: &[Option<Value>]) -> Result<Self, Misfit> {
                Ok(($(context_value::<$value>(values, $index)?,)*))
            }
        }
    };
}

context_of!();
context_of!(A V 0);
context_of!(A V 0, B W 1);
context_of!(A V 0, B W 1, C X 2);
context_of!(A V 0, B W 1, C X 2, D Y 3);
context_of!(A V 0, B W 1, C X 2, D Y 3, F Z 4);
context_of!(A V 0, B W 1, C X 2, D Y 3, F Z 4, G U 5);
context_of!(A V 0, B W 1, C X 2, D Y 3, F Z 4, G U 5, H S 6);
context_of!(A V 0, B W 1, C X 2, D Y 3, F Z 4, G U 5, H S 6, I T 7);
context_of!(A V 0, B W 1, C X 2, D Y 3, F Z 4, G U 5, H S 6, I T 7, J R 8);
context_of!(A V 0, B W 1, C X 2, D Y 3, F Z 4, G U 5, H S 6, I T 7, J R 8, K Q 9);
context_of!(A V 0, B W 1, C X 2, D Y 3, F Z 4, G U 5, H S 6, I T 7, J R 8, K Q 9, L P 10);
context_of!(A V 0, B W 1, C X 2, D Y 3, F Z 4, G U 5, H S 6, I T 7, J R 8, K Q 9, L P 10, M O 11);
