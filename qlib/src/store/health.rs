//! How a store stands with its disk.

use std::future::{Future, poll_fn};
use std::sync::Arc;

use crate::log::Cut;
use crate::model::{LogError, Revision};
use crate::store::Store;
use crate::store::checkpoint::Checkpoints;
use crate::store::follow::Role;

/// How a store stands with its disk.
#[derive(Clone, PartialEq, Debug)]
pub struct Health {
    /// The newest revision, which readers in this process see.
    pub applied: Revision,
    /// The newest revision that outlives the process; on the memory log, the newest one.
    pub durable: Revision,
    /// Why the store takes no further commits, if a write has failed, or those of another process
    /// cannot be followed.
    pub failure: Option<LogError>,
    /// Why the newest snapshot could not be written; the log grows until one is.
    pub snapshot_failure: Option<LogError>,
    /// Snapshots that the opening could not use, and why; it used an older one.
    pub damaged_snapshots: Vec<Arc<str>>,
    /// What was being written when the process before this one ended, and is gone.
    pub cut: Option<Cut>,
    /// The process that writes to the store, if it is another one.
    pub writer: Option<Arc<str>>,
}

/// How far an opening is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Bytes that were read.
    pub read: u64,
    /// Bytes that there are.
    pub of: u64,
    /// The newest revision that was read.
    pub revision: Revision,
}

impl Store {
    /// How the store stands with its disk.
    ///
    /// ```
    /// # use qlib::Store;
    /// # fn main() -> qlib::Result<()> {
    /// let health = Store::memory()?.health();
    /// assert_eq!((health.durable, health.failure), (health.applied, None));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn health(&self) -> Health {
        let core = self.shared.read();
        let group = self.shared.group.get();
        let failed = match &*self.shared.role.borrow() {
            Role::Failed(failure) => Some(failure.clone()),
            _ => None,
        };
        let beside = core.beside.clone();
        let health = Health {
            applied: core.tree.revision(),
            durable: core.log.durable(),
            failure: group.and_then(|group| group.failure()).or(failed),
            snapshot_failure: core.checkpoints.as_ref().and_then(Checkpoints::failure),
            damaged_snapshots: core.damaged_snapshots.clone(),
            cut: core.cut.clone(),
            writer: None,
        };
        drop(core);
        Health {
            writer: beside.map(|beside| beside.holder()),
            ..health
        }
    }

    /// Completes with the reason when the store takes no further commits.
    pub(crate) fn failed(&self) -> impl Future<Output = LogError> + use<> {
        let group = self.shared.group.get().cloned();
        let mut ticket = None;
        poll_fn(move |context| match &group {
            Some(group) => group.poll_failed(&mut ticket, context),
            None => std::task::Poll::Pending,
        })
    }
}
