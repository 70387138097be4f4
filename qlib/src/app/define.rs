//! What a worker is made of. The macros write calls of this; so can a program without macros.

use std::any::{Any, TypeId};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use smol_str::SmolStr;
use tokio::sync::mpsc;

use crate::app::Cx;
use crate::app::context::{ContextOf, ContextValues};
use crate::app::failure::{Failure, Retry};
use crate::app::signal::{Inbox, QUEUE, Signal};
use crate::leader::Leadership;
use crate::model::{Entity, Field, FieldType};
use crate::store::{
    Change, Created, Deleted, Delivery, Lagged, Moved, SchemaChanged, Store, Subscribe,
};

/// A call of a handler under way.
pub type CallFuture<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + 'a>>;

/// A struct with handlers. `#[worker]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no worker",
    note = "put `#[worker]` on an impl block of the type"
)]
pub trait Worker: Sized + 'static {
    /// The worker's name in reports and causes.
    const NAME: &'static str;

    /// Where the worker is defined.
    fn origin() -> Origin;

    /// Says what the worker does.
    fn define(worker: &mut WorkerDefinition<Self>);
}

/// Where something is defined.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Origin {
    /// The module, its crate first.
    pub module: &'static str,
    /// The line.
    pub line: u32,
}

impl Origin {
    /// The crate.
    #[must_use]
    pub fn krate(&self) -> &'static str {
        self.module.split("::").next().unwrap_or_default()
    }
}

/// What makes a handler run.
#[derive(Clone)]
pub(crate) enum Input {
    Delivery(Delivery),
    Tick,
    Signal(Rc<dyn Any>),
    Lagged(Lagged),
    Resync,
}

type Call<W> = Rc<dyn for<'a> Fn(&'a mut W, Input, &'a mut Cx) -> CallFuture<'a>>;
type SimpleCall<W> = for<'a> fn(&'a mut W, &'a mut Cx) -> CallFuture<'a>;

/// Where the inputs of a handler come from.
pub(crate) enum SourceOf {
    Subscription(Box<dyn Fn(&Store) -> Subscribe>),
    Every(Option<Duration>),
    Signal(Box<dyn Fn(&mut Wiring) -> Box<dyn Inbox>>),
    Lagged,
    Resync,
}

/// How the calls of a handler are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(crate) retry: Retry,
    pub(crate) limit: Duration,
    pub(crate) keyed: bool,
    pub(crate) leader: bool,
    pub(crate) own: bool,
}

impl Default for Policy {
    fn default() -> Self {
        let limit = Duration::from_secs(10);
        Self {
            retry: Retry::new(),
            limit,
            keyed: false,
            leader: false,
            own: false,
        }
    }
}

pub(crate) struct HandlerDefinition<W> {
    pub(crate) name: &'static str,
    pub(crate) field: SmolStr,
    pub(crate) policy: Policy,
    pub(crate) source: SourceOf,
    pub(crate) call: Call<W>,
}

/// What a worker is made of.
pub struct WorkerDefinition<W> {
    pub(crate) make: Option<fn() -> W>,
    pub(crate) after: Vec<&'static str>,
    pub(crate) leader: bool,
    pub(crate) init: Vec<SimpleCall<W>>,
    pub(crate) deinit: Vec<SimpleCall<W>>,
    pub(crate) handlers: Vec<HandlerDefinition<W>>,
}

impl<W: Worker> WorkerDefinition<W> {
    pub(crate) fn of() -> Self {
        let mut definition = Self {
            make: None,
            after: Vec::new(),
            leader: false,
            init: Vec::new(),
            deinit: Vec::new(),
            handlers: Vec::new(),
        };
        W::define(&mut definition);
        definition
    }

    /// How the worker's value is made, at boot and again after a panic.
    pub fn make(&mut self, make: fn() -> W) {
        self.make = Some(make);
    }

    /// The worker starts after another.
    pub fn after<Other: Worker>(&mut self) {
        self.after.push(Other::NAME);
    }

    /// All handlers of the worker run in the leader only.
    pub fn leader(&mut self) {
        self.leader = true;
    }

    /// Runs before the handlers.
    pub fn init(&mut self, call: SimpleCall<W>) {
        self.init.push(call);
    }

