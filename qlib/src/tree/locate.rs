//! Finding a field once and reading it often.

use crate::model::{EntityId, Error, FieldId, FieldKey, Result, ValueRef};
use crate::tree::Tree;

/// Where a field of an entity is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Location {
    tag: u64,
    node: u32,
    entity_type: u32,
    slot: u32,
    position: Position,
}

#[derive(Clone, Copy, Debug)]
enum Position {
    Column(u32),
    Name,
    Parent,
}

impl Tree {
    /// Finds a field of an entity.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::UnknownField`]
    #[inline]
    pub(crate) fn locate(&self, id: EntityId, key: FieldKey) -> Result<Location> {
        let field = self.resolve(key)?;
        let Some(node) = self.find(id) else {
            return Err(Error::Missing { entity: id.into() });
        };
        let entry = self.node(node);
        let table = &self.types[entry.entity_type as usize];
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
            node,
            entity_type: entry.entity_type,
            slot: entry.slot,
            position,
        })
    }

    /// What a field of an entity holds, if the handle was resolved in this tree before and a column
    /// holds the field: the quick way to what [`Tree::locate`] and [`Tree::value_at`] find.
    #[inline]
    pub(crate) fn column_value(&self, id: EntityId, key: FieldKey) -> Option<Option<ValueRef<'_>>> {
        let field = FieldId((key.cache)().get(self.tag)?);
        let node = self.node(self.find(id)?);
        let table = &self.types[node.entity_type as usize];
        Some(self.cell(table, table.layout.position(field)?, node.slot))
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

    /// The same for all fields and handles.
    ///
    /// # Errors
    /// Those of [`Tree::locate`]
    #[cold]
    pub(crate) fn located_value(
        &self,
        id: EntityId,
        key: FieldKey,
    ) -> Result<Option<ValueRef<'_>>> {
        let location = self.locate(id, key)?;
        Ok(self.value_at(id, &location))
    }

    /// Whether the entity is still where it was found, in this tree and with these schemas.
    #[inline]
    pub(crate) fn still_at(&self, id: EntityId, location: &Location) -> bool {
        location.tag == self.tag && self.node(location.node).id == id
    }

    /// What a field holds that was found in this tree.
    #[inline(always)]
    pub(crate) fn value_at(&self, id: EntityId, location: &Location) -> Option<ValueRef<'_>> {
        match location.position {
            Position::Column(position) => self.cell(
                &self.types[location.entity_type as usize],
                position as usize,
                location.slot,
            ),
            Position::Name => Some(ValueRef::String(&self.node(location.node).name)),
            Position::Parent => {
                let parent = self.entity(id)?.parent()?;
                Some(ValueRef::EntityReference(parent.id()))
            }
        }
    }
}
