//! The recent window: the newest commits with the values that they replaced.

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::model::{
    Applied, CreatedEntity, DeletedEntity, Effect, EntityId, FieldId, Placement, Revision, Value,
};

/// How much the recent window holds: whichever limit is reached first.
#[derive(Clone, Copy, Debug)]
pub struct WindowLimits {
    /// Bytes, roughly.
    pub bytes: usize,
    /// Commits.
    pub commits: usize,
}

impl Default for WindowLimits {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            commits: 1_000_000,
        }
    }
}

/// The newest commits, without gaps.
#[derive(Debug)]
pub(crate) struct Window {
    limits: WindowLimits,
    first: Revision,
    /// The commits and their sizes: an old one is long out of the caches when it goes.
    commits: VecDeque<(Arc<Applied>, usize)>,
    bytes: usize,
    /// When an entity was deleted, for those that were inside the window.
    deletions: FxHashMap<EntityId, Vec<Revision>>,
}

impl Window {
    pub(crate) fn new(limits: WindowLimits) -> Self {
        Self {
            limits,
            first: 1,
            commits: VecDeque::new(),
            bytes: 0,
            deletions: FxHashMap::default(),
        }
    }

    /// The oldest revision that is still here; one more than the newest if none is.
    pub(crate) fn first(&self) -> Revision {
        self.first
    }

    pub(crate) fn len(&self) -> usize {
        self.commits.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    #[inline]
    pub(crate) fn get(&self, revision: Revision) -> Option<&Arc<Applied>> {
        let (commit, _) = self
            .commits
            .get(usize::try_from(revision.checked_sub(self.first)?).ok()?)?;
        Some(commit)
    }

    /// The first deletion of an entity after `revision`.
    pub(crate) fn deleted_after(&self, id: EntityId, revision: Revision) -> Option<Revision> {
        if self.deletions.is_empty() {
            return None;
        }
        self.deletions
            .get(&id)?
            .iter()
            .copied()
            .find(|deleted| *deleted > revision)
    }

    /// Adds a commit; hands those that fall out to `forget`, the oldest first.
    pub(crate) fn push(&mut self, applied: Arc<Applied>, mut forget: impl FnMut(&Applied)) {
        let size = size(&applied);
        self.bytes += size;
        for effect in &applied.effects {
            if let Effect::Deleted(deleted) = effect {
                self.deletions
                    .entry(deleted.id)
                    .or_default()
                    .push(applied.revision);
            }
        }
        self.commits.push_back((applied, size));
        // The newest commit stays, whatever its size: its readers have not seen it yet.
        while self.commits.len() > 1
            && (self.bytes > self.limits.bytes || self.commits.len() > self.limits.commits)
        {
            self.evict(&mut forget);
        }
    }

    fn evict(&mut self, forget: &mut impl FnMut(&Applied)) {
        let Some((oldest, size)) = self.commits.pop_front() else {
            return;
        };
        forget(&oldest);
        self.bytes -= size;
        self.first = oldest.revision + 1;
        if self.deletions.is_empty() {
            return;
        }
        for effect in &oldest.effects {
            if let Effect::Deleted(deleted) = effect
                && let Some(revisions) = self.deletions.get_mut(&deleted.id)
            {
                revisions.retain(|revision| *revision > oldest.revision);
                if revisions.is_empty() {
                    self.deletions.remove(&deleted.id);
                }
            }
        }
    }
}

/// Bytes that a commit takes, roughly: values of more than 23 bytes are shared with the tree or
/// with each other, and are counted where they were replaced.
fn size(applied: &Applied) -> usize {
    let long = |value: &Value| value.size().saturating_sub(23);
    let held = |value: &Option<Value>| value.as_ref().map_or(0, long);
    let effects = applied.effects.iter().map(|effect| {
        size_of::<Effect>()
            + match effect {
                Effect::Field(change) => held(&change.previous) + held(&change.current),
                Effect::Created(created) => {
                    let values = created.values.iter();
                    let values =
                        values.map(|(_, value)| size_of::<(FieldId, Value)>() + long(value));
                    size_of::<CreatedEntity>() + values.sum::<usize>()
                }
                Effect::Placed(_) => size_of::<Placement>(),
                Effect::Deleted(deleted) => {
                    let fields = deleted.fields.iter().map(|(_, value, _)| 72 + held(value));
                    size_of::<DeletedEntity>() + fields.sum::<usize>()
                }
                Effect::Schema(change) => 512 + change.current.fields.len() * 256,
            }
    });
    size_of::<Applied>() + 24 + effects.sum::<usize>()
}
