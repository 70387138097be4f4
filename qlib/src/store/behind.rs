//! Readers that are behind the recent window read the log itself: a tree and a window of their own,
//! which a thread takes forward, a stretch at a time.
//!
//! The thread and the reader take turns. While the thread has the stretch, the reader waits; while
//! the reader has it, no thread runs. So a slow reader holds no thread, and nobody waits for a lock.

use std::io;
use std::sync::Arc;
use std::task::Waker;
use std::thread::JoinHandle;

use parking_lot::Mutex;

use crate::log::{Disk, End, Hold, LogReader, MemoryLog, Replay};
use crate::model::{Commit, Error, Image, LogError, Position, Result, Revision};
use crate::store::core::{Core, applied};
use crate::store::history::Feeder;
use crate::store::replay::{Archive, Start, load_restored};
use crate::store::routes::Topic;
use crate::store::subscription::Subscription;
use crate::store::window::Window;
use crate::store::{HistoryLimits, Store, WindowLimits};
use crate::tree::Tree;

/// How much a stretch holds at most, but for one commit.
const STRETCH: WindowLimits = WindowLimits {
    bytes: 8 << 20,
    commits: 4096,
};

/// The replays of a store.
#[derive(Debug)]
pub(crate) struct Replays {
    pub(super) archive: Archive,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// An earlier store, as one reader reads it: the commits of its window are those that it reads next.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) core: Core,
    log: LogReader,
    hold: Hold,
}

/// Where a replay is to begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begin {
    /// The revision behind which the reader needs the commits.
    pub(super) behind: Revision,
    /// What it read already: this must be on the line of the log.
    pub(super) place: Position,
    pub(super) topic: Topic,
}

/// How a reader that is behind the window goes on.
#[derive(Default)]
pub(super) enum Behind {
    /// It is not: it reads the window.
    #[default]
    No,
    /// A thread reads the log for it.
    Waiting(Arc<Slot>),
    /// It reads what the thread has read.
    Reading(Box<Stretch>),
    /// The log does not have what it needs either.
    Lost,
}

/// What a thread has to do.
#[derive(Debug)]
pub(super) enum Task {
    Begin(Begin),
    GoOn(Box<Stretch>),
}

/// How far a thread is to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Goal {
    /// What comes up to here was read, and can go.
    pub(super) read: Revision,
    /// Up to here in any case.
    pub(super) least: Revision,
    /// Up to here while a stretch has room.
    pub(super) most: Revision,
    /// What the store's own window may hold; a stretch holds no more.
    pub(super) limits: WindowLimits,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Outcome {
    Read(Box<Stretch>),
    /// Another line of commits leads to the place from which the reader comes.
    Foreign,
    /// The disk does not give what the reader needs.
    Lost,
}

/// Where a thread leaves what it has read.
#[derive(Default, Debug)]
pub(super) struct Slot(Mutex<(Option<Outcome>, Option<Waker>)>);

impl Slot {
    /// What the thread has read; if it still reads, `waker` is woken when it has.
    pub(super) fn take(&self, waker: Option<&Waker>) -> Option<Outcome> {
        let mut slot = self.0.lock();
        let (outcome, waiting) = &mut *slot;
        let outcome = outcome.take();
        if let (None, Some(waker)) = (&outcome, waker) {
            *waiting = Some(waker.clone());
        }
        outcome
    }
}

/// Tells the reader what came of its turn, also where the thread panics.
struct Answer {
    slot: Arc<Slot>,
    outcome: Outcome,
}

