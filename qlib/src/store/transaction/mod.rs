//! Many reads and writes as one commit.

mod steps;

use std::cell::RefCell;

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::model::{
    Entity, EntityId, Error, Expect, Field, FieldId, FieldType, Op, Result, Revision, Stamp, Steps,
    TypeId, Value,
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
    base: Base<'a>,
    ops: Steps,
    expect: Vec<Expect>,
    ahead: Option<Ahead>,
    /// Whether numbers of types and fields come from schemas that the transaction declares itself.
    declares: bool,
}

/// The tree as it was when a transaction began.
#[derive(Debug)]
enum Base<'a> {
    Locked(CoreGuard<'a>),
    Copied(Box<Tree>),
}

impl Base<'_> {
    fn tree(&self) -> &Tree {
        match self {
            Self::Locked(core) => &core.tree,
            Self::Copied(tree) => tree,
        }
    }
}

/// The tree as it would be, once a read needed it.
#[derive(Debug)]
struct Ahead {
    tree: Box<Tree>,
    /// How many steps it holds.
    steps: usize,
    refused: Option<Error>,
}

impl Transaction<'static> {
    /// A transaction that holds no lock, so that it may live while its handler awaits.
    pub(crate) fn begin_apart(shared: &Shared) -> Self {
        Self::on(Base::Copied(Box::new(shared.read().tree.clone())))
    }
}

impl<'a> Transaction<'a> {
    pub(crate) fn begin(shared: &'a Shared) -> Self {
        Self::on(Base::Locked(shared.read()))
    }

    fn on(base: Base<'a>) -> Self {
        Self {
            base,
            ops: Steps::new(),
            expect: Vec::new(),
            ahead: None,
            declares: false,
        }
    }

    /// The revision that it sees.
    pub(crate) fn seen(&self) -> Revision {
        self.base().revision()
    }

    /// Whether it writes anything.
    pub(crate) fn writes(&self) -> bool {
        !self.ops.is_empty()
    }

    /// Ends the closure's part: what it wants done, what it expects to stay, and the revision that it
    /// saw.
    pub(crate) fn finish(self) -> (Steps, Vec<Expect>, Revision) {
        let revision = self.seen();
        (self.ops, self.expect, revision)
    }

    /// The tree as it was when the transaction began.
    fn base(&self) -> &Tree {
        self.base.tree()
    }

    /// The tree with the transaction's own writes, for reading by names and ids. What is read here is
    /// not expected to stay: the other methods see to that.
    ///
    /// # Errors
    /// Why one of the writes would be refused.
    pub fn tree(&mut self) -> Result<&Tree> {
        if self.ops.is_empty() {
            return Ok(self.base.tree());
        }
        let next = self.base.tree().revision() + 1;
        let ahead = self.ahead.get_or_insert_with(|| Ahead {
            tree: Box::new(self.base.tree().clone()),
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

    /// The child of that name, if `parent` has one.
    ///
    /// ```
    /// # use qlib::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let store = Store::memory()?;
    /// # store.set_schema(Schema::new("Room")).await?;
    /// let find_or_make = |tx: &mut Transaction<'_>| match tx.child(EntityId::ROOT, "Hall")? {
    ///     Some(hall) => Ok(hall),
    ///     None => tx.create_named(EntityId::ROOT, "Hall", "Room", []),
    /// };
    /// let made = store.transaction(find_or_make).await?;
    /// assert_eq!(store.transaction(find_or_make).await?, made);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Missing`]: there is no such parent; or why one of the writes before would be refused.
    pub fn child(&mut self, parent: impl Into<EntityId>, name: &str) -> Result<Option<EntityId>> {
        let parent = parent.into();
        self.expect_existence(parent);
        let child = self.tree()?.existing(parent)?.child(name);
        let child = child.map(EntityRef::id);
        if let Some(child) = child {
            self.expect_field(child, FieldId::NAME);
        }
        Ok(child)
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
        tree.read::<T, _>(id, field.key(), T::decode)
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
