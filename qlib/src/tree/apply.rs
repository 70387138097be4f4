//! One commit after another. The same commits give the same tree, and the same refusals, everywhere.

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::model::{
    Change, Commit, Create, EntityId, Error, Expect, Fence, FieldChange, FieldId, Kind, Op, Place,
    Placement, Quality, Result, Revision, Stamp, Timestamp, TypeId, Value, ValueRef, Write,
    WriteMode, limits::name_fault,
};
use crate::tree::{EntityRef, Tree};

/// The changes of one commit, in order.
pub type Changes = SmallVec<[Change; 1]>;

/// A commit that is being applied.
pub(super) struct Applying {
    pub(super) stamp: Stamp,
    pub(super) changes: Changes,
    /// An entity was placed twice.
    placed_again: bool,
}

impl Tree {
    /// Applies a commit as `revision`, ordered at `time`, and says what it changed.
    ///
    /// # Errors
    /// Why the commit is refused; the tree is then as it was.
    pub fn apply(
        &mut self,
        commit: &Commit,
        revision: Revision,
        time: Timestamp,
    ) -> Result<Changes> {
        self.admit(commit)?;
        let writer = self.writer_number(&commit.writer);
        let stamp = Stamp {
            revision,
            time,
            writer,
            quality: Quality::Good,
        };
        let mut applying = Applying::new(stamp);
        // Schemas and restores are rare and touch everything: the way back is the tree before them.
        let before = commit
            .ops
            .iter()
            .any(|op| matches!(op, Op::SetSchema(_) | Op::Restore(_)))
            .then(|| self.clone());
        let mut outcome = commit
            .ops
            .iter()
            .try_for_each(|op| self.step(op, &mut applying));
        if before.is_some() {
            outcome = outcome.and_then(|()| self.check_targets());
        }
        if let Err(error) = outcome {
            match before {
                Some(before) => *self = before,
                None => self.undo(applying.changes, stamp),
            }
            return Err(error);
        }
        if applying.placed_again {
            merge_placements(&mut applying.changes);
        }
        self.revision = revision;
        self.time = time;
        Ok(applying.changes)
    }

    /// Applies steps outside any log, to see what the tree would be: the private tree of a transaction.
    pub(crate) fn try_steps(&mut self, ops: &[Op], revision: Revision) -> Result<()> {
        let stamp = Stamp {
            revision,
            time: self.time,
            writer: 0,
            quality: Quality::Good,
        };
        let mut applying = Applying::new(stamp);
        ops.iter().try_for_each(|op| self.step(op, &mut applying))
    }

    /// Refuses a commit for what it is, before any of its steps.
    fn admit(&self, commit: &Commit) -> Result<()> {
        if let Some(Fence { election, token }) = &commit.fence {
            let newest = self.fence(election);
            if *token < newest {
                return Err(Error::StaleFence {
                    election: election.clone(),
                    token: *token,
                    newest,
                });
            }
        }
        if commit.depth > self.limits.chain {
            let chain = commit
                .cause
                .iter()
                .map(|cause| cause.handler.clone())
                .collect();
            return Err(Error::ChainTooDeep {
                chain,
                limit: self.limits.chain,
            });
        }
        let size = commit.ops.iter().map(size).sum::<usize>();
        if size > self.limits.commit {
            return Err(Error::CommitTooLarge {
                size,
                limit: self.limits.commit,
            });
        }
        commit
            .expect
            .iter()
            .try_for_each(|expect| self.expect(expect))
    }

    fn expect(&self, expect: &Expect) -> Result<()> {
        match *expect {
            Expect::Field {
                id,
                field,
                revision,
            } => {
                let current = self.entity(id).and_then(|entity| entity.stamp(field).ok());
                if current.is_some_and(|stamp| stamp.revision == revision) {
                    return Ok(());
                }
                Err(Error::Conflict {
                    entity: self.subject(id),
                    field: self.field_name(field).clone(),
                })
            }
            Expect::Exists { id, exists } => {
                if self.find(id).is_some() == exists {
                    return Ok(());
                }
                Err(Error::Conflict {
                    entity: self.subject(id),
                    field: SmolStr::new_static("existence"),
                })
            }
        }
    }

