//! From commits to records.

use prost::Message;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use crate::model::{
    Author, Cause, Commit, Create, CursorMove, Fence, FieldId, Op, Quality, Result, TypeId, Value,
    Write, WriteMode, limits,
};
use crate::wire::entity_id;
use crate::wire::log::Names;
use crate::wire::proto::log as proto;
use crate::wire::proto::log::{binding, mode, op};
use crate::wire::proto::model;

/// Bytes of a commit without its steps and names, at most: numbers, keys and lengths.
const COMMIT: usize = 64;
/// Bytes of a step without its value and names, at most: a create with ids, numbers and lengths.
const OP: usize = 96;
/// Bytes of a binding without its name, at most.
const BINDING: usize = 24;

/// Writes the commits of one segment.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    bound: u32,
    texts: FxHashMap<SmolStr, u32>,
    /// By the number of the type or field in the tree; 0 is not bound.
    types: Vec<u32>,
    fields: Vec<u32>,
}

impl Encoder {
    /// How many bytes a commit takes at most, before its types and fields are known by name.
    pub(crate) fn at_most(&self, commit: &Commit) -> usize {
        let text = |text: &SmolStr| BINDING + text.len();
        let Author {
            writer,
            cause,
            fence,
            ..
        } = &*commit.author;
        let texts = text(writer)
            + cause.as_ref().map_or(0, |cause| text(&cause.handler))
            + fence.as_ref().map_or(0, |fence| text(&fence.election));
        let mut unbound = Unbound {
            encoder: self,
            seen: FxHashSet::default(),
        };
        let ops = commit.ops.iter().map(|op| unbound.at_most(op));
        COMMIT + texts + ops.sum::<usize>()
    }

    /// The commit as a message. `names` are those before it: each step says the names of its time.
    ///
    /// # Errors
    /// Why one of the steps is refused.
    pub(crate) fn encode(&mut self, commit: &Commit, names: &dyn Names) -> Result<proto::Commit> {
        let mut naming = Naming {
            encoder: self,
            bindings: Vec::new(),
        };
        let author = &commit.author;
        let writer = naming.text(&author.writer);
        let cause = author.cause.as_ref().map(|Cause { handler, revision }| {
            let handler = naming.text(handler);
            let revision = *revision;
            proto::Cause { handler, revision }
        });
        let fence = author.fence.as_ref();
        let fence = fence.map(|Fence { election, token }| naming.fence(election, *token));
        let mut ops = Vec::with_capacity(commit.ops.len());
        // The names with what the commit itself declares.
        let mut later: Option<Box<dyn Names>> = None;
        let mut declares = false;
        for (at, op) in commit.ops.iter().enumerate() {
            let needs_names = matches!(op, Op::Create(_) | Op::Write(_) | Op::DropField { .. });
            if declares && needs_names {
                later = Some(names.after(&commit.ops[..at])?);
                declares = false;
            }
            declares |= op.declares();
            ops.push(naming.op(op, later.as_deref().unwrap_or(names)));
        }
        Ok(proto::Commit {
            bindings: naming.bindings,
            writer,
            cause,
            depth: author.depth.into(),
            fence,
            ops,
        })
    }
}

/// Counts the names that a commit may have to bind.
struct Unbound<'a> {
    encoder: &'a Encoder,
    seen: FxHashSet<FieldId>,
}

impl Unbound<'_> {
    fn at_most(&mut self, op: &Op) -> usize {
        OP + match op {
            Op::Write(write) => {
                let expected = match &write.mode {
                    WriteMode::IfValue(expected) => value_at_most(expected.as_ref().as_ref()),
                    _ => 0,
                };
                self.field(write.field) + value_at_most(write.value.as_ref()) + expected
            }
            Op::Create(create) => {
                let values = create.values.iter().map(|(field, value)| {
                    self.field(*field) + BINDING + value_at_most(Some(value))
                });
                let values = values.sum::<usize>();
                self.entity_type(create.entity_type) + create.name.len() + values
            }
            Op::SetSchema(schema) => model::Schema::from(&**schema).encoded_len(),
            Op::DropField { field, replaced_by } => {
                self.field(*field) + replaced_by.map_or(0, |other| self.field(other))
            }
            Op::Claim { election, .. } => BINDING + election.len(),
            Op::MoveCursor(step) => BINDING + step.name.len(),
            Op::Delete(_) | Op::Move { .. } | Op::Restore { .. } | Op::SetLimits(_) => 0,
        }
    }

    fn entity_type(&self, entity_type: TypeId) -> usize {
        match number(&self.encoder.types, entity_type.0) {
            0 => BINDING + limits::NAME,
            _ => 0,
        }
    }

    fn field(&mut self, field: FieldId) -> usize {
        if number(&self.encoder.fields, field.0) != 0 || !self.seen.insert(field) {
            return 0;
        }
        // With the type that declares it.
        2 * (BINDING + limits::NAME)
    }
}

fn value_at_most(value: Option<&Value>) -> usize {
    // An id of 16 bytes takes 20 in a list.
    value.map_or(0, |value| 16 + value.size() + value.size() / 2)
}

fn number(numbers: &[u32], id: u32) -> u32 {
    numbers.get(id as usize).copied().unwrap_or(0)
}

