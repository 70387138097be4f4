//! Going on where a log ends, and deciding what a file that ends badly means.

use bytes::Bytes;
use prost::Message;

use crate::log::End;
use crate::log::disk::Disk;
use crate::log::file::in_use::Used;
use crate::log::file::replay::Replay;
use crate::log::file::segment::{LEAST, is_new};
use crate::log::file::segment_reader::{Next, Reading, SegmentReader, numbers};
use crate::log::file::{Cut, Published, published};
use crate::log::frame;
use crate::model::{LogError, Result, Revision};
use crate::wire::proto::log as proto;

/// What was found, and made to go on.
#[derive(Debug)]
pub(super) struct Recovered {
    pub(super) end: End,
    /// Bytes of the commits that were handed out.
    pub(super) written: u64,
    pub(super) segments: Vec<Used>,
    /// The number of the next segment.
    pub(super) next: u64,
    pub(super) cut: Option<Cut>,
}

/// What was found.
struct Found {
    end: End,
    written: u64,
    segments: Vec<Used>,
    next: u64,
    /// Files that were made and never used.
    unused: Vec<String>,
    tail: Option<Tail>,
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
    let found = read(disk, from, replay)?;
    let end = found.end;
    let cut = found.tail.map(|tail| tail.seal(disk, end)).transpose()?;
    for name in &found.unused {
        disk.remove(name)
            .map_err(|error| LogError::io(name, "removed", &error))?;
    }
    Ok(Recovered {
        end,
        written: found.written,
        segments: found.segments,
        next: found.next,
        cut: cut.flatten(),
    })
}

/// Hands the commits of the directory that come behind `from` to `replay`, and changes nothing. Says
/// where the log ends, and what [`recover`] would cut.
///
/// # Errors
/// [`LogError`]
pub(super) fn look(
    disk: &dyn Disk,
    from: End,
    replay: &mut impl Replay,
) -> Result<(End, Option<Cut>), LogError> {
    let found = read(disk, from, replay)?;
    Ok((found.end, found.tail.and_then(|tail| tail.cut())))
}

