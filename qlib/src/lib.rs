//! Live objects.

mod log;
mod model;
mod store;
mod tree;

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
    Binding, Bound, BoundEntity, Change, Changes, CommitFuture, Delivery, Event, FieldEvent,
    Lagged, ReaderStatus, Snapshot, Stats, Store, Subscribe, SubscribeField, Subscription,
    Transaction, View, WindowLimits,
};
pub use tree::{
    Answer, Changes as TreeChanges, Entities, EntityRef, Found, Lens, Select, Source, Tree, resolve,
};
