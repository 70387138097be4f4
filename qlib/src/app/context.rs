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

impl<E, H> Path<E, H> {
    /// Follows the reference at the end of the path to a field of what it refers to.
    #[must_use]
    pub fn then<R: Entity, T: FieldType>(
        self,
        field: Field<R, T>,
    ) -> Path<E, <H as Hop<R>>::Through<T>>
    where
        H: Hop<R>,
    {
        Path {
            text: format_smolstr!("{}->{}", self.text, field.name()),
            leads: PhantomData,
        }
    }
}

/// A field type that leads to an `R`: `Ref<R>`, `Option<Ref<R>>`, or the parent.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not lead to a `{R}`",
    label = "this field does not refer to a `{R}`",
    note = "each hop of a path is a Ref or an Option<Ref> to the type that the next field belongs to"
)]
pub trait Hop<R> {
    /// What a field at the other end is: itself behind a `Ref`, an `Option` behind an `Option<Ref>`.
    type Through<T: FieldType>: FieldType;
}

impl<R: Entity> Hop<R> for Ref<R> {
    type Through<T: FieldType> = T;
}

impl<R: Entity> Hop<R> for Option<Ref<R>> {
    type Through<T: FieldType> = Option<T::Base>;
}

impl<R: Entity> Hop<R> for Option<EntityId> {
    type Through<T: FieldType> = Option<T::Base>;
}

/// The context of a handler: a tuple of paths, and the tuple of their values.
pub trait ContextOf<E> {
    /// The values.
    type Values: 'static;

    #[doc(hidden)]
    fn texts(&self) -> Vec<SmolStr>;

    #[doc(hidden)]
    fn read(values: &[Option<Value>]) -> Result<Self::Values, Misfit>;
}

macro_rules! context_of {
    ($($type:ident $index:tt),*) => {
        impl<E, $($type: FieldType),*> ContextOf<E> for ($(Path<E, $type>,)*) {
            type Values = ($($type,)*);

            fn texts(&self) -> Vec<SmolStr> {
                vec![$(self.$index.text.clone()),*]
            }

            #[allow(unused_variables)]
            fn read(values: &[Option<Value>]) -> Result<Self::Values, Misfit> {
                Ok(($(context_value::<$type>(values, $index)?,)*))
            }
        }
    };
}

context_of!();
context_of!(A 0);
context_of!(A 0, B 1);
context_of!(A 0, B 1, C 2);
context_of!(A 0, B 1, C 2, D 3);
context_of!(A 0, B 1, C 2, D 3, F 4);
context_of!(A 0, B 1, C 2, D 3, F 4, G 5);
context_of!(A 0, B 1, C 2, D 3, F 4, G 5, H 6);
context_of!(A 0, B 1, C 2, D 3, F 4, G 5, H 6, I 7);
