//! Where commits are ordered and made durable.

pub(crate) mod disk;
pub(crate) mod frame;
mod memory;

use std::fmt::Debug;

use crate::model::{Commit, Receipt, Result, Revision, Timestamp};

pub(crate) use memory::MemoryLog;

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
    fn reserve(&mut self, commit: &Commit) -> Result<()>;

    /// Takes a commit that was applied at the place that [`Log::next`] gave.
    fn append(&mut self, commit: &Commit, receipt: Receipt);

    /// The newest revision that outlives the process.
    fn durable(&self) -> Revision;
}
