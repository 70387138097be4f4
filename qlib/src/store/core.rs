//! What all handles of a store share: the tree, the recent window, who reads, and the log.

use std::cell::Cell;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Waker;

use parking_lot::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use tokio::sync::watch;

use crate::log::{Cut, Directory, Disk, End, Group, Log, Room};
use crate::model::{
    Applied, Clock, Commit, Error, Limits, Op, Position, Receipt, Result, Revision, Steps,
};
use crate::store::behind::Replays;
use crate::store::checkpoint::Checkpoints;
use crate::store::cursor::CursorReader;
use crate::store::follow::{Follower, Role};
use crate::store::history::Feeder;
use crate::store::past::Past;
use crate::store::routes::{Reader, Routes};
use crate::store::validate::Validators;
use crate::store::window::Window;
use crate::tree::{Effects, Tree};

/// What the read-write lock guards. The only writer is the commit path.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) tree: Tree,
    pub(crate) window: Window,
    pub(crate) routes: Routes,
    pub(crate) feeder: Feeder,
    pub(crate) log: Box<dyn Log>,
    /// Where what is restored is written.
    pub(crate) disk: Option<Arc<dyn Disk>>,
    /// What writes snapshots, where there is a disk.
    pub(crate) checkpoints: Option<Checkpoints>,
    /// What reads the log for those who are behind the window, where there is a disk.
    pub(crate) replays: Option<Replays>,
    pub(crate) connected: bool,
    /// The directory, where another process writes to it.
    pub(crate) beside: Option<Arc<Directory>>,
    /// What the opening had to cut off the log.
    pub(crate) cut: Option<Cut>,
    /// Snapshots that the opening could not use, and why.
    pub(crate) damaged_snapshots: Vec<Arc<str>>,
    /// How often another line of commits has taken the place of the one before.
    pub(crate) lines: u64,
    /// The commits of the window that replaced the whole tree, and the last one before it.
    pub(crate) resyncs: Vec<Revision>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) core: RwLock<Core>,
    pub(crate) clock: Clock,
    pub(crate) validators: Validators,
    pub(crate) readers: Mutex<Vec<std::sync::Weak<Reader>>>,
    pub(crate) connection: watch::Sender<bool>,
    /// Where one waits for commits to be durable.
    pub(crate) group: OnceLock<Arc<Group>>,
    /// Whether this process writes.
    pub(crate) role: watch::Sender<Role>,
    /// What follows the process that does.
    pub(crate) follower: Mutex<Option<Follower>>,
    /// Commits return when they are applied, whoever makes them.
    pub(crate) buffered: bool,
    /// Is held while the tree is replaced.
    pub(crate) restoring: Mutex<()>,
    /// Who reads each durable cursor.
    pub(crate) cursor_readers: Mutex<FxHashMap<SmolStr, CursorReader>>,
    /// Readers that have gone; the next commit or subscription closes them, so that dropping one
    /// does not need the core.
    closing: Mutex<Vec<Arc<Reader>>>,
    has_closing: AtomicBool,
}

thread_local! {
    /// How many guards of a core this thread holds. A commit would wait for them for ever.
    static GUARDS: Cell<usize> = const { Cell::new(0) };
}

/// The core, locked for reading.
#[derive(Debug)]
pub(crate) struct CoreGuard<'a> {
    core: RwLockReadGuard<'a, Core>,
}

impl Deref for CoreGuard<'_> {
    type Target = Core;

    #[inline]
    fn deref(&self) -> &Core {
        &self.core
    }
}

impl Drop for CoreGuard<'_> {
    fn drop(&mut self) {
        GUARDS.set(GUARDS.get() - 1);
    }
}

impl Shared {
    pub(crate) fn new(
        log: Box<dyn Log>,
        clock: Clock,
        tree: Tree,
        window: Window,
        feeder: Feeder,
    ) -> Self {
        let group = log
            .group()
            .cloned()
            .map_or_else(OnceLock::new, OnceLock::from);
        Self {
            core: RwLock::new(Core::new(log, tree, window, feeder)),
            clock,
            validators: Validators::default(),
            readers: Mutex::default(),
            connection: watch::Sender::new(true),
            group,
            role: watch::Sender::new(Role::Writer),
            follower: Mutex::default(),
            buffered: false,
            restoring: Mutex::default(),
            cursor_readers: Mutex::default(),
            closing: Mutex::default(),
            has_closing: AtomicBool::new(false),
        }
    }

