//! Writes, and what a value must satisfy.

use std::ops::Bound;

use super::{Cell, Mark, Model, Outcome, refuse_at, targets};
use crate::model::{EntityId, FieldSchema, Kind, Quality, Value, WriteMode};

pub(super) fn normal(mut value: Value) -> Value {
    if let Value::Float(number) = &mut value {
        *number = if *number == 0.0 { 0.0 } else { *number };
    }
    value
}

impl Model {
    pub(super) fn write(
        &mut self,
        id: EntityId,
        name: &str,
        value: Option<&Value>,
        mode: &WriteMode,
        quality: Quality,
        mark: &Mark,
    ) -> Outcome {
        let Some(being) = self.entities.get(&id) else {
            return refuse_at("Missing", id, None);
        };
        if matches!(name, "Name" | "Parent" | "Children") {
            return self.write_system(id, name, value, mode, mark);
        }
        let Some((key, field)) = self.field(&being.entity_type, name) else {
            return refuse_at("UnknownField", None, Some(name));
        };
        let fail = |kind| refuse_at(kind, id, Some(name));
        if value.is_some() && quality == Quality::Unset {
            return fail("WrongWrite");
        }
        let old = being.cells.get(&key).cloned().unwrap_or(Cell {
            value: None,
            mark: Mark::never(),
        });
        let or_default = || value.cloned().or(field.default.clone()).map(normal);
        let new = match mode {
            WriteMode::Always | WriteMode::IfChanged => or_default(),
            WriteMode::IfValue(expected) if **expected == old.value => or_default(),
            WriteMode::IfRevision(expected) if *expected == old.mark.revision => or_default(),
            WriteMode::IfValue(_) | WriteMode::IfRevision(_) => return fail("Expectation"),
            WriteMode::Add | WriteMode::Subtract => {
                let sign = if *mode == WriteMode::Add { 1 } else { -1 };
                match (field.kind, &old.value, value) {
                    (Kind::Int | Kind::Float, None, _) => return fail("Unset"),
                    (Kind::Int, Some(Value::Int(a)), Some(Value::Int(b))) => {
                        let sum = i128::from(*a) + sign * i128::from(*b);
                        match i64::try_from(sum) {
                            Ok(sum) => Some(Value::Int(sum)),
                            Err(_) => return fail("Overflow"),
                        }
                    }
                    (Kind::Float, Some(Value::Float(a)), Some(Value::Float(b))) => {
                        Some(normal(Value::Float(a + f64::from(sign as i8) * b)))
                    }
                    (Kind::Int | Kind::Float, _, Some(_)) => return fail("WrongType"),
                    _ => return fail("WrongWrite"),
                }
            }
        };
        match &new {
            Some(new) => self.check(id, &key, &field, new)?,
            None if field.required => return fail("Unset"),
            None => {}
        }
        if *mode == WriteMode::IfChanged && new == old.value {
            return Ok(());
        }
        let quality = match (&new, quality) {
            (None, _) => Quality::Unset,
            (Some(_), Quality::Unset) => Quality::Good,
            (Some(_), quality) => quality,
        };
        let mark = Mark {
            quality,
            ..mark.clone()
        };
        let being = self.entities.get_mut(&id).unwrap();
        being.cells.insert(key, Cell { value: new, mark });
        Ok(())
    }

    fn write_system(
        &mut self,
        id: EntityId,
        name: &str,
        value: Option<&Value>,
        mode: &WriteMode,
        mark: &Mark,
    ) -> Outcome {
        let fail = |kind| refuse_at(kind, id, Some(name));
        if !matches!(mode, WriteMode::Always | WriteMode::IfChanged) || name == "Children" {
            return fail("WrongWrite");
        }
        match (name, value) {
            (_, None) => fail("Unset"),
            ("Name", Some(Value::String(name))) => self.relocate(id, None, Some(name), mark),
            ("Parent", Some(Value::EntityReference(to))) => {
                self.relocate(id, Some(*to), None, mark)
            }
            _ => fail("WrongType"),
        }
    }

    /// Whether the field `key` of `id` may hold `value`.
    pub(super) fn check(
        &self,
        id: EntityId,
        key: &str,
        field: &FieldSchema,
        value: &Value,
    ) -> Outcome {
        let fail = |kind| refuse_at(kind, id, Some(&field.name));
        if value.kind() != field.kind {
            return fail(if field.kind == Kind::Transformation {
                "WrongWrite"
            } else {
                "WrongType"
            });
        }
        if size(value) > self.limits.value {
            return fail("ValueTooLarge");
        }
        if violates(field, value) {
            return fail("Constraint");
        }
        for target in targets(value) {
            let Some(target) = self.entities.get(&target) else {
                return fail("Dangling");
            };
            if let Some(expected) = &field.target {
                if self.schema(expected).is_none() {
                    return super::refuse("UnknownType");
                }
                if !self.is_a(&target.entity_type, expected) {
                    return fail("Constraint");
                }
            }
        }
        if field.unique {
            for (other, being) in &self.entities {
                let held = being.cells.get(key).and_then(|cell| cell.value.as_ref());
                if *other != id && held == Some(value) {
                    return fail("NotUnique");
                }
            }
        }
        Ok(())
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Int(_) | Value::Float(_) | Value::Timestamp(_) => 8,
        Value::Bool(_) => 1,
        Value::EntityReference(_) => 16,
        Value::String(text) | Value::Transformation(text) | Value::Choice(text) => text.len(),
        Value::BinaryFile(bytes) => bytes.len(),
        Value::EntityList(ids) => 16 * ids.len(),
    }
}

/// Whether a value of the right kind breaks a constraint of the field itself.
pub(super) fn violates(field: &FieldSchema, value: &Value) -> bool {
    let within = |range: &crate::model::Range| {
        let above = match &range.min {
            Bound::Included(min) => at_most(min, value),
            Bound::Excluded(min) => !at_most(value, min),
            Bound::Unbounded => true,
        };
        let below = match &range.max {
            Bound::Included(max) => at_most(value, max),
            Bound::Excluded(max) => !at_most(max, value),
            Bound::Unbounded => true,
        };
        above && below
    };
    let length = match value {
        Value::String(text) | Value::Transformation(text) => text.chars().count(),
        Value::BinaryFile(bytes) => bytes.len(),
        Value::EntityList(ids) => ids.len(),
        _ => 0,
    };
    // The only pattern that the generator writes.
    let matches = |text: &str| text.chars().all(|c| ('a'..='c').contains(&c));
    let mismatch = match value {
        Value::Float(number) => number.is_nan(),
        Value::Choice(name) => !field.choices.contains(name),
        Value::String(text) => field.pattern.is_some() && !matches(text),
        _ => false,
    };
    mismatch
        || field.range.as_ref().is_some_and(|range| !within(range))
        || field.max_length.is_some_and(|most| length > most)
}

fn at_most(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a <= b,
        (Value::Float(a), Value::Float(b)) => a <= b,
        (Value::String(a), Value::String(b)) => a <= b,
        (Value::Timestamp(a), Value::Timestamp(b)) => a <= b,
        _ => false,
    }
}