    fn step(&mut self, op: &Op, applying: &mut Applying) -> Result<()> {
        match op {
            Op::Write(write) => self.write(write, applying),
            Op::Create(create) => self.create(create, applying),
            Op::Delete(id) => self.delete(*id, applying),
            Op::Move { id, parent } => self.relocate(*id, Some(*parent), None, applying),
            Op::SetSchema(schema) => self.set_schema(schema, applying),
            Op::Claim { election, token } => self.claim(election, *token),
            Op::Restore(image) => self.restore(image, applying),
        }
    }

    pub(super) fn writer_number(&mut self, writer: &SmolStr) -> u32 {
        if let Some(number) = self.writer_numbers.get(writer) {
            return *number;
        }
        let number = self.writers.len() as u32;
        std::sync::Arc::make_mut(&mut self.writers).push(writer.clone());
        std::sync::Arc::make_mut(&mut self.writer_numbers).insert(writer.clone(), number);
        number
    }

    fn claim(&mut self, election: &SmolStr, token: u64) -> Result<()> {
        let newest = self.fence(election);
        if token <= newest {
            return Err(Error::StaleFence {
                election: election.clone(),
                token,
                newest,
            });
        }
        self.fences.insert(election.clone(), token);
        Ok(())
    }

    fn write(&mut self, write: &Write, applying: &mut Applying) -> Result<()> {
        let Some(node) = self.find(write.id) else {
            return Err(Error::Missing {
                entity: write.id.into(),
            });
        };
        if matches!(
            write.field,
            FieldId::NAME | FieldId::PARENT | FieldId::CHILDREN
        ) {
            return self.write_system_field(write, applying);
        }
        let (entity_type, slot) = (self.node(node).entity_type, self.node(node).slot);
        let table = &self.types[entity_type as usize];
        let Some(position) = table.layout.position(write.field) else {
            return Err(Error::UnknownField {
                entity_type: table.layout.schema.name.clone(),
                field: self.field_name(write.field).clone(),
                suggestion: None,
            });
        };
        let field = &table.layout.fields[position];
        let previous = self.cell(table, position, slot);
        let previous_stamp: Stamp = table.columns[position].stamp(slot).into();
        let value = self.value_to_write(write, &field.schema, previous, previous_stamp)?;
        match &value {
            Some(value) => self.check(write.id, node, field, value)?,
            None if field.schema.required => {
                return Err(Error::Unset {
                    entity: self.subject(write.id),
                    field: field.schema.name.clone(),
                });
            }
            None => {}
        }
        if write.mode == WriteMode::IfChanged && value.as_ref().map(Value::as_ref) == previous {
            return Ok(());
        }
        let previous = previous.map(ValueRef::to_value);
        let quality = if value.is_none() {
            Quality::Unset
        } else {
            write.quality
        };
        self.put(
            node,
            position,
            value.as_ref(),
            Stamp {
                quality,
                ..applying.stamp
            },
        );
        let change = FieldChange {
            id: write.id,
            entity_type: TypeId(entity_type),
            field: write.field,
            previous,
            previous_stamp,
            current: value,
        };
        applying.record(change);
        Ok(())
    }

