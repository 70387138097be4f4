//! Many reads and writes as one commit.

use std::cell::RefCell;

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::model::{
    Create, Entity, EntityId, Error, Expect, Field, FieldId, FieldType, NewEntity, Op, Quality,
    Ref, Result, Revision, Schema, Stamp, Steps, TypeId, Value, Write, WriteMode,
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
///
/// ```
/// # use qlib::*;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let store = Store::memory()?;
/// # store.set_schema(Schema::new("Lamp").field("Brightness", Kind::Int)).await?;
/// # let desk = store.transaction(|tx| tx.create_named(EntityId::ROOT, "Desk", "Lamp", [])).await?;
/// let doubled = store
///     .transaction(|tx| {
///         tx.set_value(desk, "Brightness", Value::Int(4))?;
///         let Some(Value::Int(now)) = tx.value(desk, "Brightness")? else { return Ok(0) };
///         tx.set_value(desk, "Brightness", Value::Int(now * 2))?;
///         Ok(now * 2)
///     })
///     .await?;
/// assert_eq!(doubled, 8);
/// assert_eq!(store.view().value(desk, "Brightness")?, Some(Value::Int(8)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Transaction<'a> {
    core: CoreGuard<'a>,
    ops: Steps,
    expect: Vec<Expect>,
    ahead: Option<Ahead>,
    /// Whether numbers of types and fields come from schemas that the transaction declares itself.
    declares: bool,
}

/// The tree as it would be, once a read needed it.
#[derive(Debug)]
struct Ahead {
    tree: Box<Tree>,
    /// How many steps it holds.
    steps: usize,
    refused: Option<Error>,
}

impl<'a> Transaction<'a> {
    pub(crate) fn begin(shared: &'a Shared) -> Self {
        Self {
            core: shared.read(),
            ops: Steps::new(),
            expect: Vec::new(),
            ahead: None,
            declares: false,
        }
    }

    /// Ends the closure's part: what it wants done, what it expects to stay, and the revision that it
    /// saw.
    pub(crate) fn finish(self) -> (Steps, Vec<Expect>, Revision) {
        let revision = self.base().revision();
        (self.ops, self.expect, revision)
    }

    /// The tree as it was when the transaction began.
    fn base(&self) -> &Tree {
        &self.core.tree
    }

    /// The tree with the transaction's own writes, for reading by names and ids. What is read here is
    /// not expected to stay: the other methods see to that.
    ///
    /// # Errors
    /// Why one of the writes would be refused.
    pub fn tree(&mut self) -> Result<&Tree> {
        if self.ops.is_empty() {
            return Ok(&self.core.tree);
        }
        let next = self.core.tree.revision() + 1;
        let ahead = self.ahead.get_or_insert_with(|| Ahead {
            tree: Box::new(self.core.tree.clone()),
            steps: 0,
            refused: None,
        });
        if ahead.refused.is_none() {
            ahead.refused = ahead.tree.try_steps(&self.ops[ahead.steps..], next).err();
            ahead.steps = self.ops.len();
        }
        match &ahead.refused {
            Some(error) => Err(error.clone()),
            None => Ok(&ahead.tree),
        }
    }

    /// The tree whose types and fields the transaction knows.
    fn schemas(&mut self) -> Result<&Tree> {
        if self.declares {
            self.tree()
        } else {
            Ok(self.base())
        }
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
        let tree = self.tree()?;
        let id = tree.at_path(path)?;
        let way = std::iter::successors(tree.entity(id), |entity| entity.parent());
        for id in way.map(EntityRef::id).collect::<SmallVec<[_; 8]>>() {
            self.expect_field(id, FieldId::NAME);
        }
        Ok(id)
    }

