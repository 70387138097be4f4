//! Where commits are ordered and made durable.

pub(crate) mod disk;
mod file;
mod followed;
pub(crate) mod frame;
mod holds;
mod memory;
pub(crate) mod snapshot;
mod snapshots;

use std::fmt::Debug;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::model::{Commit, Position, Receipt, Result, Revision, Timestamp};
use crate::wire::log::Names;

pub(crate) use disk::{Directory, Disk};
#[cfg(test)]
pub(crate) use disk::{Faults, Leaves, Simulated};
pub use file::Cut;
pub(crate) use file::{FileLog, Group, InUse, LogReader, Published, Replay, Sizes};
pub(crate) use followed::FollowedLog;
pub(crate) use holds::{Hold, Holds};
pub(crate) use memory::MemoryLog;
pub use snapshots::Retention;
pub(crate) use snapshots::{Saved, Snapshots, is_snapshot};

/// Where a log ends: the position of its newest commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct End {
    pub(crate) revision: Revision,
    pub(crate) time: Timestamp,
    pub(crate) chain: u64,
    pub(crate) epoch: u64,
}

impl End {
    /// The end of a log that holds nothing.
    pub(crate) const START: Self = Self {
        revision: 0,
        time: Timestamp::EPOCH,
        chain: 0,
        epoch: 1,
    };

    /// The place behind it.
    pub(crate) fn position(&self) -> Position {
        Position {
            epoch: self.epoch,
            revision: self.revision,
            chain: self.chain,
            read: None,
        }
    }

    /// Goes on behind a record.
    fn advance(&mut self, time: Timestamp, commit: &[u8], is_restore: bool) {
        self.revision += 1;
        self.time = time;
        self.chain = xxh3_64_with_seed(commit, self.chain);
        self.epoch += u64::from(is_restore);
    }
}

/// Whether there is room for a commit.
pub(crate) enum Room {
    /// There is.
    Here,
    /// There may be after this: let go of the commit lock, call it, and ask again. Its error is why
    /// there is none.
    After(Box<dyn FnOnce() -> Result<()>>),
}

/// The order of commits, and what outlives the process of them. A store calls it under its commit
/// lock: [`Log::next`] and [`Log::reserve`], then it applies the commit, then [`Log::append`].
pub(crate) trait Log: Send + Sync + Debug {
    /// What the log is called in reports.
    fn name(&self) -> &'static str;

    /// The place and the time that the next commit gets. The time never goes back.
    fn next(&self, now: Timestamp) -> Receipt;

    /// Makes sure that there is room for a commit.
    ///
    /// # Errors
    /// There is none; the commit is not applied then.
    fn reserve(&mut self, commit: &Commit) -> Result<Room>;

    /// Takes a commit that was applied at the place that [`Log::next`] gave. `names` are those before
    /// it, if it changes any. Says where the log ends now.
    fn append(&mut self, commit: &Commit, names: &dyn Names, receipt: Receipt) -> End;

    /// The position of the newest commit.
    fn end(&self) -> End;

    /// Bytes of the commits that were taken since the snapshot from which the log was opened.
    fn written(&self) -> u64 {
        0
    }

    /// The newest revision that outlives the process.
    fn durable(&self) -> Revision;

    /// Where one can wait for commits to outlive the process; `None` if all do that ever will.
    fn group(&self) -> Option<&Arc<Group>> {
        None
    }

    /// Takes no further commits. What is returned waits until those that were taken are on the disk.
    fn close(&mut self) -> Box<dyn FnOnce() -> Result<()>> {
        Box::new(|| Ok(()))
    }
}
