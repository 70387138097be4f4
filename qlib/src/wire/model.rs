//! Values, schemas and limits as messages, and back.

use std::ops::Bound;
use std::time::Duration;

use smol_str::SmolStr;

use crate::model::{
    Access, EntityId, FieldSchema, HistoryPolicy, Kind, Limits, OnDelete, Quality, Range, Schema,
    Scope, Timestamp, Value, ValueRef,
};
use crate::wire::proto::model as proto;

/// A message that says nothing that this version understands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub(crate) &'static str);

/// The two halves of an id.
pub(crate) fn entity_id(id: EntityId) -> (u64, u64) {
    let bits = id.as_u128();
    ((bits >> 64) as u64, bits as u64)
}

/// The id of two halves.
pub(crate) fn from_entity_id(high: u64, low: u64) -> EntityId {
    EntityId::from_u128(u128::from(high) << 64 | u128::from(low))
}

impl From<EntityId> for proto::EntityId {
    fn from(id: EntityId) -> Self {
        let (high, low) = entity_id(id);
        Self { high, low }
    }
}

impl From<proto::EntityId> for EntityId {
    fn from(id: proto::EntityId) -> Self {
        from_entity_id(id.high, id.low)
    }
}

impl From<ValueRef<'_>> for proto::Value {
    fn from(value: ValueRef<'_>) -> Self {
        use proto::value::Kind as Is;
        Self {
            kind: Some(match value {
                ValueRef::Int(value) => Is::Int(value),
                ValueRef::Float(value) => Is::Float(value),
                ValueRef::String(value) => Is::String(value.into()),
                ValueRef::Bool(value) => Is::Bool(value),
                ValueRef::BinaryFile(value) => Is::BinaryFile(value.to_vec().into()),
                ValueRef::EntityReference(value) => Is::EntityReference(value.into()),
                ValueRef::Timestamp(value) => Is::Timestamp(value.as_nanos()),
                ValueRef::Transformation(value) => Is::Transformation(value.into()),
                ValueRef::Choice(value) => Is::Choice(value.into()),
                ValueRef::EntityList(value) => Is::EntityList(proto::EntityList {
                    entities: value.iter().copied().map(Into::into).collect(),
                }),
            }),
        }
    }
}

impl From<&Value> for proto::Value {
    fn from(value: &Value) -> Self {
        value.as_ref().into()
    }
}

impl TryFrom<proto::Value> for Value {
    type Error = Malformed;

    fn try_from(value: proto::Value) -> Result<Self, Malformed> {
        use proto::value::Kind as Is;
        Ok(
            match value.kind.ok_or(Malformed("a value of no known kind"))? {
                Is::Int(value) => Self::Int(value),
                Is::Float(value) => Self::Float(value),
                Is::String(value) => Self::String(value.into()),
                Is::Bool(value) => Self::Bool(value),
                Is::BinaryFile(value) => Self::BinaryFile((&*value).into()),
                Is::EntityReference(value) => Self::EntityReference(value.into()),
                Is::Timestamp(value) => Self::Timestamp(Timestamp::from_nanos(value)),
                Is::Transformation(value) => Self::Transformation(value.into()),
                Is::Choice(value) => Self::Choice(value.into()),
                Is::EntityList(value) => {
                    Self::EntityList(value.entities.into_iter().map(Into::into).collect())
                }
            },
        )
    }
}

/// Enums whose messages have the same variants.
macro_rules! same_variants {
    ($model:ident, $proto:ident, $($ours:ident = $theirs:ident),*) => {
        impl From<$model> for proto::$proto {
            fn from(value: $model) -> Self {
                match value {
                    $($model::$ours => Self::$theirs,)*
                }
            }
        }

        impl From<proto::$proto> for $model {
            fn from(value: proto::$proto) -> Self {
                match value {
                    $(proto::$proto::$theirs => Self::$ours,)*
                }
            }
        }
    };
}

same_variants!(
    Quality,
    Quality,
    Good = Good,
    Unset = Unset,
    Restored = Restored,
    Stale = Stale
);
same_variants!(
    OnDelete,
    OnDelete,
    Unset = Unset,
    Refuse = Refuse,
    Cascade = Cascade
);

impl From<Kind> for proto::Kind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Int => Self::Int,
            Kind::Float => Self::Float,
            Kind::String => Self::String,
            Kind::Bool => Self::Bool,
            Kind::BinaryFile => Self::BinaryFile,
            Kind::EntityReference => Self::EntityReference,
            Kind::Timestamp => Self::Timestamp,
            Kind::Transformation => Self::Transformation,
            Kind::Choice => Self::Choice,
            Kind::EntityList => Self::EntityList,
        }
    }
}

impl TryFrom<proto::Kind> for Kind {
    type Error = Malformed;

