//! Reading what a log holds, and deciding what a file that ends badly means.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::log::End;
use crate::log::disk::{Disk, File};
use crate::log::file::Cut;
use crate::log::file::in_use::Used;
use crate::log::file::segment::{LEAST, VERSION, is_new, name, number};
use crate::log::frame;
use crate::model::{Commit, Image, LogError, Op, Receipt, Result, Revision, Timestamp};
use crate::wire::log::{Decoder, Names};
use crate::wire::proto::log as proto;

/// Bytes of the frame of a segment's header, at most.
const HEADER: usize = 80;

/// Who takes the commits that a log holds.
pub(crate) trait Replay {
    /// Who knows the names of types and fields as of the commit that was taken last.
    type Names: Names;

    /// The names as of the commit that was taken last.
    fn names(&self) -> &Self::Names;

    /// Takes the next commit.
    ///
    /// # Errors
    /// Why it cannot be: the log is not what was written then.
    fn take(&mut self, commit: Commit, receipt: Receipt) -> Result<()>;

    /// The tree that was restored as that revision.
    ///
    /// # Errors
    /// [`LogError`]
    fn restored(&mut self, revision: Revision) -> Result<Arc<Image>, LogError>;

    /// Is told how many bytes of how many were read.
    fn progress(&mut self, read: u64, of: u64);
}

impl End {
    /// Goes on behind a record.
    pub(super) fn advance(&mut self, time: Timestamp, commit: &[u8], is_restore: bool) {
        self.revision += 1;
        self.time = time;
        self.chain = xxh3_64_with_seed(commit, self.chain);
        self.epoch += u64::from(is_restore);
    }
}

/// What was found.
#[derive(Debug)]
pub(super) struct Recovered {
    pub(super) end: End,
    /// Bytes of the commits that were handed out.
    pub(super) written: u64,
    /// The segments in use.
    pub(super) segments: Vec<Used>,
    /// The number of the next segment.
    pub(super) next: u64,
    pub(super) cut: Option<Cut>,
}

/// Hands the commits of the directory that come behind `from` to `replay`, and makes the log end
/// where the last good one does.
///
/// # Errors
/// [`LogError`]; the directory is as it was then.
pub(super) fn recover(
    disk: &dyn Disk,
    from: End,
    replay: &mut impl Replay,
) -> Result<Recovered, LogError> {
    let names = disk
        .list()
        .map_err(|error| LogError::io("the directory", "listed", &error))?;
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| number(name)).collect();
    numbers.sort_unstable();
    let mut files = Vec::new();
    let mut segments = Vec::new();
    for number in &numbers {
        let name = name(*number);
        let opened = disk.open(&name).and_then(|file| {
            let first = first_revision(&*file)?;
            Ok((file.len()?, first, file))
        });
        let (size, first, file) = opened.map_err(|error| LogError::io(&name, "opened", &error))?;
        if let Some(first) = first {
            if first <= from.revision + 1 {
                // It begins before what is needed, and so does all before it.
                files.clear();
            }
            let number = *number;
            segments.push(Used {
                number,
                first,
                size,
            });
        }
        files.push((name, size, file));
    }
    let of = files.iter().map(|(_, length, _)| length).sum();
    let mut reading = Reading {
        replay,
        from,
        end: None,
        written: 0,
        read: 0,
        of,
    };
    let mut unused: Vec<String> = names.into_iter().filter(|name| is_new(name)).collect();
    let mut tail: Option<Tail> = None;
    for (name, length, file) in files {
        let bytes = read(&*file, length).map_err(|error| LogError::io(&name, "read", &error))?;
        let mut segment = SegmentReader::new(&name, bytes);
        let ended = segment.read(&mut reading)?;
        if let (Some(open), false) = (&tail, matches!(ended, Ended::Unused)) {
            return Err(open.damage("it ends without a seal, and another file follows"));
        }
        let end = reading.end();
        if end.revision < from.revision && !matches!(ended, Ended::Sealed) {
            let reason = format!("the snapshot of revision {} goes beyond it", from.revision);
            return Err(segment.damage(end, reason));
        }
        match ended {
            Ended::Sealed => {}
            Ended::Unused => unused.push(name),
            Ended::Open { torn } => {
                tail = Some(Tail {
                    first: reading.end().revision + 1,
                    torn,
                    file,
                    segment,
                });
            }
        }
    }
    let end = reading.end();
    if end.revision < from.revision || numbers.is_empty() && from != End::START {
        return Err(LogError::Damaged {
            file: "the log".into(),
            offset: 0,
            first: end.revision + 1,
            reason: format!("the snapshot of revision {} goes beyond it", from.revision).into(),
        });
    }
    let cut = tail.map(|tail| tail.seal(disk, end)).transpose()?.flatten();
    for name in &unused {
        disk.remove(name)
            .map_err(|error| LogError::io(name, "removed", &error))?;
    }
    Ok(Recovered {
        end,
        written: reading.written,
        segments,
        next: numbers.last().map_or(1, |last| last + 1),
        cut,
    })
}

