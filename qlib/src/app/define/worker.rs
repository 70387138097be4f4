//! The definition of a worker, to which its handlers are added.

use std::time::Duration;

use crate::app::define::signal::SystemSignals;
use crate::app::define::{
    CatchUp, HandlerDefinition, OnChange, OnEvent, OnLagged, OnNothing, OnResync, OnSignal, OnTick,
    Policy, SimpleCall, SystemSignal, Worker,
};
use crate::app::signal::AnySignal;
use crate::leader::Leadership;
use crate::model::{Entity, Field, FieldType};
use crate::store::{Created, Deleted, Delivery, Moved, SchemaChanged, Store, Subscribe};

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
            catch_up: CatchUp::default(),
            policy: Policy::default(),
        }
    }

    /// A handler that runs at the application's tick.
    pub fn every_tick(&mut self) -> OnTick<'_, W> {
        OnTick {
            worker: self,
            period: None,
            catch_up: CatchUp::default(),
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
    pub fn on_signal<Other: Worker, S: AnySignal>(
        &mut self,
        signal: fn(&Other) -> &S,
    ) -> OnSignal<'_, W, S::Value> {
        OnSignal::of_worker(self, signal)
    }

    /// A handler of a signal of the application.
    pub fn on_system_signal<T: Clone + 'static>(
        &mut self,
        signal: SystemSignal<T>,
    ) -> OnSignal<'_, W, T> {
        OnSignal::of_system(self, signal)
    }

    /// A handler that runs when this instance begins to lead.
    pub fn on_leader(&mut self) -> OnSignal<'_, W, Leadership> {
        self.on_system_signal(<Leadership as SystemSignals>::SIGNALS.BecameLeader)
    }

    /// A handler that runs when this instance follows.
    pub fn on_follower(&mut self) -> OnNothing<'_, W> {
        OnNothing::of_system(self, <Leadership as SystemSignals>::SIGNALS.BecameFollower)
    }

    /// A handler that runs when this instance is about to stop leading.
    pub fn on_losing_leadership(&mut self) -> OnNothing<'_, W> {
        OnNothing::of_system(
            self,
            <Leadership as SystemSignals>::SIGNALS.LosingLeadership,
        )
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
