//! What a handler is to handle next, and how often it has failed to.

use tokio::time::Instant;

use crate::app::define::Input;
use crate::app::source::Changes;
use crate::model::{EntityId, Position, Revision};

/// The place of a change, as [`Delivery::order`] gives it.
pub(super) type Order = (Revision, usize, usize);

/// An input that waits to be handled, for the first time or again.
pub(crate) struct Attempt {
    pub(crate) input: Input,
    pub(crate) failures: u32,
    /// Not before this.
    pub(crate) due: Option<Instant>,
    /// The dead letter that it comes from, if an operator asked to try it again.
    pub(crate) dead_letter: Option<EntityId>,
}

impl Attempt {
    pub(crate) fn new(input: Input) -> Self {
        Self {
            input,
            failures: 0,
            due: None,
            dead_letter: None,
        }
    }

    /// Whether the handler was called with it already.
    pub(super) fn has_begun(&self) -> bool {
        self.failures > 0 || self.dead_letter.is_some()
    }

    /// Where the attempt stands in the order of a worker's inputs: by the revision, then as the
    /// commit has it. `None` for what is no change, or is tried out of order.
    pub(super) fn order(&self) -> Option<Order> {
        match &self.input {
            _ if self.dead_letter.is_some() => None,
            Input::Delivery(delivery) => Some(delivery.order()),
            // Before the changes that are left.
            Input::Lagged(lagged) => Some((lagged.next.saturating_sub(1), usize::MAX, 0)),
            // Before the changes that it is made of.
            Input::Resync(revision) => Some((revision.saturating_sub(1), usize::MAX, 0)),
            _ => None,
        }
    }

    /// The place behind the change; `None` if the input is none, or existed when its reader began.
    pub(super) fn position(&self) -> Option<Position> {
        match &self.input {
            Input::Delivery(delivery) => delivery.position(),
            _ => None,
        }
    }

    /// The revision of the change; 0 if the input is none.
    pub(crate) fn revision(&self) -> Revision {
        match &self.input {
            Input::Delivery(delivery) => delivery.revision(),
            _ => 0,
        }
    }

    /// The entity that the input is about.
    pub(crate) fn entity(&self) -> Option<EntityId> {
        match &self.input {
            Input::Delivery(delivery) => Some(delivery.id()),
            _ => None,
        }
    }
}

/// The lane of an entity that failed in a keyed handler: it alone waits, and reads on from where it
/// failed with a reader of its own.
pub(crate) struct Lane {
    pub(crate) changes: Changes,
    pub(crate) pending: Option<Attempt>,
    /// Everything up to here was handled in this lane: the handler's own reader skips it.
    pub(crate) read_to: Option<Revision>,
}
