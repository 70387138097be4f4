//! Which entities hold a value.

use smol_str::SmolStr;

use crate::model::{EntityId, Kind, ValueRef};
use crate::tree::ordered::OrderedSet;

/// A value by which an index sorts. The order is the value's own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Key {
    Number(i64),
    Text(SmolStr),
    Id(EntityId),
}

impl Key {
    /// The key of a value; `None` for kinds that no index holds.
    pub(crate) fn of(value: ValueRef<'_>) -> Option<Self> {
        Some(match value {
            ValueRef::Int(value) => Self::Number(value),
            ValueRef::Float(value) => Self::Number(sortable(value)),
            ValueRef::Bool(value) => Self::Number(value.into()),
            ValueRef::Timestamp(value) => Self::Number(value.as_nanos()),
            ValueRef::String(value) | ValueRef::Transformation(value) | ValueRef::Choice(value) => {
                Self::Text(value.into())
            }
            ValueRef::EntityReference(value) => Self::Id(value),
            ValueRef::BinaryFile(_) | ValueRef::EntityList(_) => return None,
        })
    }
}

/// Whether an index can hold values of this kind.
pub(crate) const fn can_index(kind: Kind) -> bool {
    !matches!(kind, Kind::BinaryFile | Kind::EntityList)
}

/// The float's bits as an integer that sorts as the float does; there is one zero.
fn sortable(value: f64) -> i64 {
    let bits = (value + 0.0).to_bits().cast_signed();
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

/// The nodes by the value of one field.
pub(crate) type Index = OrderedSet<(Key, u32)>;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn floats_sort_as_floats(a: f64, b: f64) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            prop_assert_eq!(Some(sortable(a).cmp(&sortable(b))), a.partial_cmp(&b));
        }
    }
}
