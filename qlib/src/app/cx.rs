//! What a handler can reach besides its worker.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use smol_str::SmolStr;

use crate::app::App;
use crate::app::failure::Failure;
use crate::app::main_thread::MainThread;
use crate::leader::{Leadership, not_leading};
use crate::model::{Entity, EntityId, Error, Field, FieldType, Result, Subject, Timestamp};
use crate::store::{
    BoundEntity, Change, CommitFuture, Created, Deleted, FieldEvent, Moved, Store, Transaction,
    View,
};

/// What a handler can reach besides its worker: the store, and the application.
///
/// Commits made through it name the handler and the change that it reacts to as their cause.
///
/// ```
/// use qlib::prelude::*;
///
/// #[derive(Entity, Debug)]
/// struct Lamp {
///     #[field(default = 0)]
///     level: i64,
///     #[field(default = 0)]
///     brightest: i64,
/// }
///
/// #[on_change(Lamp.Level)]
/// async fn remember(change: Change<Lamp, i64>, cx: &mut Cx) -> Result<()> {
///     let lamp: Lamp = cx.get(change.id())?;
///     if lamp.level > lamp.brightest {
///         change.entity(cx)?.set_brightest(lamp.level).commit().await?;
///     }
///     Ok(())
/// }
/// ```
pub struct Cx {
    pub(crate) app: App,
    pub(crate) store: Store,
    pub(crate) handler: SmolStr,
    /// What a durable handler reads and writes, once it has begun to.
    pub(crate) tx: Option<Transaction<'static>>,
    pub(crate) tick: Option<Timestamp>,
}

impl fmt::Debug for Cx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "context of {}", self.handler)
    }
}

impl Cx {
    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The application.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The handler's own name, as it stands in causes and dead letters.
    #[must_use]
    pub fn handler(&self) -> &str {
        &self.handler
    }

    /// Locks the store once for many reads.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        self.store.view()
    }

    /// An entity as the struct that describes it.
    ///
    /// # Errors
    /// Those of [`Store::get`].
    pub fn get<E: Entity>(&self, id: impl Into<EntityId>) -> Result<E> {
        self.store.get(id)
    }

    /// An entity with the getters and setters of its type.
    ///
    /// # Errors
    /// Those of [`Store::entity`].
    pub fn entity<E: BoundEntity>(&self, id: impl Into<EntityId>) -> Result<E::Bound> {
        self.store.entity::<E>(id)
    }

    /// Many reads and writes as one commit.
    pub fn transaction<T>(
        &self,
        closure: impl FnMut(&mut Transaction<'_>) -> Result<T>,
    ) -> CommitFuture<T> {
        self.store.transaction(closure)
    }

    /// The transaction of a durable handler: it is committed once the handler has returned `Ok`, with
    /// the move of its cursor. It sees the store as it was when the handler asked for it first, and its
    /// own writes. Where another commit changes what it read, the handler is called again.
    ///
    /// It is the only way to write once. The stores that the handler reaches here, [`Cx::store`],
    /// `cx.app().store()` and `leadership.store()`, refuse to commit ([`Error::ReadOnly`]). What it does
    /// through a [`Store`] or a [`Leadership`] that it got elsewhere, such as from its worker, through
    /// [`Cx::main_thread`], or outside the store, is done at once, and again where it is called again.
    ///
    /// ```
    /// use qlib::prelude::*;
    ///
    /// #[derive(Entity, Debug)]
    /// struct Door {
    ///     #[field(default = false)]
    ///     open: bool,
    ///     #[field(default = 0)]
    ///     opened: i64,
    /// }
    ///
    /// #[on_change(Door.Open, when(current), durable = "openings")]
    /// async fn count(change: Change<Door, bool>, cx: &mut Cx) -> Result<()> {
    ///     cx.tx()?.add(change.id(), Door::FIELDS.Opened, 1)
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotDurable`]: the handler has no cursor.
    pub fn tx(&mut self) -> Result<&mut Transaction<'static>> {
        if !self.store.is_of_durable_handler() {
            let handler = self.handler.clone();
            return Err(Error::NotDurable { handler });
        }
        let begin = || Transaction::begin_apart(self.store.shared());
        Ok(self.tx.get_or_insert_with(begin))
    }

    /// The time for which a persistent timer ticks. That may be long past: it catches up.
    #[must_use]
    pub fn tick(&self) -> Option<Timestamp> {
        self.tick
    }

    /// The entity that stands for this application.
    #[must_use]
    pub fn service(&self) -> EntityId {
        self.app.service()
    }

    /// The application's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.store.clock().now()
    }

    /// The proof of leading.
    ///
    /// # Errors
    /// This instance does not lead.
    pub fn leadership(&self) -> Result<Leadership, Failure> {
        self.app
            .leadership()
            .ok_or_else(|| Failure::Qlib(not_leading(self.app.name())))
    }

    /// A handle by which other threads run work on the main thread, in order.
    #[must_use]
    pub fn main_thread(&self) -> MainThread {
        self.app.main_thread()
    }

    /// Ends the application in order, as SIGTERM does.
    pub fn shutdown(&self) {
        self.app.shutdown();
    }

    /// Writes `value` into `field` of an entity and waits for the answer that somebody writes into
    /// the field that [`Request::reply_in`] names.
    ///
    /// ```
    /// use std::time::Duration;
    /// use qlib::prelude::*;
    ///
    /// #[derive(Entity, Debug)]
    /// struct Door {
    ///     #[field(default = false)]
    ///     wanted: bool,
    ///     #[field(default = false)]
    ///     open: bool,
    /// }
    ///
    /// async fn open(door: EntityId, cx: &mut Cx) -> Result<bool> {
    ///     cx.request(door, Door::FIELDS.Wanted, true)
    ///         .reply_in(Door::FIELDS.Open, Duration::from_secs(5))
    ///         .await
    /// }
    /// ```
    pub fn request<E: Entity, T: FieldType>(
        &self,
        id: impl Into<EntityId>,
        field: Field<E, T>,
        value: T,
    ) -> Request<E, T> {
        Request {
            store: self.store.clone(),
            id: id.into(),
            field,
            value,
        }
    }

    pub(crate) fn subject(&self, id: EntityId) -> Subject {
        self.store.view().tree().subject(id)
    }

    /// Makes commits carry the leadership, in handlers of the leader.
    pub(crate) fn fence(&mut self, leadership: &Leadership) {
        self.store = leadership.fenced(&self.store);
    }
}

