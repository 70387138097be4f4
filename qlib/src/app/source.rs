//! Where the inputs of a handler come from.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use smol_str::SmolStr;
use tokio::time::{Instant, Sleep};

use crate::app::App;
use crate::app::define::{Input, SourceOf};
use crate::app::persistent::PersistentTicks;
use crate::app::signal::Inbox;
use crate::model::{Cursor, Error, Result};
use crate::store::{Event, Subscribe, Subscription};

/// The inputs of one handler.
pub(crate) enum Source {
    Subscription(Changes),
    Every(Ticks),
    Persistent(PersistentTicks),
    Signal(Box<dyn Inbox>),
    /// What is replaced when the whole tree is.
    Resync(Changes),
    /// Told by the other handlers of the worker.
    Told,
}

/// Changes, and a clock for those that are held back.
pub(crate) struct Changes {
    pub(crate) subscription: Subscription,
    held: Option<Pin<Box<Sleep>>>,
}

/// Ticks at a fixed rate; those that were missed are skipped, but one.
pub(crate) struct Ticks {
    period: Duration,
    next: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Source {
    /// Opens a source. That of a durable handler goes on where its cursor stands, if there is one.
    pub(crate) fn of(
        app: &App,
        definition: &SourceOf,
        handler: &SmolStr,
        durable: bool,
        cursor: Option<Cursor>,
        describe: impl FnOnce(Subscribe) -> Subscribe,
    ) -> Result<Self> {
        let (store, tick) = (app.store(), app.options().tick);
        Ok(match definition {
            SourceOf::Subscription(subscribe) => {
                let mut subscribe = describe(subscribe(store));
                if let Some(reason) = subscribe.unfit_for_cursor().filter(|_| durable) {
                    return Err(Error::Refused {
                        what: "`durable`".into(),
                        reason: reason.into(),
                    });
                }
                if let Some(Cursor::Changes(position)) = cursor {
                    subscribe = subscribe.from(position);
                }
                Self::Subscription(Changes::new(subscribe.start()?))
            }
            SourceOf::Every(period, catch_up) if durable => {
                let (clock, period) = (store.clock().clone(), period.unwrap_or(tick));
                let last = match cursor {
                    Some(Cursor::Ticks(last)) => Some(last),
                    _ => None,
                };
                Self::Persistent(PersistentTicks::new(clock, period, *catch_up, last))
            }
            SourceOf::Every(period, _) => {
                let period = period.unwrap_or(tick);
                Self::Every(Ticks {
                    period,
                    next: Instant::now() + period,
                    sleep: None,
                })
            }
            SourceOf::Signal(connect) => {
                Self::Signal(connect(&mut app.wiring().borrow_mut(), handler))
            }
            SourceOf::Resync => {
                let all = store.subscribe_schemas().named(handler.clone());
                Self::Resync(Changes::new(all.start()?))
            }
            SourceOf::Lagged => Self::Told,
        })
    }

    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Input> {
        match self {
            Self::Subscription(changes) => changes.poll(context),
            Self::Every(ticks) => ticks.poll(context),
            Self::Persistent(ticks) => ticks.poll(context).map(|tick| Input::Tick(Some(tick))),
            Self::Signal(inbox) => inbox
                .poll(context)
                .map(|(value, awaited)| Input::Signal(value, awaited)),
            Self::Resync(changes) => loop {
                match changes.poll(context) {
                    Poll::Ready(input @ Input::Resync(_)) => return Poll::Ready(input),
                    Poll::Ready(_) => {}
                    Poll::Pending => return Poll::Pending,
                }
            },
            Self::Told => Poll::Pending,
        }
    }

    /// What a durable cursor is to say that has come to where this stands.
    pub(crate) fn done(&self) -> Option<Cursor> {
        match self {
            Self::Subscription(changes) => Some(Cursor::Changes(changes.subscription.position())),
            Self::Persistent(ticks) => Some(Cursor::Ticks(ticks.last())),
            _ => None,
        }
    }

    /// Begins to count ticks from now.
    pub(crate) fn restart(&mut self) {
        if let Self::Every(ticks) = self {
            ticks.next = Instant::now() + ticks.period;
            ticks.sleep = None;
        }
    }
}

impl Changes {
    pub(crate) fn new(subscription: Subscription) -> Self {
        Self {
            subscription,
            held: None,
        }
    }

    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Input> {
        loop {
            match self.subscription.poll_next(context) {
                Poll::Ready(Event::Change(delivery)) => {
                    return Poll::Ready(Input::Delivery(delivery));
                }
                Poll::Ready(Event::Lagged(lagged)) => return Poll::Ready(Input::Lagged(lagged)),
                Poll::Ready(Event::Resync { revision }) => {
                    return Poll::Ready(Input::Resync(revision));
                }
                // A store that fails ends the application's handlers by itself.
                Poll::Ready(Event::SnapshotEnd { .. } | Event::Failed(_)) => continue,
                Poll::Pending => {}
            }
            let Some(due) = self.subscription.due() else {
                return Poll::Pending;
            };
            let held = self
                .held
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
            if held.deadline() != due {
                held.as_mut().reset(due);
            }
            if held.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl Ticks {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Input> {
        let next = self.next;
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(next)));
        if sleep.deadline() != next {
            sleep.as_mut().reset(next);
        }
        if sleep.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        let late = Instant::now().saturating_duration_since(next);
        let missed = late.as_nanos() / self.period.as_nanos().max(1);
        let periods = u32::try_from(missed).unwrap_or(u32::MAX).saturating_add(1);
        self.next = next + self.period.saturating_mul(periods);
        Poll::Ready(Input::Tick(None))
    }
}
