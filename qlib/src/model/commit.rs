//! What a transaction asks for, and what came of it.

use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::model::{CursorMove, EntityId, Image, Limits, Schema, Timestamp, Value};

/// The place of a commit in its log: 1, 2, 3 …; 0 is before the first.
pub type Revision = u64;

/// The number of a type within one tree. Stays the same while the process lives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TypeId(pub(crate) u32);

/// The number of a field within one tree: the same in the type that declares it and in those that
/// extend that type. Stays the same while the process lives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FieldId(pub(crate) u32);

impl FieldId {
    /// `Name`, of every entity.
    pub const NAME: Self = Self(0);
    /// `Description`, of every entity.
    pub const DESCRIPTION: Self = Self(1);
    /// `Parent`, of every entity.
    pub const PARENT: Self = Self(2);
    /// `Children`, of every entity.
    pub const CHILDREN: Self = Self(3);
}

/// How far a value can be trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Quality {
    /// There is no value.
    Unset = 0,
    /// The value is as it was written.
    #[default]
    Good = 1,
    /// The value comes from a snapshot or an import.
    Restored = 2,
    /// The writer says that the value is out of date.
    Stale = 3,
}

/// When and by whom a field was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// The commit that wrote it.
    pub revision: Revision,
    /// When that commit was ordered.
    pub time: Timestamp,
    /// The writer's number in the tree.
    pub(crate) writer: u32,
    /// How far the value can be trusted.
    pub quality: Quality,
}

impl Stamp {
    /// The stamp of a field that was never written.
    pub const NEVER: Self = Self {
        revision: 0,
        time: Timestamp::EPOCH,
        writer: 0,
        quality: Quality::Unset,
    };
}

/// How a value is written.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum WriteMode {
    /// Write, equal or not.
    #[default]
    Always,
    /// Write only if the value differs from the one that is there; else leave time, writer and
    /// quality alone.
    IfChanged,
    /// Add to the Int or Float that is there. An Int that overflows and a Float that is no number
    /// afterwards are refused.
    Add,
    /// Subtract from the Int or Float that is there.
    Subtract,
    /// Write only if the field holds this value; else the commit fails.
    IfValue(Box<Option<Value>>),
    /// Write only if the field was last written at this revision; else the commit fails.
    IfRevision(Revision),
}

/// One step of a commit.
#[derive(Clone, PartialEq, Debug)]
pub enum Op {
    /// Makes an entity.
    Create(Box<Create>),
    /// Deletes an entity and all below it.
    Delete(EntityId),
    /// Puts an entity below another parent, behind its children.
    Move {
        /// The entity that moves.
        id: EntityId,
        /// Its new parent.
        parent: EntityId,
    },
    /// Writes a field. Writing `Name` renames, writing `Parent` moves.
    Write(Write),
    /// Declares or redefines a type. What it was called before is renamed, and so are its fields.
    SetSchema(Box<Schema>),
    /// Takes a field out of the type that declares it, with all that entities hold in it.
    DropField {
        /// The field.
        field: FieldId,
        /// Another field of the type, with what was made of the values of the first: each entity
        /// that holds the one has had the other written, no earlier.
        replaced_by: Option<FieldId>,
    },
    /// Grants a fencing token: older ones of that election are refused from here on.
    Claim {
        /// The election.
        election: SmolStr,
        /// The token, larger than all before.
        token: u64,
    },
    /// Replaces the whole tree by the one in an image; what the commit did before this step is
    /// void. Types that the image lacks stay, without entities.
    Restore {
        /// What the tree is to be.
        image: Arc<Image>,
        /// Replaces only this entity and all below it, by what the image has of them.
        only: Option<EntityId>,
    },
    /// Sets the limits that hold from here on.
    SetLimits(Limits),
    /// Makes, moves or removes a durable cursor.
    MoveCursor(Box<CursorMove>),
}

impl Op {
    /// Whether types or fields may have other names after the step than before it.
    pub(crate) const fn declares(&self) -> bool {
        matches!(self, Self::SetSchema(_) | Self::DropField { .. })
    }
}

/// A new entity.
#[derive(Clone, PartialEq, Debug)]
pub struct Create {
    /// Its id.
    pub id: EntityId,
    /// Its type.
    pub entity_type: TypeId,
    /// The entity below which it stands.
    pub parent: EntityId,
    /// Its name.
    pub name: SmolStr,
    /// The values that are given; the others have their default. Of a field that is given twice,
    /// the last one.
    pub values: Arc<[(FieldId, Value)]>,
}

/// A write of one field.
#[derive(Clone, PartialEq, Debug)]
pub struct Write {
    /// The entity.
    pub id: EntityId,
    /// The field.
    pub field: FieldId,
    /// The value; `None` unsets an optional field and writes the default where there is one.
    pub value: Option<Value>,
    /// How it is written.
    pub mode: WriteMode,
    /// How far the value can be trusted. A value cannot be written as [`Quality::Unset`].
    pub quality: Quality,
}

/// What must still be so for a commit to be accepted: what its transaction read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expect {
    /// The field was last written at this revision.
    Field {
        /// The entity.
        id: EntityId,
        /// The field.
        field: FieldId,
        /// When it was last written; 0 is never.
        revision: Revision,
    },
    /// The entity exists, or does not.
    Exists {
        /// The entity.
        id: EntityId,
        /// Whether it exists.
        exists: bool,
    },
    /// No type was declared or redefined since: the commit was made for the schemas of then.
    Schemas {
        /// The revision that changed a schema last.
        revision: Revision,
    },
}

/// What provoked a commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cause {
    /// The handler that made it, as `Worker::method`.
    pub handler: SmolStr,
    /// The revision that the handler was reacting to; 0 if it was none (a timer, `init`).
    pub revision: Revision,
}

/// Leadership that a commit claims to have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fence {
    /// The election.
    pub election: SmolStr,
    /// The leader's fencing token.
    pub token: u64,
}

/// On whose behalf commits are made.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Author {
    /// Who writes.
    pub writer: SmolStr,
    /// What provoked it.
    pub cause: Option<Cause>,
    /// How many handlers provoked each other to get here.
    pub depth: u8,
    /// The leadership under which it is made.
    pub fence: Option<Fence>,
}

/// The steps of a commit, in order.
pub(crate) type Steps = SmallVec<[Op; 1]>;

/// A list of steps that happen together or not at all.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Commit {
    /// The steps, in order.
    pub ops: Steps,
    /// What must still be so.
    pub expect: Vec<Expect>,
    /// Who makes it. Shared: one author makes many commits.
    pub author: Arc<Author>,
}

impl Commit {
    /// Whether it replaces the tree: the log's next epoch begins with it.
    pub(crate) fn is_restore(&self) -> bool {
        self.ops.iter().any(|op| matches!(op, Op::Restore { .. }))
    }
}

/// Where and when a commit was ordered, and what its transaction returned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Receipt<T = ()> {
    /// The commit's revision.
    pub revision: Revision,
    /// When it was ordered.
    pub time: Timestamp,
    /// What the closure of the transaction returned.
    pub value: T,
}

impl<T> fmt::Debug for Receipt<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "revision {} at {}", self.revision, self.time)
    }
}
