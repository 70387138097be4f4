//! Making entities and putting them somewhere else.

use std::sync::Arc;

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::model::{
    Create, CreatedEntity, Effect, EntityId, Error, Place, Placement, Result, Stamp, Value,
    limits::name_fault,
};
use crate::tree::apply::Applying;
use crate::tree::write::{is_normal, normal};
use crate::tree::{Tree, id_hash, referred};

impl Tree {
    pub(super) fn create(&mut self, create: &Create, applying: &mut Applying) -> Result<()> {
        let Create {
            id,
            entity_type,
            parent,
            name,
            values,
        } = create;
        self.fetch_for(create);
        if self.find(*id).is_some() {
            return Err(Error::Exists {
                entity: self.subject(*id),
            });
        }
        let parent = match self.find(*parent) {
            Some(parent) => parent,
            None if self.root == 0 && *id == EntityId::ROOT => 0,
            None => {
                return Err(Error::Missing {
                    entity: (*parent).into(),
                });
            }
        };
        self.check_place(*id, parent, name, 1)?;
        let Some(table) = self.types.get(entity_type.0 as usize) else {
            return Err(Error::UnknownType {
                name: format!("number {}", entity_type.0).into(),
                suggestion: None,
            });
        };
        let layout = Arc::clone(&table.layout);
        let defaults = layout.fields.iter();
        let mut given: SmallVec<[Option<&Value>; 16]> = defaults
            .map(|field| field.schema.default.as_ref())
            .collect();
        let mut in_order = true;
        let mut next = 0;
        for (field, value) in values.iter() {
            let Some(position) = layout.position(*field) else {
                let (entity_type, field) =
                    (layout.schema.name.clone(), self.field_name(*field).clone());
                return Err(Error::UnknownField {
                    entity_type,
                    field,
                    suggestion: None,
                });
            };
            given[position] = Some(value);
            in_order &= position >= next && is_normal(value);
            next = position + 1;
        }
        let in_place = |error| renamed(error, self.subject_at(*id, parent, name));
        for (field, value) in layout.fields.iter().zip(&given) {
            match value {
                Some(value) => self.check(*id, 0, field, value).map_err(in_place)?,
                None if field.schema.required => {
                    let entity = self.subject_at(*id, parent, name);
                    return Err(Error::Unset {
                        entity,
                        field: field.schema.name.clone(),
                    });
                }
                None => {}
            }
        }
        applying.again |= applying.deleted;
        let node = self.take_node(*id, entity_type.0);
        let place = self.settle(
            node,
            parent,
            self.family(parent).last,
            name.clone(),
            applying.stamp,
        );
        let at = *self.node(node);
        let stored = || {
            let stored = given.iter().enumerate();
            stored.filter_map(|(position, value)| Some((position, (*value)?)))
        };
        for (position, value) in stored() {
            self.fill(node, at, position, Some(value), applying.stamp.into());
        }
        // Most often the values are stored as they were given, and need no copy.
        let values = if in_order && stored().count() == values.len() {
            Arc::clone(values)
        } else {
            let stored = stored()
                .map(|(position, value)| (layout.fields[position].id, normal(value.clone())));
            stored.collect()
        };
        let created = CreatedEntity {
            id: *id,
            entity_type: *entity_type,
            place,
            values,
        };
        applying.effects.push(Effect::Created(Arc::new(created)));
        Ok(())
    }

    /// Looks at all that is far away in memory and that a creation needs, before it waits for the
    /// first of it: so the processor fetches it at the same time.
    fn fetch_for(&self, create: &Create) {
        self.by_id.fetch(id_hash(create.id));
        if let Some(parent) = self.find(create.parent) {
            self.by_name.fetch(self.name_hash(parent, &create.name));
        }
        for target in create.values.iter().flat_map(|(_, value)| referred(value)) {
            if let Some(target) = self.find(*target) {
                self.referrers.fetch(target);
            }
        }
    }

