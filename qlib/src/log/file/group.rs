//! Group commit: commits gather here while those before them are written, and those who wait for
//! the disk wait here.
//!
//! Nothing is written before somebody waits for it, or much has gathered, or a moment has passed:
//! so the commits that one thread makes before it waits share one sync.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::log::file::segment::{LEAST, Segment};
use crate::log::file::sync::{AtomicU64, Condvar, Mutex, MutexGuard};
use crate::log::frame;
use crate::model::{Error, LogError, Result, Revision};

/// Bytes of a batch besides its records, at most: its head, its revision and its seal.
const BATCH: u64 = 24;
/// Bytes of the frame of a segment's header, at most.
const HEADER: u64 = 80;
/// Bytes that gather before they are written although nobody waits: less than is committed while the
/// disk syncs, so that many who wait keep both the disk and the processor at work.
const EAGER: usize = 16 << 10;
/// How long commits gather at most when nobody waits for them.
const LINGER: Duration = Duration::from_millis(2);
/// Bytes that gather before writers have to wait.
const MOST_PENDING: usize = 8 << 20;

/// How large segments are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// The first one since the log was opened; each is twice as large as the one before.
    pub(crate) first: u64,
    /// The largest, unless one commit needs more.
    pub(crate) most: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            first: 1 << 20,
            most: 64 << 20,
        }
    }
}

/// Batches that wait to be written to one segment.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) segment: Arc<Segment>,
    /// The segment begins here: `bytes` begins with the frame of its header.
    pub(super) begins: bool,
    /// The frame of the batch, behind that of the header; its head is still empty.
    pub(super) bytes: Vec<u8>,
    pub(super) frame: usize,
    /// The newest commit of the batch.
    pub(super) newest: Revision,
    pub(super) seal: bool,
}

/// The segment that comes after the one that is written.
#[derive(Debug)]
enum Next {
    /// To be made, of at least this size.
    Wanted(u64),
    Ready(Arc<Segment>),
    Failed(LogError),
}

#[derive(Debug)]
struct State {
    sizes: Sizes,
    parts: Vec<Part>,
    /// Bytes of all parts.
    pending: usize,
    /// The newest commit that was taken.
    newest: Revision,
    spare: Vec<u8>,
    segment: Option<Arc<Segment>>,
    /// Bytes that are left in the segment, at least.
    left: u64,
    next: Next,
    next_number: u64,
    /// The newest commit that somebody waits for.
    asked: Revision,
    waiters: BTreeMap<(Revision, u64), Waker>,
    tickets: u64,
    failure: Option<LogError>,
    /// The writer sleeps until it is woken.
    idle: bool,
    closing: bool,
}

/// Where commits gather, shared by those who commit, those who wait, and the threads of the log.
#[derive(Debug)]
pub(crate) struct Group {
    durable: AtomicU64,
    state: Mutex<State>,
    /// There is something to write, or somebody waits.
    work: Condvar,
    /// A segment is to be made.
    wanted: Condvar,
    /// A segment was made, or something was written.
    moved: Condvar,
}

/// Where a commit goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// Into the segment that is written.
    Here,
    /// Into a segment of that number and size that begins here.
    Fresh(u64, u64),
    /// There is no room before this: let go of the lock and call [`Group::wait_for_room`].
    After(Wait),
}

/// What there may be room after.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wait {
    /// What has gathered was written.
    Written,
    /// The next segment was made.
    Made,
}

impl Group {
    pub(super) fn new(durable: Revision, next_number: u64, sizes: Sizes) -> Self {
        Self {
            durable: AtomicU64::new(durable),
            state: Mutex::new(State {
                sizes,
                parts: Vec::new(),
                pending: 0,
                newest: durable,
                spare: Vec::new(),
                segment: None,
                left: 0,
                next: Next::Wanted(sizes.first),
                next_number,
                asked: 0,
                waiters: BTreeMap::new(),
                tickets: 0,
                failure: None,
                idle: false,
                closing: false,
            }),
            work: Condvar::new(),
            wanted: Condvar::new(),
            moved: Condvar::new(),
        }
    }

    /// The newest revision that is on the disk.
    #[inline]
    pub(crate) fn durable(&self) -> Revision {
        self.durable.load(Ordering::Acquire)
    }

    /// Why the log takes no further commits.
    pub(crate) fn failure(&self) -> Option<LogError> {
        self.state.lock().failure.clone()
    }

