//! What only the disk still knows: a snapshot, and the log behind it.

use std::sync::Arc;

use crate::log::snapshot::Fault;
use crate::log::{Disk, End, LogReader, Replay, Saved, Snapshots};
use crate::model::{Commit, Error, Image, LogError, Result, Revision};
use crate::store::Store;
use crate::store::backup::load;
use crate::tree::Tree;

/// Loads the newest good snapshot at or before a revision, and tells `note` of those that are not;
/// what there is before any is an empty tree.
pub(super) fn load_newest(
    snapshots: &Snapshots,
    until: Revision,
    mut progress: impl FnMut(u64, Saved),
    note: &mut impl FnMut(Revision, Fault),
) -> (Tree, End) {
    let saved = snapshots.saved().iter().rev();
    for newest in saved.filter(|saved| saved.revision <= until) {
        let input = snapshots.read(newest.revision).map_err(Fault::Io);
        match input.and_then(|input| load(input, |read| progress(read, *newest))) {
            Ok(loaded) => return loaded,
            Err(fault) => note(newest.revision, fault),
        }
    }
    (Tree::default(), End::START)
}

/// Reads what was restored as a revision.
///
/// # Errors
/// [`LogError::Damaged`], [`LogError::Io`]
pub(super) fn load_restored(disk: &dyn Disk, revision: Revision) -> Result<Arc<Image>, LogError> {
    let name = Snapshots::restored_name(revision);
    let input = Snapshots::read_restored(disk, revision)
        .map_err(|error| LogError::io(&name, "opened", &error))?;
    match load(input, |_| {}) {
        Ok((tree, _)) => Ok(Arc::new(tree.image())),
        Err(fault) => Err(LogError::Damaged {
            file: name.into(),
            offset: 0,
            first: revision,
            reason: fault.to_string().into(),
        }),
    }
}

/// A tree to which the commits of a log are applied.
pub(super) struct TreeReplay<'a> {
    pub(super) tree: Tree,
    pub(super) disk: &'a dyn Disk,
}

impl Replay for TreeReplay<'_> {
    type Names = Tree;

    fn names(&self) -> &Tree {
        &self.tree
    }

    fn take(&mut self, commit: Commit, end: End) -> Result<()> {
        self.tree.apply(&commit, end.revision, end.time).map(drop)
    }

    fn restored(&mut self, revision: Revision) -> Result<Arc<Image>, LogError> {
        load_restored(self.disk, revision)
    }
}

/// The tree at a revision that is durable, and a reader of the log behind it.
///
/// # Errors
/// [`LogError::BeyondRetention`] names the oldest revision for which this can be done.
pub(super) fn tree_at(
    disk: &Arc<dyn Disk>,
    revision: Revision,
) -> Result<(Tree, LogReader), LogError> {
    let mut damaged = |revision, fault: Fault| {
        tracing::warn!(revision, %fault, "a snapshot cannot be read, an older one is");
    };
    let snapshots = Snapshots::open(Arc::clone(disk), &mut damaged)
        .map_err(|error| LogError::io("snapshots", "listed", &error))?;
    let (tree, end) = load_newest(&snapshots, revision, |_, _| {}, &mut damaged);
    let mut log = LogReader::new(end);
    let mut replay = TreeReplay {
        tree,
        disk: &**disk,
    };
    log.read(&**disk, revision, &mut replay)
        .map_err(|error| match error {
            LogError::BeyondRetention { revision, first } => {
                let oldest = snapshots.saved().first();
                LogError::BeyondRetention {
                    revision,
                    first: oldest.map_or(first, |oldest| oldest.revision),
                }
            }
            other => other,
        })?;
    Ok((replay.tree, log))
}

impl Store {
    /// The tree at a revision that has left the window, where there is a disk that knows it.
    pub(super) fn tree_on_disk(&self, revision: Revision) -> Result<Option<Tree>> {
        let Some(disk) = self.shared.read().disk.clone() else {
            return Ok(None);
        };
        if let Some(group) = self.shared.group.get() {
            group.wait_durable(revision)?;
        }
        match tree_at(&disk, revision) {
            Ok((tree, _)) => Ok(Some(tree)),
            Err(LogError::BeyondRetention { first, .. }) => Err(Error::OutOfReach {
                revision,
                oldest: first,
                newest: self.revision(),
            }),
            Err(error) => Err(error.into()),
        }
    }
}
