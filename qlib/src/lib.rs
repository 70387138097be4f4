//! Live objects.

// The derives name this crate as users do.
extern crate self as qlib;

mod app;
mod leader;
mod log;
mod model;
mod store;
mod tree;

pub use app::{
    App, AppBuilder, BootReport, Cx, DeadLetter, EntityFieldValidator, Failure, MainThread,
    Outcome, Registration, Registry, Retry, RunningApp, Signal, Worker, WorkerDefinition,
};
#[cfg(feature = "test")]
pub use app::{Recorder, TestApp};
pub use leader::{Leadership, State};
pub use model::{
    Applied, Cause, Change as Effect, Choice, Clock, Commit, Condition, Contains, Create,
    DeletedEntity, Entity, EntityId, Error, Expect, Fence, Field, FieldCache, FieldChange,
    FieldDefinition, FieldId, FieldKey, FieldName, FieldSchema, FieldType, Filter, Hit, Image,
    ImageEntity, ImageField, Kind, Lengthy, Limits, Misfit, NewEntity, OnDelete, Op, Operator,
    Order, OrderBy, Ordered, Page, PageToken, Place, Placement, Quality, Query, Range, Readable,
    Receipt, Ref, Refers, Result, Revision, Row, SYSTEM_FIELDS, Schema, SchemaChange, Scope,
    Script, Stamp, Subject, Text, Timestamp, TypeId, Validator, Value, ValueRef, Writable, Write,
    WriteMode,
};
pub use store::{
    Binding, Bound, BoundEntity, Change, Changes, CommitFuture, Created, Deleted, Delivery, Event,
    FieldEvent, Lagged, Moved, ReaderStatus, SchemaChanged, Snapshot, Stats, Store, Subscribe,
    SubscribeField, Subscription, Transaction, View, WindowLimits,
};
pub use tree::{
    Answer, Changes as TreeChanges, Entities, EntityRef, Found, Lens, Select, Source, Tree, resolve,
};

pub use qlib_macros::{
    Choice, Entity, every, main, on_change, on_create, on_delete, on_follower, on_lagged,
    on_leader, on_losing_leadership, on_move, on_resync, on_schema, on_signal, test, worker,
};

/// Where something is defined; for generated code.
#[doc(hidden)]
#[macro_export]
macro_rules! origin {
    () => {
        $crate::__private::Origin {
            module: ::core::module_path!(),
            line: ::core::line!(),
        }
    };
}

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

/// What an application usually needs: `use qlib::prelude::*;`.
pub mod prelude {
    pub use crate::{
        App, Change, Choice, Created, Cx, Deleted, Entity, EntityId, Error, Lagged, Leadership,
        Moved, Ref, Result, SchemaChanged, Script, Signal, Store, Timestamp, every, on_change,
        on_create, on_delete, on_follower, on_lagged, on_leader, on_losing_leadership, on_move,
        on_resync, on_schema, on_signal, worker,
    };
}
