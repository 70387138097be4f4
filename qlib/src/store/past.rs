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
        let revision = self.window.deleted_after(id, self.revision)?;
        self.window
            .get(revision)?
            .changes
            .iter()
            .find_map(|change| match change {
                Change::Deleted(deleted) if deleted.id == id => Some(&**deleted),
                _ => None,
            })
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
        let (mut child, mut revision) = match self.window.deleted_after(parent, self.revision) {
            Some(revision) => (None, revision),
            None => {
                let entity = self.tree.entity(parent)?;
                (
                    entity.child(name).map(|child| child.id()),
                    entity.stamp(FieldId::CHILDREN).ok()?.revision,
                )
            }
        };
        let here = |place: &Place| place.parent == parent;
        let called = |place: &Place| here(place) && place.name == name;
        while revision > self.revision {
            let commit = self.window.get(revision)?;
            let mut before = revision;
            for change in commit.changes.iter().rev() {
                let (id, from, to) = match change {
                    Change::Created(placed) | Change::Placed(placed) => {
                        (placed.id, placed.from.as_ref(), Some(&placed.to))
                    }
                    Change::Deleted(deleted) => (deleted.id, Some(&deleted.place), None),
                    Change::Field(_) | Change::Schema(_) => continue,
                };
                if to.is_some_and(called) {
                    child = None;
                }
                if from.is_some_and(called) {
                    child = Some(id);
                }
                for place in from.into_iter().chain(to).filter(|place| here(place)) {
                    before = before.min(place.children_revision);
                }
            }
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