    /// Runs when the application ends.
    pub fn deinit(&mut self, call: SimpleCall<W>) {
        self.deinit.push(call);
    }

    /// A handler that runs at a fixed rate.
    pub fn every(&mut self, period: Duration) -> OnTick<'_, W> {
        OnTick {
            worker: self,
            period: Some(period),
            policy: Policy::default(),
        }
    }

    /// A handler that runs at the application's tick.
    pub fn every_tick(&mut self) -> OnTick<'_, W> {
        OnTick {
            worker: self,
            period: None,
            policy: Policy::default(),
        }
    }

    /// A handler of changes of a field.
    pub fn on_change<E: Entity, T: FieldType>(
        &mut self,
        field: Field<E, T>,
    ) -> OnChange<'_, W, E, T, ()> {
        OnChange {
            worker: self,
            entity_type: E::TYPE,
            field,
            policy: Policy::default(),
            context: Vec::new(),
            describe: Box::new(|subscribe| subscribe),
            condition: None,
        }
    }

    /// A handler of created entities.
    pub fn on_create<E: Entity>(&mut self) -> OnEvent<'_, W, Created<E>> {
        self.on_event(
            "created",
            |store| store.subscribe_created(E::TYPE),
            Created::new,
        )
    }

    /// A handler of deleted entities.
    pub fn on_delete<E: Entity>(&mut self) -> OnEvent<'_, W, Deleted<E>> {
        self.on_event(
            "deleted",
            |store| store.subscribe_deleted(E::TYPE),
            Deleted::new,
        )
    }

    /// A handler of moved and renamed entities.
    pub fn on_move<E: Entity>(&mut self) -> OnEvent<'_, W, Moved<E>> {
        self.on_event("moved", |store| store.subscribe_moved(E::TYPE), Moved::new)
    }

    /// A handler of changed schemas.
    pub fn on_schema(&mut self) -> OnEvent<'_, W, SchemaChanged> {
        self.on_event("schema", Store::subscribe_schemas, SchemaChanged::new)
    }

    fn on_event<A>(
        &mut self,
        what: &'static str,
        subscribe: fn(&Store) -> Subscribe,
        make: fn(Delivery) -> A,
    ) -> OnEvent<'_, W, A> {
        OnEvent {
            worker: self,
            what,
            subscribe,
            make,
            policy: Policy::default(),
        }
    }

    /// A handler of a signal of another worker.
    pub fn on_signal<Other: Worker, T: Clone + 'static>(
        &mut self,
        signal: fn(&Other) -> &Signal<T>,
    ) -> OnSignal<'_, W, T> {
        let connect = move |wiring: &mut Wiring| {
            let (sender, receiver) = mpsc::channel(QUEUE);
            wiring.connect::<Other>(Box::new(move |worker| {
                signal(worker).connect(sender.clone())
            }));
            Box::new(receiver) as Box<dyn Inbox>
        };
        OnSignal {
            worker: self,
            connect: Box::new(connect),
            policy: Policy::default(),
            of: PhantomData,
        }
    }

    /// A handler of a signal of the application.
    pub fn on_system_signal<T: Clone + 'static>(
        &mut self,
        signal: SystemSignal<T>,
    ) -> OnSignal<'_, W, T> {
        let connect = move |wiring: &mut Wiring| {
            let (sender, receiver) = mpsc::channel(QUEUE);
            (signal.of)(&wiring.system).connect(sender);
            Box::new(receiver) as Box<dyn Inbox>
        };
        OnSignal {
            worker: self,
            connect: Box::new(connect),
            policy: Policy::default(),
            of: PhantomData,
        }
    }

    /// A handler that runs when this instance begins to lead.
    pub fn on_leader(&mut self) -> OnSignal<'_, W, Leadership> {
        self.on_system_signal(<Leadership as SystemSignals>::SIGNALS.BecameLeader)
    }

    /// A handler that runs when this instance follows.
    pub fn on_follower(&mut self) -> OnNothing<'_, W> {
        OnNothing {
            inner: self.on_system_signal(<Leadership as SystemSignals>::SIGNALS.BecameFollower),
        }
    }

    /// A handler that runs when this instance is about to stop leading.
    pub fn on_losing_leadership(&mut self) -> OnNothing<'_, W> {
        OnNothing {
            inner: self.on_system_signal(<Leadership as SystemSignals>::SIGNALS.LosingLeadership),
        }
    }

    /// A handler that is told that changes were lost.
    pub fn on_lagged(&mut self) -> OnLagged<'_, W> {
        OnLagged {
            worker: self,
            policy: Policy::default(),
        }
    }

    /// A handler that is told that the whole tree was replaced.
    pub fn on_resync(&mut self) -> OnResync<'_, W> {
        OnResync {
            worker: self,
            policy: Policy::default(),
        }
    }
}

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

    fn connect<W: 'static>(&mut self, connector: Box<dyn Fn(&W)>) {
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
    BecameFollower: () = became_follower, "This instance follows.";
    BecameUnavailable: () = became_unavailable, "This instance cannot lead.";
    LosingLeadership: () = losing_leadership, "This instance is about to stop leading.";
);

