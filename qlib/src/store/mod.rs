//! The handle that users hold: reading, committing, subscribing.

mod binding;
mod change;
mod core;
mod event;
mod happening;
mod outcome;
mod past;
mod routes;
mod select;
mod shape;
mod snapshot;
mod subscribe;
mod subscription;
mod system;
mod transaction;
mod view;
mod window;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::log::{Log, MemoryLog};
use crate::model::{
    Cause, Clock, Commit, Entity, EntityId, Error, Expect, Fence, Field, FieldType, Op, Receipt,
    Result, Revision, Schema,
};
use crate::tree::Tree;

pub(crate) use self::core::Shared;
pub(crate) use binding::system as system_fields;
pub use binding::{Binding, BoundEntity};
pub use change::Change;
pub use event::{Delivery, Event, Lagged};
pub use happening::{Created, Deleted, Moved, SchemaChanged};
pub use outcome::CommitFuture;
pub use snapshot::Snapshot;
use subscribe::About;
pub(crate) use subscribe::context_value;
pub use subscribe::{Changes, FieldEvent, Subscribe, SubscribeField};
pub use subscription::Subscription;
pub(crate) use system::DEAD_LETTER;
pub(crate) use system::SERVICE;
pub use transaction::Transaction;
pub use view::{Bound, View};
pub use window::WindowLimits;

/// How often the closure of a transaction runs before a conflict is an error.
const ATTEMPTS: usize = 16;

/// A store of live objects. Clones are handles of the same store.
#[derive(Clone, Debug)]
pub struct Store {
    shared: Arc<Shared>,
    origin: Arc<Origin>,
}

/// On whose behalf commits are made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    pub(crate) writer: SmolStr,
    pub(crate) cause: Option<Cause>,
    pub(crate) depth: u8,
    pub(crate) fence: Option<Fence>,
}

impl Store {
    /// A store that ends with the process, for tests and for what need not last.
    ///
    /// # Errors
    /// None that a new store can have; the signature is that of every store.
    pub fn memory() -> Result<Self> {
        Self::open(
            Box::<MemoryLog>::default(),
            Clock::current(),
            WindowLimits::default(),
        )
    }

    /// A store in memory with a clock and a recent window of its own.
    ///
    /// # Errors
    /// Those of [`Store::memory`].
    pub fn memory_with(clock: Clock, window: WindowLimits) -> Result<Self> {
        Self::open(Box::<MemoryLog>::default(), clock, window)
    }

    fn open(log: Box<dyn Log>, clock: Clock, window: WindowLimits) -> Result<Self> {
        let store = Self {
            shared: Arc::new(Shared::new(log, clock, window)),
            origin: Arc::default(),
        };
        if store.shared.read().tree.is_empty() {
            store.submit(|_| Ok(system::genesis()))?;
        }
        Ok(store)
    }