/// A request that says where its answer comes.
#[must_use = "a request is sent by `reply_in(…).await`"]
#[derive(Debug)]
pub struct Request<E, T> {
    store: Store,
    id: EntityId,
    field: Field<E, T>,
    value: T,
}

impl<E: Entity, T: FieldType> Request<E, T> {
    /// Sends the request and waits for the next write of `reply` by somebody else, for at most
    /// `limit`. The answer comes to a subscription of the request's own, so that a worker may wait
    /// for one while it handles something.
    ///
    /// # Errors
    /// [`Error::NoAnswer`], and whatever refuses the request.
    pub fn reply_in<R: FieldType>(
        self,
        reply: Field<E, R>,
        limit: Duration,
    ) -> impl Future<Output = Result<R>> {
        let Self {
            store,
            id,
            field,
            value,
        } = self;
        async move {
            let mut answers = store
                .subscribe(reply)
                .with(|subscribe| subscribe.named("request").entity(id).writes())
                .start()?;
            let mut request = store.bind(id);
            request.set(field, value);
            let sent = request.commit().receipt().await?.revision;
            let answer = async {
                loop {
                    if let FieldEvent::Change(change) = answers.next().await?
                        && change.revision() > sent
                    {
                        let entity = Subject::from(id);
                        return R::decode(change.delivery().current())
                            .map_err(|fault| fault.at(entity, reply.name()));
                    }
                }
            };
            match tokio::time::timeout(limit, answer).await {
                Ok(answer) => answer,
                Err(_) => {
                    let entity = store.view().tree().subject(id);
                    Err(Error::NoAnswer {
                        entity,
                        field: field.name().into(),
                        limit,
                    })
                }
            }
        }
    }
}

impl<E: BoundEntity, T> Change<E, T> {
    /// The entity as it is now, with the getters and setters of its type.
    ///
    /// # Errors
    /// [`Error::Gone`]: it was deleted after the change. A handler that returns this error counts as
    /// done.
    pub fn entity(&self, cx: &Cx) -> Result<E::Bound> {
        cx.store.entity::<E>(self.id()).map_err(crate::store::gone)
    }
}

impl<E: BoundEntity> Created<E> {
    /// The entity as it is now, with the getters and setters of its type.
    ///
    /// # Errors
    /// [`Error::Gone`]: it was deleted since. A handler that returns this error counts as done.
    pub fn entity(&self, cx: &Cx) -> Result<E::Bound> {
        cx.store.entity::<E>(self.id()).map_err(crate::store::gone)
    }
}

impl<E: BoundEntity> Moved<E> {
    /// The entity as it is now, with the getters and setters of its type.
    ///
    /// # Errors
    /// [`Error::Gone`]: it was deleted since. A handler that returns this error counts as done.
    pub fn entity(&self, cx: &Cx) -> Result<E::Bound> {
        cx.store.entity::<E>(self.id()).map_err(crate::store::gone)
    }
}

impl<E> Deleted<E> {
    /// The last value of a field.
    ///
    /// ```
    /// use qlib::prelude::*;
    ///
    /// #[derive(Entity, Debug)]
    /// struct Topic {
    ///     #[field(default = 0)]
    ///     messages: i64,
    /// }
    ///
    /// #[on_delete(Topic)]
    /// async fn closed(deleted: Deleted<Topic>, cx: &mut Cx) -> Result<()> {
    ///     let messages = deleted.last(cx, Topic::FIELDS.Messages)?;
    ///     tracing::info!(topic = deleted.name(), messages, "closed");
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Error::Unset`]: it had none; [`Error::UnknownField`].
    pub fn last<T: FieldType>(&self, cx: &Cx, field: Field<E, T>) -> Result<T> {
        let number = cx.view().tree().resolve(field.key())?;
        T::decode(self.last_value(number))
            .map_err(|fault| fault.at(Subject::from(self.id()), field.name()))
    }
}
