//! Many reads and writes as one commit.

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::model::{
    Create, Entity, EntityId, Error, Expect, Field, FieldId, FieldType, NewEntity, Op, Quality,
    Ref, Result, Schema, Value, Write, WriteMode,
};
use crate::store::core::{CoreGuard, Shared};
use crate::tree::{EntityRef, Lens, Tree, resolve};

/// Writes after which a read looks for its field among them before it asks for the tree as it would be.
const FEW: usize = 64;

/// Many reads and writes as one commit. What the closure reads is what the tree holds with the
/// transaction's own writes, and the commit is accepted only if nobody has changed it since.
///
/// A query may have further hits by the time of the commit: the hits that were read are expected to
/// stay as they are, not to be all there are.
#[derive(Debug)]
pub struct Transaction<'a> {
    core: CoreGuard<'a>,
    ops: SmallVec<[Op; 1]>,
    expect: Vec<Expect>,
    /// The tree with the first so many steps applied, once a read needed it.
    ahead: Option<(Box<Tree>, usize)>,
}

impl<'a> Transaction<'a> {
    pub(crate) fn begin(shared: &'a Shared) -> Self {
        Self {
            core: shared.read(),
            ops: SmallVec::new(),
            expect: Vec::new(),
            ahead: None,
        }
    }

    /// Ends the closure's part: what it wants done, and what it expects to stay.
    pub(crate) fn finish(self) -> (SmallVec<[Op; 1]>, Vec<Expect>) {
        (self.ops, self.expect)
    }

    /// The tree as it was when the transaction began.
    fn base(&self) -> &Tree {
        &self.core.tree
    }

    /// The tree with the transaction's own writes.
    ///
    /// # Errors
    /// Why one of the writes would be refused.
    pub fn tree(&mut self) -> Result<&Tree> {
        if self.ops.is_empty() {
            return Ok(&self.core.tree);
        }
        let next = self.core.tree.revision() + 1;
        let (tree, applied) = self
            .ahead
            .get_or_insert_with(|| (Box::new(self.core.tree.clone()), 0));
        tree.try_steps(&self.ops[*applied..], next)?;
        *applied = self.ops.len();
        Ok(tree)
    }

    /// Whether an entity exists.
    ///
    /// # Errors
    /// Why one of the writes before would be refused.
    pub fn exists(&mut self, id: impl Into<EntityId>) -> Result<bool> {
        let id = id.into();
        self.expect_existence(id);
        Ok(self.tree()?.entity(id).is_some())
    }

    /// The entity at an absolute path, such as `/Home/Kitchen`.
    ///
    /// # Errors
    /// [`Error::Path`]
    pub fn find(&mut self, path: &str) -> Result<EntityId> {
        let id = self.tree()?.at_path(path)?;
        self.expect_field(id, FieldId::NAME);
        Ok(id)
    }

    /// An entity as the struct that describes it.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::WrongEntityType`], and those of [`Entity::read`].
    pub fn get<E: Entity>(&mut self, id: impl Into<EntityId>) -> Result<E> {
        let id = id.into();
        let value = self.tree()?.read_struct(id)?;
        let fields: Vec<FieldId> = match self.base().entity(id) {
            Some(entity) => self.base().field_ids(entity.entity_type()).collect(),
            None => Vec::new(),
        };
        for field in fields {
            self.expect_field(id, field);
        }
        Ok(value)
    }

    /// The value of one field.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::UnknownField`], [`Error::Unset`].
    pub fn read<E, T: FieldType>(
        &mut self,
        id: impl Into<EntityId>,
        field: Field<E, T>,
    ) -> Result<T> {
        let id = id.into();
        let number = self.base().resolve(field.key())?;
        let tree = self.tree_for(id, number)?;
        let location = tree.locate(id, field.key())?;
        let value = T::decode(tree.value_at(id, &location));
        let value = value.map_err(|fault| fault.at(tree.subject(id), field.name()))?;
        self.expect_field(id, number);
        Ok(value)
    }

    /// The value at the end of a path of names, such as `Status` or `Room->Name`.
    ///
    /// # Errors
    /// [`Error::Path`], [`Error::UnknownField`].
    pub fn value(&mut self, id: impl Into<EntityId>, path: &str) -> Result<Option<Value>> {
        let (entity, field) = self.resolve(id.into(), path)?;
        let value = Lens::value(self.tree()?, entity, field);
        self.expect_field(entity, field);
        Ok(value)
    }