impl Answer {
    fn give(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        let outcome = std::mem::replace(&mut self.outcome, Outcome::Lost);
        let waker = {
            let mut slot = self.slot.0.lock();
            slot.0 = Some(outcome);
            slot.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Replays {
    pub(super) fn new(archive: Archive) -> Self {
        Self {
            archive,
            threads: Mutex::default(),
        }
    }

    /// Lets a thread do something; what comes of it is found in the slot.
    pub(super) fn run(&self, task: Task, goal: Goal) -> Arc<Slot> {
        let slot = Arc::<Slot>::default();
        let answer = Answer {
            slot: Arc::clone(&slot),
            outcome: Outcome::Lost,
        };
        let archive = self.archive.clone();
        let run = move || match archive.run(task, goal) {
            Ok(outcome) => answer.give(outcome),
            Err(error @ Error::Log(LogError::BeyondRetention { .. })) => {
                tracing::warn!(%error, "a reader lags behind the log");
            }
            Err(error) => tracing::error!(%error, "a reader that is behind cannot read the log"),
        };
        if let Err(error) = self.spawn(run) {
            tracing::error!(%error, "a reader that is behind cannot read the log");
        }
        slot
    }

    /// Lets go of a stretch: of the log at once, of the tree, which has many parts, on a thread.
    fn let_go(&self, stretch: Box<Stretch>) {
        let Stretch { core, hold, .. } = *stretch;
        drop(hold);
        if let Err(error) = self.spawn(move || drop(core)) {
            tracing::warn!(%error, "no thread could be made");
        }
    }

    fn spawn(&self, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let thread = std::thread::Builder::new().name("qlib-replay".to_owned());
        let thread = thread.spawn(run)?;
        let mut threads = self.threads.lock();
        threads.retain(|thread| !thread.is_finished());
        threads.push(thread);
        Ok(())
    }
}

impl Store {
    /// Whether a thread reads the log for somebody who waits for it.
    #[cfg(feature = "test")]
    pub(crate) fn is_replaying(&self) -> bool {
        let core = self.shared().read();
        core.replays.as_ref().is_some_and(|replays| {
            let threads = replays.threads.lock();
            threads.iter().any(|thread| !thread.is_finished())
        })
    }
}

impl Drop for Replays {
    /// Waits until no thread uses the disk.
    fn drop(&mut self) {
        for thread in self.threads.get_mut().drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread that reads the log for a reader panicked");
            }
        }
    }
}

impl Archive {
    fn run(&self, task: Task, goal: Goal) -> Result<Outcome> {
        match task {
            Task::Begin(begin) => {
                let stretch = self.begin(begin, goal)?;
                let own = stretch.core.position_at(begin.place.revision);
                match own.is_some_and(|own| own.is_beside(&begin.place)) {
                    true => Ok(Outcome::Read(stretch)),
                    false => Ok(Outcome::Foreign),
                }
            }
            Task::GoOn(mut stretch) => {
                let Core {
                    tree,
                    window,
                    routes,
                    ..
                } = &mut stretch.core;
                window.release(goal.read, |old| routes.forget(old, tree));
                self.go_on(&mut stretch, goal)?;
                Ok(Outcome::Read(stretch))
            }
        }
    }

    fn begin(&self, begin: Begin, goal: Goal) -> Result<Box<Stretch>> {
        let Start { tree, log, hold } = self.start(begin.behind)?;
        // What is in it is taken out when it was read, not when more comes.
        let limits = WindowLimits {
            bytes: usize::MAX,
            commits: usize::MAX,
        };
        let window = Window::new(limits, log.end().position());
        let feeder = Feeder::in_memory(HistoryLimits::default());
        let mut core = Core::new(Box::<MemoryLog>::default(), tree, window, feeder);
        core.routes
            .open(begin.topic, begin.behind, &core.tree, &core.window);
        let mut stretch = Box::new(Stretch { core, log, hold });
        self.go_on(&mut stretch, goal)?;
        Ok(stretch)
    }

    fn go_on(&self, stretch: &mut Stretch, goal: Goal) -> Result<()> {
        let Stretch { core, log, hold } = stretch;
        self.wait_durable(goal.most)?;
        let bytes = goal.limits.bytes.min(STRETCH.bytes);
        let commits = goal.limits.commits.min(STRETCH.commits);
        loop {
            let read = log.end().revision;
            let is_full = core.window.bytes() >= bytes || core.window.len() >= commits;
            if read >= goal.most || is_full && read >= goal.least {
                break;
            }
            let disk = &*self.disk;
            log.read(disk, read + 1, &mut Reading { core, disk })?;
        }
        hold.move_to(log.end().revision);
        Ok(())
    }
}

struct Reading<'a> {
    core: &'a mut Core,
    disk: &'a dyn Disk,
}

