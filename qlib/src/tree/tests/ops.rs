//! Commits by names, as the naive model understands them, and the same as the tree takes them.

use std::sync::Arc;

use crate::model::{
    Author, Commit, Create, CursorMove, EntityId, Expect, Fence, FieldId, Image, Limits, Op,
    Quality, Revision, Schema, TypeId, Value, Write, WriteMode,
};
use crate::tree::Tree;

#[derive(Clone, Debug)]
pub(super) enum Step {
    Create {
        id: EntityId,
        entity_type: String,
        parent: EntityId,
        name: String,
        values: Vec<(String, Value)>,
    },
    Delete(EntityId),
    Move {
        id: EntityId,
        parent: EntityId,
    },
    Write {
        id: EntityId,
        field: String,
        value: Option<Value>,
        mode: WriteMode,
        quality: Quality,
    },
    SetSchema(Schema),
    DropField {
        entity_type: String,
        field: String,
        replaced_by: Option<String>,
    },
    Claim {
        election: String,
        token: u64,
    },
    Restore(Arc<Image>),
    SetLimits(Limits),
    MoveCursor(CursorMove),
}

#[derive(Clone, Debug)]
pub(super) enum Condition {
    Field {
        id: EntityId,
        field: String,
        revision: Revision,
    },
    Exists {
        id: EntityId,
        exists: bool,
    },
}

/// A commit by names.
#[derive(Clone, Debug, Default)]
pub(super) struct Deed {
    pub(super) steps: Vec<Step>,
    pub(super) expect: Vec<Condition>,
    pub(super) writer: String,
    pub(super) depth: u8,
    pub(super) fence: Option<(String, u64)>,
}

impl Deed {
    pub(super) fn new(steps: Vec<Step>) -> Self {
        Self {
            steps,
            ..Self::default()
        }
    }

    /// The commit, with the numbers that types and fields have, or will have once its earlier steps
    /// are done.
    pub(super) fn commit(&self, tree: &Tree) -> Commit {
        let expect = self.expect.iter().map(|condition| match condition {
            Condition::Field {
                id,
                field,
                revision,
            } => Expect::Field {
                id: *id,
                field: field_of_entity(tree, *id, field),
                revision: *revision,
            },
            Condition::Exists { id, exists } => Expect::Exists {
                id: *id,
                exists: *exists,
            },
        });
        let mut commit = Commit {
            expect: expect.collect(),
            author: Arc::new(Author {
                writer: self.writer.as_str().into(),
                cause: None,
                depth: self.depth,
                fence: self.fence.as_ref().map(|(election, token)| Fence {
                    election: election.as_str().into(),
                    token: *token,
                }),
            }),
            ..Commit::default()
        };
        let mut scratch = tree.clone();
        for step in &self.steps {
            let op = step.op(&scratch);
            let _ = scratch.try_steps(std::slice::from_ref(&op), tree.revision() + 1);
            commit.ops.push(op);
        }
        commit
    }
}

impl Step {
    fn op(&self, tree: &Tree) -> Op {
        match self.clone() {
            Self::Create {
                id,
                entity_type,
                parent,
                name,
                values,
            } => {
                let entity_type = tree.type_id(&entity_type).unwrap_or(TypeId(9999));
                let values = values.into_iter().map(|(field, value)| {
                    let field = (entity_type.0 != 9999)
                        .then(|| tree.field_id(entity_type, &field).ok())
                        .flatten()
                        .unwrap_or_else(|| any_field(tree, &field));
                    (field, value)
                });
                Op::Create(Box::new(Create {
                    id,
                    entity_type,
                    parent,
                    name: name.into(),
                    values: values.collect(),
                }))
            }
            Self::Delete(id) => Op::Delete(id),
            Self::Move { id, parent } => Op::Move { id, parent },
            Self::Write {
                id,
                field,
                value,
                mode,
                quality,
            } => Op::Write(Write {
                id,
                field: field_of_entity(tree, id, &field),
                value,
                mode,
                quality,
            }),
            Self::SetSchema(schema) => Op::SetSchema(Box::new(schema)),
            Self::DropField {
                entity_type,
                field,
                replaced_by,
            } => {
                let number = |name: &str| {
                    let entity_type = tree.type_id(&entity_type).ok()?;
                    tree.field_id(entity_type, name).ok()
                };
                Op::DropField {
                    field: number(&field).unwrap_or(FieldId(9999)),
                    replaced_by: replaced_by.and_then(|name| number(&name)),
                }
            }
            Self::Claim { election, token } => Op::Claim {
                election: election.into(),
                token,
            },
            Self::Restore(image) => Op::Restore { image, only: None },
            Self::SetLimits(limits) => Op::SetLimits(limits),
            Self::MoveCursor(step) => Op::MoveCursor(Box::new(step)),
        }
    }
}

fn field_of_entity(tree: &Tree, id: EntityId, name: &str) -> FieldId {
    tree.entity(id)
        .and_then(|entity| tree.field_id(entity.entity_type(), name).ok())
        .unwrap_or_else(|| any_field(tree, name))
}

/// A field of that name that some other type has, or none of any type.
fn any_field(tree: &Tree, name: &str) -> FieldId {
    tree.types()
        .find_map(|entity_type| tree.field_id(entity_type, name).ok())
        .unwrap_or(FieldId(9999))
}
