//! A whole tree as plain data: what a snapshot hands out and what a restore takes.

use rustc_hash::FxHashSet;
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

impl Image {
    /// An entity and all below it.
    pub(crate) fn below(&self, top: EntityId) -> Vec<ImageEntity> {
        let mut found = FxHashSet::default();
        let is_below = |entity: &&ImageEntity| {
            let below = entity.parent.is_some_and(|parent| found.contains(&parent));
            (below || entity.id == top) && found.insert(entity.id)
        };
        self.entities.iter().filter(is_below).cloned().collect()
    }
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
