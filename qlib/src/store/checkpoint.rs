//! The thread that writes snapshots beside the writers, and removes what they make needless.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::log::{Disk, End, FileLog, Group, Holds, InUse, Log, Retention, Snapshots};
use crate::model::{Clock, LogError, Revision};
use crate::store::backup::save;
use crate::store::history::History;
use crate::tree::Tree;

/// How many times as long as it works the thread rests while others commit.
const REST: u32 = 3;

/// How long it rests at once, at most: a slow disk must not make it slower still.
const MOST_REST: Duration = Duration::from_millis(20);

/// When snapshots are written, and what is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Bytes of the log between two snapshots, unless a quarter of a snapshot is more: an opening
    /// replays what is behind the newest one, which takes about four times as long a byte.
    pub(crate) every: u64,
    pub(crate) retention: Retention,
    /// How much of the log is kept at most for durable cursors.
    pub(crate) cursor_max_lag: Retention,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            every: 16 << 20,
            retention: Retention::default(),
            cursor_max_lag: Retention {
                bytes: 4 << 30,
                age: Duration::from_secs(30 * 24 * 60 * 60),
            },
        }
    }
}

/// What the thread and those who commit share.
#[derive(Debug)]
struct Common {
    every: AtomicU64,
    busy: Mutex<bool>,
    done: Condvar,
    stop: AtomicBool,
    /// The next one is due while one is written: the log grows faster than it should.
    overdue: AtomicBool,
    failure: Mutex<Option<LogError>>,
}

/// The checkpoints of a store.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    offer: Option<SyncSender<(Tree, End)>>,
    thread: Option<JoinHandle<()>>,
    common: Arc<Common>,
    holds: Arc<Holds>,
    /// Bytes of the log at which the next one is due.
    due: u64,
}

impl Checkpoints {
    /// # Errors
    /// [`LogError::Io`]: no thread can be made.
    pub(crate) fn begin(
        disk: Arc<dyn Disk>,
        snapshots: Snapshots,
        history: Arc<History>,
        log: &FileLog,
        clock: Clock,
        plan: Plan,
    ) -> Result<Self, LogError> {
        let newest = snapshots.saved().last().map_or(0, |newest| newest.bytes);
        let common = Arc::new(Common {
            every: AtomicU64::new(plan.every.max(newest / 4)),
            busy: Mutex::new(false),
            done: Condvar::new(),
            stop: AtomicBool::new(false),
            overdue: AtomicBool::new(false),
            failure: Mutex::new(None),
        });
        let (group, segments) = log.parts();
        let kept_from = match (segments.first(), snapshots.saved().first()) {
            (Some(first), Some(oldest)) if first > 1 => oldest.revision,
            _ => 0,
        };
        let holds = Arc::new(Holds::new(kept_from));
        let (offer, offered) = sync_channel(1);
        let writing = Writing {
            disk,
            snapshots,
            history,
            group,
            segments,
            clock,
            plan,
            holds: Arc::clone(&holds),
            common: Arc::clone(&common),
        };
        let name = "qlib-snapshot";
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || writing.run(&offered))
            .map_err(|error| LogError::io(name, "started", &error))?;
        let due = common.every.load(Ordering::Relaxed);
        Ok(Self {
            offer: Some(offer),
            thread: Some(thread),
            common,
            holds,
            due,
        })
    }

    /// Begins a checkpoint of the tree if one is due, or `wanted`.
    #[inline]
    pub(crate) fn consider(&mut self, tree: &Tree, log: &dyn Log, wanted: bool) {
        if log.written() >= self.due || wanted {
            self.offer(tree, log);
        }
    }

    #[cold]
    fn offer(&mut self, tree: &Tree, log: &dyn Log) {
        let Some(offer) = &self.offer else { return };
        let mut busy = self.common.busy.lock();
        self.common.overdue.store(*busy, Ordering::Relaxed);
        if std::mem::replace(&mut *busy, true) {
            return;
        }
        drop(busy);
        self.due = log.written() + self.common.every.load(Ordering::Relaxed);
        // The thread waits for it, or has ended with the log.
        let _ = offer.try_send((tree.clone(), log.end()));
    }

    /// Who keeps parts of the log that would be removed.
    pub(crate) fn holds(&self) -> &Arc<Holds> {
        &self.holds
    }

    /// Makes the next commit begin a checkpoint.
    pub(crate) fn hurry(&mut self) {
        self.due = 0;
    }

    /// Waits until none is being written.
    #[cfg(test)]
    pub(crate) fn wait(&self) {
        let mut busy = self.common.busy.lock();
        while *busy {
            self.common.done.wait(&mut busy);
        }
    }

    /// Why the newest checkpoint could not be written.
    pub(crate) fn failure(&self) -> Option<LogError> {
        self.common.failure.lock().clone()
    }
}

