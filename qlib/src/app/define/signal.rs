//! Signals: how those of workers and of the application find their handlers.

use std::any::{Any, TypeId};
use std::marker::PhantomData;
use std::rc::Rc;
use std::time::Duration;

use smol_str::SmolStr;

use crate::app::Cx;
use crate::app::define::{
    Call, CallFuture, Connect, HandlerDefinition, Input, Policy, SimpleCall, SourceOf, Worker,
    WorkerDefinition, done, policy_methods,
};
use crate::app::failure::Retry;
use crate::app::signal::{AnySignal, Inbox, Signal, inbox};
use crate::leader::Leadership;

/// How worker signals find their listeners.
pub struct Wiring {
    pub(crate) system: AppSignals,
    connectors: Vec<(TypeId, Connector)>,
}

type Connector = Rc<dyn Fn(&dyn Any)>;

impl Wiring {
    pub(crate) fn new(system: AppSignals) -> Self {
        Self {
            system,
            connectors: Vec::new(),
        }
    }

    fn connect<W: 'static>(&mut self, connector: impl Fn(&W) + 'static) {
        let connector = move |worker: &dyn Any| {
            if let Some(worker) = worker.downcast_ref() {
                connector(worker);
            }
        };
        self.connectors
            .push((TypeId::of::<W>(), Rc::new(connector)));
    }

    /// What connects the signals of a worker; to be called whenever its value is made.
    pub(crate) fn connectors<W: 'static>(&self) -> Vec<Connector> {
        let of_worker = self
            .connectors
            .iter()
            .filter(|(of, _)| *of == TypeId::of::<W>());
        of_worker
            .map(|(_, connector)| Rc::clone(connector))
            .collect()
    }
}

/// The signals of the application itself.
#[derive(Clone, Default, Debug)]
pub struct AppSignals {
    pub(crate) connected: Signal<()>,
    pub(crate) disconnected: Signal<()>,
    pub(crate) schema_updated: Signal<()>,
    pub(crate) became_leader: Signal<Leadership>,
    pub(crate) became_follower: Signal<()>,
    pub(crate) became_unavailable: Signal<()>,
    pub(crate) losing_leadership: Signal<()>,
}

/// One of the application's signals.
pub struct SystemSignal<T> {
    of: fn(&AppSignals) -> &Signal<T>,
}

impl<T> std::fmt::Debug for SystemSignal<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::any::type_name::<T>())
    }
}

/// What has signals of the system: `App.Connected`, `Leadership.BecameLeader`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no signals of the system",
    note = "write App.Connected, App.Disconnected, App.SchemaUpdated, Leadership.BecameLeader, …, or a signal of a worker by the name of its field"
)]
pub trait SystemSignals {
    /// The struct of signals.
    type Signals;
    /// The signals, by name.
    const SIGNALS: Self::Signals;
}

macro_rules! system_signals {
    ($owner:ty, $signals:ident, $($name:ident: $type:ty = $field:ident, $doc:literal;)*) => {
        #[doc = "Signals of the system, by name."]
        #[allow(non_snake_case)]
        #[derive(Debug)]
        pub struct $signals {
            $(#[doc = $doc] pub $name: SystemSignal<$type>,)*
        }

        impl SystemSignals for $owner {
            type Signals = $signals;
            const SIGNALS: $signals = $signals { $($name: SystemSignal { of: |signals| &signals.$field },)* };
        }
    };
}

system_signals!(crate::app::App, ApplicationSignals,
    Connected: () = connected, "The store takes commits.";
    Disconnected: () = disconnected, "The store takes no commits.";
    SchemaUpdated: () = schema_updated, "A type was declared or redefined.";
);
system_signals!(Leadership, LeadershipSignals,
    BecameLeader: Leadership = became_leader, "This instance leads.";
    BecameFollower: () = became_follower, "This instance follows, after it led. One that stands by since its boot has no workers yet that could be told.";
    BecameUnavailable: () = became_unavailable, "This instance cannot lead. After a handler blocked the main thread it is told once that answers; `BecameLeader` or `BecameFollower` follows.";
    LosingLeadership: () = losing_leadership, "This instance is about to stop leading.";
);

/// A handler of a signal that is being defined.
#[must_use = "a handler is added by `call`"]
pub struct OnSignal<'w, W, T> {
    worker: &'w mut WorkerDefinition<W>,
    connect: Connect,
    policy: Policy,
    of: PhantomData<fn() -> T>,
}

