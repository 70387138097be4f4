//! The quick way for the most frequent write: a number, a time or a Bool into a field without any
//! constraint, index or default to think of.

use crate::model::{
    FieldChange, FieldSchema, Kind, Quality, Stamp, TypeId, Value, Write, WriteMode,
};
use crate::tree::Tree;
use crate::tree::apply::Applying;
use crate::tree::chunked::{CHUNK, Chunked};
use crate::tree::column::{Cells, Column, PackedStamp};

/// Bytes of the largest value that goes this way, as limits count them.
const SIZE: usize = 8;

/// Whether the field may hold any value of its kind that is within the limits; of Floats, not NaN.
pub(super) fn takes_all(field: &FieldSchema) -> bool {
    field.range.is_none()
        && field.max_length.is_none()
        && field.pattern.is_none()
        && !field.unique
        && !matches!(
            field.kind,
            Kind::Choice | Kind::EntityReference | Kind::EntityList
        )
}

/// Whether any value of the field's kind can be stored without a look at the schema.
pub(super) fn is_plain(field: &FieldSchema) -> bool {
    takes_all(field)
        && !field.index
        && matches!(
            field.kind,
            Kind::Int | Kind::Float | Kind::Bool | Kind::Timestamp
        )
}

impl Tree {
    /// Writes to a plain field of the entity in `slot`; says no, and does nothing, where
    /// [`Tree::write`] has to look closer.
    #[inline]
    pub(super) fn write_plain(
        &mut self,
        write: &Write,
        entity_type: TypeId,
        slot: u32,
        position: usize,
        applying: &mut Applying,
    ) -> bool {
        if write.mode != WriteMode::Always
            || write.quality == Quality::Unset
            || self.limits.value < SIZE
        {
            return false;
        }
        let cell = Cell {
            write,
            entity_type,
            slot: slot as usize,
        };
        let column = &mut self.types[entity_type.0 as usize].columns[position];
        match (column, &write.value) {
            (Column::Int(cells), Some(Value::Int(value))) => {
                cell.replace(cells, *value, Value::Int, applying);
            }
            (Column::Float(cells), Some(Value::Float(value))) if !value.is_nan() => {
                cell.replace(cells, *value + 0.0, Value::Float, applying);
            }
            (Column::Bool(cells), Some(Value::Bool(value))) => {
                cell.replace(cells, *value, Value::Bool, applying);
            }
            (Column::Time(cells), Some(Value::Timestamp(value))) => {
                cell.replace(cells, *value, Value::Timestamp, applying);
            }
            _ => return false,
        }
        true
    }
}

/// What is written where.
struct Cell<'a> {
    write: &'a Write,
    entity_type: TypeId,
    slot: usize,
}

impl Cell<'_> {
    // Once per kind down to the journal: values of a known kind need no copy in between.
    #[inline(always)]
    fn replace<T: Copy + Default>(
        &self,
        cells: &mut Chunked<Cells<T>>,
        value: T,
        wrap: impl Fn(T) -> Value,
        applying: &mut Applying,
    ) {
        let stamp = PackedStamp::from(Stamp {
            quality: self.write.quality,
            ..applying.stamp
        });
        let chunk = cells.chunk_mut(self.slot);
        let (previous, before) = chunk.replace(self.slot % CHUNK, value, stamp);
        applying.record(FieldChange {
            id: self.write.id,
            entity_type: self.entity_type,
            field: self.write.field,
            previous: before.has_value().then(|| wrap(previous)),
            previous_stamp: before.into(),
            current: Some(wrap(value)),
        });
    }
}
