//! Reading what a disk holds: the newest snapshot, and the log behind it.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::log::snapshot::Fault;
use crate::log::{Cut, Disk, End, FileLog, LogReader, Published, Replay, Sizes, Snapshots};
use crate::model::{Clock, Commit, Image, LogError, Result, Revision};
use crate::store::behind::Replays;
use crate::store::checkpoint::{Checkpoints, Plan};
use crate::store::core::applied;
use crate::store::history::{Feeder, History};
use crate::store::replay::{Archive, load_newest, load_restored};
use crate::store::window::Window;
use crate::store::{HistoryLimits, Progress, WindowLimits};
use crate::tree::Tree;

/// How long an opening takes before it tells of its progress, and how often it does.
const PATIENCE: Duration = Duration::from_secs(1);
const TELL_EVERY: Duration = Duration::from_millis(100);

/// How often the files that were found are gone before they are read, at most.
const ATTEMPTS: usize = 10;

pub(super) type OnProgress = Box<dyn FnMut(Progress)>;

/// How a store keeps what it holds.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) clock: Clock,
    pub(super) window: WindowLimits,
    pub(super) history: HistoryLimits,
    pub(super) buffered: bool,
    pub(super) sizes: Sizes,
    pub(super) plan: Plan,
}

/// What a disk held, and what goes on from there.
pub(super) struct Opened {
    pub(super) tree: Tree,
    pub(super) window: Window,
    pub(super) feeder: Feeder,
    pub(super) log: FileLog,
    pub(super) checkpoints: Checkpoints,
    pub(super) replays: Replays,
    pub(super) cut: Option<Cut>,
    pub(super) damaged_snapshots: Vec<Arc<str>>,
}

/// What a disk held of what is durable, and what reads on.
pub(super) struct Followed {
    pub(super) tree: Tree,
    pub(super) window: Window,
    pub(super) feeder: Feeder,
    pub(super) log: LogReader,
    pub(super) cut: Option<Cut>,
    pub(super) damaged_snapshots: Vec<Arc<str>>,
}

impl Settings {
    /// Reads what a disk holds, to write to it.
    ///
    /// # Errors
    /// [`LogError`]
    pub(super) fn open(
        &self,
        disk: Arc<dyn Disk>,
        on_progress: Option<OnProgress>,
    ) -> Result<Opened, LogError> {
        let mut damaged = Vec::new();
        let mut note = |revision, fault| damaged.push(damage(revision, &fault));
        let feeder = History::open(Arc::clone(&disk), self.history)?;
        let snapshots = Snapshots::open(Arc::clone(&disk), &mut note);
        let snapshots = snapshots.map_err(|error| LogError::io("snapshots", "listed", &error))?;
        let (mut replaying, from) = self.begin(&disk, &snapshots, feeder, on_progress, &mut note);
        let opened = FileLog::open(Arc::clone(&disk), self.sizes, from, &mut replaying);
        let (log, cut) = opened.map_err(|error| because(error, &damaged))?;
        let Replaying {
            tree,
            window,
            mut feeder,
            restored,
            ..
        } = replaying;
        if let Some(revision) = restored {
            let settled = Snapshots::settle_restored(&*disk, revision);
            settled.map_err(|error| LogError::io("what was restored", "renamed", &error))?;
        }
        feeder.replayed(&tree);
        let unused = snapshots.remove_beyond(tree.revision());
        unused.map_err(|error| LogError::io("an unused snapshot", "removed", &error))?;
        let history = Arc::clone(feeder.history());
        let clock = self.clock.clone();
        let shared = Arc::clone(&disk);
        let checkpoints = Checkpoints::begin(shared, snapshots, history, &log, clock, self.plan)?;
        let replays = Replays::new(Archive {
            disk,
            group: Some(log.parts().0),
            holds: Arc::clone(checkpoints.holds()),
        });
        Ok(Opened {
            tree,
            window,
            feeder,
            log,
            checkpoints,
            replays,
            cut,
            damaged_snapshots: damaged,
        })
    }

    /// Reads what a disk holds, to follow those who write to it: what is durable, or all of it where
    /// nobody writes.
    ///
    /// # Errors
    /// [`LogError`]
    pub(super) fn follow(
        &self,
        disk: &Arc<dyn Disk>,
        is_written: bool,
        mut on_progress: Option<OnProgress>,
    ) -> Result<Followed, LogError> {
        let mut attempts = ATTEMPTS;
        loop {
            attempts -= 1;
            match self.try_follow(disk, is_written, on_progress.take()) {
                // The writer went on, and removed what was found before.
                Err(error) if attempts > 0 && is_gone(&error) => {}
                outcome => return outcome,
            }
        }
    }