/// The settings that most handlers share.
macro_rules! policy_methods {
    () => {
        /// Runs in the leader only.
        #[must_use]
        pub fn leader(mut self) -> Self {
            self.policy.leader = true;
            self
        }

        /// How often and when a failing call is made again.
        #[must_use]
        pub fn retry(mut self, retry: Retry) -> Self {
            self.policy.retry = retry;
            self
        }

        /// The longest that a call may await; 10 s unless this says else.
        #[must_use]
        pub fn limit(mut self, limit: Duration) -> Self {
            self.policy.limit = limit;
            self
        }
    };
}

/// The settings that handlers of changes and events share.
macro_rules! change_methods {
    () => {
        policy_methods!();

        /// Delivers what this handler itself caused, too.
        #[must_use]
        pub fn own(mut self) -> Self {
            self.policy.own = true;
            self
        }

        /// A failing entity holds up only itself.
        #[must_use]
        pub fn keyed(mut self) -> Self {
            self.policy.keyed = true;
            self
        }

        /// Runs once the commit outlives the process; the memory log has none that does, so nothing
        /// waits there.
        #[must_use]
        pub fn after_durable(self) -> Self {
            self
        }
    };
}

type When<T, V> =
    for<'a> fn(<T as FieldType>::View<'a>, Option<<T as FieldType>::View<'a>>, &'a V) -> bool;

/// A handler of changes that is being defined.
#[must_use = "a handler is added by `call`"]
pub struct OnChange<'w, W, E, T: FieldType, C> {
    worker: &'w mut WorkerDefinition<W>,
    // Only `on_change` asks for an entity, so that what is none is one error.
    entity_type: &'static str,
    field: Field<E, T>,
    policy: Policy,
    context: Vec<SmolStr>,
    describe: Box<dyn Fn(Subscribe) -> Subscribe>,
    condition: Option<When<T, C>>,
}

impl<'w, W: Worker, E: 'static, T: FieldType> OnChange<'w, W, E, T, ()> {
    /// Delivers these fields with each change, as they were at its revision.
    pub fn context<C: ContextOf<E>>(self, context: C) -> OnChange<'w, W, E, T, C::Values> {
        let Self {
            worker,
            entity_type,
            field,
            policy,
            describe,
            ..
        } = self;
        OnChange {
            worker,
            entity_type,
            field,
            policy,
            context: context.texts(),
            describe,
            condition: None,
        }
    }
}

impl<W: Worker, E: 'static, T: FieldType, C: ContextValues> OnChange<'_, W, E, T, C> {
    change_methods!();

    /// Only changes of which this says yes.
    pub fn when(mut self, condition: When<T, C>) -> Self {
        self.condition = Some(condition);
        self
    }

    /// Writes of an equal value too.
    pub fn writes(self) -> Self {
        self.describe(Subscribe::writes)
    }

    /// What exists already first.
    pub fn initial(self) -> Self {
        self.describe(Subscribe::initial)
    }

    /// Only the newest value of each field.
    pub fn latest(self) -> Self {
        self.describe(Subscribe::latest)
    }

    /// At most one change per entity in this time.
    pub fn min_interval(self, interval: Duration) -> Self {
        self.describe(move |subscribe| subscribe.min_interval(interval))
    }

