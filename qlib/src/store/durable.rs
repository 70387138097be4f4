//! Waiting for commits to outlive the process.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::log::Group;
use crate::model::{Result, Revision};
use crate::store::Store;

/// A revision that somebody waits to be durable.
#[derive(Debug)]
pub(crate) struct Waiting {
    group: Arc<Group>,
    revision: Revision,
    /// By what the log knows this one among all who wait.
    ticket: Option<u64>,
}

impl Waiting {
    pub(crate) fn new(group: Arc<Group>, revision: Revision) -> Self {
        Self {
            group,
            revision,
            ticket: None,
        }
    }

    pub(crate) fn revision(&self) -> Revision {
        self.revision
    }

    /// Completes when the revision is durable, or with [`crate::Error::OutcomeUnknown`].
    pub(crate) fn poll(&mut self, context: &Context<'_>) -> Poll<Result<()>> {
        self.group
            .poll_durable(self.revision, &mut self.ticket, context)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.group.forget(self.revision, ticket);
        }
    }
}

impl Store {
    /// Waits until all that is applied now outlives the process, and gives its revision. Await it
    /// before anything that was read leaves the process: an answer over the network, a line of
    /// output. [`Store::backup`] and [`Store::export`] wait by themselves, and a subscription does
    /// that says [`after_durable`](crate::Subscribe::after_durable).
    ///
    /// On the memory log, which promises nothing, nothing waits. [`Store::health`] says both
    /// revisions.
    ///
    /// ```
    /// # use qlib::{Kind, Schema, Store};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> qlib::Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("qlib-durable-{}", std::process::id()));
    /// # let store = Store::open(&folder)?;
    /// let schema = Schema::new("Lamp").field("Brightness", Kind::Int);
    /// store.set_schema(schema).applied().await?;
    /// let answer = store.types();
    /// store.durable().await?;
    /// println!("{answer:?}");
    /// # store.close()?;
    /// # std::fs::remove_dir_all(&folder).ok();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`crate::Error::OutcomeUnknown`]: the disk has failed, and what was read may be gone when the
    /// store is opened again.
    pub fn durable(&self) -> impl Future<Output = Result<Revision>> + Send + use<> {
        let revision = self.revision();
        let group = self.shared.group.get().cloned();
        let mut waiting = group.map(|group| Waiting::new(group, revision));
        poll_fn(move |context| {
            if let Some(waiting) = &mut waiting {
                ready!(waiting.poll(context))?;
            }
            Poll::Ready(Ok(revision))
        })
    }
}
