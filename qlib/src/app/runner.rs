//! A worker at work: one input at a time, in the order of revisions.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use smol_str::{SmolStr, format_smolstr};
use tokio::time::{Instant, Sleep};

use crate::app::call;
use crate::app::define::{HandlerDefinition, Input, SourceOf, Worker, WorkerDefinition};
use crate::app::failure::Failure;
use crate::app::lane::{Attempt, Lane};
use crate::app::source::{Changes, Source};
use crate::app::{App, Cx};
use crate::model::{Cause, EntityId, Error, Result};
use crate::store::{Origin, Subscribe};

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

/// Inputs that come from elsewhere than the handler's source: told by other handlers, or tried again
/// by an operator.
pub(crate) type Extra = Rc<RefCell<VecDeque<Attempt>>>;

/// Says that a handler's source may have something, and wakes the worker.
#[derive(Debug, Default)]
pub(crate) struct Flag {
    ready: AtomicBool,
    task: Arc<Mutex<Option<Waker>>>,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.store(true, Ordering::Release);
        if let Some(task) = &*self.task.lock() {
            task.wake_by_ref();
        }
    }
}

struct Handler<W> {
    definition: HandlerDefinition<W>,
    /// `Worker::method`.
    name: SmolStr,
    source: Source,
    flag: Arc<Flag>,
    waker: Waker,
    pending: Option<Attempt>,
    extra: Extra,
    lanes: FxHashMap<EntityId, Lane>,
}

/// A worker and its handlers.
pub(crate) struct Runner<W> {
    app: App,
    worker: W,
    make: Option<Rc<dyn Fn() -> W>>,
    definition: WorkerDefinition<W>,
    handlers: Vec<Handler<W>>,
    task: Arc<Mutex<Option<Waker>>>,
    alarm: Option<Pin<Box<Sleep>>>,
    /// The last input was none of a change: the next one is, if there is one.
    change_next: bool,
}

/// Which input comes next: the handler, and the entity if it waits in a lane of its own.
#[derive(Clone, Copy)]
struct Pick {
    handler: usize,
    lane: Option<EntityId>,
}

