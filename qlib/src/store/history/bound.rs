//! What keeps the history in memory within its limit.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::model::Timestamp;
use crate::store::history::History;
use crate::store::history::block::Block;

/// The blocks in memory, by how long they are kept, each oldest first.
#[derive(Default, Debug)]
pub(super) struct Recent {
    blocks: BTreeMap<Duration, VecDeque<Arc<Block>>>,
    bytes: usize,
}

impl Recent {
    fn add(&mut self, block: Arc<Block>) {
        self.bytes += block.size();
        self.blocks.entry(block.keep).or_default().push_back(block);
    }

    fn pop(&mut self, keep: Duration) -> Option<Arc<Block>> {
        let block = self.blocks.get_mut(&keep)?.pop_front()?;
        self.bytes -= block.size();
        Some(block)
    }

    /// Takes out one that is older than it is kept.
    fn pop_expired(&mut self, now: Timestamp) -> Option<Arc<Block>> {
        let expired = |blocks: &VecDeque<Arc<Block>>| blocks.front()?.is_expired(now).then_some(());
        let found = self
            .blocks
            .iter()
            .find(|(_, blocks)| expired(blocks).is_some());
        self.pop(*found?.0)
    }

    /// Takes out the oldest.
    fn pop_oldest(&mut self) -> Option<Arc<Block>> {
        let last = |(keep, blocks): (&Duration, &VecDeque<Arc<Block>>)| {
            Some((blocks.front()?.last, *keep))
        };
        let (_, keep) = self.blocks.iter().filter_map(last).min()?;
        self.pop(keep)
    }

    /// Forgets those that are on the disk now.
    pub(super) fn forget_moved(&mut self) {
        self.bytes = 0;
        for blocks in self.blocks.values_mut() {
            blocks.retain(|block| block.in_memory().is_some());
            self.bytes += blocks.iter().map(|block| block.size()).sum::<usize>();
        }
    }
}

impl History {
    pub(super) fn count(&self, before: usize, after: usize) {
        // Wraps around where it became less.
        let change = after.wrapping_sub(before);
        self.open_bytes.fetch_add(change, Ordering::Relaxed);
    }

    /// Bytes of samples in memory, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.recent.lock().bytes + self.open_bytes.load(Ordering::Relaxed)
    }

    /// Lists blocks among those in memory.
    pub(super) fn list(&self, blocks: impl IntoIterator<Item = Arc<Block>>) {
        let mut blocks = blocks.into_iter().peekable();
        if blocks.peek().is_some() {
            let mut recent = self.recent.lock();
            blocks.for_each(|block| recent.add(block));
        }
    }

    /// Whether half of the memory is taken by what a flush would move to the disk.
    pub(crate) fn wants_flush(&self) -> bool {
        self.on_disk && self.recent.lock().bytes > self.limits.memory / 2
    }

    /// Lets the oldest blocks in memory go, those that are older than they are kept and those that
    /// are too many.
    pub(super) fn bound(&self, now: Timestamp) {
        if self.open_bytes.load(Ordering::Relaxed) > self.limits.memory / 2 {
            self.seal_all();
        }
        let mut gone = Vec::new();
        let mut recent = self.recent.lock();
        if !self.on_disk {
            gone.extend(std::iter::from_fn(|| recent.pop_expired(now)));
        }
        let before = gone.len();
        let open = self.open_bytes.load(Ordering::Relaxed);
        while recent.bytes + open > self.limits.memory {
            let Some(block) = recent.pop_oldest() else {
                break;
            };
            gone.push(block);
        }
        drop(recent);
        if self.on_disk && gone.len() > before {
            tracing::warn!(
                blocks = gone.len() - before,
                "history was lost: it takes more memory than it may before it gets to the disk"
            );
        }
        for block in gone {
            self.detach(&block);
        }
    }

    /// Makes blocks of all that is open, however small.
    pub(super) fn seal_all(&self) {
        for shard in &self.shards {
            let mut blocks = Vec::new();
            for (key, series) in &mut *shard.lock() {
                let before = series.bytes;
                if before > 0 {
                    blocks.extend(series.seal(*key));
                    self.count(before, series.bytes);
                }
            }
            self.list(blocks);
        }
    }

    /// Takes a block out of its series, and the series away when nothing is left of it.
    pub(super) fn detach(&self, block: &Arc<Block>) {
        let mut shard = self.shard(block.key.entity).lock();
        if let Some(series) = shard.get_mut(&block.key) {
            series.blocks.retain(|other| !Arc::ptr_eq(other, block));
            if series.is_empty() {
                shard.remove(&block.key);
            }
        }
    }
}
