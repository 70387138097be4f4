//! Reading many things under one lock.

use std::marker::PhantomData;

use crate::model::{Applied, Entity, EntityId, Error, Field, FieldType, Result, Row, Value};
use crate::store::core::CoreGuard;
use crate::tree::{EntityRef, Lens, Location, Tree, resolve};

/// A consistent view of the store: nothing changes while it is held. Hold it briefly; writers wait,
/// and a commit of the thread that holds it, to this store or another, is refused with
/// [`Error::InsideView`].
///
/// ```
/// # use qlib::*;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let store = Store::memory()?;
/// # store.set_schema(Schema::new("Lamp").field("Brightness", Kind::Int)).await?;
/// # let desk = store.transaction(|tx| tx.create_named(EntityId::ROOT, "Desk", "Lamp", [])).await?;
/// let view = store.view();
/// assert_eq!(view.find("/Desk")?, desk);
/// assert_eq!(view.value(desk, "Brightness")?, None);
/// assert_eq!(view.entity(desk)?.path(), "/Desk");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct View<'a> {
    pub(crate) core: CoreGuard<'a>,
}

/// A field of one entity, found once and read fast from then on.
pub struct Bound<E, T> {
    field: Field<E, T>,
    location: Location,
    of: PhantomData<fn() -> (E, T)>,
}

impl<E, T> std::fmt::Debug for Bound<E, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} of {}", self.field, self.location.id())
    }
}

impl View<'_> {
    /// The tree itself, for reading by names and ids.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.core.tree
    }

    /// The entity with that id.
    ///
    /// # Errors
    /// [`Error::Missing`]
    pub fn entity(&self, id: impl Into<EntityId>) -> Result<EntityRef<'_>> {
        self.tree().existing(id.into())
    }

    /// An entity as the struct that describes it.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::WrongEntityType`], and those of [`Entity::read`].
    pub fn get<E: Entity>(&self, id: impl Into<EntityId>) -> Result<E> {
        self.tree().read_struct(id.into())
    }

    /// The value of one field.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::UnknownField`], [`Error::Unset`].
    #[inline]
    pub fn read<E, T: FieldType>(
        &self,
        id: impl Into<EntityId>,
        field: Field<E, T>,
    ) -> Result<T::View<'_>> {
        let tree = self.tree();
        tree.read::<T, _>(id.into(), field.key(), T::view)
    }

    /// Finds a field once, to read it again and again with [`View::read_bound`].
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::UnknownField`].
    pub fn bind<E, T: FieldType>(
        &self,
        id: impl Into<EntityId>,
        field: Field<E, T>,
    ) -> Result<Bound<E, T>> {
        let location = self.tree().locate(id.into(), field.key())?;
        Ok(Bound {
            field,
            location,
            of: PhantomData,
        })
    }

    /// The value of a field that was found before, in this view or in an earlier one.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::UnknownField`], [`Error::Unset`].
    #[inline]
    pub fn read_bound<E, T: FieldType>(&self, bound: &Bound<E, T>) -> Result<T::View<'_>> {
        let tree = self.tree();
        if !tree.still_at(&bound.location) {
            return self.read_again(bound);
        }
        let value = T::view(tree.value_at(T::KIND, &bound.location));
        value.map_err(|fault| tree.misfit(bound.location.id(), bound.field.key(), fault))
    }

    #[cold]
    fn read_again<E, T: FieldType>(&self, bound: &Bound<E, T>) -> Result<T::View<'_>> {
        self.read(bound.location.id(), bound.field)
    }

    /// The value at the end of a path of names, such as `Room->Name`.
    ///
    /// # Errors
    /// [`Error::Path`], [`Error::UnknownField`].
    pub fn value(&self, id: impl Into<EntityId>, path: &str) -> Result<Option<Value>> {
        let tree = self.tree();
        let id = id.into();
        let (entity, field) = resolve(tree, id, path)?;
        let entity_type = tree.existing(entity)?.entity_type();
        Ok(Lens::value(
            tree,
            entity,
            tree.field_id(entity_type, &field)?,
        ))
    }

    /// The commits of the recent window, the oldest first.
    ///
    /// ```
    /// # use qlib::{Kind, Schema, Store};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> qlib::Result<()> {
    /// let store = Store::memory()?.writing_as("installer");
    /// store.set_schema(Schema::new("Lamp").field("Brightness", Kind::Int)).await?;
    /// let view = store.view();
    /// let newest = view.commits().next_back();
    /// assert_eq!(newest.map(|commit| &*commit.author.writer), Some("installer"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn commits(&self) -> impl DoubleEndedIterator<Item = &Applied> {
        let window = &self.core.window;
        let revisions = window.first()..self.core.tree.revision() + 1;
        revisions.filter_map(|revision| window.get(revision))
    }

    /// The entity at an absolute path, such as `/Home/Kitchen`.
    ///
    /// # Errors
    /// [`Error::Path`]
    pub fn find(&self, path: &str) -> Result<EntityId> {
        self.tree().at_path(path)
    }
}

impl Tree {
    /// An entity as the struct that describes it.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::WrongEntityType`], and those of [`Entity::read`].
    pub fn read_struct<E: Entity>(&self, id: EntityId) -> Result<E> {
        let entity = self.existing(id)?;
        self.must_be::<E>(entity)?;
        E::read(&entity as &dyn Row)
    }

    /// Refuses an entity of another type than `E` or one that extends it.
    ///
    /// # Errors
    /// [`Error::WrongEntityType`], [`Error::UnknownType`]
    pub(crate) fn must_be<E: Entity>(&self, entity: EntityRef<'_>) -> Result<()> {
        if entity.type_name() == E::TYPE || self.is_a(entity.entity_type(), self.type_id(E::TYPE)?)
        {
            return Ok(());
        }
        let (expected, actual) = (E::TYPE.into(), entity.type_name().clone());
        Err(Error::WrongEntityType {
            entity: self.subject(entity.id()),
            expected,
            actual,
        })
    }
}
