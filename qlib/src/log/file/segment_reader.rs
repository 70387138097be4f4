//! Reading a segment, record by record.

use std::vec;

use bytes::Bytes;
use prost::Message;

use crate::log::End;
use crate::log::disk::{Disk, File};
use crate::log::file::replay::Replay;
use crate::log::file::segment::{VERSION, name, number};
use crate::log::frame;
use crate::model::{LogError, Op, Revision, Timestamp};
use crate::wire::log::Decoder;
use crate::wire::proto::log as proto;

/// Bytes of the frame of a segment's header, at most.
const HEADER: usize = 80;

/// Bytes that are read at once, unless a batch has more.
const CHUNK: u64 = 128 << 10;

/// How far a log was read.
#[derive(Debug)]
pub(super) struct Reading {
    /// What comes behind this is handed out.
    pub(super) from: End,
    /// Where the records end that were read, once there were any.
    at: Option<End>,
    /// Bytes of the commits that were handed out.
    pub(super) written: u64,
}

impl Reading {
    pub(super) fn new(from: End) -> Self {
        Self {
            from,
            at: None,
            written: 0,
        }
    }

    pub(super) fn end(&self) -> End {
        self.at.unwrap_or(self.from)
    }
}

/// What was found behind the records that were read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    /// A record, which was read too.
    Record,
    /// The end of the segment.
    Seal,
    /// No good frame.
    Nothing,
}

#[derive(Debug)]
pub(super) struct SegmentReader {
    pub(super) number: u64,
    pub(super) name: String,
    pub(super) file: Box<dyn File>,
    /// What the file held behind `start` when it was read last.
    bytes: Bytes,
    start: u64,
    /// Where the next frame begins.
    pub(super) offset: u64,
    /// Where the last write begins that reaches up to there: the header and the first batch are one,
    /// and so may be a batch and the seal behind it.
    pub(super) last: u64,
    /// Bytes that the file was made with, once the header was read.
    pub(super) size: Option<u64>,
    has_batch: bool,
    /// The rest of the batch that was read last.
    records: vec::IntoIter<proto::Record>,
    sealed: bool,
    decoder: Decoder,
}

impl SegmentReader {
    pub(super) fn open(disk: &dyn Disk, number: u64) -> Result<Self, LogError> {
        let name = name(number);
        let file = disk.open(&name);
        Ok(Self {
            number,
            file: file.map_err(|error| LogError::io(&name, "opened", &error))?,
            name,
            bytes: Bytes::new(),
            start: 0,
            offset: 0,
            last: 0,
            size: None,
            has_batch: false,
            records: Vec::new().into_iter(),
            sealed: false,
            decoder: Decoder::default(),
        })
    }

    /// The revision with which the segment begins, if it was ever written.
    pub(super) fn first_revision(&self) -> Result<Option<Revision>, LogError> {
        let header = frame::read(&self.read(0, HEADER as u64)?, 0);
        let header = header.and_then(|message| proto::SegmentHeader::decode(message).ok());
        Ok(header.map(|header| header.revision))
    }

    pub(super) fn length(&self) -> Result<u64, LogError> {
        let length = self.file.len();
        length.map_err(|error| LogError::io(&self.name, "read", &error))
    }

    /// At most `length` bytes of the file from `offset` on.
    pub(super) fn read(&self, offset: u64, length: u64) -> Result<Bytes, LogError> {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        let read = self.file.read_at(offset, &mut bytes);
        bytes.truncate(read.map_err(|error| LogError::io(&self.name, "read", &error))?);
        Ok(bytes.into())
    }

    pub(super) fn damage(&self, end: End, reason: impl Into<std::sync::Arc<str>>) -> LogError {
        LogError::Damaged {
            file: self.name.as_str().into(),
            offset: self.offset,
            first: end.revision + 1,
            reason: reason.into(),
        }
    }

    /// Reads the next record. One that comes behind the position from which the log is read is
    /// handed to `replay`.
    ///
    /// # Errors
    /// [`LogError`]
    pub(super) fn next(
        &mut self,
        reading: &mut Reading,
        replay: &mut impl Replay,
    ) -> Result<Next, LogError> {
        loop {
            if let Some(record) = self.records.next() {
                self.take(record, reading, replay)?;
                return Ok(Next::Record);
            }
            if self.sealed {
                return Ok(Next::Seal);
            }
            let at = self.offset;
            let Some(message) = self.frame()? else {
                return Ok(Next::Nothing);
            };
            if self.size.is_none() {
                self.size = Some(self.check_header(message, reading)?);
                continue;
            }
            self.begin_batch(message, reading.end())?;
            if self.has_batch && !self.sealed {
                self.last = at;
            }
            self.has_batch = true;
        }
    }

