//! Reading the commits of the log one after the other.

use std::sync::Arc;

use crate::log::{End, Replay};
use crate::model::{Applied, Commit, Image, LogError, Result, Revision};
use crate::store::Store;
use crate::store::core::applied;
use crate::store::replay::{Start, TreeReplay};
use crate::tree::Tree;

impl Store {
    /// Shows the commits from a revision on, the oldest first, each with the tree that it left: as far
    /// back as the log is kept. It reads the disk and blocks the thread; commits that others make
    /// meanwhile are not shown. On the memory log it reaches as far as [`Store::at`].
    ///
    /// ```
    /// # use qlib::{Kind, Schema, Store};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> qlib::Result<()> {
    /// let store = Store::memory()?.writing_as("installer");
    /// store.set_schema(Schema::new("Lamp").field("Brightness", Kind::Int)).await?;
    /// let mut writers = Vec::new();
    /// store.read_log(store.revision(), |commit, _| writers.push(commit.author.writer.clone()))?;
    /// assert_eq!(writers, ["installer"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::OutOfReach`](crate::Error::OutOfReach) names the oldest revision behind which the log
    /// is kept. [`Error::Log`](crate::Error::Log), [`Error::OutcomeUnknown`](crate::Error::OutcomeUnknown).
    pub fn read_log(&self, from: Revision, mut see: impl FnMut(&Applied, &Tree)) -> Result<()> {
        let (from, newest) = (from.max(1), self.revision());
        let archive = self.archive();
        let Some(archive) = archive.filter(|_| from <= newest) else {
            for revision in from..=newest {
                let snapshot = self.at(revision)?;
                if let Some(commit) = self.shared.read().window.get(revision) {
                    see(commit, snapshot.tree());
                }
            }
            return Ok(());
        };
        let begin = self.start(&archive, from - 1)?;
        archive.wait_durable(newest)?;
        // Held until everything was read.
        let Start {
            tree,
            mut log,
            hold: _hold,
        } = begin;
        let disk = &*archive.disk;
        let mut seeing = Seeing {
            replay: TreeReplay { tree, disk },
            see,
        };
        Ok(log.read(disk, newest, &mut seeing)?)
    }
}

/// Shows each commit that it takes.
struct Seeing<'a, F> {
    replay: TreeReplay<'a>,
    see: F,
}

impl<F: FnMut(&Applied, &Tree)> Replay for Seeing<'_, F> {
    type Names = Tree;

    fn names(&self) -> &Tree {
        &self.replay.tree
    }

    fn take(&mut self, commit: Commit, end: End) -> Result<()> {
        let tree = &mut self.replay.tree;
        let effects = tree.apply(&commit, end.revision, end.time)?;
        (self.see)(&applied(commit, end, effects), tree);
        Ok(())
    }

    fn restored(&mut self, revision: Revision) -> Result<Arc<Image>, LogError> {
        self.replay.restored(revision)
    }
}
