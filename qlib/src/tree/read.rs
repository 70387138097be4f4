//! Reading a tree.

use smol_str::SmolStr;

use crate::model::{
    EntityId, Error, FieldId, FieldKey, FieldSchema, Kind, Result, Row, Schema, Stamp, Subject,
    TypeId, Value, ValueRef, closest,
};
use crate::tree::column::{Column, read};
use crate::tree::types::{Layout, TypeTable};
use crate::tree::{Node, Tree};

impl Tree {
    /// The entity with that id.
    #[must_use]
    pub fn entity(&self, id: EntityId) -> Option<EntityRef<'_>> {
        self.find(id).map(|node| EntityRef { tree: self, node })
    }

    /// The entity with that id.
    ///
    /// # Errors
    /// [`Error::Missing`]
    pub fn existing(&self, id: EntityId) -> Result<EntityRef<'_>> {
        self.entity(id)
            .ok_or_else(|| Error::Missing { entity: id.into() })
    }

    /// The entity as errors name it.
    #[must_use]
    pub fn subject(&self, id: EntityId) -> Subject {
        let path = self
            .entity(id)
            .map(|entity| entity.path())
            .unwrap_or_default();
        Subject {
            id,
            path: path.into(),
        }
    }

    /// The type of that name.
    ///
    /// # Errors
    /// [`Error::UnknownType`]
    pub fn type_id(&self, name: &str) -> Result<TypeId> {
        self.type_names
            .get(name)
            .copied()
            .ok_or_else(|| Error::UnknownType {
                name: name.into(),
                suggestion: closest(name, self.type_names.keys().map(SmolStr::as_str)),
            })
    }

    /// The name of a type.
    #[must_use]
    pub fn type_name(&self, entity_type: TypeId) -> &SmolStr {
        &self.table(entity_type).layout.schema.name
    }

    /// The schema of a type.
    #[must_use]
    pub fn schema(&self, entity_type: TypeId) -> &Schema {
        &self.table(entity_type).layout.schema
    }

    /// All types, in the order in which they were declared.
    pub fn types(&self) -> impl Iterator<Item = TypeId> + use<> {
        (0..self.types.len() as u32).map(TypeId)
    }

    /// The type and those that extend it.
    pub fn subtypes(&self, entity_type: TypeId) -> impl Iterator<Item = TypeId> {
        self.types()
            .filter(move |other| self.is_a(*other, entity_type))
    }

    /// Whether a type is `base` or extends it.
    #[must_use]
    pub fn is_a(&self, entity_type: TypeId, base: TypeId) -> bool {
        entity_type == base || self.table(entity_type).layout.is_a(base)
    }

    /// The type and those that it extends.
    #[inline]
    pub(crate) fn lineage(&self, entity_type: TypeId) -> &[TypeId] {
        &self.table(entity_type).layout.lineage
    }

    /// The type that a type extends.
    pub(crate) fn base(&self, entity_type: TypeId) -> Option<TypeId> {
        self.lineage(entity_type).get(1).copied()
    }

    /// The field of that name, of a type or of those that it extends.
    ///
    /// # Errors
    /// [`Error::UnknownField`]
    pub fn field_id(&self, entity_type: TypeId, name: &str) -> Result<FieldId> {
        let layout = &self.table(entity_type).layout;
        match name {
            "Name" => Ok(FieldId::NAME),
            "Parent" => Ok(FieldId::PARENT),
            "Children" => Ok(FieldId::CHILDREN),
            _ => layout
                .named(name)
                .map(|field| field.id)
                .ok_or_else(|| unknown_field(layout, name)),
        }
    }

    /// The definition of a field of a type, its own or inherited; `None` for `Name`, `Parent` and
    /// `Children`, which no column holds.
    #[must_use]
    pub fn field_schema(&self, entity_type: TypeId, field: FieldId) -> Option<&FieldSchema> {
        let layout = &self.table(entity_type).layout;
        layout
            .position(field)
            .map(|position| &layout.fields[position].schema)
    }

    /// The fields of a type that columns hold, inherited ones first; `Description` is one of them.
    pub fn field_ids(&self, entity_type: TypeId) -> impl Iterator<Item = FieldId> {
        self.table(entity_type)
            .layout
            .fields
            .iter()
            .map(|field| field.id)
    }

    /// What a field is called.
    #[must_use]
    pub fn field_name(&self, field: FieldId) -> &SmolStr {
        static UNKNOWN: SmolStr = SmolStr::new_static("(a field of another store)");
        self.fields
            .get(field.0 as usize)
            .map_or(&UNKNOWN, |(_, name)| name)
    }

    /// The type that declares a field; none declares those that every entity has.
    pub(crate) fn declared_by(&self, field: FieldId) -> Option<TypeId> {
        let (declared_by, _) = self.fields.get(field.0 as usize)?;
        ((declared_by.0 as usize) < self.types.len()).then_some(*declared_by)
    }

    /// The number of the field that a typed handle stands for.
    ///
    /// # Errors
    /// [`Error::UnknownType`], [`Error::UnknownField`]: the schemas of this tree lack it.
    #[inline]
    pub fn resolve(&self, key: FieldKey) -> Result<FieldId> {
        match (key.cache)().get(self.tag) {
            Some(number) => Ok(FieldId(number)),
            None => self.resolve_by_name(key),
        }
    }

    #[cold]
    fn resolve_by_name(&self, key: FieldKey) -> Result<FieldId> {
        let field = match (key.declared_by, key.name) {
            ("", "Name") => FieldId::NAME,
            ("", "Description") => FieldId::DESCRIPTION,
            ("", "Parent") => FieldId::PARENT,
            ("", _) => FieldId::CHILDREN,
            (declared_by, name) => self.field_id(self.type_id(declared_by)?, name)?,
        };
        (key.cache)().set(self.tag, field.0);
        Ok(field)
    }

    /// The entities of a type and of those that extend it.
    #[must_use]
    pub fn entities(&self, entity_type: TypeId) -> Entities<'_> {
        Entities {
            tree: self,
            types: self.subtypes(entity_type).collect(),
            slot: 0,
        }
    }

    /// How many entities there are of a type and of those that extend it.
    #[must_use]
    pub fn count(&self, entity_type: TypeId) -> usize {
        self.subtypes(entity_type)
            .map(|each| self.table(each).len())
            .sum()
    }

    pub(super) fn table(&self, entity_type: TypeId) -> &TypeTable {
        &self.types[entity_type.0 as usize]
    }

    /// What a slot of a column holds, for a reader that expects `kind`. Where the compiler knows the
    /// kind, one comparison and one way to read are left.
    #[inline(always)]
    pub(super) fn cell_of<'a>(
        &'a self,
        kind: Kind,
        table: &'a TypeTable,
        position: usize,
        slot: u32,
    ) -> Option<ValueRef<'a>> {
        if table.columns[position].holds(kind) {
            self.any_cell(table, position, slot)
        } else {
            self.cell(table, position, slot)
        }
    }

    /// What a slot of a column holds.
    pub(super) fn cell<'a>(
        &'a self,
        table: &'a TypeTable,
        position: usize,
        slot: u32,
    ) -> Option<ValueRef<'a>> {
        self.any_cell(table, position, slot)
    }

    #[inline(always)]
    fn any_cell<'a>(
        &'a self,
        table: &'a TypeTable,
        position: usize,
        slot: u32,
    ) -> Option<ValueRef<'a>> {
        match &table.columns[position] {
            Column::Int(cells) => read(cells, slot).map(|value| ValueRef::Int(*value)),
            Column::Float(cells) => read(cells, slot).map(|value| ValueRef::Float(*value)),
            Column::Text(cells) => read(cells, slot).map(|value| {
                if table.layout.fields[position].schema.kind == Kind::String {
                    ValueRef::String(value)
                } else {
                    ValueRef::Transformation(value)
                }
            }),
            Column::Bool(cells) => read(cells, slot).map(|value| ValueRef::Bool(*value)),
            Column::Bytes(cells) => read(cells, slot).map(|value| ValueRef::BinaryFile(value)),
            Column::Reference(cells) => {
                read(cells, slot).map(|node| ValueRef::EntityReference(self.node(*node).id))
            }
            Column::Time(cells) => read(cells, slot).map(|value| ValueRef::Timestamp(*value)),
            Column::Choice(cells) => read(cells, slot).map(|variant| {
                let choices = &table.layout.fields[position].schema.choices;
                ValueRef::Choice(&choices[usize::from(*variant)])
            }),
            Column::List(cells) => read(cells, slot).map(|value| ValueRef::EntityList(value)),
        }
    }
}

