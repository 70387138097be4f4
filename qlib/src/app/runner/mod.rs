//! A worker at work: one input at a time, in the order of revisions.

#[cfg(test)]
mod crashes;
mod durable;
mod handler;
#[cfg(test)]
mod idle;
mod lane;
mod once;
mod pick;

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use smol_str::{SmolStr, format_smolstr};
use tokio::time::{Instant, Sleep};

use crate::app::call;
use crate::app::define::{Input, Worker, WorkerDefinition};
use crate::app::failure::Failure;
use crate::app::{App, Cx, Retry};
use crate::model::{Author, Cause, Error, Result};

use handler::{Handler, Place, Task};
use pick::Pick;

pub(crate) use durable::HandlerCursor;
pub(crate) use handler::Extra;
pub(crate) use lane::Attempt;

/// A worker, whatever its type.
pub(crate) trait AnyRunner {
    fn name(&self) -> &'static str;
    fn init(&mut self) -> LocalFuture<'_, Result<()>>;
    fn run(
        self: Box<Self>,
        stop: LocalFuture<'static, ()>,
    ) -> LocalFuture<'static, Box<dyn AnyRunner>>;
    fn deinit(&mut self) -> LocalFuture<'_, ()>;
}

pub(crate) type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A worker and its handlers.
pub(crate) struct Runner<W> {
    app: App,
    worker: W,
    make: Option<Rc<dyn Fn() -> W>>,
    definition: WorkerDefinition<W>,
    handlers: Vec<Handler<W>>,
    task: Task,
    alarm: Option<Pin<Box<Sleep>>>,
    /// The last input was none of a change: the next one is, if there is one.
    change_next: bool,
}

impl<W: Worker> Runner<W> {
    /// Makes the worker and opens the sources of its handlers.
    pub(crate) fn new(app: &App, make: Rc<dyn Fn() -> W>, renewable: bool) -> Result<Self> {
        let mut definition = WorkerDefinition::<W>::of();
        let task = Task::default();
        let handlers = std::mem::take(&mut definition.handlers);
        let handlers = handlers
            .into_iter()
            .map(|handler| Handler::open(app, handler, definition.leader, &task))
            .collect::<Result<_>>()?;
        let worker = made(app, &*make).map_err(|failure| Error::Boot {
            reason: format!("the worker {} cannot be made: {failure}", W::NAME).into(),
        })?;
        let make = renewable.then_some(make);
        Ok(Self {
            app: app.clone(),
            worker,
            make,
            definition,
            handlers,
            task,
            alarm: None,
            change_next: false,
        })
    }

    /// Connects the signals of the worker's value to the handlers that listen.
    fn connect(&self) {
        for connector in self.app.wiring().borrow().connectors::<W>() {
            connector(&self.worker);
        }
    }

    fn cx(&self, name: SmolStr, author: Author) -> Cx {
        Cx {
            app: self.app.clone(),
            store: self.app.store().on_behalf(author).inside_handler(),
            handler: name,
            tx: None,
            tick: None,
        }
    }

    /// A context for `init` and `deinit`.
    fn plain_cx(&self, name: &str) -> Cx {
        let handler = format_smolstr!("{}::{name}", W::NAME);
        let cause = Some(Cause {
            handler: handler.clone(),
            revision: 0,
        });
        let author = Author {
            writer: self.app.name().into(),
            cause,
            depth: 0,
            fence: None,
        };
        self.cx(handler, author)
    }

    async fn run_init(&mut self) -> Result<(), Failure> {
        self.connect();
        let limit = self.app.options().init_limit;
        for init in self.definition.init.clone() {
            let mut cx = self.plain_cx("init");
            let name = cx.handler.clone();
            let app = self.app.clone();
            call::run(|| init(&mut self.worker, &mut cx), limit, app.beat(), &name).await?;
        }
        Ok(())
    }

    async fn handle(&mut self, pick: Pick) {
        let Some(attempt) = self.handlers[pick.handler].take(pick.place) else {
            return;
        };
        let Some(mut cx) = self.cx_for(pick.handler, &attempt.input) else {
            return;
        };
        let outcome = match &self.handlers[pick.handler].durable {
            Some(_) => self.call_once(pick, &attempt, cx).await,
            None => self.call(pick.handler, &attempt, &mut cx).await,
        };
        match outcome {
            Ok(()) => self.succeeded(&attempt),
            Err(failure) if failure.is_gone(attempt.entity()) => self.succeeded(&attempt),
            Err(failure) => self.failed(pick, attempt, failure).await,
        }
    }

    async fn call(&mut self, at: usize, attempt: &Attempt, cx: &mut Cx) -> Result<(), Failure> {
        let handler = &self.handlers[at];
        let (call, limit) = (
            Rc::clone(&handler.definition.call),
            handler.definition.policy.limit,
        );
        let (name, input, app) = (
            handler.name.clone(),
            attempt.input.clone(),
            self.app.clone(),
        );
        let worker = &mut self.worker;
        let outcome = call::run(|| call(worker, input, cx), limit, app.beat(), &name).await;
        app.note_progress();
        outcome
    }

    /// The context of a call; `None` if the handler is the leader's and this instance does not lead.
    fn cx_for(&self, at: usize, input: &Input) -> Option<Cx> {
        let handler = &self.handlers[at];
        let (revision, depth) = match input {
            Input::Delivery(delivery) => (
                delivery.revision(),
                delivery.commit.author.depth.saturating_add(1),
            ),
            _ => (0, 0),
        };
        let cause = Some(Cause {
            handler: handler.name.clone(),
            revision,
        });
        let author = Author {
            writer: self.app.name().into(),
            cause,
            depth,
            fence: None,
        };
        let mut cx = self.cx(handler.name.clone(), author);
        if let Input::Tick(tick) = input {
            cx.tick = *tick;
        }
        if handler.definition.policy.leader || self.definition.leader {
            match self.app.leadership() {
                Some(leadership) => cx.fence(&leadership),
                None if self.must_lead(handler) => return None,
                None => {}
            }
        }
        Some(cx)
    }

