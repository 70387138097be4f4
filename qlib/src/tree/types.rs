//! The types of a tree: their fields, those that they inherit first, and the columns of those.

use std::sync::Arc;

use regex_lite::Regex;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use crate::model::{FieldId, FieldSchema, Kind, Schema, TypeId, compile_pattern};
use crate::tree::chunked::{Chunked, Slots};
use crate::tree::column::Column;
use crate::tree::plain::{is_plain, takes_all};

/// A field of a type, its own or inherited.
#[derive(Debug)]
pub(crate) struct LayoutField {
    pub(crate) id: FieldId,
    pub(crate) schema: FieldSchema,
    pub(crate) pattern: Option<Regex>,
    /// See [`takes_all`].
    pub(crate) takes_all: bool,
    /// See [`is_plain`].
    pub(crate) plain: bool,
    /// Whether an index or the referrers know what the field holds.
    pub(crate) tracked: bool,
}

/// What a type's entities look like.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) schema: Schema,
    /// The type and those that it extends, the type itself first.
    pub(crate) lineage: Vec<TypeId>,
    /// `Description`, then the fields of the furthest base, and so on: a prefix is the base's own layout.
    pub(crate) fields: Vec<LayoutField>,
    by_name: FxHashMap<SmolStr, u32>,
    /// One more than the position of each field, by the field's number.
    by_id: Vec<u16>,
}

impl Layout {
    /// The layout of a type that has `fields`, its own and inherited, behind `Description`.
    pub(crate) fn new(
        schema: Schema,
        lineage: Vec<TypeId>,
        fields: Vec<(FieldId, FieldSchema)>,
    ) -> Self {
        let mut description = FieldSchema::new(Kind::String);
        description.name = SmolStr::new_static("Description");
        let fields: Vec<LayoutField> = std::iter::once((FieldId::DESCRIPTION, description))
            .chain(fields)
            .map(|(id, schema)| {
                // `FieldSchema::fault` has refused patterns that are none.
                let pattern = schema
                    .pattern
                    .as_deref()
                    .and_then(|pattern| compile_pattern(pattern).ok());
                LayoutField {
                    takes_all: takes_all(&schema),
                    plain: is_plain(&schema),
                    tracked: schema.index
                        || schema.unique
                        || matches!(schema.kind, Kind::EntityReference | Kind::EntityList),
                    id,
                    schema,
                    pattern,
                }
            })
            .collect();
        let mut by_name = FxHashMap::default();
        let mut by_id = Vec::new();
        for (position, field) in fields.iter().enumerate() {
            by_name.insert(field.schema.name.clone(), position as u32);
            let id = field.id.0 as usize;
            if by_id.len() <= id {
                by_id.resize(id + 1, 0);
            }
            by_id[id] = position as u16 + 1;
        }
        Self {
            schema,
            lineage,
            fields,
            by_name,
            by_id,
        }
    }

    /// Where the field's column is.
    #[inline]
    pub(crate) fn position(&self, field: FieldId) -> Option<usize> {
        match self.by_id.get(field.0 as usize) {
            None | Some(0) => None,
            Some(one_more) => Some(usize::from(*one_more) - 1),
        }
    }

    pub(crate) fn named(&self, name: &str) -> Option<&LayoutField> {
        self.by_name
            .get(name)
            .map(|position| &self.fields[*position as usize])
    }

    /// Whether the type is `base` or extends it.
    pub(crate) fn is_a(&self, base: TypeId) -> bool {
        self.lineage.contains(&base)
    }
}

/// A type and its entities.
#[derive(Clone, Debug)]
pub(crate) struct TypeTable {
    pub(crate) layout: Arc<Layout>,
    pub(crate) columns: Vec<Column>,
    /// The node in each slot; 0 where there is none.
    pub(crate) nodes: Chunked<Slots<u32>>,
    /// Slots below this were used at some time.
    pub(crate) used: u32,
    /// Slots below `used` that hold no entity.
    pub(crate) free: Vec<u32>,
}

impl TypeTable {
    /// A type without entities.
    pub(crate) fn new(layout: Arc<Layout>) -> Self {
        let columns = layout
            .fields
            .iter()
            .map(|field| Column::new(field.schema.kind))
            .collect();
        Self {
            layout,
            columns,
            nodes: Chunked::default(),
            used: 0,
            free: Vec::new(),
        }
    }

    /// How many entities there are.
    pub(crate) fn len(&self) -> usize {
        self.used as usize - self.free.len()
    }

    /// The node in a slot; 0 where there is none.
    pub(crate) fn node(&self, slot: u32) -> u32 {
        self.nodes.get(slot as usize).copied().unwrap_or(0)
    }

    /// Takes a slot for `node`.
    pub(crate) fn take_slot(&mut self, node: u32) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.used += 1;
            self.used - 1
        });
        *self.nodes.get_mut(slot as usize) = node;
        slot
    }

    /// Empties a slot and gives it back.
    pub(crate) fn release_slot(&mut self, slot: u32) {
        for column in &mut self.columns {
            column.clear(slot);
        }
        *self.nodes.get_mut(slot as usize) = 0;
        self.free.push(slot);
    }

    /// The slots that hold an entity, with its node, in the order of slots.
    pub(crate) fn live(&self) -> impl Iterator<Item = (u32, u32)> {
        (0..self.used)
            .map(|slot| (slot, self.node(slot)))
            .filter(|(_, node)| *node != 0)
    }

    /// How many chunks the two do not share.
    pub(crate) fn unshared(&self, other: &Self) -> usize {
        let same_field = |field: &LayoutField| other.layout.position(field.id);
        let columns = self
            .layout
            .fields
            .iter()
            .zip(&self.columns)
            .filter_map(|(field, a)| Some(a.unshared(&other.columns[same_field(field)?])))
            .sum::<usize>();
        columns + self.nodes.unshared(&other.nodes)
    }
}