fn unknown_field(layout: &Layout, name: &str) -> Error {
    let names = layout.fields.iter().map(|field| field.schema.name.as_str());
    Error::UnknownField {
        entity_type: layout.schema.name.clone(),
        field: name.into(),
        suggestion: closest(name, names.chain(["Name", "Parent", "Children"])),
    }
}

/// An entity of a tree.
#[derive(Clone, Copy, Debug)]
pub struct EntityRef<'a> {
    tree: &'a Tree,
    node: u32,
}

impl Tree {
    pub(super) fn entity_at(&self, node: u32) -> EntityRef<'_> {
        EntityRef { tree: self, node }
    }
}

impl<'a> EntityRef<'a> {
    fn at(self) -> &'a Node {
        self.tree.node(self.node)
    }

    /// The tree that the entity is part of.
    #[must_use]
    pub fn tree(self) -> &'a Tree {
        self.tree
    }

    /// The entity's id.
    #[must_use]
    pub fn id(self) -> EntityId {
        self.at().id
    }

    /// The entity's name.
    #[must_use]
    pub fn name(self) -> &'a SmolStr {
        &self.tree.links(self.node).name
    }

    /// The name of the entity's type.
    #[must_use]
    pub fn type_name(self) -> &'a SmolStr {
        self.tree.type_name(self.entity_type())
    }

    /// The entity's type.
    #[must_use]
    pub fn entity_type(self) -> TypeId {
        TypeId(self.at().entity_type)
    }

    /// The entity's parent; the Root has none.
    #[must_use]
    pub fn parent(self) -> Option<EntityRef<'a>> {
        let parent = self.tree.links(self.node).parent;
        (parent != 0).then_some(EntityRef {
            tree: self.tree,
            node: parent,
        })
    }

    /// The entity's children, in order.
    pub fn children(self) -> impl Iterator<Item = EntityRef<'a>> {
        self.tree.children_of(self.node).map(move |node| EntityRef {
            tree: self.tree,
            node,
        })
    }

    /// How many children the entity has.
    #[must_use]
    pub fn child_count(self) -> usize {
        self.tree.family(self.node).count as usize
    }

    /// The child of that name.
    #[must_use]
    pub fn child(self, name: &str) -> Option<EntityRef<'a>> {
        self.tree.find_child(self.node, name).map(|node| EntityRef {
            tree: self.tree,
            node,
        })
    }

    /// The path from the Root: `/` for the Root itself, `/Home/Kitchen` below it.
    #[must_use]
    pub fn path(self) -> String {
        let mut names: Vec<&str> = self
            .tree
            .ancestors(self.node)
            .map(|node| self.tree.links(node).name.as_str())
            .collect();
        names.pop();
        names.reverse();
        format!("/{}", names.join("/"))
    }

    /// The value of a field that a column holds.
    ///
    /// # Errors
    /// [`Error::UnknownField`]
    #[inline]
    pub fn column(self, field: FieldId) -> Result<Option<ValueRef<'a>>> {
        let node = self.at();
        let table = &self.tree.types[node.entity_type as usize];
        match table.layout.position(field) {
            Some(position) => Ok(self.tree.cell(table, position, node.slot)),
            None => Err(unknown_field(&table.layout, self.tree.field_name(field))),
        }
    }

    /// The value of a field; the list of `Children` is made for the call.
    ///
    /// # Errors
    /// [`Error::UnknownField`]
    pub fn value(self, field: FieldId) -> Result<Option<Value>> {
        Ok(match field {
            FieldId::NAME => Some(Value::String(self.name().clone())),
            FieldId::PARENT => self
                .parent()
                .map(|parent| Value::EntityReference(parent.id())),
            FieldId::CHILDREN => Some(Value::EntityList(
                self.children().map(EntityRef::id).collect(),
            )),
            _ => self.column(field)?.map(ValueRef::to_value),
        })
    }

    /// When a field was written. `Name` and `Parent` share one stamp: that of the entity's place. Of
    /// the stamp of `Children` only the revision says something: when a child came, went or was
    /// renamed last.
    ///
    /// # Errors
    /// [`Error::UnknownField`]
    pub fn stamp(self, field: FieldId) -> Result<Stamp> {
        let node = self.at();
        let placed = self.tree.links(self.node).placed;
        let table = &self.tree.types[node.entity_type as usize];
        match field {
            FieldId::NAME | FieldId::PARENT => Ok(placed.into()),
            FieldId::CHILDREN => {
                let revision = self.tree.family(self.node).revision;
                Ok(Stamp {
                    revision,
                    ..Stamp::from(placed)
                })
            }
            _ => match table.layout.position(field) {
                Some(position) => Ok(table.columns[position].stamp(node.slot).into()),
                None => Err(unknown_field(&table.layout, self.tree.field_name(field))),
            },
        }
    }
}

