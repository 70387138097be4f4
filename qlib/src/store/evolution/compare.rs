//! Comparing the types of a store with those that are wanted.

use smol_str::{SmolStr, format_smolstr};

use super::carry_out::Stages;
use super::convert::Way;
use super::fit::Fit;
use super::step::{Change, changes};
use super::{NewValue, Replacement, SchemaPlan, SchemaStep, WantedSchemas};
use crate::model::{
    Error, FieldId, FieldSchema, Misfits, Op, Refusal, Schema, Stamp, TypeId, ValueRef,
    field_entries, type_entries,
};
use crate::store::is_system_type;
use crate::tree::{Tree, rename_in};

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

/// Makes a plan.
pub(super) struct Planner<'a> {
    tree: &'a Tree,
    wanted: &'a WantedSchemas,
    /// Types that get another name: the one so far, and the new one.
    renamed: Vec<(SmolStr, SmolStr)>,
    plan: SchemaPlan,
    refusals: Vec<Refusal>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(tree: &'a Tree, wanted: &'a WantedSchemas) -> Self {
        Self {
            tree,
            wanted,
            renamed: Vec::new(),
            plan: SchemaPlan {
                steps: Vec::new(),
                schema_revision: tree.schema_revision(),
                schemas: Vec::new(),
                drops: Vec::new(),
                replacements: Vec::new(),
            },
            refusals: Vec::new(),
        }
    }

    pub(super) fn plan(mut self) -> Result<SchemaPlan, Vec<Refusal>> {
        self.renamed = self
            .wanted
            .schemas
            .iter()
            .filter_map(|schema| self.rename(schema))
            .collect();
        for (at, (was, now)) in self.renamed.iter().enumerate() {
            if let Some((_, other)) = self.renamed[..at].iter().find(|(other, _)| other == was) {
                self.refusals.push(Refusal::Invalid {
                    entity_type: now.clone(),
                    reason: format!("it and {other} cannot both have been {was}").into(),
                });
                return Err(self.refusals);
            }
        }
        for schema in &self.wanted.schemas {
            match self.stored(&schema.name) {
                Some(stored) => self.known_type(stored, schema),
                None => self.new_type(schema),
            }
        }
        if self.refusals.is_empty() {
            self.declare_in_an_empty_tree();
        }
        if self.refusals.is_empty() {
            Ok(self.plan)
        } else {
            Err(self.refusals)
        }
    }

    /// The name so far of a type that gets another one.
    fn rename(&self, schema: &Schema) -> Option<(SmolStr, SmolStr)> {
        let free = |was: &&SmolStr| {
            let mut wanted = self.wanted.schemas.iter();
            self.tree.type_id(was).is_ok()
                && !is_system_type(was)
                && wanted.all(|other| other.name != **was)
        };
        let was = schema.was.iter().find(free)?;
        self.tree
            .type_id(&schema.name)
            .is_err()
            .then(|| (was.clone(), schema.name.clone()))
    }

    /// The type of the store that has a name, or gets it.
    fn stored(&self, name: &str) -> Option<TypeId> {
        let renamed = self.renamed.iter().find(|(_, now)| now == name);
        self.tree.type_id(renamed.map_or(name, |(was, _)| was)).ok()
    }

    /// The schema of a type of the store, with the names that types get.
    fn schema_of(&self, stored: TypeId) -> Schema {
        let mut schema = self.tree.schema(stored).clone();
        for (was, now) in &self.renamed {
            rename_in(&mut schema, was, now);
        }
        schema
    }

    fn new_type(&mut self, schema: &Schema) {
        let wanted = |name: &SmolStr| self.wanted.schemas.iter().any(|other| other.name == *name);
        let mut stored = self.tree.types().map(|stored| self.tree.schema(stored));
        let newer =
            stored.find(|stored| stored.was.contains(&schema.name) && !wanted(&stored.name));
        if let Some(newer) = newer {
            self.refusals.push(Refusal::TypeRenamed {
                entity_type: schema.name.clone(),
                now: newer.name.clone(),
            });
            return;
        }
        let entity_type = schema.name.clone();
        self.plan.steps.push(SchemaStep::AddType { entity_type });
        self.plan.schemas.push(schema.clone());
    }

    fn known_type(&mut self, stored: TypeId, schema: &Schema) {
        let before = self.schema_of(stored);
        let mut merged = before.clone();
        merged.doc.clone_from(&schema.doc);
        merged.was = union(&schema.was, &before.was);
        let was = self.tree.type_name(stored);
        let renamed = *was != schema.name;
        if renamed {
            self.plan.steps.push(SchemaStep::RenameType {
                entity_type: schema.name.clone(),
                was: was.clone(),
            });
        }
        let entities = self.tree.count(stored);
        if before.base != schema.base && entities > 0 {
            self.refusals.push(Refusal::Base {
                entity_type: schema.name.clone(),
                from: before.base.clone(),
                to: schema.base.clone(),
                entities,
            });
        } else {
            merged.base.clone_from(&schema.base);
        }
        for (key, from, to) in changes(&type_entries(&before), &type_entries(&merged)) {
            if key == "was" && renamed {
                continue;
            }
            self.plan.steps.push(SchemaStep::ChangeType {
                entity_type: schema.name.clone(),
                key,
                from,
                to,
            });
        }
        let mut taken = vec![None; before.fields.len()];
        for field in &schema.fields {
            match place_of(&before, schema, field) {
                Some(at) if let Some(other) = taken[at] => {
                    let was = &before.fields[at].name;
                    let reason = format!("{other} and {} cannot both have been {was}", field.name);
                    self.refusals.push(Refusal::Invalid {
                        entity_type: schema.name.clone(),
                        reason: reason.into(),
                    });
                }
                Some(at) => {
                    taken[at] = Some(&field.name);
                    merged.fields[at] = self.known_field(stored, schema, at, field);
                }
                None => {
                    self.new_field(&before, schema, field, entities);
                    merged.fields.push(field.clone());
                }
            }
        }
        self.unwanted_fields(stored, &before, &mut merged, schema);
        let same = merged == *self.tree.schema(stored);
        let gathers = self
            .plan
            .replacements
            .iter()
            .any(|replacement| replacement.entity_type == stored);
        if !same || gathers {
            self.plan.schemas.push(merged);
        }
    }

    fn new_field(
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
    fn known_field(
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
    fn unwanted_fields(
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

    /// Finds what is wrong with the types themselves: a tree without entities says it.
    fn declare_in_an_empty_tree(&mut self) {
        let stored = self.tree.types().map(|stored| self.schema_of(stored));
        let changed = |name: &SmolStr| self.plan.schemas.iter().any(|other| other.name == *name);
        let mut pending: Vec<Schema> = stored.filter(|stored| !changed(&stored.name)).collect();
        pending.extend(self.plan.schemas.iter().cloned());
        let mut tree = self.tree.without_types();
        while !pending.is_empty() {
            let waits = |schema: &Schema| {
                let mut others = pending.iter();
                others.any(|other| schema.base.as_ref() == Some(&other.name))
            };
            // In a circle all wait, and the first one is refused.
            let next = pending
                .iter()
                .position(|schema| !waits(schema))
                .unwrap_or(0);
            let schema = pending.swap_remove(next);
            let name = schema.name.clone();
            if let Err(error) = tree.try_steps(&[Op::SetSchema(Box::new(schema))], 1) {
                self.refusals.push(invalid(name, error));
            }
        }
        if self.refusals.is_empty() {
            let faults = tree.unknown_targets();
            self.refusals
                .extend(faults.map(|error| invalid(SmolStr::default(), error)));
        }
        if self.refusals.is_empty()
            && let Err(error) = self.one_after_another()
        {
            let why = "what leads there, one type after another, cannot: make it in two versions";
            self.refusals.push(Refusal::Invalid {
                entity_type: SmolStr::new_static("the types together"),
                reason: format!("{why}; {error}").into(),
            });
        }
    }

    /// Does what the plan does with the types in a tree that has them, but no entities.
    fn one_after_another(&self) -> Result<(), Error> {
        let mut tree = self.tree.without_entities()?;
        let stages = Stages::new(&self.plan, &tree)?;
        tree.try_steps(&stages.prepare, 1)?;
        tree.try_steps(&stages.switch, 1)
    }
}

fn invalid(entity_type: SmolStr, error: Error) -> Refusal {
    match error {
        Error::Schema {
            entity_type,
            reason,
        } => Refusal::Invalid {
            entity_type,
            reason,
        },
        error => Refusal::Invalid {
            entity_type,
            reason: error.to_string().into(),
        },
    }
}

/// The place of the stored field that a wanted one is, or was.
fn place_of(before: &Schema, schema: &Schema, field: &FieldSchema) -> Option<usize> {
    let stored = |name: &SmolStr| before.fields.iter().position(|known| known.name == *name);
    let listed = |name: &SmolStr| schema.fields.iter().any(|other| other.name == *name);
    stored(&field.name).or_else(|| field.was.iter().filter(|was| !listed(was)).find_map(stored))
}

fn union(first: &[SmolStr], then: &[SmolStr]) -> Vec<SmolStr> {
    let more = then.iter().filter(|name| !first.contains(name));
    first.iter().chain(more).cloned().collect()
}