    /// The message of the next frame, if it is good.
    fn frame(&mut self) -> Result<Option<Bytes>, LogError> {
        let mut message = self.frame_in_bytes();
        if message.is_none() {
            // What was read ends inside it, or it was written since.
            self.start = self.offset;
            self.bytes = self.read(self.offset, CHUNK)?;
            let length = frame::length(&self.bytes);
            if length > CHUNK && self.offset + length <= self.length()? {
                self.bytes = self.read(self.offset, length)?;
            }
            message = self.frame_in_bytes();
        }
        let Some(message) = message else {
            return Ok(None);
        };
        self.offset += (frame::HEAD + message.len()) as u64;
        Ok(Some(message))
    }

    fn frame_in_bytes(&self) -> Option<Bytes> {
        frame::read(&self.bytes, (self.offset - self.start) as usize)
    }

    fn begin_batch(&mut self, message: Bytes, end: End) -> Result<(), LogError> {
        let batch = proto::Batch::decode(message);
        let batch = batch.map_err(|_| self.damage(end, "a batch that is none"))?;
        if batch.revision != end.revision + 1 {
            let reason = format!("a batch of revision {} is here", batch.revision);
            return Err(self.damage(end, reason));
        }
        self.records = batch.records.into_iter();
        self.sealed = batch.seal;
        Ok(())
    }

    /// The size that the file was made with.
    fn check_header(&self, header: Bytes, reading: &mut Reading) -> Result<u64, LogError> {
        let end = reading.end();
        let header = proto::SegmentHeader::decode(header);
        let header = header.map_err(|_| self.damage(end, "a header that is none"))?;
        if header.version > VERSION {
            return Err(LogError::NewerVersion {
                file: self.name.as_str().into(),
                version: header.version,
                known: VERSION,
            });
        }
        let before = End {
            revision: header.revision.saturating_sub(1),
            time: Timestamp::from_nanos(header.time),
            chain: header.chain,
            epoch: header.epoch,
        };
        if reading.at.is_none() && before.revision < reading.from.revision {
            // The position from which the log is read is in this segment.
            reading.at = Some(before);
            return Ok(header.size);
        }
        if header.revision != end.revision + 1 {
            let found = header.revision;
            return Err(self.damage(
                end,
                format!("it goes on with revision {found}: a file is missing"),
            ));
        }
        if before != end {
            return Err(self.damage(end, "it does not continue what comes before it"));
        }
        Ok(header.size)
    }

    fn take(
        &mut self,
        record: proto::Record,
        reading: &mut Reading,
        replay: &mut impl Replay,
    ) -> Result<(), LogError> {
        let mut end = reading.end();
        let time = end.time.as_nanos().saturating_add_unsigned(record.elapsed);
        let time = Timestamp::from_nanos(time);
        let revision = end.revision + 1;
        if revision <= reading.from.revision {
            let skipped = self.decoder.skip(&record.commit);
            skipped.map_err(|error| self.damage(end, error.to_string()))?;
            end.advance(time, &record.commit, false);
            // The snapshot knows of the epochs that began on the way.
            let from = reading.from;
            end.epoch = from.epoch;
            if end.revision == from.revision && end != from {
                return Err(self.damage(end, "the snapshot of this revision is of another log"));
            }
        } else {
            let before = end;
            let commit = self.decoder.decode(&record.commit, replay.names());
            let mut commit = commit.map_err(|error| self.damage(before, error.to_string()))?;
            for op in &mut commit.ops {
                if let Op::Restore { image, .. } = op {
                    *image = replay.restored(revision)?;
                }
            }
            end.advance(time, &record.commit, commit.is_restore());
            let taken = replay.take(commit, end);
            taken.map_err(|error| self.damage(before, error.to_string()))?;
            reading.written += record.commit.len() as u64;
        }
        reading.at = Some(end);
        Ok(())
    }
}

/// The numbers of the segments among the names of files, in order.
pub(super) fn numbers(names: &[String]) -> Vec<u64> {
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| number(name)).collect();
    numbers.sort_unstable();
    numbers
}
