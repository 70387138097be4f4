//! The recent window: the newest commits with the values that they replaced.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use crate::model::{
    Applied, CreatedEntity, DeletedEntity, Effect, EntityId, FieldId, Placement, Position,
    Revision, Value,
};
use crate::tree::Effects;

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

/// Commits of a chunk.
const CHUNK: usize = 128;

type Chunk = Vec<Applied>;

/// The newest commits, without gaps.
#[derive(Debug)]
pub(crate) struct Window {
    limits: WindowLimits,
    /// The place behind the newest commit that fell out.
    before: Position,
    /// The commits, side by side in chunks that are full but for the last: an old
    /// commit is long out of the caches when it goes, and what is read in a row is fetched ahead.
    chunks: VecDeque<Chunk>,
    /// How many commits of the first chunk have fallen out. They stay where they are, without their
    /// effects, until the whole chunk is empty: moving them would fetch all of what they were.
    gone: usize,
    /// An empty chunk that the caches still hold.
    spare: Option<Chunk>,
    len: usize,
    bytes: usize,
    /// When an entity was deleted, for those that were inside the window.
    deletions: FxHashMap<EntityId, Vec<Revision>>,
    /// The commits that redefine a type.
    redefinitions: VecDeque<Revision>,
}

impl Window {
    /// A window that begins behind `before`.
    pub(crate) fn new(limits: WindowLimits, before: Position) -> Self {
        Self {
            limits,
            before,
            chunks: VecDeque::new(),
            gone: 0,
            spare: None,
            len: 0,
            bytes: 0,
            deletions: FxHashMap::default(),
            redefinitions: VecDeque::new(),
        }
    }

    /// The oldest revision that is still here; one more than the newest if none is.
    pub(crate) fn first(&self) -> Revision {
        self.before.revision + 1
    }

    /// The place behind the newest commit that fell out.
    pub(crate) fn before(&self) -> Position {
        self.before
    }

