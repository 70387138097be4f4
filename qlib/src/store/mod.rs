//! The handle that users hold: reading, committing, subscribing.

mod backup;
mod behind;
mod binding;
mod change;
mod checkpoint;
mod commit;
mod core;
mod cursor;
mod durable;
mod event;
mod evolution;
mod follow;
mod happening;
mod health;
mod history;
mod load;
mod open;
mod outcome;
mod past;
mod read_log;
mod reading;
mod repair;
mod replay;
mod restore;
mod routes;
mod select;
mod shape;
mod snapshot;
mod status;
mod subscribe;
mod subscription;
mod system;
#[cfg(test)]
mod tests;
mod transaction;
mod turns;
mod validate;
mod view;
mod window;

use std::sync::Arc;

use smallvec::smallvec;
use smol_str::SmolStr;

use crate::model::{
    Author, Clock, Entity, EntityId, Error, Field, FieldType, Op, Position, Receipt, Result,
    Revision, Schema,
};

pub(crate) use self::core::Shared;
pub(crate) use binding::system as system_fields;
pub use binding::{Binding, BoundEntity};
pub use change::Change;
pub(crate) use commit::ATTEMPTS;
pub(crate) use cursor::{CursorInUse, CursorReader, move_cursor};
pub use event::{Delivery, Event, LagReason, Lagged};
pub use evolution::{SchemaPlan, SchemaStep, WantedSchemas, differences, plan};
pub use happening::{Created, Deleted, Moved, SchemaChanged};
pub use health::{Health, Progress};
pub use history::{Bucket, HistoryDamage, HistoryLimits, HistoryQuery, Sample, Samples};
pub use open::StoreOptions;
pub use outcome::CommitFuture;
pub use repair::Repair;
pub use snapshot::Snapshot;
pub use status::{ReaderStatus, Stats};
use subscribe::About;
pub(crate) use subscribe::context_value;
pub use subscribe::{Changes, FieldEvent, Subscribe, SubscribeField};
pub use subscription::Subscription;
pub(crate) use system::DEAD_LETTER;
pub(crate) use system::{SERVICE, system_schemas};
pub use transaction::Transaction;
pub use view::{Bound, View};
pub use window::WindowLimits;

/// A store of live objects: a tree of entities, and the log of what changed it. Clones are handles of
/// the same store.
///
/// ```
/// # use qlib::*;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let store = Store::memory()?;
/// # store.set_schema(Schema::new("Lamp").field("Brightness", Kind::Int)).await?;
/// # let desk = store.transaction(|tx| tx.create_named(EntityId::ROOT, "Desk", "Lamp", [])).await?;
/// let mut changes = store.subscribe_named("Lamp", "Brightness").start()?;
/// store.transaction(|tx| tx.set_value(desk, "Brightness", Value::Int(3))).await?;
/// assert_eq!(store.view().value(desk, "Brightness")?, Some(Value::Int(3)));
/// assert!(matches!(changes.next().await, Event::Change(_)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Store {
    shared: Arc<Shared>,
    author: Arc<Author>,
    holder: Holder,
}

/// Who holds a handle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Holder {
    /// Whoever; commits return when they outlive the process.
    Anybody,
    /// A handler. Its commits return when they are applied: the log is a prefix, so nothing that
    /// comes later can outlive the process without them.
    Handler,
    /// A durable handler. What it writes goes into its transaction.
    DurableHandler,
}

