//! The recent window: the newest commits with the values that they replaced.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use crate::model::{
    Applied, CreatedEntity, DeletedEntity, Effect, EntityId, FieldId, Placement, Position,
    Revision, Value,
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

/// Commits of a chunk.
const CHUNK: usize = 128;

type Chunk = VecDeque<(Applied, usize)>;

/// The newest commits, without gaps.
#[derive(Debug)]
pub(crate) struct Window {
    limits: WindowLimits,
    /// The place behind the newest commit that fell out.
    before: Position,
    /// The commits and their sizes, side by side in chunks that are full but for the first and the
    /// last: an old commit is long out of the caches when it goes, and what is read in a row is
    /// fetched ahead.
    chunks: VecDeque<Chunk>,
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

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    #[inline]
    pub(crate) fn get(&self, revision: Revision) -> Option<&Applied> {
        let place = usize::try_from(revision.checked_sub(self.first())?).ok()?;
        let first = self.chunks.front()?;
        let (commit, _) = match place.checked_sub(first.len()) {
            None => first.get(place)?,
            Some(place) => self.chunks.get(1 + place / CHUNK)?.get(place % CHUNK)?,
        };
        Some(commit)
    }

    /// All commits, the oldest first.
    pub(crate) fn into_commits(self) -> impl Iterator<Item = Applied> {
        self.chunks
            .into_iter()
            .flatten()
            .map(|(applied, _)| applied)
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

    /// Whether a commit after `revision` redefines a type.
    #[inline]
    pub(crate) fn redefines_after(&self, revision: Revision) -> bool {
        let newest = self.redefinitions.back();
        newest.is_some_and(|newest| *newest > revision)
    }

    /// The commits after `revision` that redefine a type.
    pub(crate) fn redefinitions_after(&self, revision: Revision) -> impl Iterator<Item = &Applied> {
        let redefinitions = self.redefinitions.iter();
        let after = redefinitions.skip_while(move |redefined| **redefined <= revision);
        after.filter_map(|redefined| self.get(*redefined))
    }

    /// Adds a commit; hands those that fall out to `forget`, the oldest first.
    pub(crate) fn push(&mut self, applied: Applied, mut forget: impl FnMut(&Applied)) {
        let size = size(&applied);
        self.bytes += size;
        self.len += 1;
        for effect in &applied.effects {
            match effect {
                Effect::Deleted(deleted) => {
                    self.deletions
                        .entry(deleted.id)
                        .or_default()
                        .push(applied.revision);
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
        match self.chunks.back_mut() {
            Some(last) if last.len() < CHUNK => last.push_back((applied, size)),
            _ => {
                let spare = self.spare.take();
                let mut chunk = spare.unwrap_or_else(|| Chunk::with_capacity(CHUNK));
                chunk.push_back((applied, size));
                self.chunks.push_back(chunk);
            }
        }
        // The newest commit stays, whatever its size: its readers have not seen it yet.
        while self.len > 1 && (self.bytes > self.limits.bytes || self.len > self.limits.commits) {
            self.evict(&mut forget);
        }
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
        let Some((oldest, size)) = first.pop_front() else {
            return;
        };
        if first.is_empty() {
            self.spare = self.chunks.pop_front();
        }
        forget(&oldest);
        self.len -= 1;
        self.bytes -= size;
        self.before = oldest.position();
        let redefinitions = &mut self.redefinitions;
        redefinitions.pop_front_if(|redefined| *redefined == oldest.revision);
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
    size_of::<(Applied, usize)>() + beside + effects.sum::<usize>()
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
