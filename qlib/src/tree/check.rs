//! What a value must satisfy before it is stored, and storing it.

use smol_str::SmolStr;

use crate::model::{EntityId, Error, FieldId, Kind, Result, Stamp, Subject, Value};
use crate::tree::column::{Column, PackedStamp, write};
use crate::tree::index::Key;
use crate::tree::referrers::Referrer;
use crate::tree::types::LayoutField;
use crate::tree::{Node, Tree};

impl Tree {
    /// Refuses a value that the field must not hold; `node` is 0 while the entity is being made.
    pub(super) fn check(
        &self,
        id: EntityId,
        node: u32,
        field: &LayoutField,
        value: &Value,
    ) -> Result<()> {
        let name = || field.schema.name.clone();
        let kind = value.kind();
        if kind != field.schema.kind {
            return Err(self.wrong_kind(id, field, kind));
        }
        let size = value.size();
        if size > self.limits.value {
            let limit = self.limits.value;
            return Err(Error::ValueTooLarge {
                entity: self.subject(id),
                field: name(),
                size,
                limit,
            });
        }
        let is_nan = matches!(value, Value::Float(number) if number.is_nan());
        if field.takes_all && !is_nan {
            return Ok(());
        }
        if let Some(reason) = field
            .schema
            .violation(value.as_ref(), field.pattern.as_ref())
        {
            let reason = format!("cannot hold {value:?}: it {reason}").into();
            return Err(Error::Constraint {
                entity: self.subject(id),
                field: name(),
                reason,
            });
        }
        match value {
            Value::EntityReference(target) => self.check_target(id, field, *target)?,
            Value::EntityList(targets) => {
                for target in targets.iter() {
                    self.check_target(id, field, *target)?;
                }
            }
            _ => {}
        }
        if field.schema.unique
            && let Some(other) = self.other_holder(field.id, value, node)
        {
            let other = self.subject(self.node(other).id);
            let value = format!("{value:?}").into();
            return Err(Error::NotUnique {
                entity: self.subject(id),
                field: name(),
                value,
                other,
            });
        }
        Ok(())
    }

    fn wrong_kind(&self, id: EntityId, field: &LayoutField, actual: Kind) -> Error {
        let (entity, name) = (self.subject(id), field.schema.name.clone());
        if field.schema.kind == Kind::Transformation {
            let reason =
                "scripts do not run in this version; write a Script to replace the script itself";
            return Error::WrongWrite {
                entity,
                field: name,
                operation: "run with a plain value",
                reason,
            };
        }
        Error::WrongType {
            entity,
            field: name,
            expected: field.schema.kind,
            actual,
        }
    }

    fn check_target(&self, id: EntityId, field: &LayoutField, target: EntityId) -> Result<()> {
        let Some(entity) = self.entity(target) else {
            return Err(Error::Dangling {
                entity: self.subject(id),
                field: field.schema.name.clone(),
                target,
            });
        };
        match &field.schema.target {
            Some(expected)
                if entity.type_name() != expected
                    && !self.is_a(entity.entity_type(), self.type_id(expected)?) =>
            {
                let actual = self.type_name(entity.entity_type());
                let reason = format!(
                    "refers to {expected}, {} is a {actual}",
                    self.subject(target)
                )
                .into();
                Err(Error::Constraint {
                    entity: self.subject(id),
                    field: field.schema.name.clone(),
                    reason,
                })
            }
            _ => Ok(()),
        }
    }

    /// A node other than `node` whose indexed field holds `value`.
    fn other_holder(&self, field: FieldId, value: &Value, node: u32) -> Option<u32> {
        let key = Key::of(value.as_ref())?;
        self.indexes
            .get(&field)?
            .range_from(std::ops::Bound::Included(&(key.clone(), 0)))
            .take_while(|(found, _)| *found == key)
            .map(|(_, holder)| *holder)
            .find(|holder| *holder != node)
    }

    /// Stores a value that was checked, or none, and keeps indexes and referrers.
    pub(super) fn put(&mut self, node: u32, position: usize, value: Option<&Value>, stamp: Stamp) {
        let at = *self.node(node);
        let entity_type = at.entity_type as usize;
        let field = &self.types[entity_type].layout.fields[position];
        if field.tracked {
            self.forget(node, field.id, entity_type, position);
        }
        self.fill(node, at, position, value, stamp.into());
    }

