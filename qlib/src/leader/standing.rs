//! Where an instance stands in the election, for those who look on.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::leader::State;
use crate::model::Result;
use crate::store::Store;

/// How often one that stands by looks who writes.
const LOOK: Duration = Duration::from_secs(1);

/// Where an instance stands in the election, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Its state.
    pub state: State,
    /// Why it is in that state, for people: `process 123 writes to the store`.
    pub reason: Arc<str>,
}

impl Standing {
    pub(crate) fn new(state: State, reason: impl Into<Arc<str>>) -> Self {
        Self {
            state,
            reason: reason.into(),
        }
    }
}

/// Follows where an instance stands, on any thread: from before it starts, so also while it stands by.
/// [`AppBuilder::standing`](crate::AppBuilder::standing) gives one.
#[derive(Clone, Debug)]
pub struct Standings(watch::Receiver<Standing>);

impl Standings {
    /// Where the instance stands now: `Unavailable` before it has started, and after it has ended.
    #[must_use]
    pub fn now(&self) -> Standing {
        self.0.borrow().clone()
    }

    /// Completes when the instance stands as `is_awaited` says; with `None` once it is gone, and so
    /// changes no more.
    pub async fn wait_for(
        &mut self,
        is_awaited: impl FnMut(&Standing) -> bool,
    ) -> Option<Standing> {
        let found = self.0.wait_for(is_awaited).await;
        found.ok().map(|standing| standing.clone())
    }
}

/// Shows where an instance stands to all [`Standings`] of it.
#[derive(Debug)]
pub(crate) struct Shown(watch::Sender<Standing>);

impl Default for Shown {
    fn default() -> Self {
        let begun = Standing::new(State::Unavailable, "it has not started");
        Self(watch::Sender::new(begun))
    }
}

impl Shown {
    pub(crate) fn follow(&self) -> Standings {
        Standings(self.0.subscribe())
    }

    pub(crate) fn now(&self) -> Standing {
        self.0.borrow().clone()
    }

    pub(crate) fn set(&self, state: State, reason: impl Into<Arc<str>>) {
        let now = Standing::new(state, reason);
        self.0.send_if_modified(|shown| {
            let is_new = *shown != now;
            *shown = now;
            is_new
        });
    }

    /// Waits until this process writes to the store, and shows meanwhile who does.
    ///
    /// # Errors
    /// Those of [`Store::writer`].
    pub(crate) async fn stand_by(&self, store: &Store) -> Result<()> {
        let mut writes = std::pin::pin!(store.writer());
        let decided = loop {
            if let Some(writer) = store.health().writer {
                self.set(State::Follower, format!("{writer} writes to the store"));
            }
            if let Ok(decided) = tokio::time::timeout(LOOK, &mut writes).await {
                break decided;
            }
        };
        match &decided {
            Ok(()) => self.set(State::Follower, "it is starting"),
            Err(error) => self.set(State::Unavailable, error.to_string()),
        }
        decided
    }
}
