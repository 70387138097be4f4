//! The tree as it was at a revision of the recent window.
//!
//! Each written field has a stamp, which names the commit that wrote it; that commit keeps the value
//! before it and the stamp of that value; and so on. Following the stamps from the newest value back
//! to the revision that is asked for needs no index and no copy of anything.

use std::borrow::Cow;

use smol_str::SmolStr;

use crate::model::{
    Applied, DeletedEntity, Effect, EntityId, FieldId, Place, Placement, Revision, Stamp, TypeId,
    Value, ValueRef,
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
    /// The type and those that it extended.
    #[inline]
    pub(crate) fn lineage(self, entity_type: TypeId) -> Cow<'a, [TypeId]> {
        match self.window.redefinitions_after(self.revision).next() {
            None => Cow::Borrowed(self.tree.lineage(entity_type)),
            Some(_) => {
                let bases = |each: &TypeId| self.base(*each);
                std::iter::successors(Some(entity_type), bases).collect()
            }
        }
    }

    /// The type that a type extended.
    fn base(self, entity_type: TypeId) -> Option<TypeId> {
        let mut commits = self.window.redefinitions_after(self.revision);
        let redefined = commits.find_map(|commit| {
            commit.effects.iter().find_map(|effect| match effect {
                Effect::Schema(change) if change.entity_type == entity_type => Some(change),
                _ => None,
            })
        });
        match redefined {
            Some(change) => change.previous_base,
            None => self.tree.base(entity_type),
        }
    }

    /// The entity as it was when it was deleted, if that was after this revision.
    fn deleted(self, id: EntityId) -> Option<&'a DeletedEntity> {
        let revision = self.window.deleted_after(id, self.revision)?;
        self.window
            .get(revision)?
            .effects
            .iter()
            .find_map(|effect| match effect {
                Effect::Deleted(deleted) if deleted.id == id => Some(&**deleted),
                _ => None,
            })
    }

    /// How a commit moved or renamed an entity; `None` if it made it.
    fn placement(self, id: EntityId, revision: Revision) -> Option<&'a Placement> {
        self.window
            .get(revision)?
            .effects
            .iter()
            .find_map(|effect| match effect {
                Effect::Placed(placed) if placed.id == id => Some(&**placed),
                _ => None,
            })
    }

    /// Where an entity stood at this revision.
    fn entity(self, id: EntityId) -> Option<Standing> {
        let mut standing = match self.deleted(id) {
            Some(gone) => Standing {
                entity_type: gone.entity_type,
                parent: Some(gone.place.parent),
                name: gone.place.name.clone(),
                stamp: gone.stamp,
            },
            None => {
                let entity = self.tree.entity(id)?;
                Standing {
                    entity_type: entity.entity_type(),
                    parent: entity.parent().map(|parent| parent.id()),
                    name: entity.name().clone(),
                    stamp: entity.stamp(FieldId::NAME).ok()?,
                }
            }
        };
        while standing.stamp.revision > self.revision {
            let placed = self.placement(id, standing.stamp.revision)?;
            standing.parent = Some(placed.from.parent);
            standing.name = placed.from.name.clone();
            standing.stamp = placed.previous_stamp;
        }
        Some(standing)
    }

    /// What a field held before a commit that wrote it.
    fn written(self, id: EntityId, field: FieldId, revision: Revision) -> Option<Before<'a>> {
        let effects = &self.window.get(revision)?.effects;
        effects.iter().find_map(|effect| match effect {
            Effect::Field(change) if change.id == id && change.field == field => Some(Before {
                value: change.previous.as_ref(),
                stamp: change.previous_stamp,
                differs: change.is_change(),
            }),
            Effect::Created(created) if created.id == id => created.value(field).map(|_| Before {
                value: None,
                stamp: Stamp::NEVER,
                differs: true,
            }),
            _ => None,
        })
    }

    /// Whether the commit `since` was the last one up to this revision that changed a field, or,
    /// with `writes`, that wrote it.
    pub(crate) fn unchanged_since(
        self,
        id: EntityId,
        field: FieldId,
        since: Revision,
        writes: bool,
    ) -> bool {
        self.last_change(id, field, since, writes) == Some(since)
    }

    fn last_change(
        self,
        id: EntityId,
        field: FieldId,
        since: Revision,
        writes: bool,
    ) -> Option<Revision> {
        if matches!(field, FieldId::NAME | FieldId::PARENT) {
            let mut stamp = self.entity(id)?.stamp;
            while stamp.revision > since {
                let placed = self.placement(id, stamp.revision)?;
                let changed = match field {
                    FieldId::NAME => placed.from.name != placed.to.name,
                    _ => placed.from.parent != placed.to.parent,
                };
                if changed {
                    break;
                }
                stamp = placed.previous_stamp;
            }
            return Some(stamp.revision);
        }
        let (_, mut stamp) = Lens::column(&self, id, field)?;
        while stamp.revision > since {
            let before = self.written(id, field, stamp.revision)?;
            if writes || before.differs {
                break;
            }
            stamp = before.stamp;
        }
        Some(stamp.revision)
    }

    /// The child of `parent` called `name` before a commit, where it was `after` behind it.
    fn child_before(
        self,
        parent: EntityId,
        name: &str,
        commit: &Applied,
        after: Option<EntityId>,
    ) -> Option<EntityId> {
        let called = |place: &Place| place.parent == parent && place.name == name;
        let moves = || commit.effects.iter().filter_map(places);
        // A commit says what changed on the whole: at most one child had the name before it.
        let had_it = moves().find(|(_, from, _)| from.is_some_and(called));
        let has_it = |(.., to): (_, _, Option<&Place>)| to.is_some_and(called);
        match had_it {
            Some((id, ..)) => Some(id),
            None if moves().any(has_it) => None,
            None => after,
        }
    }

    /// The commit before this one that may have changed the children of `parent`.
    fn commit_before(self, parent: EntityId, commit: &Applied) -> Revision {
        let before = |effect: &Effect| match effect {
            Effect::Deleted(deleted) if deleted.id == parent => Some(deleted.children_revision),
            _ => {
                let (_, from, to) = places(effect)?;
                let here = from.into_iter().chain(to);
                here.filter(|place| place.parent == parent)
                    .map(|place| place.children_revision)
                    .min()
            }
        };
        // A restore that only put the children into another order does not say: then it may be the
        // one before.
        let known = commit.effects.iter().filter_map(before);
        known.fold(commit.revision - 1, Ord::min)
    }
}