impl<'a> EntityRef<'a> {
    /// Who wrote a field last; empty if nobody did.
    ///
    /// # Errors
    /// [`Error::UnknownField`]
    pub fn writer(self, field: FieldId) -> Result<&'a SmolStr> {
        Ok(self.tree.writer(self.stamp(field)?.writer))
    }
}

impl Row for EntityRef<'_> {
    fn id(&self) -> EntityId {
        EntityRef::id(*self)
    }

    fn subject(&self) -> Subject {
        Subject {
            id: EntityRef::id(*self),
            path: self.path().into(),
        }
    }

    fn value(&self, key: FieldKey) -> Result<Option<ValueRef<'_>>> {
        match self.tree.resolve(key)? {
            FieldId::NAME => Ok(Some(ValueRef::String(self.name()))),
            FieldId::PARENT => Ok(self
                .parent()
                .map(|parent| ValueRef::EntityReference(parent.id()))),
            field => self.column(field),
        }
    }
}

/// The entities of a type and of those that extend it, type by type.
#[derive(Debug)]
pub struct Entities<'a> {
    tree: &'a Tree,
    types: Vec<TypeId>,
    slot: u32,
}

impl<'a> Iterator for Entities<'a> {
    type Item = EntityRef<'a>;

    fn next(&mut self) -> Option<EntityRef<'a>> {
        loop {
            let table = self.tree.table(*self.types.last()?);
            if self.slot == table.used {
                self.types.pop();
                self.slot = 0;
                continue;
            }
            self.slot += 1;
            match table.nodes.get(self.slot as usize - 1) {
                None | Some(0) => {}
                Some(node) => {
                    return Some(EntityRef {
                        tree: self.tree,
                        node: *node,
                    });
                }
            }
        }
    }
}