/// The revision with which a segment begins, if it was ever written.
fn first_revision(file: &dyn File) -> std::io::Result<Option<Revision>> {
    let mut bytes = vec![0; HEADER];
    let read = file.read_at(0, &mut bytes)?;
    bytes.truncate(read);
    let header = frame::read(&bytes.into(), 0)
        .and_then(|message| proto::SegmentHeader::decode(message).ok());
    Ok(header.map(|header| header.revision))
}

fn read(file: &dyn File, length: u64) -> std::io::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(length).map_err(std::io::Error::other)?];
    let read = file.read_at(0, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes.into())
}

struct Reading<'a, R> {
    replay: &'a mut R,
    from: End,
    /// Where the commits end that were read, once there were any.
    end: Option<End>,
    written: u64,
    read: u64,
    of: u64,
}

impl<R> Reading<'_, R> {
    fn end(&self) -> End {
        self.end.unwrap_or(self.from)
    }
}

/// How a segment ends.
enum Ended {
    Sealed,
    /// It was never written.
    Unused,
    /// Where the process ended, perhaps in the middle of a batch.
    Open {
        torn: bool,
    },
}

struct SegmentReader {
    name: String,
    bytes: Bytes,
    /// Where the next frame begins.
    offset: usize,
    /// Where the last write begins that reaches up to there: the header and the first batch are one.
    last: usize,
    headed: bool,
    decoder: Decoder,
}

impl SegmentReader {
    fn new(name: &str, bytes: Bytes) -> Self {
        Self {
            name: name.to_owned(),
            bytes,
            offset: 0,
            last: 0,
            headed: false,
            decoder: Decoder::default(),
        }
    }

    fn damage(&self, end: End, reason: impl Into<std::sync::Arc<str>>) -> LogError {
        LogError::Damaged {
            file: self.name.as_str().into(),
            offset: self.offset as u64,
            first: end.revision + 1,
            reason: reason.into(),
        }
    }

    /// The message of the next frame, if it is good.
    fn next(&mut self) -> Option<Bytes> {
        let message = frame::read(&self.bytes, self.offset)?;
        if self.headed {
            self.last = self.offset;
        }
        self.headed = self.offset > 0;
        self.offset += frame::HEAD + message.len();
        Some(message)
    }

    fn read(&mut self, reading: &mut Reading<'_, impl Replay>) -> Result<Ended, LogError> {
        let end = reading.end();
        let Some(header) = self.next() else {
            if (self.bytes.len() as u64) < LEAST {
                return Err(self.damage(end, "it is shorter than a file of the log can be"));
            }
            if self.is_empty_from(0) {
                return Ok(Ended::Unused);
            }
            return self.torn(end);
        };
        let size = self.check_header(header, reading)?;
        loop {
            let at = self.offset;
            let Some(message) = self.next() else {
                let end = reading.end();
                if (self.bytes.len() as u64) < size {
                    return Err(self.damage(end, "it is shorter than it was made"));
                }
                if self.is_empty_from(self.offset) {
                    return Ok(Ended::Open { torn: false });
                }
                return self.torn(end);
            };
            let batch = proto::Batch::decode(message);
            let batch = batch.map_err(|_| self.damage(reading.end(), "a batch that is none"))?;
            if batch.revision != reading.end().revision + 1 {
                let reason = format!("a batch of revision {} is here", batch.revision);
                return Err(self.damage(reading.end(), reason));
            }
            for record in batch.records {
                self.take(record, reading)?;
            }
            reading.read += (self.offset - at) as u64;
            reading.replay.progress(reading.read, reading.of);
            if batch.seal {
                return Ok(Ended::Sealed);
            }
        }
    }

