//! A whole tree as plain data: what a snapshot hands out and what a restore takes.

use smol_str::SmolStr;

use crate::model::{EntityId, Quality, Schema, Timestamp, Value};

/// A whole tree as plain data.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Image {
    /// Every type, a base before those that extend it.
    pub schemas: Vec<Schema>,
    /// Every entity, a parent before its children and children in order. The first is the Root.
    pub entities: Vec<ImageEntity>,
}

/// An entity as plain data.
#[derive(Clone, PartialEq, Debug)]
pub struct ImageEntity {
    /// Its id.
    pub id: EntityId,
    /// Its type.
    pub entity_type: SmolStr,
    /// Its name.
    pub name: SmolStr,
    /// The entity below which it stands; the Root has none.
    pub parent: Option<EntityId>,
    /// The fields that have a value.
    pub fields: Vec<ImageField>,
}

/// A field as plain data.
#[derive(Clone, PartialEq, Debug)]
pub struct ImageField {
    /// Its name.
    pub name: SmolStr,
    /// Its value.
    pub value: Value,
    /// When it was written.
    pub time: Timestamp,
    /// Who wrote it.
    pub writer: SmolStr,
    /// How far it can be trusted.
    pub quality: Quality,
}
