//! Who takes the commits that a log holds.

use std::sync::Arc;

use crate::log::End;
use crate::model::{Commit, Image, LogError, Result, Revision};
use crate::wire::log::Names;

/// Who takes the commits that a log holds.
pub(crate) trait Replay {
    /// Who knows the names of types and fields as of the commit that was taken last.
    type Names: Names;

    /// The names as of the commit that was taken last.
    fn names(&self) -> &Self::Names;

    /// Takes the next commit; the log goes up to `end` with it.
    ///
    /// # Errors
    /// Why it cannot be: the log is not what was written then.
    fn take(&mut self, commit: Commit, end: End) -> Result<()>;

    /// The tree that was restored as that revision.
    ///
    /// # Errors
    /// [`LogError`]
    fn restored(&mut self, revision: Revision) -> Result<Arc<Image>, LogError>;

    /// Is told how many bytes of how many were read.
    fn progress(&mut self, _read: u64, _of: u64) {}
}
