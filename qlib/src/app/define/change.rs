//! Handlers of changes of a field.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use smol_str::SmolStr;

use crate::app::Cx;
use crate::app::context::{ContextOf, ContextValues};
use crate::app::define::{
    Call, CallFuture, HandlerDefinition, Input, Policy, SourceOf, Worker, WorkerDefinition,
    change_methods, done, policy_methods,
};
use crate::app::failure::Retry;
use crate::model::{Distance, Field, FieldType};
use crate::store::{Change, Delivery, Store, Subscribe};

type When<T, V> =
    for<'a> fn(<T as FieldType>::View<'a>, Option<<T as FieldType>::View<'a>>, &'a V) -> bool;

/// A handler of changes that is being defined.
#[must_use = "a handler is added by `call`"]
pub struct OnChange<'w, W, E, T: FieldType, C> {
    pub(super) worker: &'w mut WorkerDefinition<W>,
    // Only `on_change` asks for an entity, so that what is none is one error.
    pub(super) entity_type: &'static str,
    pub(super) field: Field<E, T>,
    pub(super) policy: Policy,
    pub(super) context: Vec<SmolStr>,
    pub(super) describe: Box<dyn Fn(Subscribe) -> Subscribe>,
    pub(super) condition: Option<When<T, C>>,
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
    pub fn deadband(self, distance: Distance<T>) -> Self {
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
        // A condition that panics does so again in the call, where a panic is a failure.
        let panics = Arc::new(AtomicBool::new(false));
        let panics_here = Arc::clone(&panics);
        let source = move |store: &Store| {
            let subscribe = store.subscribe_named(entity_type, field.name());
            let with_context = context
                .iter()
                .fold(subscribe, |subscribe, text| subscribe.context(text.clone()));
            let described = describe(with_context);
            match condition {
                None => described,
                Some(condition) => {
                    let panics = Arc::clone(&panics_here);
                    described.when(move |delivery| {
                        let wanted = || wants::<T, C>(condition, delivery);
                        catch_unwind(AssertUnwindSafe(wanted)).unwrap_or_else(|_| {
                            panics.store(true, Ordering::Relaxed);
                            true
                        })
                    })
                }
            }
        };
        let call: Call<W> = Rc::new(move |worker, input, cx| {
            let Input::Delivery(delivery) = input else {
                return done(Ok(()));
            };
            if panics.load(Ordering::Relaxed)
                && let Some(condition) = condition
                && !wants::<T, C>(condition, &delivery)
            {
                return done(Ok(()));
            }
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

/// Whether a condition says yes. What does not fit the types is wanted: the handler's error says so.
fn wants<T: FieldType, C: ContextValues>(condition: When<T, C>, delivery: &Delivery) -> bool {
    let (Ok(current), Ok(context)) = (T::view(delivery.current()), C::read(delivery.context()))
    else {
        return true;
    };
    let previous = delivery
        .previous()
        .and_then(|previous| T::view(Some(previous)).ok());
    condition(current, previous, &context)
}
