//! Comparing the types of a store with those that are wanted.

use smol_str::SmolStr;

use super::carry_out::Stages;
use super::fields::{place_of, union};
use super::step::changes;
use super::{SchemaPlan, SchemaStep, WantedSchemas};
use crate::model::{Error, Op, Refusal, Schema, TypeId, type_entries};
use crate::store::is_system_type;
use crate::tree::{Tree, rename_in};

/// Makes a plan.
pub(super) struct Planner<'a> {
    pub(super) tree: &'a Tree,
    pub(super) wanted: &'a WantedSchemas,
    /// Types that get another name: the one so far, and the new one.
    renamed: Vec<(SmolStr, SmolStr)>,
    pub(super) plan: SchemaPlan,
    pub(super) refusals: Vec<Refusal>,
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
    pub(super) fn stored(&self, name: &str) -> Option<TypeId> {
        let renamed = self.renamed.iter().find(|(_, now)| now == name);
        self.tree.type_id(renamed.map_or(name, |(was, _)| was)).ok()
    }

    /// The schema of a type of the store, with the names that types get.
    pub(super) fn schema_of(&self, stored: TypeId) -> Schema {
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