    /// Finds room for a record of at most `room` bytes, or of at most `fresh` bytes at the start of a
    /// segment. A segment of a size begins with `header`.
    ///
    /// # Errors
    /// [`Error::StoreFailed`], [`Error::Closed`].
    pub(super) fn reserve(
        &self,
        room: usize,
        fresh: impl FnOnce() -> usize,
        header: impl FnOnce(u64) -> Vec<u8>,
    ) -> Result<Place> {
        let mut state = self.state.lock();
        if let Some(failure) = &state.failure {
            return Err(Error::StoreFailed(failure.clone()));
        }
        if state.closing {
            return Err(Error::Closed);
        }
        if state.pending > MOST_PENDING {
            return Ok(Place::After(Wait::Written));
        }
        if state.segment.is_some() && room as u64 + 2 * BATCH <= state.left {
            return Ok(Place::Here);
        }
        let needed = (HEADER + fresh() as u64 + 2 * BATCH).next_multiple_of(LEAST);
        let size = match &state.next {
            Next::Ready(segment) if needed <= segment.size => {
                let segment = Arc::clone(segment);
                let header = header(segment.size);
                let place = Place::Fresh(segment.number, segment.size);
                state.turn(segment, header);
                self.wanted.notify_one();
                return Ok(place);
            }
            Next::Ready(segment) => segment.size,
            Next::Wanted(size) => *size,
            Next::Failed(_) => state.sizes.first,
        };
        state.next = Next::Wanted(size.max(needed));
        self.wanted.notify_one();
        Ok(Place::After(Wait::Made))
    }

    /// Waits until [`Group::reserve`] may find room.
    ///
    /// # Errors
    /// [`Error::StoreFull`], [`Error::StoreFailed`], [`Error::Closed`].
    pub(super) fn wait_for_room(&self, after: Wait) -> Result<()> {
        let mut state = self.state.lock();
        loop {
            if let Some(failure) = &state.failure {
                return Err(Error::StoreFailed(failure.clone()));
            }
            if state.closing {
                return Err(Error::Closed);
            }
            match (after, &state.next) {
                (Wait::Made, Next::Ready(_)) => return Ok(()),
                (Wait::Made, Next::Failed(error)) => return Err(Error::StoreFull(error.clone())),
                (Wait::Written, _) if state.pending <= MOST_PENDING / 2 => return Ok(()),
                _ => self.moved.wait(&mut state),
            }
        }
    }

    /// Takes the record of a commit, which `write` appends to the bytes of its batch.
    pub(super) fn push(&self, revision: Revision, write: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state.lock();
        if state.parts.is_empty()
            && let Some(segment) = state.segment.clone()
        {
            state.begin(segment, None);
        }
        state.newest = revision;
        let Some(part) = state.parts.last_mut() else {
            // The log has failed since room was found: those who wait for the commit are told.
            return;
        };
        let before = part.bytes.len();
        write(&mut part.bytes);
        part.newest = revision;
        let written = part.bytes.len() - before;
        state.left = state.left.saturating_sub(written as u64);
        let was = state.pending;
        state.pending += written;
        if state.idle || was < EAGER && state.pending >= EAGER {
            self.work.notify_one();
        }
    }

    /// What there is to write, once it is time to; `None` when the log ends.
    pub(super) fn take(&self) -> Option<Vec<Part>> {
        let mut state = self.state.lock();
        loop {
            if state.failure.is_some() {
                return None;
            }
            let eager = state.asked > self.durable() || state.pending >= EAGER || state.closing;
            if !state.parts.is_empty() && eager {
                break;
            }
            if state.closing {
                return None;
            }
            // A segment that was only begun waits for its first commit.
            if state.newest == self.durable() && state.idle {
                self.work.wait(&mut state);
                state.idle = false;
            } else if self.work.wait_for(&mut state, LINGER).timed_out() {
                if state.newest > self.durable() {
                    break;
                }
                state.idle = true;
            }
        }
        state.pending = 0;
        Some(std::mem::take(&mut state.parts))
    }

    /// Makes known that all up to `revision` is on the disk.
    pub(super) fn publish(&self, revision: Revision, spare: Vec<u8>) {
        let mut state = self.state.lock();
        self.durable.store(revision, Ordering::Release);
        state.spare = spare;
        let later = state.waiters.split_off(&(revision + 1, 0));
        let ready = std::mem::replace(&mut state.waiters, later);
        self.moved.notify_all();
        drop(state);
        for waker in ready.into_values() {
            waker.wake();
        }
    }

    /// Ends the log: what was not written never will be.
    pub(crate) fn fail(&self, failure: LogError) {
        let mut state = self.state.lock();
        tracing::error!(%failure, durable = self.durable(), "the store takes no further commits");
        state.failure = Some(failure);
        state.parts.clear();
        let waiters = std::mem::take(&mut state.waiters);
        self.wake_threads(state);
        for waker in waiters.into_values() {
            waker.wake();
        }
    }