    /// The value that a write leaves behind.
    fn value_to_write(
        &self,
        write: &Write,
        field: &crate::model::FieldSchema,
        previous: Option<ValueRef<'_>>,
        stamp: Stamp,
    ) -> Result<Option<Value>> {
        let subject = || (self.subject(write.id), field.name.clone());
        let subtract = match &write.mode {
            WriteMode::Always | WriteMode::IfChanged => {
                return Ok(normal(
                    write.value.clone().or_else(|| field.default.clone()),
                ));
            }
            WriteMode::IfValue(expected)
                if expected.as_ref().as_ref().map(Value::as_ref) == previous =>
            {
                return Ok(normal(
                    write.value.clone().or_else(|| field.default.clone()),
                ));
            }
            WriteMode::IfRevision(expected) if *expected == stamp.revision => {
                return Ok(normal(
                    write.value.clone().or_else(|| field.default.clone()),
                ));
            }
            WriteMode::IfValue(expected) => {
                let (entity, field) = subject();
                let reason = format!("expected {expected:?}, it holds {previous:?}").into();
                return Err(Error::Expectation {
                    entity,
                    field,
                    reason,
                });
            }
            WriteMode::IfRevision(expected) => {
                let (entity, field) = subject();
                let reason = format!(
                    "expected revision {expected}, it was written at {}",
                    stamp.revision
                )
                .into();
                return Err(Error::Expectation {
                    entity,
                    field,
                    reason,
                });
            }
            WriteMode::Add => false,
            WriteMode::Subtract => true,
        };
        let operation = if subtract {
            "subtracted from"
        } else {
            "added to"
        };
        match (field.kind, previous, &write.value) {
            (Kind::Int, Some(ValueRef::Int(a)), Some(Value::Int(b))) => {
                let sum = if subtract {
                    a.checked_sub(*b)
                } else {
                    a.checked_add(*b)
                };
                let (entity, field) = subject();
                sum.map(|sum| Some(Value::Int(sum)))
                    .ok_or(Error::Overflow { entity, field })
            }
            (Kind::Float, Some(ValueRef::Float(a)), Some(Value::Float(b))) => {
                Ok(normal(Some(Value::Float(if subtract {
                    a - b
                } else {
                    a + b
                }))))
            }
            (Kind::Int | Kind::Float, None, _) => {
                let (entity, field) = subject();
                Err(Error::Unset { entity, field })
            }
            (Kind::Int | Kind::Float, Some(_), Some(value)) => {
                let (entity, field) = subject();
                Err(Error::WrongType {
                    entity,
                    field,
                    expected: previous.map_or(Kind::Int, ValueRef::kind),
                    actual: value.kind(),
                })
            }
            (Kind::Int | Kind::Float, Some(_), None) => {
                let (entity, field) = subject();
                Err(Error::WrongWrite {
                    entity,
                    field,
                    operation,
                    reason: "no number was given",
                })
            }
            _ => {
                let (entity, field) = subject();
                Err(Error::WrongWrite {
                    entity,
                    field,
                    operation,
                    reason: "it is no Int and no Float",
                })
            }
        }
    }

    fn write_system_field(&mut self, write: &Write, applying: &mut Applying) -> Result<()> {
        let (entity, field) = (self.subject(write.id), self.field_name(write.field).clone());
        if !matches!(write.mode, WriteMode::Always | WriteMode::IfChanged) {
            let reason = "a name and a parent are written whole";
            return Err(Error::WrongWrite {
                entity,
                field,
                operation: "written in this mode",
                reason,
            });
        }
        match (write.field, &write.value) {
            (FieldId::NAME, Some(Value::String(name))) => {
                self.relocate(write.id, None, Some(name), applying)
            }
            (FieldId::PARENT, Some(Value::EntityReference(parent))) => {
                self.relocate(write.id, Some(*parent), None, applying)
            }
            (FieldId::CHILDREN, _) => {
                let reason = "write the Parent of the child";
                Err(Error::WrongWrite {
                    entity,
                    field,
                    operation: "written",
                    reason,
                })
            }
            (_, None) => Err(Error::Unset { entity, field }),
            (FieldId::NAME, Some(value)) => Err(Error::WrongType {
                entity,
                field,
                expected: Kind::String,
                actual: value.kind(),
            }),
            (_, Some(value)) => Err(Error::WrongType {
                entity,
                field,
                expected: Kind::EntityReference,
                actual: value.kind(),
            }),
        }
    }

