//! Samples of a series, in order.

use std::sync::Arc;
use std::vec;

use crate::model::{LogError, Revision, Timestamp, Value};
use crate::store::history::block::{Block, Key};
use crate::store::history::{History, Sample};

/// Samples of a series, read block by block.
#[derive(Debug)]
pub(super) struct Excerpt {
    /// The time of the oldest sample that the series has.
    pub(super) oldest: Option<Timestamp>,
    blocks: vec::IntoIter<Arc<Block>>,
    block: vec::IntoIter<Sample<Value>>,
    open: vec::IntoIter<Sample<Value>>,
}

impl History {
    pub(super) fn has(&self, key: Key) -> bool {
        self.shard(key.entity).lock().contains_key(&key)
    }

    /// The samples of a series from `from` to `to`, and the one before them; with `after`, those
    /// behind that revision.
    pub(super) fn excerpt(
        &self,
        key: Key,
        (from, to): (Timestamp, Timestamp),
        after: Option<Revision>,
    ) -> Excerpt {
        let shard = self.shard(key.entity).lock();
        let Some(series) = shard.get(&key) else {
            return Excerpt::default();
        };
        let (blocks, open) = (&series.blocks, || series.open());
        let oldest = match blocks.front() {
            Some(block) => Some(block.first),
            None => open().next().map(|sample| sample.time),
        };
        let begin = match after {
            Some(after) => blocks.partition_point(|block| block.newest <= after),
            None => blocks
                .partition_point(|block| block.first < from)
                .saturating_sub(1),
        };
        let end = blocks.partition_point(|block| block.first < to);
        let blocks: Vec<_> = blocks.range(begin.min(end)..end).cloned().collect();
        Excerpt {
            oldest,
            blocks: blocks.into_iter(),
            block: Vec::new().into_iter(),
            open: open().cloned().collect::<Vec<_>>().into_iter(),
        }
    }
}

impl Default for Excerpt {
    fn default() -> Self {
        Self {
            oldest: None,
            blocks: Vec::new().into_iter(),
            block: Vec::new().into_iter(),
            open: Vec::new().into_iter(),
        }
    }
}

impl Excerpt {
    /// The next sample; damaged blocks are left out.
    ///
    /// # Errors
    /// [`LogError::Io`]
    pub(super) fn next(&mut self) -> Result<Option<Sample<Value>>, LogError> {
        loop {
            if let Some(sample) = self.block.next() {
                return Ok(Some(sample));
            }
            let Some(block) = self.blocks.next() else {
                return Ok(self.open.next());
            };
            self.block = block.samples()?.unwrap_or_default().into_iter();
        }
    }
}
