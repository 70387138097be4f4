//! One field of one entity over time, thinned.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{HistoryPolicy, Quality, Revision, Timestamp, Value};
use crate::store::history::block::{Block, Key, encode};
use crate::wire::nanos;
use crate::wire::proto::history::Series as Message;

/// A block is sealed when it has so many samples, or so many bytes in memory.
const SAMPLES: usize = 256;
const BYTES: usize = 64 << 10;

/// What a field held from a moment on.
///
/// ```
/// # use std::time::Duration;
/// # use qlib::{HistoryPolicy, Quality, prelude::*};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// #[derive(Entity)]
/// struct Boiler {
///     #[field(history(keep = "30d"))]
///     pressure: Option<f64>,
/// }
/// # let store = Store::memory()?;
/// # store.set_schema(Boiler::schema()).await?;
/// let new = || Boiler::builder().pressure(1.5);
/// let boiler = store.transaction(|tx| tx.create(EntityId::ROOT, "Boiler", new())).await?;
/// let samples = store.history(boiler, Boiler::FIELDS.Pressure, ..)?.all()?.samples;
/// assert_eq!((samples[0].value, samples[0].quality), (Some(1.5), Quality::Good));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Sample<V> {
    /// When the commit that wrote it was ordered.
    pub time: Timestamp,
    /// The commit that wrote it.
    pub revision: Revision,
    /// The value; `None` where the field was unset or its entity deleted.
    pub value: Option<V>,
    /// How far the value can be trusted.
    pub quality: Quality,
}

impl Sample<Value> {
    /// Bytes in memory.
    fn size(&self) -> usize {
        let value = self.value.as_ref().map_or(0, Value::size);
        size_of::<Self>() + value.saturating_sub(23)
    }

    /// Whether a policy tells the two apart.
    fn differs(&self, other: &Self, deadband: Option<f64>) -> bool {
        let number = |sample: &Self| sample.value.as_ref()?.as_ref().as_number();
        let near = match (deadband, number(self), number(other)) {
            (Some(deadband), Some(a), Some(b)) => (a - b).abs() < deadband,
            _ => self.value == other.value,
        };
        !near || self.quality != other.quality
    }
}

/// The samples of one field of one entity.
#[derive(Default, Debug)]
pub(super) struct Series {
    /// The sealed ones, oldest first.
    pub(super) blocks: VecDeque<Arc<Block>>,
    /// Those behind them. The last one stays here: the next sample is measured by it.
    kept: Vec<Sample<Value>>,
    /// The newest one, where the policy leaves it out: it stands until another comes.
    held: Option<Sample<Value>>,
    /// The revision of the newest sample.
    pub(super) newest: Revision,
    /// How long samples are kept.
    keep: Duration,
    /// Bytes of those in `kept` that could be sealed: all but the last.
    pub(super) bytes: usize,
}

impl Series {
    /// Takes the open samples that a mark holds.
    pub(super) fn resume(&mut self, samples: Vec<Sample<Value>>, held: bool, keep: Duration) {
        self.newest = samples.last().map_or(self.newest, |last| last.revision);
        self.keep = keep;
        for sample in samples {
            self.add(sample);
        }
        if held {
            self.held = self.kept.pop();
            self.bytes -= self.kept.last().map_or(0, Sample::size);
        }
    }

    /// Takes the next sample.
    ///
    /// It is kept when it differs from the last one kept, and comes no sooner after it than the
    /// policy's least interval. One that comes sooner is kept too, once it has stood so long:
    /// without it the curve would be wrong for all that time.
    pub(super) fn push(&mut self, sample: Sample<Value>, policy: &HistoryPolicy) {
        let interval = policy.min_interval.unwrap_or(Duration::ZERO);
        (self.newest, self.keep) = (sample.revision, policy.keep);
        match self.kept.last_mut() {
            None => return self.kept.push(sample),
            // One commit: it made the entity, and unset the field again.
            Some(last) if last.revision == sample.revision => {
                *last = sample;
                return;
            }
            Some(last) => {
                if let Some(held) = self.held.take()
                    && held.revision != sample.revision
                    && held.differs(last, policy.deadband)
                    && sample.time.since(held.time) >= interval
                {
                    self.add(held);
                }
            }
        }
        let keeps = self.kept.last().is_none_or(|last| {
            sample.differs(last, policy.deadband) && sample.time.since(last.time) >= interval
        });
        if keeps {
            self.add(sample);
        } else {
            self.held = Some(sample);
        }
    }

    fn add(&mut self, sample: Sample<Value>) {
        self.bytes += self.kept.last().map_or(0, Sample::size);
        self.kept.push(sample);
    }

    /// Whether there is enough for a block.
    pub(super) fn is_full(&self) -> bool {
        self.kept.len() > SAMPLES || self.bytes > BYTES
    }

    /// Makes a block of all samples but the last one.
    pub(super) fn seal(&mut self, key: Key) -> Option<Arc<Block>> {
        let last = self.kept.pop();
        let sealed = self.seal_kept(key);
        self.kept.extend(last);
        sealed
    }

    /// Makes a block of all samples: no other will follow them.
    pub(super) fn end(&mut self, key: Key) -> Option<Arc<Block>> {
        self.kept.extend(self.held.take());
        self.seal_kept(key)
    }

    fn seal_kept(&mut self, key: Key) -> Option<Arc<Block>> {
        self.bytes = 0;
        let block = Block::seal(key, self.keep, &std::mem::take(&mut self.kept))?;
        self.blocks.push_back(Arc::clone(&block));
        Some(block)
    }

    /// The samples that are in no block.
    pub(super) fn open(&self) -> impl Iterator<Item = &Sample<Value>> {
        self.kept.iter().chain(&self.held)
    }

    /// The same for a mark.
    pub(super) fn message(&self, key: Key) -> Message {
        Message {
            block: Some(encode(key, self.open())),
            held: self.held.is_some(),
            keep: nanos(self.keep),
        }
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.kept.is_empty()
    }
}