    /// Locks the core for reading; a thread may do so again while it holds a guard.
    #[inline]
    pub(crate) fn read(&self) -> CoreGuard<'_> {
        let held = GUARDS.get();
        // Behind a writer that waits, only a thread that has a guard may pass: the writer waits for it.
        let core = if held == 0 {
            self.core.read()
        } else {
            self.core.read_recursive()
        };
        GUARDS.set(held + 1);
        CoreGuard { core }
    }

    /// Refuses to wait for a guard that this thread holds itself, of this store or of another.
    pub(crate) fn outside_views(&self) -> Result<()> {
        if GUARDS.get() > 0 {
            return Err(Error::InsideView);
        }
        Ok(())
    }

    /// Locks the core for a change that is no commit.
    ///
    /// # Errors
    /// [`Error::InsideView`]
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Core) -> T) -> Result<T> {
        self.outside_views()?;
        let mut core = self.core.write();
        self.close_readers(&mut core);
        Ok(change(&mut core))
    }

    pub(crate) fn close_later(&self, reader: Arc<Reader>) {
        self.closing.lock().push(reader);
        self.has_closing.store(true, Ordering::Release);
    }

    pub(crate) fn close_readers(&self, core: &mut Core) {
        // A look is cheaper than an exchange, and most often there is none.
        if self.has_closing.load(Ordering::Relaxed)
            && self.has_closing.swap(false, Ordering::AcqRel)
        {
            for reader in std::mem::take(&mut *self.closing.lock()) {
                core.routes.close(&reader);
            }
        }
    }

    /// Lists a reader among those that [`crate::Store::readers`] shows.
    pub(crate) fn list(&self, reader: &Arc<Reader>) {
        let mut readers = self.readers.lock();
        if readers.len() == readers.capacity() {
            readers.retain(|reader| reader.strong_count() > 0);
            let alive = readers.len();
            readers.reserve(alive + 1);
        }
        readers.push(Arc::downgrade(reader));
    }

    /// Orders, applies and publishes a commit whose steps `complete` adds under the lock.
    ///
    /// # Errors
    /// Why the commit is refused; nothing has changed then.
    pub(crate) fn commit(
        &self,
        mut commit: Commit,
        complete: impl FnOnce(&Tree, &mut Steps) -> Result<()>,
    ) -> Result<Receipt> {
        self.outside_views()?;
        let mut woken = Vec::new();
        let receipt = {
            let mut core = to_write(self.core.write())?;
            core.must_be_connected()?;
            self.close_readers(&mut core);
            complete(&core.tree, &mut commit.ops)?;
            if commit.ops.is_empty() {
                return Ok(Receipt {
                    revision: core.tree.revision(),
                    time: core.tree.time(),
                    value: (),
                });
            }
            while let Room::After(wait) = core.log.reserve(&commit)? {
                RwLockWriteGuard::unlocked(&mut core, wait)?;
                core.must_be_connected()?;
            }
            core.commit(commit, &self.clock, &mut woken)?
        };
        for waker in woken {
            waker.wake();
        }
        Ok(receipt)
    }
}

/// Refuses to write where another process does. Its name is in a file, which is read once the core
/// is not locked any more.
///
/// # Errors
/// [`Error::NotWriter`]
pub(crate) fn to_write<G: Deref<Target = Core>>(core: G) -> Result<G> {
    let Some(directory) = core.beside.clone() else {
        return Ok(core);
    };
    drop(core);
    let writer = directory.holder();
    Err(Error::NotWriter { writer })
}

impl Core {
    pub(crate) fn new(log: Box<dyn Log>, tree: Tree, window: Window, feeder: Feeder) -> Self {
        let held = window.first()..tree.revision() + 1;
        let replaced = |revision: &Revision| window.get(*revision).is_some_and(|held| held.resync);
        Self {
            resyncs: held.filter(replaced).collect(),
            tree,
            window,
            routes: Routes::default(),
            feeder,
            log,
            disk: None,
            checkpoints: None,
            replays: None,
            connected: true,
            beside: None,
            cut: None,
            damaged_snapshots: Vec::new(),
            lines: 0,
        }
    }

