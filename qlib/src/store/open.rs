//! Opening and closing a store.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::log::snapshot::Fault;
use crate::log::{
    Directory, Disk, End, FileLog, Log, MemoryLog, Replay, Retention, Sizes, Snapshots, is_snapshot,
};
use crate::model::{Clock, Commit, Image, LogError, Result, Revision};
use crate::store::behind::Replays;
use crate::store::checkpoint::{Checkpoints, Plan};
use crate::store::core::applied;
use crate::store::history::{Feeder, History};
use crate::store::replay::{Archive, load_newest, load_restored};
use crate::store::window::Window;
use crate::store::{HistoryLimits, Progress, Shared, Store, WindowLimits, system};
use crate::tree::Tree;

/// How long an opening takes before it tells of its progress, and how often it does.
const PATIENCE: Duration = Duration::from_secs(1);
const TELL_EVERY: Duration = Duration::from_millis(100);

type OnProgress = Box<dyn FnMut(Progress)>;

/// How a store is opened.
///
/// ```
/// # fn main() -> qlib::Result<()> {
/// # let folder = std::env::temp_dir().join(format!("qlib-options-{}", std::process::id()));
/// let store = qlib::Store::options()
///     .on_progress(|progress| println!("{} of {} bytes", progress.read, progress.of))
///     .open(&folder)?;
/// # store.close()?;
/// # std::fs::remove_dir_all(&folder).ok();
/// # Ok(())
/// # }
/// ```
#[must_use = "options open nothing by themselves"]
pub struct StoreOptions {
    clock: Clock,
    window: WindowLimits,
    history: HistoryLimits,
    buffered: bool,
    must_exist: bool,
    sizes: Sizes,
    plan: Plan,
    on_progress: Option<OnProgress>,
}

impl fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "options of a store, buffered: {}", self.buffered)
    }
}

impl StoreOptions {
    /// The clock by which commits are stamped; the application's unless this says else.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How much of the newest commits is kept in memory.
    pub fn window(mut self, window: WindowLimits) -> Self {
        self.window = window;
        self
    }

    /// How much of what fields held is kept, where they declare a history.
    pub fn history(mut self, history: HistoryLimits) -> Self {
        self.history = history;
        self
    }

    /// Commits return when they are applied and do not wait for the disk, which follows within
    /// milliseconds: a crash of the machine loses what was acknowledged in them.
    /// [`CommitFuture::durable`](crate::CommitFuture::durable) still waits.
    pub fn buffered(mut self) -> Self {
        self.buffered = true;
        self
    }

    /// Refuses a directory that holds no store, and does not begin one there: for tools, whose user
    /// may have mistyped the path.
    ///
    /// ```
    /// use qlib::{Error, LogError, Store};
    /// let mistyped = Store::options().must_exist().open("/no/such/store");
    /// assert!(matches!(mistyped, Err(Error::Log(LogError::Missing { .. }))));
    /// ```
    pub fn must_exist(mut self) -> Self {
        self.must_exist = true;
        self
    }

    /// Is called while the store opens, if that takes more than a second.
    pub fn on_progress(mut self, tell: impl FnMut(Progress) + 'static) -> Self {
        self.on_progress = Some(Box::new(tell));
        self
    }

    /// How much of the log is kept behind the snapshots that make it needless, for what reads the
    /// past. Two snapshots, and the log behind the older one, are always kept.
    pub fn retention(mut self, retention: Retention) -> Self {
        self.plan.retention = retention;
        self
    }

    /// How much of the log is kept for durable cursors, where that is more than is kept anyway: 4 GiB
    /// or 30 days, whichever is less, unless this says else. A handler whose cursor lags further is told
    /// [`Lagged`](crate::Lagged).
    pub fn cursor_max_lag(mut self, lag: Retention) -> Self {
        self.plan.cursor_max_lag = lag;
        self
    }

    /// Bytes of the log between two snapshots.
    #[cfg(test)]
    pub(crate) fn snapshot_every(mut self, bytes: u64) -> Self {
        self.plan.every = bytes;
        self
    }

    #[cfg(test)]
    pub(crate) fn sizes(mut self, sizes: Sizes) -> Self {
        self.sizes = sizes;
        self
    }

    /// Opens the store in a directory, or begins one there.
    ///
    /// # Errors
    /// [`Error::Log`](crate::Error::Log): another process has it open, a file is damaged or of a
    /// newer version, the directory holds something else, or the disk refuses.
    pub fn open(self, path: impl AsRef<Path>) -> Result<Store> {
        if self.must_exist {
            Directory::must_hold(path.as_ref(), is_ours)?;
        }
        let directory = Directory::open(path.as_ref(), is_ours)?;
        self.open_disk(Arc::new(directory))
    }

