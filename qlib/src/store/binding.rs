//! An entity to read and write, field by field, in one commit.

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::model::{
    Entity, EntityId, Field, FieldKey, FieldType, Op, Quality, Result, Revision, Value, Write,
    WriteMode,
};
use crate::store::Store;
use crate::store::outcome::CommitFuture;
use crate::tree::Tree;

/// An entity to read and write. Writes gather until [`Binding::commit`], which makes one commit of
/// them; reads see them at once.
///
/// Setters write blindly: what was there before is not expected to stay. A transaction expects what
/// it read.
///
/// ```
/// # use qlib::*;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let store = Store::memory()?;
/// # store.set_schema(Schema::new("Lamp").field("Brightness", Kind::Int)).await?;
/// # let desk = store.transaction(|tx| tx.create_named(EntityId::ROOT, "Desk", "Lamp", [])).await?;
/// let mut lamp = store.bind(desk);
/// lamp.rename("Lamp").commit().await?;
/// assert_eq!(store.find("/Lamp")?, desk);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Binding {
    store: Store,
    id: EntityId,
    writes: SmallVec<[Pending; 1]>,
}

#[derive(Clone, Debug)]
struct Pending {
    field: FieldKey,
    value: Option<Value>,
    mode: WriteMode,
    quality: Quality,
}

/// An entity type whose derive has made typed getters and setters.
pub trait BoundEntity: Entity {
    /// The type with the getters and setters.
    type Bound: From<Binding>;
}

impl Binding {
    pub(crate) fn new(store: Store, id: EntityId) -> Self {
        Self {
            store,
            id,
            writes: SmallVec::new(),
        }
    }

    /// The entity's id.
    #[must_use]
    pub fn id(&self) -> EntityId {
        self.id
    }

    /// The store that the entity is in.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The value of a field, with the writes that wait here.
    ///
    /// # Errors
    /// [`crate::Error::Missing`], [`crate::Error::Unset`], and others that say why it cannot be read,
    /// or why a write that waits here would be refused.
    pub fn get<E, T: FieldType>(&self, field: Field<E, T>) -> Result<T> {
        let waits = |pending: &Pending| pending.field.name == field.name();
        if !self.writes.iter().any(waits) {
            return self.store.read(self.id, field);
        }
        let view = self.store.view();
        let mut tree = view.tree().clone();
        let next = tree.revision() + 1;
        for pending in self.writes.iter().filter(|pending| waits(pending)) {
            let op = pending.clone().into_op(self.id, &tree)?;
            tree.try_steps(&[op], next)?;
        }
        tree.read::<T, _>(self.id, field.key(), T::decode)
    }

    /// Writes a field.
    pub fn set<E, T: FieldType>(&mut self, field: Field<E, T>, value: T) -> &mut Self {
        self.write(field.key(), value.encode(), WriteMode::Always)
    }

    /// Writes a field unless it holds that value already.
    pub fn set_if_changed<E, T: FieldType>(&mut self, field: Field<E, T>, value: T) -> &mut Self {
        self.write(field.key(), value.encode(), WriteMode::IfChanged)
    }

    /// Writes a field if it holds `expected`; else the commit fails with
    /// [`crate::Error::Expectation`].
    pub fn set_if<E, T: FieldType>(
        &mut self,
        field: Field<E, T>,
        expected: T,
        value: T,
    ) -> &mut Self {
        self.write(
            field.key(),
            value.encode(),
            WriteMode::IfValue(Box::new(expected.encode())),
        )
    }