    /// Moves or renames.
    pub(super) fn relocate(
        &mut self,
        id: EntityId,
        parent: Option<EntityId>,
        name: Option<&SmolStr>,
        applying: &mut Applying,
    ) -> Result<()> {
        let entity = self.existing(id)?;
        let (entity_type, Some(old_parent)) = (entity.entity_type(), entity.parent()) else {
            return Err(Error::Root {
                operation: if name.is_some() { "renamed" } else { "moved" },
            });
        };
        let parent = parent.unwrap_or(old_parent.id());
        let moves = parent != old_parent.id();
        let name = name.unwrap_or(entity.name()).clone();
        if !moves && name == *entity.name() {
            return Ok(());
        }
        let (Some(node), Some(new_parent)) = (self.find(id), self.find(parent)) else {
            return Err(Error::Missing {
                entity: parent.into(),
            });
        };
        if self.ancestors(new_parent).any(|above| above == node) {
            return Err(Error::Cycle {
                entity: self.subject(id),
                parent: self.subject(parent),
            });
        }
        let height = if moves { self.height(node) } else { 0 };
        self.check_place(id, new_parent, &name, height)?;
        let previous_stamp: Stamp = self.links(node).placed.into();
        applying.again |= previous_stamp.revision == applying.stamp.revision;
        // A rename keeps the place among the siblings, a move goes behind them.
        let after = if moves {
            self.family(new_parent).last
        } else {
            self.links(node).previous
        };
        let from = self.unlink(node, applying.stamp.revision);
        let to = self.settle(node, new_parent, after, name, applying.stamp);
        applying.effects.push(Effect::Placed(Arc::new(Placement {
            id,
            entity_type,
            from,
            to,
            previous_stamp,
        })));
        Ok(())
    }

    /// Links a node behind a sibling; says where it stands now and when the children had changed
    /// before.
    fn settle(&mut self, node: u32, parent: u32, after: u32, name: SmolStr, stamp: Stamp) -> Place {
        let children_revision = self.family(parent).revision;
        self.link(node, parent, after, name, stamp, stamp.revision);
        Place {
            children_revision,
            ..self.place(node)
        }
    }

    /// Refuses a place for an entity whose subtree has so many levels; 0 skips what only a move changes.
    fn check_place(&self, id: EntityId, parent: u32, name: &SmolStr, height: usize) -> Result<()> {
        if let Some(reason) = name_fault(name) {
            return Err(Error::BadName {
                name: name.clone(),
                reason,
            });
        }
        if parent != 0 && self.find_child(parent, name).is_some() {
            let parent = self.subject(self.node(parent).id);
            return Err(Error::DuplicateName {
                parent,
                name: name.clone(),
            });
        }
        let depth = self.ancestors(parent).count() + height;
        if height > 0 && depth > self.limits.depth {
            let entity = self.subject_at(id, parent, name);
            return Err(Error::TooDeep {
                entity,
                depth,
                limit: self.limits.depth,
            });
        }
        Ok(())
    }

    /// Levels of the subtree below and with a node.
    fn height(&self, node: u32) -> usize {
        let mut deepest = 0;
        let mut pending = vec![(node, 1)];
        while let Some((node, depth)) = pending.pop() {
            deepest = deepest.max(depth);
            pending.extend(self.children_of(node).map(|child| (child, depth + 1)));
        }
        deepest
    }
}

/// The error with a better name for the entity that it concerns, which is only being made.
fn renamed(mut error: Error, subject: crate::model::Subject) -> Error {
    if let Error::Constraint { entity, .. }
    | Error::WrongType { entity, .. }
    | Error::WrongWrite { entity, .. }
    | Error::ValueTooLarge { entity, .. }
    | Error::Dangling { entity, .. }
    | Error::NotUnique { entity, .. } = &mut error
    {
        *entity = subject;
    }
    error
}
