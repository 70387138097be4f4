//! The tree as it was at a revision of the recent window.
//!
//! Each written field has a stamp, which names the commit that wrote it; that commit keeps the value
//! before it and the stamp of that value; and so on. Following the stamps from the newest value back
//! to the revision that is asked for needs no index and no copy of anything.

use smol_str::SmolStr;

use crate::model::{
    Change, DeletedEntity, EntityId, FieldId, Place, Placement, Revision, Stamp, TypeId, Value,
    ValueRef,
};
use crate::store::window::Window;
use crate::tree::{Lens, Tree};

/// The tree at `revision`, which is inside the window or its newest.
#[derive(Clone, Copy)]
pub(crate) struct Past<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) window: &'a Window,
    pub(crate) revision: Revision,
}

impl<'a> Past<'a> {
    /// The entity as it was when it was deleted, if that was after this revision.
    fn deleted(self, id: EntityId) -> Option<&'a DeletedEntity> {
        let revision = self.deleted_at(id)?;
        self.window
            .get(revision)?
            .changes
            .iter()
            .find_map(|change| match change {
                Change::Deleted(deleted) if deleted.id == id => Some(&**deleted),
                _ => None,
            })
    }

    /// When the entity was deleted first after this revision.
    fn deleted_at(self, id: EntityId) -> Option<Revision> {
        self.window.deleted_after(id, self.revision)
    }

    /// The placement of an entity in a commit.
    fn placement(self, id: EntityId, revision: Revision) -> Option<&'a Placement> {
        self.window
            .get(revision)?
            .changes
            .iter()
            .find_map(|change| match change {
                Change::Created(placed) | Change::Placed(placed) if placed.id == id => {
                    Some(&**placed)
                }
                _ => None,
            })
    }

    /// The type, the parent and the name at this revision.
    fn entity(self, id: EntityId) -> Option<(TypeId, Option<EntityId>, SmolStr)> {
        let (entity_type, mut parent, mut name, mut stamp) = match self.deleted(id) {
            Some(gone) => (
                gone.entity_type,
                Some(gone.place.parent),
                gone.place.name.clone(),
                gone.stamp,
            ),
            None => {
                let entity = self.tree.entity(id)?;
                let parent = entity.parent().map(|parent| parent.id());
                (
                    entity.entity_type(),
                    parent,
                    entity.name().clone(),
                    entity.stamp(FieldId::NAME).ok()?,
                )
            }
        };
        while stamp.revision > self.revision {
            let placed = self.placement(id, stamp.revision)?;
            let Place {
                parent: before,
                name: called,
                ..
            } = placed.from.as_ref()?;
            (parent, name, stamp) = (Some(*before), called.clone(), placed.previous_stamp);
        }
        Some((entity_type, parent, name))
    }
}

impl Lens for Past<'_> {
    fn tree(&self) -> &Tree {
        self.tree
    }

    fn type_of(&self, id: EntityId) -> Option<TypeId> {
        self.entity(id).map(|(entity_type, ..)| entity_type)
    }

    fn place(&self, id: EntityId) -> Option<(Option<EntityId>, SmolStr)> {
        self.entity(id).map(|(_, parent, name)| (parent, name))
    }

    fn child(&self, parent: EntityId, name: &str) -> Option<EntityId> {
        let (mut child, mut revision) = match self.deleted_at(parent) {
            Some(revision) => (None, revision),
            None => {
                let entity = self.tree.entity(parent)?;
                let child = entity.child(name).map(|child| child.id());
                (child, entity.stamp(FieldId::CHILDREN).ok()?.revision)
            }
        };
        let called = |place: &Place| place.parent == parent && place.name == name;
        while revision > self.revision {
            let mut before = revision;
            let (mut had_it, mut has_it) = (None, false);
            for change in &self.window.get(revision)?.changes {
                let (id, from, to) = match change {
                    Change::Created(placed) | Change::Placed(placed) => {
                        (placed.id, placed.from.as_ref(), Some(&placed.to))
                    }
                    Change::Deleted(deleted) => {
                        if deleted.id == parent {
                            before = before.min(deleted.children_revision);
                        }
                        (deleted.id, Some(&deleted.place), None)
                    }
                    Change::Field(_) | Change::Schema(_) => continue,
                };
                had_it = had_it.or(from.filter(|place| called(place)).map(|_| id));
                has_it |= to.is_some_and(called);
                for place in from
                    .into_iter()
                    .chain(to)
                    .filter(|place| place.parent == parent)
                {
                    before = before.min(place.children_revision);
                }
            }
            // A commit says what changed on the whole: at most one child had the name before it.
            child = match (had_it, has_it) {
                (Some(id), _) => Some(id),
                (None, true) => None,
                (None, false) => child,
            };
            if before == revision {
                return None;
            }
            revision = before;
        }
        child
    }

    fn column(&self, id: EntityId, field: FieldId) -> Option<(Option<Value>, Stamp)> {
        let (mut value, mut stamp) = match self.deleted(id) {
            Some(gone) => match gone.fields.iter().find(|(found, ..)| *found == field) {
                Some((_, value, stamp)) => (value.clone(), *stamp),
                None => (None, Stamp::NEVER),
            },
            None => {
                let entity = self.tree.entity(id)?;
                (
                    entity.column(field).ok()?.map(ValueRef::to_value),
                    entity.stamp(field).ok()?,
                )
            }
        };
        while stamp.revision > self.revision {
            let written =
                self.window.get(stamp.revision)?.changes.iter().find_map(
                    |change| match change {
                        Change::Field(change) if change.id == id && change.field == field => {
                            Some(change)
                        }
                        _ => None,
                    },
                )?;
            (value, stamp) = (written.previous.clone(), written.previous_stamp);
        }
        Some((value, stamp))
    }
}
