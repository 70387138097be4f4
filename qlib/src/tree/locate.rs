//! Finding a field once and reading it often.

use crate::model::{EntityId, Error, FieldId, FieldKey, FieldType, Kind, Misfit, Result, ValueRef};
use crate::tree::{Node, Tree};

/// Where a field of an entity is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Location {
    tag: u64,
    released: u64,
    number: u32,
    node: Node,
    position: Position,
}

#[derive(Clone, Copy, Debug)]
enum Position {
    Column(u32),
    Name,
    Parent,
}

impl Location {
    /// The entity's id.
    pub(crate) fn id(&self) -> EntityId {
        self.node.id
    }
}

impl Tree {
    /// Finds a field of an entity.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::UnknownField`]
    #[inline]
    pub(crate) fn locate(&self, id: EntityId, key: FieldKey) -> Result<Location> {
        let field = self.resolve(key)?;
        let Some((number, node)) = self.find_node(id) else {
            return Err(Error::Missing { entity: id.into() });
        };
        let table = &self.types[node.entity_type as usize];
        let position = match field {
            FieldId::NAME => Position::Name,
            FieldId::PARENT => Position::Parent,
            field => match table.layout.position(field) {
                Some(position) => Position::Column(position as u32),
                None => return Err(self.lacks_field(id, field)),
            },
        };
        Ok(Location {
            tag: self.tag,
            released: self.released,
            number,
            node: *node,
            position,
        })
    }

    /// Reads a field of an entity: with the `view` of its type or the `decode`.
    ///
    /// # Errors
    /// Those of [`Tree::locate`], and what `read` says of the value.
    #[inline(always)]
    pub(crate) fn read<'a, T: FieldType, V>(
        &'a self,
        id: EntityId,
        key: FieldKey,
        read: impl FnOnce(Option<ValueRef<'a>>) -> Result<V, Misfit>,
    ) -> Result<V> {
        match self.column_value(T::KIND, id, key) {
            Some(value) => read(value).map_err(|fault| self.misfit(id, key, fault)),
            None => self.read_located::<T, V>(id, key, read),
        }
    }

    /// The same for all fields and handles.
    #[cold]
    fn read_located<'a, T: FieldType, V>(
        &'a self,
        id: EntityId,
        key: FieldKey,
        read: impl FnOnce(Option<ValueRef<'a>>) -> Result<V, Misfit>,
    ) -> Result<V> {
        let location = self.locate(id, key)?;
        read(self.value_at(T::KIND, &location)).map_err(|fault| self.misfit(id, key, fault))
    }

    /// What a field of an entity holds, if the handle was resolved in this tree before and a column
    /// holds the field: the quick way to what [`Tree::locate`] and [`Tree::value_at`] find.
    #[inline(always)]
    fn column_value(
        &self,
        kind: Kind,
        id: EntityId,
        key: FieldKey,
    ) -> Option<Option<ValueRef<'_>>> {
        let field = FieldId((key.cache)().get(self.tag)?);
        let (_, node) = self.find_node(id)?;
        let table = &self.types[node.entity_type as usize];
        let position = table.layout.position(field)?;
        Some(self.cell_of(kind, table, position, node.slot))
    }

    /// Why what a field holds cannot be read as the handle's type.
    #[cold]
    pub(crate) fn misfit(&self, id: EntityId, key: FieldKey, fault: Misfit) -> Error {
        fault.at(self.subject(id), key.name)
    }

    #[cold]
    fn lacks_field(&self, id: EntityId, field: FieldId) -> Error {
        let entity_type = self
            .entity(id)
            .map(|entity| entity.type_name().clone())
            .unwrap_or_default();
        Error::UnknownField {
            entity_type,
            field: self.field_name(field).clone(),
            suggestion: None,
        }
    }

    /// Whether the entity is still where it was found, in this tree and with these schemas. Its node
    /// is looked at only after some entity was deleted.
    #[inline]
    pub(crate) fn still_at(&self, location: &Location) -> bool {
        location.tag == self.tag
            && (location.released == self.released || *self.node(location.number) == location.node)
    }

    /// What a field holds that was found in this tree.
    #[inline(always)]
    pub(crate) fn value_at(&self, kind: Kind, location: &Location) -> Option<ValueRef<'_>> {
        match location.position {
            Position::Column(position) => self.cell_of(
                kind,
                &self.types[location.node.entity_type as usize],
                position as usize,
                location.node.slot,
            ),
            Position::Name => Some(ValueRef::String(&self.links(location.number).name)),
            Position::Parent => {
                let parent = self.entity_at(location.number).parent()?;
                Some(ValueRef::EntityReference(parent.id()))
            }
        }
    }
}
