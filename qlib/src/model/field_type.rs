//! The Rust types that a field can have, and how each is stored.

use smol_str::SmolStr;

use crate::model::{
    Choice, Entity, EntityId, Field, FieldDefinition, Kind, Misfit, Result, Row, Script, Timestamp,
    Value, ValueRef,
};

/// A Rust type that a field can have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no type for a field",
    label = "a field cannot hold this",
    note = "write i64, f64, String, bool, Vec<u8>, Timestamp, Script, an enum with `#[derive(Choice, Clone, Copy)]`, Ref<E> or Vec<Ref<E>> of a struct `E` with `#[derive(Entity)]`, or Option of one of these"
)]
pub trait FieldType: Sized + 'static {
    /// The type without `Option`.
    type Base: FieldType<Base = Self::Base>;
    /// The value as it is seen where it is stored: Copy types themselves, `&str`, `&[u8]`.
    type View<'a>: Copy;
    /// The kind of value.
    const KIND: Kind;
    /// Whether the field may be unset.
    const OPTIONAL: bool = false;
    /// The variants of a Choice.
    const CHOICES: &'static [&'static str] = &[];
    /// The type that a reference refers to; empty is any.
    const TARGET: &'static str = "";

    /// The view of a stored value.
    ///
    /// # Errors
    /// The value does not fit the type.
    fn view(value: Option<ValueRef<'_>>) -> Result<Self::View<'_>, Misfit>;

    /// The value, owned.
    ///
    /// # Errors
    /// The value does not fit the type.
    fn decode(value: Option<ValueRef<'_>>) -> Result<Self, Misfit>;

    /// The value as it is stored; `None` unsets.
    fn encode(self) -> Option<Value>;

    /// Begins the definition of a field; for generated code, as are the next two. That all of it
    /// names the type in one way makes a type that no field can have one error, not one per use.
    #[doc(hidden)]
    fn define<E>(field: Field<E, Self>) -> FieldDefinition<Self> {
        field.define()
    }

    /// Reads a field.
    ///
    /// # Errors
    /// Those of [`Readable::read`].
    #[doc(hidden)]
    fn read<R: Readable + ?Sized, E>(from: &R, field: Field<E, Self>) -> Result<Self> {
        from.read(field)
    }

    /// Writes a field.
    #[doc(hidden)]
    fn write<W: Writable + ?Sized, E>(to: &mut W, field: Field<E, Self>, value: Self) {
        to.write(field, value);
    }
}

/// What a Choice is when it is read: itself, as it is copied. A trait of its own, so that the message
/// says what to write.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is a Choice and not Copy",
    label = "a Choice is copied wherever it is read",
    note = "write `#[derive(Choice, Clone, Copy)]`"
)]
pub trait Copied {
    /// The type itself.
    type Itself: Copy;

    /// The value itself.
    fn itself(self) -> Self::Itself;
}

#[diagnostic::do_not_recommend]
impl<T: Copy> Copied for T {
    type Itself = T;

    fn itself(self) -> T {
        self
    }
}

/// What a typed field is read from.
pub trait Readable {
    /// The value of a field.
    ///
    /// # Errors
    /// The entity or the field is gone, or the value does not fit the type.
    fn read<E, T: FieldType>(&self, field: Field<E, T>) -> Result<T>;
}

/// What a typed field is written to.
pub trait Writable {
    /// Takes the value of a field.
    fn write<E, T: FieldType>(&mut self, field: Field<E, T>, value: T);
}

impl Readable for dyn Row + '_ {
    fn read<E, T: FieldType>(&self, field: Field<E, T>) -> Result<T> {
        self.get(field)
    }
}

/// A field type whose values have an order: Int, Float, String, Timestamp.
#[diagnostic::on_unimplemented(
    message = "values of `{Self}` have no order",
    note = "only i64, f64, String and Timestamp are ordered; use `eq`, `ne` or `is_unset`"
)]
pub trait Ordered: FieldType {
    /// The type of the ends of a range: the type itself.
    #[doc(hidden)]
    type End: Clone + Into<Value>;
}

