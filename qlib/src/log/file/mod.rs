//! The log in a directory. A commit that was acknowledged is on the disk.
//!
//! The commit path encodes into a batch that gathers (`group`), a thread writes and syncs it
//! (`writer`), another fills the next file with zeros (`ahead`). Opening reads all of it and decides
//! what a file that ends badly means (`recover`); those who follow the log read on behind what they
//! have (`reader`).

mod ahead;
mod anew;
mod group;
mod in_use;
#[cfg(all(test, shuttle))]
mod interleavings;
mod published;
mod reader;
mod recover;
mod replay;
mod segment;
mod segment_reader;
mod sync;
mod writer;

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};

use crate::log::disk::Disk;
use crate::log::{End, Log, Room, frame};
use crate::model::{Commit, Error, LogError, Receipt, Result, Revision, Timestamp};
use crate::wire::log::{Encoder, Names};
use crate::wire::proto::log as proto;
use group::Place;
use in_use::Used;
use segment::VERSION;

pub(crate) use group::{Group, Sizes};
pub(crate) use in_use::InUse;
pub(crate) use published::Published;
pub(crate) use reader::LogReader;
pub(crate) use replay::Replay;

/// Bytes of a record besides its commit, at most.
const RECORD: usize = 32;

/// Bytes of room that stay for the next commit, at most.
const ROOM: usize = 64 << 10;

/// Commits that were being written when the process ended, and were not acknowledged: they are gone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cut {
    /// The file that held them.
    pub file: Arc<str>,
    /// Where in the file they began.
    pub offset: u64,
    /// The first revision that is gone.
    pub first: Revision,
    /// The last one that can be made out; what came behind it cannot be known.
    pub last: Revision,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            offset,
            first,
            last,
        } = self;
        write!(
            f,
            "revisions {first} to {last} were being written when the process before this one ended, \
             and were not acknowledged: they are gone ({file}, byte {offset})"
        )
    }
}

/// A log in a directory.
#[derive(Debug)]
pub(crate) struct FileLog {
    group: Arc<Group>,
    encoder: Encoder,
    /// Room to encode a commit: before the lock of the group, and without asking first how long it is.
    encoded: Vec<u8>,
    end: End,
    written: u64,
    segments: Arc<InUse>,
    threads: Vec<JoinHandle<()>>,
}

impl FileLog {
    /// Hands the commits of a directory that come behind `from` to `replay` and goes on behind them.
    ///
    /// # Errors
    /// [`LogError`]
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        sizes: Sizes,
        from: End,
        replay: &mut impl Replay,
    ) -> Result<(Self, Option<Cut>), LogError> {
        let recovered = recover::recover(&*disk, from, replay)?;
        let end = recovered.end;
        Published::open(&*disk)?.set(end.revision)?;
        let group = Arc::new(Group::new(end.revision, recovered.next, sizes));
        let mut log = Self {
            group,
            encoder: Encoder::default(),
            encoded: Vec::new(),
            end,
            written: recovered.written,
            segments: Arc::new(InUse::new(recovered.segments)),
            threads: Vec::new(),
        };
        log.spawn("qlib-log", &disk, writer::run)?;
        log.spawn("qlib-log-ahead", &disk, ahead::run)?;
        Ok((log, recovered.cut))
    }

    /// Hands the commits of a directory that nobody writes to and that come behind `from` to `replay`,
    /// and changes nothing. What is returned reads on behind them; a cut is what an opening would cut.
    ///
    /// # Errors
    /// [`LogError`]
    pub(crate) fn look(
        disk: &dyn Disk,
        from: End,
        replay: &mut impl Replay,
    ) -> Result<(LogReader, Option<Cut>), LogError> {
        let (end, cut) = recover::look(disk, from, replay)?;
        Ok((LogReader::new(end), cut))
    }

    /// Whether a file of that name belongs to a log.
    pub(crate) fn is_ours(name: &str) -> bool {
        segment::number(name).is_some() || segment::is_new(name) || name == published::NAME
    }

    /// Where commits gather, and the segments in use.
    pub(crate) fn parts(&self) -> (Arc<Group>, Arc<InUse>) {
        (Arc::clone(&self.group), Arc::clone(&self.segments))
    }

    fn spawn(
        &mut self,
        name: &'static str,
        disk: &Arc<dyn Disk>,
        run: fn(&dyn Disk, &Group),
    ) -> Result<(), LogError> {
        let (disk, group) = (Arc::clone(disk), Arc::clone(&self.group));
        let spawned = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let running = AssertUnwindSafe(|| run(&*disk, &group));
                if catch_unwind(running).is_err() {
                    let error = io::Error::other("it panicked");
                    group.fail(LogError::io(name, "run", &error));
                }
            });
        let thread = spawned.map_err(|error| LogError::io(name, "started", &error))?;
        self.threads.push(thread);
        Ok(())
    }
}

