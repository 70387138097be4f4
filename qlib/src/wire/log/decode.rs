//! From records to commits.

use std::sync::Arc;

use prost::Message;
use smol_str::SmolStr;

use crate::model::{
    Author, Cause, Commit, Create, Cursor, CursorMove, EntityId, Fence, FieldId, Op, Quality,
    Steps, TypeId, Value, Write, WriteMode,
};
use crate::wire::log::Names;
use crate::wire::proto::log as proto;
use crate::wire::proto::log::{binding, mode, op};
use crate::wire::proto::model;
use crate::wire::{Malformed, from_entity_id};

/// Reads the commits of one segment.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// By number, from 1.
    bound: Vec<Name>,
    /// Of the commit that was read last.
    author: Arc<Author>,
}

/// What a number is bound to; of a type or field, once it was needed, also its number in the tree.
#[derive(Debug)]
enum Name {
    Text(SmolStr),
    Type(String, Option<TypeId>),
    Field(proto::FieldName, Option<FieldId>),
}

impl Decoder {
    /// The commit of a record. `names` are those of the tree before the commit.
    ///
    /// # Errors
    /// What about it this version does not understand.
    pub(crate) fn decode(&mut self, record: &[u8], names: &dyn Names) -> Result<Commit, Malformed> {
        let commit =
            proto::Commit::decode(record).map_err(|_| Malformed("a record that is no commit"))?;
        self.bind(commit.bindings)?;
        let writer = self.text(commit.writer)?;
        let cause = commit.cause.map(|cause| {
            Ok(Cause {
                handler: self.text(cause.handler)?,
                revision: cause.revision,
            })
        });
        let cause = cause.transpose()?;
        let fence = commit.fence.map(|fence| self.fence(fence)).transpose()?;
        let author = Author {
            writer,
            cause,
            depth: u8::try_from(commit.depth).map_err(|_| Malformed("a depth of over 255"))?,
            fence,
        };
        if author != *self.author {
            self.author = Arc::new(author);
        }
        Ok(Commit {
            ops: self.ops(commit.ops, names)?,
            expect: Vec::new(),
            author: Arc::clone(&self.author),
        })
    }

    fn bind(&mut self, bindings: Vec<proto::Binding>) -> Result<(), Malformed> {
        for binding in bindings {
            self.bound.push(match binding.name {
                Some(binding::Name::Text(text)) => Name::Text(text.into()),
                Some(binding::Name::Type(name)) => Name::Type(name, None),
                Some(binding::Name::Field(field)) => Name::Field(field, None),
                None => return Err(Malformed("a number that is bound to nothing")),
            });
        }
        Ok(())
    }

    /// Passes over a record, but for the numbers that it binds.
    ///
    /// # Errors
    /// What about it this version does not understand.
    pub(crate) fn skip(&mut self, record: &[u8]) -> Result<(), Malformed> {
        let record = proto::Bindings::decode(record);
        let record = record.map_err(|_| Malformed("a record that is no commit"))?;
        self.bind(record.bindings)
    }

    fn ops(&mut self, messages: Vec<proto::Op>, names: &dyn Names) -> Result<Steps, Malformed> {
        let mut ops = Steps::with_capacity(messages.len());
        // The names with what the commit itself declares.
        let mut later: Option<Box<dyn Names>> = None;
        let mut declares = false;
        for message in messages {
            let message = message.op.ok_or(Malformed("a step of a newer version"))?;
            let needs_names = matches!(
                message,
                op::Op::Create(_) | op::Op::Write(_) | op::Op::DropField(_)
            );
            if declares && needs_names {
                let after = names.after(&ops);
                later = Some(after.map_err(|_| Malformed("steps that contradict the tree"))?);
                declares = false;
            }
            let op = self.op(message, later.as_deref().unwrap_or(names))?;
            declares |= op.declares();
            ops.push(op);
        }
        Ok(ops)
    }

