//! Values as people and programs read and write them.

use qlib::{EntityId, FieldSchema, Kind, Quality, Timestamp, Tree, Value, ValueRef};
use serde_json::Value as Json;

use crate::failure::Failure;
use crate::target;

/// The value that a text stands for in a field.
pub(crate) fn parse(tree: &Tree, schema: &FieldSchema, text: &str) -> Result<Value, Failure> {
    let wrong = |right: &str| {
        Failure::Usage(format!(
            "{} holds {}, and {text:?} is none; write {right}",
            schema.name, schema.kind
        ))
    };
    Ok(match schema.kind {
        Kind::Int => Value::Int(text.parse().map_err(|_| wrong("a whole number, like 42"))?),
        Kind::Float => Value::Float(text.parse().map_err(|_| wrong("a number, like 21.5"))?),
        Kind::Bool => Value::Bool(text.parse().map_err(|_| wrong("true or false"))?),
        Kind::String => Value::String(text.into()),
        Kind::Transformation => Value::Transformation(text.into()),
        Kind::Choice if schema.choices.iter().any(|choice| choice == text) => {
            Value::Choice(text.into())
        }
        Kind::Choice => return Err(wrong(&format!("one of {}", schema.choices.join(", ")))),
        Kind::Timestamp => {
            let time = text.parse::<Timestamp>();
            Value::Timestamp(time.map_err(|_| wrong("a time, like 2026-01-31T12:00:00Z"))?)
        }
        Kind::BinaryFile => {
            let bytes = bytes(text).ok_or_else(|| wrong("two hexadecimal digits a byte"))?;
            Value::BinaryFile(bytes.into())
        }
        Kind::EntityReference => Value::EntityReference(reference(tree, text)?),
        Kind::EntityList => {
            let names = text.split(',').filter(|name| !name.is_empty());
            let ids: Result<Vec<_>, _> = names.map(|name| reference(tree, name)).collect();
            Value::EntityList(ids?.into())
        }
    })
}

fn reference(tree: &Tree, text: &str) -> Result<EntityId, Failure> {
    Ok(target::entity(tree, text)?.id())
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(*high)? << 4 | digit(*low)?).ok(),
        _ => None,
    };
    digits.as_bytes().chunks(2).map(byte).collect()
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A value as [`parse`] reads it, with the paths of entities that exist.
pub(crate) fn text(tree: &Tree, value: Option<ValueRef<'_>>) -> String {
    match value {
        None => String::new(),
        Some(ValueRef::EntityReference(id)) => target::path(tree, id),
        Some(ValueRef::EntityList(ids)) => {
            let paths: Vec<_> = ids.iter().map(|id| target::path(tree, *id)).collect();
            paths.join(",")
        }
        Some(ValueRef::BinaryFile(bytes)) => digits(bytes),
        Some(other) => other.to_string(),
    }
}

/// A value for programs: as the JSON export of a store has it, `null` where there is none.
pub(crate) fn json(value: Option<ValueRef<'_>>) -> Json {
    match value {
        None => Json::Null,
        Some(ValueRef::Int(value)) => value.into(),
        Some(ValueRef::Float(value)) if value.is_finite() => value.into(),
        Some(ValueRef::Bool(value)) => value.into(),
        Some(ValueRef::BinaryFile(value)) => digits(value).into(),
        Some(ValueRef::EntityList(ids)) => ids.iter().map(EntityId::to_string).collect(),
        Some(other) => other.to_string().into(),
    }
}

pub(crate) fn quality(quality: Quality) -> &'static str {
    match quality {
        Quality::Unset => "unset",
        Quality::Good => "good",
        Quality::Restored => "restored",
        Quality::Stale => "stale",
    }
}