fn set_number(numbers: &mut Vec<u32>, id: u32, number: u32) {
    let id = id as usize;
    if numbers.len() <= id {
        numbers.resize(id + 1, 0);
    }
    numbers[id] = number;
}

/// Binds the names that a commit is the first to need.
struct Naming<'a> {
    encoder: &'a mut Encoder,
    bindings: Vec<proto::Binding>,
}

impl Naming<'_> {
    fn bind(&mut self, name: binding::Name) -> u32 {
        self.bindings.push(proto::Binding { name: Some(name) });
        self.encoder.bound += 1;
        self.encoder.bound
    }

    fn text(&mut self, text: &SmolStr) -> u32 {
        if text.is_empty() {
            return 0;
        }
        if let Some(known) = self.encoder.texts.get(text) {
            return *known;
        }
        let number = self.bind(binding::Name::Text(text.to_string()));
        self.encoder.texts.insert(text.clone(), number);
        number
    }

    fn entity_type(&mut self, entity_type: TypeId, names: &dyn Names) -> u32 {
        let known = number(&self.encoder.types, entity_type.0);
        if known != 0 {
            return known;
        }
        let name = names.name_of_type(entity_type).to_string();
        let number = self.bind(binding::Name::Type(name));
        set_number(&mut self.encoder.types, entity_type.0, number);
        number
    }

    fn field(&mut self, field: FieldId, names: &dyn Names) -> u32 {
        let known = number(&self.encoder.fields, field.0);
        if known != 0 {
            return known;
        }
        let (declared_by, name) = names.name_of_field(field);
        let name = name.to_string();
        let entity_type = declared_by.map_or(0, |declared_by| self.entity_type(declared_by, names));
        let number = self.bind(binding::Name::Field(proto::FieldName {
            r#type: entity_type,
            name,
        }));
        set_number(&mut self.encoder.fields, field.0, number);
        number
    }

    fn fence(&mut self, election: &SmolStr, token: u64) -> proto::Fence {
        let election = self.text(election);
        proto::Fence { election, token }
    }

    fn op(&mut self, op: &Op, names: &dyn Names) -> proto::Op {
        let op = match op {
            Op::Write(write) => op::Op::Write(self.write(write, names)),
            Op::Create(create) => op::Op::Create(self.create(create, names)),
            Op::Delete(id) => op::Op::Delete((*id).into()),
            Op::Move { id, parent } => op::Op::Move(proto::Move {
                id: Some((*id).into()),
                parent: Some((*parent).into()),
            }),
            Op::SetSchema(schema) => op::Op::SetSchema((&**schema).into()),
            Op::Claim { election, token } => op::Op::Claim(self.fence(election, *token)),
            Op::Restore { only, .. } => op::Op::Restore(proto::Restore {
                only: only.map(Into::into),
            }),
            Op::SetLimits(limits) => op::Op::SetLimits((*limits).into()),
            Op::MoveCursor(step) => op::Op::MoveCursor(self.cursor(step)),
            Op::DropField { field, replaced_by } => op::Op::DropField(proto::DropField {
                field: self.field(*field, names),
                replaced_by: replaced_by.map_or(0, |other| self.field(other, names)),
            }),
        };
        proto::Op { op: Some(op) }
    }

    fn cursor(&mut self, step: &CursorMove) -> proto::MoveCursor {
        proto::MoveCursor {
            cursor: self.text(&step.name),
            from: step.from.map(Into::into),
            to: step.to.map(Into::into),
        }
    }

    fn write(&mut self, write: &Write, names: &dyn Names) -> proto::Write {
        let (id_high, id_low) = entity_id(write.id);
        proto::Write {
            id_high,
            id_low,
            field: self.field(write.field, names),
            value: write.value.as_ref().map(Into::into),
            quality: quality(write.quality),
            mode: mode(&write.mode),
        }
    }

    fn create(&mut self, create: &Create, names: &dyn Names) -> proto::Create {
        let (id_high, id_low) = entity_id(create.id);
        let (parent_high, parent_low) = entity_id(create.parent);
        let values = create
            .values
            .iter()
            .map(|(field, value)| proto::FieldValue {
                field: self.field(*field, names),
                value: Some(value.into()),
            });
        let values = values.collect();
        proto::Create {
            id_high,
            id_low,
            r#type: self.entity_type(create.entity_type, names),
            parent_high,
            parent_low,
            name: create.name.to_string(),
            values,
        }
    }
}

fn quality(quality: Quality) -> i32 {
    model::Quality::from(quality).into()
}

fn mode(mode: &WriteMode) -> Option<proto::Mode> {
    let mode = match mode {
        WriteMode::Always => return None,
        WriteMode::IfChanged => mode::Mode::IfChanged(true),
        WriteMode::Add => mode::Mode::Add(true),
        WriteMode::Subtract => mode::Mode::Subtract(true),
        WriteMode::IfValue(value) => mode::Mode::IfValue(proto::OptionalValue {
            value: value.as_ref().as_ref().map(Into::into),
        }),
        WriteMode::IfRevision(revision) => mode::Mode::IfRevision(*revision),
    };
    Some(proto::Mode { mode: Some(mode) })
}
