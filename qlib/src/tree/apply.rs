//! One commit after another. The same commits give the same tree, and the same refusals, everywhere.

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::model::{
    Change, Commit, Error, Expect, Fence, FieldChange, Op, Quality, Result, Revision, Stamp,
    Timestamp, Value,
};
use crate::tree::Tree;
use crate::tree::place::merge_placements;

/// The changes of one commit, in order.
pub type Changes = SmallVec<[Change; 1]>;

/// A commit that is being applied.
pub(super) struct Applying {
    pub(super) stamp: Stamp,
    pub(super) changes: Changes,
    /// An entity was placed twice.
    pub(super) placed_again: bool,
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
            Expect::Schemas { types, fields } => {
                if self.types.len() as u32 == types && self.field_count() == fields {
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