    /// Begins to end the log: what was taken is still written, nothing more is taken.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        if !state.closing {
            state.closing = true;
            state.seal();
        }
        self.wake_threads(state);
    }

    fn wake_threads(&self, state: MutexGuard<'_, State>) {
        drop(state);
        self.work.notify_all();
        self.wanted.notify_all();
        self.moved.notify_all();
    }

    /// Completes when a commit is on the disk. A `ticket` tells those apart who wait; it is kept
    /// from one call to the next.
    pub(crate) fn poll_durable(
        &self,
        revision: Revision,
        ticket: &mut Option<u64>,
        context: &Context<'_>,
    ) -> Poll<Result<()>> {
        if self.durable() >= revision {
            return Poll::Ready(Ok(()));
        }
        let mut state = self.state.lock();
        if self.durable() >= revision {
            return Poll::Ready(Ok(()));
        }
        if let Some(failure) = &state.failure {
            let reason = failure.clone();
            return Poll::Ready(Err(Error::OutcomeUnknown { revision, reason }));
        }
        state.wait(revision, ticket, context);
        self.ask(&mut state, revision);
        Poll::Pending
    }

    /// Completes when the log has failed.
    pub(crate) fn poll_failed(
        &self,
        ticket: &mut Option<u64>,
        context: &Context<'_>,
    ) -> Poll<LogError> {
        let mut state = self.state.lock();
        if let Some(failure) = &state.failure {
            return Poll::Ready(failure.clone());
        }
        state.wait(Revision::MAX, ticket, context);
        Poll::Pending
    }

    /// Forgets one that waited.
    pub(crate) fn forget(&self, revision: Revision, ticket: u64) {
        self.state.lock().waiters.remove(&(revision, ticket));
    }

    /// Blocks the thread until a commit is on the disk.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`]
    pub(crate) fn wait_durable(&self, revision: Revision) -> Result<()> {
        let mut state = self.state.lock();
        while self.durable() < revision {
            if let Some(failure) = &state.failure {
                let reason = failure.clone();
                return Err(Error::OutcomeUnknown { revision, reason });
            }
            self.ask(&mut state, revision);
            self.moved.wait(&mut state);
        }
        Ok(())
    }

    fn ask(&self, state: &mut State, revision: Revision) {
        if revision > state.asked {
            state.asked = revision;
            self.work.notify_one();
        }
    }

    /// The number and the size of the segment to make, once one is wanted; `None` when the log ends.
    pub(super) fn wanted(&self) -> Option<(u64, u64)> {
        let mut state = self.state.lock();
        loop {
            if state.closing || state.failure.is_some() {
                return None;
            }
            if let Next::Wanted(size) = state.next {
                return Some((state.next_number, size));
            }
            self.wanted.wait(&mut state);
        }
    }

    /// Takes the segment that was made.
    pub(super) fn made(&self, made: Result<Arc<Segment>, LogError>) {
        let mut state = self.state.lock();
        let wanted = match &state.next {
            Next::Wanted(size) => *size,
            Next::Ready(_) | Next::Failed(_) => 0,
        };
        match made {
            Ok(segment) if segment.size >= wanted => state.next = Next::Ready(segment),
            // A larger one has been asked for since.
            Ok(_) => {}
            Err(error) => state.next = Next::Failed(error),
        }
        self.moved.notify_all();
    }

    /// The number of a segment that was made and never used.
    pub(super) fn unused(&self) -> Option<u64> {
        let state = self.state.lock();
        matches!(state.next, Next::Ready(_)).then_some(state.next_number)
    }
}

impl State {
    /// Ends the segment that is written and begins another.
    fn turn(&mut self, segment: Arc<Segment>, header: Vec<u8>) {
        self.seal();
        self.next = Next::Wanted((segment.size * 2).min(self.sizes.most));
        self.next_number += 1;
        self.left = segment.size;
        self.segment = Some(Arc::clone(&segment));
        self.begin(segment, Some(header));
    }

    /// Begins a batch, at the start of a segment behind its header.
    fn begin(&mut self, segment: Arc<Segment>, header: Option<Vec<u8>>) {
        let mut bytes = std::mem::take(&mut self.spare);
        bytes.clear();
        let begins = header.is_some();
        if let Some(header) = header {
            bytes.extend(header);
        }
        let frame = bytes.len();
        bytes.resize(frame + frame::HEAD, 0);
        prost::encoding::uint64::encode(1, &(self.newest + 1), &mut bytes);
        self.left = self.left.saturating_sub(frame as u64 + BATCH);
        self.pending += bytes.len();
        self.parts.push(Part {
            segment,
            begins,
            bytes,
            frame,
            newest: self.newest,
            seal: false,
        });
    }

    /// Ends the segment that is written, in a batch of its own: so it shows that those before it
    /// were on the disk.
    fn seal(&mut self) {
        let Some(segment) = self.segment.take() else {
            return;
        };
        self.begin(segment, None);
        if let Some(part) = self.parts.last_mut() {
            part.seal = true;
        }
    }

    fn wait(&mut self, revision: Revision, ticket: &mut Option<u64>, context: &Context<'_>) {
        let ticket = *ticket.get_or_insert_with(|| {
            self.tickets += 1;
            self.tickets
        });
        let waker = context.waker().clone();
        self.waiters.insert((revision, ticket), waker);
    }
}
