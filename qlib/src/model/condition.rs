//! What a query asks of an entity, by names: the form for tools, which build it at run time.

use std::hash::{Hash, Hasher};
use std::ops::Not;

use smol_str::SmolStr;

use crate::model::Value;

/// How a query compares what a field holds with a given value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Operator {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// A text that has the given text in it, a list that has the given entity in it.
    Contains,
    /// A text that starts with the given text.
    StartsWith,
}

impl Operator {
    /// The name of the method that asks it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Lt => "lt",
            Self::Le => "le",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Contains => "contains",
            Self::StartsWith => "starts_with",
        }
    }
}

/// What a query asks of an entity, by the names of its fields. [`Filter`](crate::Filter) is the same
/// with types that are checked when the program is built; here the query says what does not fit.
///
/// A field without a value passes nothing but [`FieldName::is_unset`]: `ne` does not pass it, and
/// what is behind `not` is turned around comparison by comparison, so that `not(a = 1)` is `a ≠ 1`
/// and passes no unset `a` either.
///
/// ```
/// use qlib::{Condition, Value};
/// let hot = Condition::field("Temperature").gt(80.0);
/// let on = Condition::field("Status").eq(Value::Choice("On".into()));
/// let condition = on.and(hot.or(Condition::field("Temperature").is_unset()));
/// assert!(matches!(condition, Condition::Every(_)));
/// ```
#[derive(Clone, PartialEq, Debug)]
pub enum Condition {
    /// The field holds a value that compares so with the given one.
    Compare {
        /// The field's name.
        field: SmolStr,
        /// How it is compared.
        operator: Operator,
        /// What it is compared with.
        value: Value,
    },
    /// The field holds no value.
    IsUnset {
        /// The field's name.
        field: SmolStr,
    },
    /// All of these; an empty list passes everything.
    Every(Vec<Condition>),
    /// At least one of these; an empty list passes nothing.
    Any(Vec<Condition>),
    /// The contrary.
    Not(Box<Condition>),
}

impl Default for Condition {
    fn default() -> Self {
        Self::Every(Vec::new())
    }
}

impl Condition {
    /// Begins a condition on the field of that name.
    #[must_use]
    pub fn field(name: impl Into<SmolStr>) -> FieldName {
        FieldName(name.into())
    }

    /// This and the other.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match self {
            Self::Every(mut all) => {
                all.push(other);
                Self::Every(all)
            }
            one => Self::Every(vec![one, other]),
        }
    }

    /// This or the other, or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match self {
            Self::Any(mut any) => {
                any.push(other);
                Self::Any(any)
            }
            one => Self::Any(vec![one, other]),
        }
    }

    /// The contrary of this. What has no value passes neither.
    #[must_use]
    #[expect(
        clippy::should_implement_trait,
        reason = "it does; as a method it needs no import"
    )]
    pub fn not(self) -> Self {
        Self::Not(Box::new(self))
    }
}

impl Not for Condition {
    type Output = Self;

    fn not(self) -> Self {
        Self::not(self)
    }
}

/// A field by its name, to make a [`Condition`] of.
///
/// ```
/// use qlib::{Condition, Operator};
/// let condition = Condition::field("Location").starts_with("ha");
/// assert!(matches!(condition, Condition::Compare { operator: Operator::StartsWith, .. }));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldName(SmolStr);

macro_rules! comparisons {
    ($($(#[$doc:meta])* $method:ident => $operator:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $method(self, value: impl Into<Value>) -> Condition {
            self.compare(Operator::$operator, value)
        }
    )*};
}

impl FieldName {
    /// The field compares so with `value`.
    #[must_use]
    pub fn compare(self, operator: Operator, value: impl Into<Value>) -> Condition {
        Condition::Compare {
            field: self.0,
            operator,
            value: value.into(),
        }
    }

    comparisons! {
        /// The field holds `value`.
        eq => Eq,
        /// The field holds another value.
        ne => Ne,
        /// The field holds less than `value`.
        lt => Lt,
        /// The field holds `value` or less.
        le => Le,
        /// The field holds more than `value`.
        gt => Gt,
        /// The field holds `value` or more.
        ge => Ge,
        /// The text has `value` in it; the list has the entity `value` in it.
        contains => Contains,
        /// The text starts with `value`.
        starts_with => StartsWith,
    }

    /// The field holds one of `values`.
    #[must_use]
    pub fn one_of<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Condition {
        let eq = |value| self.clone().compare(Operator::Eq, value);
        Condition::Any(values.into_iter().map(eq).collect())
    }

    /// The field has no value.
    #[must_use]
    pub fn is_unset(self) -> Condition {
        Condition::IsUnset { field: self.0 }
    }

    /// The field has a value.
    #[must_use]
    pub fn is_set(self) -> Condition {
        self.is_unset().not()
    }
}

impl Hash for Condition {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Compare {
                field,
                operator,
                value,
            } => {
                (field, operator).hash(state);
                hash_value(value, state);
            }
            Self::IsUnset { field } => field.hash(state),
            Self::Every(parts) | Self::Any(parts) => parts.hash(state),
            Self::Not(inner) => inner.hash(state),
        }
    }
}

/// Equal values have equal hashes; a NaN, which equals nothing, has one too.
fn hash_value<H: Hasher>(value: &Value, state: &mut H) {
    std::mem::discriminant(value).hash(state);
    match value {
        Value::Int(value) => value.hash(state),
        Value::Float(value) => (value + 0.0).to_bits().hash(state),
        Value::String(text) | Value::Transformation(text) | Value::Choice(text) => {
            text.hash(state);
        }
        Value::Bool(value) => value.hash(state),
        Value::BinaryFile(bytes) => bytes.hash(state),
        Value::EntityReference(id) => id.hash(state),
        Value::Timestamp(time) => time.hash(state),
        Value::EntityList(ids) => ids.hash(state),
    }
}
