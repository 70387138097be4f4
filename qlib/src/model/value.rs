//! What a field can hold.

use std::fmt;
use std::sync::Arc;

use smol_str::SmolStr;

use crate::model::{EntityId, Timestamp};

/// The kind of value that a field holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// A signed 64-bit integer.
    Int,
    /// A 64-bit float, never NaN; -0.0 is stored as 0.0.
    Float,
    /// Text.
    String,
    /// True or false.
    Bool,
    /// Bytes.
    BinaryFile,
    /// The id of another entity, which exists.
    EntityReference,
    /// A point in time.
    Timestamp,
    /// A sandboxed script.
    Transformation,
    /// One of the variants that the schema names.
    Choice,
    /// Ids of other entities, which exist, in order.
    EntityList,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Int,
        Self::Float,
        Self::String,
        Self::Bool,
        Self::BinaryFile,
        Self::EntityReference,
        Self::Timestamp,
        Self::Transformation,
        Self::Choice,
        Self::EntityList,
    ];

    /// The kind's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Int => "Int",
            Self::Float => "Float",
            Self::String => "String",
            Self::Bool => "Bool",
            Self::BinaryFile => "BinaryFile",
            Self::EntityReference => "EntityReference",
            Self::Timestamp => "Timestamp",
            Self::Transformation => "Transformation",
            Self::Choice => "Choice",
            Self::EntityList => "EntityList",
        }
    }

    /// Whether values of this kind have an order that means something to people.
    #[must_use]
    pub const fn is_ordered(self) -> bool {
        matches!(
            self,
            Self::Int | Self::Float | Self::String | Self::Timestamp
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The value of a field. Cloning never copies more than 23 bytes of text.
#[derive(Clone, PartialEq)]
#[expect(missing_docs, reason = "the variants are documented at Kind")]
pub enum Value {
    Int(i64),
    Float(f64),
    String(SmolStr),
    Bool(bool),
    BinaryFile(Arc<[u8]>),
    EntityReference(EntityId),
    Timestamp(Timestamp),
    Transformation(SmolStr),
    Choice(SmolStr),
    EntityList(Arc<[EntityId]>),
}

impl Value {
    /// The kind of the value.
    #[must_use]
    #[inline]
    pub fn kind(&self) -> Kind {
        self.as_ref().kind()
    }

    /// The value, borrowed.
    #[must_use]
    #[inline]
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Int(value) => ValueRef::Int(*value),
            Self::Float(value) => ValueRef::Float(*value),
            Self::String(value) => ValueRef::String(value),
            Self::Bool(value) => ValueRef::Bool(*value),
            Self::BinaryFile(value) => ValueRef::BinaryFile(value),
            Self::EntityReference(value) => ValueRef::EntityReference(*value),
            Self::Timestamp(value) => ValueRef::Timestamp(*value),
            Self::Transformation(value) => ValueRef::Transformation(value),
            Self::Choice(value) => ValueRef::Choice(value),
            Self::EntityList(value) => ValueRef::EntityList(value),
        }
    }

    /// Bytes that the value takes in a log, roughly: what the size limits count.
    #[must_use]
    #[inline]
    pub fn size(&self) -> usize {
        self.as_ref().size()
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_ref(), f)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.as_ref(), f)
    }
}

macro_rules! value_from {
    ($($from:ty => $variant:ident),* $(,)?) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}

value_from!(
    i64 => Int,
    f64 => Float,
    &str => String,
    String => String,
    SmolStr => String,
    bool => Bool,
    Vec<u8> => BinaryFile,
    &[u8] => BinaryFile,
    EntityId => EntityReference,
    Timestamp => Timestamp,
    Vec<EntityId> => EntityList,
);

/// A value that is still where it is stored.
#[derive(Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "the variants are documented at Kind")]
pub enum ValueRef<'a> {
    Int(i64),
    Float(f64),
    String(&'a str),
    Bool(bool),
    BinaryFile(&'a [u8]),
    EntityReference(EntityId),
    Timestamp(Timestamp),
    Transformation(&'a str),
    Choice(&'a str),
    EntityList(&'a [EntityId]),
}

impl ValueRef<'_> {
    /// The kind of the value.
    #[must_use]
    #[inline]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Int(_) => Kind::Int,
            Self::Float(_) => Kind::Float,
            Self::String(_) => Kind::String,
            Self::Bool(_) => Kind::Bool,
            Self::BinaryFile(_) => Kind::BinaryFile,
            Self::EntityReference(_) => Kind::EntityReference,
            Self::Timestamp(_) => Kind::Timestamp,
            Self::Transformation(_) => Kind::Transformation,
            Self::Choice(_) => Kind::Choice,
            Self::EntityList(_) => Kind::EntityList,
        }
    }

    /// The value as a number, if it is one.
    pub(crate) fn as_number(self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(value as f64),
            Self::Float(value) => Some(value),
            _ => None,
        }
    }

    /// The value, owned.
    #[must_use]
    pub fn to_value(self) -> Value {
        match self {
            Self::Int(value) => Value::Int(value),
            Self::Float(value) => Value::Float(value),
            Self::String(value) => Value::String(value.into()),
            Self::Bool(value) => Value::Bool(value),
            Self::BinaryFile(value) => Value::BinaryFile(value.into()),
            Self::EntityReference(value) => Value::EntityReference(value),
            Self::Timestamp(value) => Value::Timestamp(value),
            Self::Transformation(value) => Value::Transformation(value.into()),
            Self::Choice(value) => Value::Choice(value.into()),
            Self::EntityList(value) => Value::EntityList(value.into()),
        }
    }

    /// Bytes that the value takes in a log, roughly: what the size limits count.
    #[must_use]
    #[inline]
    pub const fn size(self) -> usize {
        match self {
            Self::Int(_) | Self::Float(_) | Self::Timestamp(_) => 8,
            Self::Bool(_) => 1,
            Self::EntityReference(_) => 16,
            Self::String(text) | Self::Transformation(text) | Self::Choice(text) => text.len(),
            Self::BinaryFile(bytes) => bytes.len(),
            Self::EntityList(ids) => ids.len() * 16,
        }
    }
}

impl fmt::Display for ValueRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::String(value) | Self::Transformation(value) | Self::Choice(value) => value.fmt(f),
            Self::Bool(value) => value.fmt(f),
            Self::BinaryFile(value) => write!(f, "{} bytes", value.len()),
            Self::EntityReference(value) => value.fmt(f),
            Self::Timestamp(value) => value.fmt(f),
            Self::EntityList(value) => write!(f, "{} entities", value.len()),
        }
    }
}

impl fmt::Debug for ValueRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float(value) => write!(f, "{value:?}"),
            Self::String(value) | Self::Transformation(value) => write!(f, "{value:?}"),
            _ => fmt::Display::fmt(self, f),
        }
    }
}

impl<'a> ValueRef<'a> {
    /// How two values of one ordered kind compare; `None` for others.
    #[must_use]
    pub fn compare(self, other: ValueRef<'_>) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (ValueRef::Int(a), ValueRef::Int(b)) => Some(a.cmp(&b)),
            (ValueRef::Float(a), ValueRef::Float(b)) => a.partial_cmp(&b),
            (ValueRef::String(a), ValueRef::String(b)) => Some(a.cmp(b)),
            (ValueRef::Timestamp(a), ValueRef::Timestamp(b)) => Some(a.cmp(&b)),
            _ => None,
        }
    }
}
