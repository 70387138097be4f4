//! The quick way for the most frequent write: a number, a time or a Bool into a field without any
//! constraint, index or default to think of.

use crate::model::{
    EntityId, FieldChange, FieldId, FieldSchema, Kind, Quality, Stamp, Timestamp, TypeId, Value,
    Write, WriteMode,
};
use crate::tree::Tree;
use crate::tree::apply::Applying;
use crate::tree::chunked::{CHUNK, Chunked};
use crate::tree::column::{Cells, Column};

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
    /// Writes to a plain field; says no, and does nothing, where [`Tree::write`] has to look closer.
    #[inline]
    pub(super) fn write_plain(
        &mut self,
        write: &Write,
        node: u32,
        position: usize,
        applying: &mut Applying,
    ) -> bool {
        if write.mode != WriteMode::Always
            || write.quality == Quality::Unset
            || self.limits.value < SIZE
        {
            return false;
        }
        let (entity_type, slot) = (self.node(node).entity_type, self.node(node).slot as usize);
        let cell = Cell {
            id: write.id,
            entity_type: TypeId(entity_type),
            field: write.field,
            slot,
            stamp: Stamp {
                quality: write.quality,
                ..applying.stamp
            },
        };
        let change = match (
            &mut self.types[entity_type as usize].columns[position],
            &write.value,
        ) {
            (Column::Int(cells), Some(Value::Int(value))) => {
                cell.replace(cells, *value, Value::Int)
            }
            (Column::Float(cells), Some(Value::Float(value))) if !value.is_nan() => {
                cell.replace(cells, *value + 0.0, Value::Float)
            }
            (Column::Bool(cells), Some(Value::Bool(value))) => {
                cell.replace(cells, *value, Value::Bool)
            }
            (Column::Time(cells), Some(Value::Timestamp(value))) => {
                cell.replace::<Timestamp>(cells, *value, Value::Timestamp)
            }
            _ => return false,
        };
        applying.record(change);
        true
    }
}

/// What is written where.
struct Cell {
    id: EntityId,
    entity_type: TypeId,
    field: FieldId,
    slot: usize,
    stamp: Stamp,
}

impl Cell {
    #[inline]
    fn replace<T: Copy + Default>(
        self,
        cells: &mut Chunked<Cells<T>>,
        value: T,
        wrap: fn(T) -> Value,
    ) -> FieldChange {
        let chunk = cells.chunk_mut(self.slot);
        let at = self.slot % CHUNK;
        let previous = std::mem::replace(&mut chunk.values[at], value);
        let stamp = std::mem::replace(&mut chunk.stamps[at], self.stamp.into());
        FieldChange {
            id: self.id,
            entity_type: self.entity_type,
            field: self.field,
            previous: stamp.has_value().then(|| wrap(previous)),
            previous_stamp: stamp.into(),
            current: Some(wrap(value)),
        }
    }
}
