//! Declaring and redefining types.

use std::collections::BTreeSet;

use super::place::bad_name;
use super::write::violates;
use super::{Cell, Mark, Model, Outcome, Refusal, refuse};
use crate::model::{FieldSchema, Kind, OnDelete, Schema};

impl Model {
    pub(super) fn set_schema(&mut self, schema: &Schema, mark: &Mark) -> Outcome {
        if bad_name(&schema.name) {
            return refuse("BadName");
        }
        let names: BTreeSet<_> = schema.fields.iter().map(|field| &field.name).collect();
        let large = |field: &FieldSchema| {
            field
                .default
                .as_ref()
                .is_some_and(|value| value.size() > self.limits.value)
        };
        if names.len() < schema.fields.len()
            || schema
                .fields
                .iter()
                .any(|field| nonsense(field) || large(field))
        {
            return refuse("Schema");
        }
        if schema
            .base
            .as_ref()
            .is_some_and(|base| self.schema(base).is_none())
        {
            return refuse("UnknownType");
        }
        let old = self.schema(&schema.name).cloned();
        if old.as_ref() == Some(schema) {
            return Ok(());
        }
        if schema
            .base
            .as_ref()
            .is_some_and(|base| self.is_a(base, &schema.name))
        {
            return refuse("Schema");
        }
        if old.as_ref().is_some_and(|old| old.base != schema.base) && self.count(&schema.name) > 0 {
            return refuse("Schema");
        }
        let before = self.clone();
        match self
            .types
            .iter_mut()
            .find(|known| known.name == schema.name)
        {
            Some(known) => *known = schema.clone(),
            None => self.types.push(schema.clone()),
        }
        let mut reasons = Vec::new();
        for name in self
            .types
            .iter()
            .map(|schema| schema.name.clone())
            .collect::<Vec<_>>()
        {
            if self.is_a(&name, &schema.name) {
                self.adapt(&name, &before, mark, &mut reasons);
            }
        }
        if reasons.is_empty() {
            Ok(())
        } else {
            Err(reasons)
        }
    }

    pub(super) fn drop_field(
        &mut self,
        entity_type: &str,
        field: &str,
        replaced_by: Option<&str>,
        mark: &Mark,
    ) -> Outcome {
        let lineage = self.lineage(entity_type).into_iter();
        let declares = |schema: &&Schema| schema.fields.iter().any(|known| known.name == field);
        let Some(mut schema) = lineage.clone().find(declares).cloned() else {
            return refuse("UnknownField");
        };
        let key = format!("{}.{field}", schema.name);
        let other = replaced_by.and_then(|name| match name {
            // No column holds them, so nothing was written there.
            "Name" | "Parent" | "Children" => Some(name.to_owned()),
            name => Some(self.field(entity_type, name)?.0),
        });
        let before = self.clone();
        let mut late = Vec::new();
        for (id, being) in &mut self.entities {
            let written = |key: &str| being.cells.get(key).map_or(0, |cell| cell.mark.revision);
            let held = being.cells.get(&key).filter(|cell| cell.value.is_some());
            if let Some(other) = &other
                && held.is_some_and(|held| written(other) < held.mark.revision)
            {
                let name = replaced_by;
                late.extend(super::refuse_at("Conflict", *id, name).unwrap_err());
            }
            if before.is_a(&being.entity_type, &schema.name) {
                being.cells.remove(&key);
            }
        }
        if !late.is_empty() {
            return Err(late);
        }
        schema.fields.retain(|known| known.name != field);
        self.set_schema(&schema, mark)
    }

    pub(in crate::tree::tests) fn count(&self, entity_type: &str) -> usize {
        let is_a = |name: &str| self.is_a(name, entity_type);
        self.entities
            .values()
            .filter(|being| is_a(&being.entity_type))
            .count()
    }