impl<W: Worker> Runner<W> {
    /// Makes the worker and opens the sources of its handlers.
    pub(crate) fn new(app: &App, make: Rc<dyn Fn() -> W>, renewable: bool) -> Result<Self> {
        let mut definition = WorkerDefinition::<W>::of();
        let task: Arc<Mutex<Option<Waker>>> = Arc::default();
        let mut handlers = Vec::new();
        for handler in std::mem::take(&mut definition.handlers) {
            let name = if handler.name == W::NAME {
                W::NAME.into()
            } else {
                format_smolstr!("{}::{}", W::NAME, handler.name)
            };
            let describe = describe(&handler, &name);
            let tick = app.options().tick;
            let source = Source::of(
                &handler.source,
                app.store(),
                &mut app.wiring().borrow_mut(),
                tick,
                describe,
            )
            .map_err(|error| Error::Boot {
                reason: format!("handler {name}: {error}").into(),
            })?;
            let flag = Arc::new(Flag {
                ready: AtomicBool::new(true),
                task: Arc::clone(&task),
            });
            let waker = Waker::from(Arc::clone(&flag));
            let extra = Extra::default();
            app.register_handler(&name, &extra, &waker);
            handlers.push(Handler {
                definition: handler,
                name,
                source,
                flag,
                waker,
                pending: None,
                extra,
                lanes: FxHashMap::default(),
            });
        }
        let worker = make();
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

    fn cx(&self, name: SmolStr, origin: Origin) -> Cx {
        Cx {
            app: self.app.clone(),
            store: self.app.store().on_behalf(origin),
            handler: name,
        }
    }

    /// A context for `init` and `deinit`.
    fn plain_cx(&self, name: &str) -> Cx {
        let handler = format_smolstr!("{}::{name}", W::NAME);
        let cause = Some(Cause {
            handler: handler.clone(),
            revision: 0,
        });
        self.cx(
            handler,
            Origin {
                writer: self.app.name().into(),
                cause,
                depth: 0,
                fence: None,
            },
        )
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

    /// Waits for the next input that is due, or for the end.
    fn poll_pick(&mut self, context: &mut Context<'_>) -> Poll<Pick> {
        self.app.note_progress();
        self.task.lock().replace(context.waker().clone());
        for at in 0..self.handlers.len() {
            self.fill(at);
        }
        let mut now = None;
        let mut now = || *now.get_or_insert_with(Instant::now);
        let (mut change, mut other): (Option<(u64, Pick)>, Option<Pick>) = (None, None);
        let mut alarm: Option<Instant> = None;
        for (at, handler) in self.handlers.iter().enumerate() {
            let lanes = handler
                .lanes
                .iter()
                .filter_map(|(id, lane)| Some((Some(*id), lane.pending.as_ref()?)));
            for (lane, attempt) in handler
                .pending
                .iter()
                .map(|attempt| (None, attempt))
                .chain(lanes)
            {
                let pick = Pick { handler: at, lane };
                if let Some(due) = attempt.due.filter(|due| *due > now()) {
                    alarm = Some(alarm.map_or(due, |alarm| alarm.min(due)));
                } else if attempt.revision() == 0 {
                    other = other.or(Some(pick));
                } else if change.is_none_or(|(revision, _)| attempt.revision() < revision) {
                    change = Some((attempt.revision(), pick));
                }
            }
        }
        let change = change.map(|(_, pick)| pick);
        let pick = if self.change_next {
            change.or(other)
        } else {
            other.or(change)
        };
        if let Some(pick) = pick {
            self.change_next = !self.change_next;
            return Poll::Ready(pick);
        }
        self.sleep_until(alarm, context)
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

    /// Looks whether a handler has something to handle.
    fn fill(&mut self, at: usize) {
        let handler = &mut self.handlers[at];
        handler.fill_lanes();
        while handler.pending.is_none() {
            if let Some(extra) = handler.extra.borrow_mut().pop_front() {
                handler.pending = Some(extra);
                return;
            }
            if !handler.flag.ready.swap(false, Ordering::AcqRel) {
                return;
            }
            let Poll::Ready(input) = handler
                .source
                .poll(&mut Context::from_waker(&handler.waker))
            else {
                return;
            };
            handler.flag.ready.store(true, Ordering::Release);
            match input {
                Input::Lagged(_) | Input::Resync => {
                    self.tell(at, input);
                    return self.fill(at);
                }
                input => handler.accept(input),
            }
        }
    }

    /// Tells the worker's handlers of lost changes or of a replaced tree.
    fn tell(&mut self, at: usize, input: Input) {
        let name = self.handlers[at].name.clone();
        match &input {
            Input::Lagged(lagged) => {
                tracing::warn!(handler = %name, read = lagged.read, next = lagged.next, "changes were lost: the recent window passed");
            }
            _ => tracing::info!(handler = %name, "the whole tree was replaced"),
        }
        for handler in &mut self.handlers {
            let listens = matches!(
                (&handler.definition.source, &input),
                (SourceOf::Lagged, Input::Lagged(_)) | (SourceOf::Resync, Input::Resync)
            );
            // Each handler of the worker sees the same replacement: one call is enough.
            let told = matches!(input, Input::Resync) && !handler.extra.borrow().is_empty();
            if listens && !told {
                handler
                    .extra
                    .borrow_mut()
                    .push_back(Attempt::new(input.clone()));
            }
        }
    }

    async fn handle(&mut self, pick: Pick) {
        let Some(attempt) = self.handlers[pick.handler].take(pick.lane) else {
            return;
        };
        let Some(mut cx) = self.cx_for(pick.handler, &attempt.input) else {
            return;
        };
        let handler = &self.handlers[pick.handler];
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
        let outcome = call::run(|| call(worker, input, &mut cx), limit, app.beat(), &name).await;
        app.note_progress();
        match outcome {
            Ok(()) => self.succeeded(&attempt),
            Err(failure) if failure.is_gone(attempt.entity()) => self.succeeded(&attempt),
            Err(failure) => self.failed(pick, attempt, failure).await,
        }
    }

    /// The context of a call; `None` if the handler is the leader's and this instance does not lead.
    fn cx_for(&self, at: usize, input: &Input) -> Option<Cx> {
        let handler = &self.handlers[at];
        let (revision, depth) = match input {
            Input::Delivery(delivery) => {
                (delivery.revision(), delivery.commit.depth.saturating_add(1))
            }
            _ => (0, 0),
        };
        let cause = Some(Cause {
            handler: handler.name.clone(),
            revision,
        });
        let origin = Origin {
            writer: self.app.name().into(),
            cause,
            depth,
            fence: None,
        };
        let mut cx = self.cx(handler.name.clone(), origin);
        if handler.definition.policy.leader || self.definition.leader {
            cx.fence(&self.app.leadership()?);
        }
        Some(cx)
    }

    fn succeeded(&self, attempt: &Attempt) {
        if let Some(letter) = attempt.dead_letter
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
        tracing::warn!(handler = %name, entity = ?entity, attempt = attempt.failures, %failure, retry_in = ?pause, "a handler failed");
        if matches!(failure, Failure::Panic(_)) {
            self.renew().await;
        }
        match pause {
            Some(pause) => {
                attempt.due = Some(Instant::now() + pause);
                self.wait(pick, attempt);
            }
            None => self.app.park(
                &name,
                &self.handlers[pick.handler].definition.field,
                attempt,
                &failure,
            ),
        }
    }

    /// Puts a failed attempt where it waits: in a keyed handler, in a lane of its entity.
    fn wait(&mut self, pick: Pick, attempt: Attempt) {
        let handler = &mut self.handlers[pick.handler];
        if let Some(lane) = pick.lane.and_then(|id| handler.lanes.get_mut(&id)) {
            lane.pending = Some(attempt);
            return;
        }
        if handler.definition.policy.keyed
            && attempt.dead_letter.is_none()
            && let Some(id) = attempt.entity()
        {
            match handler.read_on(&self.app, id, attempt.revision()) {
                Ok(changes) => {
                    handler.lanes.insert(
                        id,
                        Lane {
                            changes,
                            pending: Some(attempt),
                            read_to: None,
                        },
                    );
                    return;
                }
                Err(error) => {
                    tracing::error!(handler = %handler.name, %error, "the failing entity holds up all others")
                }
            }
        }
        if handler.pending.is_some() {
            // A dead letter that failed again while the handler went on.
            handler.extra.borrow_mut().push_back(attempt);
        } else {
            handler.pending = Some(attempt);
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
        self.worker = make();
        let mut failures = 0;
        while let Err(failure) = self.run_init().await {
            failures += 1;
            let pause = crate::app::Retry::new()
                .times(u32::MAX)
                .pause(failures)
                .unwrap_or_default();
            tracing::error!(worker = W::NAME, %failure, retry_in = ?pause, "a worker cannot be made anew");
            tokio::time::sleep(pause).await;
        }
    }
}

fn describe<W>(
    handler: &HandlerDefinition<W>,
    name: &SmolStr,
) -> impl Fn(Subscribe) -> Subscribe + use<W> {
    let (own, name) = (handler.policy.own, name.clone());
    move |subscribe| {
        let named = subscribe.named(name.clone());
        if own {
            named
        } else {
            named.not_by(name.clone())
        }
    }
}

impl<W: Worker> Handler<W> {
    fn take(&mut self, lane: Option<EntityId>) -> Option<Attempt> {
        match lane {
            None => self.pending.take(),
            Some(id) => self.lanes.get_mut(&id)?.pending.take(),
        }
    }

    /// Takes an input of the handler's own reader, unless a lane handles it.
    fn accept(&mut self, input: Input) {
        let attempt = Attempt::new(input);
        let lane = attempt.entity().and_then(|id| self.lanes.get(&id));
        let skip = lane.is_some_and(|lane| {
            lane.read_to
                .is_none_or(|read_to| attempt.revision() <= read_to)
        });
        if !skip {
            self.pending = Some(attempt);
        }
    }

    /// A reader of one entity that begins behind the change that failed.
    fn read_on(&self, app: &App, id: EntityId, revision: u64) -> Result<Changes> {
        let SourceOf::Subscription(subscribe) = &self.definition.source else {
            return Err(Error::other("only changes have an entity"));
        };
        let described = describe(&self.definition, &self.name)(subscribe(app.store()));
        Ok(Changes::new(described.from(revision).entity(id).start()?))
    }

    /// Looks for further changes of entities that failed, and closes lanes that have caught up.
    fn fill_lanes(&mut self) {
        if self.lanes.is_empty() {
            return;
        }
        let position = match &self.source {
            Source::Subscription(changes) => changes.subscription.position(),
            _ => u64::MAX,
        };
        let waker = &self.waker;
        self.lanes.retain(|_, lane| {
            if lane.pending.is_some() {
                return true;
            }
            match lane.changes.poll(&mut Context::from_waker(waker)) {
                Poll::Ready(Input::Delivery(delivery)) => {
                    lane.pending = Some(Attempt::new(Input::Delivery(delivery)));
                    lane.read_to = None;
                    true
                }
                // Lost changes and a replaced tree are told by the handler's own reader.
                Poll::Ready(_) => true,
                Poll::Pending => {
                    let read_to = lane.changes.subscription.position();
                    lane.read_to = Some(read_to);
                    position < read_to
                }
            }
        });
    }
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
                    Some(pick) => self.handle(pick).await,
                    None => return self as Box<dyn AnyRunner>,
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