    /// The size that the file was made with.
    fn check_header<R>(
        &self,
        header: Bytes,
        reading: &mut Reading<'_, R>,
    ) -> Result<u64, LogError> {
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
        if reading.end.is_none() && before.revision < reading.from.revision {
            // The snapshot ends in this segment.
            reading.end = Some(before);
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
        reading: &mut Reading<'_, impl Replay>,
    ) -> Result<(), LogError> {
        let mut end = reading.end();
        let time = end.time.as_nanos().saturating_add_unsigned(record.elapsed);
        let receipt = Receipt {
            revision: end.revision + 1,
            time: Timestamp::from_nanos(time),
            value: (),
        };
        if receipt.revision <= reading.from.revision {
            let skipped = self.decoder.skip(&record.commit);
            skipped.map_err(|error| self.damage(end, error.to_string()))?;
            end.advance(receipt.time, &record.commit, false);
            // The snapshot knows of the epochs that began on the way.
            let from = reading.from;
            end.epoch = from.epoch;
            if end.revision == from.revision && end != from {
                return Err(self.damage(end, "the snapshot of this revision is of another log"));
            }
        } else {
            let commit = self.decoder.decode(&record.commit, reading.replay.names());
            let mut commit = commit.map_err(|error| self.damage(end, error.to_string()))?;
            let mut is_restore = false;
            for op in &mut commit.ops {
                if let Op::Restore { image, .. } = op {
                    *image = reading.replay.restored(receipt.revision)?;
                    is_restore = true;
                }
            }
            let taken = reading.replay.take(commit, receipt);
            taken.map_err(|error| self.damage(end, error.to_string()))?;
            end.advance(receipt.time, &record.commit, is_restore);
            reading.written += record.commit.len() as u64;
        }
        reading.end = Some(end);
        Ok(())
    }

    fn is_empty_from(&self, offset: usize) -> bool {
        self.bytes[offset..].iter().all(|byte| *byte == 0)
    }

    /// The next frame is bad. What follows says whether it was ever whole.
    fn torn(&self, end: End) -> Result<Ended, LogError> {
        let mut later = search(&self.bytes, self.offset);
        // A batch is written once those before it are on the disk.
        if later.any(|batch| batch.revision > end.revision + 1) {
            return Err(self.damage(end, "a bad record, with good ones behind it"));
        }
        Ok(Ended::Open { torn: true })
    }

    /// How many commits the batch in the torn frame held, as far as it can be read.
    fn commits_in_torn_frame(&self) -> u64 {
        let mut bytes = self
            .bytes
            .slice((self.offset + frame::HEAD).min(self.bytes.len())..);
        let mut commits = 0;
        while let Ok((tag, wire_type)) = prost::encoding::decode_key(&mut bytes) {
            let length = prost::encoding::decode_varint(&mut bytes);
            match (tag, wire_type, length) {
                (1, prost::encoding::WireType::Varint, Ok(_)) => {}
                (2, prost::encoding::WireType::LengthDelimited, Ok(length)) => {
                    commits += 1;
                    let length = usize::try_from(length).unwrap_or(usize::MAX);
                    let _ = bytes.split_to(length.min(bytes.len()));
                }
                _ => break,
            }
        }
        commits
    }
}

/// The segment in which the process ended.
struct Tail {
    first: Revision,
    torn: bool,
    file: Box<dyn File>,
    segment: SegmentReader,
}

impl Tail {
    fn damage(&self, reason: &str) -> LogError {
        LogError::Damaged {
            file: self.segment.name.as_str().into(),
            offset: self.segment.offset as u64,
            first: self.first,
            reason: reason.into(),
        }
    }

    /// Ends the segment behind its last good batch.
    fn seal(self, disk: &dyn Disk, end: End) -> Result<Option<Cut>, LogError> {
        let segment = &self.segment;
        let cut = self.torn.then(|| Cut {
            file: segment.name.as_str().into(),
            offset: segment.offset as u64,
            first: self.first,
            last: self.first + segment.commits_in_torn_frame().max(1) - 1,
        });
        if segment.offset == 0 {
            let removed = disk.remove(&segment.name);
            removed.map_err(|error| LogError::io(&segment.name, "removed", &error))?;
            return Ok(cut);
        }
        let seal = proto::Batch {
            revision: end.revision + 1,
            records: Vec::new(),
            seal: true,
        };
        // The last batch may be in memory only, even after a sync if one has failed before: it is
        // written again.
        let mut bytes = segment.bytes[segment.last..segment.offset].to_vec();
        bytes.extend(frame::frame(&seal));
        let length = (segment.last + bytes.len()) as u64;
        let written = self.file.write_at(segment.last as u64, &bytes);
        let sealed = written
            .and_then(|()| self.file.sync())
            .and_then(|()| self.file.set_len(length));
        sealed.map_err(|error| LogError::io(&segment.name, "sealed", &error))?;
        Ok(cut)
    }
}

/// The batches in good frames behind `offset`, wherever they begin.
pub(super) fn search(bytes: &Bytes, offset: usize) -> impl Iterator<Item = proto::Batch> {
    let mut at = offset;
    std::iter::from_fn(move || {
        while at + frame::HEAD < bytes.len() {
            // Every batch begins with the key of its revision.
            let found = match bytes[at + frame::HEAD] {
                BATCH => frame::read(bytes, at),
                _ => None,
            };
            at += found
                .as_ref()
                .map_or(1, |message| frame::HEAD + message.len());
            if let Some(batch) = found.and_then(|message| proto::Batch::decode(message).ok()) {
                return Some(batch);
            }
        }
        None
    })
}

/// The key of a batch's revision.
const BATCH: u8 = 1 << 3;
