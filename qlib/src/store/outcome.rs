//! What becomes of a commit.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::model::{Receipt, Result};

/// A commit that was submitted. Awaiting it says whether it was accepted and gives what the closure
/// of its transaction returned; dropping it cancels nothing.
///
/// The commit takes its place in the order when the method that returns this is called, not when
/// this is awaited.
#[must_use = "a commit can be refused; await it, or look at its `receipt`"]
#[derive(Debug)]
pub struct CommitFuture<T = ()> {
    outcome: Option<Result<Receipt<T>>>,
}

impl<T> CommitFuture<T> {
    pub(crate) fn new(outcome: Result<Receipt<T>>) -> Self {
        Self {
            outcome: Some(outcome),
        }
    }

    /// Waits as the commit itself does, and gives its revision and time too.
    ///
    /// # Errors
    /// Why the commit was refused.
    pub async fn receipt(self) -> Result<Receipt<T>> {
        self.applied().await
    }

    /// Waits until the commit is applied: readers in this process see it.
    ///
    /// # Errors
    /// Why the commit was refused.
    pub async fn applied(self) -> Result<Receipt<T>> {
        match self.outcome {
            Some(outcome) => outcome,
            None => Err(taken()),
        }
    }

    /// Waits until the commit outlives the process. The memory log promises nothing, so there this
    /// is [`CommitFuture::applied`].
    ///
    /// # Errors
    /// Why the commit was refused.
    pub async fn durable(self) -> Result<Receipt<T>> {
        self.applied().await
    }
}

impl<T> Unpin for CommitFuture<T> {}

impl<T> Future for CommitFuture<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Result<T>> {
        Poll::Ready(match self.outcome.take() {
            Some(outcome) => outcome.map(|receipt| receipt.value),
            None => Err(taken()),
        })
    }
}

fn taken() -> crate::model::Error {
    crate::model::Error::other("the outcome of this commit was taken already; await it once")
}
