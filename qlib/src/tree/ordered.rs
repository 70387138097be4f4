//! A sorted set that snapshots share chunk by chunk: a B+ tree of two levels.

use std::ops::Bound;

use triomphe::Arc;

/// Entries of a full chunk; one more splits it.
const FULL: usize = 256;

#[derive(Debug)]
pub(crate) struct OrderedSet<K> {
    // Behind each chunk's first key, so that finding a chunk touches no other. No chunk is empty; all
    // keys of a chunk are below those of the next.
    chunks: Arc<Vec<(K, Arc<Vec<K>>)>>,
}

impl<K> Clone for OrderedSet<K> {
    fn clone(&self) -> Self {
        Self {
            chunks: Arc::clone(&self.chunks),
        }
    }
}

impl<K> Default for OrderedSet<K> {
    fn default() -> Self {
        Self {
            chunks: Arc::default(),
        }
    }
}

impl<K: Ord + Clone> OrderedSet<K> {
    /// The set of keys that are in order already, none twice.
    pub(crate) fn from_sorted(keys: Vec<K>) -> Self {
        let chunks = keys.chunks(FULL).filter_map(|chunk| {
            let first = chunk.first()?.clone();
            Some((first, Arc::new(chunk.to_vec())))
        });
        Self {
            chunks: Arc::new(chunks.collect()),
        }
    }

    /// The chunk where `key` is or belongs.
    fn place(&self, key: &K) -> usize {
        self.chunks
            .partition_point(|(first, _)| first <= key)
            .saturating_sub(1)
    }

    pub(crate) fn insert(&mut self, key: K) {
        let at = self.place(&key);
        let chunks = Arc::make_mut(&mut self.chunks);
        let Some((first, chunk)) = chunks.get_mut(at) else {
            chunks.push((key.clone(), Arc::new(vec![key])));
            return;
        };
        let chunk = Arc::make_mut(chunk);
        if let Err(position) = chunk.binary_search(&key) {
            if position == 0 {
                first.clone_from(&key);
            }
            chunk.insert(position, key);
            if chunk.len() > FULL {
                // Keys that arrive in order leave full chunks behind, others halves.
                let keep = if position + 1 == chunk.len() {
                    FULL
                } else {
                    FULL / 2
                };
                let rest = chunk.split_off(keep);
                chunk.shrink_to_fit();
                chunks.insert(at + 1, (rest[0].clone(), Arc::new(rest)));
            }
        }
    }

    pub(crate) fn remove(&mut self, key: &K) {
        let at = self.place(key);
        let found = self
            .chunks
            .get(at)
            .and_then(|(_, chunk)| chunk.binary_search(key).ok());
        if let Some(position) = found {
            let chunks = Arc::make_mut(&mut self.chunks);
            let (first, chunk) = &mut chunks[at];
            let chunk = Arc::make_mut(chunk);
            chunk.remove(position);
            match chunk.first() {
                Some(left) if position == 0 => first.clone_from(left),
                Some(_) => {}
                None => drop(chunks.remove(at)),
            }
        }
    }

    /// The keys from `start` on, in order.
    pub(crate) fn range_from<'a>(
        &'a self,
        start: Bound<&K>,
    ) -> impl Iterator<Item = &'a K> + use<'a, K> {
        let before = |key: &K| match start {
            Bound::Included(start) => key < start,
            Bound::Excluded(start) => key <= start,
            Bound::Unbounded => false,
        };
        let first = self
            .chunks
            .partition_point(|(first, _)| before(first))
            .saturating_sub(1);
        let skip = self
            .chunks
            .get(first)
            .map_or(0, |(_, chunk)| chunk.partition_point(before));
        self.chunks[first..]
            .iter()
            .flat_map(|(_, chunk)| chunk.iter())
            .skip(skip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    proptest! {
        #[test]
        fn is_a_sorted_set(ops in prop::collection::vec((any::<bool>(), 0u32..4000), 0..3000), from in 0u32..4000) {
            let (mut ours, mut model) = (OrderedSet::default(), BTreeSet::new());
            for (insert, key) in ops {
                if insert {
                    ours.insert(key);
                    model.insert(key);
                } else {
                    ours.remove(&key);
                    model.remove(&key);
                }
            }
            prop_assert!(ours.range_from(Bound::Unbounded).eq(model.iter()));
            prop_assert!(ours.range_from(Bound::Excluded(&from)).eq(model.range(from + 1..)));
        }
    }
}
