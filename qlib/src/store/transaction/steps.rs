//! What a transaction does: the steps of its commit.

use smol_str::SmolStr;

use super::Transaction;
use crate::model::{
    Create, Entity, EntityId, Expect, Field, FieldId, FieldType, Limits, NewEntity, Op, Quality,
    Ref, Result, Schema, TypeId, Value, Write, WriteMode,
};

impl Transaction<'_> {
    /// Makes an entity below `parent`, behind its children; `values` are those of the type's builder.
    ///
    /// # Errors
    /// [`crate::Error::UnknownType`], [`crate::Error::UnknownField`]: the store's schemas lack them.
    /// All else is found when the transaction commits.
    pub fn create<E: Entity>(
        &mut self,
        parent: impl Into<EntityId>,
        name: impl Into<SmolStr>,
        values: impl NewEntity<E>,
    ) -> Result<Ref<E>> {
        let tree = self.schemas()?;
        let entity_type = tree.type_id(E::TYPE)?;
        let given = values.into_values();
        let mut values = Vec::with_capacity(given.len());
        let mut outcome = Ok(());
        // `extend` moves each value as a whole; a loop would look at what it is first.
        values.extend(given.into_iter().map(|(key, value)| {
            let field = tree.resolve(key).unwrap_or_else(|error| {
                outcome = Err(error);
                FieldId::NAME
            });
            (field, value)
        }));
        outcome?;
        let id = self.push_create(entity_type, parent.into(), name.into(), values);
        Ok(Ref::new(id))
    }

    /// Makes an entity of a type that is named at run time.
    ///
    /// # Errors
    /// [`crate::Error::UnknownType`], [`crate::Error::UnknownField`].
    pub fn create_named<'v>(
        &mut self,
        parent: impl Into<EntityId>,
        name: impl Into<SmolStr>,
        entity_type: &str,
        values: impl IntoIterator<Item = (&'v str, Value)>,
    ) -> Result<EntityId> {
        let tree = self.schemas()?;
        let entity_type = tree.type_id(entity_type)?;
        let values = values
            .into_iter()
            .map(|(field, value)| Ok((tree.field_id(entity_type, field)?, value)));
        let values = values.collect::<Result<_>>()?;
        Ok(self.push_create(entity_type, parent.into(), name.into(), values))
    }

    fn push_create(
        &mut self,
        entity_type: TypeId,
        parent: EntityId,
        name: SmolStr,
        values: Vec<(FieldId, Value)>,
    ) -> EntityId {
        let id = EntityId::new();
        self.ops.push(Op::Create(Box::new(Create {
            id,
            entity_type,
            parent,
            name,
            values: values.into(),
        })));
        id
    }

    /// Deletes an entity and all below it.
    pub fn delete(&mut self, id: impl Into<EntityId>) {
        self.ops.push(Op::Delete(id.into()));
    }

    /// Puts an entity below another parent, behind its children.
    pub fn move_to(&mut self, id: impl Into<EntityId>, parent: impl Into<EntityId>) {
        self.ops.push(Op::Move {
            id: id.into(),
            parent: parent.into(),
        });
    }

    /// Renames an entity.
    pub fn rename(&mut self, id: impl Into<EntityId>, name: impl Into<SmolStr>) {
        self.push(
            id.into(),
            FieldId::NAME,
            Some(Value::String(name.into())),
            WriteMode::Always,
        );
    }

    /// Writes a field.
    ///
    /// # Errors
    /// [`crate::Error::UnknownType`], [`crate::Error::UnknownField`]: the store's schemas lack it.
    pub fn set<E, T: FieldType>(
        &mut self,
        id: impl Into<EntityId>,
        field: Field<E, T>,
        value: impl Into<T>,
    ) -> Result<()> {
        self.write(id, field, value.into().encode(), WriteMode::Always)
    }

    /// Writes a field unless it holds that value already.
    ///
    /// # Errors
    /// [`crate::Error::UnknownType`], [`crate::Error::UnknownField`]: the store's schemas lack it.
    pub fn set_if_changed<E, T: FieldType>(
        &mut self,
        id: impl Into<EntityId>,
        field: Field<E, T>,
        value: impl Into<T>,
    ) -> Result<()> {
        self.write(id, field, value.into().encode(), WriteMode::IfChanged)
    }

    /// Adds to an Int or a Float.
    ///
    /// # Errors
    /// [`crate::Error::UnknownType`], [`crate::Error::UnknownField`]: the store's schemas lack it.
    pub fn add<E, T: FieldType>(
        &mut self,
        id: impl Into<EntityId>,
        field: Field<E, T>,
        amount: T::Base,
    ) -> Result<()> {
        self.write(id, field, amount.encode(), WriteMode::Add)
    }

    /// Subtracts from an Int or a Float.
    ///
    /// # Errors
    /// [`crate::Error::UnknownType`], [`crate::Error::UnknownField`]: the store's schemas lack it.
    pub fn subtract<E, T: FieldType>(
        &mut self,
        id: impl Into<EntityId>,
        field: Field<E, T>,
        amount: T::Base,
    ) -> Result<()> {
        self.write(id, field, amount.encode(), WriteMode::Subtract)
    }

    /// Unsets an optional field.
    ///
    /// # Errors
    /// [`crate::Error::UnknownType`], [`crate::Error::UnknownField`]: the store's schemas lack it.
    pub fn unset<E, T: FieldType>(
        &mut self,
        id: impl Into<EntityId>,
        field: Field<E, Option<T>>,
    ) -> Result<()>
    where
        Option<T>: FieldType,
    {
        self.write(id, field, None, WriteMode::Always)
    }

    /// Writes a field if it holds `expected`; else the commit fails with
    /// [`crate::Error::Expectation`], and the closure does not run again.
    ///
    /// ```
    /// use qlib::prelude::*;
    ///
    /// #[derive(Entity)]
    /// struct Door {
    ///     #[field(default = "closed")]
    ///     state: String,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let store = Store::memory()?;
    /// # store.set_schema(Door::schema()).await?;
    /// # let door = store.transaction(|tx| tx.create(EntityId::ROOT, "Door", Door::builder())).await?;
    /// let open = || store.transaction(|tx| tx.set_if(door, Door::FIELDS.State, "closed", "open"));
    /// open().await?;
    /// assert!(matches!(open().await, Err(Error::Expectation { .. })));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`crate::Error::UnknownType`], [`crate::Error::UnknownField`]: the store's schemas lack it.
    pub fn set_if<E, T: FieldType>(
        &mut self,
        id: impl Into<EntityId>,
        field: Field<E, T>,
        expected: impl Into<T>,
        value: impl Into<T>,
    ) -> Result<()> {
        let expected = Box::new(expected.into().encode());
        self.write(
            id,
            field,
            value.into().encode(),
            WriteMode::IfValue(expected),
        )
    }

    /// Writes a field in a mode of its own; no value unsets an optional field.
    ///
    /// # Errors
    /// [`crate::Error::UnknownType`], [`crate::Error::UnknownField`]: the store's schemas lack it.
    pub fn write<E, T>(
        &mut self,
        id: impl Into<EntityId>,
        field: Field<E, T>,
        value: Option<Value>,
        mode: WriteMode,
    ) -> Result<()> {
        let field = self.schemas()?.resolve(field.key())?;
        self.push(id.into(), field, value, mode);
        Ok(())
    }

    /// Writes the field at the end of a path of names, such as `Status` or `Room->Name`.
    ///
    /// # Errors
    /// [`crate::Error::Path`], [`crate::Error::UnknownField`].
    pub fn set_value(
        &mut self,
        id: impl Into<EntityId>,
        path: &str,
        value: impl Into<Option<Value>>,
    ) -> Result<()> {
        let (entity, field) = self.resolve(id.into(), path)?;
        self.push(entity, field, value.into(), WriteMode::Always);
        Ok(())
    }

    /// Declares or redefines a type. The transaction can make entities of it at once.
    pub fn set_schema(&mut self, schema: Schema) {
        let revision = self.base().schema_revision();
        self.expect_once(Expect::Schemas { revision });
        self.declares = true;
        self.ops.push(Op::SetSchema(Box::new(schema)));
    }

    /// Sets the limits that hold from here on, in every process that reads the log.
    ///
    /// ```
    /// # use qlib::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let store = Store::memory()?;
    /// let larger = Limits { depth: 128, ..Limits::DEFAULT };
    /// let raised = store.transaction(|tx| {
    ///     tx.set_limits(larger);
    ///     Ok(())
    /// });
    /// raised.await?;
    /// assert_eq!(*store.view().tree().limits(), larger);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_limits(&mut self, limits: Limits) {
        self.ops.push(Op::SetLimits(limits));
    }

    /// Adds a step that no user asks for.
    pub(crate) fn step(&mut self, step: Op) {
        self.ops.push(step);
    }

    fn push(&mut self, id: EntityId, field: FieldId, value: Option<Value>, mode: WriteMode) {
        self.ops.push(Op::Write(Write {
            id,
            field,
            value,
            mode,
            quality: Quality::Good,
        }));
    }
}