fn read(disk: &dyn Disk, from: End, replay: &mut impl Replay) -> Result<Found, LogError> {
    let names = disk
        .list()
        .map_err(|error| LogError::io("the directory", "listed", &error))?;
    let numbers = numbers(&names);
    let mut files = Vec::new();
    let mut segments = Vec::new();
    for number in &numbers {
        let file = SegmentReader::open(disk, *number)?;
        let size = file.length()?;
        if let Some(first) = file.first_revision()? {
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
        files.push((size, file));
    }
    let of = files.iter().map(|(length, _)| length).sum();
    let mut passed = 0;
    let mut reading = Reading::new(from);
    let mut unused: Vec<String> = names.into_iter().filter(|name| is_new(name)).collect();
    let mut tail: Option<Tail> = None;
    for (length, mut segment) in files {
        let ended = loop {
            match segment.next(&mut reading, replay)? {
                Next::Record => replay.progress(passed + segment.offset, of),
                Next::Seal => break Ended::Sealed,
                Next::Nothing => break ended(&segment, length, reading.end())?,
            }
        };
        passed += length;
        if let (Some(before), false) = (&tail, matches!(ended, Ended::Unused))
            && !before.sealed
        {
            return Err(before.damage("it ends without a seal, and another file follows"));
        }
        let end = reading.end();
        if end.revision < from.revision && !matches!(ended, Ended::Sealed) {
            let reason = format!("the snapshot of revision {} goes beyond it", from.revision);
            return Err(segment.damage(end, reason));
        }
        let (sealed, torn) = match ended {
            Ended::Sealed => (true, None),
            Ended::Open { torn } => (false, torn),
            Ended::Unused => {
                unused.push(segment.name);
                continue;
            }
        };
        tail = Some(Tail {
            first: end.revision + 1,
            sealed,
            torn,
            segment,
        });
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
    must_reach(Published::read(disk)?, end, tail.as_ref())?;
    Ok(Found {
        end,
        written: reading.written,
        segments,
        next: numbers.last().map_or(1, |last| last + 1),
        unused,
        tail,
    })
}

/// Refuses a log that ends before what was on the disk: no crash does that.
fn must_reach(said: Revision, end: End, tail: Option<&Tail>) -> Result<(), LogError> {
    let first = end.revision + 1;
    if said < first {
        return Ok(());
    }
    let (file, offset) = tail.map_or(("the log", 0), |tail| {
        (tail.segment.name.as_str(), tail.segment.offset)
    });
    let reason = format!(
        "the log ends here, and the file `{}` says that revisions {first} to {said} were on the disk \
         (if this is a copy of a directory that was written to meanwhile, `qlib backup` makes one \
         that is whole)",
        published::NAME
    );
    Err(LogError::Damaged {
        file: file.into(),
        offset,
        first,
        reason: reason.into(),
    })
}

/// How a segment ends.
enum Ended {
    Sealed,
    /// It was never written.
    Unused,
    /// Where the process ended, perhaps in the middle of a batch of at least so many commits.
    Open {
        torn: Option<u64>,
    },
}

/// No good frame follows. What does says whether there ever was one.
fn ended(segment: &SegmentReader, length: u64, end: End) -> Result<Ended, LogError> {
    let rest = segment.read(segment.offset, length - segment.offset)?;
    let is_empty = rest.iter().all(|byte| *byte == 0);
    match segment.size {
        None if length < LEAST => {
            return Err(segment.damage(end, "it is shorter than a file of the log can be"));
        }
        None if is_empty => return Ok(Ended::Unused),
        Some(size) if length < size => {
            return Err(segment.damage(end, "it is shorter than it was made"));
        }
        Some(_) if is_empty => return Ok(Ended::Open { torn: None }),
        _ => {}
    }
    // A batch is written once those before it are on the disk.
    if search(&rest, 0).any(|batch| batch.revision > end.revision + 1) {
        return Err(segment.damage(end, "a bad record, with good ones behind it"));
    }
    let torn = Some(commits_in_torn_frame(&rest));
    Ok(Ended::Open { torn })
}

/// How many commits the batch in a torn frame held, as far as it can be read; at least one.
fn commits_in_torn_frame(bytes: &Bytes) -> u64 {
    let mut bytes = bytes.slice(frame::HEAD.min(bytes.len())..);
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
    commits.max(1)
}

/// The last segment: in which the process ended, or which it had just sealed.
struct Tail {
    first: Revision,
    sealed: bool,
    torn: Option<u64>,
    segment: SegmentReader,
}

impl Tail {
    fn damage(&self, reason: &str) -> LogError {
        LogError::Damaged {
            file: self.segment.name.as_str().into(),
            offset: self.segment.offset,
            first: self.first,
            reason: reason.into(),
        }
    }

    /// What is not whole.
    fn cut(&self) -> Option<Cut> {
        self.torn.map(|commits| Cut {
            file: self.segment.name.as_str().into(),
            offset: self.segment.offset,
            first: self.first,
            last: self.first + commits - 1,
        })
    }

    /// Ends the segment behind its last good batch.
    fn seal(self, disk: &dyn Disk, end: End) -> Result<Option<Cut>, LogError> {
        let (segment, cut) = (&self.segment, self.cut());
        if segment.offset == 0 {
            let removed = disk.remove(&segment.name);
            removed.map_err(|error| LogError::io(&segment.name, "removed", &error))?;
            return Ok(cut);
        }
        // The last batch may be in memory only, even after a sync if one has failed before: it is
        // written again, with its seal.
        let last = segment.read(segment.last, segment.offset - segment.last)?;
        let mut bytes = last.to_vec();
        if !self.sealed {
            bytes.extend(frame::frame(&proto::Batch {
                revision: end.revision + 1,
                records: Vec::new(),
                seal: true,
            }));
        }
        let length = segment.last + bytes.len() as u64;
        let written = segment.file.write_at(segment.last, &bytes);
        let sealed = written
            .and_then(|()| segment.file.sync())
            .and_then(|()| segment.file.set_len(length));
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
