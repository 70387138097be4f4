//! Structs as entities: the traits that the derives implement, and typed handles of fields.

use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

use smol_str::SmolStr;

use crate::model::{
    EntityId, Error, FieldDefinition, Kind, Result, Schema, Subject, Timestamp, Value, ValueRef,
};

/// A struct whose values are entities. Derive it.
///
/// ```
/// use qlib::prelude::*;
///
/// #[derive(Entity)]
/// struct Lamp {
///     brightness: i64,
/// }
/// assert_eq!(Lamp::TYPE, "Lamp");
/// assert_eq!(Lamp::FIELDS.Brightness.name(), "Brightness");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no entity",
    label = "this is no entity",
    note = "put `#[derive(Entity)]` on the struct"
)]
pub trait Entity: Sized + 'static {
    /// The struct of typed handles.
    type Fields: 'static;
    /// A typed handle for each field, by its name on the wire: `Device::FIELDS.LastSeen`.
    const FIELDS: Self::Fields;
    /// The name of the type.
    const TYPE: &'static str;

    /// The type as data.
    fn schema() -> Schema;

    /// Reads the struct's own fields.
    ///
    /// # Errors
    /// [`Error::Unset`], [`Error::UnknownVariant`], [`Error::WrongType`]: the entity holds what the
    /// struct cannot.
    fn read(row: &dyn Row) -> Result<Self>;

    /// The functions of `#[field(validate = …)]`, which run before a commit is made.
    fn validators() -> Vec<Validator> {
        Vec::new()
    }
}

/// An entity whose fields can be read.
pub trait Row {
    /// The entity's id.
    fn id(&self) -> EntityId;
    /// The entity as errors name it.
    fn subject(&self) -> Subject;
    /// The value of a field.
    ///
    /// # Errors
    /// [`Error::UnknownType`], [`Error::UnknownField`], [`Error::WrongEntityType`].
    fn value(&self, field: FieldKey) -> Result<Option<ValueRef<'_>>>;
}

impl dyn Row + '_ {
    /// The value of a field, typed.
    ///
    /// # Errors
    /// Those of [`Row::value`], and [`Error::Unset`], [`Error::UnknownVariant`],
    /// [`Error::WrongType`] if the value does not fit.
    pub fn get<E, T: FieldType>(&self, field: Field<E, T>) -> Result<T> {
        T::decode(self.value(field.key())?).map_err(|fault| fault.at(self.subject(), field.name()))
    }
}

/// A function of the application's own that checks the values of one field.
#[derive(Clone, Copy, Debug)]
pub struct Validator {
    /// The field.
    pub field: FieldKey,
    /// Says what is wrong with a value.
    pub check: fn(ValueRef<'_>) -> Result<(), String>,
}

/// Where a field stands within the columns of a tree, remembered between look-ups.
#[derive(Debug, Default)]
pub struct FieldCache(AtomicU64);

impl FieldCache {
    /// A cache that remembers nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// What was remembered under `tag`, a number above zero and below 2^40.
    pub(crate) fn get(&self, tag: u64) -> Option<u32> {
        let word = self.0.load(Ordering::Relaxed);
        (word >> 24 == tag).then_some((word & 0xff_ffff) as u32)
    }

    /// Remembers `value`, which is below 2^24, under `tag`.
    pub(crate) fn set(&self, tag: u64, value: u32) {
        self.0
            .store(tag << 24 | u64::from(value), Ordering::Relaxed);
    }
}

/// The name of a field and of the type that declares it.
#[derive(Clone, Copy)]
pub struct FieldKey {
    /// The type that declares the field; empty for the system fields.
    pub declared_by: &'static str,
    /// The field's name.
    pub name: &'static str,
    pub(crate) cache: fn() -> &'static FieldCache,
}

impl fmt::Debug for FieldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.declared_by, self.name)
    }
}

/// A typed handle of a field: of `E`, holding a `T`.
pub struct Field<E, T> {
    key: FieldKey,
    of: PhantomData<fn() -> (E, T)>,
}

impl<E, T> Clone for Field<E, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E, T> Copy for Field<E, T> {}