    fn try_follow(
        &self,
        disk: &Arc<dyn Disk>,
        is_written: bool,
        on_progress: Option<OnProgress>,
    ) -> Result<Followed, LogError> {
        let mut damaged = Vec::new();
        let mut note = |revision, fault| damaged.push(damage(revision, &fault));
        let feeder = History::open_beside(Arc::clone(disk), self.history)?;
        let snapshots = Snapshots::open(Arc::clone(disk), &mut note);
        let snapshots = snapshots.map_err(|error| LogError::io("snapshots", "listed", &error))?;
        let (mut replaying, from) = self.begin(disk, &snapshots, feeder, on_progress, &mut note);
        let read = if is_written {
            let mut log = LogReader::new(from);
            let until = Published::read(&**disk)?;
            let read = log.read(&**disk, until, &mut replaying);
            read.map(|()| (log, None))
        } else {
            FileLog::look(&**disk, from, &mut replaying)
        };
        let (log, cut) = read.map_err(|error| because(error, &damaged))?;
        let Replaying {
            tree,
            window,
            mut feeder,
            ..
        } = replaying;
        feeder.replayed(&tree);
        Ok(Followed {
            tree,
            window,
            feeder,
            log,
            cut,
            damaged_snapshots: damaged,
        })
    }

    /// Loads the newest snapshot, behind which the log is replayed.
    fn begin(
        &self,
        disk: &Arc<dyn Disk>,
        snapshots: &Snapshots,
        feeder: Feeder,
        on_progress: Option<OnProgress>,
        note: &mut impl FnMut(Revision, Fault),
    ) -> (Replaying, End) {
        let mut replaying = Replaying {
            tree: Tree::default(),
            window: Window::new(self.window, End::START.position()),
            disk: Arc::clone(disk),
            feeder,
            restored: None,
            read: 0,
            on_progress,
            began: Instant::now(),
            told: Instant::now(),
        };
        let progress = |read, saved: crate::log::Saved| {
            replaying.read = saved.bytes;
            replaying.tell(read, saved.bytes, saved.revision);
        };
        let (tree, from) = load_newest(snapshots, Revision::MAX, progress, note);
        replaying.tree = tree;
        replaying.feeder.begin(&replaying.tree);
        replaying.window = Window::new(self.window, from.position());
        (replaying, from)
    }
}

/// What is said of a snapshot that cannot be used.
fn damage(revision: Revision, fault: &Fault) -> Arc<str> {
    format!("the snapshot of revision {revision}: {fault}").into()
}

/// Whether files were removed while they were read.
fn is_gone(error: &LogError) -> bool {
    match error {
        LogError::BeyondRetention { .. } => true,
        LogError::Io { kind, .. } => *kind == io::ErrorKind::NotFound,
        _ => false,
    }
}

/// An error of the log, with the snapshots that could have spared it.
fn because(error: LogError, damaged: &[Arc<str>]) -> LogError {
    match error {
        LogError::Damaged {
            file,
            offset,
            first,
            reason,
        } if !damaged.is_empty() => LogError::Damaged {
            file,
            offset,
            first,
            reason: format!("{reason} ({})", damaged.join("; ")).into(),
        },
        other => other,
    }
}

/// Takes the commits that a log holds.
struct Replaying {
    tree: Tree,
    window: Window,
    disk: Arc<dyn Disk>,
    feeder: Feeder,
    /// The newest commit that replaced the tree.
    restored: Option<Revision>,
    /// Bytes of the snapshot that was loaded.
    read: u64,
    on_progress: Option<OnProgress>,
    began: Instant,
    told: Instant,
}

impl Replaying {
    fn tell(&mut self, read: u64, of: u64, revision: Revision) {
        let Some(tell) = &mut self.on_progress else {
            return;
        };
        if self.began.elapsed() > PATIENCE && self.told.elapsed() > TELL_EVERY {
            self.told = Instant::now();
            tell(Progress { read, of, revision });
        }
    }
}

impl Replay for Replaying {
    type Names = Tree;

    fn names(&self) -> &Tree {
        &self.tree
    }

    fn take(&mut self, commit: Commit, end: End) -> Result<()> {
        let effects = self.tree.apply(&commit, end.revision, end.time)?;
        let applied = applied(commit, end, effects);
        self.feeder.feed(&applied, &self.tree);
        self.window.push(applied, |_| {});
        Ok(())
    }

    fn restored(&mut self, revision: Revision) -> Result<Arc<Image>, LogError> {
        self.restored = Some(revision);
        load_restored(&*self.disk, revision)
    }

    fn progress(&mut self, read: u64, of: u64) {
        self.tell(self.read + read, self.read + of, self.tree.revision());
    }
}
