//! A store that another process writes to: reading on behind it, and taking its place.

use std::future::Future;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::log::{Directory, Disk, End, FollowedLog, Holds, Log, LogReader, Published, Replay};
use crate::model::{Commit, Error, Image, LogError, Op, Result, Revision};
use crate::store::behind::Replays;
use crate::store::core::{Core, Shared, applied};
use crate::store::history::Feeder;
use crate::store::load::{Followed, Opened, Settings};
use crate::store::open::Access;
use crate::store::replay::{Archive, load_restored};
use crate::store::window::Window;
use crate::store::{Store, StoreOptions};
use crate::tree::Tree;

/// How long it takes at most until it is seen that the writer has published more, or has ended.
const PAUSE: Duration = Duration::from_millis(10);

/// Commits that are read before those who read are told.
const AT_ONCE: u64 = 256;

/// What a process is to the directory of its store.
#[derive(Clone, Debug)]
pub(crate) enum Role {
    /// It writes to it.
    Writer,
    /// It follows the process that does.
    Follower,
    /// It has followed, and cannot any more.
    Failed(LogError),
    /// It has followed, and was closed.
    Closed,
}

/// The thread that follows; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Follower {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl StoreOptions {
    /// Opens the store beside the process that writes to it, if there is one.
    pub(super) fn follow(mut self, directory: Arc<Directory>) -> Result<Store> {
        let takes_over = self.access == Access::StandBy;
        let disk: Arc<dyn Disk> = Arc::clone(&directory) as _;
        let found = loop {
            if takes_over && directory.try_lock()? {
                return self.open_disk(disk);
            }
            let is_written = takes_over || !directory.try_share()?;
            let on_progress = self.on_progress.take();
            let found = self.settings.follow(&disk, is_written, on_progress);
            if !is_written {
                directory.unlock();
            }
            let found = found?;
            if !found.tree.is_empty() {
                break found;
            }
            if !is_written {
                return Err(directory.missing().into());
            }
            // Whoever has the directory is about to begin a store.
            std::thread::sleep(PAUSE);
        };
        let Settings {
            clock, buffered, ..
        } = self.settings.clone();
        let end = found.log.end();
        let log: Box<dyn Log> = Box::new(FollowedLog(end));
        let mut shared = Shared::new(log, clock, found.tree, found.window, found.feeder);
        shared.buffered = buffered;
        let replays = Replays::new(Archive {
            disk: Arc::clone(&disk),
            group: None,
            holds: Arc::new(Holds::new(0)),
        });
        shared.change(|core| {
            core.replays = Some(replays);
            core.disk = Some(Arc::clone(&disk));
            core.beside = Some(Arc::clone(&directory));
            core.cut = found.cut;
            core.damaged_snapshots = found.damaged_snapshots;
        })?;
        shared.role.send_replace(Role::Follower);
        let store = Store::begin(shared)?;
        let (stop, stopped) = channel();
        let following = Following {
            shared: Arc::downgrade(&store.shared),
            directory,
            disk,
            settings: self.settings,
            log: found.log,
            takes_over,
        };
        let name = "qlib-follow";
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || following.run(&stopped))
            .map_err(|error| LogError::io(name, "started", &error))?;
        *store.shared.follower.lock() = Some(Follower { stop, thread });
        Ok(store)
    }
}

struct Following {
    shared: Weak<Shared>,
    directory: Arc<Directory>,
    disk: Arc<dyn Disk>,
    settings: Settings,
    log: LogReader,
    takes_over: bool,
}

impl Following {
    fn run(mut self, stop: &Receiver<()>) {
        while let Err(RecvTimeoutError::Timeout) = stop.recv_timeout(PAUSE) {
            let Some(shared) = self.shared.upgrade() else {
                return;
            };
            let role = match self.step(&shared) {
                Ok(false) => continue,
                Ok(true) => Role::Writer,
                Err(error) => {
                    tracing::error!(%error, "the store stays as it is: it cannot be followed any more");
                    self.directory.unlock();
                    Role::Failed(match error {
                        Error::Log(error) => error,
                        other => LogError::io("the log", "followed", &io::Error::other(other)),
                    })
                }
            };
            shared.role.send_replace(role);
            return;
        }
    }

    /// Reads on, or takes over; says whether this process is the writer now.
    fn step(&mut self, shared: &Shared) -> Result<bool> {
        self.directory.must_be_in_place()?;
        let writes = self.takes_over && self.directory.try_lock()?;
        let until = Published::read(&*self.disk)?;
        while self.log.end().revision < until {
            let next = until.min(self.log.end().revision + AT_ONCE);
            if let Err(error) = self.read(shared, next) {
                tracing::warn!(%error, "the log cannot be followed here: on from the newest snapshot");
                let found = self.settings.follow(&self.disk, true, None)?;
                self.log = shared.begin_again(found)?;
            }
        }
        if writes {
            tracing::info!("the process that wrote to the store has ended: this one takes over");
            let opened = self.settings.open(Arc::clone(&self.disk), None)?;
            shared.take_over(opened)?;
        }
        Ok(writes)
    }

    fn read(&mut self, shared: &Shared, until: Revision) -> Result<()> {
        let mut ahead = Ahead {
            tree: shared.read().tree.clone(),
            applied: 0,
            disk: &*self.disk,
            commits: Vec::new(),
        };
        self.log.read(&*self.disk, until, &mut ahead)?;
        // Without the copy of the tree, which the store's own would have to leave as it is.
        let Ahead { commits, .. } = ahead;
        shared.apply(commits, self.log.end())
    }
}

