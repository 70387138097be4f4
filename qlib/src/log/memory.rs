//! The log that ends with the process.

use std::hash::{BuildHasher, Hasher, RandomState};

use crate::log::{End, Log, Room};
use crate::model::{Commit, Receipt, Result, Revision, Timestamp};
use crate::wire::log::Names;

/// A log that keeps nothing: it promises no durability, so nothing waits for it.
#[derive(Debug)]
pub(crate) struct MemoryLog {
    end: End,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self {
            end: End {
                // Of each log another: a position of one is none of another.
                chain: RandomState::new().build_hasher().finish(),
                ..End::START
            },
        }
    }
}

impl Log for MemoryLog {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn next(&self, now: Timestamp) -> Receipt {
        Receipt {
            revision: self.end.revision + 1,
            time: now.max(self.end.time),
            value: (),
        }
    }

    fn reserve(&mut self, _commit: &Commit) -> Result<Room> {
        Ok(Room::Here)
    }

    fn append(&mut self, commit: &Commit, _names: &dyn Names, receipt: Receipt) -> End {
        self.end.epoch += u64::from(commit.is_restore());
        self.end.revision = receipt.revision;
        self.end.time = receipt.time;
        self.end
    }

    fn end(&self) -> End {
        self.end
    }

    fn durable(&self) -> Revision {
        self.end.revision
    }
}