impl Ordered for i64 {
    type End = Self;
}
impl Ordered for f64 {
    type End = Self;
}
impl Ordered for String {
    type End = Self;
}
impl Ordered for Timestamp {
    type End = Self;
}

/// A field type whose values have a length: String, Script, `Vec<u8>`, `Vec<Ref<_>>`.
#[diagnostic::on_unimplemented(
    message = "values of `{Self}` have no length",
    note = "`max_length` fits String, Script, Vec<u8> and Vec<Ref<_>>"
)]
pub trait Lengthy: FieldType {}

macro_rules! copy_type {
    ($type:ty, $kind:ident) => {
        impl FieldType for $type {
            type Base = Self;
            type View<'a> = Self;
            const KIND: Kind = Kind::$kind;

            fn view(value: Option<ValueRef<'_>>) -> Result<Self, Misfit> {
                match value {
                    Some(ValueRef::$kind(value)) => Ok(value),
                    other => Err(misfit(Self::KIND, other)),
                }
            }

            fn decode(value: Option<ValueRef<'_>>) -> Result<Self, Misfit> {
                Self::view(value)
            }

            fn encode(self) -> Option<Value> {
                Some(Value::$kind(self))
            }
        }
    };
}

copy_type!(i64, Int);
copy_type!(f64, Float);
copy_type!(bool, Bool);
copy_type!(Timestamp, Timestamp);
copy_type!(EntityId, EntityReference);

macro_rules! borrowed_type {
    ($type:ty, $view:ty, $kind:ident, $own:expr, $store:expr) => {
        impl FieldType for $type {
            type Base = Self;
            type View<'a> = &'a $view;
            const KIND: Kind = Kind::$kind;

            fn view(value: Option<ValueRef<'_>>) -> Result<&$view, Misfit> {
                match value {
                    Some(ValueRef::$kind(value)) => Ok(value),
                    other => Err(misfit(Self::KIND, other)),
                }
            }

            fn decode(value: Option<ValueRef<'_>>) -> Result<Self, Misfit> {
                Self::view(value).map($own)
            }

            fn encode(self) -> Option<Value> {
                Some(Value::$kind($store(self)))
            }
        }
    };
}

borrowed_type!(String, str, String, str::to_owned, SmolStr::from);
borrowed_type!(
    Script,
    str,
    Transformation,
    |text| Script(text.to_owned()),
    |script: Script| SmolStr::from(script.0)
);
borrowed_type!(
    Vec<u8>,
    [u8],
    BinaryFile,
    <[u8]>::to_vec,
    std::sync::Arc::from
);

impl<E: Entity> FieldType for crate::model::Ref<E> {
    type Base = Self;
    type View<'a> = Self;
    const KIND: Kind = Kind::EntityReference;
    const TARGET: &'static str = E::TYPE;

    fn view(value: Option<ValueRef<'_>>) -> Result<Self, Misfit> {
        EntityId::view(value).map(Self::new)
    }

    fn decode(value: Option<ValueRef<'_>>) -> Result<Self, Misfit> {
        Self::view(value)
    }

    fn encode(self) -> Option<Value> {
        self.id().encode()
    }
}

impl<E: Entity> FieldType for Vec<crate::model::Ref<E>> {
    type Base = Self;
    type View<'a> = &'a [EntityId];
    const KIND: Kind = Kind::EntityList;
    const TARGET: &'static str = E::TYPE;

    fn view(value: Option<ValueRef<'_>>) -> Result<&[EntityId], Misfit> {
        match value {
            Some(ValueRef::EntityList(ids)) => Ok(ids),
            other => Err(misfit(Self::KIND, other)),
        }
    }

    fn decode(value: Option<ValueRef<'_>>) -> Result<Self, Misfit> {
        Self::view(value).map(|ids| ids.iter().copied().map(crate::model::Ref::new).collect())
    }

