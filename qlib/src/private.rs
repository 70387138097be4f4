//! What generated code calls, and nothing else does. It names all that it uses through here, so that
//! no name of the user's can come between.

use std::fmt::Display;

pub use core::prelude::v1::test;
pub use core::{include_bytes, option_env};
pub use std::boxed::Box;
pub use std::convert::{From, Into};
pub use std::env;
pub use std::marker::PhantomData;
pub use std::ops::{Deref, DerefMut};
pub use std::option::Option::{self, None, Some};
pub use std::process::ExitCode;
pub use std::result::Result::{Err, Ok};
pub use std::string::String;
pub use std::time::Duration;
pub use std::vec::Vec;

pub use inventory;

pub use crate::app::{
    AnySignal, App, AppBuilder, AppSignals, ApplicationSignals, CallFuture, CatchUp, ContextOf,
    ContextValue, ContextValues, Cx, Failure, LeadershipSignals, LeadsTo, OnChange, OnEvent,
    OnLagged, OnNothing, OnResync, OnSignal, OnTick, Origin, Outcome, Path, Registration, Registry,
    Request, Retry, Signal, SystemSignal, SystemSignals, Wiring, Worker, WorkerDefinition,
};
pub use crate::app::{Main, SetupResult, main, then};
#[cfg(feature = "test")]
pub use crate::app::{TestPlan, run_test};
pub use crate::choice_field;
pub use crate::leader::Leadership;
pub use crate::model::{
    Choice, Conversion, Copied, Distance, Entity, EntityId, Field, FieldCache, FieldKey, FieldType,
    HasDefault, NewEntity, Number, OnDelete, Readable, Result, Row, Schema, Validator, Value,
    ValueFor, ValueRef, Writable, choice_of, choice_value,
};
pub use crate::origin;
pub use crate::store::{
    Binding, BoundEntity, Change, Created, Deleted, Lagged, Moved, SchemaChanged, Store,
    Transaction,
};

/// The handles of the fields that every entity has.
pub mod system {
    pub use crate::store::system_fields::{description, name, parent};
}

/// A struct of typed handles, whose only value is a constant.
pub trait Handles: Sized {
    /// The handles.
    const ALL: Self;
}

/// What a derived entity hands to those that extend it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no entity",
    label = "this is no entity",
    note = "put `#[derive(Entity)]` on the struct"
)]
pub trait Extensible {
    /// The handles of its fields as fields of `E`.
    type Handles<E>: Handles;
    /// The entity bound to a store.
    type Bound;
    /// Its name and those of its fields.
    const DECLARED: &'static Declared;

    /// What a bound entity stands on.
    fn binding(bound: &Self::Bound) -> &Binding;

    /// What a bound entity stands on.
    fn binding_mut(bound: &mut Self::Bound) -> &mut Binding;
}

/// The names of an entity and of its fields.
#[derive(Debug)]
pub struct Declared {
    /// That of its type.
    pub name: &'static str,
    /// Those of its own.
    pub names: &'static [&'static str],
    /// Those of the entity that it extends.
    pub base: Option<&'static Declared>,
}

impl Declared {
    /// Stops the compiler if a field has that name.
    ///
    /// # Panics
    /// A field has that name.
    #[track_caller]
    pub const fn lacks(&self, name: &str, fault: &str) {
        assert!(!self.has(name), "{}", fault);
    }

    /// Stops the compiler if the type has another name.
    ///
    /// # Panics
    /// It has.
    #[track_caller]
    pub const fn is_called(&self, name: &str, fault: &str) {
        assert!(equal(self.name.as_bytes(), name.as_bytes()), "{}", fault);
    }

    const fn has(&self, name: &str) -> bool {
        let mut at = 0;
        while at < self.names.len() {
            if equal(self.names[at].as_bytes(), name.as_bytes()) {
                return true;
            }
            at += 1;
        }
        match self.base {
            Some(base) => base.has(name),
            None => false,
        }
    }
}

const fn equal(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}

impl Readable for Binding {
    fn read<E, T: FieldType>(&self, field: Field<E, T>) -> Result<T> {
        self.get(field)
    }
}

impl Writable for Binding {
    fn write<E, T: FieldType>(&mut self, field: Field<E, T>, value: T) {
        self.set(field, value);
    }
}

/// A value that a handler can be given as its argument of type `A`: one of that type.
#[diagnostic::on_unimplemented(
    message = "the handler is given `{Self}`, not `{A}`",
    label = "write `{Self}`"
)]
pub trait Argument<A> {
    /// Gives it.
    fn give(self) -> A;
}

impl<A> Argument<A> for A {
    fn give(self) -> A {
        self
    }
}

/// Gives a handler its argument.
pub fn argument<A, V: Argument<A>>(value: V) -> A {
    value.give()
}

/// What `#[worker]` implements. A second block of one type is refused by the compiler with this
/// name, which says what to do.
pub trait OneWorkerBlockHoldsAllHandlers: Sized + 'static {
    /// The worker's name.
    const NAME: &'static str;

    /// Where it is defined.
    fn origin() -> Origin;

    /// Says what it does.
    fn define(worker: &mut WorkerDefinition<Self>);
}

#[diagnostic::do_not_recommend]
impl<W: OneWorkerBlockHoldsAllHandlers> Worker for W {
    const NAME: &'static str = <W as OneWorkerBlockHoldsAllHandlers>::NAME;

