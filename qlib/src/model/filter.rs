//! What a query asks of an entity, by typed handles: a thin layer over [`Condition`].

use std::fmt;
use std::marker::PhantomData;
use std::ops::Not;

use crate::model::{Condition, Field, FieldType, Operator, Ordered, Ref, Script};

/// What a query asks of an `E`. Made of the handles of `E`'s fields, so that a value of the wrong
/// type, an operator that does not fit and a field of another type do not compile.
///
/// A field without a value passes nothing but [`is_unset`](Field::is_unset): neither `ne` nor the
/// contrary of a comparison passes it.
///
/// ```
/// use qlib::{Field, FieldCache, Filter};
///
/// // `#[derive(Entity)]` makes such handles: `Device::FIELDS.Temperature`.
/// struct Device;
/// static CACHE: FieldCache = FieldCache::new();
/// let temperature: Field<Device, Option<f64>> = Field::new("Device", "Temperature", || &CACHE);
///
/// let filter: Filter<Device> = temperature.gt(80.0).or(temperature.is_unset());
/// let contrary = !filter;
/// ```
///
/// A value of another type does not compile:
///
/// ```compile_fail,E0277
/// # use qlib::{Field, FieldCache, Filter};
/// # struct Device;
/// # static CACHE: FieldCache = FieldCache::new();
/// # let temperature: Field<Device, Option<f64>> = Field::new("Device", "Temperature", || &CACHE);
/// temperature.gt("hot");
/// ```
///
/// Nor does an order that the values do not have:
///
/// ```compile_fail,E0277
/// # use qlib::{Field, FieldCache, Filter};
/// # struct Device;
/// # static CACHE: FieldCache = FieldCache::new();
/// # let armed: Field<Device, bool> = Field::new("Device", "Armed", || &CACHE);
/// armed.lt(true);
/// ```
///
/// Nor do fields of two types in one filter:
///
/// ```compile_fail,E0308
/// # use qlib::{Field, FieldCache, Filter};
/// # struct Device;
/// # struct Room;
/// # static CACHE: FieldCache = FieldCache::new();
/// # let armed: Field<Device, bool> = Field::new("Device", "Armed", || &CACHE);
/// # let floor: Field<Room, i64> = Field::new("Room", "Floor", || &CACHE);
/// armed.eq(true).and(floor.eq(1));
/// ```
#[must_use = "a filter does nothing until a query has it"]
pub struct Filter<E> {
    condition: Condition,
    of: PhantomData<fn() -> E>,
}

impl<E> Filter<E> {
    fn new(condition: Condition) -> Self {
        Self {
            condition,
            of: PhantomData,
        }
    }

    /// This and the other.
    pub fn and(self, other: Self) -> Self {
        Self::new(self.condition.and(other.condition))
    }

    /// This or the other, or both.
    pub fn or(self, other: Self) -> Self {
        Self::new(self.condition.or(other.condition))
    }

    /// The contrary of this. What has no value passes neither.
    #[expect(
        clippy::should_implement_trait,
        reason = "it does; as a method it needs no import"
    )]
    pub fn not(self) -> Self {
        Self::new(self.condition.not())
    }

    /// The same by names.
    #[must_use]
    pub fn condition(&self) -> &Condition {
        &self.condition
    }
}

impl<E> Not for Filter<E> {
    type Output = Self;

    fn not(self) -> Self {
        Self::not(self)
    }
}

impl<E> From<Filter<E>> for Condition {
    fn from(filter: Filter<E>) -> Self {
        filter.condition
    }
}

impl<E> Clone for Filter<E> {
    fn clone(&self) -> Self {
        Self::new(self.condition.clone())
    }
}

impl<E> fmt::Debug for Filter<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.condition.fmt(f)
    }
}

/// A field type whose values are text: String, Script.
#[diagnostic::on_unimplemented(
    message = "values of `{Self}` are no text",
    note = "only String and Script are text: `pattern` and `starts_with` fit them"
)]
pub trait Text: FieldType {}

impl Text for String {}
impl Text for Script {}

/// A field type whose values contain others: text contains text, a list contains entities.
#[diagnostic::on_unimplemented(
    message = "values of `{Self}` contain nothing",
    note = "only String, Script and Vec<Ref<_>> contain something; use `eq`"
)]
pub trait Contains: FieldType {
    /// What it contains.
    type Part: FieldType;
}

impl Contains for String {
    type Part = String;
}

impl Contains for Script {
    type Part = String;
}

impl<E: crate::model::Entity> Contains for Vec<Ref<E>> {
    type Part = Ref<E>;
}

/// Conditions on the field.
impl<E, T: FieldType> Field<E, T> {
    fn compare(self, operator: Operator, value: impl FieldType) -> Filter<E> {
        let field = Condition::field(self.name());
        Filter::new(match value.encode() {
            Some(value) => field.compare(operator, value),
            // What cannot be stored is nowhere.
            None => Condition::Any(Vec::new()),
        })
    }

    /// The field holds `value`.
    pub fn eq(self, value: impl Into<T::Base>) -> Filter<E> {
        self.compare(Operator::Eq, value.into())
    }

    /// The field holds another value than `value`.
    pub fn ne(self, value: impl Into<T::Base>) -> Filter<E> {
        self.compare(Operator::Ne, value.into())
    }

    /// The field holds one of `values`.
    pub fn one_of<V: Into<T::Base>>(self, values: impl IntoIterator<Item = V>) -> Filter<E> {
        let eq = |value| self.eq(value).condition;
        Filter::new(Condition::Any(values.into_iter().map(eq).collect()))
    }

    /// The field holds less than `value`.
    pub fn lt(self, value: impl Into<T::Base>) -> Filter<E>
    where
        T::Base: Ordered,
    {
        self.compare(Operator::Lt, value.into())
    }

    /// The field holds `value` or less.
    pub fn le(self, value: impl Into<T::Base>) -> Filter<E>
    where
        T::Base: Ordered,
    {
        self.compare(Operator::Le, value.into())
    }

    /// The field holds more than `value`.
    pub fn gt(self, value: impl Into<T::Base>) -> Filter<E>
    where
        T::Base: Ordered,
    {
        self.compare(Operator::Gt, value.into())
    }

    /// The field holds `value` or more.
    pub fn ge(self, value: impl Into<T::Base>) -> Filter<E>
    where
        T::Base: Ordered,
    {
        self.compare(Operator::Ge, value.into())
    }

    /// The text has `part` in it; the list has the entity `part` in it.
    pub fn contains(self, part: impl Into<<T::Base as Contains>::Part>) -> Filter<E>
    where
        T::Base: Contains,
    {
        self.compare(Operator::Contains, part.into())
    }

    /// The text starts with `part`.
    pub fn starts_with(self, part: impl Into<String>) -> Filter<E>
    where
        T::Base: Text,
    {
        self.compare(Operator::StartsWith, part.into())
    }

    /// The field has no value.
    pub fn is_unset(self) -> Filter<E> {
        Filter::new(Condition::field(self.name()).is_unset())
    }

    /// The field has a value.
    pub fn is_set(self) -> Filter<E> {
        Filter::new(Condition::field(self.name()).is_set())
    }
}