    fn encode(self) -> Option<Value> {
        Some(Value::EntityList(
            self.into_iter().map(crate::model::Ref::id).collect(),
        ))
    }
}

impl Lengthy for String {}
impl Lengthy for Script {}
impl Lengthy for Vec<u8> {}
impl<E: Entity> Lengthy for Vec<crate::model::Ref<E>> {}

impl<T: FieldType<Base = T>> FieldType for Option<T> {
    type Base = T;
    type View<'a> = Option<T::View<'a>>;
    const KIND: Kind = T::KIND;
    const OPTIONAL: bool = true;
    const CHOICES: &'static [&'static str] = T::CHOICES;
    const TARGET: &'static str = T::TARGET;

    fn view(value: Option<ValueRef<'_>>) -> Result<Option<T::View<'_>>, Misfit> {
        value.map(|value| T::view(Some(value))).transpose()
    }

    fn decode(value: Option<ValueRef<'_>>) -> Result<Self, Misfit> {
        value.map(|value| T::decode(Some(value))).transpose()
    }

    fn encode(self) -> Option<Value> {
        self.and_then(T::encode)
    }
}

/// Makes a Choice the type of a field; for generated code. A blanket implementation would leave the
/// compiler unsure which one was meant where a type is no field's, and its message vague. The bound
/// of what is no parameter is the one place where an enum that is not Copy is reported.
#[doc(hidden)]
#[macro_export]
macro_rules! choice_field {
    ($choice:ty) => {
        impl $crate::FieldType for $choice
        where
            $choice: $crate::__private::Copied,
        {
            type Base = Self;
            type View<'a> = <$choice as $crate::__private::Copied>::Itself;
            const KIND: $crate::Kind = $crate::Kind::Choice;
            const CHOICES: &'static [&'static str] = <Self as $crate::Choice>::VARIANTS;

            fn view(
                value: $crate::__private::Option<$crate::ValueRef<'_>>,
            ) -> $crate::Result<Self::View<'_>, $crate::Misfit> {
                $crate::__private::choice_of::<$choice>(value)
                    .map($crate::__private::Copied::itself)
            }

            fn decode(
                value: $crate::__private::Option<$crate::ValueRef<'_>>,
            ) -> $crate::Result<Self, $crate::Misfit> {
                $crate::__private::choice_of(value)
            }

            fn encode(self) -> $crate::__private::Option<$crate::Value> {
                $crate::__private::choice_value(self)
            }
        }
    };
}

/// The variant that a stored value names.
///
/// # Errors
/// It names none.
pub fn choice_of<C: Choice>(value: Option<ValueRef<'_>>) -> Result<C, Misfit> {
    match value {
        Some(ValueRef::Choice(name)) => C::VARIANTS
            .iter()
            .position(|variant| *variant == name)
            .and_then(C::from_index)
            .ok_or_else(|| Misfit::Variant(name.into())),
        other => Err(misfit(Kind::Choice, other)),
    }
}

/// A variant as it is stored.
pub fn choice_value<C: Choice>(choice: C) -> Option<Value> {
    C::VARIANTS
        .get(choice.index())
        .map(|name| Value::Choice(SmolStr::new_static(name)))
}

fn misfit(expected: Kind, value: Option<ValueRef<'_>>) -> Misfit {
    match value {
        Some(value) => Misfit::Kind {
            expected,
            actual: value.kind(),
        },
        None => Misfit::Unset,
    }
}

/// What can be given where a field's `T` is wanted: whatever turns into one. A trait of its own, so
/// that the message speaks of the field.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the field holds `{T}`, and `{Self}` is none",
    label = "this is no `{T}`",
    note = "write a value of `{T}`; a Choice is written as in `Power::On`"
)]
pub trait ValueFor<T> {
    /// The value.
    fn into_value(self) -> T;
}

#[diagnostic::do_not_recommend]
impl<T, V: Into<T>> ValueFor<T> for V {
    fn into_value(self) -> T {
        self.into()
    }
}
