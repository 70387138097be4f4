//! A hash table of node numbers that snapshots share shard by shard.

use hashbrown::HashTable;
use triomphe::Arc;

const SHARDS: usize = 256;

/// Node numbers by the hash of something that the nodes hold. The table holds the numbers only; what
/// they stand for is asked of the caller, so that an entry takes 4 bytes.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    shards: Arc<[Arc<HashTable<u32>>; SHARDS]>,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            shards: Arc::new(std::array::from_fn(|_| Arc::default())),
        }
    }
}

impl Table {
    // hashbrown takes its tag from the top 7 bits and its position from the low ones.
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
            let mut table = HashTable::with_capacity(nodes.len());
            for (hash, node) in &nodes {
                if table.find(*hash, |other| is_same(*node, *other)).is_some() {
                    return None;
                }
                // There is room for all: nothing is hashed again.
                table.insert_unique(*hash, *node, |_| 0);
            }
            *shard = Arc::new(table);
        }
        Some(tables)
    }

    /// The node that `is_it` says yes to, asked about those whose hash may be `hash`.
    #[inline]
    pub(crate) fn find(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        self.shards[Self::shard(hash)]
            .find(hash, |node| is_it(*node))
            .copied()
    }

    /// Adds `node`, whose hash is `hash`; `rehash` gives the hash of any node in the table.
    pub(crate) fn insert(&mut self, hash: u64, node: u32, rehash: impl Fn(u32) -> u64) {
        let shard = &mut Arc::make_mut(&mut self.shards)[Self::shard(hash)];
        Arc::make_mut(shard).insert_unique(hash, node, |node| rehash(*node));
    }

    pub(crate) fn remove(&mut self, hash: u64, node: u32) {
        let shard = &mut Arc::make_mut(&mut self.shards)[Self::shard(hash)];
        if let Ok(entry) = Arc::make_mut(shard).find_entry(hash, |other| *other == node) {
            entry.remove();
        }
    }
}
