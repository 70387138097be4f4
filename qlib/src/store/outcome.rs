//! What becomes of a commit.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::log::Group;
use crate::model::{Error, Receipt, Result};
use crate::store::durable::Waiting;

/// A commit that was submitted. Awaiting it says whether it was accepted and gives what the closure
/// of its transaction returned; dropping it cancels nothing.
///
/// The commit takes its place in the order when the method that returns this is called, not when
/// this is awaited. Awaiting it waits until the commit outlives the process; inside a handler, and
/// on a store that was opened [buffered](crate::StoreOptions::buffered), until it is applied.
#[must_use = "a commit can be refused; await it, or look at its `receipt`"]
#[derive(Debug)]
pub struct CommitFuture<T = ()> {
    outcome: Option<Result<Receipt<T>>>,
    waiting: Option<Waiting>,
    durable: bool,
}

impl<T> CommitFuture<T> {
    pub(crate) fn new(
        outcome: Result<Receipt<T>>,
        group: Option<Arc<Group>>,
        durable: bool,
    ) -> Self {
        let accepted = outcome.as_ref().ok().zip(group);
        Self {
            waiting: accepted.map(|(receipt, group)| Waiting::new(group, receipt.revision)),
            outcome: Some(outcome),
            durable,
        }
    }

    /// Waits as the commit itself does, and gives its revision and time too.
    ///
    /// # Errors
    /// Why the commit was refused; [`Error::OutcomeUnknown`]: it was applied, then the disk failed.
    pub async fn receipt(mut self) -> Result<Receipt<T>> {
        poll_fn(|context| self.poll_receipt(context)).await
    }

    /// Waits until the commit is applied: readers in this process see it.
    ///
    /// # Errors
    /// Why the commit was refused.
    pub async fn applied(mut self) -> Result<Receipt<T>> {
        self.durable = false;
        self.receipt().await
    }

    /// Waits until the commit outlives the process. The memory log promises nothing, so there this
    /// is [`CommitFuture::applied`].
    ///
    /// # Errors
    /// Those of [`CommitFuture::receipt`].
    pub async fn durable(mut self) -> Result<Receipt<T>> {
        self.durable = true;
        self.receipt().await
    }

    fn poll_receipt(&mut self, context: &Context<'_>) -> Poll<Result<Receipt<T>>> {
        if self.durable
            && let Some(waiting) = &mut self.waiting
        {
            ready!(waiting.poll(context))?;
        }
        Poll::Ready(self.outcome.take().unwrap_or_else(|| {
            Err(Error::other(
                "the outcome of this commit was taken already; await it once",
            ))
        }))
    }
}

impl<T> Unpin for CommitFuture<T> {}

impl<T> Future for CommitFuture<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        self.poll_receipt(context).map_ok(|receipt| receipt.value)
    }
}