    /// Writes a field if it was last written at `revision`; else the commit fails with
    /// [`crate::Error::Expectation`].
    ///
    /// ```
    /// # use qlib::*;
    /// # use qlib::prelude::*;
    /// #[derive(Entity)]
    /// struct Lamp {
    ///     #[field(default = 0)]
    ///     level: i64,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let store = Store::memory()?;
    /// # store.set_schema(Lamp::schema()).await?;
    /// # let desk = store.transaction(|tx| tx.create(EntityId::ROOT, "Desk", Lamp::builder())).await?;
    /// let written = store.entity::<Lamp>(desk)?.set_level(1).commit().receipt().await?.revision;
    /// let mut lamp = store.bind(desk);
    /// lamp.set_if_revision(Lamp::FIELDS.Level, written, 2).commit().await?;
    /// let again = lamp.set_if_revision(Lamp::FIELDS.Level, written, 3).commit().await;
    /// assert!(matches!(again, Err(Error::Expectation { .. })));
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_if_revision<E, T: FieldType>(
        &mut self,
        field: Field<E, T>,
        revision: Revision,
        value: T,
    ) -> &mut Self {
        self.write(field.key(), value.encode(), WriteMode::IfRevision(revision))
    }

    /// Adds to an Int or a Float.
    pub fn add<E, T: FieldType>(&mut self, field: Field<E, T>, amount: T::Base) -> &mut Self {
        self.write(field.key(), amount.encode(), WriteMode::Add)
    }

    /// Subtracts from an Int or a Float.
    pub fn subtract<E, T: FieldType>(&mut self, field: Field<E, T>, amount: T::Base) -> &mut Self {
        self.write(field.key(), amount.encode(), WriteMode::Subtract)
    }

    /// Unsets an optional field.
    pub fn unset<E, T: FieldType>(&mut self, field: Field<E, Option<T>>) -> &mut Self
    where
        Option<T>: FieldType,
    {
        self.write(field.key(), None, WriteMode::Always)
    }

    /// Says how far the value that was written last can be trusted.
    pub fn quality(&mut self, quality: Quality) -> &mut Self {
        if let Some(pending) = self.writes.last_mut() {
            pending.quality = quality;
        }
        self
    }

    /// Renames the entity.
    pub fn rename(&mut self, name: impl Into<SmolStr>) -> &mut Self {
        self.write(
            system::NAME,
            Some(Value::String(name.into())),
            WriteMode::Always,
        )
    }

    /// Puts the entity below another parent.
    pub fn move_to(&mut self, parent: impl Into<EntityId>) -> &mut Self {
        self.write(
            system::PARENT,
            Some(Value::EntityReference(parent.into())),
            WriteMode::Always,
        )
    }

    fn write(&mut self, field: FieldKey, value: Option<Value>, mode: WriteMode) -> &mut Self {
        self.writes.push(Pending {
            field,
            value,
            mode,
            quality: Quality::Good,
        });
        self
    }

    /// Commits the writes that wait here; none wait any more, whatever becomes of the commit. Without
    /// any there is no commit.
    pub fn commit(&mut self) -> CommitFuture {
        let id = self.id;
        let outcome = self.store.submit(|tree, steps| {
            steps.reserve_exact(self.writes.len());
            for pending in self.writes.drain(..) {
                steps.push(pending.into_op(id, tree)?);
            }
            Ok(())
        });
        self.writes.clear();
        self.store.submitted(outcome)
    }
}

impl Pending {
    #[inline]
    fn into_op(self, id: EntityId, tree: &Tree) -> Result<Op> {
        Ok(Op::Write(Write {
            id,
            field: tree.resolve(self.field)?,
            value: self.value,
            mode: self.mode,
            quality: self.quality,
        }))
    }
}

/// The handles of the fields that every entity has.
pub(crate) mod system {
    use crate::model::{EntityId, Field, FieldCache, FieldKey};

    pub(crate) const NAME: FieldKey = name::<()>().key();
    pub(crate) const PARENT: FieldKey = parent::<()>().key();

    macro_rules! system_field {
        ($function:ident, $name:literal, $type:ty) => {
            /// The handle of the system field of that name.
            #[must_use]
            pub const fn $function<E>() -> Field<E, $type> {
                Field::new("", $name, || {
                    static CACHE: FieldCache = FieldCache::new();
                    &CACHE
                })
            }
        };
    }

    system_field!(name, "Name", String);
    system_field!(description, "Description", Option<String>);
    system_field!(parent, "Parent", Option<EntityId>);
}

/// An entity whose getters and setters are those of its derive.
pub(crate) fn bound<E: BoundEntity>(store: Store, id: EntityId) -> E::Bound {
    Binding::new(store, id).into()
}