/// Decodes commits, for which it needs the names of types and fields: where a commit changes these, it
/// applies what it has read to a copy.
struct Ahead<'a> {
    tree: Tree,
    /// How many of the commits the tree has.
    applied: usize,
    disk: &'a dyn Disk,
    commits: Vec<(Commit, End)>,
}

impl Replay for Ahead<'_> {
    type Names = Tree;

    fn names(&self) -> &Tree {
        &self.tree
    }

    fn take(&mut self, commit: Commit, end: End) -> Result<()> {
        let renames = commit.is_restore() || commit.ops.iter().any(Op::declares);
        self.commits.push((commit, end));
        if renames {
            for (commit, end) in &self.commits[self.applied..] {
                self.tree.apply(commit, end.revision, end.time)?;
            }
            self.applied = self.commits.len();
        }
        Ok(())
    }

    fn restored(&mut self, revision: Revision) -> Result<Arc<Image>, LogError> {
        load_restored(self.disk, revision)
    }
}

impl Shared {
    /// Applies commits that another process has made durable.
    fn apply(&self, commits: Vec<(Commit, End)>, end: End) -> Result<()> {
        self.change_and_wake(|core, woken| {
            for (commit, end) in commits {
                let effects = core.tree.apply(&commit, end.revision, end.time)?;
                let applied = applied(commit, end, effects);
                core.feeder.feed(&applied, &core.tree);
                core.enter(applied, woken);
            }
            core.log = Box::new(FollowedLog(end));
            Ok(())
        })
    }

    /// Goes on from a snapshot that the writer has made meanwhile.
    fn begin_again(&self, found: Followed) -> Result<LogReader> {
        let log = Box::new(FollowedLog(found.log.end()));
        self.change_and_wake(|core, woken| {
            core.catch_up(found.tree, found.window, found.feeder, woken);
            core.log = log;
            Ok(())
        })?;
        Ok(found.log)
    }

    /// Writes to the store from here on.
    pub(super) fn take_over(&self, opened: Opened) -> Result<()> {
        let mut replays = Some(opened.replays);
        let taken = self.change_and_wake(|core, woken| {
            core.catch_up(opened.tree, opened.window, opened.feeder, woken);
            if let Some(group) = opened.log.group() {
                self.group.get_or_init(|| Arc::clone(group));
            }
            core.log = Box::new(opened.log);
            core.checkpoints = Some(opened.checkpoints);
            core.cut = opened.cut;
            core.damaged_snapshots = opened.damaged_snapshots;
            core.beside = None;
            std::mem::swap(&mut core.replays, &mut replays);
            Ok(())
        });
        // Those that went before wait for their threads.
        drop(replays);
        taken
    }

    fn change_and_wake(
        &self,
        change: impl FnOnce(&mut Core, &mut Vec<Waker>) -> Result<()>,
    ) -> Result<()> {
        let mut woken = Vec::new();
        let changed = self.change(|core| change(core, &mut woken));
        for waker in woken {
            waker.wake();
        }
        changed?
    }
}

impl Core {
    /// Goes on with a tree that the disk holds, and tells readers what lies between, as far as the
    /// window behind that tree goes. Where another line of commits leads to that tree, as after a repair,
    /// or it was replaced meanwhile, they begin anew.
    fn catch_up(&mut self, tree: Tree, window: Window, feeder: Feeder, woken: &mut Vec<Waker>) {
        let (here, next) = (self.position(), self.tree.revision() + 1);
        let newest = tree.revision();
        // Where the window does not reach back to here, an epoch that is the same says it.
        let is_line = match window.position_at(here.revision) {
            Some(there) => there.is_beside(&here),
            None => window.first() > next && window.before().epoch == here.epoch,
        };
        (self.tree, self.feeder) = (tree, feeder);
        if is_line && window.first() <= next {
            let missed = window.into_commits();
            for applied in missed.filter(|applied| applied.revision >= next) {
                self.keep(applied);
            }
            self.routes
                .enter_behind(next - 1, &self.window, &self.tree, woken);
            self.routes.wake_all(woken);
            return;
        }
        self.window = window;
        let commits = (self.window.first()..=newest).filter_map(|at| self.window.get(at));
        let resyncs = commits.filter(|commit| commit.resync);
        self.resyncs = resyncs.map(|commit| commit.revision).collect();
        self.lines += u64::from(!is_line);
        self.routes.restart(&self.window, &self.tree, woken);
    }
}

impl Store {
    /// Completes when this process writes to the store: at once, unless another one does and this one
    /// [stands by](StoreOptions::standby).
    ///
    /// # Errors
    /// [`Error::Log`]: the store cannot be followed any more, or not be taken over.
    /// [`Error::Closed`].
    pub fn writer(&self) -> impl Future<Output = Result<()>> + Send + use<> {
        let mut role = self.shared.role.subscribe();
        async move {
            let decided = role.wait_for(|role| !matches!(role, Role::Follower));
            match decided.await.as_deref() {
                Ok(Role::Writer) => Ok(()),
                Ok(Role::Failed(error)) => Err(error.clone().into()),
                Ok(Role::Follower | Role::Closed) | Err(_) => Err(Error::Closed),
            }
        }
    }

    /// Ends to follow; says whether this process only did that.
    pub(super) fn stop_following(&self) -> Result<bool> {
        self.shared.outside_views()?;
        if let Some(Follower { stop, thread }) = self.shared.follower.lock().take() {
            drop(stop);
            if thread.join().is_err() {
                return Err(Error::other("the thread that follows the log panicked"));
            }
        }
        let follows = matches!(*self.shared.role.borrow(), Role::Follower);
        if follows {
            self.shared.role.send_replace(Role::Closed);
            let replays = self.shared.change(|core| {
                core.disk = None;
                core.replays.take()
            })?;
            drop(replays);
        }
        Ok(follows)
    }
}