    /// Makes an entity below `parent`, behind its children; `values` are those of the type's builder.
    ///
    /// # Errors
    /// [`Error::UnknownType`], [`Error::UnknownField`]: the store's schemas lack them. All else is
    /// found when the transaction commits.
    pub fn create<E: Entity>(
        &mut self,
        parent: impl Into<EntityId>,
        name: impl Into<SmolStr>,
        values: impl NewEntity<E>,
    ) -> Result<Ref<E>> {
        let entity_type = self.base().type_id(E::TYPE)?;
        let values = values
            .into_values()
            .into_iter()
            .map(|(field, value)| Ok((self.base().resolve(field)?, value)));
        let values = values.collect::<Result<_>>()?;
        let id = EntityId::new();
        let (parent, name) = (parent.into(), name.into());
        self.ops.push(Op::Create(Box::new(Create {
            id,
            entity_type,
            parent,
            name,
            values,
        })));
        Ok(Ref::new(id))
    }

    /// Makes an entity of a type that is named at run time.
    ///
    /// # Errors
    /// [`Error::UnknownType`], [`Error::UnknownField`].
    pub fn create_named<'v>(
        &mut self,
        parent: impl Into<EntityId>,
        name: impl Into<SmolStr>,
        entity_type: &str,
        values: impl IntoIterator<Item = (&'v str, Value)>,
    ) -> Result<EntityId> {
        let tree = self.tree()?;
        let entity_type = tree.type_id(entity_type)?;
        let values = values
            .into_iter()
            .map(|(field, value)| Ok((tree.field_id(entity_type, field)?, value)));
        let values = values.collect::<Result<_>>()?;
        let id = EntityId::new();
        let (parent, name) = (parent.into(), name.into());
        self.ops.push(Op::Create(Box::new(Create {
            id,
            entity_type,
            parent,
            name,
            values,
        })));
        Ok(id)
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
    /// [`Error::UnknownType`], [`Error::UnknownField`]: the store's schemas lack it.
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
    /// [`Error::UnknownType`], [`Error::UnknownField`]: the store's schemas lack it.
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
    /// [`Error::UnknownType`], [`Error::UnknownField`]: the store's schemas lack it.
    pub fn add<E, T: FieldType>(
        &mut self,
        id: impl Into<EntityId>,
        field: Field<E, T>,
        amount: T::Base,
    ) -> Result<()> {
        self.write(id, field, amount.encode(), WriteMode::Add)
    }

    /// Writes a field in a mode of its own; no value unsets an optional field.
    ///
    /// # Errors
    /// [`Error::UnknownType`], [`Error::UnknownField`]: the store's schemas lack it.
    pub fn write<E, T>(
        &mut self,
        id: impl Into<EntityId>,
        field: Field<E, T>,
        value: Option<Value>,
        mode: WriteMode,
    ) -> Result<()> {
        let field = self.base().resolve(field.key())?;
        self.push(id.into(), field, value, mode);
        Ok(())
    }

    /// Writes the field at the end of a path of names, such as `Status` or `Room->Name`.
    ///
    /// # Errors
    /// [`Error::Path`], [`Error::UnknownField`].
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

    /// Declares or redefines a type.
    pub fn set_schema(&mut self, schema: Schema) {
        self.ops.push(Op::SetSchema(Box::new(schema)));
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

    fn resolve(&mut self, id: EntityId, path: &str) -> Result<(EntityId, FieldId)> {
        let tree = self.tree()?;
        // One name is by far the most frequent path.
        let (entity, field) = if path.contains("->") {
            resolve(tree, id, path)?
        } else {
            (id, path.into())
        };
        let field = tree.field_id(tree.existing(entity)?.entity_type(), &field)?;
        Ok((entity, field))
    }

    /// The tree in which the field holds what the transaction sees. Where few writes came before and
    /// none of them can touch the field, that is the tree as it was.
    fn tree_for(&mut self, id: EntityId, field: FieldId) -> Result<&Tree> {
        let leaves_alone =
            |op: &Op| matches!(op, Op::Write(write) if write.id != id || write.field != field);
        if self.ops.len() <= FEW && self.ops.iter().all(leaves_alone) {
            return Ok(self.base());
        }
        self.tree()
    }

    /// Expects a field that was read to stay as it was before the transaction.
    pub(crate) fn expect_field(&mut self, id: EntityId, field: FieldId) {
        let stamp = self
            .base()
            .entity(id)
            .and_then(|entity: EntityRef<'_>| entity.stamp(field).ok());
        if let Some(stamp) = stamp {
            self.expect_once(Expect::Field {
                id,
                field,
                revision: stamp.revision,
            });
        }
    }

    pub(crate) fn expect_existence(&mut self, id: EntityId) {
        let exists = self.base().entity(id).is_some();
        self.expect_once(Expect::Exists { id, exists });
    }

    fn expect_once(&mut self, expect: Expect) {
        // Reading the same thing twice in a row is common, all else may be said twice.
        if self.expect.last() != Some(&expect) {
            self.expect.push(expect);
        }
    }
}

/// Whether a refused transaction may succeed when its closure runs again.
pub(crate) fn may_run_again(error: &Error) -> bool {
    matches!(error, Error::Conflict { .. })
}
