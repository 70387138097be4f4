//! Reading what a log holds, and deciding what a file that ends badly means.

use bytes::Bytes;
use prost::Message;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::log::disk::{Disk, File};
use crate::log::file::Cut;
use crate::log::file::segment::{LEAST, VERSION, is_new, name, number};
use crate::log::frame;
use crate::model::{Commit, LogError, Receipt, Result, Revision, Timestamp};
use crate::wire::log::{Decoder, Names};
use crate::wire::proto::log as proto;

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

    /// Is told how many bytes of how many were read.
    fn progress(&mut self, read: u64, of: u64);
}

/// Where a log ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) revision: Revision,
    pub(super) time: Timestamp,
    pub(super) chain: u64,
    pub(super) epoch: u64,
}

impl End {
    /// The end of a log that holds nothing.
    const START: Self = Self {
        revision: 0,
        time: Timestamp::EPOCH,
        chain: 0,
        epoch: 1,
    };

    /// Goes on behind a record.
    pub(super) fn advance(&mut self, time: Timestamp, commit: &[u8]) {
        self.revision += 1;
        self.time = time;
        self.chain = xxh3_64_with_seed(commit, self.chain);
    }
}

/// What was found.
#[derive(Debug)]
pub(super) struct Recovered {
    pub(super) end: End,
    /// The number of the next segment.
    pub(super) next: u64,
    pub(super) cut: Option<Cut>,
}

/// Hands all commits of the directory to `replay`, and makes the log end where the last good one
/// does.
///
/// # Errors
/// [`LogError`]; the directory is as it was then.
pub(super) fn recover(disk: &dyn Disk, replay: &mut impl Replay) -> Result<Recovered, LogError> {
    let names = disk
        .list()
        .map_err(|error| LogError::io("the directory", "listed", &error))?;
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| number(name)).collect();
    numbers.sort_unstable();
    let mut files = Vec::new();
    for number in &numbers {
        let name = name(*number);
        let opened = disk.open(&name).and_then(|file| Ok((file.len()?, file)));
        let (length, file) = opened.map_err(|error| LogError::io(&name, "opened", &error))?;
        files.push((name, length, file));
    }
    let of = files.iter().map(|(_, length, _)| length).sum();
    let mut reading = Reading {
        replay,
        end: End::START,
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
        match ended {
            Ended::Sealed => {}
            Ended::Unused => unused.push(name),
            Ended::Open { torn } => {
                tail = Some(Tail {
                    first: reading.end.revision + 1,
                    torn,
                    file,
                    segment,
                });
            }
        }
    }
    let end = reading.end;
    let cut = tail.map(|tail| tail.seal(disk, end)).transpose()?.flatten();
    for name in &unused {
        disk.remove(name)
            .map_err(|error| LogError::io(name, "removed", &error))?;
    }
    Ok(Recovered {
        end,
        next: numbers.last().map_or(1, |last| last + 1),
        cut,
    })
}

fn read(file: &dyn File, length: u64) -> std::io::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(length).map_err(std::io::Error::other)?];
    let read = file.read_at(0, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes.into())
}

struct Reading<'a, R> {
    replay: &'a mut R,
    end: End,
    read: u64,
    of: u64,
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
        let end = reading.end;
        let Some(header) = self.next() else {
            if (self.bytes.len() as u64) < LEAST {
                return Err(self.damage(end, "it is shorter than a file of the log can be"));
            }
            if self.is_empty_from(0) {
                return Ok(Ended::Unused);
            }
            return self.torn(end);
        };
        let size = self.check_header(header, end)?;
        loop {
            let at = self.offset;
            let Some(message) = self.next() else {
                let end = reading.end;
                if (self.bytes.len() as u64) < size {
                    return Err(self.damage(end, "it is shorter than it was made"));
                }
                if self.is_empty_from(self.offset) {
                    return Ok(Ended::Open { torn: false });
                }
                return self.torn(end);
            };
            let batch = proto::Batch::decode(message);
            let batch = batch.map_err(|_| self.damage(reading.end, "a batch that is none"))?;
            if batch.revision != reading.end.revision + 1 {
                let reason = format!("a batch of revision {} is here", batch.revision);
                return Err(self.damage(reading.end, reason));
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
    fn check_header(&self, header: Bytes, end: End) -> Result<u64, LogError> {
        let header = proto::SegmentHeader::decode(header);
        let header = header.map_err(|_| self.damage(end, "a header that is none"))?;
        if header.version > VERSION {
            return Err(LogError::NewerVersion {
                file: self.name.as_str().into(),
                version: header.version,
                known: VERSION,
            });
        }
        if header.revision != end.revision + 1 {
            let found = header.revision;
            return Err(self.damage(
                end,
                format!("it goes on with revision {found}: a file is missing"),
            ));
        }
        let goes_on = (header.epoch, header.time, header.chain)
            == (end.epoch, end.time.as_nanos(), end.chain);
        if !goes_on {
            return Err(self.damage(end, "it does not continue the file before it"));
        }
        Ok(header.size)
    }

    fn take(
        &mut self,
        record: proto::Record,
        reading: &mut Reading<'_, impl Replay>,
    ) -> Result<(), LogError> {
        let commit = self.decoder.decode(&record.commit, reading.replay.names());
        let commit = commit.map_err(|error| self.damage(reading.end, error.to_string()))?;
        let before = reading.end.time.as_nanos();
        let time = before.saturating_add_unsigned(record.elapsed);
        let receipt = Receipt {
            revision: reading.end.revision + 1,
            time: Timestamp::from_nanos(time),
            value: (),
        };
        let taken = reading.replay.take(commit, receipt);
        taken.map_err(|error| self.damage(reading.end, error.to_string()))?;
        reading.end.advance(receipt.time, &record.commit);
        Ok(())
    }

    fn is_empty_from(&self, offset: usize) -> bool {
        self.bytes[offset..].iter().all(|byte| *byte == 0)
    }

    /// The next frame is bad. What follows says whether it was ever whole.
    fn torn(&self, end: End) -> Result<Ended, LogError> {
        let mut later = frame::search(&self.bytes, self.offset);
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
