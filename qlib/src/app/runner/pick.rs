//! Which input a worker handles next.

use std::task::{Context, Poll};

use tokio::time::Instant;

use crate::app::define::{Input, SourceOf, Worker};
use crate::app::runner::handler::Place;
use crate::app::runner::lane::Order;
use crate::app::runner::{Attempt, Runner};
use crate::store::Lagged;

/// An input that is due: of which handler, and where it waits.
#[derive(Clone, Copy)]
pub(super) struct Pick {
    pub(super) handler: usize,
    pub(super) place: Place,
}

impl<W: Worker> Runner<W> {
    /// Waits for the next input that is due.
    pub(super) fn poll_pick(&mut self, context: &mut Context<'_>) -> Poll<Pick> {
        self.app.note_progress();
        self.task.lock().replace(context.waker().clone());
        self.move_cursors(false);
        let mut lagged = Vec::new();
        for handler in &mut self.handlers {
            lagged.extend(handler.fill().map(|lagged| (handler.name.clone(), lagged)));
        }
        for (handler, lagged) in &lagged {
            tracing::warn!(%handler, read = lagged.read, next = lagged.next, "changes were lost: {}", lagged.reason);
            self.tell(lagged);
        }
        let mut change: Option<(Order, Pick)> = None;
        let mut other = None;
        let mut alarm: Option<Instant> = None;
        let mut now = None;
        for (at, handler) in self.handlers.iter().enumerate() {
            let must_lead = self.must_lead(handler) && !self.app.leads();
            for (place, attempt) in handler.waiting() {
                // What the leader began is kept until it leads again, and so is what must be handled
                // once; what else comes meanwhile is not this instance's to handle.
                if must_lead && (attempt.has_begun() || handler.durable.is_some()) {
                    continue;
                }
                let pick = Pick { handler: at, place };
                let due = attempt
                    .due
                    .filter(|due| *due > *now.get_or_insert_with(Instant::now));
                match (due, attempt.order()) {
                    (Some(due), _) => alarm = Some(alarm.map_or(due, |alarm| alarm.min(due))),
                    (None, None) => other = other.or(Some(pick)),
                    (None, Some(order)) => {
                        if change.is_none_or(|(first, _)| order < first) {
                            change = Some((order, pick));
                        }
                    }
                }
            }
        }
        let change = change.map(|(_, pick)| pick);
        // Changes and all else take turns: neither can starve the other.
        let pick = if self.change_next {
            change.or(other)
        } else {
            other.or(change)
        };
        if let Some(pick) = pick {
            self.change_next = !self.change_next;
            return Poll::Ready(pick);
        }
        self.move_cursors(true);
        self.sleep_until(alarm, context)
    }

    /// Tells the worker's handlers of lost changes.
    fn tell(&mut self, lagged: &Lagged) {
        for handler in &mut self.handlers {
            if matches!(handler.definition.source, SourceOf::Lagged) {
                let told = Attempt::new(Input::Lagged(lagged.clone()));
                handler.extra.borrow_mut().push_back(told);
                let _ = handler.fill();
            }
        }
    }

    fn sleep_until(&mut self, alarm: Option<Instant>, context: &mut Context<'_>) -> Poll<Pick> {
        let Some(due) = alarm else {
            self.alarm = None;
            return Poll::Pending;
        };
        let sleep = self
            .alarm
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        if sleep.deadline() != due {
            sleep.as_mut().reset(due);
        }
        if sleep.as_mut().poll(context).is_ready() {
            // Due by now: look again.
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}
