//! What generated code may name. Not part of the public interface: it changes with the macros.

pub use std::boxed::Box;
pub use std::convert::{From, Into};
pub use std::default::Default;
pub use std::option::Option::{self, None, Some};
pub use std::pin::Pin;
pub use std::result::Result::{self, Err, Ok};
pub use std::string::String;
pub use std::time::Duration;
pub use std::vec::Vec;

pub use inventory;

pub use crate::app::{
    App, AppBuilder, AppSignals, ApplicationSignals, CallFuture, ContextOf, Cx, Failure, Hop,
    LeadershipSignals, OnChange, OnEvent, OnLagged, OnNothing, OnResync, OnSignal, OnTick, Origin,
    Outcome, Path, Registration, Registry, Request, Retry, Signal, SystemSignal, SystemSignals,
    Wiring, Worker, WorkerDefinition,
};
pub use crate::leader::Leadership;
pub use crate::model::*;
pub use crate::store::{
    Binding, BoundEntity, Change, Created, Deleted, Lagged, Moved, SchemaChanged, Store,
    Transaction, system_fields as system,
};

/// Runs a function of the application's own on a value, for the derive's list of validators.
///
/// # Errors
/// What the function says.
pub fn validate<T: FieldType, E: std::fmt::Display>(
    value: ValueRef<'_>,
    check: fn(&T) -> Result<(), E>,
) -> Result<(), String> {
    match T::decode(Some(value)) {
        Ok(value) => check(&value).map_err(|error| error.to_string()),
        // A value of another kind is refused by the schema, with a better message.
        Err(_) => Ok(()),
    }
}