impl Log for FileLog {
    fn name(&self) -> &'static str {
        "file"
    }

    fn next(&self, now: Timestamp) -> Receipt {
        Receipt {
            revision: self.end.revision + 1,
            time: now.max(self.end.time),
            value: (),
        }
    }

    fn reserve(&mut self, commit: &Commit) -> Result<Room> {
        let room = RECORD + self.encoder.at_most(commit);
        let fresh = || RECORD + Encoder::default().at_most(commit);
        let end = self.end;
        let header = |size| {
            frame::frame(&proto::SegmentHeader {
                version: VERSION,
                epoch: end.epoch,
                revision: end.revision + 1,
                time: end.time.as_nanos(),
                chain: end.chain,
                size,
            })
        };
        match self.group.reserve(room, fresh, header)? {
            Place::Here => {}
            Place::Fresh(number, size) => {
                self.encoder = Encoder::default();
                let first = end.revision + 1;
                self.segments.push(Used {
                    number,
                    first,
                    size,
                });
            }
            Place::After(wait) => {
                let group = Arc::clone(&self.group);
                return Ok(Room::After(Box::new(move || group.wait_for_room(wait))));
            }
        }
        Ok(Room::Here)
    }

    fn append(&mut self, commit: &Commit, names: &dyn Names, receipt: Receipt) -> End {
        let message = match self.encoder.encode(commit, names) {
            Ok(message) => message,
            Err(error) => {
                self.group.fail(LogError::Unwritable {
                    revision: receipt.revision,
                    reason: error.to_string().into(),
                });
                return self.end;
            }
        };
        let elapsed = receipt.time.as_nanos().abs_diff(self.end.time.as_nanos());
        let encoded = &mut self.encoded;
        encoded.clear();
        message.encode_raw(encoded);
        self.end.advance(receipt.time, encoded, commit.is_restore());
        let length = encoded.len();
        self.group.push(receipt.revision, |bytes| {
            let elapsed_length = match elapsed {
                0 => 0,
                _ => 1 + encoded_len_varint(elapsed),
            };
            encode_key(2, WireType::LengthDelimited, bytes);
            let record = elapsed_length + 1 + encoded_len_varint(length as u64) + length;
            encode_varint(record as u64, bytes);
            if elapsed > 0 {
                prost::encoding::uint64::encode(1, &elapsed, bytes);
            }
            encode_key(2, WireType::LengthDelimited, bytes);
            encode_varint(length as u64, bytes);
            bytes.extend_from_slice(encoded);
        });
        encoded.shrink_to(ROOM);
        self.written += length as u64;
        self.end
    }

    fn end(&self) -> End {
        self.end
    }

    fn written(&self) -> u64 {
        self.written
    }

    fn durable(&self) -> Revision {
        self.group.durable()
    }

    fn group(&self) -> Option<&Arc<Group>> {
        Some(&self.group)
    }

    fn close(&mut self) -> Box<dyn FnOnce() -> Result<()>> {
        self.group.close();
        let threads = std::mem::take(&mut self.threads);
        let group = Arc::clone(&self.group);
        Box::new(move || {
            for thread in threads {
                if thread.join().is_err() {
                    return Err(Error::other("a thread of the log panicked"));
                }
            }
            match group.failure() {
                Some(failure) => Err(Error::StoreFailed(failure)),
                None => Ok(()),
            }
        })
    }
}

impl Drop for FileLog {
    fn drop(&mut self) {
        if !self.threads.is_empty()
            && let Err(error) = self.close()()
        {
            tracing::error!(%error, "the store was not closed in order");
        }
    }
}
