//! A hash table of node numbers that snapshots share shard by shard.

use std::hint::black_box;

use triomphe::Arc;

const SHARDS: usize = 256;

/// Node numbers by the hash of something that the nodes hold. The table holds 32 bits of each hash
/// beside the number; what else the nodes hold is asked of the caller.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    shards: Arc<[Shard; SHARDS]>,
}

/// Entries with linear probing: what is looked for is most often in the one line of memory that is
/// looked at. An entry is a hash above a node number, which is never 0; an entry of 0 is empty.
#[derive(Clone, Debug)]
struct Shard {
    entries: Arc<[u64]>,
    len: usize,
}

impl Default for Table {
    fn default() -> Self {
        let empty = Shard::with_room(0);
        Self {
            shards: Arc::new(std::array::from_fn(|_| empty.clone())),
        }
    }
}

impl Table {
    // A shard goes by the low bits of a hash.
    #[inline]
    fn shard(hash: u64) -> usize {
        (hash >> 48) as usize % SHARDS
    }

    /// The table of nodes that come with their hashes; `None` where two of them are the same.
    pub(crate) fn of(
        nodes: impl Iterator<Item = (u64, u32)>,
        is_same: impl Fn(u32, u32) -> bool,
    ) -> Option<Self> {
        // Shard by shard, so that what is filled stays in the cache.
        let mut shards: Vec<Vec<(u64, u32)>> = (0..SHARDS).map(|_| Vec::new()).collect();
        for (hash, node) in nodes {
            shards[Self::shard(hash)].push((hash, node));
        }
        let mut tables = Self::default();
        let filled = Arc::make_mut(&mut tables.shards);
        for (shard, nodes) in filled.iter_mut().zip(shards) {
            *shard = Shard::with_room(nodes.len());
            for (hash, node) in &nodes {
                if shard.find(*hash, |other| is_same(*node, other)).is_some() {
                    return None;
                }
                shard.insert(*hash, *node);
            }
        }
        Some(tables)
    }

    /// The node that `is_it` says yes to, asked about those whose hash may be `hash`.
    #[inline]
    pub(crate) fn find(&self, hash: u64, is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let shard = &self.shards[Self::shard(hash)];
        shard.find(hash, is_it).map(|at| shard.entries[at] as u32)
    }

    /// Looks at where an entry would be and waits for nothing: of several that are far from each
    /// other in memory, the processor fetches all at once.
    #[inline]
    pub(crate) fn fetch(&self, hash: u64) {
        let shard = &self.shards[Self::shard(hash)];
        black_box(shard.entries.get(shard.home(hash << 32)).copied());
    }

    /// Adds `node`, whose hash is `hash`.
    pub(crate) fn insert(&mut self, hash: u64, node: u32) {
        Arc::make_mut(&mut self.shards)[Self::shard(hash)].insert(hash, node);
    }

    pub(crate) fn remove(&mut self, hash: u64, node: u32) {
        Arc::make_mut(&mut self.shards)[Self::shard(hash)].remove(hash, node);
    }
}

impl Shard {
    /// A shard that holds so many nodes without growing.
    fn with_room(nodes: usize) -> Self {
        Self {
            entries: std::iter::repeat_n(0, (nodes * 5).div_ceil(4)).collect(),
            len: 0,
        }
    }

    /// Where an entry belongs, unless another is there. Entries are in the order of their hashes but
    /// for such: so a shard that grows is read and written from one end to the other.
    #[inline]
    fn home(&self, entry: u64) -> usize {
        (((entry >> 32) * self.entries.len() as u64) >> 32) as usize
    }

    #[inline]
    fn next(&self, at: usize) -> usize {
        if at + 1 < self.entries.len() {
            at + 1
        } else {
            0
        }
    }

    #[inline]
    fn find(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<usize> {
        let wanted = hash << 32;
        let mut at = self.home(wanted);
        loop {
            let entry = *self.entries.get(at)?;
            if entry == 0 {
                return None;
            }
            if entry >> 32 == wanted >> 32 && is_it(entry as u32) {
                return Some(at);
            }
            at = self.next(at);
        }
    }

    fn insert(&mut self, hash: u64, node: u32) {
        if (self.len + 1) * 5 > self.entries.len() * 4 {
            let mut larger = Self::with_room((self.len * 3 / 2).max(4));
            for entry in self.entries.iter().filter(|entry| **entry != 0) {
                larger.put(*entry);
            }
            self.entries = larger.entries;
        }
        self.put(hash << 32 | u64::from(node));
        self.len += 1;
    }

    /// Enters what is known not to be there, where there is room.
    fn put(&mut self, entry: u64) {
        let mut at = self.home(entry);
        while self.entries[at] != 0 {
            at = self.next(at);
        }
        self.entries_mut()[at] = entry;
    }

    fn remove(&mut self, hash: u64, node: u32) {
        let Some(mut hole) = self.find(hash, |other| other == node) else {
            return;
        };
        // Those behind it move up, unless that were in front of where they belong.
        let mut at = self.next(hole);
        while self.entries[at] != 0 {
            let room = self.entries.len();
            let from = |start: usize| (at + room - start) % room;
            if from(self.home(self.entries[at])) >= from(hole) {
                self.entries_mut()[hole] = self.entries[at];
                hole = at;
            }
            at = self.next(at);
        }
        self.entries_mut()[hole] = 0;
        self.len -= 1;
    }

    fn entries_mut(&mut self) -> &mut [u64] {
        if !self.entries.is_unique() {
            self.entries = self.entries.iter().copied().collect();
        }
        match Arc::get_mut(&mut self.entries) {
            Some(entries) => entries,
            None => unreachable!("entries that were just copied are shared"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    proptest! {
        // Few hashes, many of them at the end: entries stand in each other's way and wrap around.
        #[test]
        fn finds_what_it_holds_and_a_clone_keeps_what_it_had(
            ops in prop::collection::vec((any::<bool>(), 1u32..200), 0..600),
            cloned_after in 0..600usize,
        ) {
            let hash = |node: u32| u64::from(u32::MAX - node % 7);
            let (mut table, mut model) = (Table::default(), BTreeSet::new());
            let mut clone = (table.clone(), model.clone());
            for (at, (insert, node)) in ops.into_iter().enumerate() {
                if at == cloned_after {
                    clone = (table.clone(), model.clone());
                }
                if !insert {
                    table.remove(hash(node), node);
                    model.remove(&node);
                } else if model.insert(node) {
                    table.insert(hash(node), node);
                }
            }
            for (table, model) in [(table, model), clone] {
                for node in 1..200 {
                    let found = table.find(hash(node), |other| other == node);
                    prop_assert_eq!(found, model.contains(&node).then_some(node));
                }
            }
        }
    }
}