    fn origin() -> Origin {
        <W as OneWorkerBlockHoldsAllHandlers>::origin()
    }

    fn define(worker: &mut WorkerDefinition<Self>) {
        <W as OneWorkerBlockHoldsAllHandlers>::define(worker);
    }
}

/// A worker that qlib makes with `Default`.
#[diagnostic::on_unimplemented(
    message = "qlib cannot make the worker `{Self}`",
    label = "neither `Default` nor a function `new`",
    note = "put `#[derive(Default)]` on the struct, or write `fn new() -> Self` in the `#[worker]` block",
    note = "or write `fn new(…) -> Self` there with what it needs, and add the worker with `app.worker(…)`"
)]
pub trait MadeByDefault: Sized {
    /// Makes it.
    fn make() -> Self;
}

#[diagnostic::do_not_recommend]
impl<W: Default> MadeByDefault for W {
    fn make() -> Self {
        Self::default()
    }
}

/// The parameter of a builder whose field was given.
#[derive(Debug)]
pub struct Given;

/// The parameter of a builder whose field is missing.
#[derive(Debug)]
pub struct Missing;

/// The values that a builder was given.
#[derive(Debug, Default)]
pub struct NewValues(Vec<(FieldKey, Value)>);

impl NewValues {
    /// None yet, with room for so many.
    #[must_use]
    pub fn with_capacity(fields: usize) -> Self {
        Self(Vec::with_capacity(fields))
    }

    /// Takes the values of the entity that is extended.
    pub fn extend<B>(&mut self, base: impl NewEntity<B>) {
        self.0.extend(base.into_values());
    }

    /// The values, in the order in which they were given; of a field that was given twice, the last
    /// one counts.
    #[must_use]
    pub fn into_vec(self) -> Vec<(FieldKey, Value)> {
        self.0
    }
}

impl Writable for NewValues {
    /// The last value of a field counts.
    fn write<E, T: FieldType>(&mut self, field: Field<E, T>, value: T) {
        let key = field.key();
        match value.encode() {
            // Whoever reads the values takes the last one of a field.
            Some(value) => self.0.push((key, value)),
            None => self.0.retain(|(other, _)| {
                (other.name, other.declared_by) != (key.name, key.declared_by)
            }),
        }
    }
}

/// Runs a function of the application's own on a stored value. What does not fit the type is for
/// other checks to refuse.
///
/// # Errors
/// What the function says.
pub fn validate<T: FieldType, E: Display>(
    value: ValueRef<'_>,
    check: impl FnOnce(&T) -> Result<(), E>,
) -> Result<(), String> {
    match T::decode(Some(value)) {
        Ok(value) => check(&value).map_err(|fault| fault.to_string()),
        Err(_) => Ok(()),
    }
}

/// The type of what `convert` gives: that of the field, or an `Option` of it.
#[diagnostic::on_unimplemented(
    message = "`convert` gives a `{Self}`, the field holds `{T}`",
    label = "this function makes no `{T}`",
    note = "`convert` names a function that takes what the field held and gives a `Result` of what it holds"
)]
pub trait Converted<T>: FieldType {}

impl<T: FieldType<Base = T>> Converted<T> for T {}
impl<T: FieldType<Base = T>> Converted<T> for Option<T> {}

/// A function of the application's own that makes values of a field of `T`.
pub fn conversion<T, Old: FieldType, New: Converted<T>, E: Display + 'static>(
    field: FieldKey,
    function: fn(Old) -> Result<New, E>,
) -> Conversion {
    let convert = move |value: ValueRef<'_>| {
        let old = Old::decode(Some(value)).map_err(|_| "it is of another kind".to_owned())?;
        let new = function(old).map_err(|fault| fault.to_string())?;
        Ok(new.encode())
    };
    Conversion {
        field,
        from: Old::KIND,
        choices: Old::CHOICES,
        convert: std::sync::Arc::new(convert),
    }
}

/// What the schema lock says that a field holds, each with what to say where it holds something else.
#[derive(Debug)]
pub struct LockedField {
    /// The name of its kind.
    pub kind: (&'static str, &'static str),
    /// It always has a value.
    pub required: (bool, &'static str),
    /// The variants of a Choice.
    pub choices: (&'static [&'static str], &'static str),
    /// The type that a reference refers to; empty is any.
    pub target: (&'static str, &'static str),
}

impl LockedField {
    /// Stops the compiler if a field of this type holds something else.
    ///
    /// # Panics
    /// It holds something else.
    #[track_caller]
    pub const fn check<T: FieldType>(&self) {
        let same_kind = equal(T::KIND.name().as_bytes(), self.kind.0.as_bytes());
        assert!(same_kind, "{}", self.kind.1);
        assert!(T::OPTIONAL != self.required.0, "{}", self.required.1);
        let mut same_choices = T::CHOICES.len() == self.choices.0.len();
        let mut at = 0;
        while same_choices && at < T::CHOICES.len() {
            same_choices = equal(T::CHOICES[at].as_bytes(), self.choices.0[at].as_bytes());
            at += 1;
        }
        assert!(same_choices, "{}", self.choices.1);
        let same_target = equal(T::TARGET.as_bytes(), self.target.0.as_bytes());
        assert!(same_target, "{}", self.target.1);
    }
}
