//! The log that ends with the process.

use crate::log::{Log, Room};
use crate::model::{Commit, Receipt, Result, Revision, Timestamp};
use crate::wire::log::Names;

/// A log that keeps nothing: it promises no durability, so nothing waits for it.
#[derive(Debug, Default)]
pub(crate) struct MemoryLog {
    revision: Revision,
    time: Timestamp,
}

impl Log for MemoryLog {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn next(&self, now: Timestamp) -> Receipt {
        Receipt {
            revision: self.revision + 1,
            time: now.max(self.time),
            value: (),
        }
    }

    fn reserve(&mut self, _commit: &Commit) -> Result<Room> {
        Ok(Room::Here)
    }

    fn append(&mut self, _commit: &Commit, _names: &dyn Names, receipt: Receipt) {
        self.revision = receipt.revision;
        self.time = receipt.time;
    }

    fn durable(&self) -> Revision {
        self.revision
    }
}