    fn create(&mut self, create: &Create, applying: &mut Applying) -> Result<()> {
        let Create {
            id,
            entity_type,
            parent,
            name,
            values,
        } = create;
        if self.find(*id).is_some() {
            return Err(Error::Exists {
                entity: self.subject(*id),
            });
        }
        let parent = match self.find(*parent) {
            Some(parent) => parent,
            None if self.root == 0 && *id == EntityId::ROOT => 0,
            None => {
                return Err(Error::Missing {
                    entity: (*parent).into(),
                });
            }
        };
        self.check_place(*id, parent, name, 1)?;
        let table = &self.types[entity_type.0 as usize];
        let layout = std::sync::Arc::clone(&table.layout);
        let mut given: SmallVec<[Option<Value>; 16]> = layout
            .fields
            .iter()
            .map(|field| field.schema.default.clone())
            .collect();
        for (field, value) in values {
            let Some(position) = layout.position(*field) else {
                let (entity_type, field) =
                    (layout.schema.name.clone(), self.field_name(*field).clone());
                return Err(Error::UnknownField {
                    entity_type,
                    field,
                    suggestion: None,
                });
            };
            given[position] = normal(Some(value.clone()));
        }
        let in_place = |error| renamed(error, self.subject_at(*id, parent, name));
        for (field, value) in layout.fields.iter().zip(&given) {
            match value {
                Some(value) => self.check(*id, 0, field, value).map_err(in_place)?,
                None if field.schema.required => {
                    let entity = self.subject_at(*id, parent, name);
                    return Err(Error::Unset {
                        entity,
                        field: field.schema.name.clone(),
                    });
                }
                None => {}
            }
        }
        let node = self.take_node(*id, entity_type.0);
        let to = self.settle(
            node,
            parent,
            self.family(parent).last,
            name.clone(),
            applying.stamp,
        );
        applying.changes.push(Change::Created(Box::new(Placement {
            id: *id,
            entity_type: *entity_type,
            from: None,
            to,
            previous_stamp: Stamp::NEVER,
        })));
        for (position, value) in given.into_iter().enumerate() {
            let Some(value) = value else { continue };
            self.put(node, position, Some(&value), applying.stamp);
            applying.changes.push(Change::Field(FieldChange {
                id: *id,
                entity_type: *entity_type,
                field: layout.fields[position].id,
                previous: None,
                previous_stamp: Stamp::NEVER,
                current: Some(value),
            }));
        }
        Ok(())
    }

    /// Moves or renames.
    fn relocate(
        &mut self,
        id: EntityId,
        parent: Option<EntityId>,
        name: Option<&SmolStr>,
        applying: &mut Applying,
    ) -> Result<()> {
        let entity = self.existing(id)?;
        let (entity_type, Some(old_parent)) = (entity.entity_type(), entity.parent()) else {
            return Err(Error::Root {
                operation: if name.is_some() { "renamed" } else { "moved" },
            });
        };
        let parent = parent.unwrap_or(old_parent.id());
        let moves = parent != old_parent.id();
        let name = name.unwrap_or(entity.name()).clone();
        if !moves && name == *entity.name() {
            return Ok(());
        }
        let (Some(node), Some(new_parent)) = (self.find(id), self.find(parent)) else {
            return Err(Error::Missing {
                entity: parent.into(),
            });
        };
        if self.ancestors(new_parent).any(|above| above == node) {
            return Err(Error::Cycle {
                entity: self.subject(id),
                parent: self.subject(parent),
            });
        }
        let height = if moves { self.height(node) } else { 0 };
        self.check_place(id, new_parent, &name, height)?;
        let previous_stamp: Stamp = self.node(node).placed.into();
        applying.placed_again |= previous_stamp.revision == applying.stamp.revision;
        // A rename keeps the place among the siblings, a move goes behind them.
        let after = if moves {
            self.family(new_parent).last
        } else {
            self.node(node).previous
        };
        let from = self.unlink(node, applying.stamp.revision);
        let to = self.settle(node, new_parent, after, name, applying.stamp);
        applying.changes.push(Change::Placed(Box::new(Placement {
            id,
            entity_type,
            from: Some(from),
            to,
            previous_stamp,
        })));
        Ok(())
    }

    /// Links a node behind a sibling; says where it stands now and when the children had changed
    /// before.
    fn settle(&mut self, node: u32, parent: u32, after: u32, name: SmolStr, stamp: Stamp) -> Place {
        let children_revision = self.family(parent).revision;
        self.link(node, parent, after, name, stamp, stamp.revision);
        Place {
            children_revision,
            ..self.place(node)
        }
    }

