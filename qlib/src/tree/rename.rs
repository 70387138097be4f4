//! Names of types and fields that change, and fields that go.

use std::sync::Arc;

use smol_str::SmolStr;

use crate::model::{
    Effect, Error, FieldChange, FieldId, FieldSchema, Result, Schema, SchemaChange, TypeId,
};
use crate::tree::Tree;
use crate::tree::apply::Applying;
use crate::tree::column::Column;
use crate::tree::types::Layout;

impl Tree {
    /// Renames the type that the schema's was before, if it is there under such a name only. Types
    /// that extend it or refer to it say its new name from here on.
    pub(super) fn rename_type(&mut self, schema: &Schema, applying: &mut Applying) {
        if self.type_names.contains_key(&schema.name) {
            return;
        }
        let known = |was: &SmolStr| Some((was.clone(), *self.type_names.get(was)?));
        let Some((was, entity_type)) = schema.was.iter().find_map(known) else {
            return;
        };
        self.type_names.remove(&was);
        self.type_names.insert(schema.name.clone(), entity_type);
        for other in self.types() {
            let layout = &self.table(other).layout;
            let previous = layout.schema.clone();
            let mut current = previous.clone();
            rename_in(&mut current, &was, &schema.name);
            let fields = layout.fields[1..].iter().map(|field| {
                let mut renamed = field.schema.clone();
                rename_target(&mut renamed, &was, &schema.name);
                (field.id, renamed)
            });
            let layout = Layout::new(current.clone(), layout.lineage.clone(), fields.collect());
            self.types[other.0 as usize].layout = Arc::new(layout);
            if current != previous {
                applying.again = true;
                applying.effects.push(Effect::Schema(Arc::new(SchemaChange {
                    entity_type: other,
                    previous: Some(previous),
                    previous_base: self.base(other),
                    current,
                })));
            }
        }
    }

    /// Gives fields that the type has the names that the schema has for them. Layouts say the old
    /// ones until they are laid out anew.
    pub(super) fn rename_fields(&mut self, entity_type: TypeId, schema: &Schema) {
        let Some(table) = self.types.get(entity_type.0 as usize) else {
            return;
        };
        let layout = Arc::clone(&table.layout);
        let own = |name: &SmolStr| layout.schema.fields.iter().any(|field| field.name == *name);
        let listed = |name: &SmolStr| schema.fields.iter().any(|field| field.name == *name);
        for field in &schema.fields {
            if own(&field.name) {
                continue;
            }
            let Some(was) = field.was.iter().find(|was| own(was) && !listed(was)) else {
                continue;
            };
            let number = |name: &SmolStr| {
                let mut declared = self.fields.iter();
                declared.position(|(by, known)| *by == entity_type && known == name)
            };
            let (Some(old), taken) = (number(was), number(&field.name)) else {
                continue;
            };
            let fields = Arc::make_mut(&mut self.fields);
            // A field of the new name that is gone takes the old one, so that each stays one field's.
            if let Some(taken) = taken {
                fields[taken].1.clone_from(was);
            }
            fields[old].1.clone_from(&field.name);
        }
    }

    /// Takes a field out of the type that declares it. On an error the tree is half changed: the
    /// caller has a clone.
    pub(super) fn drop_field(
        &mut self,
        field: FieldId,
        replaced_by: Option<FieldId>,
        applying: &mut Applying,
    ) -> Result<()> {
        let (declared_by, name) = self
            .fields
            .get(field.0 as usize)
            .cloned()
            .unwrap_or((TypeId(u32::MAX), self.field_name(field).clone()));
        let known = self.types.get(declared_by.0 as usize);
        let Some(table) = known.filter(|table| table.layout.position(field).is_some()) else {
            return Err(Error::UnknownField {
                entity_type: known
                    .map_or_else(SmolStr::default, |table| table.layout.schema.name.clone()),
                field: name,
                suggestion: None,
            });
        };
        let mut schema = table.layout.schema.clone();
        schema.fields.retain(|kept| kept.name != name);
        for entity_type in self.subtypes(declared_by).collect::<Vec<_>>() {
            self.empty_field(entity_type, field, replaced_by, applying)?;
        }
        self.set_schema(&schema, applying)
    }

    fn empty_field(
        &mut self,
        entity_type: TypeId,
        field: FieldId,
        replaced_by: Option<FieldId>,
        applying: &mut Applying,
    ) -> Result<()> {
        let table = self.table(entity_type);
        let layout = Arc::clone(&table.layout);
        let Some(position) = layout.position(field) else {
            return Ok(());
        };
        let replacing = replaced_by.map(|other| {
            let column = layout.position(other).map(|at| &table.columns[at]);
            (other, column)
        });
        let live: Vec<(u32, u32)> = table.live().collect();
        for (slot, node) in &live {
            let old = table.columns[position].stamp(*slot);
            let newer = |column: &Column| column.stamp(*slot).revision() >= old.revision();
            if let Some((other, column)) = replacing
                && old.has_value()
                && !column.is_some_and(newer)
            {
                return Err(Error::Conflict {
                    entity: self.subject(self.node(*node).id),
                    field: self.field_name(other).clone(),
                });
            }
        }
        for (slot, node) in live {
            let table = self.table(entity_type);
            let Some(value) = self.cell(table, position, slot) else {
                continue;
            };
            applying.record(FieldChange {
                id: self.node(node).id,
                entity_type,
                field,
                previous: Some(value.to_value()),
                previous_stamp: table.columns[position].stamp(slot).into(),
                current: None,
            });
            self.forget(node, field, entity_type.0 as usize, position);
        }
        let kind = layout.fields[position].schema.kind;
        self.types[entity_type.0 as usize].columns[position] = Column::new(kind);
        Ok(())
    }
}

/// Names a type anew wherever a schema names it.
pub(crate) fn rename_in(schema: &mut Schema, was: &SmolStr, name: &SmolStr) {
    let base = schema.base.as_mut();
    for known in std::iter::once(&mut schema.name).chain(base) {
        if known == was {
            known.clone_from(name);
        }
    }
    for field in &mut schema.fields {
        rename_target(field, was, name);
    }
}

fn rename_target(field: &mut FieldSchema, was: &SmolStr, name: &SmolStr) {
    if let Some(target) = field.target.as_mut().filter(|target| *target == was) {
        target.clone_from(name);
    }
}
