//! What a tree must do, written from the rules with plain maps and loops over everything.

mod place;
mod restore;
mod schema;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Cursor, EntityId, FieldSchema, Kind, Limits, Quality, Revision, Schema, Timestamp, Value,
};
use crate::tree::tests::ops::{Condition, Deed, Step};

/// A stamp, with the writer's name.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::tree::tests) struct Mark {
    pub(in crate::tree::tests) revision: Revision,
    pub(in crate::tree::tests) time: Timestamp,
    pub(in crate::tree::tests) writer: String,
    pub(in crate::tree::tests) quality: Quality,
}

impl Mark {
    pub(in crate::tree::tests) fn never() -> Self {
        Self {
            revision: 0,
            time: Timestamp::EPOCH,
            writer: String::new(),
            quality: Quality::Unset,
        }
    }
}

#[derive(Clone, PartialEq, Debug)]
pub(in crate::tree::tests) struct Cell {
    pub(in crate::tree::tests) value: Option<Value>,
    pub(in crate::tree::tests) mark: Mark,
}

#[derive(Clone, PartialEq, Debug)]
pub(in crate::tree::tests) struct Being {
    /// Tells two lives of one id apart.
    pub(in crate::tree::tests) born: u64,
    pub(in crate::tree::tests) entity_type: String,
    pub(in crate::tree::tests) name: String,
    pub(in crate::tree::tests) parent: Option<EntityId>,
    pub(in crate::tree::tests) children: Vec<EntityId>,
    pub(in crate::tree::tests) placed: Mark,
    /// When the children changed last.
    pub(in crate::tree::tests) family: Revision,
    /// By `Type.Field`, where the type is the one that declares the field.
    pub(in crate::tree::tests) cells: BTreeMap<String, Cell>,
}

/// Why a commit is refused: the variant of the error, and what it names.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::tree::tests) struct Refusal {
    pub(in crate::tree::tests) kind: &'static str,
    pub(in crate::tree::tests) entity: Option<EntityId>,
    pub(in crate::tree::tests) field: Option<String>,
}

/// One of these reasons; most rules are asked in a fixed order and give one.
pub(in crate::tree::tests) type Outcome = Result<(), Vec<Refusal>>;

pub(in crate::tree::tests) fn refuse(kind: &'static str) -> Outcome {
    refuse_at(kind, None, None)
}

pub(in crate::tree::tests) fn refuse_at(
    kind: &'static str,
    entity: impl Into<Option<EntityId>>,
    field: Option<&str>,
) -> Outcome {
    Err(vec![Refusal {
        kind,
        entity: entity.into(),
        field: field.map(str::to_owned),
    }])
}

#[derive(Clone, PartialEq, Debug)]
pub(in crate::tree::tests) struct Model {
    pub(in crate::tree::tests) revision: Revision,
    pub(in crate::tree::tests) time: Timestamp,
    pub(in crate::tree::tests) limits: Limits,
    pub(in crate::tree::tests) types: Vec<Schema>,
    pub(in crate::tree::tests) entities: BTreeMap<EntityId, Being>,
    pub(in crate::tree::tests) fences: BTreeMap<String, u64>,
    pub(in crate::tree::tests) cursors: BTreeMap<String, Cursor>,
    births: u64,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            revision: 0,
            time: Timestamp::EPOCH,
            limits: Limits::DEFAULT,
            types: Vec::new(),
            entities: BTreeMap::new(),
            fences: BTreeMap::new(),
            cursors: BTreeMap::new(),
            births: 0,
        }
    }
}

impl Model {
    pub(in crate::tree::tests) fn apply(
        &mut self,
        deed: &Deed,
        revision: Revision,
        time: Timestamp,
    ) -> Outcome {
        let before = self.clone();
        let outcome = self.try_apply(deed, revision, time, &before);
        if outcome.is_err() {
            *self = before;
        }
        outcome
    }

