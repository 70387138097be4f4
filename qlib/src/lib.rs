//! Live objects.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod log;
mod model;
mod store;
mod tree;

pub use model::{
    Applied, Cause, Change as Effect, Choice, Clock, Commit, Create, DeletedEntity, Entity,
    EntityId, Error, Expect, Fence, Field, FieldCache, FieldChange, FieldDefinition, FieldId,
    FieldKey, FieldSchema, FieldType, Image, ImageEntity, ImageField, Kind, Lengthy, Limits,
    Misfit, NewEntity, OnDelete, Op, Ordered, Place, Placement, Quality, Range, Readable, Receipt,
    Ref, Refers, Result, Revision, Row, SYSTEM_FIELDS, Schema, SchemaChange, Scope, Script, Stamp,
    Subject, Text, Timestamp, TypeId, Validator, Value, ValueRef, Writable, Write, WriteMode,
};
pub use store::{
    Binding, Bound, BoundEntity, Change, Changes, CommitFuture, Delivery, Event, FieldEvent,
    Lagged, ReaderStatus, Snapshot, Stats, Store, Subscribe, SubscribeField, Subscription,
    Transaction, View, WindowLimits,
};
pub use tree::{Changes as TreeChanges, Entities, EntityRef, Lens, Tree, resolve};
