//! What a commit changed. Together with the tree after it, this tells the tree before it.

use std::sync::Arc;

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::model::{
    Author, EntityId, FieldId, Position, Revision, Schema, Stamp, Timestamp, TypeId, Value,
};

/// A commit as it was applied.
#[derive(Debug)]
pub struct Applied {
    /// Its revision.
    pub revision: Revision,
    /// When it was ordered.
    pub time: Timestamp,
    /// The epoch of the log: how often the whole tree was replaced, and 1.
    pub epoch: u64,
    /// Its chain value: a hash of what it is and of the chain value before it.
    pub chain: u64,
    /// Who made it.
    pub author: Arc<Author>,
    /// The commit replaced the whole tree.
    pub resync: bool,
    /// What it changed on the whole.
    pub effects: SmallVec<[Effect; 1]>,
}

impl Applied {
    /// The place behind it.
    pub(crate) fn position(&self) -> Position {
        Position {
            epoch: self.epoch,
            revision: self.revision,
            chain: self.chain,
            read: None,
        }
    }
}

/// One thing that a commit changed. Cloning copies no list of fields.
///
/// A commit's effects say what it changed on the whole, not what its steps did one after another: a
/// field that it wrote twice changed once, from the value before the commit to the one after it; an
/// entity that it made and deleted does not occur; one that it wrote and deleted was deleted, with
/// the values from before the commit. An entity that it deleted and made again under the same id
/// is first `Deleted`, then `Created`.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// A field was written, equal or not; at most one of these per field and commit.
    Field(FieldChange),
    /// An entity was made, with the values that it was given and its defaults. A field that the same
    /// commit unset again follows as [`Effect::Field`].
    Created(Arc<CreatedEntity>),
    /// An entity was deleted.
    Deleted(Arc<DeletedEntity>),
    /// An entity was renamed or moved, or both; at most one of these per entity and commit.
    Placed(Arc<Placement>),
    /// A type was declared or redefined.
    Schema(Arc<SchemaChange>),
}

/// A field was written.
#[derive(Clone, PartialEq, Debug)]
pub struct FieldChange {
    /// The entity.
    pub id: EntityId,
    /// Its type.
    pub entity_type: TypeId,
    /// The field.
    pub field: FieldId,
    /// The value before the commit.
    pub previous: Option<Value>,
    /// The stamp before the commit.
    pub previous_stamp: Stamp,
    /// The value after the commit.
    pub current: Option<Value>,
}

impl FieldChange {
    /// Whether the value after the commit differs from the one before it.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.previous != self.current
    }
}

/// Where an entity stands: its parent and its name there.
#[derive(Clone, PartialEq, Debug)]
pub struct Place {
    /// The parent.
    pub parent: EntityId,
    /// The name.
    pub name: SmolStr,
    /// The sibling before it; for the way back from a refused commit only.
    pub(crate) after: Option<EntityId>,
    /// When the parent's children had changed last before this. In the changes of a commit, the
    /// lowest of all that name this parent is from before the commit.
    pub(crate) children_revision: Revision,
}

/// An entity as it was made.
#[derive(Clone, PartialEq, Debug)]
pub struct CreatedEntity {
    /// The entity.
    pub id: EntityId,
    /// Its type.
    pub entity_type: TypeId,
    /// Where it stands.
    pub place: Place,
    /// The fields that have a value, as the type orders them.
    pub values: Arc<[(FieldId, Value)]>,
}

impl CreatedEntity {
    /// The first value of a field.
    #[must_use]
    pub fn value(&self, field: FieldId) -> Option<&Value> {
        self.values
            .iter()
            .find(|(id, _)| *id == field)
            .map(|(_, value)| value)
    }
}

/// An entity was renamed or moved.
#[derive(Clone, PartialEq, Debug)]
pub struct Placement {
    /// The entity.
    pub id: EntityId,
    /// Its type.
    pub entity_type: TypeId,
    /// Where it stood before.
    pub from: Place,
    /// Where it stands now.
    pub to: Place,
    /// The stamp of its place before the commit.
    pub(crate) previous_stamp: Stamp,
}

/// An entity as it was when it was deleted.
#[derive(Clone, PartialEq, Debug)]
pub struct DeletedEntity {
    /// The entity.
    pub id: EntityId,
    /// Its type.
    pub entity_type: TypeId,
    /// Where it stood.
    pub place: Place,
    /// The stamp of its place.
    pub(crate) stamp: Stamp,
    /// When its own children had changed last; see [`Place::children_revision`].
    pub(crate) children_revision: Revision,
    /// The fields that had a value, or had been written.
    pub fields: Vec<(FieldId, Option<Value>, Stamp)>,
}

impl DeletedEntity {
    /// The last value of a field.
    #[must_use]
    pub fn value(&self, field: FieldId) -> Option<&Value> {
        self.fields
            .iter()
            .find(|(id, ..)| *id == field)
            .and_then(|(_, value, _)| value.as_ref())
    }
}

/// A type was declared or redefined.
#[derive(Clone, PartialEq, Debug)]
pub struct SchemaChange {
    /// The type.
    pub entity_type: TypeId,
    /// What it was.
    pub previous: Option<Schema>,
    /// The type that it extended then: its name may be another one by now.
    pub(crate) previous_base: Option<TypeId>,
    /// What it is.
    pub current: Schema,
}
