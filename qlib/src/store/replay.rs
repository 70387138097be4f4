//! What only the disk still knows: a snapshot, and the log behind it.

use std::io::ErrorKind;
use std::sync::Arc;

use crate::log::snapshot::Fault;
use crate::log::{Disk, End, Group, Hold, Holds, LogReader, Replay, Saved, Snapshots};
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
        Ok((tree, _)) if tree.revision() <= revision => Ok(Arc::new(tree.image())),
        // Its file is gone, and this one without a name yet is of a later restore.
        Ok(_) => Err(LogError::io(&name, "opened", &ErrorKind::NotFound.into())),
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

/// The log and the snapshots on the disk, as those see them who read behind the writer.
#[derive(Clone, Debug)]
pub(crate) struct Archive {
    pub(super) disk: Arc<dyn Disk>,
    /// `None` where another process writes, and what was read of it is durable.
    pub(super) group: Option<Arc<Group>>,
    pub(super) holds: Arc<Holds>,
}

/// The tree at a revision, and what there is to go on from there.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) tree: Tree,
    pub(super) log: LogReader,
    /// Keeps what the reader will need.
    pub(super) hold: Hold,
}

impl Archive {
    /// Keeps what is needed to read on behind a revision.
    ///
    /// # Errors
    /// [`LogError::BeyondRetention`] names the oldest revision for which this can be done.
    pub(super) fn hold(&self, revision: Revision) -> Result<Hold> {
        let hold = self.holds.hold(revision);
        Ok(hold.map_err(|first| LogError::BeyondRetention { revision, first })?)
    }

    /// Loads the tree at a revision that is held, which it waits for until it is durable.
    ///
    /// # Errors
    /// [`Error::Log`], [`Error::OutcomeUnknown`]
    pub(super) fn start(&self, revision: Revision, hold: Hold) -> Result<Start> {
        self.wait_durable(revision)?;
        let mut damaged = |revision, fault: Fault| {
            tracing::warn!(revision, %fault, "a snapshot cannot be read: an older one is");
        };
        let snapshots = Snapshots::open(Arc::clone(&self.disk), &mut damaged)
            .map_err(|error| LogError::io("snapshots", "listed", &error))?;
        let (tree, end) = load_newest(&snapshots, revision, |_, _| {}, &mut damaged);
        let mut log = LogReader::new(end);
        let mut replay = TreeReplay {
            tree,
            disk: &*self.disk,
        };
        log.read(&*self.disk, revision, &mut replay)?;
        Ok(Start {
            tree: replay.tree,
            log,
            hold,
        })
    }

    /// # Errors
    /// [`Error::OutcomeUnknown`]
    pub(super) fn wait_durable(&self, revision: Revision) -> Result<()> {
        let group = self.group.as_ref();
        group.map_or(Ok(()), |group| group.wait_durable(revision))
    }
}

impl Store {
    /// What the disk knows, where there is one.
    pub(super) fn archive(&self) -> Option<Archive> {
        let core = self.shared.read();
        core.replays.as_ref().map(|replays| replays.archive.clone())
    }

    /// The tree at a revision from the disk.
    pub(super) fn start(&self, archive: &Archive, revision: Revision) -> Result<Start> {
        let hold = archive.hold(revision);
        let start = hold.and_then(|hold| archive.start(revision, hold));
        start.map_err(|error| match error {
            Error::Log(LogError::BeyondRetention { first, .. }) => Error::OutOfReach {
                revision,
                oldest: first,
                newest: self.revision(),
            },
            other => other,
        })
    }
}