    fn try_apply(
        &mut self,
        deed: &Deed,
        revision: Revision,
        time: Timestamp,
        before: &Self,
    ) -> Outcome {
        if let Some((election, token)) = &deed.fence
            && *token < self.fence(election)
        {
            return refuse("StaleFence");
        }
        if deed.depth > self.limits.chain {
            return refuse("ChainTooDeep");
        }
        for condition in &deed.expect {
            self.expect(condition)?;
        }
        let mark = Mark {
            revision,
            time,
            writer: deed.writer.clone(),
            quality: Quality::Good,
        };
        for step in &deed.steps {
            self.step(step, &mark, before)?;
        }
        for schema in &self.types {
            for field in &schema.fields {
                if field
                    .target
                    .as_ref()
                    .is_some_and(|target| self.schema(target).is_none())
                {
                    return refuse("Schema");
                }
            }
        }
        let restored = deed
            .steps
            .iter()
            .any(|step| matches!(step, Step::Restore(_)));
        self.date_families(before, revision, restored);
        self.revision = revision;
        self.time = time;
        Ok(())
    }

    fn expect(&self, condition: &Condition) -> Outcome {
        let (id, field, met) = match condition {
            Condition::Field {
                id,
                field,
                revision,
            } => (
                *id,
                field.as_str(),
                self.written_at(*id, field) == Some(*revision),
            ),
            Condition::Exists { id, exists } => {
                (*id, "existence", self.entities.contains_key(id) == *exists)
            }
        };
        if met {
            return Ok(());
        }
        refuse_at("Conflict", id, Some(field))
    }

    pub(in crate::tree::tests) fn written_at(&self, id: EntityId, field: &str) -> Option<Revision> {
        let being = self.entities.get(&id)?;
        match field {
            "Name" | "Parent" => Some(being.placed.revision),
            "Children" => Some(being.family),
            _ => {
                let (key, _) = self.field(&being.entity_type, field)?;
                Some(being.cells.get(&key).map_or(0, |cell| cell.mark.revision))
            }
        }
    }

    /// Does a step; also used to see what the steps before another one lead to.
    pub(in crate::tree::tests) fn step(
        &mut self,
        step: &Step,
        mark: &Mark,
        before: &Self,
    ) -> Outcome {
        match step {
            Step::Create {
                id,
                entity_type,
                parent,
                name,
                values,
            } => self.create(*id, entity_type, *parent, name, values, mark),
            Step::Delete(id) => self.delete(*id, mark),
            Step::Move { id, parent } => self.relocate(*id, Some(*parent), None, mark),
            Step::Write {
                id,
                field,
                value,
                mode,
                quality,
            } => self.write(*id, field, value.as_ref(), mode, *quality, mark),
            Step::SetSchema(schema) => self.set_schema(schema, mark),
            Step::DropField {
                entity_type,
                field,
                replaced_by,
            } => self.drop_field(entity_type, field, replaced_by.as_deref(), mark),
            Step::Claim { election, token } => {
                if *token <= self.fence(election) {
                    return refuse("StaleFence");
                }
                self.fences.insert(election.clone(), *token);
                Ok(())
            }
            Step::MoveCursor(step) => {
                let name = step.name.to_string();
                if name.is_empty() {
                    return refuse("BadName");
                }
                if self.cursors.get(&name).copied() != step.from {
                    return refuse("CursorMoved");
                }
                self.cursors.remove(&name);
                self.cursors.extend(step.to.map(|to| (name, to)));
                Ok(())
            }
            Step::Restore(image) => self.restore(image, mark, before),
            Step::SetLimits(limits) => {
                let sensible = limits.commit >= 1024
                    && (1..=limits.commit).contains(&limits.value)
                    && limits.depth > 0
                    && limits.hops > 0
                    && (1..=65_000).contains(&limits.fields);
                if !sensible {
                    return refuse("Refused");
                }
                self.limits = *limits;
                Ok(())
            }
        }
    }

    pub(in crate::tree::tests) fn fence(&self, election: &str) -> u64 {
        self.fences.get(election).copied().unwrap_or(0)
    }