    fn try_from(kind: proto::Kind) -> Result<Self, Malformed> {
        Kind::ALL
            .into_iter()
            .find(|known| proto::Kind::from(*known) == kind)
            .ok_or(Malformed("a field of no kind"))
    }
}

/// One end of a range; an open one is no message.
fn bound(end: &Bound<Value>) -> Option<proto::Bound> {
    let (value, exclusive) = match end {
        Bound::Included(value) => (value, false),
        Bound::Excluded(value) => (value, true),
        Bound::Unbounded => return None,
    };
    Some(proto::Bound {
        value: Some(value.into()),
        exclusive,
    })
}

fn from_bound(end: Option<proto::Bound>) -> Result<Bound<Value>, Malformed> {
    let Some(end) = end else {
        return Ok(Bound::Unbounded);
    };
    let value = end
        .value
        .ok_or(Malformed("the end of a range without a value"))?;
    Ok(if end.exclusive {
        Bound::Excluded(value.try_into()?)
    } else {
        Bound::Included(value.try_into()?)
    })
}

fn strings(texts: &[SmolStr]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

fn names(texts: Vec<String>) -> Vec<SmolStr> {
    texts.into_iter().map(Into::into).collect()
}

fn known<E: TryFrom<i32>>(number: i32, what: &'static str) -> Result<E, Malformed> {
    E::try_from(number).map_err(|_| Malformed(what))
}

impl From<&FieldSchema> for proto::FieldSchema {
    fn from(field: &FieldSchema) -> Self {
        let range = field.range.as_ref();
        Self {
            name: field.name.to_string(),
            kind: proto::Kind::from(field.kind).into(),
            default: field.default.as_ref().map(Into::into),
            required: field.required,
            min: range.and_then(|range| bound(&range.min)),
            max: range.and_then(|range| bound(&range.max)),
            choices: strings(&field.choices),
            pattern: field.pattern.as_ref().map(ToString::to_string),
            max_length: field.max_length.map(|length| length as u64),
            unique: field.unique,
            index: field.index,
            target: field.target.as_ref().map(ToString::to_string),
            on_delete: proto::OnDelete::from(field.on_delete).into(),
            configuration: field.scope == Scope::Configuration,
            rank: field.rank,
            unit: field.unit.to_string(),
            doc: field.doc.to_string(),
            was: strings(&field.was),
            access: (field.access != Access::default()).then(|| (&field.access).into()),
            history: field.history.map(Into::into),
        }
    }
}

impl From<&Access> for proto::Access {
    fn from(access: &Access) -> Self {
        Self {
            read: access.read.as_ref().map(ToString::to_string),
            write: access.write.as_ref().map(ToString::to_string),
        }
    }
}

impl From<proto::Access> for Access {
    fn from(access: proto::Access) -> Self {
        Self {
            read: access.read.map(Into::into),
            write: access.write.map(Into::into),
        }
    }
}

impl From<HistoryPolicy> for proto::HistoryPolicy {
    fn from(policy: HistoryPolicy) -> Self {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Self {
            keep: nanos(policy.keep),
            min_interval: policy.min_interval.map(nanos),
            deadband: policy.deadband,
        }
    }
}

impl From<proto::HistoryPolicy> for HistoryPolicy {
    fn from(policy: proto::HistoryPolicy) -> Self {
        Self {
            keep: Duration::from_nanos(policy.keep),
            min_interval: policy.min_interval.map(Duration::from_nanos),
            deadband: policy.deadband,
        }
    }
}

impl TryFrom<proto::FieldSchema> for FieldSchema {
    type Error = Malformed;

    fn try_from(field: proto::FieldSchema) -> Result<Self, Malformed> {
        let kind: proto::Kind = known(field.kind, "a field of a kind of a newer version")?;
        let on_delete: proto::OnDelete = known(field.on_delete, "an unknown delete rule")?;
        let range = Range {
            min: from_bound(field.min)?,
            max: from_bound(field.max)?,
        };
        let open = range.min == Bound::Unbounded && range.max == Bound::Unbounded;
        Ok(Self {
            name: field.name.into(),
            kind: kind.try_into()?,
            default: field.default.map(TryInto::try_into).transpose()?,
            required: field.required,
            range: (!open).then_some(range),
            was: names(field.was),
            choices: names(field.choices),
            pattern: field.pattern.map(Into::into),
            max_length: field.max_length.map(length).transpose()?,
            unique: field.unique,
            index: field.index,
            target: field.target.map(Into::into),
            on_delete: on_delete.into(),
            scope: if field.configuration {
                Scope::Configuration
            } else {
                Scope::Runtime
            },
            rank: field.rank,
            unit: field.unit.into(),
            doc: field.doc.into(),
            access: field.access.map(Into::into).unwrap_or_default(),
            history: field.history.map(Into::into),
        })
    }
}

fn length(length: u64) -> Result<usize, Malformed> {
    usize::try_from(length).map_err(|_| Malformed("a length that this machine cannot count"))
}

impl From<&Schema> for proto::Schema {
    fn from(schema: &Schema) -> Self {
        Self {
            name: schema.name.to_string(),
            base: schema.base.as_ref().map(ToString::to_string),
            doc: schema.doc.to_string(),
            fields: schema.fields.iter().map(Into::into).collect(),
            was: strings(&schema.was),
        }
    }
}

impl TryFrom<proto::Schema> for Schema {
    type Error = Malformed;

    fn try_from(schema: proto::Schema) -> Result<Self, Malformed> {
        let fields = schema.fields.into_iter().map(TryInto::try_into);
        Ok(Self {
            name: schema.name.into(),
            base: schema.base.map(Into::into),
            was: names(schema.was),
            doc: schema.doc.into(),
            fields: fields.collect::<Result<_, _>>()?,
        })
    }
}

impl From<Limits> for proto::Limits {
    fn from(limits: Limits) -> Self {
        Self {
            value: limits.value as u64,
            commit: limits.commit as u64,
            depth: limits.depth as u64,
            hops: limits.hops as u64,
            fields: limits.fields as u64,
            chain: limits.chain.into(),
        }
    }
}

impl TryFrom<proto::Limits> for Limits {
    type Error = Malformed;

    fn try_from(limits: proto::Limits) -> Result<Self, Malformed> {
        Ok(Self {
            value: length(limits.value)?,
            commit: length(limits.commit)?,
            depth: length(limits.depth)?,
            hops: length(limits.hops)?,
            fields: length(limits.fields)?,
            chain: u8::try_from(limits.chain).map_err(|_| Malformed("a chain of over 255"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message;

    fn there_and_back<M: Message + Default, T: TryFrom<M>>(message: M) -> T
    where
        T::Error: std::fmt::Debug,
    {
        T::try_from(M::decode(&*message.encode_to_vec()).unwrap()).unwrap()
    }

    fn values() -> Vec<Value> {
        let id = EntityId::from_u128(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
        vec![
            Value::Int(i64::MIN),
            Value::Float(-1.5),
            Value::String("Küche".into()),
            Value::Bool(false),
            Value::BinaryFile([0, 255, 1].as_slice().into()),
            Value::EntityReference(id),
            Value::Timestamp(Timestamp::from_nanos(-1)),
            Value::Transformation("1 + 1".into()),
            Value::Choice("On".into()),
            Value::EntityList([id, EntityId::ROOT].as_slice().into()),
        ]
    }

    #[test]
    fn every_value_comes_back() {
        for value in values() {
            assert_eq!(
                there_and_back::<proto::Value, Value>((&value).into()),
                value
            );
        }
    }

    #[test]
    fn a_schema_comes_back_whole() {
        let mut schema = Schema::new("Device")
            .extends("Thing")
            .was("Appliance")
            .doc("A thing that does something.");
        for (kind, value) in Kind::ALL.into_iter().zip(values()) {
            schema = schema.field(kind.name(), FieldSchema::new(kind).default_value(value));
        }
        let rich = FieldSchema {
            range: Some(Range::new(-40.0..125.0)),
            choices: vec!["Off".into(), "On".into()],
            pattern: Some("[a-z]+".into()),
            max_length: Some(9),
            target: Some("Room".into()),
            on_delete: OnDelete::Cascade,
            scope: Scope::Configuration,
            rank: -7,
            was: vec!["Heat".into(), "Warmth".into()],
            unit: "°C".into(),
            doc: "How warm it is.".into(),
            access: Access {
                read: Some("guest".into()),
                write: None,
            },
            history: Some(HistoryPolicy {
                keep: Duration::from_secs(60),
                min_interval: Some(Duration::from_millis(5)),
                deadband: None,
            }),
            ..FieldSchema::new(Kind::Float).required().unique().index()
        };
        let half_open = FieldSchema::new(Kind::Int).range(1_i64..);
        let schema = schema.field("Rich", rich).field("HalfOpen", half_open);
        assert_eq!(
            there_and_back::<proto::Schema, Schema>((&schema).into()),
            schema
        );
    }

    #[test]
    fn limits_and_qualities_come_back() {
        let limits = Limits::DEFAULT;
        assert_eq!(
            there_and_back::<proto::Limits, Limits>(limits.into()),
            limits
        );
        for quality in [
            Quality::Good,
            Quality::Unset,
            Quality::Restored,
            Quality::Stale,
        ] {
            assert_eq!(Quality::from(proto::Quality::from(quality)), quality);
        }
    }

    #[test]
    fn what_a_newer_version_says_is_refused() {
        assert_eq!(
            Value::try_from(proto::Value::default()),
            Err(Malformed("a value of no known kind"))
        );
        let field = proto::FieldSchema {
            kind: 99,
            ..Default::default()
        };
        assert_eq!(
            FieldSchema::try_from(field),
            Err(Malformed("a field of a kind of a newer version"))
        );
    }
}