    /// Stores a value that was checked, or none, in a field that is unset; `node` is who the entity is
    /// at `number`.
    pub(super) fn fill(
        &mut self,
        number: u32,
        node: Node,
        position: usize,
        value: Option<&Value>,
        stamp: PackedStamp,
    ) {
        let Node {
            entity_type, slot, ..
        } = node;
        let mut target = 0;
        if let Some(value) = value
            && self.types[entity_type as usize].layout.fields[position].tracked
        {
            target = self.remember(number, entity_type, position, value);
        }
        let table = &mut self.types[entity_type as usize];
        let choice = |name: &SmolStr| {
            let choices = &table.layout.fields[position].schema.choices;
            choices
                .iter()
                .position(|choice| choice == name)
                .unwrap_or(0) as u16
        };
        match (&mut table.columns[position], value) {
            (Column::Int(cells), Some(Value::Int(value))) => write(cells, slot, *value, stamp),
            (Column::Float(cells), Some(Value::Float(value))) => {
                write(cells, slot, *value + 0.0, stamp)
            }
            (Column::Text(cells), Some(Value::String(value) | Value::Transformation(value))) => {
                write(cells, slot, value.clone(), stamp);
            }
            (Column::Bool(cells), Some(Value::Bool(value))) => write(cells, slot, *value, stamp),
            (Column::Bytes(cells), Some(Value::BinaryFile(value))) => {
                write(cells, slot, value.clone(), stamp)
            }
            (Column::Reference(cells), Some(Value::EntityReference(_))) => {
                write(cells, slot, target, stamp)
            }
            (Column::Time(cells), Some(Value::Timestamp(value))) => {
                write(cells, slot, *value, stamp)
            }
            (Column::Choice(cells), Some(Value::Choice(value))) => {
                write(cells, slot, choice(value), stamp)
            }
            (Column::List(cells), Some(Value::EntityList(value))) => {
                write(cells, slot, value.clone(), stamp)
            }
            // No value: `check` has refused those of another kind.
            (Column::Int(cells), _) => write(cells, slot, 0, stamp),
            (Column::Float(cells), _) => write(cells, slot, 0.0, stamp),
            (Column::Text(cells), _) => write(cells, slot, SmolStr::default(), stamp),
            (Column::Bool(cells), _) => write(cells, slot, false, stamp),
            (Column::Bytes(cells), _) => write(cells, slot, std::sync::Arc::default(), stamp),
            (Column::Reference(cells), _) => write(cells, slot, 0, stamp),
            (Column::Time(cells), _) => write(cells, slot, crate::model::Timestamp::EPOCH, stamp),
            (Column::Choice(cells), _) => write(cells, slot, 0, stamp),
            (Column::List(cells), _) => write(cells, slot, std::sync::Arc::default(), stamp),
        }
    }

    /// Takes what a field holds out of its index and out of the referrers.
    pub(super) fn forget(
        &mut self,
        node: u32,
        field: FieldId,
        entity_type: usize,
        position: usize,
    ) {
        let Some(old) = self.cell(&self.types[entity_type], position, self.node(node).slot) else {
            return;
        };
        let (key, old) = (Key::of(old), old.to_value());
        if let (Some(index), Some(key)) = (self.indexes.get_mut(&field), key) {
            index.remove(&(key, node));
        }
        for target in referred(&old) {
            if let Some(target) = self.find(*target) {
                self.referrers.remove(Referrer {
                    target,
                    node,
                    field,
                });
            }
        }
    }

    /// Enters a field into its index and under what it refers to; returns the last node of those, or 0.
    fn remember(&mut self, node: u32, entity_type: u32, position: usize, value: &Value) -> u32 {
        let LayoutField { id, schema, .. } =
            &self.types[entity_type as usize].layout.fields[position];
        let field = *id;
        if (schema.index || schema.unique)
            && let Some(key) = Key::of(value.as_ref())
        {
            self.indexes.entry(field).or_default().insert((key, node));
        }
        let mut last = 0;
        for target in referred(value) {
            if let Some(target) = self.find(*target) {
                last = target;
                self.referrers.insert(Referrer {
                    target,
                    node,
                    field,
                });
            }
        }
        last
    }

    /// The entity as an error names it while it is being made.
    pub(super) fn subject_at(&self, id: EntityId, parent: u32, name: &str) -> Subject {
        let above = crate::tree::EntityRef::path(self.entity_at(parent));
        Subject {
            id,
            path: format!("{}/{name}", above.trim_end_matches('/')).into(),
        }
    }
}

/// The entities that a value refers to.
pub(crate) fn referred(value: &Value) -> &[EntityId] {
    match value {
        Value::EntityReference(target) => std::slice::from_ref(target),
        Value::EntityList(targets) => targets,
        _ => &[],
    }
}