    /// The place behind a commit that is here, or behind the newest one that fell out.
    pub(crate) fn position_at(&self, revision: Revision) -> Option<Position> {
        match self.before {
            before if before.revision == revision => Some(before),
            _ => self.get(revision).map(Applied::position),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    #[inline]
    pub(crate) fn get(&self, revision: Revision) -> Option<&Applied> {
        let behind = usize::try_from(revision.checked_sub(self.first())?).ok()?;
        let place = self.gone + behind;
        self.chunks.get(place / CHUNK)?.get(place % CHUNK)
    }

    /// All commits, the oldest first.
    pub(crate) fn into_commits(self) -> impl Iterator<Item = Applied> {
        self.chunks.into_iter().flatten().skip(self.gone)
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

    /// The commits after `revision` that redefine a type.
    #[inline]
    pub(crate) fn redefinitions_after(&self, revision: Revision) -> impl Iterator<Item = &Applied> {
        let newest = self.redefinitions.iter().rev();
        let after = newest
            .take_while(move |redefined| **redefined > revision)
            .count();
        let first = self.redefinitions.len() - after;
        let after = self.redefinitions.range(first..);
        after.filter_map(|redefined| self.get(*redefined))
    }

    /// Adds a commit; hands those that fall out to `forget`, the oldest first.
    #[inline]
    pub(crate) fn push(&mut self, applied: Applied, mut forget: impl FnMut(&Applied)) {
        let size = size(&applied);
        let WindowLimits { bytes, commits } = self.limits;
        // The newest commit comes in, whatever its size: its readers have not seen it yet.
        while self.len > 0 && (self.bytes + size > bytes || self.len >= commits) {
            self.evict(&mut forget);
        }
        for effect in &applied.effects {
            match effect {
                Effect::Deleted(deleted) => {
                    let revisions = self.deletions.entry(deleted.id).or_default();
                    revisions.push(applied.revision);
                }
                Effect::Schema(change)
                    if change.previous.is_some()
                        && self.redefinitions.back() != Some(&applied.revision) =>
                {
                    self.redefinitions.push_back(applied.revision);
                }
                _ => {}
            }
        }
        let place = self.gone + self.len;
        if place == self.chunks.len() * CHUNK {
            let spare = self.spare.take();
            let empty = spare.unwrap_or_else(|| Chunk::with_capacity(CHUNK));
            self.chunks.push_back(empty);
        }
        self.bytes += size;
        self.len += 1;
        self.chunks[place / CHUNK].push(applied);
    }

    /// Takes the commits up to a revision out, and hands them to `forget`, the oldest first.
    pub(crate) fn release(&mut self, until: Revision, mut forget: impl FnMut(&Applied)) {
        while self.len > 0 && self.first() <= until {
            self.evict(&mut forget);
        }
    }

    pub(crate) fn limits(&self) -> WindowLimits {
        self.limits
    }

    fn evict(&mut self, forget: &mut impl FnMut(&Applied)) {
        let Some(first) = self.chunks.front_mut() else {
            return;
        };
        let Some(oldest) = first.get_mut(self.gone) else {
            return;
        };
        forget(oldest);
        self.len -= 1;
        self.bytes -= size(oldest);
        self.before = oldest.position();
        let redefinitions = &mut self.redefinitions;
        redefinitions.pop_front_if(|redefined| *redefined == oldest.revision);
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
        oldest.effects = Effects::new();
        self.gone += 1;
        if self.gone == CHUNK {
            first.clear();
            self.spare = self.chunks.pop_front();
            self.gone = 0;
        }
    }
}

/// Bytes that a commit takes, roughly: values of more than 23 bytes are shared with the tree or
/// with each other, and are counted where they were replaced.
fn size(applied: &Applied) -> usize {
    let long = |value: &Value| value.size().saturating_sub(23);
    let held = |value: &Option<Value>| value.as_ref().map_or(0, long);
    let effects = applied.effects.iter().map(|effect| match effect {
        Effect::Field(change) => held(&change.previous) + held(&change.current),
        Effect::Created(created) => {
            let values = created.values.iter();
            let values = values.map(|(_, value)| size_of::<(FieldId, Value)>() + long(value));
            size_of::<CreatedEntity>() + values.sum::<usize>()
        }
        Effect::Placed(_) => size_of::<Placement>(),
        Effect::Deleted(deleted) => {
            let fields = deleted.fields.iter().map(|(_, value, _)| 72 + held(value));
            size_of::<DeletedEntity>() + fields.sum::<usize>()
        }
        Effect::Schema(change) => 512 + change.current.fields.len() * 256,
    });
    let beside = match applied.effects.spilled() {
        true => applied.effects.capacity() * size_of::<Effect>(),
        false => 0,
    };
    size_of::<Applied>() + beside + effects.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use smallvec::SmallVec;

    use super::*;
    use crate::log::End;
    use crate::model::{Author, Timestamp};

    #[test]
    fn the_newest_commits_are_found_by_their_revision() {
        for commits in [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7] {
            let limits = WindowLimits {
                commits,
                ..WindowLimits::default()
            };
            let mut window = Window::new(limits, End::START.position());
            let mut forgotten = 0;
            for revision in 1..=5 * CHUNK as Revision {
                let applied = Applied {
                    revision,
                    time: Timestamp::EPOCH,
                    epoch: 1,
                    chain: 0,
                    author: Arc::new(Author::default()),
                    resync: false,
                    effects: SmallVec::new(),
                };
                window.push(applied, |old| {
                    forgotten += 1;
                    assert_eq!(old.revision, forgotten);
                });
                assert_eq!(forgotten, revision.saturating_sub(commits as Revision));
                assert_eq!(window.first(), forgotten + 1);
                let all = if revision % 41 == 0 { revision + 2 } else { 0 };
                for asked in 0..all {
                    let expected = (window.first()..=revision).contains(&asked);
                    let found = window.get(asked).map(|found| found.revision);
                    assert_eq!(found, expected.then_some(asked));
                }
            }
        }
    }
}
