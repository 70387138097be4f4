//! Structs as entities: the traits that the derives implement, and typed handles of fields.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use smol_str::SmolStr;

use crate::model::{EntityId, Error, FieldType, Kind, Result, Schema, Subject, Value, ValueRef};

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

    /// The functions of `#[field(convert = …)]`, which run before a migration is committed.
    fn conversions() -> Vec<Conversion> {
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

/// A function of the application's own that makes values of one field from those that the store has
/// of another kind, or with other variants.
#[derive(Clone)]
pub struct Conversion {
    /// The field.
    pub field: FieldKey,
    /// The kind of the values that it takes.
    pub from: Kind,
    /// Their variants, if they are Choices.
    pub choices: &'static [&'static str],
    /// Gives the value, or says why there is none.
    pub convert: Convert,
}

/// Makes one value of another.
pub type Convert = Arc<dyn Fn(ValueRef<'_>) -> Result<Option<Value>, String> + Send + Sync>;

impl fmt::Debug for Conversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {}", self.field, self.from)
    }
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
    #[inline]
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
pub trait Choice: Sized + 'static {
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

/// The values of a new entity: what a complete builder of `E` gives.
#[diagnostic::on_unimplemented(
    message = "this does not make a new `{E}`",
    note = "write `{E}::builder()` and give it every field that is no Option and has no default"
)]
pub trait NewEntity<E> {
    /// The fields that were given.
    fn into_values(self) -> Vec<(FieldKey, Value)>;
}