impl Drop for Checkpoints {
    /// Gives up the one that is being written.
    fn drop(&mut self) {
        self.common.stop.store(true, Ordering::Release);
        self.offer = None;
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the thread that writes snapshots panicked");
        }
    }
}

struct Writing {
    disk: Arc<dyn Disk>,
    snapshots: Snapshots,
    history: Arc<History>,
    group: Arc<Group>,
    segments: Arc<InUse>,
    clock: Clock,
    plan: Plan,
    holds: Arc<Holds>,
    common: Arc<Common>,
}

impl Writing {
    fn run(mut self, offered: &Receiver<(Tree, End)>) {
        for (tree, end) in offered {
            let outcome = self.write(&tree, end).and_then(|()| self.clean_up(&tree));
            // Before another can be offered: so two are never held at once.
            drop(tree);
            if let Err(error) = &outcome
                && !self.common.stop.load(Ordering::Acquire)
            {
                tracing::error!(%error, "no snapshot was written: the log grows until one is");
            }
            *self.common.failure.lock() = outcome.err();
            *self.common.busy.lock() = false;
            self.common.done.notify_all();
        }
    }

    fn write(&mut self, tree: &Tree, end: End) -> Result<(), LogError> {
        // Nothing leaves the process before it is durable. A log that failed says so itself.
        if self.group.wait_durable(end.revision).is_err() {
            return Ok(());
        }
        // First: the log behind a snapshot may go, and the history is fed from the log.
        let durable = |revision| self.group.wait_durable(revision).is_ok();
        if !self.history.flush(self.clock.now(), durable)? {
            return Ok(());
        }
        let mut pace = Pace::begin(&self.group, &self.common.overdue);
        let written = self.snapshots.write(end.revision, end.time, |output| {
            save(tree, end, output, || {
                pace.rest();
                match self.common.stop.load(Ordering::Acquire) {
                    true => Err(io::ErrorKind::Interrupted.into()),
                    false => Ok(()),
                }
            })
        });
        let bytes = written.map_err(|error| LogError::io("a snapshot", "written", &error))?;
        self.common
            .every
            .store(self.plan.every.max(bytes / 4), Ordering::Relaxed);
        Ok(())
    }

    /// Removes what is older than what is to be kept.
    fn clean_up(&mut self, tree: &Tree) -> Result<(), LogError> {
        let behind = |revision| self.segments.bytes_behind(revision);
        self.snapshots
            .thin_out(behind)
            .map_err(|error| LogError::io("a snapshot between", "removed", &error))?;
        let (plan, now) = (self.plan, self.clock.now());
        let needed = |retention, held| self.snapshots.oldest_needed(retention, now, behind, held);
        // A cursor that lags further than that holds no more.
        let limit = needed(plan.cursor_max_lag, None).unwrap_or(0);
        let cursor = tree.oldest_cursor().map(|cursor| cursor.max(limit));
        let oldest = self
            .holds
            .keep_from(|held| needed(plan.retention, held.into_iter().chain(cursor).min()));
        let Some(oldest) = oldest else {
            return Ok(());
        };
        // The log first: without a snapshot before it, it is of no use.
        self.segments.remove_until(&*self.disk, oldest)?;
        self.snapshots
            .remove_before(oldest)
            .map_err(|error| LogError::io("an old snapshot", "removed", &error))
    }
}

/// Leaves the disk and the processors to those who commit, most of the time.
struct Pace<'a> {
    group: &'a Group,
    overdue: &'a AtomicBool,
    /// Since when it works.
    since: Instant,
    /// What was durable then.
    durable: Revision,
}

impl<'a> Pace<'a> {
    fn begin(group: &'a Group, overdue: &'a AtomicBool) -> Self {
        Self {
            group,
            overdue,
            since: Instant::now(),
            durable: group.durable(),
        }
    }

    /// Rests if others have committed meanwhile.
    fn rest(&mut self) {
        let durable = self.group.durable();
        if durable != self.durable && !self.overdue.load(Ordering::Relaxed) {
            std::thread::sleep((self.since.elapsed() * REST).min(MOST_REST));
        }
        self.durable = durable;
        self.since = Instant::now();
    }
}
