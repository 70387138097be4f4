//! Declaring and redefining types.

use std::sync::Arc;

use crate::model::{
    Effect, Error, FieldChange, FieldId, FieldSchema, Result, Schema, SchemaChange, TypeId,
    limits::name_fault,
};
use crate::tree::apply::Applying;
use crate::tree::column::Column;
use crate::tree::index::{Key, can_index};
use crate::tree::types::{Layout, TypeTable};
use crate::tree::write::normal;
use crate::tree::{Tree, next_tag};

impl Tree {
    /// Declares a type, or redefines it and those that extend it. On an error the tree is half
    /// changed: the caller has a clone.
    ///
    /// A field that stays keeps its column. A field that goes, or changes its kind, must hold
    /// nothing; its stamps go with it. Entities that exist get the default of a field that is unset.
    pub(super) fn set_schema(&mut self, schema: &Schema, applying: &mut Applying) -> Result<()> {
        let refused = |reason: String| Error::Schema {
            entity_type: schema.name.clone(),
            reason: reason.into(),
        };
        if let Some(reason) = name_fault(&schema.name) {
            return Err(Error::BadName {
                name: schema.name.clone(),
                reason,
            });
        }
        for (at, field) in schema.fields.iter().enumerate() {
            if let Some(reason) = field.fault() {
                return Err(refused(format!("{}: {reason}", field.name)));
            }
            if let Some(size) = field.default.as_ref().map(crate::model::Value::size)
                && size > self.limits.value
            {
                return Err(refused(format!(
                    "the default of {} has {size} bytes, at most {} are allowed",
                    field.name, self.limits.value
                )));
            }
            if !can_index(field.kind) && (field.index || field.unique) {
                return Err(refused(format!(
                    "{}: {} can be neither indexed nor unique",
                    field.name, field.kind
                )));
            }
            if schema.fields[..at]
                .iter()
                .any(|earlier| earlier.name == field.name)
            {
                return Err(refused(format!(
                    "the field {} is declared twice",
                    field.name
                )));
            }
            for earlier in &schema.fields[..at] {
                if let Some(was) = earlier.was.iter().find(|was| field.was.contains(was)) {
                    let (one, other) = (&earlier.name, &field.name);
                    return Err(refused(format!(
                        "{one} and {other} cannot both have been {was}"
                    )));
                }
            }
        }
        let base = schema
            .base
            .as_ref()
            .map(|base| self.type_id(base))
            .transpose()?;
        let known = self.type_names.get(&schema.name).copied();
        let previous = known.map(|known| self.schema(known).clone());
        if previous.as_ref() == Some(schema) {
            return Ok(());
        }
        let entity_type = known.unwrap_or(TypeId(self.types.len() as u32));
        if base.is_some_and(|base| self.is_a_or_new(base, entity_type)) {
            return Err(refused("a type cannot extend itself".into()));
        }
        if previous
            .as_ref()
            .is_some_and(|previous| previous.base != schema.base)
            && self.count(entity_type) > 0
        {
            return Err(refused(
                "its base cannot change while entities of it exist".into(),
            ));
        }
        self.rename_fields(entity_type, schema);
        let change = SchemaChange {
            entity_type,
            previous,
            previous_base: known.and_then(|known| self.base(known)),
            current: schema.clone(),
        };
        applying.again |= !applying.effects.is_empty();
        applying.effects.push(Effect::Schema(Arc::new(change)));
        self.type_names.insert(schema.name.clone(), entity_type);
        self.lay_out(entity_type, schema.clone(), base, applying)?;
        let mut extending: Vec<TypeId> = self.subtypes(entity_type).collect();
        extending.retain(|other| *other != entity_type);
        // A type may have been declared before the one that it extends.
        extending.sort_by_key(|other| self.table(*other).layout.lineage.len());
        for other in extending {
            let schema = self.schema(other).clone();
            let base = schema
                .base
                .as_ref()
                .map(|base| self.type_id(base))
                .transpose()?;
            self.lay_out(other, schema, base, applying)?;
        }
        self.tag = next_tag();
        Ok(())
    }

    /// References to types that are still unknown when a commit has declared all of its types.
    pub(crate) fn unknown_targets(&self) -> impl Iterator<Item = Error> {
        self.types.iter().flat_map(move |table| {
            table.layout.fields.iter().filter_map(move |field| {
                let target = field.schema.target.as_ref()?;
                let error = self.type_id(target).err()?;
                Some(Error::Schema {
                    entity_type: table.layout.schema.name.clone(),
                    reason: format!("{} refers to {target}: {error}", field.schema.name).into(),
                })
            })
        })
    }

    fn is_a_or_new(&self, base: TypeId, entity_type: TypeId) -> bool {
        base == entity_type || self.is_a(base, entity_type)
    }

    /// Gives a type the columns that its schema and its base ask for, and keeps what they held.
    fn lay_out(
        &mut self,
        entity_type: TypeId,
        schema: Schema,
        base: Option<TypeId>,
        applying: &mut Applying,
    ) -> Result<()> {
        let refused = |reason: String| Error::Schema {
            entity_type: schema.name.clone(),
            reason: reason.into(),
        };
        let mut lineage = vec![entity_type];
        let mut fields: Vec<(FieldId, FieldSchema)> = Vec::new();
        if let Some(base) = base {
            let base = &self.table(base).layout;
            lineage.extend(&base.lineage);
            fields.extend(
                base.fields[1..]
                    .iter()
                    .map(|field| (field.id, field.schema.clone())),
            );
        }
        for field in &schema.fields {
            if fields
                .iter()
                .any(|(_, inherited)| inherited.name == field.name)
            {
                return Err(refused(format!(
                    "{} inherits a field {} already",
                    schema.name, field.name
                )));
            }
            fields.push((self.declare_field(entity_type, field), field.clone()));
        }
        if fields.len() > self.limits.fields {
            return Err(refused(format!(
                "it has {} fields, at most {} are allowed",
                fields.len(),
                self.limits.fields
            )));
        }
        let mut table = TypeTable::new(Arc::new(Layout::new(schema.clone(), lineage, fields)));
        if let Some(old) = self.types.get(entity_type.0 as usize).cloned() {
            table.nodes = old.nodes.clone();
            table.used = old.used;
            table.free.clone_from(&old.free);
            self.keep_columns(&old, &mut table)?;
            self.types[entity_type.0 as usize] = table;
            self.hold_to_schema(entity_type, &old.layout, applying)
        } else {
            self.types.push(table);
            Ok(())
        }
    }

