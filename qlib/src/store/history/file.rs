//! A file of blocks, open for reading.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use prost::Message;
use smol_str::SmolStr;

use crate::log::disk::File;
use crate::log::frame;
use crate::model::LogError;
use crate::wire::proto::history::Entry;

/// So many damages are reported; a disk that is broken has more.
const REPORTS: usize = 1_000;

/// A part of the history on disk that cannot be read. The rest can.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the history file {file} is damaged at byte {offset}: {reason}")]
pub struct HistoryDamage {
    /// The file.
    pub file: SmolStr,
    /// Where in the file.
    pub offset: u64,
    /// What is wrong there.
    pub reason: Box<str>,
}

/// The damages that were found so far.
#[derive(Default, Debug)]
pub(super) struct Reports(Mutex<Vec<HistoryDamage>>);

impl Reports {
    /// Reports a damage, once.
    pub(super) fn add(&self, file: &str, offset: u64, reason: &str) {
        let damage = HistoryDamage {
            file: file.into(),
            offset,
            reason: reason.into(),
        };
        let mut reports = self.0.lock();
        if reports.len() < REPORTS && !reports.contains(&damage) {
            tracing::warn!("{damage}; what is there is left out");
            reports.push(damage);
        }
    }

    pub(super) fn all(&self) -> Vec<HistoryDamage> {
        self.0.lock().clone()
    }
}

/// A file of blocks.
#[derive(Debug)]
pub(super) struct BlockFile {
    pub(super) name: String,
    /// How long its blocks are kept.
    pub(super) keep: Duration,
    pub(super) file: Box<dyn File>,
    pub(super) reports: Arc<Reports>,
}

impl BlockFile {
    /// Reads the entry in a frame of `length` bytes. `None` where it is damaged, which is then
    /// reported.
    ///
    /// # Errors
    /// [`LogError::Io`].
    pub(super) fn entry(&self, offset: u64, length: u32) -> Result<Option<Entry>, LogError> {
        let mut bytes = vec![0; length as usize];
        let read = self.file.read_at(offset, &mut bytes);
        let read = read.map_err(|error| unread(&self.name, &error))?;
        bytes.truncate(read);
        let entry = entry(&bytes.into(), 0).map(|(entry, _)| entry);
        if entry.is_none() {
            self.report(offset, "no whole block, or one with a wrong checksum");
        }
        Ok(entry)
    }

    pub(super) fn report(&self, offset: u64, reason: &str) {
        self.reports.add(&self.name, offset, reason);
    }
}

/// The entry in the frame at `offset`, if it is intact, and where the next frame begins.
pub(super) fn entry(bytes: &Bytes, offset: usize) -> Option<(Entry, usize)> {
    let message = frame::read(bytes, offset)?;
    let next = offset + frame::HEAD + message.len();
    Some((Entry::decode(message).ok()?, next))
}

/// The error of a file that cannot be read.
pub(super) fn unread(file: &str, error: &std::io::Error) -> LogError {
    LogError::io(file, "read", error)
}

/// The error of a file that cannot be written.
pub(super) fn unwritten(file: &str, error: &std::io::Error) -> LogError {
    LogError::io(file, "written", error)
}
