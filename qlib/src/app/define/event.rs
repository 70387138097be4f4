//! Handlers of what happens to entities, of time, and of what happens to the reader itself.

use std::rc::Rc;
use std::time::Duration;

use smol_str::SmolStr;

use crate::app::Cx;
use crate::app::define::{
    Call, CallFuture, CatchUp, HandlerDefinition, Input, Policy, SimpleCall, SourceOf, Worker,
    WorkerDefinition, change_methods, done, policy_methods,
};
use crate::app::failure::Retry;
use crate::store::{Delivery, Lagged, Store, Subscribe};

/// A handler of creations, deletions, moves or schemas that is being defined.
#[must_use = "a handler is added by `call`"]
pub struct OnEvent<'w, W, A> {
    pub(super) worker: &'w mut WorkerDefinition<W>,
    pub(super) what: &'static str,
    pub(super) subscribe: fn(&Store) -> Subscribe,
    pub(super) make: fn(Delivery) -> A,
    pub(super) policy: Policy,
}

impl<W: Worker, A: 'static> OnEvent<'_, W, A> {
    change_methods!();

    /// Adds the handler.
    pub fn call(
        self,
        name: &'static str,
        call: for<'a> fn(&'a mut W, A, &'a mut Cx) -> CallFuture<'a>,
    ) {
        let make = self.make;
        let call: Call<W> = Rc::new(move |worker, input, cx| match input {
            Input::Delivery(delivery) => call(worker, make(delivery), cx),
            _ => done(Ok(())),
        });
        let source = SourceOf::Subscription(Box::new(self.subscribe));
        let (field, policy) = (SmolStr::new_static(self.what), self.policy);
        self.worker.handlers.push(HandlerDefinition {
            name,
            field,
            policy,
            source,
            call,
        });
    }
}

/// A timer that is being defined.
#[must_use = "a handler is added by `call`"]
pub struct OnTick<'w, W> {
    pub(super) worker: &'w mut WorkerDefinition<W>,
    pub(super) period: Option<Duration>,
    pub(super) catch_up: CatchUp,
    pub(super) policy: Policy,
}

impl<W: Worker> OnTick<'_, W> {
    policy_methods!();

    /// Ticks on where the process before stopped, and handles each tick once: what the handler writes
    /// through `cx.tx()` is committed with the cursor of this name. The first tick comes a period
    /// after the application started for the first time.
    pub fn persistent(mut self, name: &'static str) -> Self {
        self.policy.durable = Some(name);
        self
    }

    /// What becomes of the ticks that a persistent timer missed.
    pub fn catch_up(mut self, catch_up: CatchUp) -> Self {
        self.catch_up = catch_up;
        self
    }

    /// Adds the handler.
    pub fn call(self, name: &'static str, call: SimpleCall<W>) {
        let call: Call<W> = Rc::new(move |worker, _, cx| call(worker, cx));
        let (source, policy) = (SourceOf::Every(self.period, self.catch_up), self.policy);
        self.worker.handlers.push(HandlerDefinition {
            name,
            field: "tick".into(),
            policy,
            source,
            call,
        });
    }
}

/// A handler of lost changes that is being defined.
#[must_use = "a handler is added by `call`"]
pub struct OnLagged<'w, W> {
    pub(super) worker: &'w mut WorkerDefinition<W>,
    pub(super) policy: Policy,
}

impl<W: Worker> OnLagged<'_, W> {
    policy_methods!();

    /// Adds the handler.
    pub fn call(
        self,
        name: &'static str,
        call: for<'a> fn(&'a mut W, Lagged, &'a mut Cx) -> CallFuture<'a>,
    ) {
        let call: Call<W> = Rc::new(move |worker, input, cx| match input {
            Input::Lagged(lagged) => call(worker, lagged, cx),
            _ => done(Ok(())),
        });
        let (source, policy) = (SourceOf::Lagged, self.policy);
        self.worker.handlers.push(HandlerDefinition {
            name,
            field: "lagged".into(),
            policy,
            source,
            call,
        });
    }
}

/// A handler of replaced trees that is being defined.
#[must_use = "a handler is added by `call`"]
pub struct OnResync<'w, W> {
    pub(super) worker: &'w mut WorkerDefinition<W>,
    pub(super) policy: Policy,
}

impl<W: Worker> OnResync<'_, W> {
    policy_methods!();

    /// Adds the handler.
    pub fn call(self, name: &'static str, call: SimpleCall<W>) {
        let call: Call<W> = Rc::new(move |worker, _, cx| call(worker, cx));
        let (source, policy) = (SourceOf::Resync, self.policy);
        self.worker.handlers.push(HandlerDefinition {
            name,
            field: "resync".into(),
            policy,
            source,
            call,
        });
    }
}