    /// The number of a field; a field that was declared before keeps its number.
    fn declare_field(&mut self, entity_type: TypeId, field: &FieldSchema) -> FieldId {
        let known = self
            .fields
            .iter()
            .position(|(by, name)| *by == entity_type && *name == field.name);
        let number = known.unwrap_or_else(|| {
            Arc::make_mut(&mut self.fields).push((entity_type, field.name.clone()));
            self.fields.len() - 1
        });
        FieldId(number as u32)
    }

    /// Takes over the columns of fields that stay. A field that goes must hold nothing.
    fn keep_columns(&mut self, old: &TypeTable, new: &mut TypeTable) -> Result<()> {
        let name = &new.layout.schema.name;
        for (position, field) in old.layout.fields.iter().enumerate() {
            let column = &old.columns[position];
            let held = || {
                old.live()
                    .filter(|(slot, _)| column.stamp(*slot).has_value())
                    .count()
            };
            let refused = |reason: String| Error::Schema {
                entity_type: name.clone(),
                reason: reason.into(),
            };
            let now = new
                .layout
                .position(field.id)
                .map(|now| (now, &new.layout.fields[now].schema));
            match now {
                Some((now, schema)) if schema.kind == field.schema.kind => {
                    new.columns[now] = if schema.choices == field.schema.choices {
                        column.clone()
                    } else {
                        rechoose(column, &field.schema, schema, old).map_err(refused)?
                    };
                }
                Some((_, schema)) if held() > 0 => {
                    let reason = format!(
                        "{} of {} entities holds {}, it cannot become {}",
                        schema.name,
                        held(),
                        field.schema.kind,
                        schema.kind
                    );
                    return Err(refused(reason));
                }
                None if held() > 0 => {
                    return Err(refused(format!(
                        "{} is left out, but {} entities hold it",
                        field.schema.name,
                        held()
                    )));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Gives entities that exist the defaults of new fields, checks them against new constraints, and
    /// builds new indexes.
    fn hold_to_schema(
        &mut self,
        entity_type: TypeId,
        old: &Layout,
        applying: &mut Applying,
    ) -> Result<()> {
        let layout = Arc::clone(&self.table(entity_type).layout);
        let live: Vec<(u32, u32)> = self.table(entity_type).live().collect();
        for (position, field) in layout.fields.iter().enumerate() {
            let before = old
                .position(field.id)
                .map(|before| &old.fields[before].schema);
            if before == Some(&field.schema) {
                continue;
            }
            let indexed = |schema: &FieldSchema| schema.index || schema.unique;
            if indexed(&field.schema) && !before.is_some_and(indexed) {
                for (slot, node) in &live {
                    let key = self
                        .cell(self.table(entity_type), position, *slot)
                        .and_then(Key::of);
                    if let Some(key) = key {
                        self.indexes
                            .entry(field.id)
                            .or_default()
                            .insert((key, *node));
                    }
                }
            } else if !indexed(&field.schema) {
                self.indexes.remove(&field.id);
            }
            for (slot, node) in &live {
                let id = self.node(*node).id;
                let value = self
                    .cell(self.table(entity_type), position, *slot)
                    .map(crate::model::ValueRef::to_value);
                match (value, &field.schema.default) {
                    (Some(value), _) => {
                        self.check(id, *node, field, &value)?;
                    }
                    (None, Some(_)) => {
                        let default = field.schema.default.clone().map(normal);
                        let column = &self.table(entity_type).columns[position];
                        let previous_stamp = column.stamp(*slot).into();
                        self.put(*node, position, default.as_ref(), applying.stamp);
                        applying.record(FieldChange {
                            id,
                            entity_type,
                            field: field.id,
                            previous: None,
                            previous_stamp,
                            current: default,
                        });
                    }
                    (None, _) if field.schema.required => {
                        return Err(Error::Unset {
                            entity: self.subject(id),
                            field: field.schema.name.clone(),
                        });
                    }
                    (None, _) => {}
                }
            }
        }
        Ok(())
    }
}

/// The column of a Choice whose variants were reordered, added or removed.
fn rechoose(
    column: &Column,
    old: &FieldSchema,
    new: &FieldSchema,
    table: &TypeTable,
) -> Result<Column, String> {
    let Column::Choice(cells) = column else {
        return Ok(column.clone());
    };
    let mut cells = cells.clone();
    for (slot, _) in table.live() {
        let Some(variant) = crate::tree::column::read(&cells, slot) else {
            continue;
        };
        let name = &old.choices[usize::from(*variant)];
        let Some(now) = new.choices.iter().position(|choice| choice == name) else {
            return Err(format!(
                "{}: the variant {name} is left out, but an entity holds it",
                new.name
            ));
        };
        let stamp = column.stamp(slot);
        crate::tree::column::write(&mut cells, slot, now as u16, stamp);
    }
    Ok(Column::Choice(cells))
}