    /// Only changes that are at least so far from the value delivered before.
    pub fn deadband(self, distance: crate::app::Distance<T>) -> Self {
        self.describe(move |subscribe| subscribe.deadband(distance.far))
    }

    fn describe(mut self, more: impl Fn(Subscribe) -> Subscribe + 'static) -> Self {
        let before = self.describe;
        self.describe = Box::new(move |subscribe| more(before(subscribe)));
        self
    }

    /// Adds the handler.
    pub fn call(
        self,
        name: &'static str,
        call: for<'a> fn(&'a mut W, Change<E, T>, C, &'a mut Cx) -> CallFuture<'a>,
    ) {
        let Self {
            worker,
            entity_type,
            field,
            policy,
            context,
            describe,
            condition,
        } = self;
        let source = move |store: &Store| {
            let subscribe = store.subscribe_named(entity_type, field.name());
            let with_context = context
                .iter()
                .fold(subscribe, |subscribe, text| subscribe.context(text.clone()));
            let described = describe(with_context);
            match condition {
                None => described,
                Some(condition) => described.when(move |delivery| {
                    // What does not fit the types is delivered: the handler's error says so.
                    let (Ok(current), Ok(context)) =
                        (T::view(delivery.current()), C::read(delivery.context()))
                    else {
                        return true;
                    };
                    let previous = delivery
                        .previous()
                        .and_then(|previous| T::view(Some(previous)).ok());
                    condition(current, previous, &context)
                }),
            }
        };
        let call: Call<W> = Rc::new(move |worker, input, cx| {
            let Input::Delivery(delivery) = input else {
                return done(Ok(()));
            };
            let context = match C::read(delivery.context()) {
                Ok(context) => context,
                Err(fault) => {
                    return done(Err(fault
                        .at(cx.subject(delivery.id()), "a value of the context")
                        .into()));
                }
            };
            match Change::new(delivery, field.name()) {
                Ok(change) => call(worker, change, context, cx),
                Err(error) => done(Err(error.into())),
            }
        });
        let source = SourceOf::Subscription(Box::new(source));
        let field = field.name().into();
        worker.handlers.push(HandlerDefinition {
            name,
            field,
            policy,
            source,
            call,
        });
    }
}

/// A field type that is a number: i64, f64.
#[diagnostic::on_unimplemented(
    message = "values of `{Self}` are no numbers",
    note = "`deadband` fits fields of type i64 and f64"
)]
pub trait Number {}

impl Number for i64 {}
impl Number for f64 {}

/// A handler of creations, deletions, moves or schemas that is being defined.
#[must_use = "a handler is added by `call`"]
pub struct OnEvent<'w, W, A> {
    worker: &'w mut WorkerDefinition<W>,
    what: &'static str,
    subscribe: fn(&Store) -> Subscribe,
    make: fn(Delivery) -> A,
    policy: Policy,
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
    worker: &'w mut WorkerDefinition<W>,
    period: Option<Duration>,
    policy: Policy,
}

impl<W: Worker> OnTick<'_, W> {
    policy_methods!();

    /// Adds the handler.
    pub fn call(self, name: &'static str, call: SimpleCall<W>) {
        let call: Call<W> = Rc::new(move |worker, _, cx| call(worker, cx));
        let (source, policy) = (SourceOf::Every(self.period), self.policy);
        self.worker.handlers.push(HandlerDefinition {
            name,
            field: "tick".into(),
            policy,
            source,
            call,
        });
    }
}

/// A handler of a signal that is being defined.
#[must_use = "a handler is added by `call`"]
pub struct OnSignal<'w, W, T> {
    worker: &'w mut WorkerDefinition<W>,
    connect: Box<dyn Fn(&mut Wiring) -> Box<dyn Inbox>>,
    policy: Policy,
    of: PhantomData<fn() -> T>,
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
            Input::Signal(value) => match value.downcast_ref::<T>() {
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

/// A handler of lost changes that is being defined.
#[must_use = "a handler is added by `call`"]
pub struct OnLagged<'w, W> {
    worker: &'w mut WorkerDefinition<W>,
    policy: Policy,
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
    worker: &'w mut WorkerDefinition<W>,
    policy: Policy,
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

fn done<'a>(outcome: Result<(), Failure>) -> CallFuture<'a> {
    Box::pin(std::future::ready(outcome))
}
