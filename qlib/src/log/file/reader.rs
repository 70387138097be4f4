//! Reading on in a log that goes on.

use std::io;

use crate::log::End;
use crate::log::disk::Disk;
use crate::log::file::replay::Replay;
use crate::log::file::segment_reader::{Next, Reading, SegmentReader, numbers};
use crate::model::{LogError, Result, Revision};

/// Reads the commits of a directory behind a position, and again what has come since, while this
/// process or another writes.
///
/// It reads no further than it is told to: what lies behind that may be half written.
#[derive(Debug)]
pub(crate) struct LogReader {
    reading: Reading,
    /// The segment that is read; `None` before the first.
    segment: Option<SegmentReader>,
}

impl LogReader {
    /// Reads nothing yet; [`LogReader::read`] begins behind `from`.
    pub(crate) fn new(from: End) -> Self {
        Self {
            reading: Reading::new(from),
            segment: None,
        }
    }

    /// Where the commits end that were handed out.
    pub(crate) fn end(&self) -> End {
        self.reading.end()
    }

    /// Hands the commits up to revision `until`, which must be durable, to `replay`. After an error,
    /// what was handed out is not to be used further.
    ///
    /// # Errors
    /// [`LogError::BeyondRetention`]: files were removed that it would have to read.
    /// [`LogError::Damaged`]: they hold something else than the continuation of what it read, or less.
    /// [`LogError::Io`], [`LogError::NewerVersion`].
    pub(crate) fn read(
        &mut self,
        disk: &dyn Disk,
        until: Revision,
        replay: &mut impl Replay,
    ) -> Result<(), LogError> {
        while self.end().revision < until {
            let segment = match &mut self.segment {
                Some(segment) => segment,
                None => self
                    .segment
                    .insert(segment_behind(disk, None, self.reading.end())?),
            };
            let next = segment.next(&mut self.reading, replay);
            let end = self.reading.end();
            match next.map_err(|error| or_removed(error, end))? {
                Next::Record => {}
                Next::Seal => {
                    let next = segment_behind(disk, Some(segment.number), end)?;
                    self.segment = Some(next);
                }
                Next::Nothing => {
                    let reason = format!("revision {until} was written, and is not here");
                    return Err(segment.damage(end, reason));
                }
            }
        }
        Ok(())
    }
}

/// What a commit restored is in a file of its own, which goes with the log before it.
fn or_removed(error: LogError, end: End) -> LogError {
    match error {
        LogError::Io {
            kind: io::ErrorKind::NotFound,
            ..
        } => LogError::BeyondRetention {
            revision: end.revision,
            first: end.revision + 2,
        },
        other => other,
    }
}

/// The segment that holds what comes behind a position, if it is not the one that was read last.
fn segment_behind(
    disk: &dyn Disk,
    last: Option<u64>,
    position: End,
) -> Result<SegmentReader, LogError> {
    let names = disk.list();
    let names = names.map_err(|error| LogError::io("the directory", "listed", &error))?;
    let mut oldest = None;
    for number in numbers(&names).into_iter().rev() {
        if last == Some(number) {
            break;
        }
        let opened = SegmentReader::open(disk, number);
        let segment = match opened {
            // It was removed since.
            Err(LogError::Io {
                kind: io::ErrorKind::NotFound,
                ..
            }) => return segment_behind(disk, last, position),
            opened => opened?,
        };
        match segment.first_revision()? {
            Some(first) if first <= position.revision + 1 => return Ok(segment),
            Some(first) => oldest = Some(first),
            None => {}
        }
    }
    Err(match oldest {
        Some(first) => LogError::BeyondRetention {
            revision: position.revision,
            first,
        },
        None => LogError::Damaged {
            file: "the log".into(),
            offset: 0,
            first: position.revision + 1,
            reason: "a file is missing".into(),
        },
    })
}