impl<E, T> fmt::Debug for Field<E, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

impl<E, T> Field<E, T> {
    /// The handle of the field `name` that the type `declared_by` declares; for generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(
        declared_by: &'static str,
        name: &'static str,
        cache: fn() -> &'static FieldCache,
    ) -> Self {
        Self {
            key: FieldKey {
                declared_by,
                name,
                cache,
            },
            of: PhantomData,
        }
    }

    /// The field's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.key.name
    }

    /// The handle without its types.
    #[must_use]
    pub const fn key(self) -> FieldKey {
        self.key
    }
}

/// A named variant: an enum without data. Derive it.
///
/// ```
/// use qlib::prelude::*;
///
/// #[derive(Choice, Clone, Copy, PartialEq, Debug)]
/// enum Power { Off, On }
/// assert_eq!(Power::VARIANTS, ["Off", "On"]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no Choice",
    note = "put `#[derive(Choice, Clone, Copy)]` on the enum"
)]
pub trait Choice: Copy + 'static {
    /// The names of the variants, in order.
    const VARIANTS: &'static [&'static str];
    /// The position of this variant.
    fn index(self) -> usize;
    /// The variant at a position.
    fn from_index(index: usize) -> Option<Self>;
}

/// A sandboxed script, as the value of a Transformation field.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Script(pub String);

/// Why a stored value does not fit a Rust type.
#[derive(Clone, PartialEq, Debug)]
pub enum Misfit {
    /// There is no value.
    Unset,
    /// The value is of another kind.
    Kind {
        /// What the type holds.
        expected: Kind,
        /// What is stored.
        actual: Kind,
    },
    /// The Choice has no such variant.
    Variant(SmolStr),
}

impl Misfit {
    /// The misfit as an error of a field.
    #[must_use]
    pub fn at(self, entity: Subject, field: &str) -> Error {
        let field = field.into();
        match self {
            Self::Unset => Error::Unset { entity, field },
            Self::Kind { expected, actual } => Error::WrongType {
                entity,
                field,
                expected,
                actual,
            },
            Self::Variant(variant) => Error::UnknownVariant {
                entity,
                field,
                variant,
            },
        }
    }
}

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

// A type that is neither is told what a field holds, not what a Choice is.
#[diagnostic::do_not_recommend]
impl<C: Choice> FieldType for C {
    type Base = Self;
    type View<'a> = Self;
    const KIND: Kind = Kind::Choice;
    const CHOICES: &'static [&'static str] = C::VARIANTS;

    fn view(value: Option<ValueRef<'_>>) -> Result<Self, Misfit> {
        match value {
            Some(ValueRef::Choice(name)) => C::VARIANTS
                .iter()
                .position(|variant| *variant == name)
                .and_then(C::from_index)
                .ok_or_else(|| Misfit::Variant(name.into())),
            other => Err(misfit(Kind::Choice, other)),
        }
    }

    fn decode(value: Option<ValueRef<'_>>) -> Result<Self, Misfit> {
        Self::view(value)
    }

    fn encode(self) -> Option<Value> {
        C::VARIANTS
            .get(self.index())
            .map(|name| Value::Choice(SmolStr::new_static(name)))
    }
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

/// What can be given where a `T` is wanted: whatever turns into one. A trait of its own, so that
/// the message speaks of the value.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the field holds `{T}`, and `{Self}` is none",
    label = "this is no `{T}`",
    note = "write a value of `{T}`; a Choice is written as in `default = Power::On`"
)]
pub trait DefaultFor<T> {
    /// The value.
    fn into_default(self) -> T;
}

#[diagnostic::do_not_recommend]
impl<T, V: Into<T>> DefaultFor<T> for V {
    fn into_default(self) -> T {
        self.into()
    }
}

/// The values of a new entity: what a complete builder of `E` gives.
#[diagnostic::on_unimplemented(
    message = "this does not make a new `{E}`",
    note = "write `{E}::builder()` and give it every field that is no Option and has no default"
)]
pub trait NewEntity<E> {
    /// The fields that were given.
    fn into_values(self) -> Vec<(FieldKey, Value)>;
}