    /// An entity as the struct that describes it.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::WrongEntityType`], and those of [`Entity::read`].
    pub fn get<E: Entity>(&mut self, id: impl Into<EntityId>) -> Result<E> {
        let id = id.into();
        match self.base().entity(id).map(EntityRef::entity_type) {
            Some(entity_type) => {
                let fields = self.base().field_ids(entity_type);
                for field in fields.collect::<SmallVec<[_; 16]>>() {
                    self.expect_field(id, field);
                }
            }
            None => self.expect_existence(id),
        }
        self.tree()?.read_struct(id)
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
        let number = self.schemas()?.resolve(field.key())?;
        self.expect_field(id, number);
        let tree = self.tree_for(id, number)?;
        let location = tree.locate(id, field.key())?;
        let value = T::decode(tree.value_at(id, &location));
        value.map_err(|fault| fault.at(tree.subject(id), field.name()))
    }

    /// The value at the end of a path of names, such as `Status` or `Room->Name`.
    ///
    /// # Errors
    /// [`Error::Path`], [`Error::UnknownField`].
    pub fn value(&mut self, id: impl Into<EntityId>, path: &str) -> Result<Option<Value>> {
        let (entity, field) = self.resolve(id.into(), path)?;
        self.expect_field(entity, field);
        Ok(Lens::value(self.tree()?, entity, field))
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
        let tree = self.schemas()?;
        let entity_type = tree.type_id(E::TYPE)?;
        let given = values.into_values();
        // Not collected, which would shrink the memory of what was given.
        let mut values = Vec::with_capacity(given.len());
        for (field, value) in given {
            values.push((tree.resolve(field)?, value));
        }
        let id = self.push_create(entity_type, parent.into(), name.into(), values);
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
            values,
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
        let field = self.schemas()?.resolve(field.key())?;
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

    /// Declares or redefines a type. The transaction can make entities of it at once.
    pub fn set_schema(&mut self, schema: Schema) {
        let types = self.base().types().count() as u32;
        let fields = self.base().field_count();
        self.expect_once(Expect::Schemas { types, fields });
        self.declares = true;
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
        // One name is by far the most frequent path.
        let (entity, field) = if path.contains("->") {
            let way = Way {
                tree: self.tree()?,
                read: RefCell::default(),
            };
            let end = resolve(&way, id, path);
            for (id, field) in way.read.into_inner() {
                self.expect_field(id, field);
            }
            end?
        } else {
            (id, path.into())
        };
        self.expect_existence(entity);
        let tree = self.tree()?;
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

    /// Expects a field that was read to stay as it was before the transaction; an entity that did not
    /// exist, to stay away.
    pub(crate) fn expect_field(&mut self, id: EntityId, field: FieldId) {
        let Some(entity) = self.base().entity(id) else {
            return self.expect_existence(id);
        };
        if let Ok(stamp) = entity.stamp(field) {
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

/// A tree that notes what a path leads through.
struct Way<'a> {
    tree: &'a Tree,
    read: RefCell<Vec<(EntityId, FieldId)>>,
}

impl Way<'_> {
    fn note(&self, id: EntityId, field: FieldId) {
        self.read.borrow_mut().push((id, field));
    }
}

impl Lens for Way<'_> {
    fn tree(&self) -> &Tree {
        self.tree
    }

    fn type_of(&self, id: EntityId) -> Option<TypeId> {
        self.tree.type_of(id)
    }

    fn place(&self, id: EntityId) -> Option<(Option<EntityId>, SmolStr)> {
        self.note(id, FieldId::NAME);
        self.tree.place(id)
    }

    fn child(&self, parent: EntityId, name: &str) -> Option<EntityId> {
        let child = Lens::child(self.tree, parent, name)?;
        self.note(child, FieldId::NAME);
        Some(child)
    }

    fn column(&self, id: EntityId, field: FieldId) -> Option<(Option<Value>, Stamp)> {
        self.note(id, field);
        Lens::column(self.tree, id, field)
    }
}

/// Whether a refused transaction may succeed when its closure runs again: something that it read was
/// changed meanwhile, or, if others committed since (`stale`), something that it did not find was
/// made, or what it found is gone.
pub(crate) fn may_run_again(error: &Error, stale: bool) -> bool {
    match error {
        Error::Conflict { .. } => true,
        Error::DuplicateName { .. }
        | Error::Exists { .. }
        | Error::Missing { .. }
        | Error::Dangling { .. }
        | Error::NotUnique { .. } => stale,
        _ => false,
    }
}
