//! Live objects: a hierarchical, typed, real-time object store, workers that react to its changes,
//! and leadership whose commits are fenced.
//!
//! An application derives its entities, writes handlers, and ends with [`main!`]. The same store can
//! be used by itself:
//!
//! ```
//! use qlib::prelude::*;
//!
//! #[derive(Entity, Debug)]
//! struct Room {}
//!
//! #[derive(Entity, Debug)]
//! struct Lamp {
//!     #[field(range(0..=100), unit = "%", default = 0)]
//!     brightness: i64,
//!     #[field(index)]
//!     maker: Option<String>,
//!     room: Option<Ref<Room>>,
//! }
//!
//! # fn main() -> Result<()> {
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
//! # runtime.block_on(async {
//! let store = Store::memory()?;
//! store.set_schema(Room::schema()).await?;
//! store.set_schema(Lamp::schema()).await?;
//!
//! // Many steps, one commit.
//! let lamp = store
//!     .transaction(|tx| {
//!         let kitchen = tx.create(EntityId::ROOT, "Kitchen", Room::builder())?;
//!         tx.create(kitchen, "Ceiling", Lamp::builder().maker("Acme").room(kitchen))
//!     })
//!     .await?;
//!
//! // Changes, with the name of the room as it was at each change's revision.
//! let mut changes = store
//!     .subscribe(Lamp::FIELDS.Brightness)
//!     .with(|subscribe| subscribe.context("Room->Name"))
//!     .start()?;
//! store.entity::<Lamp>(lamp)?.set_brightness(80).commit().await?;
//! if let qlib::FieldEvent::Change(change) = changes.next().await? {
//!     assert_eq!((change.previous(), change.current()), (Some(0), 80));
//!     assert_eq!(change.delivery().context()[0], Some("Kitchen".into()));
//! }
//!
//! // Queries.
//! let bright = store.select::<Lamp>().filter(Lamp::FIELDS.Brightness.gt(50)).all()?;
//! assert_eq!(bright[0].name, "Ceiling");
//!
//! // What is wrong is refused, and says why.
//! let refused = store.entity::<Lamp>(lamp)?.set_brightness(101).commit().await.unwrap_err();
//! assert!(refused.to_string().contains("/Kitchen/Ceiling"));
//! # Ok(())
//! # })
//! # }
//! ```

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

// The derives name this crate as users do.
extern crate self as qlib;

mod app;
mod leader;
mod log;
mod model;
mod store;
mod tree;
mod wire;

pub use app::{
    App, AppBuilder, BootReport, CallFuture, CatchUp, Cx, DeadLetter, EntityFieldValidator,
    Failure, MainThread, Origin, Outcome, Registration, Registry, Retry, RunningApp, Signal,
    Worker, WorkerDefinition,
};
#[cfg(feature = "test")]
pub use app::{Recorder, TestApp};
pub use leader::{Leadership, Standing, Standings, State};
pub use log::{Cut, Retention};
pub use model::{
    Access, Applied, Author, Cause, Choice, Clock, Commit, Condition, Contains, Conversion,
    Convert, Create, CreatedEntity, Cursor, CursorMove, DeletedEntity, Effect, Entity, EntityId,
    Error, Expect, Fence, Field, FieldCache, FieldChange, FieldDefinition, FieldId, FieldKey,
    FieldName, FieldSchema, FieldType, Filter, HistoryPolicy, Hit, Image, ImageEntity, ImageField,
    Kind, Lengthy, Limits, LogError, Misfit, Misfits, NewEntity, OnDelete, Op, Operator, Order,
    OrderBy, Ordered, Page, PageToken, Place, Placement, Position, Quality, Query, Range, Readable,
    Receipt, Ref, Refers, Refusal, Result, Revision, Row, SYSTEM_FIELDS, Schema, SchemaChange,
    Scope, Script, Stamp, Subject, Text, Timestamp, TypeId, Validator, Value, ValueRef, Writable,
    Write, WriteMode,
};
pub use store::{
    Binding, Bound, BoundEntity, Bucket, Change, Changes, CommitFuture, Created, Deleted, Delivery,
    Event, FieldEvent, Health, HistoryDamage, HistoryLimits, HistoryQuery, LagReason, Lagged,
    Moved, Progress, ReaderStatus, Repair, Sample, Samples, SchemaChanged, SchemaPlan, SchemaStep,
    Snapshot, Stats, Store, StoreOptions, Subscribe, SubscribeField, Subscription, Transaction,
    View, WantedSchemas, WindowLimits, differences, plan,
};
pub use tree::{Answer, Effects, Entities, EntityRef, Found, Lens, Select, Source, Tree, resolve};

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
    #[cfg(feature = "test")]
    pub use crate::TestApp;
    pub use crate::{
        App, Change, Choice, Created, Cx, Deleted, Entity, EntityId, Error, Lagged, Leadership,
        Moved, Ref, Result, SchemaChanged, Script, Signal, Store, Timestamp, every, on_change,
        on_create, on_delete, on_follower, on_lagged, on_leader, on_losing_leadership, on_move,
        on_resync, on_schema, on_signal, worker,
    };
}
