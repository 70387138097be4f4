//! Runs of samples, as they are kept in memory and on disk.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use prost::Message;

use crate::model::{EntityId, LogError, Quality, Revision, Timestamp, Value};
use crate::store::history::Sample;
use crate::store::history::file::BlockFile;
use crate::wire::proto::history::{Block as Proto, Entry, Location, entry};
use crate::wire::proto::model as proto;
use crate::wire::{Malformed, entity_id, from_entity_id};

/// The number of a field in the history; another one when the field is declared anew.
pub(super) type FieldNumber = u32;

/// Which series.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Key {
    pub(super) entity: EntityId,
    pub(super) field: FieldNumber,
}

/// Samples of one series that no other will be added to.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) key: Key,
    /// How long it is kept.
    pub(super) keep: Duration,
    /// The times of the first and of the last sample.
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    /// The revision of the last sample.
    pub(super) newest: Revision,
    place: Mutex<Place>,
}

/// Where the bytes of a block are. Those of a frame are the message of an [`Entry`].
#[derive(Clone, Debug)]
pub(super) enum Place {
    Memory(Arc<[u8]>),
    File {
        file: Arc<BlockFile>,
        offset: u64,
        length: u32,
    },
}

impl Block {
    /// Makes a block of samples, if there are any.
    pub(super) fn seal(key: Key, keep: Duration, samples: &[Sample<Value>]) -> Option<Arc<Self>> {
        let (first, last) = (samples.first()?, samples.last()?);
        let block = encode(key, samples);
        let entry = Entry {
            entry: Some(entry::Entry::Block(block)),
        };
        Some(Arc::new(Self {
            key,
            keep,
            first: first.time,
            last: last.time,
            newest: last.revision,
            place: Mutex::new(Place::Memory(entry.encode_to_vec().into())),
        }))
    }

    /// A block that is on the disk.
    pub(super) fn on_disk(file: &Arc<BlockFile>, location: &Location) -> Arc<Self> {
        Arc::new(Self {
            key: Key {
                entity: from_entity_id(location.id_high, location.id_low),
                field: location.field,
            },
            keep: file.keep,
            first: Timestamp::from_nanos(location.first),
            last: Timestamp::from_nanos(location.last),
            newest: location.revision,
            place: Mutex::new(Place::File {
                file: Arc::clone(file),
                offset: location.offset,
                length: location.length,
            }),
        })
    }

    /// Where the block is when its frame stands there.
    pub(super) fn location(&self, offset: u64, length: u32) -> Location {
        let (id_high, id_low) = entity_id(self.key.entity);
        Location {
            id_high,
            id_low,
            field: self.key.field,
            first: self.first.as_nanos(),
            last: self.last.as_nanos(),
            offset,
            length,
            revision: self.newest,
        }
    }

    /// The bytes, unless they are on the disk.
    pub(super) fn in_memory(&self) -> Option<Arc<[u8]>> {
        match &*self.place.lock() {
            Place::Memory(bytes) => Some(Arc::clone(bytes)),
            Place::File { .. } => None,
        }
    }

    /// Lets go of the bytes: they are on the disk now.
    pub(super) fn moved(&self, place: Place) {
        *self.place.lock() = place;
    }

    /// Bytes in memory.
    pub(super) fn size(&self) -> usize {
        let bytes = self.in_memory().map_or(0, |bytes| bytes.len());
        size_of::<Self>() + 32 + bytes
    }

    /// Whether it is older than it is kept.
    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        self.last < now - self.keep
    }

    /// The samples. `None` where the block is damaged, which is then in the file's report.
    ///
    /// # Errors
    /// [`LogError::Io`]
    pub(super) fn samples(&self) -> Result<Option<Vec<Sample<Value>>>, LogError> {
        let place = self.place.lock().clone();
        let entry = match &place {
            Place::Memory(bytes) => Entry::decode(&**bytes).ok(),
            Place::File {
                file,
                offset,
                length,
            } => match file.entry(*offset, *length)? {
                Some(entry) => Some(entry),
                None => return Ok(None),
            },
        };
        let samples = match entry.and_then(|entry| entry.entry) {
            Some(entry::Entry::Block(block)) => decode(block),
            _ => Err(Malformed("no block")),
        };
        // What this process has encoded it can decode.
        if let (Err(reason), Place::File { file, offset, .. }) = (&samples, &place) {
            file.report(*offset, reason.0);
        }
        Ok(samples.ok())
    }
}

/// Samples as a message.
pub(super) fn encode<'a>(key: Key, samples: impl IntoIterator<Item = &'a Sample<Value>>) -> Proto {
    let (id_high, id_low) = entity_id(key.entity);
    let mut block = Proto {
        id_high,
        id_low,
        field: key.field,
        ..Proto::default()
    };
    let (mut time, mut revision) = (0, 0);
    let mut all_good = true;
    for sample in samples {
        let nanos = sample.time.as_nanos();
        block.times.push(nanos.wrapping_sub(time));
        let now = sample.revision.cast_signed();
        block.revisions.push(now.wrapping_sub(revision));
        (time, revision) = (nanos, now);
        let quality = match &sample.value {
            Some(_) => sample.quality,
            None => Quality::Unset,
        };
        all_good &= quality == Quality::Good;
        block.qualities.push(proto::Quality::from(quality).into());
        match &sample.value {
            Some(Value::Int(value)) => block.ints.push(*value),
            Some(Value::Float(value)) => block.floats.push(*value),
            Some(value) => block.values.push(value.into()),
            None => {}
        }
    }
    if all_good {
        block.qualities.clear();
    }
    block
}

/// The series that a message is of.
pub(super) fn key(block: &Proto) -> Key {
    Key {
        entity: from_entity_id(block.id_high, block.id_low),
        field: block.field,
    }
}

/// Samples from a message.
pub(super) fn decode(block: Proto) -> Result<Vec<Sample<Value>>, Malformed> {
    let uneven = Malformed("a block whose lists do not fit each other");
    let all_good = block.qualities.is_empty();
    if block.revisions.len() != block.times.len()
        || !all_good && block.qualities.len() != block.times.len()
    {
        return Err(uneven);
    }
    let mut ints = block.ints.into_iter().map(Value::Int);
    let mut floats = block.floats.into_iter().map(Value::Float);
    let mut values = block.values.into_iter();
    let mut samples = Vec::with_capacity(block.times.len());
    let (mut time, mut revision) = (0_i64, 0_i64);
    for (at, (elapsed, revisions)) in block.times.iter().zip(&block.revisions).enumerate() {
        time = time.wrapping_add(*elapsed);
        revision = revision.wrapping_add(*revisions);
        let quality = match block.qualities.get(at) {
            None => Quality::Good,
            Some(quality) => proto::Quality::try_from(*quality)
                .map_err(|_| Malformed("a quality of a newer version"))?
                .into(),
        };
        let value = match quality {
            Quality::Unset => None,
            _ => Some(match ints.next().or_else(|| floats.next()) {
                Some(value) => value,
                None => values.next().ok_or(uneven.clone())?.try_into()?,
            }),
        };
        samples.push(Sample {
            time: Timestamp::from_nanos(time),
            revision: revision.cast_unsigned(),
            value,
            quality,
        });
    }
    Ok(samples)
}