    fn op(&mut self, message: op::Op, names: &dyn Names) -> Result<Op, Malformed> {
        Ok(match message {
            op::Op::Write(write) => Op::Write(self.write(write, names)?),
            op::Op::Create(create) => Op::Create(Box::new(self.create(create, names)?)),
            op::Op::Delete(id) => Op::Delete(id.into()),
            op::Op::Move(step) => Op::Move {
                id: entity(step.id)?,
                parent: entity(step.parent)?,
            },
            op::Op::SetSchema(schema) => Op::SetSchema(Box::new(schema.try_into()?)),
            op::Op::Claim(claim) => {
                let Fence { election, token } = self.fence(claim)?;
                Op::Claim { election, token }
            }
            // What was restored is in a file of its own.
            op::Op::Restore(restore) => Op::Restore {
                image: Default::default(),
                only: restore.only.map(Into::into),
            },
            op::Op::SetLimits(limits) => Op::SetLimits(limits.try_into()?),
            op::Op::MoveCursor(step) => Op::MoveCursor(Box::new(CursorMove {
                name: self.text(step.cursor)?,
                from: step.from.map(Cursor::try_from).transpose()?,
                to: step.to.map(Cursor::try_from).transpose()?,
            })),
            op::Op::DropField(drop) => Op::DropField {
                field: self.field(drop.field, names)?,
                replaced_by: match drop.replaced_by {
                    0 => None,
                    number => Some(self.field(number, names)?),
                },
            },
        })
    }

    fn write(&mut self, write: proto::Write, names: &dyn Names) -> Result<Write, Malformed> {
        Ok(Write {
            id: from_entity_id(write.id_high, write.id_low),
            field: self.field(write.field, names)?,
            value: write.value.map(Value::try_from).transpose()?,
            mode: write.mode.map_or(Ok(WriteMode::Always), mode)?,
            quality: quality(write.quality)?,
        })
    }

    fn create(&mut self, create: proto::Create, names: &dyn Names) -> Result<Create, Malformed> {
        let values = create.values.into_iter().map(|given| {
            let value = given.value.ok_or(Malformed("a field without a value"))?;
            Ok((self.field(given.field, names)?, value.try_into()?))
        });
        let values = values.collect::<Result<_, Malformed>>()?;
        Ok(Create {
            id: from_entity_id(create.id_high, create.id_low),
            entity_type: self.entity_type(create.r#type, names)?,
            parent: from_entity_id(create.parent_high, create.parent_low),
            name: create.name.into(),
            values,
        })
    }

    fn fence(&self, fence: proto::Fence) -> Result<Fence, Malformed> {
        Ok(Fence {
            election: self.text(fence.election)?,
            token: fence.token,
        })
    }

    fn bound(&mut self, number: u32) -> Option<&mut Name> {
        self.bound.get_mut((number as usize).checked_sub(1)?)
    }

    fn text(&self, number: u32) -> Result<SmolStr, Malformed> {
        if number == 0 {
            return Ok(SmolStr::default());
        }
        match self.bound.get(number as usize - 1) {
            Some(Name::Text(text)) => Ok(text.clone()),
            _ => Err(Malformed("a number that is bound to no text")),
        }
    }

    fn entity_type(&mut self, number: u32, names: &dyn Names) -> Result<TypeId, Malformed> {
        let Some(Name::Type(name, known)) = self.bound(number) else {
            return Err(Malformed("a number that is bound to no type"));
        };
        if known.is_none() {
            *known = names.type_named(name);
        }
        known.ok_or(Malformed("a type that was not declared"))
    }

    fn field(&mut self, number: u32, names: &dyn Names) -> Result<FieldId, Malformed> {
        let declared_by = match self.bound(number) {
            Some(Name::Field(_, Some(known))) => return Ok(*known),
            Some(Name::Field(field, None)) => field.r#type,
            _ => return Err(Malformed("a number that is bound to no field")),
        };
        let declared_by = match declared_by {
            0 => None,
            number => Some(self.entity_type(number, names)?),
        };
        match self.bound(number) {
            Some(Name::Field(field, known)) => {
                *known = names.field_named(declared_by, &field.name);
                known.ok_or(Malformed("a field that was not declared"))
            }
            _ => Err(Malformed("a number that is bound to no field")),
        }
    }
}

fn entity(id: Option<model::EntityId>) -> Result<EntityId, Malformed> {
    Ok(id.ok_or(Malformed("a move without an entity"))?.into())
}

fn quality(quality: i32) -> Result<Quality, Malformed> {
    let quality = model::Quality::try_from(quality);
    Ok(quality.map_err(|_| Malformed("an unknown quality"))?.into())
}

fn mode(mode: proto::Mode) -> Result<WriteMode, Malformed> {
    Ok(match mode.mode.ok_or(Malformed("an unknown write mode"))? {
        mode::Mode::IfChanged(_) => WriteMode::IfChanged,
        mode::Mode::Add(_) => WriteMode::Add,
        mode::Mode::Subtract(_) => WriteMode::Subtract,
        mode::Mode::IfValue(expected) => {
            let expected = expected.value.map(Value::try_from).transpose()?;
            WriteMode::IfValue(Box::new(expected))
        }
        mode::Mode::IfRevision(revision) => WriteMode::IfRevision(revision),
    })
}