    /// Makes the entities of one type fit its new layout, or says why they cannot.
    fn adapt(&mut self, name: &str, before: &Self, mark: &Mark, reasons: &mut Vec<Refusal>) {
        let (old, new) = (before.layout(name), self.layout(name));
        let refused = |reasons: &mut Vec<Refusal>| reasons.extend(refuse("Schema").unwrap_err());
        let names: BTreeSet<_> = new.iter().map(|(_, field)| &field.name).collect();
        if names.len() < new.len() || new.len() - 1 > self.limits.fields {
            refused(reasons);
        }
        let ids: Vec<_> = self.entities.keys().copied().collect();
        for id in ids
            .into_iter()
            .filter(|id| before.entities[id].entity_type == name)
        {
            for (key, was) in &old {
                let cell = self.entities[&id].cells.get(key);
                let value = cell.and_then(|cell| cell.value.clone());
                let now = new
                    .iter()
                    .find(|(other, _)| other == key)
                    .map(|(_, field)| field);
                match now {
                    Some(now) if now.kind == was.kind => {
                        let gone = value.as_ref().is_some_and(|value| {
                            was.kind == Kind::Choice && violates(&choices_of(now), value)
                        });
                        if gone {
                            refused(reasons);
                        }
                    }
                    _ if value.is_some() => refused(reasons),
                    _ => {
                        self.entities.get_mut(&id).unwrap().cells.remove(key);
                    }
                }
            }
            for (key, now) in &new {
                if old.iter().any(|(other, was)| other == key && was == now) {
                    continue;
                }
                let cell = self.entities[&id].cells.get(key);
                match (cell.and_then(|cell| cell.value.clone()), &now.default) {
                    (Some(value), _) => {
                        let checked = self.check(id, key, now, &value);
                        reasons.extend(checked.err().unwrap_or_default());
                    }
                    (None, Some(default)) => {
                        let value = Some(super::write::normal(default.clone()));
                        let mark = mark.clone();
                        let cells = &mut self.entities.get_mut(&id).unwrap().cells;
                        cells.insert(key.clone(), Cell { value, mark });
                    }
                    (None, None) if now.required => {
                        let unset = super::refuse_at("Unset", id, Some(&now.name));
                        reasons.extend(unset.unwrap_err());
                    }
                    (None, None) => {}
                }
            }
        }
    }
}

fn choices_of(field: &FieldSchema) -> FieldSchema {
    FieldSchema::choice(field.choices.clone())
}

/// Whether a field's definition contradicts itself, as far as the generator writes such.
fn nonsense(field: &FieldSchema) -> bool {
    let kind = field.kind;
    let refers = matches!(kind, Kind::EntityReference | Kind::EntityList);
    let text = matches!(kind, Kind::String | Kind::Transformation);
    let bytes = matches!(kind, Kind::BinaryFile | Kind::EntityList);
    let twice = field.choices.iter().collect::<BTreeSet<_>>().len() < field.choices.len();
    matches!(
        field.name.as_str(),
        "Name" | "Description" | "Parent" | "Children"
    ) || bad_name(&field.name)
        || field
            .access
            .write
            .as_ref()
            .is_some_and(|role| bad_name(role))
        || field.history.is_some_and(|history| {
            history.keep.is_zero()
                || history
                    .min_interval
                    .is_some_and(|least| least > history.keep)
                || history.deadband.is_some_and(|deadband| {
                    !matches!(kind, Kind::Int | Kind::Float) || deadband != 0.5
                })
        })
        || field.name.contains("->")
        || field.range.is_some() && !kind.is_ordered()
        || field.pattern.is_some() && !text
        || field.max_length.is_some() && !text && !bytes
        || (kind == Kind::Choice) == field.choices.is_empty()
        || twice
        || field.target.is_some() && !refers
        || field.required && kind == Kind::EntityReference && field.on_delete == OnDelete::Unset
        || (field.unique || field.index) && bytes
        || field.default.as_ref().is_some_and(|default| {
            default.kind() != kind || refers || field.unique || violates(field, default)
        })
}