    /// Opens the store that a disk holds, or begins one there.
    pub(crate) fn open_disk(self, disk: Arc<dyn Disk>) -> Result<Store> {
        let mut damaged = Vec::new();
        let mut note = |revision: Revision, fault: Fault| {
            damaged.push(format!("the snapshot of revision {revision}: {fault}").into());
        };
        let snapshots = Snapshots::open(Arc::clone(&disk), &mut note);
        let snapshots = snapshots.map_err(|error| LogError::io("snapshots", "listed", &error))?;
        let mut replaying = Replaying {
            tree: Tree::default(),
            window: Window::new(self.window, End::START.position()),
            disk: Arc::clone(&disk),
            feeder: History::open(Arc::clone(&disk), self.history)?,
            restored: None,
            read: 0,
            on_progress: self.on_progress,
            began: Instant::now(),
            told: Instant::now(),
        };
        let (tree, from) = load_newest(
            &snapshots,
            Revision::MAX,
            |read, saved| {
                replaying.read = saved.bytes;
                replaying.tell(read, saved.bytes, saved.revision);
            },
            &mut note,
        );
        replaying.tree = tree;
        replaying.feeder.begin(&replaying.tree);
        replaying.window = Window::new(self.window, from.position());
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
        let history = Arc::clone(feeder.history());
        let unused = snapshots.remove_beyond(tree.revision());
        unused.map_err(|error| LogError::io("an unused snapshot", "removed", &error))?;
        let checkpoints = Checkpoints::begin(
            Arc::clone(&disk),
            snapshots,
            history,
            &log,
            self.clock.clone(),
            self.plan,
        )?;
        let replays = Replays::new(Archive {
            disk: Arc::clone(&disk),
            group: log.parts().0,
            holds: Arc::clone(checkpoints.holds()),
        });
        let mut shared = Shared::new(Box::new(log), self.clock, tree, window, feeder);
        shared.buffered = self.buffered;
        shared.cut = cut;
        shared.damaged_snapshots = damaged;
        shared.change(|core| {
            core.disk = Some(disk);
            core.checkpoints = Some(checkpoints);
            core.replays = Some(replays);
        })?;
        let store = Store::begin(shared)?;
        if let Some(group) = &store.shared.group {
            group.wait_durable(store.revision())?;
        }
        Ok(store)
    }
}

/// Whether a file of that name belongs to a store.
pub(super) fn is_ours(name: &str) -> bool {
    FileLog::is_ours(name) || is_snapshot(name)
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

impl Store {
    /// A store that ends with the process, for tests and for what need not last.
    ///
    /// # Errors
    /// None that a new store can have; the signature is that of every store.
    pub fn memory() -> Result<Self> {
        Self::memory_with(Clock::current(), WindowLimits::default())
    }

    /// A store in memory with a clock and a recent window of its own.
    ///
    /// # Errors
    /// Those of [`Store::memory`].
    pub fn memory_with(clock: Clock, window: WindowLimits) -> Result<Self> {
        let log = Box::<MemoryLog>::default();
        let window = Window::new(window, log.end().position());
        Self::begin(Shared::new(
            log,
            clock,
            Tree::default(),
            window,
            Feeder::in_memory(HistoryLimits::default()),
        ))
    }

    /// Opens the store in a directory, or begins one there. What was acknowledged is on the disk:
    /// awaiting a commit waits for that.
    ///
    /// One process at a time has a directory open; it lets go of it by [`Store::close`], or when the
    /// last handle is dropped.
    ///
    /// ```
    /// # use qlib::{Kind, Schema, Store};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> qlib::Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("qlib-open-{}", std::process::id()));
    /// let store = Store::open(&folder)?;
    /// store.set_schema(Schema::new("Lamp").field("Brightness", Kind::Int)).await?;
    /// store.close()?;
    ///
    /// let again = Store::open(&folder)?;
    /// assert!(again.schema("Lamp").is_ok());
    /// # drop(again);
    /// # std::fs::remove_dir_all(&folder).ok();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`StoreOptions::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::options().open(path)
    }

    /// How to open a store, to say more than where it is.
    pub fn options() -> StoreOptions {
        StoreOptions {
            clock: Clock::current(),
            window: WindowLimits::default(),
            history: HistoryLimits::default(),
            buffered: false,
            must_exist: false,
            sizes: Sizes::default(),
            plan: Plan::default(),
            on_progress: None,
        }
    }

    /// An empty store gets its first commit.
    fn begin(shared: Shared) -> Result<Self> {
        let store = Self {
            shared: Arc::new(shared),
            author: Arc::default(),
            holder: super::Holder::Anybody,
        };
        if store.shared.read().tree.is_empty() {
            store.submit_checked(system::genesis(), Vec::new())?;
        }
        Ok(store)
    }

    /// Takes no further commits, blocks the thread until those that were taken are on the disk, and
    /// lets go of the directory. Reading goes on. Dropping the last handle does the same, but nobody
    /// learns of an error then.
    ///
    /// On the memory log there is nothing to wait for, and commits are still taken.
    ///
    /// # Errors
    /// [`Error::StoreFailed`](crate::Error::StoreFailed), [`Error::InsideView`](crate::Error::InsideView),
    /// [`Error::Log`](crate::Error::Log): the history is not written; the log has it, and the next
    /// opening reads it from there.
    pub fn close(&self) -> Result<()> {
        let (wait, checkpoints, replays, disk) = self.shared.change(|core| {
            let (checkpoints, replays) = (core.checkpoints.take(), core.replays.take());
            (core.log.close(), checkpoints, replays, core.disk.take())
        })?;
        let closed = wait();
        // One that is being written uses the history too.
        drop(checkpoints);
        drop(replays);
        let history = Arc::clone(self.shared.read().feeder.history());
        let flushed = history.close(self.shared.clock.now(), closed.is_ok());
        drop(disk);
        closed.and(flushed.map_err(Into::into))
    }
}
