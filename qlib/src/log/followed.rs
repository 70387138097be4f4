//! The log that another process writes.

use crate::log::{End, Log, Room};
use crate::model::{Commit, Receipt, Result, Revision, Timestamp};
use crate::wire::log::Names;

/// How far the log of another process was read. No commit is made here: a store refuses them before
/// it asks.
#[derive(Debug)]
pub(crate) struct FollowedLog(pub(crate) End);

impl Log for FollowedLog {
    fn name(&self) -> &'static str {
        "file"
    }

    fn next(&self, now: Timestamp) -> Receipt {
        Receipt {
            revision: self.0.revision + 1,
            time: now.max(self.0.time),
            value: (),
        }
    }

    fn reserve(&mut self, _commit: &Commit) -> Result<Room> {
        Ok(Room::Here)
    }

    fn append(&mut self, _commit: &Commit, _names: &dyn Names, _receipt: Receipt) -> End {
        self.0
    }

    fn end(&self) -> End {
        self.0
    }

    fn durable(&self) -> Revision {
        self.0.revision
    }
}
