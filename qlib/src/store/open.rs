//! Opening and closing a store.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::log::{Directory, Disk, FileLog, Log, MemoryLog, Retention, Sizes, is_snapshot};
use crate::model::{Clock, Result};
use crate::store::checkpoint::Plan;
use crate::store::history::Feeder;
use crate::store::load::{OnProgress, Settings};
use crate::store::window::Window;
use crate::store::{HistoryLimits, Progress, Shared, Store, WindowLimits, system};
use crate::tree::Tree;

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
    pub(super) settings: Settings,
    must_exist: bool,
    pub(super) access: Access,
    pub(super) on_progress: Option<OnProgress>,
}

/// What a process wants of a directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Access {
    /// To write, now.
    Write,
    /// To write, once no other process does.
    StandBy,
    /// To read.
    Read,
}

impl fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "options of a store, access: {:?}", self.access)
    }
}

impl StoreOptions {
    /// The clock by which commits are stamped; the application's unless this says else.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.settings.clock = clock;
        self
    }

    /// How much of the newest commits is kept in memory.
    pub fn window(mut self, window: WindowLimits) -> Self {
        self.settings.window = window;
        self
    }

    /// How much of what fields held is kept, where they declare a history.
    pub fn history(mut self, history: HistoryLimits) -> Self {
        self.settings.history = history;
        self
    }

    /// Commits return when they are applied and do not wait for the disk, which follows within
    /// milliseconds: a crash of the machine loses what was acknowledged in them.
    /// [`CommitFuture::durable`](crate::CommitFuture::durable) still waits.
    pub fn buffered(mut self) -> Self {
        self.settings.buffered = true;
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

    /// Opens the store also where another process writes to it, and stands by: it follows what that
    /// one commits, answers reads, queries and subscriptions, and refuses commits with
    /// [`Error::NotWriter`](crate::Error::NotWriter). When the other one ends, however it does, this
    /// process writes to the store from then on, through the same handles: [`Store::writer`] tells.
    ///
    /// It sees only what is durable. One that cannot keep up, because files that it would need were
    /// removed, begins again at the newest snapshot: its readers are told
    /// [`Lagged`](crate::Event::Lagged), or [`Resync`](crate::Event::Resync) where the tree was replaced
    /// meanwhile. Where the directory is removed, or another takes its place, [`Store::writer`] says so.
    ///
    /// ```
    /// # use qlib::{Error, Kind, Schema, Store};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> qlib::Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("qlib-standby-{}", std::process::id()));
    /// let writer = Store::open(&folder)?;
    /// let standby = Store::options().standby().open(&folder)?;
    /// let schema = Schema::new("Lamp").field("Brightness", Kind::Int);
    /// let refused = standby.set_schema(schema.clone()).await;
    /// assert!(matches!(refused, Err(Error::NotWriter { .. })));
    /// writer.close()?;
    /// standby.writer().await?;
    /// standby.set_schema(schema).await?;
    /// # standby.close()?;
    /// # std::fs::remove_dir_all(&folder).ok();
    /// # Ok(())
    /// # }
    /// ```
    pub fn standby(mut self) -> Self {
        self.access = Access::StandBy;
        self
    }

    /// Opens the store to read only, beside whoever writes to it, as [`StoreOptions::standby`] does
    /// but without ever becoming the writer. Nothing in the directory is changed, and nothing needs to
    /// be allowed there but to read: a file system that is mounted read-only will do.
    ///
    /// Where nobody writes, it reads all that the log holds, as an opening would; [`Health::cut`] is
    /// what an opening would cut.
    ///
    /// [`Health::cut`]: crate::Health::cut
    pub fn read_only(mut self) -> Self {
        self.access = Access::Read;
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
        self.settings.plan.retention = retention;
        self
    }

    /// How much of the log is kept for durable cursors, where that is more than is kept anyway: 4 GiB
    /// or 30 days, whichever is less, unless this says else. A handler whose cursor lags further is told
    /// [`Lagged`](crate::Lagged).
    pub fn cursor_max_lag(mut self, lag: Retention) -> Self {
        self.settings.plan.cursor_max_lag = lag;
        self
    }

    /// Bytes of the log between two snapshots.
    #[cfg(test)]
    pub(crate) fn snapshot_every(mut self, bytes: u64) -> Self {
        self.settings.plan.every = bytes;
        self
    }

    #[cfg(test)]
    pub(crate) fn sizes(mut self, sizes: Sizes) -> Self {
        self.settings.sizes = sizes;
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
        let directory = match self.access {
            Access::Write => Directory::open(path.as_ref(), is_ours)?,
            Access::StandBy => Directory::beside(path.as_ref(), is_ours)?,
            Access::Read => Directory::to_read(path.as_ref(), is_ours)?,
        };
        match self.access {
            Access::Write => self.open_disk(Arc::new(directory)),
            Access::StandBy | Access::Read => self.follow(Arc::new(directory)),
        }
    }

    /// Opens the store that a disk holds, or begins one there.
    pub(crate) fn open_disk(self, disk: Arc<dyn Disk>) -> Result<Store> {
        let Settings {
            clock, buffered, ..
        } = self.settings.clone();
        let opened = self.settings.open(Arc::clone(&disk), self.on_progress)?;
        let (tree, window, feeder) = (opened.tree, opened.window, opened.feeder);
        let mut shared = Shared::new(Box::new(opened.log), clock, tree, window, feeder);
        shared.buffered = buffered;
        shared.change(|core| {
            core.disk = Some(disk);
            core.checkpoints = Some(opened.checkpoints);
            core.replays = Some(opened.replays);
            core.cut = opened.cut;
            core.damaged_snapshots = opened.damaged_snapshots;
        })?;
        let store = Store::begin(shared)?;
        if let Some(group) = store.shared.group.get() {
            group.wait_durable(store.revision())?;
        }
        Ok(store)
    }
}

/// Whether a file of that name belongs to a store.
pub(super) fn is_ours(name: &str) -> bool {
    FileLog::is_ours(name) || is_snapshot(name)
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
    /// One process at a time writes to a directory; it lets go of it by [`Store::close`], or when the
    /// last handle is dropped. [`StoreOptions::standby`] waits for that.
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
            settings: Settings {
                clock: Clock::current(),
                window: WindowLimits::default(),
                history: HistoryLimits::default(),
                buffered: false,
                sizes: Sizes::default(),
                plan: Plan::default(),
            },
            must_exist: false,
            access: Access::Write,
            on_progress: None,
        }
    }

    /// An empty store gets its first commit.
    pub(super) fn begin(shared: Shared) -> Result<Self> {
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
        if self.stop_following()? {
            return Ok(());
        }
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
