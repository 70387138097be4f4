//! One commit after another. The same commits give the same tree, and the same refusals, everywhere.

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::model::{
    Commit, Cursor, Effect, Error, Expect, Fence, FieldChange, Limits, Op, Quality, Result,
    Revision, Schema, Stamp, Timestamp, Value,
};
use crate::tree::Tree;

/// What one commit did, in order.
pub type Effects = SmallVec<[Effect; 1]>;

/// A commit that is being applied.
pub(super) struct Applying {
    pub(super) stamp: Stamp,
    /// The journal: what each step did, in order, so that the way back is exact.
    pub(super) effects: Effects,
    /// Something changed twice, so that the journal is not what the commit changed on the whole.
    pub(super) again: bool,
    /// Something was deleted, whose id may be used again.
    pub(super) deleted: bool,
    /// Cursors that were moved, in order, and where they stood.
    pub(super) cursors: Vec<(SmolStr, Option<Cursor>)>,
    /// The tree before the commit, where a step may need it.
    pub(super) before: Option<Box<Tree>>,
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
    ) -> Result<Effects> {
        self.admit(commit)?;
        let writer = self.writer_number(&commit.author.writer);
        let stamp = Stamp {
            revision,
            time,
            writer,
            quality: Quality::Good,
        };
        let mut applying = Applying::new(stamp);
        applying.effects.reserve_exact(commit.ops.len());
        if commit.ops.iter().any(leaves_no_journal) {
            applying.before = Some(Box::new(self.clone()));
        }
        let mut outcome = commit
            .ops
            .iter()
            .try_for_each(|op| self.step(op, &mut applying));
        if applying.before.is_some() {
            outcome = outcome.and_then(|()| self.unknown_targets().next().map_or(Ok(()), Err));
        }
        if let Err(error) = outcome {
            match applying.before {
                Some(before) => *self = *before,
                None => {
                    for (name, cursor) in applying.cursors.iter().rev() {
                        self.put_cursor(name, *cursor);
                    }
                    self.undo(applying.effects, stamp);
                }
            }
            return Err(error);
        }
        let is_schema = |change: &Effect| matches!(change, Effect::Schema(_));
        if applying.before.is_some() && applying.effects.iter().any(is_schema) {
            self.schema_revision = revision;
        }
        self.revision = revision;
        self.time = time;
        if applying.again {
            return Ok(self.net(applying.effects, applying.before.as_deref()));
        }
        Ok(applying.effects)
    }

    /// Applies steps outside any log, to see what the tree would be: the private tree of a
    /// transaction. A step that is refused changes nothing; those before it stay.
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
        if let Some(Fence { election, token }) = &commit.author.fence {
            let newest = self.fence(election);
            if *token < newest {
                return Err(Error::StaleFence {
                    election: election.clone(),
                    token: *token,
                    newest,
                });
            }
        }
        if commit.author.depth > self.limits.chain {
            let chain = commit
                .author
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
            Expect::Schemas { revision } => {
                if self.schema_revision == revision {
                    return Ok(());
                }
                Err(Error::Conflict {
                    entity: self.subject(crate::model::EntityId::ROOT),
                    field: SmolStr::new_static("schemas"),
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
            Op::SetSchema(schema) => {
                let before = self.clone();
                self.rename_type(schema, applying);
                self.set_schema(schema, applying)
                    .inspect_err(|_| *self = before)
            }
            Op::DropField { field, replaced_by } => {
                let before = self.clone();
                self.drop_field(*field, *replaced_by, applying)
                    .inspect_err(|_| *self = before)
            }
            Op::Claim { election, token } => self.claim(election, *token),
            Op::Restore { image, only } => match only {
                None => self.restore(image, applying),
                Some(top) => self.restore(&self.exchanged(image.below(*top)), applying),
            },
            Op::SetLimits(limits) => self.set_limits(*limits),
            Op::MoveCursor(step) => self.move_cursor(step, applying),
        }
    }

    pub(super) fn writer_number(&mut self, writer: &SmolStr) -> u32 {
        // Most often it is the one who wrote last.
        if *self.writer(self.last_writer) == *writer {
            return self.last_writer;
        }
        if let Some(number) = self.writer_numbers.get(writer) {
            self.last_writer = *number;
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

    fn set_limits(&mut self, limits: Limits) -> Result<()> {
        if let Some(reason) = limits.fault() {
            return Err(Error::Refused {
                what: SmolStr::new_static("a change of limits"),
                reason: reason.into(),
            });
        }
        self.limits = limits;
        Ok(())
    }
}

impl Applying {
    pub(super) fn new(stamp: Stamp) -> Self {
        Self {
            stamp,
            effects: Effects::new(),
            again: false,
            deleted: false,
            cursors: Vec::new(),
            before: None,
        }
    }

    /// Notes a write.
    #[inline]
    pub(super) fn record(&mut self, change: FieldChange) {
        self.again |= change.previous_stamp.revision == self.stamp.revision;
        self.effects.push(Effect::Field(change));
    }
}

/// Steps that are rare and leave nothing behind that could be undone one by one: the way back from
/// them is the tree before the commit.
fn leaves_no_journal(op: &Op) -> bool {
    matches!(
        op,
        Op::SetSchema(_)
            | Op::DropField { .. }
            | Op::Restore { .. }
            | Op::Claim { .. }
            | Op::SetLimits(_)
    )
}

/// Bytes that a step takes in a log, roughly.
pub(crate) fn size(op: &Op) -> usize {
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
        Op::Delete(_) | Op::Move { .. } | Op::DropField { .. } => 32,
        Op::Claim { election, .. } => 16 + election.len(),
        Op::SetLimits(_) => 48,
        Op::MoveCursor(step) => 48 + step.name.len(),
        Op::SetSchema(schema) => schema_size(schema),
        // A restore is read from a snapshot, not from the commit.
        Op::Restore { .. } => 0,
    }
}

fn schema_size(schema: &Schema) -> usize {
    let fields = schema.fields.iter().map(|field| {
        let texts = [&field.name, &field.unit, &field.doc];
        let default = field.default.as_ref().map_or(0, Value::size);
        let optional = [&field.pattern, &field.target];
        64 + texts.map(|text| text.len()).iter().sum::<usize>()
            + optional
                .map(|text| text.as_ref().map_or(0, |text| text.len()))
                .iter()
                .sum::<usize>()
            + field
                .choices
                .iter()
                .chain(&field.was)
                .map(SmolStr::len)
                .sum::<usize>()
            + default
    });
    32 + schema.name.len() + schema.doc.len() + fields.sum::<usize>()
}
