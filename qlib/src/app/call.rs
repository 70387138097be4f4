//! One call of user code: its limit, its panics, and the watchdog's view of it.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Sleep;

use crate::app::define::CallFuture;
use crate::app::failure::Failure;
use crate::app::watchdog::Beat;

/// Runs a call to its end, to its limit, or to its panic.
pub(crate) async fn run<'a>(
    call: impl FnOnce() -> CallFuture<'a>,
    limit: Duration,
    beat: &Beat,
    name: &smol_str::SmolStr,
) -> Result<(), Failure> {
    // What the call does before its first await runs under the same protection.
    let future = match guarded(beat, name, call) {
        Ok(future) => future,
        Err(failure) => return Err(failure),
    };
    Guarded {
        future,
        limit,
        sleep: None,
        beat,
        name,
    }
    .await
}

struct Guarded<'a, F> {
    future: F,
    limit: Duration,
    /// Made when the call awaits for the first time: most never do.
    sleep: Option<Pin<Box<Sleep>>>,
    beat: &'a Beat,
    name: &'a smol_str::SmolStr,
}

impl<F: Future<Output = Result<(), Failure>> + Unpin> Future for Guarded<'_, F> {
    type Output = Result<(), Failure>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        match guarded(this.beat, this.name, || {
            Pin::new(&mut this.future).poll(context)
        }) {
            Ok(Poll::Ready(outcome)) => return Poll::Ready(outcome),
            Err(failure) => return Poll::Ready(Err(failure)),
            Ok(Poll::Pending) => {}
        }
        let limit = this.limit;
        let sleep = this
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        sleep
            .as_mut()
            .poll(context)
            .map(|()| Err(Failure::TimedOut(limit)))
    }
}

/// Runs user code; catches its panic, and lets the watchdog see how long it takes.
pub(crate) fn guarded<T>(
    beat: &Beat,
    name: &smol_str::SmolStr,
    run: impl FnOnce() -> T,
) -> Result<T, Failure> {
    beat.enter(name);
    let outcome = catch_unwind(AssertUnwindSafe(run));
    beat.leave();
    outcome.map_err(|payload| Failure::Panic(message(&*payload)))
}

fn message(payload: &(dyn Any + Send)) -> String {
    match (
        payload.downcast_ref::<&str>(),
        payload.downcast_ref::<String>(),
    ) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "without a message".to_owned(),
    }
}
