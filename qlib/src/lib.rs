//! Live objects.

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
pub use leader::{Leadership, State};
pub use model::{
    Applied, Cause, Change as Effect, Choice, Clock, Commit, Condition, Contains, Create,
    DeletedEntity, Entity, EntityId, Error, Expect, Fence, Field, FieldCache, FieldChange,
    FieldDefinition, FieldId, FieldKey, FieldName, FieldSchema, FieldType, Filter, Hit, Image,
    ImageEntity, ImageField, Kind, Lengthy, Limits, Misfit, NewEntity, OnDelete, Op, Operator,
    Order, OrderBy, Ordered, Page, PageToken, Place, Placement, Quality, Query, Range, Receipt,
    Ref, Result, Revision, Row, SYSTEM_FIELDS, Schema, SchemaChange, Scope, Script, Stamp, Subject,
    Text, Timestamp, TypeId, Validator, Value, ValueRef, Write, WriteMode,
};
pub use store::{
    Binding, Bound, BoundEntity, Change, Changes, CommitFuture, Created, Deleted, Delivery, Event,
    FieldEvent, Lagged, Moved, ReaderStatus, SchemaChanged, Snapshot, Stats, Store, Subscribe,
    SubscribeField, Subscription, Transaction, View, WindowLimits,
};
pub use tree::{
    Answer, Changes as TreeChanges, Entities, EntityRef, Found, Lens, Select, Source, Tree, resolve,
};

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

/// What an application usually needs: `use qlib::prelude::*;`.
pub mod prelude {
    pub use crate::{
        App, Change, Choice, Created, Cx, Deleted, Entity, EntityId, Error, Lagged, Leadership,
        Moved, Ref, Result, SchemaChanged, Script, Signal, Store, Timestamp,
    };
}