impl Store {
    /// A handle that commits on behalf of another author.
    pub(crate) fn on_behalf(&self, author: Author) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            author: Arc::new(author),
            holder: self.holder,
        }
    }

    /// A handle for the handlers of an application.
    pub(crate) fn inside_handler(self) -> Self {
        let holder = Holder::Handler;
        Self { holder, ..self }
    }

    /// A handle for a durable handler: it commits nothing.
    pub(crate) fn inside_durable_handler(self) -> Self {
        let holder = Holder::DurableHandler;
        Self { holder, ..self }
    }

    /// Whether this is the handle of a durable handler.
    pub(crate) fn is_of_durable_handler(&self) -> bool {
        self.holder == Holder::DurableHandler
    }

    /// A commit that was submitted, to wait for.
    pub(crate) fn submitted<T>(&self, outcome: Result<Receipt<T>>) -> CommitFuture<T> {
        let durable = self.holder == Holder::Anybody && !self.shared.buffered;
        CommitFuture::new(outcome, self.shared.group.get().cloned(), durable)
    }

    pub(crate) fn author(&self) -> &Author {
        &self.author
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// A handle whose commits name this writer.
    #[must_use]
    pub fn writing_as(&self, writer: impl Into<SmolStr>) -> Self {
        self.on_behalf(Author {
            writer: writer.into(),
            ..Author::clone(&self.author)
        })
    }

    /// Locks the store once for many reads.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View {
            core: self.shared.read(),
        }
    }

    /// An entity as the struct that describes it.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::WrongEntityType`], and those of [`Entity::read`].
    pub fn get<E: Entity>(&self, id: impl Into<EntityId>) -> Result<E> {
        self.view().get(id)
    }

    /// The value of one field.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::UnknownField`], [`Error::Unset`].
    #[inline]
    pub fn read<E, T: FieldType>(&self, id: impl Into<EntityId>, field: Field<E, T>) -> Result<T> {
        let core = self.shared.read();
        core.tree.read::<T, _>(id.into(), field.key(), T::decode)
    }

    /// The entity at an absolute path, such as `/Home/Kitchen`.
    ///
    /// # Errors
    /// [`Error::Path`]
    pub fn find(&self, path: &str) -> Result<EntityId> {
        self.view().find(path)
    }

    /// Whether an entity exists.
    #[must_use]
    pub fn exists(&self, id: impl Into<EntityId>) -> bool {
        self.view().tree().entity(id.into()).is_some()
    }

    /// An entity with the getters and setters of its type.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::WrongEntityType`]
    pub fn entity<E: BoundEntity>(&self, id: impl Into<EntityId>) -> Result<E::Bound> {
        let id = id.into();
        let core = self.shared.read();
        core.tree.must_be::<E>(core.tree.existing(id)?)?;
        Ok(binding::bound::<E>(self.clone(), id))
    }

    /// An entity of whatever type, to write by handles of fields.
    #[must_use]
    pub fn bind(&self, id: impl Into<EntityId>) -> Binding {
        Binding::new(self.clone(), id.into())
    }

    /// Runs `closure` on one consistent view and commits what it asks for, whole or not at all. It
    /// runs again when another commit has changed what it read, up to 16 times.
    ///
    /// ```
    /// # use qlib::{EntityId, Kind, Schema, Store, Value};
    /// # fn main() -> qlib::Result<()> {
    /// let store = Store::memory()?;
    /// let committed = store.transaction(|tx| {
    ///     tx.set_schema(Schema::new("Lamp").field("Brightness", Kind::Int));
    ///     tx.create_named(EntityId::ROOT, "Desk", "Lamp", [("Brightness", Value::Int(3))])
    /// });
    /// # drop(committed);
    /// assert!(store.find("/Desk").is_ok());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The commit's errors are those of the closure, of what it asks for, and [`Error::Conflict`].
    pub fn transaction<T>(
        &self,
        closure: impl FnMut(&mut Transaction<'_>) -> Result<T>,
    ) -> CommitFuture<T> {
        self.submitted(self.transact(closure))
    }

    /// Declares or redefines a type.
    ///
    /// The commit's error is [`Error::Schema`] where the new definition would lose or contradict
    /// what entities hold.
    pub fn set_schema(&self, schema: Schema) -> CommitFuture {
        let declare = smallvec![Op::SetSchema(Box::new(schema))];
        self.submitted(self.submit_checked(declare, Vec::new()))
    }

    /// The type of that name.
    ///
    /// # Errors
    /// [`Error::UnknownType`]
    pub fn schema(&self, name: &str) -> Result<Schema> {
        let core = self.shared.read();
        Ok(core.tree.schema(core.tree.type_id(name)?).clone())
    }

    /// The names of all types, in the order in which they were declared.
    #[must_use]
    pub fn types(&self) -> Vec<SmolStr> {
        let core = self.shared.read();
        core.tree
            .types()
            .map(|entity_type| core.tree.type_name(entity_type).clone())
            .collect()
    }

    /// Subscribes to a field of a type and of those that extend it.
    pub fn subscribe<E: Entity, T: FieldType>(&self, field: Field<E, T>) -> SubscribeField<E, T> {
        SubscribeField::new(&self.shared, field)
    }

    /// Subscribes to a field by its name: of a type, or of one entity if the type is empty and
    /// [`Subscribe::entity`] names one.
    pub fn subscribe_named(&self, entity_type: &str, field: &str) -> Subscribe {
        self.subscribe_about(About::Field(field.into()), entity_type)
    }

    /// Subscribes to the creation of entities of a type.
    pub fn subscribe_created(&self, entity_type: &str) -> Subscribe {
        self.subscribe_about(About::Created, entity_type)
    }

    /// Subscribes to the deletion of entities of a type.
    pub fn subscribe_deleted(&self, entity_type: &str) -> Subscribe {
        self.subscribe_about(About::Deleted, entity_type)
    }

    /// Subscribes to moves and renames of entities of a type.
    pub fn subscribe_moved(&self, entity_type: &str) -> Subscribe {
        self.subscribe_about(About::Moved, entity_type)
    }

    fn subscribe_about(&self, about: About, entity_type: &str) -> Subscribe {
        let entity_type = (!entity_type.is_empty()).then(|| entity_type.into());
        Subscribe::new(&self.shared, about, entity_type)
    }

    /// Subscribes to declarations and redefinitions of types.
    pub fn subscribe_schemas(&self) -> Subscribe {
        Subscribe::new(&self.shared, About::Schema, None)
    }

    /// Stops taking commits until [`Store::connect`]; reads go on, subscriptions pause.
    ///
    /// # Errors
    /// [`Error::InsideView`]
    pub fn disconnect(&self) -> Result<()> {
        self.set_connected(false)
    }

    /// Takes commits again.
    ///
    /// # Errors
    /// [`Error::InsideView`], [`Error::StoreFailed`]: it cannot.
    pub fn connect(&self) -> Result<()> {
        match self.health().failure {
            Some(failure) => Err(Error::StoreFailed(failure)),
            None => self.set_connected(true),
        }
    }

    fn set_connected(&self, connected: bool) -> Result<()> {
        self.shared.change(|core| core.connected = connected)?;
        self.tell_connected(connected);
        Ok(())
    }

    fn tell_connected(&self, connected: bool) {
        self.shared
            .connection
            .send_if_modified(|now| std::mem::replace(now, connected) != connected);
    }

    /// Tells those who watch the connection that the store takes no further commits.
    pub(crate) fn lose_connection(&self) {
        self.tell_connected(false);
    }

    /// Whether the store takes commits.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        *self.shared.connection.borrow()
    }

    /// Whether the store takes commits, to await.
    pub(crate) fn connection(&self) -> tokio::sync::watch::Receiver<bool> {
        self.shared.connection.subscribe()
    }

    /// The place behind the newest commit: for [`Subscribe::from`], in this process or a later one.
    #[must_use]
    pub fn position(&self) -> Position {
        self.shared.read().position()
    }

    /// The revision of the newest commit.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.shared.read().tree.revision()
    }

    /// The clock by which commits are stamped.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }
}

/// A missing entity as the error of a handler whose own entity it was.
pub(crate) fn gone(error: Error) -> Error {
    match error {
        Error::Missing { entity } => Error::Gone { entity },
        other => other,
    }
}

/// Whether a type is one that every store has.
pub(crate) fn is_system_type(name: &str) -> bool {
    [system::ROOT, SERVICE, DEAD_LETTER].contains(&name)
}