    /// Refuses a place for an entity whose subtree has so many levels; 0 skips what only a move changes.
    fn check_place(&self, id: EntityId, parent: u32, name: &SmolStr, height: usize) -> Result<()> {
        if let Some(reason) = name_fault(name) {
            return Err(Error::BadName {
                name: name.clone(),
                reason,
            });
        }
        if parent != 0 && self.find_child(parent, name).is_some() {
            let parent = self.subject(self.node(parent).id);
            return Err(Error::DuplicateName {
                parent,
                name: name.clone(),
            });
        }
        let depth = self.ancestors(parent).count() + height;
        if height > 0 && depth > self.limits.depth {
            let entity = self.subject_at(id, parent, name);
            return Err(Error::TooDeep {
                entity,
                depth,
                limit: self.limits.depth,
            });
        }
        Ok(())
    }

    /// Levels of the subtree below and with a node.
    fn height(&self, node: u32) -> usize {
        let mut deepest = 0;
        let mut pending = vec![(node, 1)];
        while let Some((node, depth)) = pending.pop() {
            deepest = deepest.max(depth);
            pending.extend(self.children_of(node).map(|child| (child, depth + 1)));
        }
        deepest
    }
}

impl Applying {
    pub(super) fn new(stamp: Stamp) -> Self {
        Self {
            stamp,
            changes: Changes::new(),
            placed_again: false,
        }
    }

    /// Notes a write; a field that this commit wrote before keeps its first previous value.
    pub(super) fn record(&mut self, change: FieldChange) {
        if change.previous_stamp.revision == self.stamp.revision {
            let earlier = self
                .changes
                .iter_mut()
                .rev()
                .find_map(|earlier| match earlier {
                    Change::Field(earlier)
                        if earlier.id == change.id && earlier.field == change.field =>
                    {
                        Some(earlier)
                    }
                    _ => None,
                });
            if let Some(earlier) = earlier {
                earlier.current = change.current;
                return;
            }
        }
        self.changes.push(Change::Field(change));
    }
}

/// Folds the placements of an entity into its first one.
fn merge_placements(changes: &mut Changes) {
    let mut at = 0;
    while at < changes.len() {
        let Change::Placed(later) = &changes[at] else {
            at += 1;
            continue;
        };
        let (id, to) = (later.id, later.to.clone());
        let earlier = changes[..at]
            .iter_mut()
            .rev()
            .find_map(|earlier| match earlier {
                Change::Created(earlier) | Change::Placed(earlier) if earlier.id == id => {
                    Some(earlier)
                }
                _ => None,
            });
        match earlier {
            Some(earlier) => {
                earlier.to = to;
                changes.remove(at);
            }
            None => at += 1,
        }
    }
}

/// The value as it is stored: there is one zero.
fn normal(value: Option<Value>) -> Option<Value> {
    match value {
        Some(Value::Float(number)) => Some(Value::Float(number + 0.0)),
        other => other,
    }
}

/// The error with a better name for the entity that it concerns, which is only being made.
fn renamed(mut error: Error, subject: crate::model::Subject) -> Error {
    if let Error::Constraint { entity, .. }
    | Error::WrongType { entity, .. }
    | Error::WrongWrite { entity, .. }
    | Error::ValueTooLarge { entity, .. }
    | Error::Dangling { entity, .. }
    | Error::NotUnique { entity, .. } = &mut error
    {
        *entity = subject;
    }
    error
}

/// Bytes that a step takes in a log, roughly.
fn size(op: &Op) -> usize {
    match op {
        Op::Write(write) => 24 + write.value.as_ref().map_or(0, Value::size),
        Op::Create(create) => {
            48 + create.name.len()
                + create
                    .values
                    .iter()
                    .map(|(_, value)| 4 + value.size())
                    .sum::<usize>()
        }
        Op::Delete(_) | Op::Move { .. } | Op::Claim { .. } => 32,
        Op::SetSchema(schema) => 32 + schema.fields.len() * 64,
        // A restore is read from a snapshot, not from the commit.
        Op::Restore(_) => 0,
    }
}

impl EntityRef<'_> {
    /// The name of the entity's type.
    #[must_use]
    pub fn type_name(&self) -> &SmolStr {
        self.tree().type_name(self.entity_type())
    }
}
