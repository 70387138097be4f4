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
use crate::model::{Commit, Image, LogError, Position, Result, Revision};
use crate::store::core::{Core, applied};
use crate::store::event::LagReason;
use crate::store::history::Feeder;
use crate::store::replay::{Archive, Start, load_restored};
use crate::store::routes::Topic;
use crate::store::subscription::Subscription;
use crate::store::turns::{Outcome, Places, Turn, Turns};
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
    pub(super) places: Arc<Places>,
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
    /// It and a thread that reads the log for it take turns.
    Reading(Turns),
    /// The log does not have what it needs either.
    Lost(LagReason),
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

impl Replays {
    pub(super) fn new(archive: Archive) -> Self {
        Self {
            archive,
            places: Arc::default(),
            threads: Mutex::default(),
        }
    }

    /// Begins to read the log for somebody.
    fn begin(&self, begin: Begin, goal: Goal) -> Turns {
        let (turns, turn) = self.places.begin();
        let archive = self.archive.clone();
        self.run(turn, move |turn| {
            let hold = archive.hold(begin.behind)?;
            if !turn.wait_for_place() {
                return Ok(Outcome::Displaced);
            }
            archive.begin(begin, hold, goal)
        });
        turns
    }

    /// Reads on.
    fn go_on(&self, turn: Turn, mut stretch: Box<Stretch>, goal: Goal) {
        let archive = self.archive.clone();
        self.run(turn, move |_| {
            let Core { window, routes, .. } = &mut stretch.core;
            window.release(goal.read, |old| routes.forget(old.revision));
            archive.go_on(&mut stretch, goal)?;
            Ok(Outcome::Read(stretch))
        });
    }

    /// Lets a thread have its turn.
    fn run(&self, turn: Turn, read: impl FnOnce(&Turn) -> Result<Outcome> + Send + 'static) {
        let run = move || {
            let outcome = read(&turn).unwrap_or_else(|error| {
                let reason = LagReason::of(error);
                match &reason {
                    LagReason::Failed(_) => {
                        tracing::error!(%reason, "a reader that is behind loses changes");
                    }
                    _ => tracing::warn!(%reason, "a reader that is behind loses changes"),
                }
                Outcome::Lost(reason)
            });
            turn.end(outcome);
        };
        if let Err(error) = self.spawn(run) {
            tracing::error!(%error, "a reader that is behind cannot read the log");
        }
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
        self.places.close();
        for thread in self.threads.get_mut().drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread that reads the log for a reader panicked");
            }
        }
    }
}

impl Archive {
    fn begin(&self, begin: Begin, hold: Hold, goal: Goal) -> Result<Outcome> {
        let Start { tree, log, hold } = self.start(begin.behind, hold)?;
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
        let own = stretch.core.position_at(begin.place.revision);
        match own.is_some_and(|own| own.is_beside(&begin.place)) {
            true => Ok(Outcome::Read(stretch)),
            false => Ok(Outcome::Foreign),
        }
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
                Behind::Reading(turns) => match turns.take(waker) {
                    None => {
                        self.behind = Behind::Reading(turns);
                        return None;
                    }
                    Some(Outcome::Read(stretch)) if !self.is_within(&home) => {
                        let found = find(self, &stretch.core);
                        self.note(&stretch.core);
                        match (&found, &home.replays) {
                            (Some(_), _) => turns.put_back(stretch),
                            (None, Some(replays)) => {
                                replays.go_on(turns.turn(), stretch, self.goal(&home));
                            }
                            (None, None) => {
                                self.behind = Behind::Lost(LagReason::Window);
                                continue;
                            }
                        }
                        self.behind = Behind::Reading(turns);
                        if found.is_some() {
                            return found;
                        }
                    }
                    Some(Outcome::Read(stretch)) => {
                        if let Some(replays) = &home.replays {
                            replays.let_go(stretch);
                        }
                        self.late = false;
                    }
                    Some(Outcome::Lost(reason)) => self.behind = Behind::Lost(reason),
                    Some(Outcome::Foreign) => self.start_anew(&home),
                    // It begins again where it is.
                    Some(Outcome::Displaced) => {}
                },
                Behind::No if self.misses(&home) => {
                    let begin = self.begin_replay();
                    let goal = self.goal(&home);
                    self.behind = match &home.replays {
                        Some(replays) => Behind::Reading(replays.begin(begin, goal)),
                        None => Behind::Lost(LagReason::Window),
                    };
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
