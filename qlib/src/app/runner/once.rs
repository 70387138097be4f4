//! Calls of durable handlers: what they write is committed with the move of their cursor, or not at all.

use tokio::time::Instant;

use crate::app::Cx;
use crate::app::define::{Input, Worker};
use crate::app::failure::{Failure, Retry};
use crate::app::runner::pick::Pick;
use crate::app::runner::{Attempt, Runner};
use crate::model::{Op, Result};
use crate::store::{ATTEMPTS, Store, Transaction};

impl<W: Worker> Runner<W> {
    /// Calls a durable handler and commits what it wrote; again where another commit has changed what
    /// it read.
    pub(super) async fn call_once(
        &mut self,
        pick: Pick,
        attempt: &Attempt,
        mut cx: Cx,
    ) -> Result<(), Failure> {
        let store = cx.store.clone();
        cx.store = cx.store.inside_durable_handler();
        cx.app = cx.app.through(&cx.store);
        for calls in 1.. {
            cx.tx = None;
            match self.call(pick.handler, attempt, &mut cx).await {
                // Nothing is left to do, and nothing of what it wrote is wanted.
                Err(failure) if failure.is_gone(attempt.entity()) => cx.tx = None,
                outcome => outcome?,
            }
            let writes = cx.tx.take().filter(Transaction::writes);
            let seen = writes.as_ref().map_or(0, Transaction::seen);
            match self.commit_once(pick, attempt, &store, writes) {
                Err(error) if calls < ATTEMPTS && store.may_run_again(&error, seen) => {}
                outcome => return outcome.map_err(Failure::Qlib),
            }
        }
        Ok(())
    }

    /// Commits what a handler wrote, and that it is done. Without writes its cursor can wait, so that
    /// it moves over many changes at once.
    fn commit_once(
        &mut self,
        pick: Pick,
        attempt: &Attempt,
        store: &Store,
        writes: Option<Transaction<'static>>,
    ) -> Result<()> {
        let handler = &mut self.handlers[pick.handler];
        match (&mut handler.durable, attempt.done(), writes) {
            (Some(durable), Some(done), Some(writes)) => {
                store.submit_once(Some(writes), [durable.step(done)])?;
                durable.moved(done);
            }
            (Some(durable), Some(done), None) => durable.note(done),
            // A dead letter: it goes with what was written.
            (_, _, Some(writes)) => {
                let letter = attempt.dead_letter.filter(|letter| store.exists(*letter));
                store.submit_once(Some(writes), letter.map(Op::Delete))?;
            }
            (_, _, None) => {}
        }
        Ok(())
    }

    /// Gives an input up, once its dead letter is kept.
    pub(super) fn park(&mut self, pick: Pick, mut attempt: Attempt, failure: &Failure) {
        let handler = &mut self.handlers[pick.handler];
        let (name, field) = (&handler.name, &handler.definition.field);
        let durable = handler.durable.as_mut().zip(attempt.done());
        let step = durable.as_ref().map(|(durable, done)| durable.step(*done));
        match (self.app.park(name, field, &attempt, failure, step), durable) {
            (Ok(()), None) => {}
            (Ok(()), Some((durable, done))) => durable.moved(done),
            (Err(error), _) => {
                let pause = Retry::LONGEST;
                tracing::error!(handler = %name, %error, retry_in = ?pause, "the dead letter cannot be kept: the change waits");
                attempt.due = Some(Instant::now() + pause);
                self.wait(pick, attempt);
            }
        }
    }

    /// Moves the cursors of handlers that are done with more than the store knows. A worker that is
    /// about to wait is `idle`.
    pub(super) fn move_cursors(&mut self, idle: bool) {
        for at in 0..self.handlers.len() {
            let handler = &mut self.handlers[at];
            let Some(durable) = &mut handler.durable else {
                continue;
            };
            if idle && handler.pending.is_none() {
                durable.rest(handler.source.done());
            }
            let Some(done) = durable.due(idle) else {
                continue;
            };
            let step = durable.step(done);
            // Without the leadership it is for the next leader to do.
            let Some(cx) = self.cx_for(at, &Input::Tick(None)) else {
                continue;
            };
            let handler = &mut self.handlers[at];
            match (cx.store.submit_once(None, [step]), &mut handler.durable) {
                (Ok(_), Some(durable)) => durable.moved(done),
                (Err(error), _) => {
                    tracing::error!(handler = %handler.name, %error, "a durable cursor does not move: changes may be handled again");
                }
                (Ok(_), None) => {}
            }
        }
    }
}
