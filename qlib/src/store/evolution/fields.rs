//! Comparing the fields of one type.

use smol_str::{SmolStr, format_smolstr};

use super::compare::Planner;
use super::convert::Way;
use super::fit::Fit;
use super::step::{Change, changes};
use super::{NewValue, Replacement, SchemaStep};
use crate::model::{
    FieldId, FieldSchema, Misfits, Refusal, Schema, Stamp, TypeId, ValueRef, field_entries,
};

/// What follows the name of a field in that of the one that gathers its new values.
const GATHERS: &str = " (next)";

/// What the values of a field must fulfil, by the keys of the schema file.
const CONSTRAINTS: [&str; 10] = [
    "required",
    "min",
    "above",
    "max",
    "below",
    "choices",
    "pattern",
    "max_length",
    "unique",
    "target",
];

impl Planner<'_> {
    pub(super) fn new_field(
        &mut self,
        before: &Schema,
        schema: &Schema,
        field: &FieldSchema,
        entities: usize,
    ) {
        let wanted = |name: &SmolStr| schema.fields.iter().any(|other| other.name == *name);
        let mut stored = before.fields.iter();
        let newer = stored.find(|stored| stored.was.contains(&field.name) && !wanted(&stored.name));
        let (entity_type, name) = (schema.name.clone(), field.name.clone());
        if let Some(newer) = newer {
            self.refusals.push(Refusal::FieldRenamed {
                entity_type,
                field: name,
                now: newer.name.clone(),
            });
        } else if field.required && field.default.is_none() && entities > 0 {
            self.refusals.push(Refusal::Required {
                entity_type,
                field: name,
                entities,
            });
        } else {
            let entries = field_entries(field).into_iter();
            let default = entries.into_iter().find(|(key, _)| *key == "default");
            self.plan.steps.push(SchemaStep::AddField {
                entity_type,
                field: name,
                default: default.map(|(_, value)| value),
                entities,
            });
        }
    }

    /// What a field becomes that the store has.
    pub(super) fn known_field(
        &mut self,
        stored: TypeId,
        schema: &Schema,
        at: usize,
        field: &FieldSchema,
    ) -> FieldSchema {
        let before = &self.schema_of(stored).fields[at];
        let merged = FieldSchema {
            was: union(&field.was, &before.was),
            ..field.clone()
        };
        let renamed = before.name != field.name;
        if renamed {
            self.plan.steps.push(SchemaStep::RenameField {
                entity_type: schema.name.clone(),
                field: field.name.clone(),
                was: before.name.clone(),
            });
        }
        let changes = changes(&field_entries(before), &field_entries(&merged));
        let changes = changes
            .into_iter()
            .filter(|(key, ..)| *key != "was" || !renamed)
            .collect();
        let Ok(source) = self.tree.field_id(stored, &before.name) else {
            return merged;
        };
        let way = (before.kind != field.kind || before.choices != field.choices)
            .then(|| Way::find(before, field, &schema.name, &self.wanted.conversions))
            .flatten();
        if before.kind != field.kind || way.is_some() {
            self.converted_field(stored, schema, before, &merged, source, way);
            self.changed_field(schema, field, changes);
            return merged;
        }
        if changes.iter().any(|(key, ..)| CONSTRAINTS.contains(key)) {
            let mut fit = Fit::new(self.tree, &merged, self.target(&merged));
            for entity in self.tree.entities(stored) {
                let value = entity.column(source).ok().flatten().map(ValueRef::to_value);
                fit.look(entity.id(), value.as_ref());
            }
            let misfits = fit.misfits;
            self.misfits(schema, field, misfits);
        }
        self.changed_field(schema, field, changes);
        merged
    }

    fn changed_field(&mut self, schema: &Schema, field: &FieldSchema, changes: Vec<Change>) {
        let changes = changes.into_iter().filter(|(key, ..)| *key != "kind");
        let steps = changes.map(|(key, from, to)| SchemaStep::ChangeField {
            entity_type: schema.name.clone(),
            field: field.name.clone(),
            key,
            from,
            to,
        });
        self.plan.steps.extend(steps);
    }

    fn misfits(&mut self, schema: &Schema, field: &FieldSchema, values: Misfits) {
        if values.count > 0 {
            self.refusals.push(Refusal::Values {
                entity_type: schema.name.clone(),
                field: field.name.clone(),
                values,
            });
        }
    }

    fn converted_field(
        &mut self,
        stored: TypeId,
        schema: &Schema,
        before: &FieldSchema,
        field: &FieldSchema,
        source: FieldId,
        way: Option<Way>,
    ) {
        let (entity_type, name) = (schema.name.clone(), field.name.clone());
        let (from, to) = (before.kind, field.kind);
        let mut fit = Fit::new(self.tree, field, self.target(field));
        let mut failed = Misfits::default();
        let (mut values, mut entities) = (Vec::new(), 0);
        for entity in self.tree.entities(stored) {
            let Some(value) = entity.column(source).ok().flatten() else {
                fit.look(entity.id(), None);
                continue;
            };
            entities += 1;
            let Some(way) = &way else { continue };
            match way.convert(value, field) {
                Ok(value) => {
                    fit.look(entity.id(), value.as_ref());
                    let stamp = entity.stamp(source).unwrap_or(Stamp::NEVER);
                    values.push(NewValue {
                        id: entity.id(),
                        revision: stamp.revision,
                        value,
                        quality: stamp.quality,
                    });
                }
                Err(reason) => failed.note(|| self.tree.subject(entity.id()), reason),
            }
        }
        let misfits = fit.misfits;
        if failed.count > 0 {
            self.refusals.push(Refusal::Conversion {
                entity_type,
                field: name,
                from,
                to,
                values: failed,
            });
        } else if entities > 0 && way.is_none() {
            self.refusals.push(Refusal::Kind {
                entity_type,
                field: name,
                from,
                to,
                entities,
            });
        } else {
            self.plan.steps.push(SchemaStep::ConvertField {
                entity_type,
                field: name.clone(),
                from,
                to,
                how: way.map_or("", |way| way.name()),
                entities,
            });
            if entities > 0 {
                self.plan.replacements.push(Replacement {
                    entity_type: stored,
                    wanted_type: schema.name.clone(),
                    source,
                    gathers: FieldSchema {
                        name: format_smolstr!("{name}{GATHERS}"),
                        choices: field.choices.clone(),
                        ..FieldSchema::new(to)
                    },
                    field: name,
                    values,
                });
            }
        }
        self.misfits(schema, field, misfits);
    }

    /// Takes away what is not wanted, if it may go, and what a migration that did not end left
    /// behind where another one begins.
    pub(super) fn unwanted_fields(
        &mut self,
        stored: TypeId,
        before: &Schema,
        merged: &mut Schema,
        schema: &Schema,
    ) {
        for field in &before.fields {
            let replacements = self.plan.replacements.iter();
            let left_behind = replacements
                .filter(|replacement| replacement.entity_type == stored)
                .any(|replacement| replacement.gathers.name == field.name);
            let became = |wanted: &FieldSchema| {
                place_of(before, schema, wanted)
                    .is_some_and(|at| before.fields[at].name == field.name)
            };
            if schema.fields.iter().any(became) || !(left_behind || self.wanted.allow_removal) {
                continue;
            }
            let Ok(number) = self.tree.field_id(stored, &field.name) else {
                continue;
            };
            merged.fields.retain(|kept| kept.name != field.name);
            self.plan.drops.push(number);
            let entities = self.tree.entities(stored);
            let holds =
                entities.filter(|entity| entity.column(number).is_ok_and(|value| value.is_some()));
            self.plan.steps.push(SchemaStep::RemoveField {
                entity_type: schema.name.clone(),
                field: field.name.clone(),
                entities: holds.count(),
            });
        }
    }

    /// The type of the store that a field's references must be of; there may be none yet.
    fn target(&self, field: &FieldSchema) -> Option<Option<TypeId>> {
        field.target.as_ref().map(|target| self.stored(target))
    }
}

/// The place of the stored field that a wanted one is, or was.
pub(super) fn place_of(before: &Schema, schema: &Schema, field: &FieldSchema) -> Option<usize> {
    let stored = |name: &SmolStr| before.fields.iter().position(|known| known.name == *name);
    let listed = |name: &SmolStr| schema.fields.iter().any(|other| other.name == *name);
    stored(&field.name).or_else(|| field.was.iter().filter(|was| !listed(was)).find_map(stored))
}

pub(super) fn union(first: &[SmolStr], then: &[SmolStr]) -> Vec<SmolStr> {
    let more = then.iter().filter(|name| !first.contains(name));
    first.iter().chain(more).cloned().collect()
}