    pub(in crate::tree::tests) fn schema(&self, name: &str) -> Option<&Schema> {
        self.types.iter().find(|schema| schema.name == name)
    }

    /// The type and those that it extends.
    pub(in crate::tree::tests) fn lineage(&self, name: &str) -> Vec<&Schema> {
        let next = |schema: &&Schema| self.schema(schema.base.as_ref()?);
        std::iter::successors(self.schema(name), next).collect()
    }

    pub(in crate::tree::tests) fn is_a(&self, name: &str, base: &str) -> bool {
        self.lineage(name).iter().any(|schema| schema.name == base)
    }

    /// The fields of a type, inherited ones first.
    pub(in crate::tree::tests) fn layout(&self, name: &str) -> Vec<(String, FieldSchema)> {
        let mut description = FieldSchema::new(Kind::String);
        description.name = "Description".into();
        let mut layout = vec![(".Description".to_owned(), description)];
        for schema in self.lineage(name).into_iter().rev() {
            for field in &schema.fields {
                layout.push((format!("{}.{}", schema.name, field.name), field.clone()));
            }
        }
        layout
    }

    pub(in crate::tree::tests) fn field(
        &self,
        entity_type: &str,
        name: &str,
    ) -> Option<(String, FieldSchema)> {
        self.layout(entity_type)
            .into_iter()
            .find(|(_, field)| field.name == name)
    }

    /// Who is, and was, the same all along.
    pub(in crate::tree::tests) fn same_life(&self, id: EntityId, before: &Self) -> bool {
        let born = |model: &Self| model.entities.get(&id).map(|being| being.born);
        born(self).is_some() && born(self) == born(before)
    }

    /// The entities whose children differ from those before a commit.
    fn touched(&self, before: &Self, revision: Revision) -> BTreeSet<EntityId> {
        let mut touched = BTreeSet::new();
        for (id, being) in &self.entities {
            let same = self.same_life(*id, before);
            if !same || being.placed.revision == revision {
                touched.extend(being.parent);
            }
            if same && being.placed.revision == revision {
                touched.extend(before.entities[id].parent);
            }
        }
        for (id, being) in &before.entities {
            if !self.same_life(*id, before) {
                touched.extend(being.parent);
            }
        }
        touched
    }

    fn date_families(&mut self, before: &Self, revision: Revision, restored: bool) {
        let touched = self.touched(before, revision);
        let now = self.clone();
        for (id, being) in &mut self.entities {
            let same = now.same_life(*id, before);
            let other_order = || restored && now.family(*id) != before.family(*id);
            let changed = if same {
                touched.contains(id) || other_order()
            } else {
                !being.children.is_empty()
            };
            being.family = match before.entities.get(id) {
                _ if changed => revision,
                Some(before) if same => before.family,
                _ => 0,
            };
        }
    }

    fn family(&self, id: EntityId) -> Vec<(EntityId, &str)> {
        let children = &self.entities[&id].children;
        children
            .iter()
            .map(|child| (*child, self.entities[child].name.as_str()))
            .collect()
    }

    /// The path, as the names from the Root down.
    pub(in crate::tree::tests) fn path(&self, id: EntityId) -> String {
        let mut names = Vec::new();
        let mut at = id;
        while let Some(parent) = self.entities[&at].parent {
            names.insert(0, self.entities[&at].name.clone());
            at = parent;
        }
        format!("/{}", names.join("/"))
    }

    /// The entity and those above it.
    fn ancestors(&self, id: EntityId) -> Vec<EntityId> {
        let parent = |id: &EntityId| self.entities.get(id)?.parent;
        std::iter::successors(Some(id), parent).collect()
    }

    fn birth(&mut self) -> u64 {
        self.births += 1;
        self.births
    }
}

/// The entities that a value refers to.
pub(in crate::tree::tests) fn targets(value: &Value) -> Vec<EntityId> {
    match value {
        Value::EntityReference(id) => vec![*id],
        Value::EntityList(ids) => ids.to_vec(),
        _ => Vec::new(),
    }
}