    /// Whether a handler acts in the leader only.
    fn must_lead(&self, handler: &Handler<W>) -> bool {
        let policy = &handler.definition.policy;
        (policy.leader || self.definition.leader) && !policy.whoever_leads
    }

    fn succeeded(&self, attempt: &Attempt) {
        if let Some(letter) = attempt.dead_letter
            && self.app.store().exists(letter)
            && let Err(error) = self.app.dismiss(letter)
        {
            tracing::warn!(%error, "a dead letter was handled but cannot be dismissed");
        }
    }

    async fn failed(&mut self, pick: Pick, mut attempt: Attempt, failure: Failure) {
        attempt.failures += 1;
        let handler = &self.handlers[pick.handler];
        let name = handler.name.clone();
        let entity = attempt.entity();
        let pause = if failure.is_permanent() {
            None
        } else {
            handler.definition.policy.retry.pause(attempt.failures)
        };
        // The pause counts from the failure, however long the worker takes to be made anew.
        attempt.due = pause.map(|pause| Instant::now() + pause);
        tracing::warn!(handler = %name, entity = ?entity, attempt = attempt.failures, %failure, retry_in = ?pause, "a handler failed");
        if matches!(failure, Failure::Panic(_)) {
            self.renew().await;
        }
        if pause.is_some() {
            self.wait(pick, attempt);
        } else {
            self.park(pick, attempt, &failure);
        }
    }

    /// Puts a failed attempt where it waits: in a keyed handler, in a lane of its entity.
    fn wait(&mut self, pick: Pick, attempt: Attempt) {
        let handler = &mut self.handlers[pick.handler];
        match (pick.place, attempt.entity()) {
            (Place::Letter(_), _) => handler.letters.push(attempt),
            (Place::Lane(id), _) => {
                if let Some(lane) = handler.lanes.get_mut(&id) {
                    lane.pending = Some(attempt);
                }
            }
            (Place::Own, Some(id)) if handler.definition.policy.keyed => {
                handler.open_lane(&self.app, id, attempt);
            }
            (Place::Own, _) => handler.pending = Some(attempt),
        }
    }

    /// Makes the worker's value anew after a panic.
    async fn renew(&mut self) {
        let Some(make) = self.make.clone() else {
            tracing::warn!(
                worker = W::NAME,
                "panicked, and was added as a value: it goes on with the state that it has; add it with `worker_with` to have it made anew"
            );
            return;
        };
        let mut ending = std::pin::pin!(self.app.ending());
        let retry = Retry::new().times(u32::MAX);
        for failures in 1.. {
            let outcome = match made(&self.app, &*make) {
                Ok(worker) => {
                    self.worker = worker;
                    self.run_init().await
                }
                Err(failure) => Err(failure),
            };
            let Err(failure) = outcome else { return };
            let pause = retry.pause(failures).unwrap_or_default();
            tracing::error!(worker = W::NAME, %failure, retry_in = ?pause, "a worker cannot be made anew");
            if tokio::time::timeout(pause, ending.as_mut()).await.is_ok() {
                return;
            }
        }
    }
}

/// The value of a worker, made by the application's code.
fn made<W: Worker>(app: &App, make: &dyn Fn() -> W) -> Result<W, Failure> {
    call::guarded(app.beat(), &SmolStr::new_static(W::NAME), make)
}

impl<W: Worker> AnyRunner for Runner<W> {
    fn name(&self) -> &'static str {
        W::NAME
    }

    fn init(&mut self) -> LocalFuture<'_, Result<()>> {
        Box::pin(async move {
            let outcome = self.run_init().await;
            for handler in &mut self.handlers {
                handler.source.restart();
            }
            outcome.map_err(|failure| Error::Boot {
                reason: format!("{}::init: {failure}", W::NAME).into(),
            })
        })
    }

    fn run(
        mut self: Box<Self>,
        mut stop: LocalFuture<'static, ()>,
    ) -> LocalFuture<'static, Box<dyn AnyRunner>> {
        Box::pin(async move {
            loop {
                let next = std::future::poll_fn(|context| match stop.as_mut().poll(context) {
                    Poll::Ready(()) => Poll::Ready(None),
                    Poll::Pending => self.poll_pick(context).map(Some),
                });
                match next.await {
                    Some(pick) => {
                        self.handle(pick).await;
                        // However much there is to handle: others of the thread have their turn.
                        tokio::task::coop::consume_budget().await;
                    }
                    None => {
                        self.move_cursors(true);
                        return self as Box<dyn AnyRunner>;
                    }
                }
            }
        })
    }

    fn deinit(&mut self) -> LocalFuture<'_, ()> {
        Box::pin(async move {
            let limit = self.app.options().init_limit;
            for deinit in self.definition.deinit.clone() {
                let mut cx = self.plain_cx("deinit");
                let name = cx.handler.clone();
                let app = self.app.clone();
                let outcome = call::run(
                    || deinit(&mut self.worker, &mut cx),
                    limit,
                    app.beat(),
                    &name,
                )
                .await;
                if let Err(failure) = outcome {
                    tracing::error!(worker = W::NAME, %failure, "deinit failed");
                }
            }
        })
    }
}
