//! Who leads, and the guard that leader-only code holds.

mod standing;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use smol_str::SmolStr;

use crate::model::{Author, Error, Fence, Op, Result};
use crate::store::Store;

pub(crate) use standing::Shown;
pub use standing::{Standing, Standings};

/// The states of an instance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It cannot lead: it has not started, the store takes no commits, or its main thread is blocked.
    Unavailable,
    /// Another instance leads, or nobody does.
    Follower,
    /// It leads.
    Leader,
}

/// The proof of leading. Commits through [`Leadership::store`] carry its fencing token: once
/// another leadership was granted they are refused, whatever this process believes.
///
/// ```
/// use qlib::prelude::*;
///
/// #[derive(Entity, Debug)]
/// struct Plan {
///     #[field(default = 0)]
///     version: i64,
/// }
///
/// async fn publish(leadership: &Leadership, plan: EntityId) -> Result<()> {
///     let published = leadership.store().transaction(|tx| tx.add(plan, Plan::FIELDS.Version, 1));
///     published.await
/// }
/// ```
#[derive(Clone)]
pub struct Leadership {
    election: SmolStr,
    token: u64,
    held: Arc<AtomicBool>,
    store: Store,
}

impl fmt::Debug for Leadership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "leadership of {:?} with token {}",
            self.election, self.token
        )
    }
}

impl Leadership {
    /// The fencing token: it only grows from one leadership to the next.
    #[must_use]
    pub fn token(&self) -> u64 {
        self.token
    }

    /// The election that was won.
    #[must_use]
    pub fn election(&self) -> &str {
        &self.election
    }

    /// Whether this instance still leads, as far as it knows.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held.load(Ordering::Acquire)
    }

    /// The store, with commits that are refused once the leadership has ended.
    #[must_use]
    pub fn store(&self) -> Store {
        self.fenced(&self.store)
    }

    /// The same leadership, with another handle of its store.
    pub(crate) fn through(self, store: &Store) -> Self {
        let store = store.clone();
        Self { store, ..self }
    }

    /// A handle whose commits carry this leadership.
    pub(crate) fn fenced(&self, store: &Store) -> Store {
        let fence = Some(Fence {
            election: self.election.clone(),
            token: self.token,
        });
        store.on_behalf(Author {
            fence,
            ..store.author().clone()
        })
    }
}

/// The election of an application whose log has one writer only: that one wins.
///
/// On every log a winner leads only once its claim is durable: one that a crash took back would be made
/// again, with the token of a leader that others have seen.
#[derive(Debug)]
pub(crate) struct Election {
    name: SmolStr,
    store: Store,
    leadership: Option<Leadership>,
}

impl Election {
    pub(crate) fn new(name: SmolStr, store: Store) -> Self {
        Self {
            name,
            store,
            leadership: None,
        }
    }

    pub(crate) fn leadership(&self) -> Option<&Leadership> {
        self.leadership.as_ref()
    }

    /// Claims the leadership; the new token is higher than all that the store has seen. It is won once
    /// the claim is durable.
    ///
    /// # Errors
    /// Why the store refused the claim, such as [`Error::Disconnected`].
    pub(crate) fn claim(&self) -> Result<Leadership> {
        let election = self.name.clone();
        let mut token = 0;
        self.store.submit(|tree, steps| {
            token = tree.fence(&election) + 1;
            steps.push(Op::Claim { election, token });
            Ok(())
        })?;
        Ok(Leadership {
            election: self.name.clone(),
            token,
            held: Arc::new(AtomicBool::new(true)),
            store: self.store.clone(),
        })
    }

    /// Takes the leadership that was claimed.
    pub(crate) fn win(&mut self, leadership: Leadership) {
        self.leadership = Some(leadership);
    }

    /// Gives the leadership up.
    pub(crate) fn resign(&mut self) -> Option<Leadership> {
        let leadership = self.leadership.take()?;
        leadership.held.store(false, Ordering::Release);
        Some(leadership)
    }
}

/// The error of leader-only code that runs while this instance does not lead.
pub(crate) fn not_leading(election: &str) -> Error {
    Error::Refused {
        what: "leader-only code".into(),
        reason: format!("this instance does not lead {election:?}").into(),
    }
}