    /// A handle that commits on behalf of another origin.
    pub(crate) fn on_behalf(&self, origin: Origin) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            origin: Arc::new(origin),
        }
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// A handle whose commits name this writer.
    #[must_use]
    pub fn writing_as(&self, writer: impl Into<SmolStr>) -> Self {
        self.on_behalf(Origin {
            writer: writer.into(),
            ..Origin::clone(&self.origin)
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
        let id = id.into();
        let core = self.shared.read();
        let value = match core.tree.column_value(id, field.key()) {
            Some(value) => value,
            None => core.tree.located_value(id, field.key())?,
        };
        T::decode(value).map_err(|fault| fault.at(core.tree.subject(id), field.name()))
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
    /// let mut committed = store.transaction(|tx| {
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
        CommitFuture::new(self.transact(closure))
    }

    pub(crate) fn transact<T>(
        &self,
        mut closure: impl FnMut(&mut Transaction<'_>) -> Result<T>,
    ) -> Result<Receipt<T>> {
        for attempt in 1.. {
            let mut transaction = Transaction::begin(&self.shared);
            let value = closure(&mut transaction)?;
            let (ops, expect) = transaction.finish();
            if ops.is_empty() {
                let core = self.shared.read();
                return Ok(Receipt {
                    revision: core.tree.revision(),
                    time: core.tree.time(),
                    value,
                });
            }
            match self.submit_expecting(|_| Ok(ops), expect) {
                Ok(Receipt { revision, time, .. }) => {
                    return Ok(Receipt {
                        revision,
                        time,
                        value,
                    });
                }
                Err(error) if transaction::may_run_again(&error) && attempt < ATTEMPTS => {}
                Err(error) => return Err(error),
            }
        }
        unreachable!("the last attempt returns")
    }

    pub(crate) fn submit(
        &self,
        ops: impl FnOnce(&Tree) -> Result<SmallVec<[Op; 1]>>,
    ) -> Result<Receipt> {
        self.submit_expecting(ops, Vec::new())
    }

    fn submit_expecting(
        &self,
        ops: impl FnOnce(&Tree) -> Result<SmallVec<[Op; 1]>>,
        expect: Vec<Expect>,
    ) -> Result<Receipt> {
        let prepare = |tree: &Tree| {
            let Origin {
                writer,
                cause,
                depth,
                fence,
            } = &*self.origin;
            let (writer, cause, fence) = (writer.clone(), cause.clone(), fence.clone());
            Ok(Commit {
                ops: ops(tree)?,
                expect,
                writer,
                cause,
                depth: *depth,
                fence,
            })
        };
        if !self.shared.has_validators() {
            return self.shared.commit(prepare);
        }
        let mut commit = prepare(&self.shared.read().tree)?;
        self.shared.validate(&mut commit)?;
        self.shared.commit(|_| Ok(commit))
    }

    /// Declares or redefines a type.
    ///
    /// The commit's error is [`Error::Schema`] where the new definition would lose or contradict
    /// what entities hold.
    pub fn set_schema(&self, schema: Schema) -> CommitFuture {
        let op = Op::SetSchema(Box::new(schema));
        CommitFuture::new(self.submit(|_| Ok(smallvec::smallvec![op])))
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
        let entity_type = (!entity_type.is_empty()).then(|| entity_type.into());
        Subscribe::new(&self.shared, About::Field(field.into()), entity_type)
    }

    /// Subscribes to the creation of entities of a type.
    pub fn subscribe_created(&self, entity_type: &str) -> Subscribe {
        Subscribe::new(&self.shared, About::Created, Some(entity_type.into()))
    }

    /// Subscribes to the deletion of entities of a type.
    pub fn subscribe_deleted(&self, entity_type: &str) -> Subscribe {
        Subscribe::new(&self.shared, About::Deleted, Some(entity_type.into()))
    }

    /// Subscribes to moves and renames of entities of a type.
    pub fn subscribe_moved(&self, entity_type: &str) -> Subscribe {
        Subscribe::new(&self.shared, About::Moved, Some(entity_type.into()))
    }

    /// Subscribes to declarations and redefinitions of types.
    pub fn subscribe_schemas(&self) -> Subscribe {
        Subscribe::new(&self.shared, About::Schema, None)
    }

    /// Who reads changes, and how far each of them is.
    #[must_use]
    pub fn readers(&self) -> Vec<ReaderStatus> {
        let newest = self.shared.read().tree.revision();
        let mut readers = self.shared.readers.lock();
        readers.retain(|reader| reader.strong_count() > 0);
        let alive = readers.iter().filter_map(std::sync::Weak::upgrade);
        alive
            .map(|reader| {
                let position = reader.position.load(Ordering::Relaxed);
                ReaderStatus {
                    name: reader.name.clone(),
                    position,
                    behind: newest.saturating_sub(position),
                }
            })
            .collect()
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
    /// [`Error::InsideView`]
    pub fn connect(&self) -> Result<()> {
        self.set_connected(true)
    }

    fn set_connected(&self, connected: bool) -> Result<()> {
        self.shared.change(|core| core.connected = connected)?;
        self.shared
            .connection
            .send_if_modified(|now| std::mem::replace(now, connected) != connected);
        Ok(())
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

    /// The revision of the newest commit.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.shared.read().tree.revision()
    }

    /// How much the store holds.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let core = self.shared.read();
        Stats {
            log: core.log.name(),
            revision: core.tree.revision(),
            durable: core.log.durable(),
            entities: core.tree.len(),
            window_commits: core.window.len(),
            window_bytes: core.window.bytes(),
        }
    }

    /// The clock by which commits are stamped.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }
}

/// How far a subscription has read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReaderStatus {
    /// What the subscription is called.
    pub name: SmolStr,
    /// The revision up to which it has read everything.
    pub position: Revision,
    /// How many revisions came since.
    pub behind: Revision,
}

/// How much a store holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stats {
    /// The kind of log.
    pub log: &'static str,
    /// The newest revision.
    pub revision: Revision,
    /// The newest revision that outlives the process.
    pub durable: Revision,
    /// Entities.
    pub entities: usize,
    /// Commits in the recent window.
    pub window_commits: usize,
    /// Bytes of the recent window, roughly.
    pub window_bytes: usize,
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