impl Replay for Reading<'_> {
    type Names = Tree;

    fn names(&self) -> &Tree {
        &self.core.tree
    }

    fn take(&mut self, commit: Commit, end: End) -> Result<()> {
        let tree = &mut self.core.tree;
        let effects = tree.apply(&commit, end.revision, end.time)?;
        // Nobody is parked here: the reader is woken when it has its turn.
        self.core
            .enter(applied(commit, end, effects), &mut Vec::new());
        Ok(())
    }

    fn restored(&mut self, revision: Revision) -> Result<Arc<Image>, LogError> {
        load_restored(self.disk, revision)
    }
}

impl Subscription {
    /// Looks with `find` for something in the recent window, or in what a thread has read of the log
    /// where the reader is further back. If there is nothing, `waker` is woken when there may be.
    pub(super) fn read<T>(
        &mut self,
        waker: Option<&Waker>,
        mut find: impl FnMut(&mut Self, &Core) -> Option<T>,
    ) -> Option<T> {
        let shared = Arc::clone(&self.shared);
        let home = shared.read();
        if self.line != home.lines {
            self.line = home.lines;
            self.behind = Behind::No;
            self.start_anew(&home);
        }
        loop {
            match std::mem::take(&mut self.behind) {
                Behind::Waiting(slot) => {
                    self.behind = match slot.take(waker) {
                        None => Behind::Waiting(slot),
                        Some(Outcome::Read(stretch)) => Behind::Reading(stretch),
                        Some(Outcome::Lost) => Behind::Lost,
                        Some(Outcome::Foreign) => {
                            self.start_anew(&home);
                            Behind::No
                        }
                    };
                    if matches!(self.behind, Behind::Waiting(_)) {
                        return None;
                    }
                }
                Behind::Reading(stretch) if !self.is_within(&home) => {
                    let found = find(self, &stretch.core);
                    self.note(&stretch.core);
                    if found.is_some() {
                        self.behind = Behind::Reading(stretch);
                        return found;
                    }
                    self.behind = self.go_on_with(&home, Task::GoOn(stretch));
                }
                Behind::Reading(stretch) => {
                    if let Some(replays) = &home.replays {
                        replays.let_go(stretch);
                    }
                    self.late = false;
                }
                Behind::No if self.misses(&home) => {
                    let begin = self.begin_replay();
                    self.behind = self.go_on_with(&home, Task::Begin(begin));
                }
                at_home => {
                    self.behind = at_home;
                    let found = find(self, &home);
                    self.note(&home);
                    if let (None, Some(waker)) = (&found, waker) {
                        // No commit can come between the look and this: the core is locked.
                        home.routes.park(&self.reader, waker);
                    }
                    return found;
                }
            }
        }
    }

    /// The revision behind which it needs the commits: a reader that merges compares with what it
    /// saw last.
    fn needs(&self) -> Revision {
        match self.interest.latest {
            true => self.base,
            false => self.position,
        }
    }

    /// Whether the recent window has all that it needs.
    fn is_within(&self, home: &Core) -> bool {
        self.needs() + 1 >= home.window.first()
    }

    /// Whether it would miss something that the log may still have.
    fn misses(&self, home: &Core) -> bool {
        let passed = self.position + 1 < home.window.first()
            && (self.late || home.routes.lost(self.interest.topic) > self.position);
        passed
            && home.replays.is_some()
            && self.interrupted.is_none()
            && self.first_values.is_none()
    }

    fn begin_replay(&mut self) -> Begin {
        if !self.interest.latest {
            // What it had in view does not count: it looks at each change by itself.
            (self.base, self.head) = (self.position, self.position);
        }
        Begin {
            behind: self.needs(),
            place: self.place,
            topic: self.interest.topic,
        }
    }

    fn go_on_with(&self, home: &Core, task: Task) -> Behind {
        match &home.replays {
            Some(replays) => Behind::Waiting(replays.run(task, self.goal(home))),
            None => Behind::Lost,
        }
    }

    fn goal(&self, home: &Core) -> Goal {
        let passed = home.window.first() - 1;
        let least = self.head.max(self.place.revision);
        Goal {
            read: self.needs(),
            least,
            most: home.log.durable().max(passed).max(least),
            limits: home.window.limits(),
        }
    }
}