impl<'w, W: Worker, T: Clone + 'static> OnSignal<'w, W, T> {
    /// A handler of a signal of another worker.
    pub(crate) fn of_worker<Other: Worker, S: AnySignal<Value = T>>(
        worker: &'w mut WorkerDefinition<W>,
        signal: fn(&Other) -> &S,
    ) -> Self {
        Self::connected(worker, move |wiring, handler| {
            let (listener, inbox) = inbox(handler.clone());
            wiring.connect(move |worker: &Other| signal(worker).signal().connect(listener.clone()));
            inbox
        })
    }

    /// A handler of a signal of the application.
    pub(crate) fn of_system(worker: &'w mut WorkerDefinition<W>, signal: SystemSignal<T>) -> Self {
        Self::connected(worker, move |wiring, handler| {
            let (listener, inbox) = inbox(handler.clone());
            (signal.of)(&wiring.system).connect(listener);
            inbox
        })
    }

    fn connected(
        worker: &'w mut WorkerDefinition<W>,
        connect: impl Fn(&mut Wiring, &SmolStr) -> Box<dyn Inbox> + 'static,
    ) -> Self {
        Self {
            worker,
            connect: Box::new(connect),
            policy: Policy::default(),
            of: PhantomData,
        }
    }
}

impl<'w, W: Worker> OnNothing<'w, W> {
    /// A handler of a change of leadership: it runs whoever leads, in a worker that acts in the
    /// leader only, too.
    pub(crate) fn of_system(worker: &'w mut WorkerDefinition<W>, signal: SystemSignal<()>) -> Self {
        let mut inner = OnSignal::of_system(worker, signal);
        inner.policy.whoever_leads = true;
        Self { inner }
    }
}

impl<W: Worker, T: Clone + 'static> OnSignal<'_, W, T> {
    policy_methods!();

    /// Adds the handler.
    pub fn call(
        self,
        name: &'static str,
        call: for<'a> fn(&'a mut W, T, &'a mut Cx) -> CallFuture<'a>,
    ) {
        let call: Call<W> = Rc::new(move |worker, input, cx| match &input {
            Input::Signal(value, _) => match value.downcast_ref::<T>() {
                Some(value) => call(worker, value.clone(), cx),
                None => done(Ok(())),
            },
            _ => done(Ok(())),
        });
        let (source, policy) = (SourceOf::Signal(self.connect), self.policy);
        self.worker.handlers.push(HandlerDefinition {
            name,
            field: "signal".into(),
            policy,
            source,
            call,
        });
    }
}

/// A handler of a signal without a value that is being defined.
#[must_use = "a handler is added by `call`"]
pub struct OnNothing<'w, W> {
    inner: OnSignal<'w, W, ()>,
}

impl<W: Worker> OnNothing<'_, W> {
    /// How often and when a failing call is made again.
    pub fn retry(self, retry: Retry) -> Self {
        Self {
            inner: self.inner.retry(retry),
        }
    }

    /// The longest that a call may await; 10 s unless this says else.
    pub fn limit(self, limit: Duration) -> Self {
        Self {
            inner: self.inner.limit(limit),
        }
    }

    /// Adds the handler.
    pub fn call(self, name: &'static str, call: SimpleCall<W>) {
        let OnSignal {
            worker,
            connect,
            policy,
            ..
        } = self.inner;
        let call: Call<W> = Rc::new(move |worker, _, cx| call(worker, cx));
        let source = SourceOf::Signal(connect);
        worker.handlers.push(HandlerDefinition {
            name,
            field: "signal".into(),
            policy,
            source,
            call,
        });
    }
}