/// Where an entity stood, and since when.
struct Standing {
    entity_type: TypeId,
    parent: Option<EntityId>,
    name: SmolStr,
    stamp: Stamp,
}

/// What a field held before a commit that wrote it, since when, and whether it holds something else
/// behind that commit.
struct Before<'a> {
    value: Option<&'a Value>,
    stamp: Stamp,
    differs: bool,
}

/// The entity that an effect put somewhere or took away, from where, and to where.
fn places(effect: &Effect) -> Option<(EntityId, Option<&Place>, Option<&Place>)> {
    match effect {
        Effect::Created(created) => Some((created.id, None, Some(&created.place))),
        Effect::Placed(placed) => Some((placed.id, Some(&placed.from), Some(&placed.to))),
        Effect::Deleted(deleted) => Some((deleted.id, Some(&deleted.place), None)),
        Effect::Field(_) | Effect::Schema(_) => None,
    }
}

impl Lens for Past<'_> {
    fn tree(&self) -> &Tree {
        self.tree
    }

    fn type_of(&self, id: EntityId) -> Option<TypeId> {
        self.entity(id).map(|standing| standing.entity_type)
    }

    fn place(&self, id: EntityId) -> Option<(Option<EntityId>, SmolStr)> {
        self.entity(id)
            .map(|standing| (standing.parent, standing.name))
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
        while revision > self.revision {
            let commit = self.window.get(revision)?;
            child = self.child_before(parent, name, commit, child);
            revision = self.commit_before(parent, commit);
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
            let before = self.written(id, field, stamp.revision)?;
            (value, stamp) = (before.value.cloned(), before.stamp);
        }
        Some((value, stamp))
    }

    fn value(&self, id: EntityId, field: FieldId) -> Option<Value> {
        match field {
            FieldId::NAME => self.place(id).map(|(_, name)| Value::String(name)),
            FieldId::PARENT => self.place(id)?.0.map(Value::EntityReference),
            // The order of the children of before is not kept.
            FieldId::CHILDREN => None,
            _ => self.column(id, field)?.0,
        }
    }
}
