//! What of the log must stay because somebody still has to read it.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::model::Revision;

/// From where on the log stays, and who needs it.
#[derive(Debug)]
pub(crate) struct Holds(Mutex<State>);

#[derive(Debug)]
struct State {
    /// What is behind this is still there; what is before may not be.
    kept_from: Revision,
    /// What is behind these must stay.
    held: BTreeMap<u64, Revision>,
    tickets: u64,
}

impl Holds {
    pub(crate) fn new(kept_from: Revision) -> Self {
        Self(Mutex::new(State {
            kept_from,
            held: BTreeMap::new(),
            tickets: 0,
        }))
    }

    /// Keeps what is behind a revision, and the snapshot before it, while the hold lives.
    ///
    /// # Errors
    /// From where on there is something; what is behind the revision is not there any more.
    pub(crate) fn hold(self: &Arc<Self>, revision: Revision) -> Result<Hold, Revision> {
        let mut state = self.0.lock();
        if revision < state.kept_from {
            return Err(state.kept_from);
        }
        state.tickets += 1;
        let ticket = state.tickets;
        state.held.insert(ticket, revision);
        Ok(Hold {
            holds: Arc::clone(self),
            ticket,
        })
    }

    /// Decides from where on the log stays, given the oldest revision behind which it must; `None`
    /// is all of it. What comes before may be removed then.
    pub(crate) fn keep_from(
        &self,
        decide: impl FnOnce(Option<Revision>) -> Option<Revision>,
    ) -> Option<Revision> {
        let mut state = self.0.lock();
        let oldest = state.held.values().copied().min();
        let kept_from = decide(oldest)?;
        state.kept_from = state.kept_from.max(kept_from);
        Some(kept_from)
    }
}

/// Keeps the log behind a revision.
#[derive(Debug)]
pub(crate) struct Hold {
    holds: Arc<Holds>,
    ticket: u64,
}

impl Hold {
    /// Keeps what is behind a later revision only.
    pub(crate) fn move_to(&self, revision: Revision) {
        self.holds.0.lock().held.insert(self.ticket, revision);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.holds.0.lock().held.remove(&self.ticket);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

    use super::*;

    #[test]
    fn the_oldest_hold_counts_and_what_is_gone_cannot_be_held() {
        let holds = Arc::new(Holds::new(10));
        assert_eq!(holds.hold(9).unwrap_err(), 10);
        let (first, second) = (holds.hold(10).unwrap(), holds.hold(20).unwrap());
        let oldest = || {
            let mut oldest = None;
            let kept = holds.keep_from(|held| {
                oldest = held;
                None
            });
            assert_eq!(kept, None);
            oldest
        };
        assert_eq!(oldest(), Some(10));
        first.move_to(30);
        assert_eq!(oldest(), Some(20));
        drop(second);
        assert_eq!(oldest(), Some(30));
        assert_eq!(holds.keep_from(|_| Some(25)), Some(25));
        assert_eq!(holds.hold(24).unwrap_err(), 25);
        drop(first);
        assert_eq!(oldest(), None);
    }
}
