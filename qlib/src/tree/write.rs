//! Writing one field.

use crate::model::{
    Error, FieldChange, FieldId, Kind, Quality, Result, Stamp, TypeId, Value, ValueRef, Write,
    WriteMode,
};
use crate::tree::apply::Applying;
use crate::tree::{Node, Tree};

impl Tree {
    pub(super) fn write(&mut self, write: &Write, applying: &mut Applying) -> Result<()> {
        let Some(node) = self.find(write.id) else {
            return Err(Error::Missing {
                entity: write.id.into(),
            });
        };
        if matches!(
            write.field,
            FieldId::NAME | FieldId::PARENT | FieldId::CHILDREN
        ) {
            return self.write_system_field(write, applying);
        }
        let Node {
            entity_type, slot, ..
        } = *self.node(node);
        let table = &self.types[entity_type as usize];
        let Some(position) = table.layout.position(write.field) else {
            return Err(Error::UnknownField {
                entity_type: table.layout.schema.name.clone(),
                field: self.field_name(write.field).clone(),
                suggestion: None,
            });
        };
        if table.layout.fields[position].plain
            && self.write_plain(write, TypeId(entity_type), slot, position, applying)
        {
            return Ok(());
        }
        let table = &self.types[entity_type as usize];
        let field = &table.layout.fields[position];
        if write.quality == Quality::Unset && write.value.is_some() {
            return Err(Error::WrongWrite {
                entity: self.subject(write.id),
                field: field.schema.name.clone(),
                operation: "written as Unset",
                reason: "a value has another quality; write no value to unset",
            });
        }
        let previous = self.cell(table, position, slot);
        let previous_stamp: Stamp = table.columns[position].stamp(slot).into();
        let value = self.value_to_write(write, &field.schema, previous, previous_stamp)?;
        match &value {
            Some(value) => self.check(write.id, node, field, value)?,
            None if field.schema.required => {
                return Err(Error::Unset {
                    entity: self.subject(write.id),
                    field: field.schema.name.clone(),
                });
            }
            None => {}
        }
        if write.mode == WriteMode::IfChanged && value.as_ref().map(Value::as_ref) == previous {
            return Ok(());
        }
        let previous = previous.map(ValueRef::to_value);
        let quality = match (&value, write.quality) {
            (None, _) => Quality::Unset,
            // The default, where no value was given.
            (Some(_), Quality::Unset) => Quality::Good,
            (Some(_), quality) => quality,
        };
        self.put(
            node,
            position,
            value.as_ref(),
            Stamp {
                quality,
                ..applying.stamp
            },
        );
        let change = FieldChange {
            id: write.id,
            entity_type: TypeId(entity_type),
            field: write.field,
            previous,
            previous_stamp,
            current: value,
        };
        applying.record(change);
        Ok(())
    }

    /// The value that a write leaves behind.
    fn value_to_write(
        &self,
        write: &Write,
        field: &crate::model::FieldSchema,
        previous: Option<ValueRef<'_>>,
        stamp: Stamp,
    ) -> Result<Option<Value>> {
        let subject = || (self.subject(write.id), field.name.clone());
        let given = || {
            write
                .value
                .clone()
                .or_else(|| field.default.clone())
                .map(normal)
        };
        let subtract = match &write.mode {
            WriteMode::Always | WriteMode::IfChanged => return Ok(given()),
            WriteMode::IfValue(expected)
                if expected.as_ref().as_ref().map(Value::as_ref) == previous =>
            {
                return Ok(given());
            }
            WriteMode::IfRevision(expected) if *expected == stamp.revision => return Ok(given()),
            WriteMode::IfValue(expected) => {
                let (entity, field) = subject();
                let reason = format!("expected {expected:?}, it holds {previous:?}").into();
                return Err(Error::Expectation {
                    entity,
                    field,
                    reason,
                });
            }
            WriteMode::IfRevision(expected) => {
                let (entity, field) = subject();
                let reason = format!(
                    "expected revision {expected}, it was written at {}",
                    stamp.revision
                )
                .into();
                return Err(Error::Expectation {
                    entity,
                    field,
                    reason,
                });
            }
            WriteMode::Add => false,
            WriteMode::Subtract => true,
        };
        let operation = if subtract {
            "subtracted from"
        } else {
            "added to"
        };
        match (field.kind, previous, &write.value) {
            (Kind::Int, Some(ValueRef::Int(a)), Some(Value::Int(b))) => {
                let sum = if subtract {
                    a.checked_sub(*b)
                } else {
                    a.checked_add(*b)
                };
                let (entity, field) = subject();
                sum.map(|sum| Some(Value::Int(sum)))
                    .ok_or(Error::Overflow { entity, field })
            }
            (Kind::Float, Some(ValueRef::Float(a)), Some(Value::Float(b))) => {
                Ok(Some(normal(Value::Float(if subtract {
                    a - b
                } else {
                    a + b
                }))))
            }
            (Kind::Int | Kind::Float, None, _) => {
                let (entity, field) = subject();
                Err(Error::Unset { entity, field })
            }
            (Kind::Int | Kind::Float, Some(_), Some(value)) => {
                let (entity, field) = subject();
                Err(Error::WrongType {
                    entity,
                    field,
                    expected: previous.map_or(Kind::Int, ValueRef::kind),
                    actual: value.kind(),
                })
            }
            (Kind::Int | Kind::Float, Some(_), None) => {
                let (entity, field) = subject();
                Err(Error::WrongWrite {
                    entity,
                    field,
                    operation,
                    reason: "no number was given",
                })
            }
            _ => {
                let (entity, field) = subject();
                Err(Error::WrongWrite {
                    entity,
                    field,
                    operation,
                    reason: "it is no Int and no Float",
                })
            }
        }
    }

    fn write_system_field(&mut self, write: &Write, applying: &mut Applying) -> Result<()> {
        let (entity, field) = (self.subject(write.id), self.field_name(write.field).clone());
        if !matches!(write.mode, WriteMode::Always | WriteMode::IfChanged) {
            let reason = "a name and a parent are written whole";
            return Err(Error::WrongWrite {
                entity,
                field,
                operation: "written in this mode",
                reason,
            });
        }
        match (write.field, &write.value) {
            (FieldId::NAME, Some(Value::String(name))) => {
                self.relocate(write.id, None, Some(name), applying)
            }
            (FieldId::PARENT, Some(Value::EntityReference(parent))) => {
                self.relocate(write.id, Some(*parent), None, applying)
            }
            (FieldId::CHILDREN, _) => {
                let reason = "write the Parent of the child";
                Err(Error::WrongWrite {
                    entity,
                    field,
                    operation: "written",
                    reason,
                })
            }
            (_, None) => Err(Error::Unset { entity, field }),
            (FieldId::NAME, Some(value)) => Err(Error::WrongType {
                entity,
                field,
                expected: Kind::String,
                actual: value.kind(),
            }),
            (_, Some(value)) => Err(Error::WrongType {
                entity,
                field,
                expected: Kind::EntityReference,
                actual: value.kind(),
            }),
        }
    }
}

/// Whether a value is stored as it is.
pub(super) fn is_normal(value: &Value) -> bool {
    !matches!(value, Value::Float(number) if *number == 0.0 && number.is_sign_negative())
}

/// The value as it is stored: there is one zero.
pub(super) fn normal(value: Value) -> Value {
    match value {
        Value::Float(number) => Value::Float(number + 0.0),
        other => other,
    }
}
