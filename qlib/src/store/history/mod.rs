//! What fields held: a view of the log, fed in the order of revisions.
//!
//! A series is one field of one entity. Its newest samples are open; behind them are blocks, which
//! are sealed and never change. With a directory, [`History::flush`] moves blocks to files and
//! writes a mark, which holds what is still open; a store that opens reads the mark and is fed
//! from its revision on.

mod block;
mod bound;
mod bucket;
mod feeder;
mod file;
mod files;
mod flush;
mod open;
mod query;
mod reading;
mod series;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use crate::model::{EntityId, HistoryPolicy, Kind, Revision, Value};
use block::{FieldNumber, Key};
use bound::Recent;
use file::Reports;
use files::Files;
use series::Series;

pub use bucket::Bucket;
pub(crate) use feeder::Feeder;
pub use file::HistoryDamage;
pub use query::{HistoryQuery, Samples};
pub use series::Sample;

/// Series are spread over so many maps, so that neither a flush nor a query holds up the feeding
/// of all.
const SHARDS: usize = 64;

/// How much of what fields held is kept: the oldest goes first.
#[derive(Clone, Copy, Debug)]
pub struct HistoryLimits {
    /// Bytes of samples in memory, roughly; each field of an entity that has any takes about 400
    /// beside.
    pub memory: usize,
    /// Bytes of files.
    pub disk: u64,
}

impl Default for HistoryLimits {
    fn default() -> Self {
        Self {
            memory: 64 << 20,
            disk: 1 << 30,
        }
    }
}

/// The history of a store. Its locks are taken in this order: files, shard, recent.
#[derive(Debug)]
pub(crate) struct History {
    limits: HistoryLimits,
    shards: [Mutex<FxHashMap<Key, Series>>; SHARDS],
    recent: Mutex<Recent>,
    /// Bytes of samples that are in no block and could be.
    open_bytes: AtomicUsize,
    /// Every commit up to this one was fed.
    fed: AtomicU64,
    fields: Mutex<Fields>,
    /// Whether there is a directory, so that history outlives the process.
    on_disk: bool,
    /// The directory, until the history is closed.
    files: Mutex<Option<Files>>,
    reports: Arc<Reports>,
}

/// The fields that keep a history, by their numbers.
#[derive(Clone, Default, Debug)]
struct Fields {
    known: BTreeMap<FieldNumber, KnownField>,
    next: FieldNumber,
}

#[derive(Clone, PartialEq, Debug)]
struct KnownField {
    declared_by: SmolStr,
    name: SmolStr,
    kind: Kind,
}

impl History {
    fn new(limits: HistoryLimits, files: Option<Files>, reports: Arc<Reports>) -> Self {
        Self {
            limits,
            shards: std::array::from_fn(|_| Mutex::default()),
            recent: Mutex::default(),
            open_bytes: AtomicUsize::new(0),
            fed: AtomicU64::new(0),
            fields: Mutex::default(),
            on_disk: files.is_some(),
            files: Mutex::new(files),
            reports,
        }
    }

    /// Every commit up to this one was fed.
    pub(crate) fn fed(&self) -> Revision {
        self.fed.load(Ordering::Acquire)
    }

    /// The damages that were found so far.
    pub(crate) fn damage(&self) -> Vec<HistoryDamage> {
        self.reports.all()
    }

    fn shard(&self, entity: EntityId) -> &Mutex<FxHashMap<Key, Series>> {
        &self.shards[entity.as_u128() as usize % SHARDS]
    }

    /// Takes the next sample of a series, unless the series had it when the store was opened: then
    /// the sample is not newer than `guard`.
    fn push(&self, key: Key, sample: Sample<Value>, policy: &HistoryPolicy, guard: Revision) {
        let mut shard = self.shard(key.entity).lock();
        let series = shard.entry(key).or_default();
        if sample.revision <= guard && sample.revision <= series.newest {
            return;
        }
        let before = series.bytes;
        series.push(sample, policy);
        let sealed = series.is_full().then(|| series.seal(key)).flatten();
        self.count(before, series.bytes);
        drop(shard);
        self.list(sealed);
    }

    /// Ends a series: its entity was deleted.
    fn end(&self, key: Key) {
        let mut shard = self.shard(key.entity).lock();
        if let Some(series) = shard.get_mut(&key) {
            let before = series.bytes;
            let sealed = series.end(key);
            self.count(before, series.bytes);
            drop(shard);
            self.list(sealed);
        }
    }

    /// Drops all series of a field: it keeps no history any more.
    fn forget(&self, field: FieldNumber) {
        for shard in &self.shards {
            shard.lock().retain(|key, series| {
                if key.field == field {
                    self.count(series.bytes, 0);
                }
                key.field != field
            });
        }
    }
}
