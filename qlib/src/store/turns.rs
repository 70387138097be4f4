//! Whose turn it is in a replay, and how many replays there are at once.
//!
//! Each replay holds a tree of its own, and a reader may be slow: so there is a bound. Who finds no
//! place waits for one, or gets that of a reader that has not come back to its own for long, which
//! begins again when it does.

use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::model::LogError;
use crate::store::behind::Stretch;
use crate::store::event::LagReason;

/// Replays at once.
pub(super) const PLACES: usize = 4;

/// How long a reader may stay away before somebody who waits gets its place.
const PATIENCE: Duration = Duration::from_secs(10);

/// What came of a thread's turn.
#[derive(Debug)]
pub(super) enum Outcome {
    Read(Box<Stretch>),
    /// Another line of commits leads to the place from which the reader comes.
    Foreign,
    /// The disk does not give what the reader needs.
    Lost(LagReason),
    /// Another reader has got the place.
    Displaced,
}

/// Where a thread and its reader hand a stretch to each other.
#[derive(Debug)]
struct Slot(Mutex<State>);

#[derive(Debug)]
struct State {
    /// `None` while one of the two has it; otherwise since when it waits for the reader.
    outcome: Option<(Outcome, Instant)>,
    /// A thread has its turn.
    at_work: bool,
    waker: Option<Waker>,
    /// The reader has gone.
    given_up: bool,
}

/// Who has a place.
#[derive(Debug)]
pub(super) struct Places {
    state: Mutex<Taken>,
    freed: Condvar,
    /// Is held by who gets the next free place; the others wait behind it.
    next: Mutex<()>,
}

#[derive(Debug)]
struct Taken {
    slots: Vec<Arc<Slot>>,
    patience: Duration,
    is_closed: bool,
}

/// The reader's side. Dropping it gives the place back.
#[derive(Debug)]
pub(super) struct Turns {
    slot: Arc<Slot>,
    places: Arc<Places>,
}

/// A thread's turn. Dropping it, as a panic does, says that it failed.
#[derive(Debug)]
pub(super) struct Turn {
    slot: Arc<Slot>,
    places: Arc<Places>,
    outcome: Outcome,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            state: Mutex::new(Taken {
                slots: Vec::new(),
                patience: PATIENCE,
                is_closed: false,
            }),
            freed: Condvar::new(),
            next: Mutex::new(()),
        }
    }
}

impl Places {
    /// Begins with a thread's turn.
    pub(super) fn begin(self: &Arc<Self>) -> (Turns, Turn) {
        let slot = Arc::new(Slot(Mutex::new(State {
            outcome: None,
            at_work: false,
            waker: None,
            given_up: false,
        })));
        let turns = Turns {
            slot,
            places: Arc::clone(self),
        };
        let turn = turns.turn();
        (turns, turn)
    }

    /// Lets nobody wait any more.
    pub(super) fn close(&self) {
        self.state.lock().is_closed = true;
        self.freed.notify_all();
    }

    #[cfg(test)]
    pub(super) fn set_patience(&self, patience: Duration) {
        self.state.lock().patience = patience;
    }

    /// How many are taken.
    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.state.lock().slots.len()
    }

    fn leave(&self, slot: &Arc<Slot>) {
        self.state
            .lock()
            .slots
            .retain(|other| !Arc::ptr_eq(other, slot));
        self.freed.notify_one();
    }
}

impl Taken {
    /// Takes the place of the reader that has stayed away longest, if that is long.
    fn displace(&mut self) -> Option<Outcome> {
        let away = |slot: &Arc<Slot>| Some(slot.0.lock().outcome.as_ref()?.1);
        let slots = self.slots.iter().enumerate();
        let (since, at) = slots
            .filter_map(|(at, slot)| Some((away(slot)?, at)))
            .min()?;
        if since.elapsed() < self.patience {
            return None;
        }
        let slot = self.slots.swap_remove(at);
        let mut state = slot.0.lock();
        let displaced = (Outcome::Displaced, Instant::now());
        // The reader may have come back in between; then it goes on, in one place too many.
        let displaced = state
            .outcome
            .as_mut()
            .map(|left| std::mem::replace(left, displaced));
        displaced.map(|(outcome, _)| outcome)
    }
}

impl Turns {
    /// The next turn of a thread.
    pub(super) fn turn(&self) -> Turn {
        self.slot.0.lock().at_work = true;
        Turn {
            slot: Arc::clone(&self.slot),
            places: Arc::clone(&self.places),
            outcome: Outcome::Lost(LagReason::Failed(LogError::Io {
                file: "the log".into(),
                action: "read",
                kind: std::io::ErrorKind::Other,
                reason: "the thread that was to do it has ended".into(),
            })),
        }
    }

    /// What the thread has read, for a look; if it still reads, `waker` is woken when it has.
    pub(super) fn take(&self, waker: Option<&Waker>) -> Option<Outcome> {
        let mut state = self.slot.0.lock();
        let outcome = state.outcome.take();
        if let (None, Some(waker)) = (&outcome, waker) {
            state.waker = Some(waker.clone());
        }
        outcome.map(|(outcome, _)| outcome)
    }

    /// Leaves what was looked at for the next look.
    pub(super) fn put_back(&self, stretch: Box<Stretch>) {
        self.slot.0.lock().outcome = Some((Outcome::Read(stretch), Instant::now()));
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        let (left, at_work) = {
            let mut state = self.slot.0.lock();
            state.given_up = true;
            (state.outcome.take(), state.at_work)
        };
        drop(left);
        // While a thread is at work, the place is that thread's.
        if !at_work {
            self.places.leave(&self.slot);
        }
    }
}

impl Turn {
    /// Waits for a place; false if the reader has gone, or the store has closed.
    pub(super) fn wait_for_place(&self) -> bool {
        let _next = self.places.next.lock();
        let mut taken = self.places.state.lock();
        loop {
            if taken.is_closed || self.slot.0.lock().given_up {
                return false;
            }
            let mut displaced = None;
            if taken.slots.len() >= PLACES {
                displaced = taken.displace();
            }
            if taken.slots.len() < PLACES {
                taken.slots.push(Arc::clone(&self.slot));
                drop(taken);
                drop(displaced);
                return true;
            }
            let patience = taken.patience;
            self.places.freed.wait_for(&mut taken, patience);
        }
    }

    pub(super) fn end(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let outcome = std::mem::replace(&mut self.outcome, Outcome::Foreign);
        let is_over = !matches!(outcome, Outcome::Read(_));
        let (given_up, waker) = {
            let mut state = self.slot.0.lock();
            state.outcome = Some((outcome, Instant::now()));
            state.at_work = false;
            (state.given_up, state.waker.take())
        };
        if given_up || is_over {
            self.places.leave(&self.slot);
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
