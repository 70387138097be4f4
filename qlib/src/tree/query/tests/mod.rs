mod errors;
mod operators;
mod paging;
mod random;
mod typed;

use smol_str::SmolStr;

use crate::model::{
    Commit, Condition, Create, EntityId, Op, Quality, Query, Result, Schema, Timestamp, TypeId,
    Value, Write, WriteMode,
};
use crate::tree::Tree;

/// A tree that is changed one step at a time.
pub(super) struct World {
    pub(super) tree: Tree,
    made: u32,
}

impl World {
    /// A Root and some types.
    pub(super) fn new(schemas: impl IntoIterator<Item = Schema>) -> Self {
        let mut world = Self {
            tree: Tree::default(),
            made: 0,
        };
        for schema in [Schema::new("Root")].into_iter().chain(schemas) {
            world.step(Op::SetSchema(Box::new(schema))).unwrap();
        }
        world.create_as(EntityId::ROOT, "Root", &[]);
        world
    }

    pub(super) fn step(&mut self, op: Op) -> Result<()> {
        let commit = Commit {
            ops: [op].into_iter().collect(),
            ..Commit::default()
        };
        let revision = self.tree.revision() + 1;
        self.tree
            .apply(&commit, revision, Timestamp::EPOCH)
            .map(drop)
    }

    pub(super) fn type_id(&self, name: &str) -> TypeId {
        self.tree.type_id(name).unwrap()
    }

    pub(super) fn create(&mut self, entity_type: &str, values: &[(&str, Value)]) -> EntityId {
        self.create_as(EntityId::new(), entity_type, values)
    }

    pub(super) fn create_as(
        &mut self,
        id: EntityId,
        entity_type: &str,
        values: &[(&str, Value)],
    ) -> EntityId {
        let entity_type = self.type_id(entity_type);
        let field = |name: &str| self.tree.field_id(entity_type, name).unwrap();
        let values = values
            .iter()
            .map(|(name, value)| (field(name), value.clone()))
            .collect();
        self.made += 1;
        let create = Create {
            id,
            entity_type,
            parent: EntityId::ROOT,
            name: SmolStr::from(format!("{:04}", self.made)),
            values,
        };
        self.step(Op::Create(Box::new(create))).unwrap();
        id
    }

    pub(super) fn write(&mut self, id: EntityId, field: &str, value: Option<Value>) {
        let entity_type = self.tree.existing(id).unwrap().entity_type();
        let write = Write {
            id,
            field: self.tree.field_id(entity_type, field).unwrap(),
            value,
            mode: WriteMode::Always,
            quality: Quality::Good,
        };
        self.step(Op::Write(write)).unwrap();
    }

    pub(super) fn ids(&self, query: &Query) -> Vec<EntityId> {
        query.ids(&self.tree).unwrap()
    }

    /// The ids of the entities of a type that pass, in order.
    pub(super) fn passing(&self, entity_type: &str, condition: Condition) -> Vec<EntityId> {
        self.ids(&Query::new(entity_type).filter(condition))
    }
}