    pub(crate) fn must_be_connected(&self) -> Result<()> {
        if self.connected {
            return Ok(());
        }
        Err(Error::Disconnected)
    }

    /// Orders, applies and publishes a commit.
    #[inline]
    fn commit(&mut self, commit: Commit, clock: &Clock, woken: &mut Vec<Waker>) -> Result<Receipt> {
        let receipt = self.log.next(clock.now());
        let named = commit
            .ops
            .iter()
            .any(Op::declares)
            .then(|| self.tree.clone());
        let effects = match self.tree.apply(&commit, receipt.revision, receipt.time) {
            Ok(effects) => effects,
            Err(Error::ChainTooDeep { limit, .. }) => {
                return Err(Error::ChainTooDeep {
                    chain: self.chain(&commit),
                    limit,
                });
            }
            Err(error) => return Err(error),
        };
        self.publish(commit, receipt, effects, named.as_ref(), woken);
        Ok(receipt)
    }

    /// Gives a commit that was applied to the log and to those who read. `named` is the tree before
    /// a commit that changes names.
    pub(crate) fn publish(
        &mut self,
        commit: Commit,
        receipt: Receipt,
        effects: Effects,
        named: Option<&Tree>,
        woken: &mut Vec<Waker>,
    ) {
        let names = named.unwrap_or(&self.tree);
        let end = self.log.append(&commit, names, receipt);
        let applied = applied(commit, end, effects);
        let Self {
            tree,
            feeder,
            log,
            checkpoints,
            ..
        } = self;
        feeder.feed(&applied, tree);
        // A checkpoint takes the history too: it must have all that the tree has.
        if let Some(checkpoints) = checkpoints {
            checkpoints.consider(tree, &**log, feeder.wants_flush());
        }
        self.enter(applied, woken);
    }

    /// Gives a commit that was applied to those who read.
    #[inline]
    pub(crate) fn enter(&mut self, applied: Applied, woken: &mut Vec<Waker>) {
        let past = Past {
            tree: &self.tree,
            window: &self.window,
            revision: applied.revision,
        };
        self.routes.enter(&applied, past, woken);
        if applied.resync {
            self.routes.wake_all(woken);
        }
        self.keep(applied);
    }

    /// Adds a commit to the window.
    pub(crate) fn keep(&mut self, applied: Applied) {
        let (revision, resync) = (applied.revision, applied.resync);
        let Self { window, routes, .. } = self;
        window.push(applied, |old| routes.forget(old.revision));
        if resync {
            let first = window.first();
            self.resyncs.retain(|resync| *resync >= first);
            self.resyncs.push(revision);
        }
    }

    /// The place behind the newest commit.
    pub(crate) fn position(&self) -> Position {
        let newest = self.position_at(self.tree.revision());
        newest.unwrap_or(self.window.before())
    }

    /// The place behind a commit of the window, or behind the last one before it.
    pub(crate) fn position_at(&self, revision: Revision) -> Option<Position> {
        self.window.position_at(revision)
    }

    /// The handlers that provoked each other, the first one first.
    fn chain(&self, commit: &Commit) -> Vec<SmolStr> {
        let mut chain = Vec::new();
        let mut cause = commit.author.cause.as_ref();
        while let Some(known) = cause {
            chain.push(known.handler.clone());
            cause = self
                .window
                .get(known.revision)
                .and_then(|provoked| provoked.author.cause.as_ref());
            if chain.len() > usize::from(Limits::DEFAULT.chain) + 1 {
                break;
            }
        }
        chain.reverse();
        chain
    }
}

/// A commit with what it changed; the log goes up to `end` with it.
pub(crate) fn applied(commit: Commit, end: End, effects: Effects) -> Applied {
    Applied {
        revision: end.revision,
        time: end.time,
        epoch: end.epoch,
        chain: end.chain,
        resync: commit.is_restore(),
        author: commit.author,
        effects,
    }
}
